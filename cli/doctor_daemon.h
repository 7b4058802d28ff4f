/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine's daemon that runs, and its command line: what stands there goes before the engine's
 * files, and in none of them.
 */
#ifndef COAMING_CLI_DOCTOR_DAEMON_H
#define COAMING_CLI_DOCTOR_DAEMON_H

#include <sys/types.h>
#include "lib/err.h"

struct daemon {
	pid_t pid;   /* 0: none was found */
	char **args; /* without the program's name */
	size_t n;
};

/*
 * Find the process of this host, of several the one with the lowest pid, that executes one of the
 * programs. One within a container is none: its root directory or its pid namespace is another.
 *
 * programs  absolute paths, NULLs are passed over
 * ret       daemon_done(); pid 0 where there is none, or where it may not be looked at (not root)
 * Limits    a command line of DAEMON_ARGS_MAX_BYTES; of a longer one -E2BIG
 * Errors    -ENOMEM; errno of reading /proc
 */
#define DAEMON_ARGS_MAX_BYTES ((size_t)256 << 10)
int daemon_find(const char *const programs[], size_t n, struct daemon *ret, struct err *err);

/* The arguments as /proc has them: each ends with NUL, the program's name is the first. */
int daemon_parse(const char *text, size_t len, struct daemon *ret, struct err *err);

/*
 * The value of the next option of that name, or NULL. *at is 0 for the first, and moved on.
 *
 * name   "default-runtime": --default-runtime VALUE, --default-runtime=VALUE and the same with one
 *        dash, which Go's own flags take, too
 * letter  'c' for -c VALUE; 0: there is none
 */
const char *daemon_option(const struct daemon *daemon, const char *name, char letter, size_t *at);
/* The last one, which counts; NULL: it is not there. */
const char *daemon_last(const struct daemon *daemon, const char *name, char letter);

void daemon_done(struct daemon *daemon);
#define _cleanup_daemon_ _cleanup_(daemon_done)

#endif
