/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels of a pod, for the containers in it. The kubelet gives an engine a pod's labels with
 * its sandbox alone, and a container only the names of both: what a NetworkPolicy, or a profile,
 * asks a pod for stands in the record of another container, which the engine names in an
 * annotation.
 *
 * Sources: Kubernetes 1.31, pkg/kubelet/kuberuntime/labels.go; containerd 1.6 to 2.1,
 * pkg/cri/annotations; CRI-O 1.20 to 1.32, server/sandbox_run_linux.go (the sandbox's config.json
 * is there also where its pause container is not)
 */
#include "hooks/labels_internal.h"

#include <errno.h>

/* Of the sandbox itself, or in the container's own labels already. */
static bool is_own(const char *key)
{
	return starts_with(key, "io.kubernetes.") || starts_with(key, "io.cri-containerd.");
}

int labels_add_of_pod(const char *key, const char *value, struct labels *labels, struct err *err)
{
	const struct label *there = labels_get(labels, key);

	/* A container's own say more of it; an image's are nobody's word. */
	if (is_own(key) || (there && there->source != LABEL_FROM_IMAGE))
		return 0;
	return labels_set(labels, key, value, LABEL_FROM_ENGINE, NULL, err);
}

const char *labels_sandbox_of(const struct node *annotations, const char *type_key,
			      const char *sandbox_key)
{
	const char *type = text_of(annotations, type_key);

	const char *sandbox = text_of(annotations, sandbox_key);

	if (!type || !streq(type, "container"))
		return NULL;
	return sandbox ? sandbox : ""; /* which is no id, and refused */
}

int labels_check_sandbox(const char *sandbox, struct err *err)
{
	size_t len = strlen(sandbox);

	if (len == 0 || len > NAME_MAX || strchr(sandbox, '/') || streq(sandbox, ".") ||
	    streq(sandbox, ".."))
		return err_input(err, EINVAL, "%s is no id of a pod's sandbox", Q(sandbox));
	return 0;
}

/* The annotation has the sandbox's labels as JSON; Go writes null for none. */
static int add_all(const struct doc *config, const char *path, struct labels *labels,
		   struct err *err)
{
	const char *text =
		text_of(node_get(doc_root(config), "annotations"), "io.kubernetes.cri-o.Labels");
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (!text)
		return err_input(err, EBADMSG,
				 "%s: the annotation io.kubernetes.cri-o.Labels is missing",
				 Q(path));
	r = doc_parse(&doc, "io.kubernetes.cri-o.Labels", text, strlen(text), err);
	if (r < 0 || node_is(doc_root(doc), NODE_NULL))
		return r;
	r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	if (r < 0)
		return r;
	node_foreach (member, doc_root(doc)) {
		const char *value;

		r = node_read_string(doc, member, &value, err);
		if (r == 0)
			r = labels_add_of_pod(member->key, value, labels, err);
		if (r < 0)
			break;
	}
	return r;
}

/* STORAGE/ID/userdata is a container's bundle, STORAGE/SANDBOX/userdata its pod's. */
int labels_of_crio_pod(const struct labels_request *request, struct labels *labels, struct err *err)
{
	const struct node *annotations = node_get(doc_root(request->config), "annotations");
	const char *sandbox = labels_sandbox_of(annotations, "io.kubernetes.cri-o.ContainerType",
						"io.kubernetes.cri-o.SandboxID");
	_cleanup_doc_ struct doc *config = NULL;
	char path[PATH_MAX];
	int r;

	if (!sandbox || !request->bundle)
		return 0;
	r = labels_check_sandbox(sandbox, err);
	if (r == 0)
		r = record_join(path, err, "%s/../../%s/userdata/config.json", request->bundle,
				sandbox);
	if (r == 0)
		r = record_parse(path, &config, err);
	if (r == 0)
		r = add_all(config, path, labels, err);
	if (r < 0)
		err_context(err, "the labels of its pod");
	return r;
}
