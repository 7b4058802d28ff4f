/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/faults.c with a small parser of its own: an object of lists of numbers below 10, and "name".
 */
#include "cli/faults.h"
#include "lib/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse_number(const struct doc *doc, const struct node *node, struct err *err)
{
	uint64_t v;
	int r = node_read_u64(doc, node, &v, err);

	if (r == 0 && v >= 10)
		return err_input(err, EBADMSG, "%s: %llu is too large", WHERE(doc, node),
				 (unsigned long long)v);
	return r;
}

static int parse(void *arg, const struct doc *doc, struct err *err)
{
	static const char *const known[] = { "a", "b", "name" };
	const struct node *root = doc_root(doc);
	int r = node_check_keys(doc, root, known, ARRAY_SIZE(known), err);

	if (r == 0 && !node_get(root, "name"))
		r = err_input(err, EBADMSG, "%s: name is missing", WHERE(doc, root));
	node_foreach (list, root) {
		if (r == 0 && !streq(list->key, "name"))
			r = node_expect(doc, list, NODE_ARRAY, err);
		node_foreach (number, list)
			r = r == 0 ? parse_number(doc, number, err) : r;
	}
	return r;
}

static void collect(void *arg, const struct fault *fault)
{
	char *out = arg;
	size_t len = strlen(out);

	(void)snprintf(out + len, 1024 - len, "%s\n", fault->text);
}

static void assert_faults(const char *text, const char *expected)
{
	_cleanup_free_ char *copy = strdup(text);
	char out[1024] = "";

	assert_non_null(copy);
	faults_find("f", copy, strlen(copy), parse, collect, out);
	assert_string_equal(out, expected);
}

static void test_none(void **state)
{
	assert_faults("{\"name\": 1, \"a\": [1, 2]}", "");
}

static void test_each_element(void **state)
{
	assert_faults("{\"name\": \"\xc3\xa4\", \"a\": [10, 2, 30],\n \"b\": [40]}",
		      "f:1:21: 10 is too large\n"
		      "f:1:28: 30 is too large\n"
		      "f:2:8: 40 is too large\n");
}

/* What was taken out before on a line does not move what comes behind. */
static void test_columns_of_characters(void **state)
{
	assert_faults("{\"name\": 1, \"\xc3\xa4\xe2\x82\xac\": 1, \"a\": [10, 11],\n\"b\": [12]}",
		      "f:1:13: unknown key \"\\xc3\\xa4\\xe2\\x82\\xac\"\n"
		      "f:1:28: 10 is too large\n"
		      "f:1:32: 11 is too large\n"
		      "f:2:7: 12 is too large\n");
}

static void test_keys_and_types(void **state)
{
	assert_faults("{\"nam\": 1,\n\"name\": 2,\n\"a\": {\"x\": [10]},\n\"b\": [11]\n}",
		      "f:1:2: unknown key \"nam\" (did you mean \"name\"?)\n"
		      "f:3:6: \"a\": expected an array, not an object\n"
		      "f:4:7: 11 is too large\n");
}

static void test_omission_of_ours(void **state)
{
	/* The only fault is the misspelt key: that "name" is missing follows from nothing else. */
	assert_faults("{\"Name\": 1, \"a\": [1]}",
		      "f:1:2: unknown key \"Name\" (did you mean \"name\"?)\n");
	assert_faults("{\"a\": [1]}", "f:1:1: name is missing\n");
}

static void test_no_json(void **state)
{
	char out[1024] = "";
	char text[] = "{\"a\": [1,}";

	faults_find("f", text, strlen(text), parse, collect, out);
	assert_memory_equal(out, "f:1:10: ", 8);
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void count(void *arg, const struct fault *fault)
{
	(*(size_t *)arg)++;
}

static void test_bounded(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	size_t n = 0;

	buf_adds(&text, "{\"name\": 1, \"a\": [99");
	for (int i = 0; i < 2 * FAULTS_MAX; i++)
		buf_adds(&text, ", 99");
	buf_adds(&text, "]}");
	assert_int_equal(buf_status(&text), 0);
	faults_find("f", text.data, text.len, parse, count, &n);
	assert_int_equal(n, FAULTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_each_element),
		cmocka_unit_test(test_columns_of_characters),
		cmocka_unit_test(test_keys_and_types),
		cmocka_unit_test(test_omission_of_ours),
		cmocka_unit_test(test_no_json),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
