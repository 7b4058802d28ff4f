/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own hooks put into a config: once, whatever hooks there were, which all stay.
 */
#include "hooks/inject.h"

#include "tests/fuzz/fuzz.h"

#define PROGRAM "/usr/libexec/coaming/coaming-hook"

static size_t count(const struct doc *config, const char *stage)
{
	const struct node *list = node_path(doc_root(config), "hooks", stage, NULL);

	return node_is(list, NODE_ARRAY) ? list->count : 0;
}

static void check(const struct doc *before, const struct buf *text, bool changed)
{
	static const char *const stages[] = { "createRuntime", "poststop" };
	_cleanup_doc_ struct doc *after = NULL;
	_cleanup_buf_ struct buf again = { 0 };
	struct err err = { 0 };
	bool second = true;

	must_succeed(doc_parse(&after, "after", text->data, text->len, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		size_t added = count(after, stages[i]) - count(before, stages[i]);

		must(count(after, stages[i]) > 0);
		must(added <= (changed ? 1 : 0));
	}
	must_succeed(inject_hooks(after, PROGRAM, NULL, &again, &second, &err), &err);
	must(!second && again.len == text->len && memcmp(again.data, text->data, text->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_doc_ struct doc *config = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	bool changed = false;
	int r = doc_parse(&config, "config.json", (const char *)data, size, &err);

	if (r == 0)
		r = inject_hooks(config, PROGRAM, NULL, &text, &changed, &err);
	if (r < 0)
		must_tell(r, &err);
	else
		check(config, &text, changed);
	return 0;
}
