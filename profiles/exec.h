/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process asks for that is executed in a container which runs: the request that
 * policy_decide() meets where facts.exec is set. Pure.
 *
 * Source: runtime-spec 1.2, config.md, "Process"; what runc-exec(8) and crun(1) take from the
 * container where the process says nothing
 */
#ifndef COAMING_PROFILES_EXEC_H
#define COAMING_PROFILES_EXEC_H

#include "lib/buf.h"
#include "lib/doc.h"

/* What a runtime takes from the container where the process has none of its own. */
enum exec_inherits {
	INHERITS_CAPABILITIES = 1 << 0, /* runc and crun */
	INHERITS_RLIMITS = 1 << 1,      /* runc */
};

/*
 * {"process": ...}: the process, with what it takes from its container written down, and beside it
 * how the container maps users.
 *
 * config    the container's, as it was given to the runtime
 * process   a process.json: its root is the process
 * inherits  of enum exec_inherits
 * ret       doc_free(); named as `process` is
 * Errors    -EBADMSG the process is no object; -ENOMEM
 */
int exec_request(const struct doc *config, const struct doc *process, unsigned inherits,
		 struct doc **ret, struct err *err);

/* The capabilities of the container's own process, all sets together. -EBADMSG as of
 * request_parse(). */
int exec_own_caps(const struct doc *config, uint64_t *ret, struct err *err);

/*
 * Is it what engines call privileged: does it ask for the kernel itself (CAP_SYS_ADMIN,
 * CAP_SYS_MODULE), which its container does not have? exec --privileged gives every capability.
 */
bool exec_asks_privileged(uint64_t asked, uint64_t own_caps);

/* The process.json in such a request, to be given to a runtime. */
int exec_process_text(const char *request, size_t len, struct buf *out, struct err *err);

#endif
