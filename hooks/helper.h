/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a helper: a program of coaming's own that loads a library which has no place in a
 * hook. It gets an empty environment, anonymous files and a time limit.
 */
#ifndef COAMING_HOOKS_HELPER_H
#define COAMING_HOOKS_HELPER_H

#include "lib/err.h"

#define HELPER_ARGS_MAX 4

struct helper {
	const char *program;                   /* "coaming-nft"; see self_find() */
	const char *args[HELPER_ARGS_MAX + 1]; /* ends with NULL */
	const char *input;                     /* its standard input */
	int fd;                                /* its descriptor 3, or -1 */
	int wait_seconds;                      /* then it is killed */
	size_t out_max_bytes;                  /* of its standard output */
};

/*
 * Run it to its end.
 *
 * ret_out  what it printed, free(), may be NULL with ret_len; untouched on failure
 * Errors   -EIO with the first line that it wrote to standard error, or how it ended;
 *          -ETIMEDOUT; -E2BIG; what keeps it from being started
 */
int helper_run(const struct helper *helper, char **ret_out, size_t *ret_len, struct err *err);

#endif
