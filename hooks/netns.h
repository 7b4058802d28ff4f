/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces: opened once, checked on the descriptor, pinned so that counters outlive the
 * container.
 *
 * Source: namespaces(7), ioctl_ns(2), ip-netns(8)
 */
#ifndef COAMING_HOOKS_NETNS_H
#define COAMING_HOOKS_NETNS_H

#include <sys/types.h>
#include "lib/err.h"

/*
 * Open the network namespace of a process.
 *
 * pidfd   of the same process, opened before: asked again afterwards whether it still lives, so
 *         that the pid cannot have come to mean another
 * ret_fd  O_CLOEXEC; a network namespace for sure
 * Errors  -ESRCH the process is gone; errno
 */
int netns_open_of_pid(pid_t pid, int pidfd, int *ret_fd, struct err *err);

/*
 * Make one that is nobody's, for trying something out. It goes with the descriptor; this process
 * stays where it is.
 */
int netns_make(int *ret_fd, struct err *err);

/*
 * Back to where this process belongs; own was opened of its network namespace before it entered
 * another. Where the kernel does not let it, the process ends there with a line that says so:
 * nothing may go on in a namespace that is a container's.
 */
void netns_return(int own);

/* What /proc/PID/ns/net shows in brackets, for records and for telling namespaces apart. */
int netns_inode(int fd, uint64_t *ret, struct err *err);

/* Is it this process's own, or pid 1's? Compared on the descriptor; what cannot be compared is an
 * error, never "no". */
int netns_is_host(int fd, bool *ret, struct err *err);

/*
 * Keep it alive under stateDir/netns/NAME (bind mount, in a private mount of its own so that it
 * propagates nowhere). A pin of that name that exists already is replaced.
 *
 * name    hexadecimal
 * Errors  errno; nothing is left behind
 */
int netns_pin(int fd, const char *state_dir, const char *name, struct err *err);
/* -ENOENT without an error text: there is none. */
int netns_pin_open(const char *state_dir, const char *name, int *ret_fd, struct err *err);
/* For many: the directory of the pins, and one in it. -ENOENT as above. */
int netns_pins_open(const char *state_dir, int *ret_fd, struct err *err);
int netns_pin_open_at(int pins, const char *name, int *ret_fd, struct err *err);
/*
 * Does anything but the pin hold the namespace: a process in it, another mount of it? A descriptor
 * that somebody keeps open is not seen.
 */
int netns_is_used(int fd, const char *state_dir, const char *name, bool *ret, struct err *err);
/* Also where there is none. */
int netns_unpin(const char *state_dir, const char *name, struct err *err);
/* Is this namespace pinned under any name? */
int netns_is_pinned(const char *state_dir, int fd, bool *ret, struct err *err);

#endif
