/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of a config; behind a line "---" a selector that is matched with them.
 */
#include "hooks/labels.h"

#include "profiles/match.h"
#include "tests/fuzz/fuzz.h"

static void match(const struct labels *labels, struct piece text)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct selector selector = { 0 };
	struct err err = { 0 };
	int r = doc_parse(&doc, "selector", text.text, text.len, &err);

	if (r == 0)
		r = selector_parse(doc, doc_root(doc), &selector, &err);
	if (r < 0)
		must_tell(r, &err);
	else
		must(match_fits(&(struct match){ .present = true,
						 .selector = selector,
						 .sources = LABEL_SOURCES_TRUSTED },
				&(struct metadata){ labels, NULL }) ||
		     selector.n > 0);
	selector_done(&selector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };
	struct piece text = next_piece(&rest);
	_cleanup_doc_ struct doc *doc = NULL;
	struct labels labels = { 0 };
	struct err err = { 0 };
	int r = doc_parse(&doc, "config.json", text.text, text.len, &err);

	if (r == 0)
		r = labels_from_config(doc, &labels, &err);
	if (r < 0) {
		must_tell(r, &err);
		must(!labels.v);
		return 0;
	}
	for (size_t i = 0; i < labels.n; i++) {
		must(i == 0 || strcmp(labels.v[i - 1].key, labels.v[i].key) < 0);
		must(labels_get(&labels, labels.v[i].key) == &labels.v[i]);
		must(labels.v[i].source >= LABEL_FROM_ENGINE);
	}
	match(&labels, rest);
	labels_done(&labels);
	return 0;
}
