/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees: colour where the stream is a terminal that wants it, lines as wide as it is.
 *
 * What goes to a file or a pipe has neither colour nor breaks, so that it can be searched.
 *
 * Source: no-color.org; environ(7), COLUMNS
 */
#ifndef COAMING_CLI_TERM_H
#define COAMING_CLI_TERM_H

#include <stdio.h>

#include "lib/base.h"

enum style {
	STYLE_NONE,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_BAD,   /* refused, an error, wider */
	STYLE_GOOD,  /* accepted, narrower */
	STYLE_WARN,  /* only recorded, a warning */
	STYLE_TITLE, /* a heading */
	STYLES_,
};

struct term {
	FILE *out;
	bool terminal;
	bool colour;
	size_t columns; /* 0: as wide as the text */
};

/*
 * Colour only on a terminal whose TERM is not "dumb", and with NO_COLOR unset or empty. The width
 * is COLUMNS where that is a number of at least 20, else the terminal's.
 */
struct term term_of(FILE *out);

/* The text in that style. */
void term_put(const struct term *term, enum style style, const char *text);
void term_putf(const struct term *term, enum style style, const char *fmt, ...) _printf_(3, 4);

/* Columns that a text takes, of which none is invisible: its characters. */
size_t term_width(const char *text);

/*
 * A paragraph, on a line of which `used` columns are written: words broken to the width, the lines
 * that follow after `indent` spaces. Ends with a newline. Control characters become "?".
 */
void term_wrap(const struct term *term, size_t used, size_t indent, const char *text);

#endif
