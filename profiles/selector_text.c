/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label selector in one line: written as the JSON that says the same, which the one parser reads.
 */
#include "profiles/selector_text.h"

#include <errno.h>

#include "lib/emit.h"

static const char *trim(const char *text, size_t *len)
{
	while (*len > 0 && *text == ' ') {
		text++;
		(*len)--;
	}
	while (*len > 0 && text[*len - 1] == ' ')
		(*len)--;
	return text;
}

static void put_values(struct emit *e, const char *text, size_t len)
{
	emit_key(e, "values");
	emit_array(e);
	while (len > 0) {
		const char *comma = memchr(text, ',', len), *value;
		size_t n = comma ? (size_t)(comma - text) : len, taken = n + (comma != NULL);

		value = trim(text, &n);
		emit_stringn(e, value, n);
		text += taken;
		len -= taken;
	}
	emit_array_end(e);
}

static void put_term(struct emit *e, const char *key, size_t key_len, const char *op,
		     const char *values, size_t len)
{
	emit_object(e);
	emit_key(e, "key");
	emit_stringn(e, key, key_len);
	emit_key(e, "operator");
	emit_string(e, op);
	if (values)
		put_values(e, values, len);
	emit_object_end(e);
}

/* One term without spaces at its ends; false where it is none. */
static bool write_term(struct emit *e, const char *text, size_t len)
{
	size_t key = 0;
	const char *rest, *end = text + len;

	if (len > 1 && text[0] == '!') {
		put_term(e, text + 1, len - 1, "DoesNotExist", NULL, 0);
		return true;
	}
	while (key < len && !strchr(" =!<>()", text[key]))
		key++;
	rest = text + key;
	while (rest < end && *rest == ' ')
		rest++;
	if (key == 0)
		return false;
	if (rest == end)
		put_term(e, text, key, "Exists", NULL, 0);
	else if (starts_with(rest, "!="))
		put_term(e, text, key, "NotIn", rest + 2, (size_t)(end - rest) - 2);
	else if (starts_with(rest, "=="))
		put_term(e, text, key, "In", rest + 2, (size_t)(end - rest) - 2);
	else if (*rest == '=')
		put_term(e, text, key, "In", rest + 1, (size_t)(end - rest) - 1);
	else if (starts_with(rest, "in (") && end[-1] == ')')
		put_term(e, text, key, "In", rest + 4, (size_t)(end - rest) - 5);
	else if (starts_with(rest, "notin (") && end[-1] == ')')
		put_term(e, text, key, "NotIn", rest + 7, (size_t)(end - rest) - 8);
	else
		return false;
	return true;
}

static size_t term_end(const char *text)
{
	size_t n = 0;

	for (int depth = 0; text[n] && (text[n] != ',' || depth > 0); n++)
		depth += (text[n] == '(') - (text[n] == ')');
	return n;
}

/* The next term and how much of the text it takes, with its comma; false where it is none. */
static bool write_next(struct emit *e, const char *text, size_t *ret_taken)
{
	size_t len = term_end(text);

	*ret_taken = len + (text[len] == ',');
	if (text[len] == ',' && text[len + 1] == '\0')
		return false;
	text = trim(text, &len);
	return len > 0 && write_term(e, text, len);
}

int selector_parse_text(const char *text, struct selector *ret, struct err *err)
{
	struct selector selector = { 0 };
	_cleanup_buf_ struct buf json = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct emit e = EMIT(&json);
	size_t taken;
	int r;

	if (strlen(text) > SELECTOR_TEXT_MAX)
		return err_input(err, E2BIG, "a selector of more than %d bytes", SELECTOR_TEXT_MAX);
	emit_object(&e);
	emit_key(&e, "matchExpressions");
	emit_array(&e);
	for (const char *at = text; *at; at += taken) {
		if (!write_next(&e, at, &taken))
			return err_input(err, EINVAL,
					 "%s is no selector (\"tier=web\", \"tier in (a,b)\", "
					 "\"tier\", \"!tier\", with commas between them)",
					 Q(text));
	}
	emit_array_end(&e);
	emit_object_end(&e);
	if (buf_status(&json) < 0)
		return err_oom(err);
	r = doc_parse(&doc, "selector", json.data, json.len, err);
	r = r < 0 ? r : selector_parse(doc, doc_root(doc), &selector, err);
	if (r < 0) {
		selector_done(&selector);
		return r;
	}
	*ret = selector;
	return 0;
}
