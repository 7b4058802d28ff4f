/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's command line, a word a line.
 */
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
	const char *const found[] = { args->name, args->id, args->log, args->own_config,
				      args->deleted };

	must(left <= n && left > 0);
	must(args->command != COMMAND_CREATE || args->asks_help || (args->id && args->bundle));
	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		must(!found[i] || is_within(words, n, found[i]));
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
		return 0;
	}
	must(!argv[argc]);
	check(&args, words, n, argc);
	return 0;
}
