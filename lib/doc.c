/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON document that keeps its text: RFC 8259 and nothing more.
 *
 * One pass over the text builds the tree. Two invariants hold everything together: a decoded
 * string is never longer than its source, so that all of them fit into one buffer of the text's
 * size; and nodes are given out in blocks that never move.
 */
#include "lib/doc_internal.h"

#include <errno.h>

#include "lib/utf8.h"

#define NODES_A_BLOCK 512
/* Objects up to this size are searched for duplicates by comparing, larger ones by sorting. */
#define FEW_MEMBERS 12

struct doc_block {
	struct doc_block *older;
	struct node nodes[NODES_A_BLOCK];
};

struct parser {
	struct doc *doc;
	size_t pos;
	char *out; /* next free byte of doc->strings */
	unsigned depth;
	struct err *err;
};

/* ---- positions ---- */

const char *doc_where_offset(char out[WHERE_MAX], const struct doc *doc, size_t offset)
{
	size_t line, column;
	size_t n = utf8_put_shown(out, WHERE_MAX - 44, doc->name);

	utf8_position(doc->text, doc->len, offset, &line, &column);
	(void)snprintf(out + n, WHERE_MAX - n, ":%zu:%zu", line, column);
	return out;
}

const char *doc_shown_name(char out[WHERE_MAX], const struct doc *doc)
{
	(void)utf8_put_shown(out, WHERE_MAX - 44, doc->name);
	return out;
}

const char *doc_where(char out[WHERE_MAX], const struct doc *doc, const struct node *node)
{
	return doc_where_offset(out, doc, node ? node->start : 0);
}

const char *doc_where_key(char out[WHERE_MAX], const struct doc *doc, const struct node *node)
{
	return doc_where_offset(out, doc, !node ? 0 : node->key ? node->key_start : node->start);
}

static int bad(struct parser *p, size_t offset, const char *what)
{
	char place[WHERE_MAX];

	return err_input(p->err, EBADMSG, "%s: %s", doc_where_offset(place, p->doc, offset), what);
}

/* ---- tokens ---- */

static int peek(const struct parser *p)
{
	return p->pos < p->doc->len ? (unsigned char)p->doc->text[p->pos] : -1;
}

static void skip_space(struct parser *p)
{
	for (;;) {
		int c = peek(p);

		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return;
		p->pos++;
	}
}

static int read_hex4(struct parser *p, unsigned *ret)
{
	unsigned v = 0;

	if (p->doc->len - p->pos < 4)
		return bad(p, p->pos, "\\u needs four hexadecimal digits");
	for (int i = 0; i < 4; i++) {
		char c = p->doc->text[p->pos + (size_t)i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (unsigned)(c - 'A') + 10;
		else
			return bad(p, p->pos + (size_t)i, "\\u needs four hexadecimal digits");
		v = v << 4 | digit;
	}
	p->pos += 4;
	*ret = v;
	return 0;
}

static void put_utf8(struct parser *p, unsigned c)
{
	if (c < 0x80) {
		*p->out++ = (char)c;
	} else if (c < 0x800) {
		*p->out++ = (char)(0xc0 | c >> 6);
		*p->out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*p->out++ = (char)(0xe0 | c >> 12);
		*p->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p->out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*p->out++ = (char)(0xf0 | c >> 18);
		*p->out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*p->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p->out++ = (char)(0x80 | (c & 0x3f));
	}
}

/* Behind "\u". */
static int read_unicode(struct parser *p, size_t start)
{
	unsigned c, low;
	int r;

	r = read_hex4(p, &c);
	if (r < 0)
		return r;
	if (c == 0)
		return bad(p, start, "\\u0000: a string here holds no NUL");
	if (c >= 0xdc00 && c <= 0xdfff)
		return bad(p, start, "the second half of a surrogate pair stands alone");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (p->doc->len - p->pos < 2 || p->doc->text[p->pos] != '\\' ||
		    p->doc->text[p->pos + 1] != 'u')
			return bad(p, start, "the first half of a surrogate pair stands alone");
		p->pos += 2;
		r = read_hex4(p, &low);
		if (r < 0)
			return r;
		if (low < 0xdc00 || low > 0xdfff)
			return bad(p, start, "the first half of a surrogate pair stands alone");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	put_utf8(p, c);
	return 0;
}

static int read_escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t start = p->pos;
	const char *at;
	int c;

	p->pos++;
	c = peek(p);
	if (c == 'u') {
		p->pos++;
		return read_unicode(p, start);
	}
	at = c > 0 ? strchr(from, c) : NULL;
	if (!at)
		return bad(p, start, "unknown escape in a string");
	*p->out++ = to[at - from];
	p->pos++;
	return 0;
}

static int read_beyond_ascii(struct parser *p)
{
	const char *s = p->doc->text + p->pos;
	size_t n = utf8_sequence(s, p->doc->len - p->pos);

	if (n == 0)
		return bad(p, p->pos, "not UTF-8");
	memcpy(p->out, s, n);
	p->out += n;
	p->pos += n;
	return 0;
}

/* At the opening quote. */
static int read_string(struct parser *p, const char **ret, size_t *ret_len)
{
	size_t start = p->pos++;
	char *begin = p->out;
	int r;

	for (;;) {
		int c = peek(p);

		if (c < 0)
			return bad(p, start, "this string has no end");
		if (c == '"')
			break;
		if (c < 0x20)
			return bad(p, p->pos, "a control character in a string must be escaped");
		if (c == '\\') {
			r = read_escape(p);
		} else if (c >= 0x80) {
			r = read_beyond_ascii(p);
		} else {
			*p->out++ = (char)c;
			p->pos++;
			r = 0;
		}
		if (r < 0)
			return r;
	}
	p->pos++;
	*ret = begin;
	*ret_len = (size_t)(p->out - begin);
	*p->out++ = '\0';
	return 0;
}

static bool skip_digits(struct parser *p)
{
	size_t start = p->pos;

	while (peek(p) >= '0' && peek(p) <= '9')
		p->pos++;
	return p->pos > start;
}

static int read_number(struct parser *p, struct node *node)
{
	size_t start = p->pos;

	if (peek(p) == '-')
		p->pos++;
	if (peek(p) == '0')
		p->pos++;
	else if (!skip_digits(p))
		return bad(p, start, "a number needs digits");
	if (peek(p) == '.') {
		p->pos++;
		if (!skip_digits(p))
			return bad(p, start, "a number needs digits behind its point");
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		p->pos++;
		if (peek(p) == '+' || peek(p) == '-')
			p->pos++;
		if (!skip_digits(p))
			return bad(p, start, "a number needs digits in its exponent");
	}
	/* A digit cannot follow here but behind a leading 0. */
	if (peek(p) >= '0' && peek(p) <= '9')
		return bad(p, start, "a number has no leading zero");
	node->type = NODE_NUMBER;
	node->string = p->out;
	node->string_len = p->pos - start;
	memcpy(p->out, p->doc->text + start, node->string_len);
	p->out += node->string_len;
	*p->out++ = '\0';
	return 0;
}

static int read_word(struct parser *p, struct node *node)
{
	static const struct {
		const char *word;
		enum node_type type;
	} words[] = { { "null", NODE_NULL }, { "false", NODE_FALSE }, { "true", NODE_TRUE } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].word);

		if (p->doc->len - p->pos >= n &&
		    memcmp(p->doc->text + p->pos, words[i].word, n) == 0) {
			p->pos += n;
			node->type = words[i].type;
			return 0;
		}
	}
	return bad(p, p->pos,
		   p->pos < p->doc->len ? "a JSON value is expected here"
					: "the text ends where a value is expected");
}

/* ---- the tree ---- */

struct node *doc_new_node(struct doc *doc, struct node *parent, size_t offset, size_t most,
			  struct err *err)
{
	struct node *node;

	if (doc->n_nodes >= most) {
		char place[WHERE_MAX];

		(void)err_input(err, E2BIG, "%s: more than %zu values",
				doc_where_offset(place, doc, offset), most);
		return NULL;
	}
	if (doc->n_nodes % NODES_A_BLOCK == 0) {
		struct doc_block *block = malloc(sizeof(*block));

		if (!block) {
			(void)err_oom(err);
			return NULL;
		}
		block->older = doc->blocks;
		doc->blocks = block;
	}
	node = &doc->blocks->nodes[doc->n_nodes++ % NODES_A_BLOCK];
	*node = (struct node){ .parent = parent };
	return node;
}

static struct node *new_node(struct parser *p, struct node *parent)
{
	return doc_new_node(p->doc, parent, p->pos, DOC_NODES_MAX, p->err);
}

static int read_value(struct parser *p, struct node *node);

static int read_member(struct parser *p, struct node *object, struct node *member)
{
	size_t len;
	int r;

	if (peek(p) != '"')
		return bad(p, p->pos, "a key in quotes is expected here");
	member->key_start = p->pos;
	r = read_string(p, &member->key, &len);
	if (r < 0)
		return r;
	skip_space(p);
	if (peek(p) != ':')
		return bad(p, p->pos, "a colon is expected here");
	p->pos++;
	return read_value(p, member);
}

/* Members of an array or object, behind its opening bracket. */
static int read_members(struct parser *p, struct node *parent, int close)
{
	struct node **tail = &parent->first;
	int r;

	p->pos++;
	skip_space(p);
	if (peek(p) == close)
		goto end;
	for (;;) {
		struct node *child = new_node(p, parent);

		if (!child)
			return p->err->class == ERR_SYSTEM ? -ENOMEM : -E2BIG;
		skip_space(p);
		r = close == '}' ? read_member(p, parent, child) : read_value(p, child);
		if (r < 0)
			return r;
		*tail = child;
		tail = &child->next;
		parent->count++;
		skip_space(p);
		if (peek(p) == close)
			goto end;
		if (peek(p) != ',')
			return bad(p, p->pos,
				   close == '}' ? "a comma or } is expected here"
						: "a comma or ] is expected here");
		p->pos++;
	}
end:
	p->pos++;
	return 0;
}

static int duplicate(const struct doc *doc, const struct node *second, struct err *err)
{
	char place[WHERE_MAX];

	return err_input(err, EBADMSG, "%s: key %s stands twice in one object",
			 doc_where_offset(place, doc, second->key_start), Q(second->key));
}

static int by_key(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);

	if (order != 0)
		return order;
	return (*x)->key_start < (*y)->key_start ? -1 : 1;
}

static int check_many(const struct doc *doc, const struct node *object, struct err *err)
{
	_cleanup_free_ const struct node **sorted = calloc(object->count, sizeof(*sorted));
	const struct node *first = NULL;
	size_t n = 0;

	if (!sorted)
		return err_oom(err);
	node_foreach (member, object)
		sorted[n++] = member;
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 1; i < n; i++) {
		if (streq(sorted[i - 1]->key, sorted[i]->key) &&
		    (!first || sorted[i]->key_start < first->key_start))
			first = sorted[i];
	}
	return first ? duplicate(doc, first, err) : 0;
}

int doc_check_duplicates(const struct doc *doc, const struct node *object, struct err *err)
{
	if (object->count > FEW_MEMBERS)
		return check_many(doc, object, err);
	node_foreach (member, object) {
		for (const struct node *before = object->first; before != member;
		     before = before->next) {
			if (streq(before->key, member->key))
				return duplicate(doc, member, err);
		}
	}
	return 0;
}

static int read_container(struct parser *p, struct node *node, bool object)
{
	int r;

	if (++p->depth > DOC_DEPTH_MAX) {
		char place[WHERE_MAX];

		return err_input(p->err, E2BIG, "%s: nested deeper than %d levels",
				 doc_where_offset(place, p->doc, p->pos), DOC_DEPTH_MAX);
	}
	node->type = object ? NODE_OBJECT : NODE_ARRAY;
	r = read_members(p, node, object ? '}' : ']');
	if (r == 0 && object)
		r = doc_check_duplicates(p->doc, node, p->err);
	p->depth--;
	return r;
}

static int read_value(struct parser *p, struct node *node)
{
	int c, r;

	skip_space(p);
	node->start = p->pos;
	c = peek(p);
	if (c == '{' || c == '[') {
		r = read_container(p, node, c == '{');
	} else if (c == '"') {
		node->type = NODE_STRING;
		r = read_string(p, &node->string, &node->string_len);
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		r = read_number(p, node);
	} else {
		r = read_word(p, node);
	}
	node->end = p->pos;
	return r;
}

static int read_document(struct parser *p)
{
	int r;

	if (p->doc->len >= 3 && memcmp(p->doc->text, "\xef\xbb\xbf", 3) == 0)
		return bad(p, 0, "the text begins with a byte order mark: save it without");
	p->doc->root = new_node(p, NULL);
	if (!p->doc->root)
		return -ENOMEM;
	r = read_value(p, p->doc->root);
	if (r < 0)
		return r;
	skip_space(p);
	if (p->pos < p->doc->len)
		return bad(p, p->pos, "something follows behind the end of the document");
	return 0;
}

void doc_free(struct doc **doc)
{
	if (!*doc)
		return;
	for (struct doc_block *block = (*doc)->blocks, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	free((*doc)->name);
	free((*doc)->text);
	free((*doc)->strings);
	free(*doc);
	*doc = NULL;
}

int doc_new(struct doc **ret, const char *name, const char *text, size_t len, size_t strings_bytes,
	    struct err *err)
{
	_cleanup_doc_ struct doc *doc = calloc(1, sizeof(*doc));

	if (!doc)
		return err_oom(err);
	doc->name = strdup(name);
	doc->text = malloc(len + 1);
	doc->strings = malloc(strings_bytes);
	if (!doc->name || !doc->text || !doc->strings)
		return err_oom(err);
	if (len > 0)
		memcpy(doc->text, text, len);
	doc->text[len] = '\0';
	doc->len = len;
	*ret = take_ptr(doc);
	return 0;
}

int doc_parse(struct doc **ret_doc, const char *name, const char *text, size_t len, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err local = { 0 };
	struct parser p = { .err = err ? err : &local };
	int r;

	if (len > SIZE_MAX / 4)
		return err_input(err, E2BIG, "%s: too long", name);
	r = doc_new(&doc, name, text, len, len + 2, err);
	if (r < 0)
		return r;
	p.doc = doc;
	p.out = doc->strings;
	r = read_document(&p);
	if (r < 0)
		return r;
	*ret_doc = take_ptr(doc);
	return 0;
}

const struct node *doc_root(const struct doc *doc)
{
	return doc->root;
}

const char *doc_name(const struct doc *doc)
{
	return doc->name;
}

const char *doc_text(const struct doc *doc, size_t *ret_len)
{
	if (ret_len)
		*ret_len = doc->len;
	return doc->text;
}
