/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small ones of lib: err.c, buf.c, strv.c, utf8.c, hash.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/uio.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/hash.h"
#include "lib/strv.h"
#include "lib/utf8.h"
#include "tests/unit/alloc.h"

/* ---- errors ---- */

static void test_first_cause_wins(void **state)
{
	struct err err = { 0 };

	err_context(&err, "nothing happened");
	assert_string_equal(err.text, "");
	assert_int_equal(err_refuse(&err, EPERM, "no %s", "way"), -EPERM);
	assert_int_equal(err_oom(&err), -ENOMEM);
	assert_int_equal(err_errno(&err, EIO, "later"), -EIO);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_string_equal(err.text, "no way");
	err_context(&err, "inner %d", 1);
	err_context(&err, "outer");
	assert_string_equal(err.text, "outer: inner 1: no way");
	err_clear(&err);
	assert_int_equal(err_errno(&err, ENOENT, "cannot open %s", "x"), -ENOENT);
	assert_string_equal(err.text, "cannot open x: No such file or directory");
	assert_int_equal(err.class, ERR_SYSTEM);
}

/* Never 0, which would say that all is well; and nobody has to want the sentence. */
static void test_no_errno(void **state)
{
	struct err err = { 0 };

	assert_int_equal(err_input(&err, 0, "wrong"), -EINVAL);
	assert_int_equal(err.class, ERR_INPUT);
	assert_int_equal(err_input(NULL, 0, "wrong"), -EINVAL);
	assert_int_equal(err_refuse(NULL, EPERM, "wrong"), -EPERM);
	assert_int_equal(err_errno(NULL, EIO, "wrong"), -EIO);
	err_context(NULL, "wrong");
}

static void test_long_errors_are_cut(void **state)
{
	char longest[2 * ERR_TEXT_MAX];
	struct err err = { 0 };

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(err_errno(&err, EIO, "%s", longest), -EIO);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_context(&err, "%s", longest);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_context(&err, "outermost");
	assert_true(starts_with(err.text, "outermost: xxx"));
}

#define TEXT(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *text;
	size_t len;
	const char *quoted;
} quotes[] = {
	{ TEXT(""), "\"\"" },
	{ TEXT("plain text, 'as it is'"), "\"plain text, 'as it is'\"" },
	{ TEXT("a\"b\\c"), "\"a\\\"b\\\\c\"" },
	{ TEXT("\n\t\r\x1b[2J\x7f"), "\"\\n\\t\\x0d\\x1b[2J\\x7f\"" },
	{ TEXT("nul\0behind"), "\"nul\\x00behind\"" },
	{ TEXT("\xc3\xa4\xff"), "\"\\xc3\\xa4\\xff\"" },
};

static void test_quote(void **state)
{
	char out[QUOTE_MAX], text[1000];

	for (size_t i = 0; i < ARRAY_SIZE(quotes); i++)
		assert_string_equal(quote(out, quotes[i].text, quotes[i].len), quotes[i].quoted);
	/* Whatever the last byte that fits is, the end is told and in place. */
	for (size_t len = 150; len < 260; len++) {
		for (size_t kind = 0; kind < 3; kind++) {
			size_t n;

			memset(text, "x\"\x01"[kind], sizeof(text));
			n = strlen(quote(out, text, len));
			assert_true(n < QUOTE_MAX && out[0] == '"' && out[n - 1] == '"');
			if (n < (kind == 2 ? 4 : kind + 1) * len + 2)
				assert_memory_equal(out + n - 4, "...\"", 4);
		}
	}
}

/* ---- buffers ---- */

static void test_buf(void **state)
{
	_cleanup_buf_ struct buf buf = { 0 };
	_cleanup_free_ char *text = NULL, *empty = NULL;

	buf_addc(&buf, 'a');
	buf_adds(&buf, "bc");
	buf_add(&buf, "d\0e", 3);
	buf_addf(&buf, "%d-%s", 7, "x");
	buf_add(&buf, NULL, 0);
	assert_int_equal(buf_status(&buf), 0);
	assert_int_equal(buf.len, 9);
	assert_memory_equal(buf.data, "abcd\0e7-x", 10);
	text = buf_take(&buf);
	assert_memory_equal(text, "abcd\0e7-x", 10);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	empty = buf_take(&buf);
	assert_string_equal(empty, "");
}

/* One byte at a time, past every place where it grows. */
static void test_buf_grows(void **state)
{
	_cleanup_buf_ struct buf bytes = { 0 }, words = { 0 };

	for (size_t i = 0; i < 5000; i++) {
		buf_addc(&bytes, (char)('a' + i % 26));
		assert_int_equal(bytes.data[bytes.len], '\0');
		buf_addf(&words, "%c", 'a' + (int)(i % 26));
	}
	assert_int_equal(bytes.len, 5000);
	assert_string_equal(bytes.data, words.data);
}

static void test_buf_out_of_memory(void **state)
{
	_cleanup_buf_ struct buf buf = { 0 };

	buf_adds(&buf, "before");
	alloc_fail_at(1);
	for (size_t i = 0; i < 1000; i++)
		buf_addc(&buf, 'x');
	alloc_fail_at(0);
	assert_true(alloc_has_failed());
	assert_int_equal(buf_status(&buf), -ENOMEM);
	/* It stays failed, so that no text with a hole in it gets out. */
	buf_adds(&buf, "after");
	buf_addf(&buf, "%s", "after");
	assert_int_equal(buf_status(&buf), -ENOMEM);
	assert_null(buf_take(&buf));
}

static void test_buf_overflow(void **state)
{
	_cleanup_buf_ struct buf buf = { 0 };

	buf_adds(&buf, "x");
	buf_add(&buf, "y", SIZE_MAX - 1);
	assert_int_equal(buf_status(&buf), -ENOMEM);
}

/* ---- arrays of strings ---- */

static void test_strv(void **state)
{
	static const char *const words[] = { "b", "a", "", "b", "ab", "a", "b" };
	struct err err = { 0 };
	char **v = NULL;
	size_t n = 0;

	strv_sort_unique(v, &n);
	assert_false(strv_contains(v, n, ""));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(strv_add(&v, &n, words[i], &err), 0);
	assert_int_equal(n, 7);
	assert_string_equal(v[6], "b");
	assert_ptr_not_equal(v[6], words[6]);
	strv_sort_unique(v, &n);
	assert_int_equal(n, 4);
	assert_string_equal(v[0], "");
	assert_string_equal(v[1], "a");
	assert_string_equal(v[2], "ab");
	assert_string_equal(v[3], "b");
	assert_true(strv_contains(v, n, "ab"));
	assert_false(strv_contains(v, n, "abc"));
	strv_free(&v, &n);
	assert_null(v);
	assert_int_equal(n, 0);
}

static int add_two(void *arg, struct err *err)
{
	char **v = NULL;
	size_t n = 0;
	int r = strv_add(&v, &n, "one", err);

	if (r == 0)
		r = strv_add(&v, &n, "two", err);
	strv_free(&v, &n);
	return r;
}

static void test_strv_out_of_memory(void **state)
{
	assert_int_equal(alloc_fail_each(add_two, NULL), 4);
}

/* ---- UTF-8 ---- */

/* The definition turned around: a sequence is valid where it is what its character encodes to. */
static size_t encode(uint32_t c, unsigned char out[4])
{
	if (c >= 0xd800 && c <= 0xdfff)
		return 0;
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xc0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (unsigned char)(0x80 | (c & 0x3f));
		return 3;
	}
	if (c > 0x10ffff)
		return 0;
	out[0] = (unsigned char)(0xf0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (unsigned char)(0x80 | (c & 0x3f));
	return 4;
}

static size_t expected(const unsigned char s[4])
{
	uint32_t c = s[0];
	unsigned char back[4];
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (n > 1)
		c = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return encode(c, back) == n && memcmp(back, s, n) == 0 ? n : 0;
}

static void test_utf8(void **state)
{
	/* Third and fourth bytes need only be on either side of each bound. */
	static const unsigned char edges[] = {
		0x00, 0x7f, 0x80, 0x8f, 0x9f, 0xa0, 0xbf, 0xc0, 0xff
	};
	unsigned char s[4];
	size_t wrong = 0, valid = 0;

	for (uint32_t lead = 0; lead < 0x10000; lead++) {
		s[0] = (unsigned char)(lead >> 8);
		s[1] = (unsigned char)lead;
		for (size_t i = 0; i < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
			size_t n;

			s[2] = edges[i / ARRAY_SIZE(edges)];
			s[3] = edges[i % ARRAY_SIZE(edges)];
			n = expected(s);
			valid += n > 0;
			for (size_t left = 0; left <= 4; left++)
				wrong +=
					utf8_sequence((const char *)s, left) != (left >= n ? n : 0);
		}
	}
	assert_int_equal(wrong, 0);
	assert_true(valid > 100000);
}

static void test_every_character(void **state)
{
	size_t characters = 0;

	for (uint32_t c = 0; c < 0x120000; c++) {
		unsigned char s[4] = { 0 };
		size_t n = encode(c, s);

		if (n > 0)
			assert_int_equal(utf8_sequence((const char *)s, 4), n);
		characters += n > 0;
	}
	assert_int_equal(characters, 0x110000 - 0x800);
}

/* ---- SHA-256 ---- */

static const struct {
	const char *text;
	const char *hash;
} hashes[] = {
	/* FIPS 180-4's examples */
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
	  "klmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
};

static void test_hash(void **state)
{
	char hash[SHA256_HEX];

	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
		sha256_hex1(hash, hashes[i].text, strlen(hashes[i].text));
		assert_string_equal(hash, hashes[i].hash);
	}
}

/* A million times "a", in pieces of every length. */
static void test_hash_of_pieces(void **state)
{
	struct iovec pieces[1415];
	_cleanup_free_ char *text = malloc(1000000);
	char hash[SHA256_HEX];
	size_t n = 0, at = 0;

	assert_non_null(text);
	memset(text, 'a', 1000000);
	for (; at + n <= 1000000 && n < ARRAY_SIZE(pieces) - 1; n++) {
		pieces[n] = (struct iovec){ text + at, n };
		at += n;
	}
	pieces[n] = (struct iovec){ text + at, 1000000 - at };
	sha256_hex(hash, pieces, n + 1);
	assert_string_equal(hash,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_cause_wins),
		cmocka_unit_test(test_no_errno),
		cmocka_unit_test(test_long_errors_are_cut),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_out_of_memory),
		cmocka_unit_test(test_buf_overflow),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_strv_out_of_memory),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_of_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
