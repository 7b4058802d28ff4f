/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to another program.
 */
#ifndef COAMING_CLI_ASK_H
#define COAMING_CLI_ASK_H

#include "lib/err.h"

#define ASK_ARGS_MAX 4

struct ask {
	const char *program;                /* absolute path */
	const char *args[ASK_ARGS_MAX + 1]; /* ends with NULL */
	int wait_seconds;                   /* then it is killed */
	size_t out_max_bytes;               /* of its standard output */
};

/*
 * Run it to its end, with an empty environment and nothing on its standard input.
 *
 * ret_out  what it printed, free(); may be NULL with ret_len; untouched on failure
 * Errors   -EIO with the first line that it wrote to standard error, or how it ended;
 *          -ETIMEDOUT; -E2BIG; what keeps it from being started
 */
int ask_run(const struct ask *ask, char **ret_out, size_t *ret_len, struct err *err);

#endif
