/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8, checked.
 */
#ifndef COAMING_LIB_UTF8_H
#define COAMING_LIB_UTF8_H

#include "lib/base.h"

/*
 * Length of the valid sequence at s: 1 to 4, or 0 where there is none. No overlong form, no
 * surrogate, nothing above U+10FFFF. Source: RFC 3629, section 4.
 */
size_t utf8_sequence(const char *s, size_t left);

/*
 * Is the sequence of n bytes at s, as utf8_sequence() has it, what a terminal shows and does not
 * obey? No control of ASCII, none that U+0080 to U+009F encode; no UTF-8 (n is 0) may be either.
 */
bool utf8_is_shown(const char *s, size_t n);

/*
 * Copy a text without what a terminal would obey: controls of ASCII, those that U+0080 to U+009F
 * encode, and what is no UTF-8 become "?". Cut where it is too long.
 *
 * size     at least 4
 * Returns  bytes written, without the NUL
 */
size_t utf8_put_shown(char *out, size_t size, const char *text);

/* Line and column of a byte, both from 1; columns count characters. */
void utf8_position(const char *text, size_t len, size_t offset, size_t *ret_line,
		   size_t *ret_column);

#endif
