/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated JSON for tests: numbers from a fixed seed, which a failing test prints, so that a
 * failure comes again. COAMING_SEED in the environment gives another one.
 */
#ifndef COAMING_TESTS_RANDOM_H
#define COAMING_TESTS_RANDOM_H

#include "lib/buf.h"

/* xorshift64*, Vigna 2016 */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

/* 0 to n-1. */
static inline size_t random_below(uint64_t *seed, size_t n)
{
	return (size_t)((random_next(seed) >> 11) % n);
}

static inline uint64_t random_seed(void)
{
	const char *text = getenv("COAMING_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 0;

	return seed ? seed : 20261123;
}

static const char *const random_scalars[] = {
	"null",
	"true",
	"false",
	"0",
	"-0",
	"1",
	"-1",
	"42",
	"1.5",
	"-0.25",
	"1e3",
	"2E-2",
	"9223372036854775807",
	"-9223372036854775808",
	"18446744073709551615",
	"123456789012345",
	"\"\"",
	"\"a\"",
	"\"\\\"\"",
	"\"\\\\\"",
	"\"\\/\\b\\f\\n\\r\\t\"",
	"\"\\u00e4\"",
	"\"\\uD83D\\ude00\"",
	"\"\xc3\xa4\"",
	"\"\xe2\x82\xac\"",
	"\"\xf0\x9f\x98\x80\"",
	"\"\x7f\"",
	"\"\\u007f\\u0001\"",
	"\"\xed\x9f\xbf\"",
	"\"\xf4\x8f\xbf\xbf\"",
};

static inline void random_space(uint64_t *seed, struct buf *out)
{
	static const char *const spaces[] = { "", "", "", " ", "\n", "\t", "\r\n", "  " };

	buf_adds(out, spaces[random_below(seed, ARRAY_SIZE(spaces))]);
}

/* Append a valid value. Keys of one object are distinct. */
static inline void random_json(uint64_t *seed, struct buf *out, unsigned depth)
{
	size_t kind = random_below(seed, depth > 0 ? 4 : 2);
	size_t n = random_below(seed, 6);

	if (kind < 2) {
		buf_adds(out, random_scalars[random_below(seed, ARRAY_SIZE(random_scalars))]);
		return;
	}
	buf_addc(out, kind == 2 ? '[' : '{');
	random_space(seed, out);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		random_space(seed, out);
		if (kind == 3) {
			static const char *const stems[] = { "a", "\\n", "\xc3\xa4", "\\u0061",
							     "" };

			buf_addf(out, "\"%s%zu\"", stems[random_below(seed, ARRAY_SIZE(stems))], i);
			random_space(seed, out);
			buf_addc(out, ':');
			random_space(seed, out);
		}
		random_json(seed, out, depth - 1);
		random_space(seed, out);
	}
	buf_addc(out, kind == 2 ? ']' : '}');
}

/* Damage a text in one to three places: a byte changed, put in, taken out, or a piece doubled. */
static inline void random_damage(uint64_t *seed, struct buf *text)
{
	static const char bytes[] = "{}[]\",:\\u0019-+.eEtfn \n\t\x00\x1f\x7f\x80\xbf\xc0\xed\xf4";

	for (size_t i = random_below(seed, 3) + 1; i > 0 && text->len > 0; i--) {
		size_t at = random_below(seed, text->len), left = text->len - at;
		size_t n = random_below(seed, left < 9 ? left : 9) + 1;
		char byte = bytes[random_below(seed, sizeof(bytes) - 1)];

		switch (random_below(seed, 4)) {
		case 0:
			text->data[at] = byte;
			break;
		case 1:
			buf_addc(text, 0);
			memmove(text->data + at + 1, text->data + at, left);
			text->data[at] = byte;
			break;
		case 2:
			n = n > left ? left : n;
			memmove(text->data + at, text->data + at + n, left - n);
			text->len -= n;
			break;
		case 3:
			for (size_t k = 0; k < n; k++)
				buf_addc(text, 0);
			memmove(text->data + at + n, text->data + at, left);
			break;
		}
	}
}

#endif
