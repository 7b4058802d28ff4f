/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a host that may lie below another directory than "/": symbolic links end there, too.
 *
 * Source: openat2(2), RESOLVE_IN_ROOT
 */
#ifndef COAMING_CLI_BELOW_H
#define COAMING_CLI_BELOW_H

#include "lib/err.h"

/* No file of systemd's is longer, nor has it more drop-ins. */
#define BELOW_MAX_BYTES ((size_t)1 << 20)
#define BELOW_MAX_FILES 1024

/* Open a directory that is to be "/" for what follows. */
int below_root(const char *path, int *ret_fd, struct err *err);

/* open(2) of an absolute path below root_fd; a descriptor, or a negative errno. */
int below_open(int root_fd, const char *path, int flags);

/*
 * Read a regular file of at most BELOW_MAX_BYTES.
 *
 * ret_text  free(); NUL-terminated
 * Returns   1 read; 0 there is none: not there, or something else, as the /dev/null that masks
 * Errors    errno of open(2) and read(2), -E2BIG
 */
int below_read(int root_fd, const char *path, char **ret_text, size_t *ret_len, struct err *err);

/* Names in a directory that end in `suffix` and do not begin with a dot, added to a list. One that
 * is not there has none; -E2BIG where there are more than BELOW_MAX_FILES. */
int below_list(int root_fd, const char *path, const char *suffix, char ***v, size_t *n,
	       struct err *err);

/* Whether there is anything at the path, or a symbolic link to nowhere. */
bool below_exists(int root_fd, const char *path);

#endif
