/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML reader: the tree is whole and within its bounds, every place is one of the text, and
 * the tree written as JSON is a document of JSON that YAML reads as the same tree.
 */
#include "lib/yaml.h"

#include <errno.h>

#include "lib/emit.h"
#include "tests/fuzz/fuzz.h"

static size_t check_tree(const struct doc *doc, const struct node *node, unsigned depth)
{
	char place[WHERE_MAX];
	size_t len, n = 0, all = 1;

	(void)doc_text(doc, &len);
	must(depth <= DOC_DEPTH_MAX + 1);
	must(node->start <= node->end && node->end <= len && node->key_start <= len);
	must((node->string != NULL) == (node->type == NODE_STRING || node->type == NODE_NUMBER));
	must(!node->string || strlen(node->string) == node->string_len);
	must(doc_where(place, doc, node) && doc_where_key(place, doc, node));
	node_foreach (child, node) {
		must(child->parent == node);
		must((child->key != NULL) == (node->type == NODE_OBJECT));
		must(!child->key || node_get(node, child->key) == child);
		all += check_tree(doc, child, depth + 1);
		n++;
	}
	must(n == node->count);
	return all;
}

static void write_json(struct emit *e, const struct node *node)
{
	if (node->key)
		emit_key(e, node->key);
	switch (node->type) {
	case NODE_STRING:
		emit_string(e, node->string);
		break;
	case NODE_NUMBER:
		emit_raw(e, node->string);
		break;
	case NODE_NULL:
		emit_null(e);
		break;
	case NODE_TRUE:
	case NODE_FALSE:
		emit_bool(e, node->type == NODE_TRUE);
		break;
	default:
		node->type == NODE_OBJECT ? emit_object(e) : emit_array(e);
		node_foreach (child, node)
			write_json(e, child);
		node->type == NODE_OBJECT ? emit_object_end(e) : emit_array_end(e);
	}
}

static void same(const struct node *a, const struct node *b)
{
	must(a->type == b->type && a->count == b->count);
	must(!a->string || strcmp(a->string, b->string) == 0);
	must((a->key == NULL) == (b->key == NULL) && (!a->key || strcmp(a->key, b->key) == 0));
	for (a = a->first, b = b->first; a; a = a->next, b = b->next)
		same(a, b);
}

/* What ends a line in YAML 1.1, and is a character like others in JSON. */
static bool has_line_end(const char *json)
{
	return strstr(json, "\xc2\x85") || strstr(json, "\xe2\x80\xa8") ||
	       strstr(json, "\xe2\x80\xa9");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_doc_ struct doc *doc = NULL, *json = NULL, *again = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct err err = { 0 };
	int r = doc_parse_yaml_all(&doc, "input", (const char *)data, size, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!doc);
		return 0;
	}
	must(check_tree(doc, doc_root(doc), 0) <= YAML_NODES_MAX);
	write_json(&e, doc_root(doc));
	must(buf_status(&out) == 0);
	/* One level is the root's, which is no text's. */
	r = doc_parse(&json, "json", out.data, out.len, &err);
	must(r == 0 || r == -E2BIG);
	if (r < 0)
		return 0;
	same(doc_root(doc), doc_root(json));
	if (has_line_end(out.data))
		return 0;
	/* A key of more than 1,024 characters is none to YAML, if not to JSON. */
	if (doc_parse_yaml(&again, "yaml", out.data, out.len, &err) == 0)
		same(doc_root(doc), doc_root(again));
	else
		must(err.class == ERR_INPUT);
	return 0;
}
