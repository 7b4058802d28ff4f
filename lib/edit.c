/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to a document's text, kept as spans and applied in one pass. Only what is edited is
 * written anew; all other bytes are copied.
 */
#include "lib/edit.h"

#include <errno.h>

#include "lib/emit.h"

struct change {
	size_t start, end;           /* bytes of the text that go; equal: an insertion */
	char *text;                  /* what stands there instead */
	unsigned order;              /* as they were asked for, among equal starts */
	const struct node *removed;  /* the member that goes, or NULL */
	const struct node *extended; /* the container that gets one more, or NULL */
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
	change.order = (unsigned)edit->n;
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
	return add(edit, (struct change){ .start = at, .end = at, .extended = container }, text,
		   err);
}

int edit_add_member(struct edit *edit, const struct node *object, const char *key, const char *json,
		    struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);

	emit_key(&e, key);
	buf_adds(&text, json);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return extend(edit, object, text.data, err);
}

int edit_add_element(struct edit *edit, const struct node *array, const char *json, struct err *err)
{
	return extend(edit, array, json, err);
}

int edit_remove(struct edit *edit, const struct node *node, struct err *err)
{
	size_t start = node->key ? node->key_start : node->start;

	if (!node->parent)
		return err_system(err, EINVAL, "%s: the whole document cannot be removed",
				  doc_name(edit->doc));
	return add(edit, (struct change){ .start = start, .end = node->end, .removed = node }, "",
		   err);
}

bool edit_is_empty(const struct edit *edit)
{
	return edit->n == 0;
}

static bool is_removed(const struct edit *edit, const struct node *node)
{
	for (size_t i = 0; i < edit->n; i++) {
		if (edit->v[i].removed == node)
			return true;
	}
	return false;
}

static bool has_survivor_before(const struct edit *edit, const struct node *node)
{
	for (const struct node *child = node->parent->first; child != node; child = child->next) {
		if (!is_removed(edit, child))
			return true;
	}
	return false;
}

/*
 * Which comma goes with a removed member: the one before it where something stays in front of it,
 * else the one behind it. Removing all takes each comma once.
 */
static void widen_removal(const struct edit *edit, struct change *change)
{
	const struct node *node = change->removed, *before = NULL;

	for (const struct node *child = node->parent->first; child != node; child = child->next)
		before = child;
	if (before && has_survivor_before(edit, node))
		change->start = before->end;
	else if (node->next)
		change->end = node->next->key ? node->next->key_start : node->next->start;
}

/* An addition needs a comma before it where a member stays, or an addition went before. */
static bool needs_comma(const struct edit *edit, const struct change *change)
{
	node_foreach (child, change->extended) {
		if (!is_removed(edit, child))
			return true;
	}
	for (size_t i = 0; i < edit->n; i++) {
		if (edit->v[i].extended == change->extended && edit->v[i].order < change->order)
			return true;
	}
	return false;
}

static int by_start(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	/* A removal that begins where an addition stands goes first. */
	if ((x->end > x->start) != (y->end > y->start))
		return x->end > x->start ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int write_sorted(const struct edit *edit, const struct change *sorted, struct buf *out,
			struct err *err)
{
	size_t len, at = 0;
	const char *text = doc_text(edit->doc, &len);

	for (size_t i = 0; i < edit->n; i++) {
		/* An addition right behind a removed last member stands at that member's end. */
		if (sorted[i].start < at && !(sorted[i].extended && sorted[i].end <= at))
			return err_system(err, EEXIST, "%s: two edits of one place",
					  doc_name(edit->doc));
		if (sorted[i].start > at)
			buf_add(out, text + at, sorted[i].start - at);
		if (sorted[i].extended && needs_comma(edit, &sorted[i]))
			buf_addc(out, ',');
		buf_adds(out, sorted[i].text);
		if (sorted[i].end > at)
			at = sorted[i].end;
	}
	buf_add(out, text + at, len - at);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

int edit_apply(const struct edit *edit, struct buf *out, struct err *err)
{
	_cleanup_free_ struct change *sorted = calloc(edit->n + 1, sizeof(*sorted));
	_cleanup_doc_ struct doc *again = NULL;
	int r;

	if (!sorted)
		return err_oom(err);
	for (size_t i = 0; i < edit->n; i++) {
		sorted[i] = edit->v[i];
		if (sorted[i].removed)
			widen_removal(edit, &sorted[i]);
	}
	qsort(sorted, edit->n, sizeof(*sorted), by_start);
	r = write_sorted(edit, sorted, out, err);
	if (r < 0)
		return r;
	r = doc_parse(&again, doc_name(edit->doc), out->data, out->len, err);
	if (r < 0)
		err_context(err, "the edited text");
	return r;
}
