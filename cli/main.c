/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming: the command for people, see coaming(1). The subcommands do the work.
 */
#include "cli/cli.h"

#include <errno.h>

#include "cli/completion.h"
#include "lib/doc.h"

static command_fn cmd_completion;

static const struct cli_command commands[] = {
	{ "setup", cmd_setup, "have an engine use coaming, or leave it as it was" },
	{ "check", cmd_check, "say whether profiles and the host configuration are right" },
	{ "explain", cmd_explain, "say what would happen to a container, and why" },
	{ "diff", cmd_diff, "say what one policy allows and another does not" },
	{ "test", cmd_test, "run the tests of a policy" },
	{ "import", cmd_import, "make profiles of Kubernetes' NetworkPolicies" },
	{ "export", cmd_export, "make Kubernetes' NetworkPolicies of profiles" },
	{ "generate", cmd_generate, "write profiles from images, containers or a compose file" },
	{ "profile", cmd_profile, "list the profiles, or show what one takes away" },
	{ "ps", cmd_ps, "list the containers that run, and what confines them" },
	{ "graph", cmd_graph, "draw who may talk to whom, and who did" },
	{ "why", cmd_why, "say in plain words what was decided on a container" },
	{ "log", cmd_log, "show the decisions" },
	{ "flows", cmd_flows, "show the connections of containers, and those that were refused" },
	{ "verify", cmd_verify, "find records that were altered, removed or put in" },
	{ "flush", cmd_flush, "make sure that the journal has every record" },
	{ "attest", cmd_attest, "hold running containers against what was admitted" },
	{ "audit", cmd_audit, "the chain of records, and the key that proves it" },
	{ "doctor", cmd_doctor, "say whether coaming is in the path, and the evidence kept" },
	{ "break-glass", cmd_break_glass, "let containers start in audit mode for a while" },
	{ "report", cmd_report, "say what the records show of a framework's controls" },
	{ "reload", cmd_reload, "index the installed profiles anew" },
	{ "gc", cmd_gc, "clean up after containers that ended without saying so" },
	{ "reconcile", cmd_reconcile, "put right who may talk to whom" },
	{ "completion", cmd_completion, "print what a shell needs to complete these words" },
};

static const struct option global_options[] = {
	{ .name = "config",
	  .value = "FILE",
	  .help = "host configuration instead of " SYSCONFDIR "/coaming/coaming.json" },
	{ .name = "version", .help = "which coaming this is" },
};

static const struct usage global = { .options = global_options,
				     .n_options = ARRAY_SIZE(global_options) };

static int cmd_completion(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words args = { 0 };
	const struct usage usage = {
		.args = "bash|zsh|fish",
		.about = "Print what a shell needs to complete the words of this command. It is\n"
			 "installed where the shells look for it.\n",
	};
	int r = options_parse(argc, argv, &usage, &args, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (args.n != 1)
		return err_input(err, EINVAL, "expected one of bash, zsh and fish");
	return completion_print(args.v[0], commands, ARRAY_SIZE(commands), &global, err);
}

static int print_help(void)
{
	(void)fputs("usage: coaming [--config FILE] COMMAND [ARG]...\n\n", stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].help);
	(void)putchar('\n');
	options_print(&global);
	(void)fputs("\n"
		    "coaming COMMAND --help tells more, coaming(1) all of it.\n"
		    "Exit status: 0 yes, 1 refused by policy, 2 wrong use or bad input, "
		    "111 the system failed.\n",
		    stdout);
	return 0;
}

static const struct cli_command *find_command(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(commands)];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (streq(commands[i].name, name))
			return &commands[i];
		names[i] = commands[i].name;
	}
	near = nearest_word(name, names, ARRAY_SIZE(names));
	(void)err_input(err, EINVAL, "unknown command %s%s%s%s", Q(name),
			near ? " (did you mean " : " (see coaming --help", near ? near : "",
			near ? "?)" : ")");
	return NULL;
}

/* The command's name comes first, what stood before it ("--config FILE") follows it. */
static int name_first(int *argc, char **argv, struct err *err)
{
	int i = 1;

	while (i < *argc && starts_with(argv[i], "--config"))
		i += streq(argv[i], "--config") ? 2 : 1;
	if (i >= *argc)
		return err_input(err, EINVAL, "no command given (see coaming --help)");
	argv[0] = argv[i];
	memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv)); /* NULL too */
	(*argc)--;
	return 0;
}

/* What was printed and did not arrive is a failure, not an answer. */
static int finish(int status)
{
	return fflush(stdout) != 0 || ferror(stdout) ? ERR_SYSTEM : status;
}

int main(int argc, char **argv)
{
	const struct cli_command *command = NULL;
	struct err err = { 0 };
	int r;

	if (argc > 1 && (streq(argv[1], "--help") || streq(argv[1], "-h")))
		return finish(print_help());
	if (argc > 1 && streq(argv[1], "--version"))
		return finish(puts("coaming " COAMING_VERSION) < 0 ? ERR_SYSTEM : 0);

	r = name_first(&argc, argv, &err);
	if (r == 0)
		command = find_command(argv[0], &err);
	if (command)
		r = command->run(argc, argv, &err);
	if (command && r >= 0)
		return finish(r);

	(void)fflush(stdout);
	(void)fprintf(stderr, "coaming: %s%s%s\n", command ? command->name : "",
		      command ? ": " : "", err.text);
	return err.class == ERR_NONE ? ERR_SYSTEM : (int)err.class;
}
