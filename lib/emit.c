/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write JSON into a buffer.
 */
#include "lib/emit.h"

#include "lib/utf8.h"

static void newline(struct emit *e)
{
	if (e->indent == 0)
		return;
	buf_addc(e->out, '\n');
	for (int i = 0; i < e->level * e->indent; i++)
		buf_addc(e->out, ' ');
}

/* Before a value that stands in an array, or before a key. */
static void separate(struct emit *e)
{
	if (e->after_key) {
		e->after_key = false;
		return;
	}
	if (e->comma)
		buf_addc(e->out, ',');
	if (e->level > 0)
		newline(e);
}

static void open(struct emit *e, char bracket)
{
	separate(e);
	buf_addc(e->out, bracket);
	e->comma = false;
	e->level++;
}

static void close_with(struct emit *e, char bracket)
{
	e->level--;
	if (e->comma)
		newline(e);
	buf_addc(e->out, bracket);
	e->comma = true;
}

static void value(struct emit *e, const char *json)
{
	separate(e);
	buf_adds(e->out, json);
	e->comma = true;
}

void emit_object(struct emit *e)
{
	open(e, '{');
}

void emit_object_end(struct emit *e)
{
	close_with(e, '}');
}

void emit_array(struct emit *e)
{
	open(e, '[');
}

void emit_array_end(struct emit *e)
{
	close_with(e, ']');
}

static void quoted(struct emit *e, const char *text, size_t len)
{
	size_t plain = 0;

	buf_addc(e->out, '"');
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		size_t n = c < 0x80 ? 1 : utf8_sequence(text + i, len - i);

		if (n > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			plain += n;
			i += n;
			continue;
		}
		buf_add(e->out, text + i - plain, plain);
		plain = 0;
		if (n == 0)
			buf_adds(e->out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_addf(e->out, "\\%c", c);
		else if (c == '\n')
			buf_adds(e->out, "\\n");
		else if (c == '\t')
			buf_adds(e->out, "\\t");
		else
			buf_addf(e->out, "\\u%04x", c);
		i += n ? n : 1;
	}
	buf_add(e->out, text + len - plain, plain);
	buf_addc(e->out, '"');
}

void emit_stringn(struct emit *e, const char *text, size_t len)
{
	separate(e);
	quoted(e, text, len);
	e->comma = true;
}

void emit_string(struct emit *e, const char *text)
{
	emit_stringn(e, text, strlen(text));
}

void emit_key(struct emit *e, const char *key)
{
	separate(e);
	quoted(e, key, strlen(key));
	buf_adds(e->out, e->indent ? ": " : ":");
	e->after_key = true;
}

void emit_u64(struct emit *e, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	value(e, text);
}

void emit_i64(struct emit *e, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)v);
	value(e, text);
}

void emit_bool(struct emit *e, bool v)
{
	value(e, v ? "true" : "false");
}

void emit_null(struct emit *e)
{
	value(e, "null");
}

void emit_raw(struct emit *e, const char *json)
{
	value(e, json);
}

void emit_text(struct emit *e, const char *key, const char *text)
{
	emit_key(e, key);
	if (text)
		emit_string(e, text);
	else
		emit_null(e);
}

void emit_text_if(struct emit *e, const char *key, const char *text)
{
	if (text)
		emit_text(e, key, text);
}

void emit_number(struct emit *e, const char *key, uint64_t v)
{
	emit_key(e, key);
	emit_u64(e, v);
}
