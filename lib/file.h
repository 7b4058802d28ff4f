/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories, opened once and then worked on by descriptor.
 */
#ifndef COAMING_LIB_FILE_H
#define COAMING_LIB_FILE_H

#include <dirent.h>
#include <sys/stat.h>
#include "lib/err.h"

/* For _cleanup_(closedirp). */
static inline void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* No input of ours is larger: Docker's largest config.json stays below 200 KiB. */
#define FILE_MAX_BYTES ((size_t)16 << 20)

/*
 * Read a descriptor to its end, with EINTR handled.
 *
 * what       how errors call it
 * ret_text   free(); NUL-terminated; untouched on failure
 * Errors     -E2BIG longer than max_bytes; errno of read(2)
 */
int fd_read_all(int fd, const char *what, size_t max_bytes, char **ret_text, size_t *ret_len,
		struct err *err);

/* Write all bytes, with EINTR and short writes handled. */
int fd_write_all(int fd, const char *what, const void *data, size_t len, struct err *err);

/*
 * Open a regular file for reading. Never follows a symbolic link in the last component, never
 * blocks on a FIFO, never opens a device. *ret_st is of the opened descriptor.
 */
int file_open(int dirfd, const char *name, int *ret_fd, struct stat *ret_st, struct err *err);

/* The same, read to its end. */
int file_read(int dirfd, const char *name, size_t max_bytes, char **ret_text, size_t *ret_len,
	      struct err *err);

/*
 * The same for a file that has root's power (policy, host configuration): also refuses one that
 * root does not own or that group or others may write, and the same for each directory above it.
 * All checks are on the opened descriptors. A symbolic link is refused. "root" is the effective
 * user, so that tests run as anybody.
 */
int file_read_trusted(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len,
		      struct err *err);

/* Open a directory by absolute path under the same rule. Gives O_PATH-free, O_CLOEXEC fd. */
int dir_open_trusted(const char *path, int *ret_fd, struct err *err);
/* Open and read a file below such a directory (name has no slash). */
int file_read_trusted_at(int dirfd, const char *dir_path, const char *name, size_t max_bytes,
			 char **ret_text, size_t *ret_len, struct err *err);

/*
 * Replace a file's content whole: temporary file in the same directory, written, (fdatasync where
 * sync is set), renamed. On failure nothing is left behind.
 *
 * mode, uid, gid   of the new file; uid or gid -1: the caller's
 */
int file_write_atomic(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		      uid_t uid, gid_t gid, bool sync, struct err *err);

/* Make a directory (and those above, 0755) with exactly this mode, and open it. An existing one
 * must be owned by the effective user and not be writable by group or others. */
int dir_make_open(const char *path, mode_t mode, int *ret_fd, struct err *err);

#endif
