/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that a state file names, held so that its pid cannot come to mean another.
 *
 * Source: pidfd_open(2), proc_pid_stat(5)
 */
#ifndef COAMING_HOOKS_PROCESS_H
#define COAMING_HOOKS_PROCESS_H

#include <sys/types.h>
#include "lib/err.h"

struct process {
	pid_t pid;
	int pidfd;           /* -1 while not open */
	uint64_t start_time; /* clock ticks since boot */
};

/*
 * Take hold of it.
 *
 * Errors  -EINVAL pid 0, 1 or our own; -ESRCH it is gone
 */
int process_open(pid_t pid, struct process *ret, struct err *err);
/* Ask the pidfd; call it after anything that was looked up by pid. */
bool process_lives(const struct process *process);
void process_done(struct process *process);
#define _cleanup_process_ _cleanup_(process_done)

/* Start time of a pid now, or -ESRCH. */
int process_start_time(pid_t pid, uint64_t *ret, struct err *err);

/* Who traces a process; 0: nobody, or it is gone. */
pid_t process_tracer(pid_t pid);

/*
 * Is there a process in the network namespace with this inode besides `pid` and `other` (0: no
 * such)? Walks /proc, so it is only asked where a config joins a namespace that exists already.
 */
int process_shares_netns(uint64_t inode, pid_t pid, pid_t other, bool *ret, struct err *err);

#endif
