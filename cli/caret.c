/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a text that a message speaks of, and a caret below its column.
 */
#include "cli/caret.h"

#include "cli/faults.h"
#include "lib/utf8.h"

#define INDENT 4
/* What a file shows that is not written for a terminal: its lines may have a million bytes. */
#define COLUMNS_ELSE 100
#define TAB_STOP     8
/* What is left out at an end of the line is shown as this many dots. */
#define DOTS 3

/* One line, of which a part is shown. Positions count characters from 0. */
struct view {
	const char *text;
	size_t len;          /* bytes */
	size_t total;        /* characters */
	size_t at;           /* where the caret points; up to `total` */
	size_t first, shown; /* the part */
	bool keep_tabs;      /* it fits as a whole, however wide its tabs are */
};

/* Bytes of the next character; 1 for a byte that belongs to none. */
static size_t step(const char *s, size_t left)
{
	size_t n = utf8_sequence(s, left);

	return n ? n : 1;
}

static uint32_t code_point(const char *s, size_t n)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s[0] & masks[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* Control characters, what turns the direction of writing, what has no width. */
static bool is_unsafe(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },   { 0x0300, 0x036f },
		{ 0x061c, 0x061c }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	}
	return false;
}

static bool find_line(const char *text, size_t len, size_t line, struct view *view)
{
	const char *end;
	size_t begin = 0;

	for (size_t i = 1; i < line; i++) {
		end = memchr(text + begin, '\n', len - begin);
		if (!end)
			return false;
		begin = (size_t)(end - text) + 1;
	}
	if (line == 0)
		return false;
	end = memchr(text + begin, '\n', len - begin);
	view->text = text + begin;
	view->len = end ? (size_t)(end - view->text) : len - begin;
	if (view->len > 0 && view->text[view->len - 1] == '\r')
		view->len--;
	return true;
}

/* Counts characters, and columns with tabs at every eighth. */
static size_t measure(struct view *view, size_t offset)
{
	size_t width = 0;

	for (size_t i = 0; i < view->len; i += step(view->text + i, view->len - i)) {
		view->at += i < offset;
		view->total++;
		width += view->text[i] == '\t' ? TAB_STOP - (INDENT + width) % TAB_STOP : 1;
	}
	return width;
}

static void choose_part(struct view *view, size_t width, size_t room)
{
	view->keep_tabs = width <= room;
	view->shown = view->total;
	if (width <= room || view->total <= room)
		return;
	view->shown = room;
	view->first = view->at > room * 2 / 3 ? view->at - room * 2 / 3 : 0;
	if (view->first + room > view->total)
		view->first = view->total - room;
}

static void put_character(const struct term *term, const struct view *view, const char *s,
			  size_t left)
{
	size_t n = utf8_sequence(s, left);

	if (*s == '\t')
		(void)fputc(view->keep_tabs ? '\t' : ' ', term->out);
	else if (n == 0 || is_unsafe(code_point(s, n)))
		(void)fputc('?', term->out);
	else
		(void)fwrite(s, 1, n, term->out);
}

static bool is_cut(const struct view *view, size_t i)
{
	bool before = view->first > 0 && i < view->first + DOTS;
	bool behind =
		view->first + view->shown < view->total && i + DOTS >= view->first + view->shown;

	return before || behind;
}

static void put_line(const struct term *term, const struct view *view)
{
	size_t n = 0;

	(void)fprintf(term->out, "%*s", INDENT, "");
	for (size_t i = 0; i < view->len; n++) {
		size_t left = view->len - i;

		if (n >= view->first && n < view->first + view->shown) {
			if (is_cut(view, n))
				(void)fputc('.', term->out);
			else
				put_character(term, view, view->text + i, left);
		}
		i += step(view->text + i, left);
	}
	(void)fputc('\n', term->out);
}

static void put_caret(const struct term *term, const struct view *view)
{
	size_t n = 0;

	(void)fprintf(term->out, "%*s", INDENT, "");
	for (size_t i = 0; i < view->len && n < view->at; n++) {
		if (n >= view->first)
			(void)fputc(view->text[i] == '\t' && view->keep_tabs ? '\t' : ' ',
				    term->out);
		i += step(view->text + i, view->len - i);
	}
	term_put(term, STYLE_GOOD, "^");
	(void)fputc('\n', term->out);
}

void caret_show(const struct term *term, const char *text, size_t len, size_t line, size_t column)
{
	size_t columns = term->columns > 0 ? term->columns : COLUMNS_ELSE;
	struct view view = { 0 };
	size_t offset, width;

	if (!find_line(text, len, line, &view))
		return;
	offset = text_offset(text, len, line, column) - (size_t)(view.text - text);
	width = measure(&view, offset);
	choose_part(&view, width, columns - INDENT - 1);
	put_line(term, &view);
	put_caret(term, &view);
}
