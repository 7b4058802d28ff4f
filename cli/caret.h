/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a text that a message speaks of, and a caret below its column.
 */
#ifndef COAMING_CLI_CARET_H
#define COAMING_CLI_CARET_H

#include "cli/term.h"

/*
 * Print two lines: the text's, and the caret's. A line that is wider than the terminal is cut
 * around the column. What a terminal would obey, or would show as nothing, and what is no UTF-8
 * becomes "?".
 *
 * line, column  from 1, characters; nothing is printed where there is no such line
 */
void caret_show(const struct term *term, const char *text, size_t len, size_t line, size_t column);

#endif
