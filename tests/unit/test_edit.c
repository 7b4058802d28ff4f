/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/edit.c and lib/emit.c: what is written is what was asked for, and nothing else changes.
 */
#include "lib/edit.h"
#include "lib/emit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum op { REPLACE, REMOVE, ADD_MEMBER, ADD_ELEMENT };

struct step {
	enum op op;
	const char *path; /* dots between keys; numbers are array places; "" is the root */
	const char *key;
	const char *json;
};

static const struct {
	const char *in;
	struct step steps[5];
	const char *out;
} cases[] = {
	{ "{}", { { ADD_MEMBER, "", "a", "1" } }, "{\"a\":1}" },
	{ "{ }",
	  { { ADD_MEMBER, "", "a", "1" }, { ADD_MEMBER, "", "b", "2" } },
	  "{ \"a\":1,\"b\":2}" },
	{ "[1, 2 ]", { { ADD_ELEMENT, "", NULL, "3" } }, "[1, 2,3 ]" },
	{ "{\"a\": 18446744073709551615, \"b\": 1e3}",
	  { { REPLACE, "b", NULL, "2" } },
	  "{\"a\": 18446744073709551615, \"b\": 2}" },
	{ "[1, 2, 3]", { { REMOVE, "0", NULL, NULL } }, "[2, 3]" },
	{ "[1, 2, 3]", { { REMOVE, "1", NULL, NULL } }, "[1, 3]" },
	{ "[1, 2, 3]", { { REMOVE, "2", NULL, NULL } }, "[1, 2]" },
	{ "[1, 2, 3]", { { REMOVE, "0", NULL, NULL }, { REMOVE, "1", NULL, NULL } }, "[3]" },
	{ "[1, 2, 3]", { { REMOVE, "2", NULL, NULL }, { REMOVE, "1", NULL, NULL } }, "[1]" },
	{ "[1, 2, 3]",
	  { { REMOVE, "0", NULL, NULL }, { REMOVE, "1", NULL, NULL }, { REMOVE, "2", NULL, NULL } },
	  "[]" },
	{ "{\"a\":1,\n \"b\":2}",
	  { { REMOVE, "b", NULL, NULL }, { ADD_MEMBER, "", "c", "3" } },
	  "{\"a\":1,\"c\":3}" },
	{ "{\"a\":1}", { { REMOVE, "a", NULL, NULL }, { ADD_MEMBER, "", "c", "3" } }, "{\"c\":3}" },
	{ "{\"a\":{\"b\":[1]}}",
	  { { ADD_ELEMENT, "a.b", NULL, "2" },
	    { ADD_MEMBER, "a", "c", "3" },
	    { ADD_MEMBER, "", "d", "4" } },
	  "{\"a\":{\"b\":[1,2],\"c\":3},\"d\":4}" },
	{ "{\"\\u0061\":\"\\/\"}",
	  { { ADD_MEMBER, "", "x", "null" } },
	  "{\"\\u0061\":\"\\/\",\"x\":null}" },
};

static const struct node *find(const struct node *node, const char *path)
{
	char part[32];

	while (*path && node) {
		size_t n = strcspn(path, ".");
		const struct node *child = node->first;

		memcpy(part, path, n);
		part[n] = '\0';
		if (node->type == NODE_ARRAY) {
			for (long i = strtol(part, NULL, 10); i > 0 && child; i--)
				child = child->next;
		} else {
			child = node_get(node, part);
		}
		node = child;
		path += n + (path[n] == '.');
	}
	assert_non_null(node);
	return node;
}

static int apply_step(struct edit *edit, const struct doc *doc, const struct step *step,
		      struct err *err)
{
	const struct node *node = find(doc_root(doc), step->path);

	switch (step->op) {
	case REPLACE:
		return edit_replace(edit, node, step->json, err);
	case REMOVE:
		return edit_remove(edit, node, err);
	case ADD_MEMBER:
		return edit_add_member(edit, node, step->key, step->json, err);
	case ADD_ELEMENT:
		return edit_add_element(edit, node, step->json, err);
	}
	return -EINVAL;
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_edit_ struct edit *edit = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "t", cases[i].in, strlen(cases[i].in), &err), 0);
		assert_int_equal(edit_new(&edit, doc, &err), 0);
		for (size_t s = 0; s < ARRAY_SIZE(cases[i].steps) && cases[i].steps[s].path; s++)
			assert_int_equal(apply_step(edit, doc, &cases[i].steps[s], &err), 0);
		assert_int_equal(edit_apply(edit, &out, &err), 0);
		assert_string_equal(out.data, cases[i].out);
	}
}

static void test_overlap_is_refused(void **state)
{
	static const char text[] = "{\"a\":{\"b\":1}}";
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", text, strlen(text), &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	assert_int_equal(edit_remove(edit, find(doc_root(doc), "a"), &err), 0);
	assert_int_equal(edit_replace(edit, find(doc_root(doc), "a.b"), "2", &err), 0);
	assert_int_equal(edit_apply(edit, &out, &err), -EEXIST);
}

static void test_bad_json_is_refused(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", "{}", 2, &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	assert_int_equal(edit_add_member(edit, doc_root(doc), "a", "}", &err), 0);
	assert_int_equal(edit_apply(edit, &out, &err), -EBADMSG);
}

static void test_emit(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_key(&e, "a\"\n\x01");
	emit_u64(&e, UINT64_MAX);
	emit_key(&e, "b");
	emit_array(&e);
	emit_stringn(&e, "\xc3\xa4\xff\0x", 5);
	emit_array(&e);
	emit_array_end(&e);
	emit_i64(&e, INT64_MIN);
	emit_array_end(&e);
	emit_key(&e, "c");
	emit_raw(&e, "[1]");
	emit_key(&e, "d");
	emit_object(&e);
	emit_object_end(&e);
	emit_object_end(&e);
	assert_string_equal(out.data,
			    "{\"a\\\"\\n\\u0001\":18446744073709551615,"
			    "\"b\":[\"\xc3\xa4\xef\xbf\xbd\\u0000x\",[],-9223372036854775808],"
			    "\"c\":[1],\"d\":{}}");
}

static void test_emit_indented(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = { .out = &out, .indent = 2 };

	emit_object(&e);
	emit_key(&e, "a");
	emit_array(&e);
	emit_bool(&e, true);
	emit_null(&e);
	emit_array_end(&e);
	emit_object_end(&e);
	assert_string_equal(out.data, "{\n  \"a\": [\n    true,\n    null\n  ]\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_overlap_is_refused),
		cmocka_unit_test(test_bad_json_is_refused),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_emit_indented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
