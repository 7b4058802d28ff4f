/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of TOML: strings, numbers, times, arrays, inline tables.
 *
 * Source: toml.io/en/v1.0.0; RFC 3339 for times
 */
#include <errno.h>

#include "lib/toml_internal.h"
#include "lib/utf8.h"

/* ---- strings ---- */

static void put(struct toml_parser *p, unsigned byte)
{
	*p->out++ = (char)byte;
}

static void put_utf8(struct toml_parser *p, unsigned c)
{
	if (c < 0x80) {
		put(p, c);
	} else if (c < 0x800) {
		put(p, 0xc0 | c >> 6);
		put(p, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		put(p, 0xe0 | c >> 12);
		put(p, 0x80 | (c >> 6 & 0x3f));
		put(p, 0x80 | (c & 0x3f));
	} else {
		put(p, 0xf0 | c >> 18);
		put(p, 0x80 | (c >> 12 & 0x3f));
		put(p, 0x80 | (c >> 6 & 0x3f));
		put(p, 0x80 | (c & 0x3f));
	}
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Behind \u or \U. */
static int read_unicode(struct toml_parser *p, unsigned digits)
{
	size_t start = p->pos - 2;
	unsigned c = 0;

	for (unsigned i = 0; i < digits; i++) {
		int digit = hex_digit(toml_peek(p));

		if (digit < 0)
			return toml_bad(p, start, "\\u needs four hexadecimal digits, \\U eight");
		c = c << 4 | (unsigned)digit;
		p->pos++;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return toml_bad(p, start, "this is no character of Unicode");
	if (c == 0)
		return toml_bad(p, start, "a NUL");
	put_utf8(p, c);
	return 0;
}

static int read_escape(struct toml_parser *p)
{
	static const char letters[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
	const char *letter;
	int c;

	p->pos++;
	c = toml_peek(p);
	letter = c > 0 ? strchr(letters, c) : NULL;
	p->pos++;
	if (letter) {
		put(p, (unsigned)bytes[letter - letters]);
		return 0;
	}
	if (c == 'u' || c == 'U')
		return read_unicode(p, c == 'u' ? 4 : 8);
	return toml_bad(p, p->pos - 2, "no escape of TOML");
}

/* One character that stands for itself. */
static int read_plain(struct toml_parser *p)
{
	size_t n = utf8_sequence(p->text + p->pos, p->len - p->pos);
	int c = toml_peek(p);

	if (n == 0)
		return toml_bad(p, p->pos, "this is no UTF-8");
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return toml_bad(p, p->pos, "a control character in a string");
	memcpy(p->out, p->text + p->pos, n);
	p->out += n;
	p->pos += n;
	return 0;
}

static int read_single(struct toml_parser *p, int quote)
{
	size_t start = p->pos++;
	int r = 0;

	while (r == 0 && toml_peek(p) != quote) {
		if (p->pos >= p->len || toml_ahead(p, "\n") || toml_ahead(p, "\r\n"))
			return toml_bad(p, start, "a string without its end on this line");
		r = toml_peek(p) == '\\' && quote == '"' ? read_escape(p) : read_plain(p);
	}
	p->pos++;
	return r;
}

/* A backslash at the end of a line: it, the newline and all white space after it say nothing. */
static bool skip_continued(struct toml_parser *p)
{
	size_t start = p->pos;

	p->pos++;
	toml_skip_blanks(p);
	if (!toml_skip_newline(p)) {
		p->pos = start;
		return false;
	}
	do
		toml_skip_blanks(p);
	while (toml_skip_newline(p));
	return true;
}

/* Three quotes end it, and one or two before those belong to it. */
static bool read_end(struct toml_parser *p, int quote)
{
	size_t n = 0;

	while (n < 5 && p->pos + n < p->len && p->text[p->pos + n] == quote)
		n++;
	if (n < 3)
		return false;
	p->pos += n;
	for (; n > 3; n--)
		put(p, (unsigned)quote);
	return true;
}

static int read_multi(struct toml_parser *p, int quote)
{
	size_t start = p->pos;
	int r = 0;

	p->pos += 3;
	(void)toml_skip_newline(p);
	while (r == 0 && !read_end(p, quote)) {
		if (p->pos >= p->len)
			return toml_bad(p, start, "a string without its end");
		if (toml_skip_newline(p))
			put(p, '\n');
		else if (toml_peek(p) != '\\' || quote != '"')
			r = read_plain(p);
		else if (!skip_continued(p))
			r = read_escape(p);
	}
	return r;
}

int toml_read_string(struct toml_parser *p, bool multi, const char **ret, size_t *ret_len)
{
	const char *string = p->out;
	int quote = toml_peek(p), r;

	if (toml_ahead(p, quote == '"' ? "\"\"\"" : "'''")) {
		if (!multi)
			return toml_bad(p, p->pos, "a key in three quotes");
		r = read_multi(p, quote);
	} else {
		r = read_single(p, quote);
	}
	if (r < 0)
		return r;
	*ret = string;
	*ret_len = (size_t)(p->out - string);
	put(p, 0);
	return 0;
}

/* ---- words: numbers, times, true and false ---- */

struct word {
	const char *s;
	size_t n;
};

static bool take(struct word *w, char c)
{
	if (w->n == 0 || w->s[0] != c)
		return false;
	w->s++;
	w->n--;
	return true;
}

static bool take_either(struct word *w, char a, char b)
{
	return take(w, a) || take(w, b);
}

/* Digits of a base, with single underscores between them; how many. */
static size_t take_digits(struct word *w, int base)
{
	size_t digits = 0;
	int d;

	while (w->n > 0) {
		bool underscore = digits > 0 && w->s[0] == '_' && w->n > 1;

		d = hex_digit((unsigned char)w->s[underscore ? 1 : 0]);
		if (d < 0 || d >= base)
			break;
		w->s += underscore ? 2 : 1;
		w->n -= underscore ? 2 : 1;
		digits++;
	}
	return digits;
}

/* No leading zero. */
static bool take_decimal(struct word *w)
{
	bool zero = w->n > 0 && w->s[0] == '0';
	size_t digits = take_digits(w, 10);

	return digits == 1 || (digits > 1 && !zero);
}

static bool is_integer(struct word w)
{
	static const struct {
		char letter;
		int base;
	} bases[] = { { 'x', 16 }, { 'o', 8 }, { 'b', 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		if (w.n > 2 && w.s[0] == '0' && w.s[1] == bases[i].letter) {
			w.s += 2;
			w.n -= 2;
			return take_digits(&w, bases[i].base) > 0 && w.n == 0;
		}
	}
	(void)take_either(&w, '+', '-');
	return take_decimal(&w) && w.n == 0;
}

static bool is_float(struct word w)
{
	bool fraction, exponent;

	(void)take_either(&w, '+', '-');
	if (w.n == 3 && (memcmp(w.s, "inf", 3) == 0 || memcmp(w.s, "nan", 3) == 0))
		return true;
	if (!take_decimal(&w))
		return false;
	fraction = take(&w, '.');
	if (fraction && take_digits(&w, 10) == 0)
		return false;
	exponent = take_either(&w, 'e', 'E');
	if (exponent)
		(void)take_either(&w, '+', '-');
	if (exponent && take_digits(&w, 10) == 0)
		return false;
	return w.n == 0 && (fraction || exponent);
}

/* Exactly `digits` digits, from least to most. */
static bool take_number(struct word *w, size_t digits, unsigned least, unsigned most, unsigned *ret)
{
	unsigned v = 0;

	if (w->n < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (w->s[i] < '0' || w->s[i] > '9')
			return false;
		v = v * 10 + (unsigned)(w->s[i] - '0');
	}
	w->s += digits;
	w->n -= digits;
	*ret = v;
	return v >= least && v <= most;
}

static bool take_date(struct word *w)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned y, m, d;

	if (!take_number(w, 4, 0, 9999, &y) || !take(w, '-') || !take_number(w, 2, 1, 12, &m) ||
	    !take(w, '-') || !take_number(w, 2, 1, 31, &d))
		return false;
	return d <= days[m - 1] ||
	       (m == 2 && d == 29 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

static bool take_clock(struct word *w)
{
	unsigned v;

	if (!take_number(w, 2, 0, 23, &v) || !take(w, ':') || !take_number(w, 2, 0, 59, &v) ||
	    !take(w, ':') || !take_number(w, 2, 0, 59, &v))
		return false;
	if (!take(w, '.'))
		return true;
	if (!take_number(w, 1, 0, 9, &v))
		return false;
	while (w->n > 0 && take_number(w, 1, 0, 9, &v))
		;
	return true;
}

static bool take_offset(struct word *w)
{
	unsigned v;

	if (w->n == 0 || take_either(w, 'Z', 'z'))
		return true;
	return take_either(w, '+', '-') && take_number(w, 2, 0, 23, &v) && take(w, ':') &&
	       take_number(w, 2, 0, 59, &v);
}

static bool is_time(struct word w)
{
	struct word date = w;

	if (!take_date(&date))
		return take_clock(&w) && w.n == 0;
	if (date.n == 0)
		return true;
	return (take_either(&date, 'T', 't') || take(&date, ' ')) && take_clock(&date) &&
	       take_offset(&date) && date.n == 0;
}

static bool is_word(struct word w, const char *text)
{
	return w.n == strlen(text) && memcmp(w.s, text, w.n) == 0;
}

static bool is_bool(struct word w)
{
	return is_word(w, "true") || is_word(w, "false");
}

static bool is_word_byte(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c > 0 && strchr("_+-.:", c));
}

/* A blank stands within a word only between a date and a time. */
static struct word next_word(struct toml_parser *p)
{
	struct word w = { p->text + p->pos, 0 }, date;

	while (is_word_byte(toml_peek(p)))
		p->pos++;
	w.n = (size_t)(p->text + p->pos - w.s);
	date = w;
	if (!take_date(&date) || date.n > 0 || p->len - p->pos < 4 || p->text[p->pos] != ' ' ||
	    p->text[p->pos + 1] < '0' || p->text[p->pos + 1] > '9')
		return w;
	p->pos++;
	while (is_word_byte(toml_peek(p)))
		p->pos++;
	w.n = (size_t)(p->text + p->pos - w.s);
	return w;
}

static int read_word(struct toml_parser *p, struct toml_node *node)
{
	static const struct {
		enum toml_type type;
		bool (*is)(struct word w);
	} kinds[] = {
		{ TOML_BOOL, is_bool },
		{ TOML_INTEGER, is_integer },
		{ TOML_FLOAT, is_float },
		{ TOML_TIME, is_time },
	};
	size_t start = p->pos;
	struct word w = next_word(p);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].is(w))
			continue;
		node->type = kinds[i].type;
		node->string = p->out;
		node->string_len = w.n;
		memcpy(p->out, w.s, w.n);
		p->out += w.n;
		put(p, 0);
		return 0;
	}
	return toml_bad(p, start,
			w.n ? "no value of TOML (is it a string without quotes?)"
			    : "expected a value");
}

/* ---- what holds others ---- */

static int skip_between(struct toml_parser *p)
{
	int r;

	do {
		r = toml_skip_comment(p);
		if (r < 0)
			return r;
	} while (toml_skip_newline(p));
	return 0;
}

static int read_array(struct toml_parser *p, struct toml_node *array)
{
	int r;

	array->type = TOML_ARRAY;
	p->pos++;
	for (;;) {
		struct toml_node *element;

		r = skip_between(p);
		if (r < 0 || toml_peek(p) == ']')
			break;
		element = toml_new(p, array, TOML_TABLE, TOML_VALUE, NULL);
		if (!element)
			return p->err->class == ERR_SYSTEM ? -ENOMEM : -E2BIG;
		r = toml_read_value(p, element);
		if (r == 0)
			r = skip_between(p);
		if (r < 0 || toml_peek(p) == ']')
			break;
		if (toml_peek(p) != ',')
			return toml_bad(p, p->pos, "expected \",\" or \"]\"");
		p->pos++;
	}
	p->pos++;
	return r;
}

static int read_inline_table(struct toml_parser *p, struct toml_node *table)
{
	struct toml_node *member;

	table->type = TOML_TABLE;
	p->pos++;
	toml_skip_blanks(p);
	while (toml_peek(p) != '}' || table->first) {
		int r = toml_read_pair(p, table, &member);

		if (r < 0)
			return r;
		toml_skip_blanks(p);
		if (toml_peek(p) == '}')
			break;
		if (toml_peek(p) != ',')
			return toml_bad(p, p->pos, "expected \",\" or \"}\"");
		p->pos++;
		toml_skip_blanks(p);
	}
	p->pos++;
	return 0;
}

int toml_read_value(struct toml_parser *p, struct toml_node *node)
{
	int c = toml_peek(p), r;

	node->start = p->pos;
	if (c == '"' || c == '\'') {
		node->type = TOML_STRING;
		r = toml_read_string(p, true, &node->string, &node->string_len);
	} else if (c == '[') {
		r = read_array(p, node);
	} else if (c == '{') {
		r = read_inline_table(p, node);
	} else {
		r = read_word(p, node);
	}
	node->end = p->pos;
	return r;
}
