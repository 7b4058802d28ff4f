/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of procfs through a descriptor that is checked to be procfs: nothing that is mounted over
 * a part of it, and no link, leads elsewhere.
 *
 * Source: openat2(2), proc(5)
 */
#ifndef COAMING_HOOKS_PROCFS_H
#define COAMING_HOOKS_PROCFS_H

#include "hooks/process.h"

/* No file of a process is longer, but mountinfo of some 100,000 mounts. */
#define PROCFS_MAX_BYTES ((size_t)16 << 20)

/* Open /proc: the real procfs, not something mounted over it. O_PATH. */
int procfs_open(int *ret_fd, struct err *err);
/*
 * Open the directory of a process, and ask its pidfd whether it is still that one's. What is read
 * through the descriptor afterwards is of this process or an error.
 *
 * Errors  -ESRCH it is gone
 */
int procfs_open_process(int procfs, const struct process *process, int *ret_fd, struct err *err);
/*
 * Read a file below such a descriptor.
 *
 * ret_text  free(); NUL-terminated
 * Errors    -ESRCH the process is gone; -ENOENT the kernel has no such file; -E2BIG longer than
 *           PROCFS_MAX_BYTES; -ELOOP, -EXDEV it is a link, or something is mounted there
 */
int procfs_read(int dir, const char *name, char **ret_text, size_t *ret_len, struct err *err);

#endif
