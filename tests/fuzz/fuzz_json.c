/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader, and edits of what it read: a document of which a member was removed, replaced
 * or added reads as one that has one member fewer, as many, or one more.
 */
#include "lib/edit.h"

#include "tests/fuzz/fuzz.h"

static void check_tree(const struct doc *doc, const struct node *node)
{
	size_t len, n = 0, last = node->start;
	const char *text = doc_text(doc, &len);
	char place[WHERE_MAX];

	must(node->start < node->end && node->end <= len);
	must(!node->key || text[node->key_start] == '"');
	must(node->type != NODE_STRING || strlen(node->string) == node->string_len);
	(void)doc_where(place, doc, node);
	node_foreach (child, node) {
		must(child->parent == node && child->start > last && child->end < node->end);
		must((child->key != NULL) == (node->type == NODE_OBJECT));
		check_tree(doc, child);
		last = child->end;
		n++;
	}
	must(n == node->count);
}

static size_t count_after(const struct edit *edit, const struct node *parent)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };
	const struct node *node;

	must_succeed(edit_apply(edit, &out, &err), &err);
	must_succeed(doc_parse(&doc, "edited", out.data, out.len, &err), &err);
	node = doc_root(doc);
	check_tree(doc, node);
	/* It is the only one that grew or shrank, and none before it did: same start. */
	while (node && node->start != parent->start) {
		const struct node *within = NULL;

		node_foreach (child, node)
			within = child->start <= parent->start ? child : within;
		node = within;
	}
	must(node && node->type == parent->type);
	return node->count;
}

static void edit_at(const struct doc *doc, const struct node *node, unsigned kind)
{
	_cleanup_edit_ struct edit *edit = NULL;
	struct err err = { 0 };

	must_succeed(edit_new(&edit, doc, &err), &err);
	if (kind % 4 == 0 && node->parent) {
		must_succeed(edit_remove(edit, node, &err), &err);
		must(count_after(edit, node->parent) == node->parent->count - 1);
	} else if (kind % 4 == 1 && node->parent) {
		must_succeed(edit_replace(edit, node, "[0]", &err), &err);
		must(count_after(edit, node->parent) == node->parent->count);
	} else if (node->type == NODE_ARRAY) {
		must_succeed(edit_add_element(edit, node, "{}", &err), &err);
		must(count_after(edit, node) == node->count + 1);
	} else if (node->type == NODE_OBJECT && !node_get(node, "new\n")) {
		must_succeed(edit_add_member(edit, node, "new\n", "0", &err), &err);
		must(count_after(edit, node) == node->count + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *node;
	struct err err = { 0 };
	int r = doc_parse(&doc, "input", (const char *)data, size, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!doc);
		return 0;
	}
	node = doc_root(doc);
	check_tree(doc, node);
	/* The last value of the document, and those around it. */
	while (node->count > 0) {
		const struct node *last = node->first;

		while (last->next)
			last = last->next;
		node = last;
	}
	for (unsigned kind = 0; node && kind < 8; kind++) {
		edit_at(doc, node, kind);
		node = kind % 4 == 3 ? node->parent : node;
	}
	return 0;
}
