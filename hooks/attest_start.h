/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation of a start: at the execve of the container's program, by a process that
 * createRuntime leaves behind.
 */
#ifndef COAMING_HOOKS_ATTEST_START_H
#define COAMING_HOOKS_ATTEST_START_H

#include "hooks/attest.h"
#include "profiles/host.h"

/* All borrowed; the process that is left behind has its own copy of the memory. */
struct attest_start {
	const struct host *host;
	const struct process *process;
	struct live *live; /* as it was written; of the mode it says */
	struct proof_wanted wanted;
};

/*
 * Leave the tracer behind. In enforce mode a container that is found to differ, that cannot be
 * looked at, or whose record cannot be kept, is killed before its program has run; in audit mode
 * that is recorded.
 *
 * Errors  as tracer_leave()
 */
int attest_start(const struct attest_start *start, struct err *err);

#endif
