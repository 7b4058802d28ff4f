/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All the faults of one JSON file, by a parser that stops at the first.
 *
 * What was at fault is overwritten with blanks, so that every other line and column stays what it
 * is in the user's file.
 */
#include "cli/faults.h"

#include <errno.h>

struct blanked {
	size_t start[FAULTS_MAX]; /* of each span that was overwritten */
	size_t n;
};

static size_t node_begin(const struct node *node)
{
	return node->key ? node->key_start : node->start;
}

static const struct node *innermost(const struct node *node, size_t offset)
{
	node_foreach (child, node) {
		if (node_begin(child) <= offset && offset < child->end)
			return innermost(child, offset);
	}
	return node;
}

static bool read_number(const char **text, size_t *ret)
{
	char *end;
	unsigned long v;

	if (**text < '1' || **text > '9')
		return false;
	errno = 0;
	v = strtoul(*text, &end, 10);
	*text = end;
	*ret = v;
	return errno == 0 && v <= SIZE_MAX;
}

/* Byte offset of a line and a column (characters, from 1); the text's length where there is none.
 */
static size_t offset_of(const char *text, size_t len, size_t line, size_t column)
{
	size_t i = 0;

	for (; i < len && line > 1; i++)
		line -= text[i] == '\n';
	while (i < len && column > 1) {
		i++;
		/* behind a character's last byte */
		if (i == len || ((unsigned char)text[i] & 0xc0) != 0x80)
			column--;
	}
	return i;
}

/* The member or element that a sentence speaks of: "... NAME:LINE:COLUMN: ...". NULL: none. */
static const struct node *node_at_fault(const struct doc *doc, const struct err *fault)
{
	const char *name = doc_name(doc);
	const char *text;
	size_t len, line, column;

	for (const char *s = strstr(fault->text, name); s; s = strstr(s + 1, name)) {
		const char *p = s + strlen(name);

		if (*p++ != ':' || !read_number(&p, &line) || *p++ != ':' ||
		    !read_number(&p, &column))
			continue;
		text = doc_text(doc, &len);
		return innermost(doc_root(doc), offset_of(text, len, line, column));
	}
	return NULL;
}

static bool holds_blanked(const struct node *node, const struct blanked *blanked)
{
	for (size_t i = 0; i < blanked->n; i++) {
		if (node->start <= blanked->start[i] && blanked->start[i] < node->end)
			return true;
	}
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Overwrite a member with its comma: the one behind it, or the one before the last of a list. */
static void blank(char *text, size_t begin, size_t end)
{
	size_t before = begin, behind = end;

	while (is_space(text[behind]))
		behind++;
	while (before > 0 && is_space(text[before - 1]))
		before--;
	if (text[behind] == ',')
		text[behind] = ' ';
	else if (before > 0 && text[before - 1] == ',')
		text[before - 1] = ' ';
	for (size_t i = begin; i < end; i++) {
		if (text[i] != '\n')
			text[i] = ' ';
	}
}

/* One round; false: it was the last. */
static bool find_one(const char *name, char *text, size_t len, faults_parse_fn *parse,
		     faults_report_fn *report, void *arg, struct blanked *blanked)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *node;
	struct err fault = { 0 };

	if (doc_parse(&doc, name, text, len, &fault) < 0) {
		report(arg, &fault);
		return false;
	}
	if (parse(arg, doc, &fault) == 0)
		return false;
	node = fault.class == ERR_INPUT ? node_at_fault(doc, &fault) : NULL;
	if (!node || !holds_blanked(node, blanked))
		report(arg, &fault);
	if (!node || node == doc_root(doc))
		return false;
	blanked->start[blanked->n++] = node_begin(node);
	/* Columns count characters: a blanked one of two bytes moves what follows on its line. */
	blank(text, node_begin(node), node->end);
	return true;
}

void faults_find(const char *name, char *text, size_t len, faults_parse_fn *parse,
		 faults_report_fn *report, void *arg)
{
	struct blanked blanked = { 0 };

	while (blanked.n < FAULTS_MAX && find_one(name, text, len, parse, report, arg, &blanked))
		;
}
