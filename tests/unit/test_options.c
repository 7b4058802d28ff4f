/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/options.c: every way to write an option, and every wrong one.
 */
#include "cli/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct result {
	const char *config;
	bool json;
	struct words labels, args;
	struct err err;
	int r;
};

#define WORDS_MAX 8

static struct result parse(bool with_args, char *const words[WORDS_MAX])
{
	struct result result = { 0 };
	const struct option options[] = {
		OPTION_CONFIG(&result.config),
		{ .letter = 'j', .name = "json", .help = "h", .flag = &result.json },
		{ .letter = 'l',
		  .name = "label",
		  .value = "K=V",
		  .help = "h",
		  .list = &result.labels },
	};
	const struct usage usage = { .args = "FILE",
				     .about = "About.\n",
				     .options = options,
				     .n_options = ARRAY_SIZE(options) };
	char *argv[WORDS_MAX + 1] = { 0 };
	int argc = 0;

	for (; argc < WORDS_MAX && words[argc]; argc++)
		argv[argc] = words[argc];
	result.r = options_parse(argc, argv, &usage, with_args ? &result.args : NULL, &result.err);
	return result;
}

#define PARSE(with_args, ...) parse(with_args, (char *[WORDS_MAX]){ "command", __VA_ARGS__ })

static void done(struct result *result)
{
	words_done(&result->labels);
	words_done(&result->args);
}

static void test_ways_to_write(void **state)
{
	struct result r = PARSE(true, "--config=f", "-j", "a", "-lx=1", "--label", "y=2", "-");

	assert_int_equal(r.r, 0);
	assert_string_equal(r.config, "f");
	assert_true(r.json);
	assert_int_equal(r.labels.n, 2);
	assert_string_equal(r.labels.v[0], "x=1");
	assert_string_equal(r.labels.v[1], "y=2");
	assert_int_equal(r.args.n, 2);
	assert_string_equal(r.args.v[0], "a");
	assert_string_equal(r.args.v[1], "-");
	done(&r);
}

static void test_end_of_options(void **state)
{
	struct result r = PARSE(true, "--", "--json", "-x");

	assert_int_equal(r.r, 0);
	assert_false(r.json);
	assert_int_equal(r.args.n, 2);
	assert_string_equal(r.args.v[0], "--json");
	done(&r);
}

static void test_wrong_use(void **state)
{
	static const struct {
		bool with_args;
		char *words[WORDS_MAX];
		const char *text;
	} cases[] = {
		{ true, { "c", "--jsn" }, "unknown option \"--jsn\" (did you mean --json?)" },
		{ true, { "c", "-x" }, "unknown option \"-x\" (see coaming c --help)" },
		{ true, { "c", "--jsonx" }, "unknown option \"--jsonx\" (did you mean --json?)" },
		{ true, { "c", "--json=1" }, "--json takes no value" },
		{ true, { "c", "--config" }, "--config needs a value: FILE" },
		{ true, { "c", "-l" }, "--label needs a value: K=V" },
		{ true, { "c", "--config", "a", "--config=b" }, "--config is given twice" },
		{ false, { "c", "a\n" }, "\"a\\n\" is one word too many" },
		{ false, { "c", "--", "-a" }, "\"-a\" is one word too many" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r = parse(cases[i].with_args, cases[i].words);

		assert_int_equal(r.r, -EINVAL);
		assert_int_equal(r.err.class, ERR_INPUT);
		assert_string_equal(r.err.text, cases[i].text);
		done(&r);
	}
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "1x", "101", "18446744073709551617" };
	struct err err = { 0 };
	uint64_t v = 0;

	assert_int_equal(option_number("lines", "100", 100, &v, &err), 0);
	assert_int_equal(v, 100);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		assert_int_equal(option_number("lines", bad[i], 100, &v, &err), -EINVAL);
		assert_int_equal(v, 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways_to_write),
		cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
