/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process left behind that sees the container's program at its execve, before the first of its
 * instructions.
 *
 * Source: ptrace(2), "Stopped states", PTRACE_SEIZE, PTRACE_O_EXITKILL; pidfd_send_signal(2)
 */
#ifndef COAMING_HOOKS_TRACER_H
#define COAMING_HOOKS_TRACER_H

#include "hooks/process.h"

#define TRACER_KEEPS 4 /* descriptors */

struct tracer {
	bool kills; /* what may not run is killed, also where the tracer itself dies */
	/*
	 * Look at the process, which stands at its execve. May it run?
	 *
	 * lost  NULL, or why it was not seen there: it runs already, or was killed where `kills`
	 */
	bool (*look)(void *arg, const struct err *lost);
	/* Called once before, while the runtime still works; may be NULL. */
	void (*prepare)(void *arg);
	void *arg;
	int keep[TRACER_KEEPS]; /* descriptors that `look` needs; -1: none */
};

/*
 * Leave the tracer behind: a child of this process, in a session of its own, which holds no
 * descriptor that a caller could wait for. It ends with the container's process or after the look,
 * and then holds nothing of it. Everything of this process's memory is the tracer's, too.
 *
 * process  the container's first process, that executes the program
 * Limits   TRACER_WAIT_MSEC for it to take hold
 * Errors   -EPERM the process may not be traced (another traces it; a security module forbids it);
 *          errno. No tracer is left then.
 */
#define TRACER_WAIT_MSEC 5000
int tracer_leave(const struct process *process, const struct tracer *tracer, struct err *err);

/* Has another run of this very program left its tracer there already? Hooks may come twice. */
bool tracer_is_left(const struct process *process);

#endif
