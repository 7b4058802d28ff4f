/* SPDX-License-Identifier: Apache-2.0 */
/*
 * podman's labels, from its database: none of them is in the config. podman holds the container's
 * lock while it starts one, and its command line would wait for that for ever.
 *
 *   podman 4         GRAPHROOT/libpod/bolt_state.db   bucket "ctr", bucket ID, key "config"
 *   podman 4.8 to 5  GRAPHROOT/db.sql                 SELECT JSON FROM ContainerConfig
 *
 * Both hold the same JSON. An id is 64 random digits: where both files are there, left by an
 * update, only one has it.
 *
 * Source: podman 4.3 and 5.4, libpod/boltdb_state_internal.go, sqlite_state.go, container_config.go
 */
#include "hooks/labels_internal.h"

#include <errno.h>

#include "hooks/bolt.h"
#include "hooks/helper.h"
#include "lib/file.h"
#include "lib/hash.h"

/* coaming-sqlite waits 2 seconds for a lock, and then says so. */
#define SQLITE_WAIT_SECONDS 5
/* A config holds the container's whole spec, and the command that made it. */
#define CONFIG_MAX_BYTES ((size_t)4 << 20)

static const char default_root[] = "/var/lib/containers/storage";

/* Where its files may be; only those below the static directory move with it. */
static const struct database {
	const char *name; /* below the graph root */
	const char *file; /* below a static directory that was configured */
	bool bolt;
} databases[] = {
	{ "libpod/bolt_state.db", "bolt_state.db", true },
	{ "db.sql", "db.sql", false },
	{ "libpod/db.sql", "db.sql", false },
};

/* The bundle, as far as a config tells it that podman has written: /dev/shm is mounted from it. */
static const char *bundle_of(const struct doc *config, const char *id)
{
	const char shm[] = "/userdata/shm";

	node_foreach (mount, node_get(doc_root(config), "mounts")) {
		const char *source = text_of(mount, "source");
		size_t len = source ? strlen(source) : 0;

		if (len < sizeof(shm) + strlen(id) || !streq(source + len - strlen(shm), shm))
			continue;
		len -= strlen(shm) + strlen(id);
		if (strncmp(source + len, id, strlen(id)) == 0 && source[len - 1] == '/')
			return source;
	}
	return NULL;
}

/* The storage's root lies above the bundle, and above the container's root in it. */
static int find_root(const struct labels_request *request, const char *id, char out[PATH_MAX],
		     struct err *err)
{
	const char *configured = request->host->engines.podman_graph_root;
	const char *from[] = { request->bundle ? request->bundle : bundle_of(request->config, id),
			       text_of(node_get(doc_root(request->config), "root"), "path") };

	if (configured)
		return record_join(out, err, "%s", configured);
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		for (size_t d = 0; from[i] && d < ARRAY_SIZE(databases); d++) {
			if (record_above(from[i], databases[d].name, out))
				return 0;
		}
	}
	return record_join(out, err, "%s", default_root);
}

static int read_bolt(int fd, const char *path, const char *id, char **ret, size_t *ret_len,
		     struct err *err)
{
	return bolt_get(fd, path, (const char *const[]){ "ctr", id, "config", NULL }, ret, ret_len,
			err);
}

/* -ENOENT: no such container. */
static int read_sqlite(const char *path, const char *id, char **ret, size_t *ret_len,
		       struct err *err)
{
	const struct helper helper = {
		.program = "coaming-sqlite",
		.args = { "podman", path, id },
		.input = "",
		.fd = -1,
		.wait_seconds = SQLITE_WAIT_SECONDS,
		.out_max_bytes = CONFIG_MAX_BYTES,
	};
	_cleanup_free_ char *out = NULL;
	size_t len = 0;
	int r;

	r = helper_run(&helper, &out, &len, err);
	if (r < 0)
		return r;
	if (len == 0)
		return err_input(err, ENOENT, "%s: no container %s", Q(path), Q(id));
	*ret = take_ptr(out);
	*ret_len = len;
	return 0;
}

static int read_database(const struct database *database, const char *path, const char *id,
			 char **ret, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = record_open(path, &fd, err);
	if (r < 0)
		return r;
	return database->bolt ? read_bolt(fd, path, id, ret, ret_len, err)
			      : read_sqlite(path, id, ret, ret_len, err);
}

/* The first database that has the container. What is damaged or locked is not passed over. */
static int read_config(const struct labels_request *request, const char *root, const char *id,
		       struct doc **ret, struct err *err)
{
	const char *static_dir = request->host->engines.podman_static_dir;
	struct err why = { 0 };
	char path[PATH_MAX];
	size_t len = 0;
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(databases); i++) {
		_cleanup_free_ char *text = NULL;

		err_clear(&why);
		r = record_join(path, &why, "%s/%s", static_dir ? static_dir : root,
				static_dir ? databases[i].file : databases[i].name);
		if (r == 0)
			r = read_database(&databases[i], path, id, &text, &len, &why);
		if (r == 0)
			return doc_parse(ret, path, text, len, err);
	}
	if (r == -ENOENT)
		err_hint(&why, "if podman's storage is elsewhere, give it as "
			       "engines.podman.graphRoot in coaming.json");
	*err = why;
	return r;
}

/* ---- the image ---- */

/* containers/storage names an item after its key in base64. */
static void write_item_name(const char *key, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)(unsigned char)key[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t)(unsigned char)key[i + 1] << 8;
		if (i + 2 < len)
			bits |= (uint32_t)(unsigned char)key[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*out = '\0';
}

static int find_image(const char *root, const char *id, char out[PATH_MAX], struct err *err)
{
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		r = record_join(out, err, "%s/%s-images/%s", root, drivers[i], id);
		if (r < 0 || access(out, F_OK) == 0)
			return r;
	}
	return err_system(err, ENOENT,
			  "which of them are the image's: its config is not in %s (images in an "
			  "additional image store are not looked for: pull it into this one)",
			  Q(root));
}

/* The digest of a manifest is that of its file. None is kept of some imported images. */
static int take_digest(const char *image_dir, struct identity *identity, struct err *err)
{
	char digest[sizeof("sha256:") + SHA256_HEX] = "sha256:";
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct err ignored = { 0 };
	char path[PATH_MAX];
	size_t len;

	if (record_join(path, &ignored, "%s/manifest", image_dir) < 0 ||
	    record_open(path, &fd, &ignored) < 0 ||
	    fd_read_all(fd, path, FILE_MAX_BYTES, &text, &len, &ignored) < 0)
		return 0;
	sha256_hex1(digest + strlen("sha256:"), text, len);
	return identity_set(&identity->image_digest, digest, err);
}

static int mark(const char *root, const char *image, struct identity *identity,
		struct labels *labels, struct err *err)
{
	char dir[PATH_MAX], path[PATH_MAX], item[4 * (7 + LONG_ID_LEN + 2) / 3 + 1];
	int r;

	if (!is_long_id(image))
		return err_input(err, EBADMSG, "%s is no id of an image", Q(image));
	r = find_image(root, image, dir, err);
	if (r < 0)
		return labels_from_engine(labels) ? r : 0;
	write_item_name(identity->image_id, item);
	r = record_join(path, err, "%s/=%s", dir, item);
	if (r == 0 && labels_from_engine(labels))
		r = labels_mark_from_file(path, labels, err);
	return r < 0 ? r : take_digest(dir, identity, err);
}

static int identify(const struct node *top, struct identity *identity, struct err *err)
{
	char id[sizeof("sha256:") + LONG_ID_LEN] = "";
	const char *image = text_of(top, "rootfsImageID");
	int r;

	if (image && is_long_id(image))
		(void)snprintf(id, sizeof(id), "sha256:%s", image);
	/* Source: podman 4 and 5, libpod/container_config.go, IsInfra */
	identity->infra = node_is(node_get(top, "pause"), NODE_TRUE);
	r = identity_set(&identity->name, text_of(top, "name"), err);
	if (r == 0)
		r = identity_set(&identity->image, text_of(top, "rootfsImageName"), err);
	if (r == 0)
		r = identity_set(&identity->image_id, id, err);
	return r;
}

int labels_of_podman(const struct labels_request *request, struct identity *identity,
		     struct labels *labels, struct err *err)
{
	_cleanup_doc_ struct doc *config = NULL;
	const struct node *top, *object;
	const char *image, *id;
	char root[PATH_MAX];
	int r;

	if (!is_long_id(identity->id))
		return err_input(err, EINVAL, "%s is no id of podman's", Q(identity->id));
	r = find_root(request, identity->id, root, err);
	if (r == 0)
		r = read_config(request, root, identity->id, &config, err);
	if (r < 0)
		return r;
	top = doc_root(config);
	id = text_of(top, "id");
	if (!id || !streq(id, identity->id))
		return err_input(err, EBADMSG, "%s keeps another container as %s", doc_name(config),
				 Q(identity->id));
	object = node_get(top, "labels");
	if (object && object->type != NODE_NULL)
		r = node_expect(config, object, NODE_OBJECT, err);
	if (r == 0)
		r = labels_add_object(config, object, LABEL_FROM_ENGINE, labels, err);
	if (r == 0)
		r = identify(top, identity, err);
	image = text_of(top, "rootfsImageID");
	/* One of --rootfs has no image. */
	if (r == 0 && image && image[0])
		r = mark(root, image, identity, labels, err);
	return r;
}
