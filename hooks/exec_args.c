/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `exec`.
 */
#include "hooks/exec_args.h"

#include <errno.h>

#include "hooks/runtime_words.h"

static const struct runtime_option options[] = {
	{ "?", false, EXEC_HELP },
	{ "additional-gids", true, EXEC_ADDITIONAL_GIDS },
	{ "apparmor", true, EXEC_APPARMOR },
	{ "c", true, EXEC_CAP },
	{ "cap", true, EXEC_CAP },
	{ "cgroup", true, EXEC_CGROUP },
	{ "console-socket", true, EXEC_KEPT },
	{ "cwd", true, EXEC_CWD },
	{ "d", false, EXEC_KEPT },
	{ "detach", false, EXEC_KEPT },
	{ "e", true, EXEC_ENV },
	{ "env", true, EXEC_ENV },
	{ "g", true, EXEC_ADDITIONAL_GIDS },
	{ "h", false, EXEC_HELP },
	{ "help", false, EXEC_HELP },
	{ "ignore-paused", false, EXEC_KEPT },
	{ "no-new-privs", false, EXEC_NO_NEW_PRIVS },
	{ "no-subreaper", false, EXEC_KEPT },
	{ "p", true, EXEC_PROCESS },
	{ "pid-file", true, EXEC_KEPT },
	{ "pidfd-socket", true, EXEC_KEPT },
	{ "preserve-fds", true, EXEC_KEPT },
	{ "process", true, EXEC_PROCESS },
	{ "process-label", true, EXEC_PROCESS_LABEL },
	{ "t", false, EXEC_TTY },
	{ "tty", false, EXEC_TTY },
	{ "u", true, EXEC_USER },
	{ "usage", false, EXEC_HELP },
	{ "user", true, EXEC_USER },
};

/* An option at argv[*i], which is left at its last word. */
static int read_option(int argc, char **argv, int *i, struct exec_args *args, struct err *err)
{
	const struct runtime_word word = runtime_word(argv[*i], options, ARRAY_SIZE(options));
	struct exec_given *given = &args->given[args->n];
	int r;

	/* "--help=false" executes. */
	if (!word.option || (word.option->mark == EXEC_HELP && word.value))
		return runtime_word_unknown(argv[*i], err);
	*given = (struct exec_given){ .option = (enum exec_option)word.option->mark, .at = *i };
	r = runtime_word_value(&word, argc, argv, i, &given->value, &given->off, err);
	if (r < 0)
		return r;
	given->n = *i - given->at + 1;
	args->n++;
	args->asks_help = args->asks_help || given->option == EXEC_HELP;
	return 0;
}

int exec_args_parse(int argc, char **argv, int at, struct exec_args *ret, struct err *err)
{
	int i = at + 1, r;

	*ret = (struct exec_args){ .given = calloc((size_t)argc + 1, sizeof(*ret->given)) };
	if (!ret->given)
		return err_oom(err);
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (streq(argv[i], "--")) {
			i++;
			break;
		}
		r = read_option(argc, argv, &i, ret, err);
		if (r < 0)
			return r;
	}
	if (i >= argc)
		return ret->asks_help ? 0 : err_input(err, EINVAL, "exec: no container id given");
	ret->id = argv[i];
	ret->args = &argv[i + 1];
	ret->n_args = (size_t)(argc - i - 1);
	return 0;
}

void exec_args_done(struct exec_args *args)
{
	free(args->given);
	*args = (struct exec_args){ 0 };
}

const struct exec_given *exec_args_last(const struct exec_args *args, enum exec_option option)
{
	const struct exec_given *last = NULL;

	for (size_t i = 0; i < args->n; i++) {
		if (args->given[i].option == option)
			last = &args->given[i];
	}
	return last;
}

bool exec_option_is_kept(enum exec_option option)
{
	return option == EXEC_KEPT || option == EXEC_CGROUP;
}
