/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels that a container has from its image.
 *
 * Engines copy an image's labels into the container's own, so that only the image's config tells
 * whose they are. What is the image's decides nothing by itself: it may make a profile apply that
 * asks for it, may keep none away, and is never a control label.
 */
#include "hooks/labels_internal.h"

#include <errno.h>

/* Of an index; Docker's largest official ones name 30, half of them attestations. */
#define MANIFESTS_MAX 128

/* Go matches keys without regard to case, and image authors can read, too. */
static int check_keys(const struct doc *doc, struct err *err)
{
	static const char *const known[] = { "Labels", "config", "digest", "manifests" };
	static const char *const free_form[] = { "ExposedPorts", "Labels", "Volumes",
						 "annotations" };

	return doc_check_folding(doc, known, ARRAY_SIZE(known), free_form, ARRAY_SIZE(free_form),
				 err);
}

int labels_mark_from_image(const struct doc *config, struct labels *labels, struct err *err)
{
	const struct node *object = node_path(doc_root(config), "config", "Labels", NULL);
	int r;

	r = check_keys(config, err);
	if (r < 0 || !object || object->type == NODE_NULL)
		return r;
	r = node_expect(config, object, NODE_OBJECT, err);
	if (r < 0)
		return r;
	node_foreach (member, object) {
		const char *value;

		r = node_read_string(config, member, &value, err);
		if (r == 0)
			r = labels_mark_image(labels, member->key, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int labels_mark_from_file(const char *path, struct labels *labels, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = record_parse(path, &doc, err);
	if (r == 0)
		r = labels_mark_from_image(doc, labels, err);
	if (r < 0)
		err_context(err, "which of them are the image's");
	return r;
}

/* ---- containerd's content store ---- */

static int read_blob(const char *root, const char *digest, struct doc **ret, struct err *err)
{
	const char *hex = digest_hex(digest);
	char path[PATH_MAX];
	int r;

	if (!hex)
		return err_input(err, EBADMSG, "%s is no digest of SHA-256",
				 digest ? Q(digest) : "what is no text");
	r = record_join(path, err, "%s/io.containerd.content.v1.content/blobs/sha256/%s", root,
			hex);
	if (r == 0)
		r = record_parse(path, ret, err);
	if (r == 0)
		r = node_expect(*ret, doc_root(*ret), NODE_OBJECT, err);
	if (r == 0)
		r = check_keys(*ret, err);
	return r;
}

static int mark_from_manifest(const char *root, const struct doc *manifest, struct labels *labels,
			      char **ret_id, struct err *err)
{
	const char *digest = text_of(node_get(doc_root(manifest), "config"), "digest");
	_cleanup_doc_ struct doc *config = NULL;
	int r;

	if (!digest)
		return err_input(err, EBADMSG, "%s: no config is named", doc_name(manifest));
	r = read_blob(root, digest, &config, err);
	if (r == 0)
		r = labels_mark_from_image(config, labels, err);
	if (r == 0 && ret_id)
		r = identity_set(ret_id, digest, err);
	return r;
}

/*
 * Which of an index's images runs is not said: of those that are here, normally the one of this
 * machine, each one's labels count as the image's. What is not here, this container cannot be of.
 */
static int mark_from_index(const char *root, const struct node *manifests, struct labels *labels,
			   char **ret_id, struct err *err)
{
	_cleanup_free_ char *id = NULL;
	size_t here = 0;
	int r;

	if (manifests->count > MANIFESTS_MAX)
		return err_input(err, E2BIG, "an index of more than %d images", MANIFESTS_MAX);
	node_foreach (item, manifests) {
		_cleanup_doc_ struct doc *manifest = NULL;
		struct err why = { 0 };

		r = read_blob(root, text_of(item, "digest"), &manifest, &why);
		if (r == 0)
			r = mark_from_manifest(root, manifest, labels, &id, &why);
		if (r < 0 && r != -ENOENT) {
			*err = why;
			return r;
		}
		here += r == 0;
	}
	if (here == 0)
		return err_system(err, ENOENT, "no image of the index is here");
	if (here == 1)
		*ret_id = take_ptr(id);
	return 0;
}

int labels_mark_from_store(const char *root, const char *digest, struct labels *labels,
			   char **ret_id, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *manifests;
	int r;

	r = read_blob(root, digest, &doc, err);
	if (r == 0) {
		manifests = node_get(doc_root(doc), "manifests");
		if (node_is(manifests, NODE_ARRAY))
			r = mark_from_index(root, manifests, labels, ret_id, err);
		else
			r = mark_from_manifest(root, doc, labels, ret_id, err);
	}
	if (r < 0)
		err_context(err, "which of them are the image's");
	return r;
}
