/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/toml.c: what is TOML and what is not, where everything stands, and what is the same. That
 * values are read as another reader reads them is tests/toml.py's to show.
 */
#include "lib/toml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "tests/unit/alloc.h"

static struct toml *parse(const char *text)
{
	struct toml *toml = NULL;
	struct err err = { 0 };

	if (toml_parse(&toml, "t", text, strlen(text), &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return toml;
}

static const struct {
	const char *text;
	const char *error;
} bad[] = {
	{ "a", "t:1:2: expected \"=\"" },
	{ "a =", "t:1:4: expected a value" },
	{ "a = b", "t:1:5: no value of TOML (is it a string without quotes?)" },
	{ "a = 1 b = 2", "t:1:7: expected the end of the line" },
	{ "= 1", "t:1:1: expected a key" },
	{ "a = 1\n\na = 2\n", "t:3:1: \"a\" is there already" },
	{ "a = 1\na.b = 2", "t:2:1: \"a\" is there already, and no dotted key adds to it" },
	{ "a = {}\na.b = 2", "t:2:1: \"a\" is there already, and no dotted key adds to it" },
	{ "[a.b]\n[a]\nb.c = 1", "t:3:1: \"b\" is there already, and no dotted key adds to it" },
	{ "a.b = 1\n[a]", "t:2:2: \"a\" is there already" },
	{ "[a]\n[ a ]", "t:2:3: \"a\" is there already" },
	{ "[[a]]\n[a]", "t:2:2: \"a\" is there already" },
	{ "a = []\n[[a]]", "t:2:3: \"a\" is there already, and is no array of tables" },
	{ "a = 1\n[a.b]", "t:2:2: \"a\" is a value, which no [table] adds to" },
	{ "a = {b = {}}\n[a.b.c]", "t:2:2: \"a\" is a value, which no [table] adds to" },
	{ "[a", "t:1:3: expected \"]\"" },
	{ "[[a]", "t:1:4: expected \"]]\"" },
	{ "[]", "t:1:2: expected a key" },
	{ "[\"\"\"a\"\"\"]", "t:1:2: a key in three quotes" },
	{ "a = \"b\n\"", "t:1:5: a string without its end on this line" },
	{ "a = '''b", "t:1:5: a string without its end" },
	{ "a = \"\\x41\"", "t:1:6: no escape of TOML" },
	{ "a = \"\\u00e\"", "t:1:6: \\u needs four hexadecimal digits, \\U eight" },
	{ "a = \"\\ud800\"", "t:1:6: this is no character of Unicode" },
	{ "a = \"\\u0000\"", "t:1:6: a NUL" },
	{ "a = \"\x01\"", "t:1:6: a control character in a string" },
	{ "# \x7f", "t:1:3: a control character in a comment" },
	{ "a = '\xc3'", "t:1:6: this is no UTF-8" },
	{ "# \xff", "t:1:3: this is no UTF-8" },
	{ "\xef\xbb\xbf"
	  "a = 1",
	  "t:1:1: expected a key" },
	{ "a = [1 2]", "t:1:8: expected \",\" or \"]\"" },
	{ "a = [1,,2]", "t:1:8: expected a value" },
	{ "a = {b = 1,}", "t:1:12: expected a key" },
	{ "a = {b = 1 c = 2}", "t:1:12: expected \",\" or \"}\"" },
	{ "a = {\nb = 1}", "t:1:6: expected a key" },
	{ "a = 1\rb = 2", "t:1:6: expected the end of the line" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct toml *toml = NULL;
		struct err err = { 0 };

		assert_int_equal(toml_parse(&toml, "t", bad[i].text, strlen(bad[i].text), &err),
				 -EBADMSG);
		assert_null(toml);
		assert_int_equal(err.class, ERR_INPUT);
		assert_string_equal(err.text, bad[i].error);
	}
}

static void test_nul(void **state)
{
	struct toml *toml = NULL;
	struct err err = { 0 };

	assert_int_equal(toml_parse(&toml, "t", "a = 1\0", 6, &err), -EBADMSG);
	assert_string_equal(err.text, "t:1:6: expected the end of the line");
}

static void test_bounds(void **state)
{
	_cleanup_buf_ struct buf deep = { 0 }, many = { 0 };
	struct toml *toml = NULL;
	struct err err = { 0 };

	buf_adds(&deep, "a = ");
	for (int i = 0; i < TOML_DEPTH_MAX; i++)
		buf_addc(&deep, '[');
	assert_int_equal(toml_parse(&toml, "t", deep.data, deep.len, &err), -E2BIG);
	assert_non_null(strstr(err.text, "more than 64 levels of nesting"));
	err_clear(&err);
	for (int i = 0; i < TOML_NODES_MAX; i++)
		buf_addf(&many, "a%d=1\n", i);
	assert_int_equal(toml_parse(&toml, "t", many.data, many.len, &err), -E2BIG);
	assert_non_null(strstr(err.text, "more than 20000 values"));
	assert_null(toml);
}

static void is_span(const struct toml *toml, size_t start, size_t end, const char *expected)
{
	size_t len;
	const char *text = toml_text(toml, &len);

	assert_true(start <= end && end <= len);
	assert_int_equal(end - start, strlen(expected));
	assert_memory_equal(text + start, expected, end - start);
}

static void test_spans(void **state)
{
	_cleanup_toml_ struct toml *toml =
		parse("v = 2 # two\r\n\n  [ a.\"b c\" ]#\n\td = 'x' \n  e.f = [ 1, {g = 2} ]\n\n"
		      "# c\n[[h]]\ni=1");
	const struct toml_node *v = toml_get(toml_root(toml), "v");
	const struct toml_node *b = toml_path(toml_root(toml), "a", "b c", NULL);
	const struct toml_node *f = toml_path(b, "e", "f", NULL);
	const struct toml_node *h = toml_get(toml_root(toml), "h");

	is_span(toml, v->start, v->end, "2");
	is_span(toml, v->line_start, v->line_end, "v = 2 # two\r\n");
	is_span(toml, 0, toml_root(toml)->body_end, "v = 2 # two\r\n");
	assert_int_equal(b->origin, TOML_HEADER);
	assert_int_equal(b->parent->origin, TOML_IMPLICIT);
	is_span(toml, b->start, b->end, "[ a.\"b c\" ]");
	is_span(toml, b->line_start, b->line_end, "  [ a.\"b c\" ]#\n");
	is_span(toml, b->line_start, b->body_end,
		"  [ a.\"b c\" ]#\n\td = 'x' \n  e.f = [ 1, {g = 2} ]\n");
	assert_string_equal(toml_string(toml_get(b, "d")), "x");
	assert_int_equal(toml_get(b, "e")->origin, TOML_DOTTED);
	is_span(toml, f->start, f->end, "[ 1, {g = 2} ]");
	is_span(toml, f->line_start, f->line_end, "  e.f = [ 1, {g = 2} ]\n");
	is_span(toml, f->first->start, f->first->end, "1");
	assert_int_equal(f->first->line_end, 0);
	is_span(toml, toml_get(f->last, "g")->start, toml_get(f->last, "g")->end, "2");
	assert_int_equal(h->origin, TOML_TABLES);
	is_span(toml, h->first->line_start, h->first->body_end, "[[h]]\ni=1");
	assert_null(toml_string(v));
	assert_null(toml_get(v, "x"));
	assert_null(toml_path(toml_root(toml), "a", "x", "y", NULL));
}

static const struct {
	const char *a, *b;
	bool same, same_without; /* without what is called "x" */
} pairs[] = {
	{ "", "", true, true },
	{ "a = 1", "a=1 # one", true, true },
	{ "a = 1", "a = 2", false, false },
	{ "a = 1", "a = '1'", false, false },
	{ "a = 1\nb = 2", "b = 2\na = 1", true, true },
	{ "a.b = 1", "[a]\nb = 1", true, true },
	{ "a = {b = 1}", "[a]\n'b' = 1", true, true },
	{ "a = [1, 2]", "a = [2, 1]", false, false },
	{ "a = [1, 2]", "a = [1, 2, 3]", false, false },
	{ "a = [{b = 1}]", "[[a]]\nb = 1", true, true },
	{ "a = \"\\u00e4\"", "a = 'ä'", true, true },
	{ "a = 1\nx = 1", "a = 1", false, true },
	{ "a = 1", "a = 1\n[x]\ny = 1", false, true },
	{ "a = 1", "a = 1\n[b.x]\ny = 1", false, true },
	{ "a = 1", "a = 1\n[b]\nx.y = 1\nz = 1", false, false },
	{ "[a]\nx = 1", "[a]\nx = 2", false, true },
	{ "[a]\nx = 1", "a = 1", false, false },
	{ "[a]", "", false, true },
};

static bool is_x(const struct toml_node *node, const void *arg)
{
	return streq(node->key, arg);
}

static void test_equal(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_toml_ struct toml *a = parse(pairs[i].a);
		_cleanup_toml_ struct toml *b = parse(pairs[i].b);
		const struct toml_node *x = toml_root(a), *y = toml_root(b);

		assert_int_equal(toml_equal(x, y, NULL, NULL), pairs[i].same);
		assert_int_equal(toml_equal(y, x, NULL, NULL), pairs[i].same);
		assert_int_equal(toml_equal(x, y, is_x, "x"), pairs[i].same_without);
		assert_int_equal(toml_equal(y, x, is_x, "x"), pairs[i].same_without);
	}
}

static int parse_once(void *arg, struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;

	return toml_parse(&toml, "t", arg, strlen(arg), err);
}

static void test_memory(void **state)
{
	char text[] = "a = [1, {b = '''c'''}]\n[d.e]\nf.g = 07:32:00\n[[h]]\n";

	assert_true(alloc_fail_each(parse_once, text) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),    cmocka_unit_test(test_nul),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_spans),
		cmocka_unit_test(test_equal),  cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
