/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is called. Everything here is told by the engine, or by who may give the
 * container annotations, and shown to people; of the policy only a profile's image patterns look at
 * it.
 */
#include "hooks/identity.h"

#include <errno.h>

static const struct {
	const char *engine; /* seen by this key... */
	const char *key;
	const char *value; /* ...with this value, or any */
	const char *name_key;
	const char *image_key;
	const char *pod_key; /* of what has no name of its own: a pod's sandbox */
} engines[] = {
	{ "podman", "io.container.manager", "libpod", "io.podman.annotations.name", NULL, NULL },
	{ "cri-o", "io.container.manager", "cri-o", "io.kubernetes.cri-o.Name",
	  "io.kubernetes.cri-o.ImageName", NULL },
	{ "cri-o", "io.kubernetes.cri-o.ContainerID", NULL, "io.kubernetes.cri-o.Name",
	  "io.kubernetes.cri-o.ImageName", NULL },
	{ "containerd", "io.kubernetes.cri.container-type", NULL,
	  "io.kubernetes.cri.container-name", "io.kubernetes.cri.image-name",
	  "io.kubernetes.cri.sandbox-name" },
	{ "containerd", "nerdctl/name", NULL, "nerdctl/name", NULL, NULL },
};

/*
 * Told by the bundle's place. Where it says enough it goes before the annotations, which who starts
 * the container may choose: the engine decides where labels are looked for. podman and CRI-O share
 * the names of their directories, and write an annotation of their own into every container.
 */
static const struct place {
	const char *engine;
	const char *part;
} places[] = {
	{ "docker", "/io.containerd.runtime.v2.task/moby/" },
	{ "docker", "/docker/containerd/daemon/" },
	{ "containerd", "/io.containerd.runtime.v2.task/" },
}, shared_places[] = {
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

bool is_long_id(const char *text)
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

		if (!seen || (engines[i].value && !streq(seen, engines[i].value)) ||
		    (identity->engine && !streq(identity->engine, engines[i].engine)))
			continue;
		r = copy(engines[i].engine, &identity->engine, err);
		if (r == 0)
			r = copy(string_of(annotations, engines[i].name_key), &identity->name, err);
		if (r == 0)
			r = copy(string_of(annotations, engines[i].pod_key), &identity->name, err);
		if (r == 0)
			r = copy(string_of(annotations, engines[i].image_key), &identity->image,
				 err);
		return r;
	}
	return 0;
}

static int from_place(const char *bundle, const struct place *rows, size_t n,
		      struct identity *identity, struct err *err)
{
	for (size_t i = 0; bundle && i < n; i++) {
		if (strstr(bundle, rows[i].part))
			return copy(rows[i].engine, &identity->engine, err);
	}
	return 0;
}

int identity_set(char **member, const char *text, struct err *err)
{
	char *copy;

	if (!text || text[0] == '\0')
		return 0;
	copy = strdup(text);
	if (!copy)
		return err_oom(err);
	free(*member);
	*member = copy;
	return 0;
}

void identity_done(struct identity *identity)
{
	free(identity->id);
	free(identity->name);
	free(identity->image);
	free(identity->image_id);
	free(identity->image_digest);
	free(identity->engine);
	free(identity->pod);
	free(identity->pod_namespace);
	free(identity->pod_uid);
	free(identity->pod_container);
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
		r = from_place(bundle, places, ARRAY_SIZE(places), &identity, err);
	if (r == 0)
		r = from_annotations(annotations, &identity, err);
	if (r == 0)
		r = from_place(bundle, shared_places, ARRAY_SIZE(shared_places), &identity, err);
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
