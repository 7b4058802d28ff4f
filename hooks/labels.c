/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, from where each engine keeps them.
 */
#include "hooks/labels.h"

#include <errno.h>

#include "hooks/labels_internal.h"

/* CRI-O's annotations whose values are JSON objects. */
static const char *const crio_objects[] = { "io.kubernetes.cri-o.Labels",
					    "io.kubernetes.cri-o.Annotations" };

/* By the name that identity_find() gives an engine. */
static const struct {
	const char *engine;
	const char *shown;
	labels_source_fn *read;
} sources[] = {
	{ "docker", "Docker", labels_of_docker },
	{ "podman", "podman", labels_of_podman },
	{ "containerd", "containerd", labels_of_containerd },
	{ "cri-o", "CRI-O", labels_of_crio },
};

int labels_add_object(const struct doc *doc, const struct node *object, enum label_source source,
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

static int add_crio(const struct node *annotations, const char *key, struct labels *labels,
		    struct err *err)
{
	const struct node *node = node_get(annotations, key);
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (!node || node->type != NODE_STRING)
		return 0;
	r = doc_parse(&doc, key, node->string, node->string_len, err);
	if (r < 0)
		return r;
	/* Go writes null for a map that is not there. */
	if (node_is(doc_root(doc), NODE_NULL))
		return 0;
	r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	if (r < 0)
		return r;
	return labels_add_object(doc, doc_root(doc), LABEL_FROM_ENGINE, labels, err);
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
			r = labels_add_object(config, annotations, LABEL_FROM_ANNOTATION, &labels,
					      err);
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(crio_objects); i++)
			r = add_crio(annotations, crio_objects[i], &labels, err);
	}
	if (r < 0) {
		labels_done(&labels);
		return r;
	}
	*ret = labels;
	return 0;
}

bool labels_from_engine(const struct labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		if (labels->v[i].source == LABEL_FROM_ENGINE)
			return true;
	}
	return false;
}

int labels_find(const struct labels_request *request, struct identity *identity, struct labels *ret,
		struct err *err)
{
	struct labels labels = { 0 };
	int r;

	r = labels_from_config(request->config, &labels, err);
	for (size_t i = 0; r == 0 && identity->engine && i < ARRAY_SIZE(sources); i++) {
		if (!streq(sources[i].engine, identity->engine))
			continue;
		r = sources[i].read(request, identity, &labels, err);
		if (r < 0)
			err_context(err, "the labels that %s keeps cannot be read",
				    sources[i].shown);
	}
	if (r < 0) {
		labels_done(&labels);
		return r;
	}
	*ret = labels;
	return 0;
}
