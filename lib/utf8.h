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

#endif
