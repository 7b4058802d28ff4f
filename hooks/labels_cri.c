/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes' names. CRI-O and the CRI plugin of containerd write them into annotations, beside
 * and after those that a pod brings, so that no pod can choose them.
 *
 * Sources: CRI-O 1.30, pkg/annotations; containerd 1.6 to 2.1, pkg/cri/annotations
 */
#include "hooks/labels_internal.h"

#include <errno.h>

struct name {
	const char *key;
	size_t offset; /* in struct identity */
};

/* Of those that lead to the same name the first one counts. */
static const struct name crio_names[] = {
	{ "io.kubernetes.cri-o.Namespace", offsetof(struct identity, pod_namespace) },
	{ "io.kubernetes.cri-o.KubeName", offsetof(struct identity, pod) },
	{ "io.kubernetes.cri-o.ImageRef", offsetof(struct identity, image_digest) },
};
/* In the JSON of CRI-O's labels, which the kubelet gives. */
static const struct name kubelet_names[] = {
	{ "io.kubernetes.pod.name", offsetof(struct identity, pod) },
	{ "io.kubernetes.pod.namespace", offsetof(struct identity, pod_namespace) },
	{ "io.kubernetes.pod.uid", offsetof(struct identity, pod_uid) },
	{ "io.kubernetes.container.name", offsetof(struct identity, pod_container) },
};
static const struct name containerd_names[] = {
	{ "io.kubernetes.cri.sandbox-name", offsetof(struct identity, pod) },
	{ "io.kubernetes.cri.sandbox-namespace", offsetof(struct identity, pod_namespace) },
	{ "io.kubernetes.cri.sandbox-uid", offsetof(struct identity, pod_uid) },
	{ "io.kubernetes.cri.container-name", offsetof(struct identity, pod_container) },
};

static int take_names(const struct node *object, const struct name *names, size_t n,
		      struct identity *identity, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		char **member = (char **)(void *)((char *)identity + names[i].offset);

		if (!*member)
			r = identity_set(member, text_of(object, names[i].key), err);
	}
	return r;
}

int labels_names_of_containerd(const struct node *annotations, struct identity *identity,
			       struct err *err)
{
	return take_names(annotations, containerd_names, ARRAY_SIZE(containerd_names), identity,
			  err);
}

/* "registry/name@sha256:..." or an id: only what is surely a manifest's digest stays. */
static void keep_digest(struct identity *identity)
{
	const char *at = identity->image_digest ? strchr(identity->image_digest, '@') : NULL;

	if (at && digest_hex(at + 1)) {
		memmove(identity->image_digest, at + 1, strlen(at + 1) + 1);
		return;
	}
	free(identity->image_digest);
	identity->image_digest = NULL;
}

/* Its own labels and annotations labels_from_config() has read. */
int labels_of_crio(const struct labels_request *request, struct identity *identity,
		   struct labels *labels, struct err *err)
{
	const struct node *annotations = node_get(doc_root(request->config), "annotations");
	const struct node *json = node_get(annotations, "io.kubernetes.cri-o.Labels");
	_cleanup_doc_ struct doc *doc = NULL;
	int r = 0;

	if (!node_is(json, NODE_STRING))
		return err_input(err, EBADMSG,
				 "the annotation io.kubernetes.cri-o.Labels is missing");
	r = doc_parse(&doc, "io.kubernetes.cri-o.Labels", json->string, json->string_len, err);
	if (r == 0)
		r = take_names(doc_root(doc), kubelet_names, ARRAY_SIZE(kubelet_names), identity,
			       err);
	if (r == 0)
		r = take_names(annotations, crio_names, ARRAY_SIZE(crio_names), identity, err);
	keep_digest(identity);
	return r < 0 ? r : labels_of_crio_pod(request, labels, err);
}
