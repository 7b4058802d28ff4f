/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is legal in a profile but unwise: the warnings of coaming-check(1). Pure.
 */
#ifndef COAMING_PROFILES_ADVICE_H
#define COAMING_PROFILES_ADVICE_H

#include "profiles/host.h"

/* In the order of their names. */
enum advice_id {
	ADVICE_DENY_SIBLINGS,
	ADVICE_EMPTY_PROFILE,
	ADVICE_EXEC_HEALTH,
	ADVICE_NATIVE_ARCHITECTURE,
	ADVICE_NESTED_WRITABLE,
	ADVICE_NET_ADMIN,
	ADVICE_NEVER_APPLIED,
	ADVICE_NO_IPV6,
	ADVICE_PEER_ALL,
	ADVICE_PEER_APART,
	ADVICE_PEER_NEVER,
	ADVICE_ROOTFS_ADMIN,
	ADVICE_SECCOMP_START,
	ADVICE_SELECTOR_ALL,
	ADVICE_SELECTOR_NEVER,
	ADVICE_TAKES_NOTHING,
	ADVICE_TMPFS_SIZE,
	ADVICE_UNKNOWN_SYSCALL,
	ADVICE_WRITABLE_VOLUME,
	ADVICE_UNUSED_SILENCE, /* the last, since it cannot be silenced */
	ADVICES_,
};
#define ADVICE_SILENCEABLE ADVICE_UNUSED_SILENCE /* those before it */

const char *advice_name(enum advice_id id);  /* "net-admin", as `silence` calls it */
const char *advice_about(enum advice_id id); /* one line, for lists */
/* Is it a name that `silence` may hold? The nearest one in *ret_near, or NULL. */
bool advice_is_known(const char *name, const char **ret_near);

struct advice {
	enum advice_id id;
	char *text; /* "FILE:LINE:COLUMN: what is unwise, and what to do" */
};

struct advices {
	struct advice *v;
	size_t n;
};

/*
 * Everything unwise in a profile, without what its `silence` lists; and each silence for which
 * there was nothing to silence.
 *
 * doc      the one that `profile` was parsed from
 * host     whose data classes are kept apart; NULL: not known
 * applied  names that a floor, a defaultProfile or another profile's `extends` holds; NULL: not
 *          known, then ADVICE_NEVER_APPLIED is not given
 * ret      advices_done()
 * Errors   -ENOMEM
 */
int advice_find(const struct profile *profile, const struct doc *doc, const struct host *host,
		char *const *applied, size_t n_applied, struct advices *ret, struct err *err);
void advices_done(struct advices *advices);
#define _cleanup_advices_ _cleanup_(advices_done)

#endif
