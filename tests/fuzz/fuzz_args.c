/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's command line, a word a line; and the process that the options of exec make.
 */
#include "hooks/exec_process.h"
#include "hooks/runtime_args.h"

#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 64

static bool is_within(char *const words[], int n, const char *text)
{
	for (int i = 0; i < n; i++) {
		if (text >= words[i] && text <= words[i] + strlen(words[i]))
			return true;
	}
	return false;
}

static void check(const struct runtime_args *args, char *const words[], int n, int left)
{
	const char *const found[] = { args->name,       args->id,      args->log,
				      args->own_config, args->deleted, args->root };

	must(left <= n && left > 0);
	must(args->command != COMMAND_CREATE || args->asks_help || (args->id && args->bundle));
	must(args->command != COMMAND_EXEC || args->asks_help || args->id);
	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		must(!found[i] || is_within(words, n, found[i]));
}

/* Every word of an exec is told once, in its order, and none behind the id. */
static void check_exec(const struct runtime_args *args, char **argv, int argc)
{
	const struct exec_args *exec = &args->exec;
	int at = args->exec_at + 1;

	for (size_t i = 0; i < exec->n; i++) {
		const struct exec_given *given = &exec->given[i];

		must(given->at == at && given->n >= 1 && given->n <= 2);
		must(!given->value ||
		     (given->value >= argv[at + given->n - 1] &&
		      given->value <= argv[at + given->n - 1] + strlen(argv[at + given->n - 1])));
		at += given->n;
	}
	must(!exec->id || argv[at] == exec->id ||
	     (streq(argv[at], "--") && argv[at + 1] == exec->id));
	must(!exec->id || (int)exec->n_args < argc - at);
}

/* What the options make is a process that has these arguments, for each runtime. */
static void check_process(const struct exec_args *exec, enum runtime_kind kind)
{
	static const char text[] =
		"{\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\",\"env\":[\"A=b\"],"
		"\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1]},"
		"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]}}}";
	_cleanup_doc_ struct doc *config = NULL, *process = NULL;
	const struct node *args, *arg;
	struct err err = { 0 };
	int r;

	must(doc_parse(&config, "config.json", text, strlen(text), &err) == 0);
	r = exec_process(exec, kind, config, &process, &err);
	if (r < 0) {
		must_tell(r, &err);
		return;
	}
	args = node_get(doc_root(process), "args");
	must(node_is(args, NODE_ARRAY) && args->count == exec->n_args);
	arg = args->first;
	for (size_t i = 0; i < exec->n_args; i++, arg = arg->next)
		must(node_is(arg, NODE_STRING));
	must(node_is(node_get(doc_root(process), "cwd"), NODE_STRING));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char *words[WORDS_MAX + 1] = { 0 }, *argv[WORDS_MAX + 1] = { 0 }, *at = text;
	struct runtime_args args = { 0 };
	struct err err = { 0 };
	int n = 0, argc, r;

	must(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	words[n++] = text + size; /* argv[0] */
	while (at && *at && n < WORDS_MAX)
		words[n++] = strsep(&at, "\n");
	memcpy(argv, words, sizeof(argv));
	argc = n;
	r = runtime_args_parse(&argc, argv, &args, &err);
	if (r < 0) {
		must_tell(r, &err);
		runtime_args_done(&args);
		return 0;
	}
	must(!argv[argc]);
	check(&args, words, n, argc);
	if (args.command == COMMAND_EXEC)
		check_exec(&args, argv, argc);
	if (args.exec.id && !exec_args_last(&args.exec, EXEC_PROCESS)) {
		check_process(&args.exec, RUNTIME_RUNC);
		check_process(&args.exec, RUNTIME_CRUN);
	}
	runtime_args_done(&args);
	return 0;
}
