/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container state which a runtime writes to a hook's standard input.
 */
#ifndef COAMING_HOOKS_STATE_H
#define COAMING_HOOKS_STATE_H

#include <sys/types.h>
#include "lib/err.h"

#define STATE_MAX_BYTES  ((size_t)1 << 20)
#define CONTAINER_ID_MAX 1024

struct state {
	char *id;     /* [A-Za-z0-9_.+-], not "." or ".."; see container_id_is_valid() */
	char *bundle; /* absolute */
	pid_t pid;    /* 0: none given (poststop) */
};

/*
 * Parse it. Members that are not needed are not looked at, but the text must be JSON and hold no
 * key twice.
 *
 * ret       owned by the caller, state_done(); untouched on failure
 * Limits    STATE_MAX_BYTES
 * Errors    -E2BIG too long; -EBADMSG not JSON, a member missing, mistyped or out of range
 * Source    runtime-spec 1.2, runtime.md, "State"
 */
int state_parse(const char *text, size_t len, struct state *ret, struct err *err);
int state_read(int fd, struct state *ret, struct err *err);
void state_done(struct state *state);
#define _cleanup_state_ _cleanup_(state_done)

/* runc's and crun's own rule for ids, which keeps them out of paths and rules. */
bool container_id_is_valid(const char *id);

#endif
