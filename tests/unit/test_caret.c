/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/caret.c: the line that is shown, and where the caret stands, for every column and width.
 */
#include "cli/caret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char *shown(const char *text, size_t len, size_t line, size_t column, size_t columns)
{
	char *out = NULL;
	size_t n = 0;
	struct term term = { .out = open_memstream(&out, &n), .columns = columns };

	assert_non_null(term.out);
	caret_show(&term, text, len, line, column);
	assert_int_equal(fclose(term.out), 0);
	return out;
}

static void assert_shown(const char *text, size_t line, size_t column, const char *expected)
{
	_cleanup_free_ char *out = shown(text, strlen(text), line, column, 60);

	assert_string_equal(out, expected);
}

static void test_lines(void **state)
{
	assert_shown("abc\ndef", 1, 1, "    abc\n    ^\n");
	assert_shown("abc\ndef", 2, 3, "    def\n      ^\n");
	assert_shown("abc\r\ndef", 1, 3, "    abc\n      ^\n");
	/* Behind the end: where something is missing. */
	assert_shown("abc\n", 2, 1, "    \n    ^\n");
	assert_shown("abc", 1, 9, "    abc\n       ^\n");
	assert_shown("", 1, 1, "    \n    ^\n");
	/* No such line: nothing. */
	assert_shown("abc", 2, 1, "");
	assert_shown("abc\n", 3, 1, "");
	assert_shown("abc", 0, 0, "");
}

static void test_characters(void **state)
{
	assert_shown("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3x", 1, 4,
		     "    \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3x\n       ^\n");
	assert_shown("\ta\tb", 1, 4, "    \ta\tb\n    \t \t^\n");
}

static void test_unsafe(void **state)
{
	/* ESC, DEL, CSI as C1, right-to-left override, zero width, byte order mark. */
	assert_shown("\x1b[2Jx\x7f\xc2\x9bx\xe2\x80\xaex\xe2\x80\x8bx\xef\xbb\xbfx", 1, 5,
		     "    ?[2Jx??x?x?x?x\n        ^\n");
	/* Bytes that are no UTF-8, one each. */
	assert_shown("a\xff\xc3x\xe2\x82x\xc0\xaf", 1, 2, "    a??x??x??\n     ^\n");
}

/* Whatever the width, the part that is shown fits, and the caret is below the character. */
static void test_cut(void **state)
{
	char text[512];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	for (size_t columns = 20; columns < 120; columns += 7) {
		for (size_t column = 1; column <= sizeof(text); column++) {
			_cleanup_free_ char *out = shown(text, sizeof(text), 1, column, columns);
			const char *newline = strchr(out, '\n');
			size_t at;

			assert_non_null(newline);
			assert_true((size_t)(newline - out) < columns);
			at = strcspn(newline + 1, "^");
			assert_int_equal(out[at], text[column - 1]);
			assert_true(column < columns || memcmp(out, "    ...", 7) == 0);
			assert_true(column > 440 || memcmp(newline - 3, "...", 3) == 0);
		}
	}
}

/* A line that fits with narrow tabs alone is shown with a blank for each. */
static void test_wide_tabs(void **state)
{
	_cleanup_free_ char *out = shown("\t\t\t\tx", 5, 1, 5, 20);

	assert_string_equal(out, "        x\n        ^\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),     cmocka_unit_test(test_characters),
		cmocka_unit_test(test_unsafe),    cmocka_unit_test(test_cut),
		cmocka_unit_test(test_wide_tabs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
