/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/advice.c: the table, and memory that runs out. What is warned of is in
 * tests/good/profile, held against the command by tests/integration/check.sh.
 */
#include "profiles/advice.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/file.h"
#include "tests/unit/alloc.h"

static void test_table(void **state)
{
	const char *near = NULL;

	for (int id = 0; id < ADVICES_; id++) {
		assert_non_null(advice_name((enum advice_id)id));
		assert_true(strlen(advice_about((enum advice_id)id)) < 60);
		assert_int_equal(advice_is_known(advice_name((enum advice_id)id), &near),
				 id != ADVICE_UNUSED_SILENCE);
		assert_true(id == 0 || id == ADVICE_UNUSED_SILENCE ||
			    strcmp(advice_name((enum advice_id)(id - 1)),
				   advice_name((enum advice_id)id)) < 0);
	}
	assert_false(advice_is_known("net-amdin", &near));
	assert_string_equal(near, "net-admin");
	assert_false(advice_is_known("x", &near));
	assert_null(near);
}

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_input(err, ENOENT, "there is none");
}

static int find(void *arg, struct err *err)
{
	const char *const *words = arg; /* path, name of the document */
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_advices_ struct advices advices = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	size_t len;
	int r;

	r = file_read(AT_FDCWD, words[0], FILE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&doc, words[1], text, len, err);
	if (r == 0)
		r = profile_parse(doc, no_file, NULL, &profile, err);
	if (r == 0)
		r = advice_find(profile, doc, NULL, NULL, 0, &advices, err);
	assert_true(r < 0 || (advices.n > 0) == starts_with(words[1], "warn"));
	return r;
}

static void test_memory(void **state)
{
	static const char *const files[][2] = {
		{ "tests/good/profile/warn-net-admin.json", "warn-net-admin.json" },
		{ "tests/good/profile/warn-seccomp-start.json", "warn-seccomp-start.json" },
		{ "tests/good/profile/warn-deny-siblings.json", "warn-deny-siblings.json" },
		{ "tests/good/profile/warn-writable-volume.json", "warn-writable-volume.json" },
		{ "tests/good/profile/warn-unused-silence.json", "warn-unused-silence.json" },
		{ "tests/good/profile/silence-each.json", "silence-each.json" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_true(alloc_fail_each(find, (void *)(uintptr_t)files[i]) > 10);
}

static int find_never_applied(bool among)
{
	static const char text[] = "{\"name\": \"own\", \"selectable\": false,"
				   " \"limits\": {\"pids\": 9}}";
	char *names[] = { (char[]){ "a" }, (char[]){ "own" } };
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_advices_ struct advices advices = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "own.json", text, strlen(text), &err), 0);
	assert_int_equal(profile_parse(doc, no_file, NULL, &profile, &err), 0);
	assert_int_equal(advice_find(profile, doc, NULL, names, among ? 2 : 1, &advices, &err), 0);
	if (advices.n == 1)
		assert_int_equal(advices.v[0].id, ADVICE_NEVER_APPLIED);
	return (int)advices.n;
}

static void test_never_applied(void **state)
{
	assert_int_equal(find_never_applied(true), 0);
	assert_int_equal(find_never_applied(false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_never_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
