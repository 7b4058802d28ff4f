/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML, read into the same tree as JSON.
 *
 * libyaml turns the text into events (a scalar, the start and the end of a map...); each function
 * here consumes the events of one value. Events and the parser are libyaml's memory, with a
 * cleanup of their own.
 */
#include "lib/yaml.h"

#include <errno.h>
#include <yaml.h>

#include "lib/doc_internal.h"
#include "lib/utf8.h"

/* libyaml counts characters, we bytes: where each character of this many begins is kept. */
#define CHARACTERS_A_STEP 256

#define TAG "tag:yaml.org,2002:"

struct anchor {
	char *name;
	const struct node *node;
	bool complete; /* its value has been read to the end */
};

struct loader {
	yaml_parser_t *parser;
	struct doc *doc;
	char *out;     /* next free byte of doc->strings */
	size_t *steps; /* byte offset of the characters 0, 256, 512... */
	size_t n_steps;
	struct anchor *anchors; /* of the current document */
	size_t n_anchors;
	size_t n_copies;
	unsigned depth;
	struct err *err;
};

static void loader_forget_anchors(struct loader *l)
{
	for (size_t i = 0; i < l->n_anchors; i++)
		free(l->anchors[i].name);
	l->n_anchors = 0;
}

static void loader_done(struct loader *l)
{
	loader_forget_anchors(l);
	free(l->anchors);
	free(l->steps);
}

#define _cleanup_event_  _cleanup_(yaml_event_delete)
#define _cleanup_parser_ _cleanup_(yaml_parser_delete)

/* ---- positions ---- */

/* UTF-8 was checked before: libyaml would tell of a wrong byte by a number alone. */
static int find_steps(struct loader *l)
{
	const char *text = l->doc->text;
	size_t len = l->doc->len, character = 0;
	char place[WHERE_MAX];

	l->steps = calloc(len / CHARACTERS_A_STEP + 1, sizeof(*l->steps));
	if (!l->steps)
		return err_oom(l->err);
	for (size_t i = 0, n; i < len; i += n, character++) {
		n = utf8_sequence(text + i, len - i);
		if (n == 0)
			return err_input(l->err, EBADMSG, "%s: not UTF-8",
					 doc_where_offset(place, l->doc, i));
		if (character % CHARACTERS_A_STEP == 0)
			l->steps[l->n_steps++] = i;
	}
	return 0;
}

static size_t offset_of(const struct loader *l, const yaml_mark_t *mark)
{
	size_t step = mark->index / CHARACTERS_A_STEP, left = mark->index % CHARACTERS_A_STEP;
	size_t i;

	if (step >= l->n_steps)
		return l->doc->len;
	for (i = l->steps[step]; left > 0 && i < l->doc->len; left--)
		i += utf8_sequence(l->doc->text + i, l->doc->len - i);
	return i;
}

static int bad(const struct loader *l, const yaml_mark_t *mark, const char *what)
{
	char place[WHERE_MAX];

	return err_input(l->err, EBADMSG, "%s: %s",
			 doc_where_offset(place, l->doc, offset_of(l, mark)), what);
}

/* ---- events ---- */

/* In libyaml's own words, at the place where it saw it. */
static int grammar_error(const struct loader *l)
{
	const yaml_parser_t *p = l->parser;
	char place[WHERE_MAX];

	if (p->error == YAML_MEMORY_ERROR)
		return err_oom(l->err);
	if (p->error == YAML_READER_ERROR) /* problem_offset counts bytes */
		return err_input(l->err, EBADMSG, "%s: %s",
				 doc_where_offset(place, l->doc,
						  p->problem_offset < l->doc->len
							  ? p->problem_offset
							  : l->doc->len),
				 p->problem);
	return err_input(l->err, EBADMSG, "%s: %s%s%s",
			 doc_where_offset(place, l->doc, offset_of(l, &p->problem_mark)),
			 p->context ? p->context : "", p->context ? ": " : "",
			 p->problem ? p->problem : "no YAML");
}

static int next_event(const struct loader *l, yaml_event_t *event)
{
	return yaml_parser_parse(l->parser, event) ? 0 : grammar_error(l);
}

static struct node *new_node(const struct loader *l, struct node *parent, size_t offset)
{
	return doc_new_node(l->doc, parent, offset, YAML_NODES_MAX, l->err);
}

static int no_node(const struct loader *l)
{
	return l->err->class == ERR_SYSTEM ? -ENOMEM : -E2BIG;
}

/* ---- scalars ---- */

/*
 * A decoded text. There is room: an escape is at least two bytes and becomes three at most ("\L"),
 * and the NUL has its place in what ends the scalar or, for the last one, in the two bytes more.
 */
static int keep_text(struct loader *l, const yaml_event_t *event, const char **ret, size_t *ret_len)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	size_t used = (size_t)(l->out - l->doc->strings);

	if (memchr(text, '\0', len))
		return bad(l, &event->start_mark, "a text here holds no NUL");
	if (len + 1 > 2 * l->doc->len + 2 - used)
		return bad(l, &event->start_mark, "its texts are longer than itself");
	memcpy(l->out, text, len);
	l->out[len] = '\0';
	*ret = l->out;
	*ret_len = len;
	l->out += len + 1;
	return 0;
}

static const char *skip_digits(const char *s)
{
	return s + strspn(s, "0123456789");
}

/* Source: RFC 8259, section 6. */
static bool is_json_number(const char *s)
{
	const char *digits;

	s += *s == '-';
	digits = s;
	s = skip_digits(s);
	if (s == digits || (*digits == '0' && s > digits + 1))
		return false;
	if (*s == '.') {
		digits = ++s;
		s = skip_digits(s);
		if (s == digits)
			return false;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		digits = s;
		s = skip_digits(s);
		if (s == digits)
			return false;
	}
	return *s == '\0';
}

static enum node_type plain_type(const char *text)
{
	static const struct {
		const char *word;
		enum node_type type;
	} words[] = {
		{ "", NODE_NULL },       { "~", NODE_NULL },      { "null", NODE_NULL },
		{ "Null", NODE_NULL },   { "NULL", NODE_NULL },   { "true", NODE_TRUE },
		{ "True", NODE_TRUE },   { "TRUE", NODE_TRUE },   { "false", NODE_FALSE },
		{ "False", NODE_FALSE }, { "FALSE", NODE_FALSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(text, words[i].word))
			return words[i].type;
	}
	return is_json_number(text) ? NODE_NUMBER : NODE_STRING;
}

/* `expected` is the tag that says no more than the value itself does. */
static int check_tag(const struct loader *l, const yaml_event_t *event, const yaml_char_t *tag,
		     const char *expected)
{
	char place[WHERE_MAX];

	if (!tag || streq((const char *)tag, "!") || streq((const char *)tag, expected))
		return 0;
	return err_input(l->err, EBADMSG, "%s: the tag %s is not known here",
			 doc_where_offset(place, l->doc, offset_of(l, &event->start_mark)),
			 Q((const char *)tag));
}

static int read_scalar(struct loader *l, const yaml_event_t *event, struct node *node)
{
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
	int r;

	r = check_tag(l, event, event->data.scalar.tag, TAG "str");
	if (r < 0)
		return r;
	node->type = plain ? plain_type((const char *)event->data.scalar.value) : NODE_STRING;
	if (node->type != NODE_STRING && node->type != NODE_NUMBER)
		return 0;
	return keep_text(l, event, &node->string, &node->string_len);
}

/* ---- anchors ---- */

static int add_anchor(struct loader *l, const yaml_event_t *event, const yaml_char_t *name,
		      const struct node *node, size_t *ret)
{
	struct anchor *grown;

	if (l->n_anchors >= YAML_ANCHORS_MAX)
		return bad(l, &event->start_mark, "too many anchors");
	grown = reallocarray(l->anchors, l->n_anchors + 1, sizeof(*grown));
	if (!grown)
		return err_oom(l->err);
	l->anchors = grown;
	l->anchors[l->n_anchors] =
		(struct anchor){ .name = strdup((const char *)name), .node = node };
	if (!l->anchors[l->n_anchors].name)
		return err_oom(l->err);
	*ret = l->n_anchors++;
	return 0;
}

/* The later of two anchors of one name counts from there on. */
static int find_anchor(const struct loader *l, const yaml_event_t *event, const struct node **ret)
{
	const char *name = (const char *)event->data.alias.anchor;
	char place[WHERE_MAX];

	for (size_t i = l->n_anchors; i-- > 0;) {
		if (!streq(l->anchors[i].name, name))
			continue;
		if (!l->anchors[i].complete)
			return bad(l, &event->start_mark, "an alias within what it stands for");
		*ret = l->anchors[i].node;
		return 0;
	}
	return err_input(l->err, EBADMSG, "%s: there is no anchor %s before this alias",
			 doc_where_offset(place, l->doc, offset_of(l, &event->start_mark)),
			 Q(name));
}

static int count_copy(struct loader *l, size_t offset)
{
	char place[WHERE_MAX];

	if (++l->n_copies <= YAML_COPIES_MAX)
		return 0;
	return err_input(l->err, E2BIG, "%s: aliases stand for more than %d values",
			 doc_where_offset(place, l->doc, offset), YAML_COPIES_MAX);
}

static int enter(struct loader *l, size_t offset)
{
	char place[WHERE_MAX];

	if (++l->depth <= DOC_DEPTH_MAX)
		return 0;
	return err_input(l->err, E2BIG, "%s: nested deeper than %d levels",
			 doc_where_offset(place, l->doc, offset), DOC_DEPTH_MAX);
}

/* The value and all below it; the key stays the copy's own. `offset` is the alias's. */
static int copy_value(struct loader *l, const struct node *from, struct node *to, size_t offset)
{
	struct node **tail = &to->first;
	bool container = from->type == NODE_OBJECT || from->type == NODE_ARRAY;
	int r = count_copy(l, offset);

	if (r == 0 && container)
		r = enter(l, offset);
	if (r < 0)
		return r;
	to->type = from->type;
	to->string = from->string;
	to->string_len = from->string_len;
	to->start = from->start;
	to->end = from->end;
	to->count = from->count;
	node_foreach (child, from) {
		struct node *copy = new_node(l, to, offset);

		if (!copy)
			return no_node(l);
		copy->key = child->key;
		copy->key_start = child->key_start;
		r = copy_value(l, child, copy, offset);
		if (r < 0)
			return r;
		*tail = copy;
		tail = &copy->next;
	}
	l->depth -= container;
	return 0;
}

/* ---- merge keys ---- */

static int merge_one(struct loader *l, const struct node *from, struct node *object, size_t offset)
{
	struct node **tail = &object->first;
	char place[WHERE_MAX];
	int r = 0;

	if (from->type != NODE_OBJECT)
		return err_input(l->err, EBADMSG, "%s: \"<<\" takes a map, or a list of maps",
				 doc_where_offset(place, l->doc, offset));
	while (*tail)
		tail = &(*tail)->next;
	node_foreach (member, from) {
		struct node *copy;

		r = count_copy(l, offset); /* also of what is there already: looking costs, too */
		if (r < 0)
			return r;
		if (node_get(object, member->key))
			continue;
		copy = new_node(l, object, offset);
		if (!copy)
			return no_node(l);
		copy->key = member->key;
		copy->key_start = member->key_start;
		r = copy_value(l, member, copy, offset);
		if (r < 0)
			return r;
		*tail = copy;
		tail = &copy->next;
		object->count++;
	}
	return 0;
}

/* What the object has itself comes first, then the earlier of several maps. */
static int merge(struct loader *l, const struct node *from, struct node *object)
{
	int r = 0;

	if (from->type != NODE_ARRAY)
		return merge_one(l, from, object, from->key_start);
	node_foreach (map, from) {
		r = merge_one(l, map, object, from->key_start);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- values ---- */

static int read_value(struct loader *l, const yaml_event_t *event, struct node *node);

static int read_sequence(struct loader *l, struct node *array)
{
	struct node **tail = &array->first;

	for (;;) {
		_cleanup_event_ yaml_event_t event = { 0 };
		struct node *child;
		int r = next_event(l, &event);

		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			array->end = offset_of(l, &event.end_mark);
			return 0;
		}
		child = new_node(l, array, offset_of(l, &event.start_mark));
		if (!child)
			return no_node(l);
		r = read_value(l, &event, child);
		if (r < 0)
			return r;
		*tail = child;
		tail = &child->next;
		array->count++;
	}
}

/* *ret_merge: it is a merge key, which is no text. */
static int read_key(struct loader *l, const yaml_event_t *event, struct node *member,
		    bool *ret_merge)
{
	bool plain;
	size_t len;
	int r;

	if (event->type != YAML_SCALAR_EVENT)
		return bad(l, &event->start_mark, "a key here is a plain text");
	r = check_tag(l, event, event->data.scalar.tag, TAG "str");
	if (r < 0)
		return r;
	plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
	if (plain && plain_type((const char *)event->data.scalar.value) == NODE_NULL)
		return bad(l, &event->start_mark, "a key is missing, or null");
	if (event->data.scalar.anchor)
		return bad(l, &event->start_mark, "a key here has no anchor");
	member->key_start = offset_of(l, &event->start_mark);
	*ret_merge = plain && streq((const char *)event->data.scalar.value, "<<");
	return keep_text(l, event, &member->key, &len);
}

static int read_mapping(struct loader *l, struct node *object)
{
	struct node **tail = &object->first;
	const struct node *merged = NULL;

	for (;;) {
		_cleanup_event_ yaml_event_t key = { 0 }, value = { 0 };
		struct node *member;
		bool is_merge = false;
		int r = next_event(l, &key);

		if (r < 0)
			return r;
		if (key.type == YAML_MAPPING_END_EVENT) {
			object->end = offset_of(l, &key.end_mark);
			break;
		}
		member = new_node(l, object, offset_of(l, &key.start_mark));
		if (!member)
			return no_node(l);
		r = read_key(l, &key, member, &is_merge);
		if (r == 0 && is_merge && merged)
			r = bad(l, &key.start_mark, "key \"<<\" stands twice in one object");
		if (r == 0)
			r = next_event(l, &value);
		if (r == 0)
			r = read_value(l, &value, member);
		if (r < 0)
			return r;
		if (is_merge) {
			merged = member;
			continue;
		}
		*tail = member;
		tail = &member->next;
		object->count++;
	}
	if (doc_check_duplicates(l->doc, object, l->err) < 0)
		return l->err->class == ERR_SYSTEM ? -ENOMEM : -EBADMSG;
	return merged ? merge(l, merged, object) : 0;
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static int read_container(struct loader *l, const yaml_event_t *event, struct node *node)
{
	bool object = event->type == YAML_MAPPING_START_EVENT;
	int r;

	r = object ? check_tag(l, event, event->data.mapping_start.tag, TAG "map")
		   : check_tag(l, event, event->data.sequence_start.tag, TAG "seq");
	if (r == 0)
		r = enter(l, node->start);
	if (r < 0)
		return r;
	node->type = object ? NODE_OBJECT : NODE_ARRAY;
	r = object ? read_mapping(l, node) : read_sequence(l, node);
	l->depth--;
	return r;
}

static int read_value(struct loader *l, const yaml_event_t *event, struct node *node)
{
	const yaml_char_t *name = anchor_of(event);
	const struct node *from = NULL;
	size_t anchor = 0;
	int r = 0;

	node->start = offset_of(l, &event->start_mark);
	node->end = offset_of(l, &event->end_mark);
	if (name)
		r = add_anchor(l, event, name, node, &anchor);
	if (r < 0)
		return r;
	if (event->type == YAML_ALIAS_EVENT) {
		r = find_anchor(l, event, &from);
		return r < 0 ? r : copy_value(l, from, node, node->start);
	}
	r = event->type == YAML_SCALAR_EVENT ? read_scalar(l, event, node)
					     : read_container(l, event, node);
	if (r == 0 && name)
		l->anchors[anchor].complete = true;
	return r;
}

/* ---- documents ---- */

/* The first event of a document has been read; its last is consumed. */
static int read_document(struct loader *l, struct node *node)
{
	_cleanup_event_ yaml_event_t first = { 0 }, last = { 0 };
	int r = next_event(l, &first);

	if (r == 0)
		r = read_value(l, &first, node);
	if (r == 0)
		r = next_event(l, &last);
	loader_forget_anchors(l);
	return r;
}

static bool is_empty(const struct node *node)
{
	return node->type == NODE_NULL && node->start == node->end;
}

/* Every document becomes an element of the root. *ret_second: where the second begins, or 0. */
static int read_stream(struct loader *l, size_t *ret_second)
{
	struct node **tail;
	size_t n = 0;

	l->doc->root = new_node(l, NULL, 0);
	if (!l->doc->root)
		return no_node(l);
	l->doc->root->type = NODE_ARRAY;
	l->doc->root->end = l->doc->len;
	tail = &l->doc->root->first;
	for (;;) {
		_cleanup_event_ yaml_event_t event = { 0 };
		struct node *node;
		int r = next_event(l, &event);

		if (r < 0 || event.type == YAML_STREAM_END_EVENT)
			return r;
		if (event.type != YAML_DOCUMENT_START_EVENT)
			continue; /* the stream's start */
		node = new_node(l, l->doc->root, offset_of(l, &event.start_mark));
		if (!node)
			return no_node(l);
		r = read_document(l, node);
		if (r < 0)
			return r;
		if (is_empty(node))
			continue;
		if (++n == 2)
			*ret_second = node->start;
		*tail = node;
		tail = &node->next;
		l->doc->root->count++;
	}
}

static int parse(struct doc **ret, const char *name, const char *text, size_t len,
		 size_t *ret_second, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_(loader_done) struct loader l = { .err = err };
	_cleanup_parser_ yaml_parser_t parser = { 0 };
	int r;

	if (len > SIZE_MAX / 4)
		return err_input(err, E2BIG, "%s: too long", name);
	r = doc_new(&doc, name, text, len, 2 * len + 2, err);
	if (r < 0)
		return r;
	l.doc = doc;
	l.out = doc->strings;
	l.parser = &parser;
	r = find_steps(&l);
	if (r == 0 && !yaml_parser_initialize(&parser))
		r = err_oom(err);
	if (r < 0)
		return r;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, len);
	r = read_stream(&l, ret_second);
	if (r < 0)
		return r;
	*ret = take_ptr(doc);
	return 0;
}

int doc_parse_yaml_all(struct doc **ret, const char *name, const char *text, size_t len,
		       struct err *err)
{
	struct err local = { 0 };
	size_t second = 0;

	return parse(ret, name, text, len, &second, err ? err : &local);
}

int doc_parse_yaml(struct doc **ret, const char *name, const char *text, size_t len,
		   struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	char place[WHERE_MAX];
	struct err local = { 0 };
	size_t second = 0;
	int r;

	err = err ? err : &local;
	r = parse(&doc, name, text, len, &second, err);
	if (r < 0)
		return r;
	if (doc->root->count == 0)
		return err_input(err, EBADMSG, "%s: nothing is in it", doc_shown_name(place, doc));
	if (doc->root->count > 1)
		return err_input(err, EBADMSG, "%s: a second document begins here",
				 doc_where_offset(place, doc, second));
	doc->root = doc->root->first;
	doc->root->parent = NULL;
	*ret = take_ptr(doc);
	return 0;
}
