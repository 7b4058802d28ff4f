/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/yaml.c: what a text says, where it says it, and what is refused.
 */
#include "lib/yaml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/emit.h"
#include "tests/unit/alloc.h"

static void write_json(struct emit *e, const struct node *node)
{
	static const char *const words[] = {
		[NODE_NULL] = "null", [NODE_FALSE] = "false", [NODE_TRUE] = "true"
	};

	if (node->key)
		emit_key(e, node->key);
	if (node->type == NODE_STRING) {
		emit_string(e, node->string);
	} else if (node->type == NODE_NUMBER) {
		emit_raw(e, node->string);
	} else if (node->type == NODE_ARRAY) {
		emit_array(e);
		node_foreach (child, node)
			write_json(e, child);
		emit_array_end(e);
	} else if (node->type == NODE_OBJECT) {
		emit_object(e);
		node_foreach (child, node)
			write_json(e, child);
		emit_object_end(e);
	} else {
		emit_raw(e, words[node->type]);
	}
}

static void check_tree(const struct node *node)
{
	size_t n = 0;

	node_foreach (child, node) {
		assert_ptr_equal(child->parent, node);
		check_tree(child);
		n++;
	}
	assert_int_equal(n, node->count);
}

static const struct {
	const char *text, *json;
} good[] = {
	{ "a: 1", "{\"a\":1}" },
	{ "a", "\"a\"" },
	{ "- a\n- b: c\n  d: e\n", "[\"a\",{\"b\":\"c\",\"d\":\"e\"}]" },
	{ "{a: [1, -0, 1.5, 1e3, -2.5E-7, 18446744073709551615]}",
	  "{\"a\":[1,-0,1.5,1e3,-2.5E-7,18446744073709551615]}" },
	/* What only some readers take for numbers or booleans is text. */
	{ "[0x1f, 0o17, 0440, 1_000, +1, .5, 1., 22:22, .inf, 1e, 2001-01-01]",
	  "[\"0x1f\",\"0o17\",\"0440\",\"1_000\",\"+1\",\".5\",\"1.\",\"22:22\",\".inf\",\"1e\","
	  "\"2001-01-01\"]" },
	{ "[yes, no, on, off, y, tRUE]", "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"tRUE\"]" },
	{ "[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]" },
	{ "[null, Null, NULL, ~, ]", "[null,null,null,null]" },
	{ "a:\nb: ''\nc: \"\"\n", "{\"a\":null,\"b\":\"\",\"c\":\"\"}" },
	{ "['1', \"true\", !!str 1, ! null, !!str ]", "[\"1\",\"true\",\"1\",\"null\",\"\"]" },
	{ "!!map {a: !!seq [b]}", "{\"a\":[\"b\"]}" },
	{ "80: a\ntrue: b\n", "{\"80\":\"a\",\"true\":\"b\"}" },
	{ "\"\\L\\P\\N\\_\\e\\x41\\u00e9\\U0001f600\"",
	  "\"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\xc2\xa0\\u001bA\xc3\xa9\xf0\x9f\x98\x80\"" },
	{ "|\n a\n  b\n\n", "\"a\\n b\\n\"" },
	{ "|+\n a\n\n", "\"a\\n\\n\"" },
	{ ">-\n a\n b\n", "\"a b\"" },
	{ "? a\n: b\n", "{\"a\":\"b\"}" },
	{ "%YAML 1.1\n---\n# a comment\na: b # another\n...\n", "{\"a\":\"b\"}" },
	{ "---\n---\na: b\n---\n", "{\"a\":\"b\"}" }, /* what is empty is no document */
	{ "\xef\xbb\xbf"
	  "a: b",
	  "{\"a\":\"b\"}" },
	{ "a: &x {b: [c]}\nd: *x\ne: &x 5\nf: *x\n",
	  "{\"a\":{\"b\":[\"c\"]},\"d\":{\"b\":[\"c\"]},\"e\":5,\"f\":5}" },
	/* What a map says itself comes before what is merged into it. */
	{ "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3, c: 4}\n",
	  "{\"x\":{\"a\":1,\"b\":2},\"y\":{\"b\":3,\"c\":4,\"a\":1}}" },
	{ "- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n- {<<: {c: 1}}\n- {'<<': 1}\n",
	  "[{\"a\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":2},{\"c\":1},{\"<<\":1}]" },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct emit e = EMIT(&out);
		struct err err = { 0 };

		if (doc_parse_yaml(&doc, "t", good[i].text, strlen(good[i].text), &err) < 0)
			fail_msg("%s: %s", good[i].text, err.text);
		check_tree(doc_root(doc));
		assert_null(doc_root(doc)->parent);
		write_json(&e, doc_root(doc));
		assert_string_equal(out.data, good[i].json);
	}
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "t: nothing is in it" },
	{ "# only this\n", "t: nothing is in it" },
	{ "a: 1\nb: 2\na: 3\n", "t:3:1: key \"a\" stands twice in one object" },
	{ "{80: 1, \"80\": 2}", "t:1:9: key \"80\" stands twice in one object" },
	{ "a: 1\n---\nb: 2\n", "t:3:1: a second document begins here" },
	{ "a: [1, 2\n", "t:2:1: while parsing a flow sequence: did not find expected ',' or ']'" },
	{ "a: b: c\n", "t:1:5: mapping values are not allowed in this context" },
	{ "a:\n\t- b\n",
	  "t:2:1: while scanning for the next token: found character that cannot start any token" },
	{ "a: 1\n b: 2\n", "t:2:3: mapping values are not allowed in this context" },
	{ "a: \"b\n", "t:2:1: while scanning a quoted scalar: found unexpected end of stream" },
	{ "a: \"\\q\"", "t:1:5: while parsing a quoted scalar: found unknown escape character" },
	{ "a: *b\n", "t:1:4: there is no anchor \"b\" before this alias" },
	{ "a: &b [*b]\n", "t:1:8: an alias within what it stands for" },
	{ "a: &b {<<: *b}\n", "t:1:12: an alias within what it stands for" },
	{ "x: &a 1\n---\ny: *a\n", "t:3:4: there is no anchor \"a\" before this alias" },
	{ "a: !reset null\n", "t:1:4: the tag \"!reset\" is not known here" },
	{ "a: !!int 5\n", "t:1:4: the tag \"tag:yaml.org,2002:int\" is not known here" },
	{ "!!seq {a: b}\n", "t:1:1: the tag \"tag:yaml.org,2002:seq\" is not known here" },
	{ "[a, b]: c\n", "t:1:1: a key here is a plain text" },
	{ "x: &a b\n*a : c\n", "t:2:1: a key here is a plain text" },
	{ "&a b: c\n", "t:1:1: a key here has no anchor" },
	{ "~: c\n", "t:1:1: a key is missing, or null" },
	{ "? \n: c\n", "t:1:2: a key is missing, or null" },
	{ "<<: 5\n", "t:1:1: \"<<\" takes a map, or a list of maps" },
	{ "a: {<<: [{b: c}, d]}\n", "t:1:5: \"<<\" takes a map, or a list of maps" },
	{ "{<<: {}, <<: {}}\n", "t:1:10: key \"<<\" stands twice in one object" },
	{ "a: \"b\\0c\"\n", "t:1:4: a text here holds no NUL" },
	{ "\xc3\xa9: \xc3\n", "t:1:4: not UTF-8" },
	{ "a: \xed\xa0\x80\n", "t:1:4: not UTF-8" },
	{ "\xc3\xa9: \x01\n", "t:1:4: control characters are not allowed" },
	/* Columns count characters, also behind those of several bytes. */
	{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80: *b\n",
	  "t:1:6: there is no anchor \"b\" before this alias" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct doc *doc = NULL;
		struct err err = { 0 };
		int r = doc_parse_yaml(&doc, "t", bad[i].text, strlen(bad[i].text), &err);

		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(r, -EBADMSG);
		assert_int_equal(err.class, ERR_INPUT);
		assert_null(doc);
	}
}

static void test_nul(void **state)
{
	struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse_yaml(&doc, "t", "a: \0", 4, &err), -EBADMSG);
	assert_string_equal(err.text, "t:1:4: control characters are not allowed");
}

/* A place behind the first step of the table of characters. */
static void test_far(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	const struct node *node;
	char place[WHERE_MAX];

	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "- \xc3\xa9\xe2\x82\xac\n");
	buf_adds(&text, "- \xc3\xa9: x\n");
	assert_int_equal(doc_parse_yaml(&doc, "t", text.data, text.len, &err), 0);
	for (node = doc_root(doc)->first; node->next;)
		node = node->next;
	assert_string_equal(doc_where(place, doc, node->first), "t:1001:6");
	assert_string_equal(doc_where_key(place, doc, node->first), "t:1001:3");
	assert_memory_equal(text.data + node->first->start, "x\n", 2);
	assert_int_equal(node->first->end, node->first->start + 1);
}

/* What an alias stands for is where its anchor is. */
static void test_alias_place(void **state)
{
	static const char text[] = "a: &x\n  b: c\nd: *x\n";
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	char place[WHERE_MAX];

	assert_int_equal(doc_parse_yaml(&doc, "t", text, strlen(text), &err), 0);
	assert_string_equal(doc_where(place, doc, node_path(doc_root(doc), "d", "b", NULL)),
			    "t:2:6");
	assert_string_equal(doc_where_key(place, doc, node_get(doc_root(doc), "d")), "t:3:1");
}

static void test_many_documents(void **state)
{
	static const char text[] = "a: &x 1\n---\n# nothing\n---\n- 2\n...\n---\n'3'\n";
	_cleanup_doc_ struct doc *doc = NULL, *none = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct err err = { 0 };

	assert_int_equal(doc_parse_yaml_all(&doc, "t", text, strlen(text), &err), 0);
	write_json(&e, doc_root(doc));
	assert_string_equal(out.data, "[{\"a\":1},[2],\"3\"]");
	assert_int_equal(doc_parse_yaml_all(&none, "t", "", 0, &err), 0);
	assert_int_equal(doc_root(none)->count, 0);
}

static void too_big(const char *text, size_t len, const char *why)
{
	struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse_yaml(&doc, "t", text, len, &err), -E2BIG);
	assert_non_null(strstr(err.text, why));
	assert_null(doc);
}

static void test_bounds(void **state)
{
	static const char laughs[] = "a: &a [l,l,l,l,l,l,l,l,l,l]\n"
				     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
				     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
				     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
				     "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
	static const char deep_alias[] = "a: &a [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\n"
					 "b: &b [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n"
					 "c: [[[[[[[[[[[[[[[[[[[[[[[[*b]]]]]]]]]]]]]]]]]]]]]]]]\n";
	_cleanup_buf_ struct buf deep = { 0 }, many = { 0 }, anchors = { 0 };

	too_big(laughs, strlen(laughs), "t:4:29: aliases stand for more than 10000 values");
	too_big(deep_alias, strlen(deep_alias), "nested deeper than 64 levels");
	for (int i = 0; i <= DOC_DEPTH_MAX; i++)
		buf_addc(&deep, '[');
	too_big(deep.data, deep.len, "t:1:65: nested deeper than 64 levels");
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_adds(&many, "- 1\n");
	too_big(many.data, many.len, "more than 100000 values");
	for (int i = 0; i <= YAML_ANCHORS_MAX; i++)
		buf_addf(&anchors, "- &a%d 1\n", i);
	{
		struct doc *doc = NULL;
		struct err err = { 0 };

		assert_int_equal(doc_parse_yaml(&doc, "t", anchors.data, anchors.len, &err),
				 -EBADMSG);
		assert_string_equal(err.text, "t:1001:3: too many anchors");
	}
}

static int parse_all_kinds(void *arg, struct err *err)
{
	static const char text[] = "a: &a {b: [1, x]}\nc: *a\nd: {<<: *a, e: f}\n"
				   "k: {a,b,c,d,e,f,g,h,i,j,k,l,m,n}\n";
	_cleanup_doc_ struct doc *doc = NULL;

	return doc_parse_yaml(&doc, "t", text, strlen(text), err);
}

static void test_no_memory(void **state)
{
	assert_true(alloc_fail_each(parse_all_kinds, NULL) >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),        cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),         cmocka_unit_test(test_far),
		cmocka_unit_test(test_alias_place), cmocka_unit_test(test_many_documents),
		cmocka_unit_test(test_bounds),      cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
