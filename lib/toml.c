/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TOML document that keeps its text: tables and lines. toml_value.c has what stands behind "=".
 *
 * One pass over the text builds the tree. A decoded string is never longer than its source, and
 * what ends a string or a bare word is a byte of the source too: one buffer holds all of them,
 * each with its NUL. Nodes are given out in blocks that never move.
 */
#include "lib/toml.h"

#include <errno.h>
#include <stdarg.h>

#include "lib/toml_internal.h"
#include "lib/utf8.h"

#define NODES_A_BLOCK 256

struct block {
	struct block *older;
	struct toml_node nodes[NODES_A_BLOCK];
};

struct toml {
	char *name;
	char *text;
	size_t len;
	char *strings;
	struct block *blocks;
	size_t n_nodes;
	struct toml_node *root;
};

/* ---- positions and the smallest pieces ---- */

const char *toml_where(char out[TOML_WHERE_MAX], const struct toml *toml, size_t offset)
{
	size_t line, column;
	size_t n = utf8_put_shown(out, TOML_WHERE_MAX - 44, toml->name);

	utf8_position(toml->text, toml->len, offset, &line, &column);
	(void)snprintf(out + n, TOML_WHERE_MAX - n, ":%zu:%zu", line, column);
	return out;
}

int toml_bad(struct toml_parser *p, size_t offset, const char *what)
{
	return err_input(p->err, EBADMSG, "%s: %s", TOML_WHERE(p->toml, offset), what);
}

static int bad_key(struct toml_parser *p, size_t offset, const char *key, const char *what)
{
	return err_input(p->err, EBADMSG, "%s: %s %s", TOML_WHERE(p->toml, offset), Q(key), what);
}

int toml_peek(const struct toml_parser *p)
{
	return p->pos < p->len ? (unsigned char)p->text[p->pos] : -1;
}

bool toml_ahead(const struct toml_parser *p, const char *text)
{
	size_t n = strlen(text);

	return p->len - p->pos >= n && memcmp(p->text + p->pos, text, n) == 0;
}

void toml_skip_blanks(struct toml_parser *p)
{
	while (toml_peek(p) == ' ' || toml_peek(p) == '\t')
		p->pos++;
}

bool toml_skip_newline(struct toml_parser *p)
{
	size_t n = toml_ahead(p, "\n") ? 1 : toml_ahead(p, "\r\n") ? 2 : 0;

	p->pos += n;
	return n > 0;
}

int toml_skip_comment(struct toml_parser *p)
{
	toml_skip_blanks(p);
	if (toml_peek(p) != '#')
		return 0;
	while (p->pos < p->len && !toml_ahead(p, "\n") && !toml_ahead(p, "\r\n")) {
		size_t n = utf8_sequence(p->text + p->pos, p->len - p->pos);
		int c = toml_peek(p);

		if (n == 0)
			return toml_bad(p, p->pos, "this is no UTF-8");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return toml_bad(p, p->pos, "a control character in a comment");
		p->pos += n;
	}
	return 0;
}

/* ---- nodes ---- */

static struct toml_node *take_node(struct toml *toml, struct err *err)
{
	if (toml->n_nodes % NODES_A_BLOCK == 0) {
		struct block *block = calloc(1, sizeof(*block));

		if (!block) {
			(void)err_oom(err);
			return NULL;
		}
		block->older = toml->blocks;
		toml->blocks = block;
	}
	return &toml->blocks->nodes[toml->n_nodes++ % NODES_A_BLOCK];
}

struct toml_node *toml_new(struct toml_parser *p, struct toml_node *parent, enum toml_type type,
			   enum toml_origin origin, const char *key)
{
	struct toml_node *node;
	unsigned depth = 1;

	for (const struct toml_node *up = parent; up; up = up->parent)
		depth++;
	if (depth > TOML_DEPTH_MAX || p->toml->n_nodes >= TOML_NODES_MAX) {
		(void)err_input(p->err, E2BIG, "%s: more than %d %s", TOML_WHERE(p->toml, p->pos),
				depth > TOML_DEPTH_MAX ? TOML_DEPTH_MAX : TOML_NODES_MAX,
				depth > TOML_DEPTH_MAX ? "levels of nesting" : "values");
		return NULL;
	}
	node = take_node(p->toml, p->err);
	if (!node)
		return NULL;
	*node = (struct toml_node){ .type = type, .origin = origin, .key = key, .parent = parent };
	if (parent && parent->last)
		parent->last->next = node;
	else if (parent)
		parent->first = node;
	if (parent)
		parent->last = node;
	return node;
}

static struct toml_node *find(const struct toml_node *table, const char *key)
{
	for (struct toml_node *child = table->first; child; child = child->next)
		if (streq(child->key, key))
			return child;
	return NULL;
}

static int failure(const struct toml_parser *p)
{
	return p->err->class == ERR_SYSTEM ? -ENOMEM : -E2BIG;
}

/* ---- keys ---- */

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int read_key(struct toml_parser *p, const char **ret)
{
	size_t start = p->pos, n;

	if (toml_peek(p) == '"' || toml_peek(p) == '\'')
		return toml_read_string(p, false, ret, &n);
	while (is_bare(toml_peek(p)))
		p->pos++;
	n = p->pos - start;
	if (n == 0)
		return toml_bad(p, p->pos, "expected a key");
	memcpy(p->out, p->text + start, n);
	p->out[n] = '\0';
	*ret = p->out;
	p->out += n + 1;
	return 0;
}

/* What a dotted key has made, or only named on the way, it may go on through; nothing else. */
static int enter_dotted(struct toml_parser *p, size_t at, struct toml_node **table, const char *key)
{
	struct toml_node *child = find(*table, key);

	if (!child)
		child = toml_new(p, *table, TOML_TABLE, TOML_DOTTED, key);
	if (!child)
		return failure(p);
	if (child->type != TOML_TABLE ||
	    (child->origin != TOML_DOTTED && child->origin != TOML_IMPLICIT))
		return bad_key(p, at, key, "is there already, and no dotted key adds to it");
	child->origin = TOML_DOTTED;
	*table = child;
	return 0;
}

int toml_read_dotted(struct toml_parser *p, struct toml_node **table, const char **ret_key)
{
	const char *key;

	for (;;) {
		size_t at = p->pos;
		int r = read_key(p, &key);

		if (r < 0)
			return r;
		toml_skip_blanks(p);
		if (toml_peek(p) != '.')
			break;
		p->pos++;
		toml_skip_blanks(p);
		r = enter_dotted(p, at, table, key);
		if (r < 0)
			return r;
	}
	*ret_key = key;
	return 0;
}

int toml_read_pair(struct toml_parser *p, struct toml_node *table, struct toml_node **ret)
{
	size_t at = p->pos;
	struct toml_node *node;
	const char *key;
	int r = toml_read_dotted(p, &table, &key);

	if (r < 0)
		return r;
	if (toml_peek(p) != '=')
		return toml_bad(p, p->pos, "expected \"=\"");
	if (find(table, key))
		return bad_key(p, at, key, "is there already");
	p->pos++;
	toml_skip_blanks(p);
	node = toml_new(p, table, TOML_TABLE, TOML_VALUE, key);
	if (!node)
		return failure(p);
	*ret = node;
	return toml_read_value(p, node);
}

/* ---- headers ---- */

struct kind {
	enum toml_type type;
	enum toml_origin origin;
	const char *otherwise; /* what is said of another one */
};

static int enter(struct toml_parser *p, size_t at, struct toml_node **table, const char *key)
{
	struct toml_node *child = find(*table, key);

	if (!child)
		child = toml_new(p, *table, TOML_TABLE, TOML_IMPLICIT, key);
	if (!child)
		return failure(p);
	if (child->type == TOML_ARRAY && child->origin == TOML_TABLES)
		child = child->last;
	else if (child->type != TOML_TABLE || child->origin == TOML_VALUE)
		return bad_key(p, at, key, "is a value, which no [table] adds to");
	*table = child;
	return 0;
}

/* What a header names: there already and of that kind, or new. */
static int find_or_make(struct toml_parser *p, size_t at, struct toml_node *table, const char *key,
			const struct kind *kind, struct toml_node **ret)
{
	struct toml_node *child = find(table, key);

	if (!child)
		child = toml_new(p, table, kind->type, kind->origin, key);
	else if (child->type != kind->type || child->origin != kind->origin)
		return bad_key(p, at, key, kind->otherwise);
	*ret = child;
	return child ? 0 : failure(p);
}

static int open_table(struct toml_parser *p, size_t at, struct toml_node *table, const char *key)
{
	static const struct kind kind = { TOML_TABLE, TOML_IMPLICIT, "is there already" };
	struct toml_node *child = NULL;
	int r = find_or_make(p, at, table, key, &kind, &child);

	if (r < 0)
		return r;
	child->origin = TOML_HEADER;
	p->section = child;
	return 0;
}

static int add_table(struct toml_parser *p, size_t at, struct toml_node *table, const char *key)
{
	static const struct kind kind = { TOML_ARRAY, TOML_TABLES,
					  "is there already, and is no array of tables" };
	struct toml_node *child = NULL;
	int r = find_or_make(p, at, table, key, &kind, &child);

	if (r < 0)
		return r;
	p->section = toml_new(p, child, TOML_TABLE, TOML_HEADER, NULL);
	return p->section ? 0 : failure(p);
}

static int read_header(struct toml_parser *p)
{
	bool is_array = toml_ahead(p, "[[");
	struct toml_node *table = p->toml->root;
	size_t start = p->pos, at;
	const char *key;
	int r = 0;

	p->pos += is_array ? 2 : 1;
	for (;;) {
		toml_skip_blanks(p);
		at = p->pos;
		r = read_key(p, &key);
		if (r < 0)
			return r;
		toml_skip_blanks(p);
		if (toml_peek(p) != '.')
			break;
		p->pos++;
		r = enter(p, at, &table, key);
		if (r < 0)
			return r;
	}
	if (!toml_ahead(p, is_array ? "]]" : "]"))
		return toml_bad(p, p->pos, is_array ? "expected \"]]\"" : "expected \"]\"");
	p->pos += is_array ? 2 : 1;
	r = is_array ? add_table(p, at, table, key) : open_table(p, at, table, key);
	if (r < 0)
		return r;
	p->section->start = start;
	p->section->end = p->pos;
	return 0;
}

/* ---- lines ---- */

static int read_line(struct toml_parser *p)
{
	struct toml_node *node = NULL;
	size_t line = p->pos;
	int c, r = 0;

	toml_skip_blanks(p);
	c = toml_peek(p);
	if (c == '[') {
		r = read_header(p);
		node = p->section;
	} else if (c >= 0 && c != '#' && !toml_ahead(p, "\n") && !toml_ahead(p, "\r\n")) {
		r = toml_read_pair(p, p->section, &node);
	}
	if (r == 0)
		r = toml_skip_comment(p);
	if (r < 0)
		return r;
	if (!toml_skip_newline(p) && p->pos < p->len)
		return toml_bad(p, p->pos, "expected the end of the line");
	if (node) {
		node->line_start = line;
		node->line_end = p->pos;
		p->section->body_end = p->pos;
	}
	return 0;
}

static int read_document(struct toml_parser *p)
{
	int r = 0;

	p->toml->root = toml_new(p, NULL, TOML_TABLE, TOML_HEADER, NULL);
	if (!p->toml->root)
		return failure(p);
	p->section = p->toml->root;
	while (r == 0 && p->pos < p->len)
		r = read_line(p);
	return r;
}

void toml_free(struct toml **toml)
{
	if (!*toml)
		return;
	while ((*toml)->blocks) {
		struct block *older = (*toml)->blocks->older;

		free((*toml)->blocks);
		(*toml)->blocks = older;
	}
	free((*toml)->name);
	free((*toml)->text);
	free((*toml)->strings);
	free(*toml);
	*toml = NULL;
}

int toml_parse(struct toml **ret_toml, const char *name, const char *text, size_t len,
	       struct err *err)
{
	_cleanup_toml_ struct toml *toml = calloc(1, sizeof(*toml));
	struct toml_parser p;
	int r;

	if (!toml)
		return err_oom(err);
	toml->name = strdup(name);
	toml->text = malloc(len + 1);
	toml->strings = malloc(len + 2);
	if (!toml->name || !toml->text || !toml->strings)
		return err_oom(err);
	memcpy(toml->text, text, len);
	toml->text[len] = '\0';
	toml->len = len;
	p = (struct toml_parser){
		.toml = toml, .text = toml->text, .len = len, .out = toml->strings, .err = err
	};
	r = read_document(&p);
	if (r == 0)
		*ret_toml = take_ptr(toml);
	return r;
}

/* ---- what was read ---- */

const struct toml_node *toml_root(const struct toml *toml)
{
	return toml->root;
}

const char *toml_text(const struct toml *toml, size_t *ret_len)
{
	if (ret_len)
		*ret_len = toml->len;
	return toml->text;
}

const struct toml_node *toml_get(const struct toml_node *table, const char *key)
{
	return table && table->type == TOML_TABLE ? find(table, key) : NULL;
}

const struct toml_node *toml_path(const struct toml_node *table, ...)
{
	const char *key;
	va_list ap;

	va_start(ap, table);
	while (table && (key = va_arg(ap, const char *)))
		table = toml_get(table, key);
	va_end(ap);
	return table;
}

const char *toml_string(const struct toml_node *node)
{
	return node && node->type == TOML_STRING ? node->string : NULL;
}

/* ---- two documents ---- */

/* Is there anything to compare in it? A table that holds nothing says nothing. */
static bool says_something(const struct toml_node *node, toml_left_out_fn *left_out,
			   const void *arg)
{
	if (left_out && left_out(node, arg))
		return false;
	if (node->type != TOML_TABLE || !left_out)
		return true;
	toml_foreach(child, node) if (says_something(child, left_out, arg)) return true;
	return false;
}

/* Is every member of `a` in `b`, and the same there? */
static bool table_within(const struct toml_node *a, const struct toml_node *b,
			 toml_left_out_fn *left_out, const void *arg)
{
	toml_foreach(child, a)
	{
		const struct toml_node *other;

		if (!says_something(child, left_out, arg))
			continue;
		other = toml_get(b, child->key);
		if (!other || !says_something(other, left_out, arg) ||
		    !toml_equal(child, other, left_out, arg))
			return false;
	}
	return true;
}

bool toml_equal(const struct toml_node *a, const struct toml_node *b, toml_left_out_fn *left_out,
		const void *arg)
{
	const struct toml_node *x = a->first, *y = b->first;

	if (a->type != b->type)
		return false;
	switch (a->type) {
	case TOML_TABLE:
		return table_within(a, b, left_out, arg) && table_within(b, a, left_out, arg);
	case TOML_ARRAY:
		for (; x && y; x = x->next, y = y->next)
			if (!toml_equal(x, y, left_out, arg))
				return false;
		return !x && !y;
	default:
		return a->string_len == b->string_len &&
		       memcmp(a->string, b->string, a->string_len) == 0;
	}
}
