/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to a document's text, kept as spans and applied in one pass. Only what is edited is
 * written anew; all other bytes are copied.
 */
#include "lib/edit.h"

#include <errno.h>

#include "lib/emit.h"

struct change {
	size_t start, end;          /* bytes of the text that go; equal: an addition */
	char *text;                 /* what stands there instead */
	size_t order;               /* as they were asked for, among equal starts */
	const struct node *removed; /* the member that goes, or NULL */
};

struct edit {
	const struct doc *doc;
	struct change *v;
	size_t n;
};

int edit_new(struct edit **ret, const struct doc *doc, struct err *err)
{
	struct edit *edit = calloc(1, sizeof(*edit));

	if (!edit)
		return err_oom(err);
	edit->doc = doc;
	*ret = edit;
	return 0;
}

void edit_free(struct edit **edit)
{
	if (!*edit)
		return;
	for (size_t i = 0; i < (*edit)->n; i++)
		free((*edit)->v[i].text);
	free((*edit)->v);
	free(*edit);
	*edit = NULL;
}

static int add(struct edit *edit, struct change change, const char *text, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	struct change *grown;

	if (!copy)
		return err_oom(err);
	grown = reallocarray(edit->v, edit->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	edit->v = grown;
	change.text = take_ptr(copy);
	change.order = edit->n;
	grown[edit->n++] = change;
	return 0;
}

int edit_replace(struct edit *edit, const struct node *node, const char *json, struct err *err)
{
	return add(edit, (struct change){ .start = node->start, .end = node->end }, json, err);
}

static int extend(struct edit *edit, const struct node *container, const char *text,
		  struct err *err)
{
	size_t at = container->end - 1; /* before the closing bracket... */

	node_foreach (child, container)
		at = child->end; /* ...or right behind the last member */
	return add(edit, (struct change){ .start = at, .end = at }, text, err);
}

int edit_add_member(struct edit *edit, const struct node *object, const char *key, const char *json,
		    struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	int r = node_expect(edit->doc, object, NODE_OBJECT, err);

	if (r < 0)
		return r;
	emit_key(&e, key);
	buf_adds(&text, json);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return extend(edit, object, text.data, err);
}

int edit_add_member_alike(struct edit *edit, const struct node *object, const char *key,
			  const char *json, struct err *err)
{
	static const char space[] = " \t\r\n";
	const char *source = doc_text(edit->doc, NULL);
	const struct node *first = object->first;
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	size_t from;

	if (object->type != NODE_OBJECT || !first)
		return edit_add_member(edit, object, key, json, err);
	for (from = first->key_start; strchr(space, source[from - 1]); from--)
		;
	buf_add(&text, source + from, first->key_start - from);
	emit_key(&e, key);
	if (strchr(space, source[first->start - 1]))
		buf_addc(&text, ' ');
	buf_adds(&text, json);
	return buf_status(&text) < 0 ? err_oom(err) : extend(edit, object, text.data, err);
}

int edit_add_element(struct edit *edit, const struct node *array, const char *json, struct err *err)
{
	int r = node_expect(edit->doc, array, NODE_ARRAY, err);

	return r < 0 ? r : extend(edit, array, json, err);
}

static size_t start_of(const struct node *member)
{
	return member->key ? member->key_start : member->start;
}

int edit_remove(struct edit *edit, const struct node *node, struct err *err)
{
	if (!node->parent)
		return err_system(err, EINVAL, "%s: the whole document cannot be removed",
				  doc_name(edit->doc));
	return add(edit,
		   (struct change){ .start = start_of(node), .end = node->end, .removed = node },
		   "", err);
}

bool edit_is_empty(const struct edit *edit)
{
	return edit->n == 0;
}

/* Removals first, those from one container together and in the order of the text. */
static int by_container(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (!x->removed || !y->removed)
		return !x->removed - !y->removed;
	if (x->removed->parent->start != y->removed->parent->start)
		return x->removed->parent->start < y->removed->parent->start ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Which comma goes with a removed member: the one before it where something stays in front of it,
 * else the one behind it. Removing all takes each comma once.
 *
 * v         removals, the first from a container whose others follow it
 * Returns   how many of them are of that container
 */
static size_t widen_removals(struct change *v, size_t n)
{
	const struct node *before = NULL;
	bool stays = false;
	size_t i = 0;

	node_foreach (child, v[0].removed->parent) {
		if (i == n || v[i].removed != child) {
			stays = true;
		} else {
			if (stays)
				v[i].start = before->end;
			else if (child->next)
				v[i].end = start_of(child->next);
			i++;
		}
		before = child;
	}
	return i;
}

static int by_start(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* What is written so far ends in an opening bracket: no value ends in one. */
static bool is_first_member(const struct buf *out)
{
	size_t n = out->len;

	while (n > 0 && strchr(" \t\r\n", out->data[n - 1]))
		n--;
	return n > 0 && (out->data[n - 1] == '{' || out->data[n - 1] == '[');
}

static int write_sorted(const struct edit *edit, const struct change *sorted, struct buf *out,
			struct err *err)
{
	size_t len, at = 0;
	const char *text = doc_text(edit->doc, &len);

	for (size_t i = 0; i < edit->n; i++) {
		const struct change *change = &sorted[i];

		/* Also an addition to what was removed or replaced: it must not land beside it. */
		if (change->start < at)
			return err_system(err, EEXIST, "%s: two edits of one place",
					  doc_name(edit->doc));
		buf_add(out, text + at, change->start - at);
		if (buf_status(out) < 0)
			return err_oom(err);
		if (change->start == change->end && !is_first_member(out))
			buf_addc(out, ',');
		buf_adds(out, change->text);
		at = change->end;
	}
	buf_add(out, text + at, len - at);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

int edit_apply(const struct edit *edit, struct buf *out, struct err *err)
{
	_cleanup_free_ struct change *sorted = calloc(edit->n + 1, sizeof(*sorted));
	_cleanup_doc_ struct doc *again = NULL;
	size_t at = 0;
	int r;

	if (!sorted)
		return err_oom(err);
	if (edit->n > 0)
		memcpy(sorted, edit->v, edit->n * sizeof(*sorted));
	qsort(sorted, edit->n, sizeof(*sorted), by_container);
	while (at < edit->n && sorted[at].removed)
		at += widen_removals(sorted + at, edit->n - at);
	qsort(sorted, edit->n, sizeof(*sorted), by_start);
	r = write_sorted(edit, sorted, out, err);
	if (r < 0)
		return r;
	r = doc_parse(&again, doc_name(edit->doc), out->data, out->len, err);
	if (r < 0)
		err_context(err, "the edited text");
	return r;
}

int edit_member(struct edit *edit, const struct node *object, const char *key, const char *json,
		struct err *err)
{
	const struct node *old = node_get(object, key);

	return old ? edit_replace(edit, old, json, err)
		   : edit_add_member(edit, object, key, json, err);
}
