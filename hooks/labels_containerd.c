/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd's labels: its metadata database keeps those of ctr, nerdctl and the CRI plugin, and
 * which image a container is of; the content store keeps the image.
 *
 *   v1 / NAMESPACE / containers / ID / image, labels / KEY
 *   v1 / NAMESPACE / images / NAME / target / digest
 *   v1 / NAMESPACE / sandboxes / ID / labels / KEY (2.0 and later: where no container is the
 * sandbox)
 *
 * Source: containerd 1.6 to 2.1, metadata/buckets.go
 */
#include "hooks/labels_internal.h"

#include <errno.h>

#include "hooks/bolt.h"

static const char default_root[] = "/var/lib/containerd";
static const char tasks[] = "/io.containerd.runtime.v2.task/";

/* Where it is, and which of its containers. */
struct place {
	char root[PATH_MAX];
	char database[PATH_MAX];
	char namespace[NAME_MAX + 1];
	char id[NAME_MAX + 1];
	int fd;
};

static void place_done(struct place *place)
{
	closep(&place->fd);
}

static int take_part(const char **at, char out[NAME_MAX + 1])
{
	size_t len = strcspn(*at, "/");

	if (len == 0 || len > NAME_MAX)
		return -EINVAL;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len + ((*at)[len] == '/');
	return 0;
}

/* STATE/io.containerd.runtime.v2.task/NAMESPACE/ID */
static int from_bundle(const char *bundle, struct place *place, struct err *err)
{
	const char *at = bundle ? strstr(bundle, tasks) : NULL;

	if (at)
		at += strlen(tasks);
	if (!at || take_part(&at, place->namespace) < 0 || take_part(&at, place->id) < 0)
		return err_input(err, EINVAL, "%s is no bundle of containerd's",
				 bundle ? Q(bundle) : "an unknown place");
	return 0;
}

/* BUNDLE/work is a link to ROOT/io.containerd.runtime.v2.task/NAMESPACE/ID. */
static int find_root(const struct labels_request *request, struct place *place, struct err *err)
{
	const char *configured = request->host->engines.containerd_root;
	char link[PATH_MAX];
	char *end = NULL;
	ssize_t n;
	int r;

	if (configured)
		return record_join(place->root, err, "%s", configured);
	r = record_join(link, err, "%s/work", request->bundle);
	if (r < 0)
		return r;
	n = readlink(link, place->root, sizeof(place->root) - 1);
	if (n > 0) {
		place->root[n] = '\0';
		end = strstr(place->root, tasks);
	}
	if (!end)
		return record_join(place->root, err, "%s", default_root);
	*end = '\0';
	return 0;
}

static int open_database(const struct labels_request *request, struct place *place, struct err *err)
{
	int r;

	r = from_bundle(request->bundle, place, err);
	if (r == 0)
		r = find_root(request, place, err);
	if (r == 0)
		r = record_join(place->database, err, "%s/io.containerd.metadata.v1.bolt/meta.db",
				place->root);
	if (r == 0)
		r = record_open(place->database, &place->fd, err);
	return r;
}

/* A bucket's labels; one that is not there has none, and *ret_found says so. */
static int list_labels(const struct place *place, const char *kind, const char *id,
		       struct bolt_items *ret, bool *ret_found, struct err *err)
{
	const char *const path[] = { "v1", place->namespace, kind, id, "labels", NULL };
	struct err why = { 0 };
	int r = bolt_list(place->fd, place->database, path, ret, &why);

	*ret_found = r != -ENOENT;
	if (r < 0 && r != -ENOENT) {
		*err = why;
		return r;
	}
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		const struct bolt_item *item = &ret->v[i];

		if (strlen(item->key) != item->key_len || strlen(item->value) != item->value_len)
			return err_input(err, EBADMSG, "%s: a label with a NUL in it",
					 Q(place->database));
	}
	return 0;
}

/* That there is such a container is known by its image. */
static int add_labels(const struct place *place, struct labels *labels, struct err *err)
{
	_cleanup_(bolt_items_done) struct bolt_items items = { 0 };
	bool found;
	int r = list_labels(place, "containers", place->id, &items, &found, err);

	for (size_t i = 0; r == 0 && i < items.n; i++)
		r = labels_set(labels, items.v[i].key, items.v[i].value, LABEL_FROM_ENGINE, NULL,
			       err);
	return r;
}

static int get_image(const struct place *place, const char *id, char **ret, size_t *ret_len,
		     struct err *err)
{
	const char *const path[] = { "v1", place->namespace, "containers", id, "image", NULL };

	return bolt_get(place->fd, place->database, path, ret, ret_len, err);
}

/* Which labels are the image's; and the digests that it has. */
static int mark(const struct place *place, const char *image, struct identity *identity,
		struct labels *labels, struct err *err)
{
	const char *const path[] = { "v1",     place->namespace, "images", image,
				     "target", "digest",         NULL };
	_cleanup_free_ char *digest = NULL;
	size_t len;
	int r;

	r = bolt_get(place->fd, place->database, path, &digest, &len, err);
	if (r == 0)
		r = labels_mark_from_store(place->root, digest, labels, &identity->image_id, err);
	if (r == 0)
		r = identity_set(&identity->image_digest, digest, err);
	return r;
}

/* ---- the pod that it is in ---- */

/* A sandbox that is no container (containerd 2.0 and later) has no image. */
static int mark_sandbox(const struct place *place, const char *sandbox, struct labels *labels,
			struct err *err)
{
	_cleanup_free_ char *image = NULL;
	struct identity ignored = { 0 };
	struct err why = { 0 };
	size_t len = 0;
	int r = get_image(place, sandbox, &image, &len, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*err = why;
	else if (len > 0)
		r = mark(place, image, &ignored, labels, err);
	identity_done(&ignored);
	return r;
}

/* The kubelet labels every sandbox: one without labels is none. */
static int read_sandbox(const struct place *place, const char *sandbox, struct labels *ret,
			struct err *err)
{
	_cleanup_(bolt_items_done) struct bolt_items items = { 0 };
	bool found;
	int r;

	r = list_labels(place, "containers", sandbox, &items, &found, err);
	if (r == 0 && !found)
		r = list_labels(place, "sandboxes", sandbox, &items, &found, err);
	if (r == 0 && !found)
		r = err_input(err, ENOENT, "%s: its pod's sandbox %s has no labels in it",
			      Q(place->database), Q(sandbox));
	for (size_t i = 0; r == 0 && i < items.n; i++)
		r = labels_set(ret, items.v[i].key, items.v[i].value, LABEL_FROM_ENGINE, NULL, err);
	return r < 0 ? r : mark_sandbox(place, sandbox, ret, err);
}

/* What the sandbox's own image says of itself is not the pod's. */
static int add_labels_of_pod(const struct place *place, const struct node *annotations,
			     struct labels *labels, struct err *err)
{
	const char *sandbox = labels_sandbox_of(annotations, "io.kubernetes.cri.container-type",
						"io.kubernetes.cri.sandbox-id");
	struct labels of_pod = { 0 };
	int r;

	if (!sandbox)
		return 0;
	r = labels_check_sandbox(sandbox, err);
	if (r == 0)
		r = read_sandbox(place, sandbox, &of_pod, err);
	for (size_t i = 0; r == 0 && i < of_pod.n; i++) {
		const struct label *label = &of_pod.v[i];

		if (label->source == LABEL_FROM_ENGINE)
			r = labels_add_of_pod(label->key, label->value, labels, err);
	}
	labels_done(&of_pod);
	return r;
}

int labels_of_containerd(const struct labels_request *request, struct identity *identity,
			 struct labels *labels, struct err *err)
{
	const struct node *annotations = node_get(doc_root(request->config), "annotations");
	_cleanup_(place_done) struct place place = { .fd = -1 };
	_cleanup_free_ char *image = NULL;
	size_t len;
	int r;

	r = labels_names_of_containerd(annotations, identity, err);
	if (r == 0)
		r = open_database(request, &place, err);
	if (r == -ENOENT)
		err_hint(err, "if containerd's root is another, give it as "
			      "engines.containerd.root in coaming.json");
	if (r < 0)
		return r;
	r = get_image(&place, place.id, &image, &len, err);
	if (r == 0)
		r = add_labels(&place, labels, err);
	/* The CRI plugin names images by their config's digest; its annotation has the name. */
	if (r == 0 && !identity->image)
		r = identity_set(&identity->image, image, err);
	if (r == 0 && len > 0 && labels_from_engine(labels))
		r = mark(&place, image, identity, labels, err);
	if (r == 0)
		r = add_labels_of_pod(&place, annotations, labels, err);
	return r;
}
