/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is called. Everything here is told by the engine, or by who may give the
 * container annotations, and shown to people; of the policy only a profile's image patterns look at
 * it.
 */
#include "hooks/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/file.h"

/* Docker's, podman's, CRI-O's and containerd's ids. */
#define LONG_ID_LEN 64

static const struct {
	const char *engine; /* seen by this key... */
	const char *key;
	const char *value; /* ...with this value, or any */
	const char *name_key;
	const char *image_key;
} engines[] = {
	{ "podman", "io.container.manager", "libpod", "io.podman.annotations.name", NULL },
	{ "cri-o", "io.container.manager", "cri-o", "io.kubernetes.cri-o.Name",
	  "io.kubernetes.cri-o.ImageName" },
	{ "cri-o", "io.kubernetes.cri-o.ContainerID", NULL, "io.kubernetes.cri-o.Name",
	  "io.kubernetes.cri-o.ImageName" },
	{ "containerd", "io.kubernetes.cri.container-type", NULL,
	  "io.kubernetes.cri.container-name", "io.kubernetes.cri.image-name" },
	{ "containerd", "nerdctl/name", NULL, "nerdctl/name", NULL },
};

/* Told by the bundle's place alone, for engines that write no annotation. */
static const struct {
	const char *engine;
	const char *part;
} places[] = {
	{ "docker", "/io.containerd.runtime.v2.task/moby/" },
	{ "docker", "/docker/containerd/daemon/" },
	{ "containerd", "/io.containerd.runtime.v2.task/" },
	{ "podman", "/overlay-containers/" },
	{ "podman", "/vfs-containers/" },
};

static const char *string_of(const struct node *object, const char *key)
{
	const struct node *node = key ? node_get(object, key) : NULL;

	return node_is(node, NODE_STRING) && node->string[0] != '\0' ? node->string : NULL;
}

static int copy(const char *text, char **ret, struct err *err)
{
	if (!text || *ret)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

static bool is_long_id(const char *text)
{
	return strlen(text) == LONG_ID_LEN && strspn(text, "0123456789abcdef") == LONG_ID_LEN;
}

/* "/libpod_parent/libpod-ID", "machine.slice:libpod:ID", "kubepods...:crio:ID" */
static const char *id_of_cgroup(const struct doc *config)
{
	const struct node *path = node_path(doc_root(config), "linux", "cgroupsPath", NULL);
	const char *tail;

	if (!node_is(path, NODE_STRING) || path->string_len < LONG_ID_LEN)
		return "";
	tail = path->string + path->string_len - LONG_ID_LEN;
	return is_long_id(tail) ? tail : "";
}

static int from_annotations(const struct node *annotations, struct identity *identity,
			    struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		const char *seen = string_of(annotations, engines[i].key);
		int r;

		if (!seen || (engines[i].value && !streq(seen, engines[i].value)))
			continue;
		r = copy(engines[i].engine, &identity->engine, err);
		if (r == 0)
			r = copy(string_of(annotations, engines[i].name_key), &identity->name, err);
		if (r == 0)
			r = copy(string_of(annotations, engines[i].image_key), &identity->image,
				 err);
		return r;
	}
	return 0;
}

static int from_place(const char *bundle, struct identity *identity, struct err *err)
{
	for (size_t i = 0; bundle && i < ARRAY_SIZE(places); i++) {
		if (strstr(bundle, places[i].part))
			return copy(places[i].engine, &identity->engine, err);
	}
	return 0;
}

/* One entry of the store: its name, and the image's name in its "metadata", JSON in a string. */
static int from_store_entry(const struct node *entry, struct identity *identity, struct err *err)
{
	const struct node *names = node_get(entry, "names");
	const char *metadata = string_of(entry, "metadata");
	_cleanup_doc_ struct doc *doc = NULL;
	struct err ignored = { 0 };
	int r = 0;

	if (node_is(names, NODE_ARRAY) && node_is(names->first, NODE_STRING))
		r = copy(names->first->string, &identity->name, err);
	if (r == 0 && metadata &&
	    doc_parse(&doc, "metadata", metadata, strlen(metadata), &ignored) == 0)
		r = copy(string_of(doc_root(doc), "image-name"), &identity->image, err);
	return r;
}

/* Length of the object that a text begins with, 0 where it does not end. */
static size_t object_len(const char *text, size_t len)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && text[i] == '{')
			depth++;
		else if (!quoted && text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/*
 * The store's entry of a container. The store has one of every container of the host, written by
 * Go in the order of its fields, so that each begins with its id: only ours is parsed.
 */
static const char *find_entry(const char *text, size_t len, const char *id, size_t *ret_len)
{
	char begin[LONG_ID_LEN + 16];
	const char *at;

	(void)snprintf(begin, sizeof(begin), "{\"id\":\"%s\"", id);
	at = memmem(text, len, begin, strlen(begin));
	*ret_len = at ? object_len(at, len - (size_t)(at - text)) : 0;
	return *ret_len > 0 ? at : NULL;
}

/* dir: STORE/overlay-containers/ID/userdata */
static int from_store_above(const char *dir, size_t dir_len, struct identity *identity,
			    struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err ignored = { 0 };
	char path[PATH_MAX];
	const char *entry;
	size_t len;

	(void)snprintf(path, sizeof(path), "%.*s/../../containers.json", (int)dir_len, dir);
	if (file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, &ignored) < 0)
		return 0;
	entry = find_entry(text, len, identity->id, &len);
	if (!entry || doc_parse(&doc, path, entry, len, &ignored) < 0)
		return 0;
	return from_store_entry(doc_root(doc), identity, err);
}

/* The bundle of a config that podman has written: it mounts files from there. */
static const char *userdata_of(const struct doc *config, const char *id, size_t *ret_len)
{
	const char shm[] = "/userdata/shm";

	node_foreach (mount, node_get(doc_root(config), "mounts")) {
		const char *source = string_of(mount, "source");
		size_t len = source ? strlen(source) : 0;

		if (len < sizeof(shm) + strlen(id) || !streq(source + len - strlen(shm), shm))
			continue;
		*ret_len = len - strlen("/shm");
		len -= strlen(shm) + strlen(id);
		if (strncmp(source + len, id, strlen(id)) == 0 && source[len - 1] == '/')
			return source;
	}
	return NULL;
}

/*
 * podman tells neither name nor image in the config. Its container store does: containers.json,
 * two directories above the bundle, replaced by rename, so that a reader needs no lock.
 */
static int from_podman_store(const struct doc *config, const char *bundle,
			     struct identity *identity, struct err *err)
{
	const char *dir = bundle;
	size_t len = bundle ? strlen(bundle) : 0;

	if (!identity->engine || !streq(identity->engine, "podman") || !is_long_id(identity->id))
		return 0;
	if (!dir)
		dir = userdata_of(config, identity->id, &len);
	return dir ? from_store_above(dir, len, identity, err) : 0;
}

void identity_done(struct identity *identity)
{
	free(identity->id);
	free(identity->name);
	free(identity->image);
	free(identity->engine);
	*identity = (struct identity){ 0 };
}

int identity_find(const struct doc *config, const char *id, const char *bundle,
		  struct identity *ret, struct err *err)
{
	const struct node *annotations = node_get(doc_root(config), "annotations");
	struct identity identity = { 0 };
	int r;

	r = copy(id ? id : id_of_cgroup(config), &identity.id, err);
	if (r == 0)
		r = from_annotations(annotations, &identity, err);
	if (r == 0)
		r = from_place(bundle, &identity, err);
	if (r == 0)
		r = from_podman_store(config, bundle, &identity, err);
	if (r == 0)
		r = copy(string_of(annotations, "org.opencontainers.image.ref.name"),
			 &identity.image, err);
	if (r == 0)
		r = copy(identity.id, &identity.name, err);
	if (r < 0) {
		identity_done(&identity);
		return r;
	}
	*ret = identity;
	return 0;
}
