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

size_t text_offset(const char *text, size_t len, size_t line, size_t column)
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

bool fault_place(const char *text, const char *name, size_t *ret_line, size_t *ret_column)
{
	for (const char *s = strstr(text, name); s; s = strstr(s + 1, name)) {
		const char *p = s + strlen(name);
		size_t line, column;

		if (*p++ != ':' || !read_number(&p, &line) || *p++ != ':' ||
		    !read_number(&p, &column))
			continue;
		*ret_line = line;
		*ret_column = column;
		return true;
	}
	return false;
}

/* The member or element that a sentence speaks of; NULL: none. */
static const struct node *node_at_fault(const struct doc *doc, const struct fault *fault)
{
	const char *text;
	size_t len;

	if (fault->line == 0)
		return NULL;
	text = doc_text(doc, &len);
	return innermost(doc_root(doc), text_offset(text, len, fault->line, fault->column));
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

/*
 * Columns count characters: where one of several bytes became as many blanks, what follows on its
 * line moves back, and the blanks that are too many go to the line's end.
 */
static void keep_columns(char *text, size_t len, size_t end, size_t surplus,
			 struct blanked *blanked)
{
	const char *newline = memchr(text + end, '\n', len - end);
	size_t line_end = newline ? (size_t)(newline - text) : len;

	memmove(text + end - surplus, text + end, line_end - end);
	memset(text + line_end - surplus, ' ', surplus);
	for (size_t i = 0; i < blanked->n; i++) {
		if (blanked->start[i] >= end && blanked->start[i] < line_end)
			blanked->start[i] -= surplus;
	}
}

/* Overwrite a member with its comma: the one behind it, or the one before the last of a list. */
static void blank(char *text, size_t len, size_t begin, size_t end, struct blanked *blanked)
{
	size_t before = begin, behind = end, surplus = 0;

	while (is_space(text[behind]))
		behind++;
	while (before > 0 && is_space(text[before - 1]))
		before--;
	if (text[behind] == ',')
		text[behind] = ' ';
	else if (before > 0 && text[before - 1] == ',')
		text[before - 1] = ' ';
	for (size_t i = begin; i < end; i++) {
		surplus = text[i] == '\n' ? 0 : surplus + (((unsigned char)text[i] & 0xc0) == 0x80);
		if (text[i] != '\n')
			text[i] = ' ';
	}
	if (surplus > 0)
		keep_columns(text, len, end, surplus, blanked);
}

static struct fault fault_of(const struct err *err, const struct doc *doc, const char *name)
{
	struct fault fault = { .text = err->text };

	(void)fault_place(err->text, doc ? doc_shown_name((char[WHERE_MAX]){ 0 }, doc) : name,
			  &fault.line, &fault.column);
	return fault;
}

/* One round; false: it was the last. */
static bool find_one(const char *name, char *text, size_t len, faults_parse_fn *parse,
		     faults_report_fn *report, void *arg, struct blanked *blanked)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *node;
	struct err err = { 0 };
	struct fault fault;

	if (doc_parse(&doc, name, text, len, &err) < 0) {
		fault = fault_of(&err, NULL, name);
		report(arg, &fault);
		return false;
	}
	if (parse(arg, doc, &err) == 0)
		return false;
	fault = fault_of(&err, doc, name);
	node = err.class == ERR_INPUT ? node_at_fault(doc, &fault) : NULL;
	if (!node || !holds_blanked(node, blanked))
		report(arg, &fault);
	if (!node || node == doc_root(doc))
		return false;
	blanked->start[blanked->n++] = node_begin(node);
	blank(text, len, node_begin(node), node->end, blanked);
	return true;
}

void faults_find(const char *name, char *text, size_t len, faults_parse_fn *parse,
		 faults_report_fn *report, void *arg)
{
	struct blanked blanked = { 0 };

	while (blanked.n < FAULTS_MAX && find_one(name, text, len, parse, report, arg, &blanked))
		;
}
