/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees.
 */
#include "cli/term.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/utf8.h"

/* Narrower than this a terminal is not believed, or nobody could read it. */
#define COLUMNS_MIN 20
#define COLUMNS_MAX 1000

static const char *const codes[] = {
	[STYLE_NONE] = "",           [STYLE_BOLD] = "\x1b[1m",  [STYLE_DIM] = "\x1b[2m",
	[STYLE_BAD] = "\x1b[1;31m",  [STYLE_GOOD] = "\x1b[32m", [STYLE_WARN] = "\x1b[33m",
	[STYLE_TITLE] = "\x1b[1;4m",
};
static_assert(ARRAY_SIZE(codes) == STYLES_, "a code a style");

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (!no_color || !*no_color) && term && !streq(term, "dumb");
}

static size_t find_columns(FILE *out, bool terminal)
{
	const char *text = getenv("COLUMNS");
	struct winsize size = { 0 };
	char *end = NULL;
	unsigned long columns = text ? strtoul(text, &end, 10) : 0;

	if (!text || end == text || *end != '\0')
		columns = 0;
	if (columns == 0 && terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns == 0 && terminal)
		columns = 80;
	return columns >= COLUMNS_MIN && columns <= COLUMNS_MAX ? columns : 0;
}

struct term term_of(FILE *out)
{
	struct term term = { .out = out, .terminal = isatty(fileno(out)) == 1 };

	term.colour = term.terminal && wants_colour();
	term.columns = find_columns(out, term.terminal);
	return term;
}

static void begin(const struct term *term, enum style style)
{
	if (term->colour && style != STYLE_NONE)
		(void)fputs(codes[style], term->out);
}

static void end(const struct term *term, enum style style)
{
	if (term->colour && style != STYLE_NONE)
		(void)fputs("\x1b[0m", term->out);
}

void term_put(const struct term *term, enum style style, const char *text)
{
	begin(term, style);
	(void)fputs(text, term->out);
	end(term, style);
}

void term_putf(const struct term *term, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	begin(term, style);
	(void)vfprintf(term->out, fmt, ap);
	end(term, style);
	va_end(ap);
}

static size_t width_of(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80; /* one that begins a character */
	return n;
}

size_t term_width(const char *text)
{
	return width_of(text, strlen(text));
}

/* What a terminal would obey is not for it. */
static void put_word(const struct term *term, const char *word, size_t len)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = utf8_sequence(word + i, len - i);
		if (utf8_is_shown(word + i, n))
			(void)fwrite(word + i, 1, n, term->out);
		else
			(void)fputc('?', term->out);
	}
}

void term_wrap(const struct term *term, size_t used, size_t indent, const char *text)
{
	bool first = true;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " "), width = width_of(text, len);

		if (!first && term->columns > 0 && used + 1 + width > term->columns) {
			(void)fprintf(term->out, "\n%*s", (int)indent, "");
			used = indent;
			first = true;
		}
		if (!first)
			(void)fputc(' ', term->out);
		put_word(term, text, len);
		used += width + !first;
		first = false;
		text += len;
	}
	(void)fputc('\n', term->out);
}
