/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of runc and crun. runc reads them with Go's flag package (one dash or two,
 * options before and behind the id), crun with argp (unambiguous prefixes too, which are refused
 * here where a container is made).
 */
#include "hooks/runtime_args.h"

#include <errno.h>

struct option {
	const char *name; /* without dashes */
	bool value;       /* takes one, as --name=VALUE or --name VALUE */
};

static const struct option global_options[] = {
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
static const struct option command_options[] = {
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

/* One word of the command line, taken apart. */
struct word {
	const struct option *option; /* NULL: unknown, or no option */
	bool is_option;
	const char *value; /* of --name=VALUE, else NULL */
};

static struct word read_word(const char *arg, const struct option *options, size_t n)
{
	struct word word = { .is_option = arg[0] == '-' && arg[1] != '\0' };
	const char *name = arg, *equals;
	size_t len;

	if (!word.is_option)
		return word;
	/* runc takes "-bundle DIR" and "-b=DIR", which crun reads as "-b undle" and a directory
	 * "=DIR": no option that both know. */
	if (name[1] != '-' && name[2] != '\0')
		return word;
	name += name[1] == '-' ? 2 : 1;
	equals = strchr(name, '=');
	len = equals ? (size_t)(equals - name) : strlen(name);
	word.value = equals ? equals + 1 : NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			word.option = &options[i];
	}
	return word;
}

/* The value of an option, from the word itself or the next one. */
static int take_value(const struct word *word, int argc, char **argv, int *i, const char **ret,
		      struct err *err)
{
	if (word->value) {
		*ret = word->value;
		return 0;
	}
	if (*i + 1 >= argc)
		return err_input(err, EINVAL, "option %s needs a value", Q(argv[*i]));
	*ret = argv[++*i];
	return 0;
}

/* Could any later word be a command that makes a container? */
static bool may_create(int argc, char **argv, int from)
{
	for (int i = from; i < argc; i++) {
		if (is_creating(argv[i]))
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

static int unknown(const char *arg, struct err *err)
{
	return err_input(err, EINVAL,
			 "unknown option %s: what it means for a container that is to be confined "
			 "cannot be known (use the options of runc(8) and crun(1))",
			 Q(arg));
}

/* Up to the command. *ret_at is its place, or argc. */
static int parse_globals(int *argc, char **argv, struct runtime_args *args, int *ret_at,
			 struct err *err)
{
	int i = 1, r;

	while (i < *argc) {
		struct word word = read_word(argv[i], global_options, ARRAY_SIZE(global_options));
		const char *value = NULL;
		int first = i;

		if (!word.is_option)
			break;
		if (!word.option) {
			if (may_create(*argc, argv, i + 1))
				return unknown(argv[i], err);
			*ret_at = *argc; /* the real runtime will complain */
			return 0;
		}
		if (word.option->value) {
			r = take_value(&word, *argc, argv, &i, &value, err);
			if (r < 0)
				return r;
		}
		i++;
		if (streq(word.option->name, "config")) {
			args->own_config = value;
			remove_words(argc, argv, first, i - first);
			i = first;
		} else if (streq(word.option->name, "log")) {
			args->log = value;
		} else if (streq(word.option->name, "log-format")) {
			args->log_json = streq(value, "json");
		}
	}
	*ret_at = i;
	return 0;
}

static int parse_command(int argc, char **argv, int at, struct runtime_args *args, struct err *err)
{
	bool only_words = false;
	int r;

	args->bundle = ".";
	for (int i = at + 1; i < argc; i++) {
		struct word word = read_word(argv[i], command_options, ARRAY_SIZE(command_options));
		const char *value = NULL;

		if (only_words || !word.is_option) {
			if (!args->id)
				args->id = argv[i];
			continue;
		}
		if (streq(argv[i], "--")) {
			only_words = true;
			continue;
		}
		if (!word.option)
			return unknown(argv[i], err);
		if (word.option->value) {
			r = take_value(&word, argc, argv, &i, &value, err);
			if (r < 0)
				return r;
		}
		if (streq(word.option->name, "bundle") || streq(word.option->name, "b"))
			args->bundle = value;
		else if (streq(word.option->name, "help") || streq(word.option->name, "h"))
			args->asks_help = true;
	}
	if (!args->id && !args->asks_help)
		return err_input(err, EINVAL, "%s: no container id given", args->name);
	return 0;
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
	if (args.name && is_creating(args.name)) {
		args.command = COMMAND_CREATE;
		r = parse_command(*argc, argv, at, &args, err);
	}
out:
	/* Also on failure: the refusal goes to the log that was named. */
	*ret = args;
	return r;
}
