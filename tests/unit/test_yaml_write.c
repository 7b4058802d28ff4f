/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/yaml_write.c: what is written is read as what it was, by our own reader here and by PyYAML,
 * which takes YAML 1.1 at its word, in tests/integration/export.sh.
 */
#include "lib/yaml_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/yaml.h"
#include "tests/unit/alloc.h"
#include "tests/unit/random.h"

static void parse(const char *text, struct doc **ret)
{
	struct err err = { 0 };

	if (doc_parse(ret, "t", text, strlen(text), &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static bool same(const struct node *a, const struct node *b)
{
	const struct node *x = a->first, *y = b->first;

	if (a->type != b->type || a->count != b->count || !a->key != !b->key ||
	    (a->key && !streq(a->key, b->key)) || !a->string != !b->string ||
	    (a->string && !streq(a->string, b->string)))
		return false;
	for (; x && y; x = x->next, y = y->next) {
		if (!same(x, y))
			return false;
	}
	return !x && !y;
}

static const struct {
	const char *json, *yaml;
} rows[] = {
	{ "{}", "{}\n" },
	{ "[]", "[]\n" },
	{ "{\"a\": {}, \"b\": [], \"c\": \"\"}", "a: {}\nb: []\nc: \"\"\n" },
	{ "{\"a\": [{\"b\": 1}, \"c\"]}", "a:\n- b: 1\n- c\n" },
	{ "[true, false, null, -1.5e3, 18446744073709551615]",
	  "- true\n- false\n- null\n- -1.5e3\n- 18446744073709551615\n" },
	/* Strings that some reader would take for something else. */
	{ "[\"true\", \"Yes\", \"n\", \"NULL\", \"~\", \"1\", \"0x1f\", \"1:30\", \"2026-11-27\"]",
	  "- \"true\"\n- \"Yes\"\n- \"n\"\n- \"NULL\"\n- \"~\"\n- \"1\"\n- \"0x1f\"\n- \"1:30\"\n"
	  "- \"2026-11-27\"\n" },
	{ "[\"a: b\", \"a #b\", \"- a\", \"&a\", \"*a\", \"!a\", \"a\\nb\", \"{\", \"%a\", \"@a\"]",
	  "- \"a: b\"\n- \"a #b\"\n- \"- a\"\n- \"&a\"\n- \"*a\"\n- \"!a\"\n- \"a\\nb\"\n- \"{\"\n"
	  "- \"%a\"\n- \"@a\"\n" },
	{ "[\"kubernetes.io/metadata.name\", \"a-b_c.d\", \"<<\", \"=\"]",
	  "- kubernetes.io/metadata.name\n- a-b_c.d\n- \"<<\"\n- \"=\"\n" },
	{ "{\"yes\": \"on\", \"1\": 1}", "\"yes\": \"on\"\n\"1\": 1\n" },
};

static void test_text(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_doc_ struct doc *doc = NULL, *again = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };

		parse(rows[i].json, &doc);
		assert_int_equal(yaml_write(doc_root(doc), &out, &err), 0);
		assert_string_equal(out.data, rows[i].yaml);
		if (doc_parse_yaml(&again, "t", out.data, out.len, &err) < 0)
			fail_msg("%s: %s", out.data, err.text);
		assert_true(same(doc_root(doc), doc_root(again)));
	}
}

static void test_random(void **state)
{
	uint64_t seed = random_seed();

	for (size_t i = 0; i < 3000; i++) {
		_cleanup_buf_ struct buf json = { 0 }, out = { 0 };
		_cleanup_doc_ struct doc *doc = NULL, *again = NULL;
		struct err err = { 0 };

		random_json(&seed, &json, 4);
		assert_int_equal(buf_status(&json), 0);
		parse(json.data, &doc);
		assert_int_equal(yaml_write(doc_root(doc), &out, &err), 0);
		if (doc_parse_yaml(&again, "t", out.data, out.len, &err) < 0)
			fail_msg("%s\n%s: %s", json.data, out.data, err.text);
		if (!same(doc_root(doc), doc_root(again)))
			fail_msg("%s\n%s", json.data, out.data);
	}
}

/* libyaml's own memory cannot be made to fail here; ours can. */
static int write_it(void *arg, struct err *err)
{
	const struct doc *doc = arg;
	_cleanup_buf_ struct buf out = { 0 };

	return yaml_write(doc_root(doc), &out, err);
}

static void test_memory(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;

	parse("{\"a\": [\"b\", {\"c\": \"d\"}]}", &doc);
	assert_true(alloc_fail_each(write_it, doc) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("yaml_write", tests, NULL, NULL);
}
