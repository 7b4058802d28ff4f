/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `exec`, of runc 1.1 and later and of crun 1.8 and later.
 */
#ifndef COAMING_HOOKS_EXEC_ARGS_H
#define COAMING_HOOKS_EXEC_ARGS_H

#include "lib/err.h"

enum exec_option {
	EXEC_KEPT, /* about the call and not about the process: the real runtime gets it */
	EXEC_HELP,
	EXEC_PROCESS,
	EXEC_TTY,
	EXEC_USER,
	EXEC_ENV,
	EXEC_CWD,
	EXEC_CAP,
	EXEC_NO_NEW_PRIVS,
	EXEC_PROCESS_LABEL,
	EXEC_APPARMOR,
	EXEC_ADDITIONAL_GIDS,
	EXEC_CGROUP, /* kept, too */
};

/* One option as it stands there. */
struct exec_given {
	enum exec_option option;
	const char *value; /* of what takes one, else NULL */
	bool off;          /* --tty=false */
	int at, n;         /* its words: argv[at..at+n) */
};

/* All texts are argv's. */
struct exec_args {
	struct exec_given *given;
	size_t n;
	const char *id;
	char **args; /* the program and its arguments; with --process there may be none */
	size_t n_args;
	bool asks_help; /* nothing is executed */
};

/*
 * Read what stands behind the word "exec", which is argv[at]. Options end at the id.
 *
 * ret     exec_args_done(), also on failure
 * Errors  ERR_INPUT an option that is not known, or is not to be understood; a value or the id is
 *         missing
 * Source  runc-exec(8); crun(1), "EXEC OPTIONS"
 */
int exec_args_parse(int argc, char **argv, int at, struct exec_args *ret, struct err *err);
void exec_args_done(struct exec_args *args);

/* The last one of a kind, which counts; NULL: none. */
const struct exec_given *exec_args_last(const struct exec_args *args, enum exec_option option);
/* Is it given to the real runtime beside a process.json? */
bool exec_option_is_kept(enum exec_option option);

#endif
