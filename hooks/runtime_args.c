/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of runc and crun: the options before the command, and those of what makes a
 * container, which may stand before and behind its id.
 */
#include "hooks/runtime_args.h"

#include <errno.h>

#include "hooks/runtime_words.h"

static const struct runtime_option global_options[] = {
	{ "cgroup-manager", true },
	{ "config", true },
	{ "criu", true },
	{ "debug", false },
	{ "help", false },
	{ "h", false },
	{ "log", true },
	{ "log-format", true },
	{ "log-level", true },
	{ "root", true },
	{ "rootless", true },
	{ "systemd-cgroup", false },
	{ "version", false },
	{ "v", false },
	{ "V", false },
	{ "?", false },
	{ "usage", false },
};

/* create, run and restore of both: one table, since no name means two things. */
static const struct runtime_option command_options[] = {
	{ "auto-dedup", false },
	{ "b", true },
	{ "bundle", true },
	{ "console-socket", true },
	{ "d", false },
	{ "detach", false },
	{ "empty-ns", true },
	{ "ext-unix-sk", false },
	{ "file-locks", false },
	{ "h", false },
	{ "help", false },
	{ "image-path", true },
	{ "keep", false },
	{ "lazy-pages", false },
	{ "lsm-mount-context", true },
	{ "lsm-profile", true },
	{ "manage-cgroups-mode", true },
	{ "no-new-keyring", false },
	{ "no-pivot", false },
	{ "no-subreaper", false },
	{ "pid-file", true },
	{ "pidfd-socket", true },
	{ "preserve-fds", true },
	{ "shell-job", false },
	{ "status-fd", true },
	{ "tcp-established", false },
	{ "work-path", true },
};

static const char *const creating[] = { "create", "run", "restore" };

static bool is_creating(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(creating); i++) {
		if (streq(word, creating[i]))
			return true;
	}
	return false;
}

/* Could any later word be a command that makes a container, or executes a process in one? */
static bool may_execute(int argc, char **argv, int from)
{
	for (int i = from; i < argc; i++) {
		if (is_creating(argv[i]) || streq(argv[i], "exec"))
			return true;
	}
	return false;
}

static void remove_words(int *argc, char **argv, int from, int n)
{
	for (int i = from; i + n <= *argc; i++)
		argv[i] = argv[i + n]; /* the closing NULL too */
	*argc -= n;
}

/* What is ours goes, what is said is kept, everything else is the real runtime's. */
static void take_global(const char *name, const char *value, struct runtime_args *args)
{
	if (streq(name, "root"))
		args->root = value;
	else if (streq(name, "log"))
		args->log = value;
	else if (streq(name, "log-format"))
		args->log_json = streq(value, "json");
}

/* Up to the command. *ret_at is its place, or argc. */
static int parse_globals(int *argc, char **argv, struct runtime_args *args, int *ret_at,
			 struct err *err)
{
	int i = 1, r;

	*ret_at = *argc;
	while (i < *argc) {
		struct runtime_word word =
			runtime_word(argv[i], global_options, ARRAY_SIZE(global_options));
		const char *value = NULL;
		int first = i;
		bool off;

		if (!word.is_option)
			break;
		/* The real runtime will complain. */
		if (!word.option)
			return may_execute(*argc, argv, i + 1) ? runtime_word_unknown(argv[i], err)
							       : 0;
		if (word.option->value) {
			r = runtime_word_value(&word, *argc, argv, &i, &value, &off, err);
			if (r < 0)
				return r;
		}
		i++;
		if (streq(word.option->name, "config")) {
			args->own_config = value;
			remove_words(argc, argv, first, i - first);
			i = first;
		} else {
			take_global(word.option->name, value, args);
		}
	}
	*ret_at = i;
	return 0;
}

static int parse_option(int argc, char **argv, int *i, struct runtime_args *args, struct err *err)
{
	const struct runtime_word word =
		runtime_word(argv[*i], command_options, ARRAY_SIZE(command_options));
	const char *value = NULL;
	bool off, help;
	int r;

	help = word.option && (streq(word.option->name, "help") || streq(word.option->name, "h"));
	/* "--help=false" makes a container. */
	if (!word.option || (help && word.value))
		return runtime_word_unknown(argv[*i], err);
	args->asks_help = args->asks_help || help;
	if (!word.option->value)
		return 0;
	r = runtime_word_value(&word, argc, argv, i, &value, &off, err);
	if (r == 0 && (streq(word.option->name, "bundle") || streq(word.option->name, "b")))
		args->bundle = value;
	return r;
}

static int parse_create(int argc, char **argv, int at, struct runtime_args *args, struct err *err)
{
	bool only_words = false;
	int r;

	args->bundle = ".";
	for (int i = at + 1; i < argc; i++) {
		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (!args->id)
				args->id = argv[i];
			continue;
		}
		if (streq(argv[i], "--")) {
			only_words = true;
			continue;
		}
		r = parse_option(argc, argv, &i, args, err);
		if (r < 0)
			return r;
	}
	if (!args->id && !args->asks_help)
		return err_input(err, EINVAL, "%s: no container id given", args->name);
	return 0;
}

static int parse_exec(int argc, char **argv, int at, struct runtime_args *args, struct err *err)
{
	int r = exec_args_parse(argc, argv, at, &args->exec, err);

	args->exec_at = at;
	args->id = args->exec.id;
	args->asks_help = args->exec.asks_help;
	return r;
}

void runtime_args_done(struct runtime_args *args)
{
	exec_args_done(&args->exec);
}

int runtime_args_parse(int *argc, char **argv, struct runtime_args *ret, struct err *err)
{
	struct runtime_args args = { 0 };
	int at = 0, r;

	r = parse_globals(argc, argv, &args, &at, err);
	if (r < 0)
		goto out;
	if (at < *argc)
		args.name = argv[at];
	/* Neither runtime's delete has an option with a value. */
	if (args.name && streq(args.name, "delete") && argv[*argc - 1][0] != '-' && *argc - 1 > at)
		args.deleted = argv[*argc - 1];
	if (args.name && streq(args.name, "start") && argv[*argc - 1][0] != '-' && *argc - 1 > at)
		args.started = argv[*argc - 1];
	if (args.name && is_creating(args.name)) {
		args.command = COMMAND_CREATE;
		r = parse_create(*argc, argv, at, &args, err);
	} else if (args.name && streq(args.name, "exec")) {
		args.command = COMMAND_EXEC;
		r = parse_exec(*argc, argv, at, &args, err);
	}
out:
	/* Also on failure: the refusal goes to the log that was named. */
	*ret = args;
	return r;
}
