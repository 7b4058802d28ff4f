/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, from where each engine puts them in the config.
 */
#include "hooks/labels.h"

#include <errno.h>

/* CRI-O's annotation whose value is a JSON object of the container's labels. */
static const char crio_labels[] = "io.kubernetes.cri-o.Labels";

static int add_all(const struct doc *doc, const struct node *object, enum label_source source,
		   struct labels *labels, struct err *err)
{
	int r;

	node_foreach (member, object) {
		const char *value;

		r = node_read_string(doc, member, &value, err);
		if (r < 0)
			return r;
		r = labels_set(labels, member->key, value, source, NULL, err);
		if (r < 0) {
			err_context(err, "%s", WHERE_KEY(doc, member));
			return r;
		}
	}
	return 0;
}

static int add_crio(const struct node *annotations, struct labels *labels, struct err *err)
{
	const struct node *node = node_get(annotations, crio_labels);
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (!node || node->type != NODE_STRING)
		return 0;
	r = doc_parse(&doc, crio_labels, node->string, node->string_len, err);
	if (r < 0)
		return r;
	r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	if (r < 0)
		return r;
	return add_all(doc, doc_root(doc), LABEL_FROM_ENGINE, labels, err);
}

int labels_from_config(const struct doc *config, struct labels *ret, struct err *err)
{
	const struct node *annotations = node_get(doc_root(config), "annotations");
	struct labels labels = { 0 };
	int r = 0;

	/* "annotations": null is what Go writes for an empty map. */
	if (annotations && annotations->type != NODE_NULL) {
		r = node_expect(config, annotations, NODE_OBJECT, err);
		if (r == 0)
			r = add_all(config, annotations, LABEL_FROM_ANNOTATION, &labels, err);
		if (r == 0)
			r = add_crio(annotations, &labels, err);
	}
	if (r < 0) {
		labels_done(&labels);
		return r;
	}
	*ret = labels;
	return 0;
}
