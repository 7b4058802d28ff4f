/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of runc and crun, as far as coaming-runtime must understand them.
 */
#ifndef COAMING_HOOKS_RUNTIME_ARGS_H
#define COAMING_HOOKS_RUNTIME_ARGS_H

#include "hooks/exec_args.h"

enum runtime_command {
	COMMAND_OTHER,  /* handed to the real runtime as it is */
	COMMAND_CREATE, /* create, run, restore: a container is made */
	COMMAND_EXEC,   /* a process is executed in one */
};

struct runtime_args {
	enum runtime_command command;
	const char *name;       /* "create", "run"...; NULL: none given */
	const char *id;         /* of these two: NULL only where help is asked for */
	const char *bundle;     /* "." where none is given */
	const char *root;       /* --root DIR, or NULL */
	const char *log;        /* --log FILE, or NULL */
	bool log_json;          /* --log-format json */
	const char *own_config; /* our own --config FILE, or NULL */
	const char *deleted;    /* delete ID, or NULL */
	const char *started;    /* start ID, or NULL */
	bool asks_help;         /* create --help: nothing is made */
	int exec_at;            /* COMMAND_EXEC: the place of that word */
	struct exec_args exec;
};

/*
 * Read a command line. All pointers are into argv. Our own --config, which must stand before the
 * command, is taken out of argv (*argc is adjusted); everything else stays for the real runtime.
 *
 * An option that is not known is no error as long as no container is made: the real runtime will
 * say what it thinks. Where a container may be made, or a process executed, it is one, since what
 * it does to the words after it cannot be known.
 *
 * ret     runtime_args_done(), also on failure: what was read until then
 * Errors  ERR_INPUT unknown option before or with create, run, restore, exec; a value or the id is
 *         missing
 * Source  runc(8), runc-create(8), runc-run(8), runc-restore(8), runc-exec(8); crun(1)
 */
int runtime_args_parse(int *argc, char **argv, struct runtime_args *ret, struct err *err);
void runtime_args_done(struct runtime_args *args);

#endif
