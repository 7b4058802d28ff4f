/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/term.c: paragraphs as wide as the terminal, and nothing in them that it would obey.
 */
#include "cli/term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void check_wrap(size_t columns, size_t used, size_t indent, const char *text,
		       const char *wanted)
{
	_cleanup_free_ char *seen = NULL;
	struct term term = { .columns = columns };
	size_t len = 0;

	term.out = open_memstream(&seen, &len);
	assert_non_null(term.out);
	term_wrap(&term, used, indent, text);
	assert_int_equal(fclose(term.out), 0);
	assert_string_equal(seen, wanted);
}

static void words_are_broken(void **state)
{
	check_wrap(0, 2, 4, "as wide as the text is", "as wide as the text is\n");
	check_wrap(10, 0, 2, "one two three four", "one two\n  three\n  four\n");
	check_wrap(10, 6, 0, "one two", "one\ntwo\n");
	check_wrap(4, 0, 0, "longer than that", "longer\nthan\nthat\n");
	check_wrap(10, 0, 0, " a  b ", "a b\n");
	check_wrap(10, 0, 0, "", "\n");
	/* Characters are counted, and not bytes. */
	check_wrap(5, 0, 0, "\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc",
		   "\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc\n");
}

static void nothing_is_obeyed(void **state)
{
	check_wrap(0, 0, 0, "a\x1b[31mb\x07\r\n\tc\x7f", "a?[31mb????c?\n");
	/* CSI as one character, in UTF-8 and as a terminal of eight bits has it. */
	check_wrap(0, 0, 0,
		   "a\xc2\x9b"
		   "31mb",
		   "a?31mb\n");
	check_wrap(0, 0, 0,
		   "a\x9b"
		   "31mb",
		   "a?31mb\n");
	check_wrap(0, 0, 0, "\xc2", "?\n");
	check_wrap(0, 0, 0, "\xe2\x82 \xc0\x9b", "?? ??\n");
	check_wrap(0, 0, 0, "\xe2\x82\xac \xc2\xa0", "\xe2\x82\xac \xc2\xa0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_broken),
		cmocka_unit_test(nothing_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
