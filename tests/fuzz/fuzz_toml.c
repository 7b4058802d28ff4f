/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TOML reader: every span is within the text and within the one around it, a line can be taken
 * out of what was read, and a document says what it says itself.
 */
#include "lib/toml.h"

#include "tests/fuzz/fuzz.h"

static void check_tree(const struct toml *toml, const struct toml_node *node)
{
	size_t len;
	const struct toml_node *last = NULL;

	(void)toml_text(toml, &len);
	must(node->start <= node->end && node->end <= len);
	must(node->line_start <= node->line_end && node->line_end <= len);
	must(node->body_end <= len && (node->body_end == 0 || node->body_end >= node->line_end));
	must(node->origin != TOML_VALUE || node->start < node->end);
	must(node->type != TOML_STRING || strlen(node->string) == node->string_len);
	toml_foreach(child, node)
	{
		must(child->parent == node);
		must((child->key != NULL) == (node->type == TOML_TABLE));
		must(node->origin != TOML_VALUE || child->origin != TOML_VALUE ||
		     (child->start > node->start && child->end < node->end));
		check_tree(toml, child);
		last = child;
	}
	must(node->last == last);
}

/* Without the last line that is a pair it is TOML still, and says less. */
static void take_line_out(const struct toml *toml, const struct toml_node *node)
{
	_cleanup_toml_ struct toml *less = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t len;

	text = malloc(1 + (toml_text(toml, &len), len));
	must(text);
	memcpy(text, toml_text(toml, NULL), len);
	memmove(text + node->line_start, text + node->line_end, len - node->line_end);
	len -= node->line_end - node->line_start;
	must_succeed(toml_parse(&less, "less", text, len, &err), &err);
	must(!toml_equal(toml_root(toml), toml_root(less), NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_toml_ struct toml *toml = NULL;
	const struct toml_node *pair = NULL;
	struct err err = { 0 };
	int r = toml_parse(&toml, "input", (const char *)data, size, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!toml);
		return 0;
	}
	check_tree(toml, toml_root(toml));
	must(toml_equal(toml_root(toml), toml_root(toml), NULL, NULL));
	toml_foreach(child, toml_root(toml)) pair =
		child->line_end > 0 && child->origin == TOML_VALUE ? child : pair;
	if (pair)
		take_line_out(toml, pair);
	return 0;
}
