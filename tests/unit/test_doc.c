/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/doc.c, lib/node.c: what is JSON and what is not, where it is wrong, what the tree holds. The
 * second opinion is jansson's.
 */
#include "lib/doc.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/emit.h"
#include "tests/unit/alloc.h"
#include "tests/unit/random.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

/* The tree as JSON without spaces, strings and keys decoded and encoded again. */
static void dump(struct emit *e, const struct node *node)
{
	if (node->type == NODE_OBJECT)
		emit_object(e);
	else if (node->type == NODE_ARRAY)
		emit_array(e);
	else if (node->type == NODE_STRING)
		emit_stringn(e, node->string, node->string_len);
	else if (node->type == NODE_NUMBER)
		emit_raw(e, node->string);
	else if (node->type == NODE_NULL)
		emit_null(e);
	else
		emit_bool(e, node->type == NODE_TRUE);
	node_foreach (child, node) {
		if (child->key)
			emit_key(e, child->key);
		dump(e, child);
	}
	if (node->type == NODE_OBJECT)
		emit_object_end(e);
	else if (node->type == NODE_ARRAY)
		emit_array_end(e);
}

static const struct {
	const char *text;
	const char *tree; /* NULL: as the text */
} valid[] = {
	{ "null", NULL },
	{ "true", NULL },
	{ "false", NULL },
	{ "0", NULL },
	{ "-0", NULL },
	{ "-0.0e-0", NULL },
	{ "18446744073709551615", NULL },
	{ "123456789012345678901234567890.123456789E+400", NULL },
	{ "\"\"", NULL },
	{ "[]", NULL },
	{ "{}", NULL },
	{ " \t\r\n[ \t\r\n] \t\r\n", "[]" },
	{ "{ \"a\" : 1 , \"b\" : [ null , true ] }", "{\"a\":1,\"b\":[null,true]}" },
	{ "{\"\":{\"\":\"\"}}", NULL },
	{ "[[[[]],{}],\"\"]", NULL },
	{ "{\"a\":1,\"A\":2,\" a\":3}", NULL }, /* folding is for doc_check_folding() */
	{ "\"\\\"\\\\\\/\\n\\t\"", "\"\\\"\\\\/\\n\\t\"" },
	{ "\"\\b\\f\\r\"", "\"\\u0008\\u000c\\u000d\"" },
	{ "\"\\u0041\\u00e4\\u20AC\\uD83D\\uDE00\"", "\"A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "\"\\uffff\\udbff\\udfff\"", "\"\xef\xbf\xbf\xf4\x8f\xbf\xbf\"" },
	{ "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\"",
	  "\"\\u007f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\"" },
	{ "\"\xef\xbb\xbf\"", NULL }, /* the mark is a character where it is none at the start */
};

static void test_valid(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };
		struct emit e = EMIT(&out);
		size_t len;

		assert_int_equal(doc_parse(&doc, "t", valid[i].text, strlen(valid[i].text), &err),
				 0);
		assert_string_equal(doc_text(doc, &len), valid[i].text);
		assert_int_equal(len, strlen(valid[i].text));
		assert_string_equal(doc_name(doc), "t");
		dump(&e, doc_root(doc));
		assert_string_equal(out.data, valid[i].tree ? valid[i].tree : valid[i].text);
	}
}

static const struct {
	const char *text;
	size_t len;
	const char *error; /* the whole sentence */
} invalid[] = {
	{ TEXT(""), "t:1:1: the text ends where a value is expected" },
	{ TEXT(" \n "), "t:2:2: the text ends where a value is expected" },
	{ TEXT("x"), "t:1:1: a JSON value is expected here" },
	{ TEXT("nul"), "t:1:1: a JSON value is expected here" },
	{ TEXT("True"), "t:1:1: a JSON value is expected here" },
	{ TEXT("NaN"), "t:1:1: a JSON value is expected here" },
	{ TEXT("'a'"), "t:1:1: a JSON value is expected here" },
	{ TEXT("\0"), "t:1:1: a JSON value is expected here" },
	{ TEXT("\v1"), "t:1:1: a JSON value is expected here" },
	{ TEXT("// c\n1"), "t:1:1: a JSON value is expected here" },
	{ TEXT("\xc2\xa0"
	       "1"),
	  "t:1:1: a JSON value is expected here" },
	{ TEXT("\xef\xbb\xbf{}"),
	  "t:1:1: the text begins with a byte order mark: save it without" },
	{ TEXT("nullnull"), "t:1:5: something follows behind the end of the document" },
	{ TEXT("{}\n{}"), "t:2:1: something follows behind the end of the document" },
	{ TEXT("1\0"), "t:1:2: something follows behind the end of the document" },
	{ TEXT("[1,]"), "t:1:4: a JSON value is expected here" },
	{ TEXT("[,1]"), "t:1:2: a JSON value is expected here" },
	{ TEXT("[1 2]"), "t:1:4: a comma or ] is expected here" },
	{ TEXT("[1}"), "t:1:3: a comma or ] is expected here" },
	{ TEXT("["), "t:1:2: the text ends where a value is expected" },
	{ TEXT("[1"), "t:1:3: a comma or ] is expected here" },
	{ TEXT("{"), "t:1:2: a key in quotes is expected here" },
	{ TEXT("{a:1}"), "t:1:2: a key in quotes is expected here" },
	{ TEXT("{1:1}"), "t:1:2: a key in quotes is expected here" },
	{ TEXT("{\"a\"}"), "t:1:5: a colon is expected here" },
	{ TEXT("{\"a\" 1}"), "t:1:6: a colon is expected here" },
	{ TEXT("{\"a\":}"), "t:1:6: a JSON value is expected here" },
	{ TEXT("{\"a\":1,}"), "t:1:8: a key in quotes is expected here" },
	{ TEXT("{\"a\":1]"), "t:1:7: a comma or } is expected here" },
	{ TEXT("{\"a\":1,\n\t\"a\":2}"), "t:2:2: key \"a\" stands twice in one object" },
	{ TEXT("{\"a\":1,\"\\u0061\":2}"), "t:1:8: key \"a\" stands twice in one object" },
	{ TEXT("{\"\":1,\"b\":{\"\":1},\"\":2}"), "t:1:18: key \"\" stands twice in one object" },
	{ TEXT("{\"a\":1,\"b\":2,\"b\":3,\"a\":4}"),
	  "t:1:14: key \"b\" stands twice in one object" },
	{ TEXT("-"), "t:1:1: a number needs digits" },
	{ TEXT("-a"), "t:1:1: a number needs digits" },
	{ TEXT("+1"), "t:1:1: a JSON value is expected here" },
	{ TEXT(".5"), "t:1:1: a JSON value is expected here" },
	{ TEXT("1."), "t:1:1: a number needs digits behind its point" },
	{ TEXT("[1.e5]"), "t:1:2: a number needs digits behind its point" },
	{ TEXT("1e"), "t:1:1: a number needs digits in its exponent" },
	{ TEXT("1E+"), "t:1:1: a number needs digits in its exponent" },
	{ TEXT("01"), "t:1:1: a number has no leading zero" },
	{ TEXT("-012"), "t:1:1: a number has no leading zero" },
	{ TEXT("0x10"), "t:1:2: something follows behind the end of the document" },
	{ TEXT("\"a"), "t:1:1: this string has no end" },
	{ TEXT("\"a\\\""), "t:1:1: this string has no end" },
	{ TEXT("[\"a\nb\"]"), "t:1:4: a control character in a string must be escaped" },
	{ TEXT("\"\x1f\""), "t:1:2: a control character in a string must be escaped" },
	{ TEXT("\"a\0b\""), "t:1:3: a control character in a string must be escaped" },
	{ TEXT("{\"a\0b\":1}"), "t:1:4: a control character in a string must be escaped" },
	{ TEXT("\"\\"), "t:1:2: unknown escape in a string" },
	{ TEXT("\"\\x41\""), "t:1:2: unknown escape in a string" },
	{ TEXT("\"\\0\""), "t:1:2: unknown escape in a string" },
	{ TEXT("\"\\U0041\""), "t:1:2: unknown escape in a string" },
	{ TEXT("\"\\\0\""), "t:1:2: unknown escape in a string" },
	{ TEXT("\"\\u"), "t:1:4: \\u needs four hexadecimal digits" },
	{ TEXT("\"\\u004\""), "t:1:7: \\u needs four hexadecimal digits" },
	{ TEXT("\"\\u00g0\""), "t:1:6: \\u needs four hexadecimal digits" },
	{ TEXT("\"\\u0000\""), "t:1:2: \\u0000: a string here holds no NUL" },
	{ TEXT("{\"a\\u0000\":1}"), "t:1:4: \\u0000: a string here holds no NUL" },
	{ TEXT("\"\\udc00\""), "t:1:2: the second half of a surrogate pair stands alone" },
	{ TEXT("\"\\ud800\""), "t:1:2: the first half of a surrogate pair stands alone" },
	{ TEXT("\"\\ud800\\n\""), "t:1:2: the first half of a surrogate pair stands alone" },
	{ TEXT("\"\\ud800\\u0041\""), "t:1:2: the first half of a surrogate pair stands alone" },
	{ TEXT("\"\\ud800\\ud800\""), "t:1:2: the first half of a surrogate pair stands alone" },
	{ TEXT("\"\\ud800\\u00"), "t:1:10: \\u needs four hexadecimal digits" },
	{ TEXT("\"\x80\""), "t:1:2: not UTF-8" },
	{ TEXT("\"\xc3\""), "t:1:2: not UTF-8" },
	{ TEXT("\"\xc3"), "t:1:2: not UTF-8" },
	{ TEXT("\"\xc0\xaf\""), "t:1:2: not UTF-8" },         /* overlong */
	{ TEXT("\"\xc1\xbf\""), "t:1:2: not UTF-8" },         /* overlong */
	{ TEXT("\"\xe0\x9f\xbf\""), "t:1:2: not UTF-8" },     /* overlong */
	{ TEXT("\"\xf0\x8f\xbf\xbf\""), "t:1:2: not UTF-8" }, /* overlong */
	{ TEXT("\"\xed\xa0\x80\""), "t:1:2: not UTF-8" },     /* surrogate */
	{ TEXT("\"\xed\xbf\xbf\""), "t:1:2: not UTF-8" },     /* surrogate */
	{ TEXT("\"\xf4\x90\x80\x80\""), "t:1:2: not UTF-8" }, /* above U+10FFFF */
	{ TEXT("\"\xf5\x80\x80\x80\""), "t:1:2: not UTF-8" },
	{ TEXT("\"\xff\""), "t:1:2: not UTF-8" },
	{ TEXT("\"\xe2\x82\""), "t:1:2: not UTF-8" },
	{ TEXT("\"\xf0\x9f\x98"), "t:1:2: not UTF-8" },
	/* Columns count characters, not bytes. */
	{ TEXT("[\"\xc3\xa4\xe2\x82\xac\",x]"), "t:1:7: a JSON value is expected here" },
	{ TEXT("[\r\n\"\xf0\x9f\x98\x80\" x]"), "t:2:5: a comma or ] is expected here" },
};

static void test_invalid(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		struct doc *doc = NULL;
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "t", invalid[i].text, invalid[i].len, &err),
				 -EBADMSG);
		assert_string_equal(err.text, invalid[i].error);
		assert_int_equal(err.class, ERR_INPUT);
		assert_null(doc);
	}
}

/* A name is a path, which may be anybody's choice. */
static void test_name_in_errors(void **state)
{
	char name[2 * WHERE_MAX];
	struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "a\x1b[2J\n\xc2\x9b\xc3\xa4\xff\x7f.json", "x", 1, &err),
			 -EBADMSG);
	assert_string_equal(err.text, "a?[2J??\xc3\xa4??.json:1:1: a JSON value is expected here");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	err_clear(&err);
	assert_int_equal(doc_parse(&doc, name, "x", 1, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "n:1:1: a JSON value is expected here"));
	assert_true(strlen(err.text) < WHERE_MAX + 40);
}

/* ---- limits ---- */

static void repeat(struct buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_adds(out, text);
}

static int parse_buf(const struct buf *text, struct doc **ret, struct err *err)
{
	assert_int_equal(buf_status(text), 0);
	return doc_parse(ret, "t", text->data, text->len, err);
}

static void test_depth(void **state)
{
	for (size_t depth = DOC_DEPTH_MAX - 1; depth <= DOC_DEPTH_MAX + 1; depth++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_buf_ struct buf text = { 0 };
		struct err err = { 0 };

		repeat(&text, "[{\"a\":", depth / 2);
		buf_adds(&text, depth % 2 ? "[]" : "1");
		repeat(&text, "}]", depth / 2);
		if (depth <= DOC_DEPTH_MAX) {
			assert_int_equal(parse_buf(&text, &doc, &err), 0);
		} else {
			assert_int_equal(parse_buf(&text, &doc, &err), -E2BIG);
			assert_string_equal(err.text, "t:1:193: nested deeper than 64 levels");
		}
	}
}

/* A million brackets must not cost a stack. */
static void test_deep_rubbish(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct doc *doc = NULL;
	struct err err = { 0 };

	repeat(&text, "[", 1000000);
	assert_int_equal(parse_buf(&text, &doc, &err), -E2BIG);
	assert_string_equal(err.text, "t:1:65: nested deeper than 64 levels");
}

static void test_too_many_values(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	buf_adds(&text, "[0");
	repeat(&text, ",0", DOC_NODES_MAX - 2);
	buf_adds(&text, "]");
	assert_int_equal(parse_buf(&text, &doc, &err), 0);
	assert_int_equal(doc_root(doc)->count, DOC_NODES_MAX - 1);
	doc_free(&doc);
	text.data[text.len - 1] = ',';
	buf_adds(&text, "0]");
	assert_int_equal(parse_buf(&text, &doc, &err), -E2BIG);
	assert_string_equal(err.text, "t:1:2000000: more than 1000000 values");
}

/* Long keys that begin alike: comparing each with each would take minutes. */
static void test_many_members(void **state)
{
	enum { MEMBERS = 100000 };
	_cleanup_buf_ struct buf text = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	size_t twin;

	buf_addc(&text, '{');
	for (size_t i = 0; i < MEMBERS; i++)
		buf_addf(&text, "%s\"io.example.annotation.%zu\":0", i ? "," : "",
			 i * 7919 % MEMBERS);
	twin = text.len;
	buf_adds(&text, "}");
	assert_int_equal(parse_buf(&text, &doc, &err), 0);
	assert_int_equal(doc_root(doc)->count, MEMBERS);
	assert_non_null(node_get(doc_root(doc), "io.example.annotation.99999"));
	doc_free(&doc);
	text.len = twin;
	buf_adds(&text, ",\n\"io.example.annotation.50000\":1,\"io.example.annotation.1\":1}");
	assert_int_equal(parse_buf(&text, &doc, &err), -EBADMSG);
	assert_string_equal(
		err.text, "t:2:1: key \"io.example.annotation.50000\" stands twice in one object");
}

/* ---- positions and reads ---- */

static const char page[] =
	"{\n"
	"  \"name\": \"web\",\n"
	"  \"n\": [1, -1, 1.0, 1e3, 18446744073709551615, 18446744073709551616,\n"
	"        9223372036854775808, -9223372036854775808, -0],\n"
	"  \"yes\": true, \"no\": false,\n"
	"  \"\xc3\xa4\": {\"deep\": {\"er\": null}}\n"
	"}\n";

static void test_positions(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *root, *node;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "p.json", page, strlen(page), &err), 0);
	root = doc_root(doc);
	assert_string_equal(WHERE(doc, root), "p.json:1:1");
	assert_string_equal(WHERE_KEY(doc, root), "p.json:1:1");
	node = node_path(root, "\xc3\xa4", "deep", "er", NULL);
	assert_string_equal(WHERE(doc, node), "p.json:6:24");
	assert_string_equal(WHERE_KEY(doc, node), "p.json:6:18");
	assert_true(node_is(node, NODE_NULL));
	assert_string_equal(WHERE(doc, node_get(root, "n")->first->next), "p.json:3:12");
	assert_int_equal(node_get(root, "name")->end - node_get(root, "name")->start, 5);
	assert_null(node_path(root, "n", "deep", NULL));
	assert_null(node_path(root, "no", "deep", NULL));
	assert_null(node_path(root, "gone", "deep", NULL));
	assert_null(node_get(NULL, "a"));
	assert_null(node_get(root, "nam"));
	assert_false(node_is(NULL, NODE_NULL));
	assert_true(node->parent == node_path(root, "\xc3\xa4", "deep", NULL));
}

enum { U64, I64 };
static const struct {
	int kind;
	size_t at;
	int r;
	uint64_t v;
	const char *error;
} numbers[] = {
	{ U64, 0, 0, 1, NULL },
	{ U64, 1, -ERANGE, 0, "p.json:3:12: expected a whole number from 0 to 2^64-1, not \"-1\"" },
	{ U64, 2, -ERANGE, 0,
	  "p.json:3:16: expected a whole number from 0 to 2^64-1, not \"1.0\"" },
	{ U64, 3, -ERANGE, 0,
	  "p.json:3:21: expected a whole number from 0 to 2^64-1, not \"1e3\"" },
	{ U64, 4, 0, UINT64_MAX, NULL },
	{ U64, 5, -ERANGE, 0,
	  "p.json:3:48: expected a whole number from 0 to 2^64-1, not \"18446744073709551616\"" },
	{ U64, 8, 0, 0, NULL },
	{ I64, 1, 0, (uint64_t)-1, NULL },
	{ I64, 2, -ERANGE, 0,
	  "p.json:3:16: expected a whole number from -2^63 to 2^63-1, not \"1.0\"" },
	{ I64, 6, -ERANGE, 0,
	  "p.json:4:9: expected a whole number from -2^63 to 2^63-1, not \"9223372036854775808\"" },
	{ I64, 7, 0, (uint64_t)INT64_MIN, NULL },
	{ I64, 8, 0, 0, NULL },
};

static void test_numbers(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "p.json", page, strlen(page), &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct node *node = node_get(doc_root(doc), "n")->first;
		uint64_t v = 77;
		int r;

		for (size_t k = numbers[i].at; k > 0; k--)
			node = node->next;
		err_clear(&err);
		r = numbers[i].kind == U64 ? node_read_u64(doc, node, &v, &err)
					   : node_read_i64(doc, node, (int64_t *)&v, &err);
		assert_int_equal(r, numbers[i].r);
		assert_int_equal(v, r == 0 ? numbers[i].v : 77);
		assert_string_equal(err.text, numbers[i].error ? numbers[i].error : "");
	}
}

static void test_reads(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	const struct node *root;
	const char *text = NULL;
	uint64_t u = 7;
	bool yes = false;

	assert_int_equal(doc_parse(&doc, "p.json", page, strlen(page), &err), 0);
	root = doc_root(doc);
	assert_int_equal(node_read_string(doc, node_get(root, "name"), &text, &err), 0);
	assert_string_equal(text, "web");
	assert_int_equal(node_read_bool(doc, node_get(root, "yes"), &yes, &err), 0);
	assert_true(yes);
	assert_int_equal(node_read_bool(doc, node_get(root, "no"), &yes, &err), 0);
	assert_false(yes);
	assert_int_equal(node_expect(doc, root, NODE_OBJECT, &err), 0);

	assert_int_equal(node_read_string(doc, node_get(root, "yes"), &text, &err), -EBADMSG);
	assert_string_equal(err.text, "p.json:5:10: \"yes\": expected a string, not a boolean");
	err_clear(&err);
	assert_int_equal(node_read_bool(doc, node_get(root, "n"), &yes, &err), -EBADMSG);
	assert_string_equal(err.text, "p.json:3:8: \"n\": expected true or false, not an array");
	err_clear(&err);
	assert_int_equal(node_read_u64(doc, node_get(root, "name"), &u, &err), -EBADMSG);
	assert_string_equal(err.text, "p.json:2:11: \"name\": expected a number, not a string");
	err_clear(&err);
	assert_int_equal(node_read_u64(doc, NULL, &u, &err), -EBADMSG);
	assert_string_equal(err.text, "p.json: a member is missing: expected a number");
	assert_int_equal(u, 7);
}

/* ---- keys ---- */

static const char *const known[] = { "capabilities", "cwd",    "linux",    "mask",
				     "process",      "rootfs", "readonly", "sysctl" };
static const char *const free_form[] = { "annotations", "sysctl" };

static const struct {
	const char *text;
	const char *error; /* NULL: passes */
} folding[] = {
	{ "{\"process\":{\"cwd\":1}}", NULL },
	{ "{\"processes\":1,\"proces\":1,\"\":1}", NULL },
	{ "{\"a\":{\"b\":{\"unknown\":1}}}", NULL },
	{ "{\"Process\":1}", "t:1:2: key \"Process\" differs from \"process\" only in "
			     "the case of its letters: parsers disagree on what it means" },
	{ "{\"a\":[{\"CWD\":1}]}",
	  "t:1:8: key \"CWD\" differs from \"cwd\" only in the case of its "
	  "letters: parsers disagree on what it means" },
	{ "{\"proce\xc5\xbf\xc5\xbf\":1}",
	  "t:1:2: key \"proce\\xc5\\xbf\\xc5\\xbf\" differs from \"process\" only in "
	  "the case of its letters: parsers disagree on what it means" },
	{ "{\"ma\\u017F\\u212a\":1}",
	  "t:1:2: key \"ma\\xc5\\xbf\\xe2\\x84\\xaa\" differs from \"mask\" only in "
	  "the case of its letters: parsers disagree on what it means" },
	/* Letters that Unicode's full folding would join, but simple folding does not. */
	{ "{\"proce\xc3\x9f\":1,\"l\xc4\xb1nux\":1,\"l\xc4\xb0nux\":1}", NULL },
	/* Keys that are data, and only those. */
	{ "{\"annotations\":{\"Process\":1,\"LINUX\":{\"Cwd\":1}}}", NULL },
	{ "{\"sysctl\":{\"Process\":1},\"cwd\":{\"Linux\":1}}",
	  "t:1:32: key \"Linux\" differs from \"linux\" only in the case of its "
	  "letters: parsers disagree on what it means" },
	{ "{\"Annotations\":{\"Process\":1}}",
	  "t:1:17: key \"Process\" differs from \"process\" only in "
	  "the case of its letters: parsers disagree on what it means" },
	{ "{\"Sysctl\":{}}",
	  "t:1:2: key \"Sysctl\" differs from \"sysctl\" only in the case of its "
	  "letters: parsers disagree on what it means" },
	{ "[]", NULL },
	{ "\"Process\"", NULL },
};

static void test_folding(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(folding); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct err err = { 0 };
		int r;

		assert_int_equal(
			doc_parse(&doc, "t", folding[i].text, strlen(folding[i].text), &err), 0);
		r = doc_check_folding(doc, known, ARRAY_SIZE(known), free_form,
				      ARRAY_SIZE(free_form), &err);
		assert_int_equal(r, folding[i].error ? -EBADMSG : 0);
		assert_string_equal(err.text, folding[i].error ? folding[i].error : "");
	}
}

static const struct {
	const char *word, *nearest;
} near[] = {
	{ "proces", "process" },
	{ "porcess", "process" },
	{ "processs", "process" },
	{ "Process", "process" },
	{ "cdw", "cwd" },
	{ "lunix", "linux" },
	{ "read0nly", "readonly" },
	{ "caps", NULL },
	{ "", NULL },
	{ "x", NULL },
	{ "abc", NULL },
	{ "rootsf", "rootfs" },
	{ "sysctls", "sysctl" },
	{ "capabilites", "capabilities" },
};

static void test_nearest(void **state)
{
	char longest[200];

	for (size_t i = 0; i < ARRAY_SIZE(near); i++) {
		const char *got = nearest_word(near[i].word, known, ARRAY_SIZE(known));

		if (near[i].nearest)
			assert_string_equal(got, near[i].nearest);
		else
			assert_null(got);
	}
	memset(longest, 'p', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest_word(longest, known, ARRAY_SIZE(known)));
}

static void test_unknown_keys(void **state)
{
	static const char text[] = "{\"cwd\":1,\n \"procces\":1}", odd[] = "{\"zz\\u001b\":1}";
	_cleanup_doc_ struct doc *doc = NULL, *second = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", text, strlen(text), &err), 0);
	assert_int_equal(node_check_keys(doc, doc_root(doc), known, ARRAY_SIZE(known), &err),
			 -EBADMSG);
	assert_string_equal(err.text, "t:2:2: unknown key \"procces\" (did you mean \"process\"?)");
	err_clear(&err);
	assert_int_equal(doc_parse(&second, "t", odd, strlen(odd), &err), 0);
	assert_int_equal(node_check_keys(second, doc_root(second), known, ARRAY_SIZE(known), &err),
			 -EBADMSG);
	assert_string_equal(err.text, "t:1:2: unknown key \"zz\\x1b\"");
	err_clear(&err);
	assert_int_equal(node_check_keys(doc, doc_root(doc)->first, known, 0, &err), 0);
}

/* ---- against jansson ---- */

/* Without it jansson takes no whole number beyond 63 bits. */
#define JANSSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL)

static bool same(const struct node *node, const json_t *other)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	switch (node->type) {
	case NODE_NULL:
		return json_is_null(other);
	case NODE_FALSE:
		return json_is_false(other);
	case NODE_TRUE:
		return json_is_true(other);
	case NODE_NUMBER:
		return json_is_real(other) && strtod(node->string, NULL) == json_real_value(other);
	case NODE_STRING:
		return json_is_string(other) && node->string_len == json_string_length(other) &&
		       memcmp(node->string, json_string_value(other), node->string_len) == 0;
	case NODE_ARRAY:
		node_foreach (child, node) {
			if (!same(child, json_array_get(other, n++)))
				return false;
		}
		return json_is_array(other) && n == node->count && n == json_array_size(other);
	case NODE_OBJECT:
		json_object_foreach((json_t *)other, key, value)
		{
			if (!node_get(node, key) || !same(node_get(node, key), value))
				return false;
		}
		return json_is_object(other) && node->count == json_object_size(other);
	}
	return false;
}

/* The span of each value, taken alone, is the same value. */
static bool spans_hold(const struct doc *doc, const struct node *node)
{
	_cleanup_doc_ struct doc *alone = NULL;
	_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
	struct emit ea = EMIT(&a), eb = EMIT(&b);

	if (doc_parse(&alone, "span", doc_text(doc, NULL) + node->start, node->end - node->start,
		      NULL) < 0)
		return false;
	dump(&ea, node);
	dump(&eb, doc_root(alone));
	if (!streq(a.data, b.data))
		return false;
	node_foreach (child, node) {
		if (child->parent != node ||
		    (child->key && doc_text(doc, NULL)[child->key_start] != '"') ||
		    !spans_hold(doc, child))
			return false;
	}
	return true;
}

/* jansson takes a NUL behind a number that is the whole document for the end of the text. */
static bool ends_in_number_and_nul(const json_t *other, const struct buf *text)
{
	return json_is_real(other) && memchr(text->data, '\0', text->len);
}

enum reading { BOTH_TAKE, BOTH_REFUSE, KNOWN_DIFFERENCE, DISAGREE };

static enum reading read_both(const struct buf *text)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	json_error_t error;
	json_t *other = json_loadb(text->data, text->len, JANSSON_FLAGS, &error);
	int r = parse_buf(text, &doc, &err);
	enum reading reading = DISAGREE;

	if (r == 0 && other)
		reading = same(doc_root(doc), other) && spans_hold(doc, doc_root(doc)) ? BOTH_TAKE
										       : DISAGREE;
	else if (r < 0 && !other)
		reading = BOTH_REFUSE;
	else if (r == -E2BIG) /* our limits are narrower */
		reading = KNOWN_DIFFERENCE;
	else if (other && ends_in_number_and_nul(other, text))
		reading = KNOWN_DIFFERENCE;
	else if (!other && json_error_code(&error) == json_error_numeric_overflow)
		reading = KNOWN_DIFFERENCE; /* we keep a number's text and have no overflow */
	if (reading == DISAGREE)
		print_message("we: %d %s; jansson: %s; text: %s\n", r, err.text,
			      other ? "takes it" : error.text, QN(text->data, text->len));
	json_decref(other);
	return reading;
}

static void test_against_jansson(void **state)
{
	uint64_t seed = random_seed();
	size_t readings[DISAGREE + 1] = { 0 };

	print_message("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < 20000; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		random_json(&seed, &text, 4);
		if (i % 4 > 0)
			random_damage(&seed, &text);
		readings[read_both(&text)]++;
	}
	print_message("# both take %zu, both refuse %zu, known differences %zu\n",
		      readings[BOTH_TAKE], readings[BOTH_REFUSE], readings[KNOWN_DIFFERENCE]);
	assert_int_equal(readings[DISAGREE], 0);
	assert_true(readings[BOTH_TAKE] > 5000 && readings[BOTH_REFUSE] > 5000);
}

/* And the tables above: jansson's reading of them is ours. */
static void test_tables_against_jansson(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_adds(&text, valid[i].text);
		assert_true(read_both(&text) != DISAGREE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		_cleanup_buf_ struct buf text = { 0 };

		buf_add(&text, invalid[i].text, invalid[i].len);
		assert_true(read_both(&text) != DISAGREE);
	}
}

/* ---- memory ---- */

static int parse_once(void *arg, struct err *err)
{
	const struct buf *text = arg;
	_cleanup_doc_ struct doc *doc = NULL;

	return doc_parse(&doc, "t", text->data, text->len, err);
}

static void test_out_of_memory(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_addc(&text, '{');
	for (size_t i = 0; i < 1000; i++)
		buf_addf(&text, "%s\"k%zu\":\"v\"", i ? "," : "", i);
	buf_addc(&text, '}');
	/* the document, its name, text and strings, two blocks of nodes, one sorting */
	assert_int_equal(alloc_fail_each(parse_once, &text), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_name_in_errors),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_deep_rubbish),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_against_jansson),
		cmocka_unit_test(test_tables_against_jansson),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
