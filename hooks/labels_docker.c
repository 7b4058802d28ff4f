/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's labels: containers/ID/config.v2.json below its data root. Docker hands none of them to
 * the runtime. It replaces the file by rename, before it makes the container.
 */
#include "hooks/labels_internal.h"

#include <errno.h>

static const char default_root[] = "/var/lib/docker";

/*
 * The container's root lies below the data root, whatever the storage driver, also with
 * userns-remap, which has a data root of its own within.
 */
static int find_root(const struct labels_request *request, const char *id, char out[PATH_MAX],
		     struct err *err)
{
	const struct engine_places *places = &request->host->engines;
	const char *rootfs = text_of(node_get(doc_root(request->config), "root"), "path");
	char name[PATH_MAX];
	int r;

	if (!is_long_id(id))
		return err_input(err, EINVAL, "%s is no id of Docker's", Q(id));
	if (places->docker_data_root)
		return record_join(out, err, "%s", places->docker_data_root);
	r = record_join(name, err, "containers/%s/config.v2.json", id);
	if (r < 0 || (rootfs && record_above(rootfs, name, out)))
		return r;
	return record_join(out, err, "%s", default_root);
}

/* With containerd's image store there is a manifest; without, Docker keeps the config itself. */
static int mark(const struct labels_request *request, const char *root, const struct doc *record,
		struct identity *identity, struct labels *labels, struct err *err)
{
	const struct node *top = doc_root(record);
	const char *manifest = text_of(node_get(top, "ImageManifest"), "digest");
	const char *driver = text_of(top, "Driver"), *id = digest_hex(identity->image_id);
	char path[PATH_MAX];
	int r;

	if (!id)
		return err_input(err, EBADMSG, "%s: no image is named", doc_name(record));
	if (!driver || driver[0] == '.' || strchr(driver, '/'))
		return err_input(err, EBADMSG, "%s: no storage driver is named", doc_name(record));
	r = record_join(path, err, "%s/image/%s/imagedb/content/sha256/%s", root, driver, id);
	if (r == 0 && !manifest)
		return labels_mark_from_file(path, labels, err);
	/* dockerd runs a containerd of its own, or uses the host's. */
	if (r == 0)
		r = record_join(path, err, "%s/containerd/daemon", root);
	if (r == 0 && access(path, F_OK) < 0)
		r = record_join(path, err, "%s",
				request->host->engines.containerd_root
					? request->host->engines.containerd_root
					: "/var/lib/containerd");
	return r < 0 ? r : labels_mark_from_store(path, manifest, labels, &identity->image_id, err);
}

static int identify(const struct node *top, struct identity *identity, struct err *err)
{
	const char *name = text_of(top, "Name");
	int r;

	r = identity_set(&identity->name, name && name[0] == '/' ? name + 1 : name, err);
	if (r == 0)
		r = identity_set(&identity->image, text_of(node_get(top, "Config"), "Image"), err);
	if (r == 0)
		r = identity_set(&identity->image_id, text_of(top, "Image"), err);
	if (r == 0)
		r = identity_set(&identity->image_digest,
				 text_of(node_get(top, "ImageManifest"), "digest"), err);
	return r;
}

static int add(const struct doc *record, struct labels *labels, struct err *err)
{
	const struct node *object = node_path(doc_root(record), "Config", "Labels", NULL);
	int r;

	if (!node_is(node_get(doc_root(record), "Config"), NODE_OBJECT))
		return err_input(err, EBADMSG, "%s: no \"Config\"", doc_name(record));
	if (!object || object->type == NODE_NULL)
		return 0;
	r = node_expect(record, object, NODE_OBJECT, err);
	return r < 0 ? r : labels_add_object(record, object, LABEL_FROM_ENGINE, labels, err);
}

int labels_of_docker(const struct labels_request *request, struct identity *identity,
		     struct labels *labels, struct err *err)
{
	_cleanup_doc_ struct doc *record = NULL;
	char root[PATH_MAX], path[PATH_MAX];
	const char *id;
	int r;

	r = find_root(request, identity->id, root, err);
	if (r == 0)
		r = record_join(path, err, "%s/containers/%s/config.v2.json", root, identity->id);
	if (r == 0)
		r = record_parse(path, &record, err);
	if (r == -ENOENT)
		err_hint(err, "if Docker's data root is another, give it as "
			      "engines.docker.dataRoot in coaming.json");
	if (r < 0)
		return r;
	id = text_of(doc_root(record), "ID");
	if (!id || !streq(id, identity->id))
		return err_input(err, EBADMSG, "%s is of another container", Q(path));
	r = identify(doc_root(record), identity, err);
	if (r == 0)
		r = add(record, labels, err);
	if (r == 0 && labels_from_engine(labels))
		r = mark(request, root, record, identity, labels, err);
	return r;
}
