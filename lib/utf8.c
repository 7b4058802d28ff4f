/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8, checked.
 */
#include "lib/utf8.h"

size_t utf8_sequence(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (left < n || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool utf8_is_shown(const char *s, size_t n)
{
	return n > 2 || (n == 2 && !(s[0] == '\xc2' && (unsigned char)s[1] < 0xa0)) ||
	       (n == 1 && *s >= 0x20 && *s != 0x7f);
}

size_t utf8_put_shown(char *out, size_t size, const char *text)
{
	size_t o = 0;

	for (const char *s = text; *s && o + 4 < size;) {
		size_t n = utf8_sequence(s, strnlen(s, 4));
		bool shown = utf8_is_shown(s, n);

		if (shown)
			memcpy(out + o, s, n);
		else
			out[o] = '?';
		o += shown ? n : 1;
		s += n ? n : 1;
	}
	out[o] = '\0';
	return o;
}

void utf8_position(const char *text, size_t len, size_t offset, size_t *ret_line,
		   size_t *ret_column)
{
	*ret_line = 1;
	*ret_column = 1;
	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			(*ret_line)++;
			*ret_column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			(*ret_column)++;
		}
	}
}
