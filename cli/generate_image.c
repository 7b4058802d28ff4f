/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image's config says of its containers.
 *
 * Source: image-spec 1.1, config.md; Docker Engine API 1.47, ImageInspect; podman-inspect(1)
 */
#include "cli/generate.h"

#include <errno.h>

#include "lib/strv.h"

/* A list of texts, or null, into a list. */
static int add_texts(const struct doc *doc, const struct node *list, char ***ret, size_t *n,
		     struct err *err)
{
	int r = 0;

	if (!list || list->type == NODE_NULL)
		return 0;
	if (list->type == NODE_STRING) /* an old Docker wrote a lone word so */
		return strv_add(ret, n, list->string, err);
	r = node_expect(doc, list, NODE_ARRAY, err);
	node_foreach (item, list) {
		const char *text;

		if (r == 0)
			r = node_read_string(doc, item, &text, err);
		if (r == 0)
			r = strv_add(ret, n, text, err);
	}
	return r;
}

/* The members' names of an object, or null, are what it says: {"80/tcp": {}}. */
static int expect_names(const struct doc *doc, const struct node *object, struct err *err)
{
	return !object || object->type == NODE_NULL ? 0
						    : node_expect(doc, object, NODE_OBJECT, err);
}

static int add_ports(const struct doc *doc, const struct node *object, struct subject *s,
		     struct err *err)
{
	int r = expect_names(doc, object, err);

	node_foreach (item, object) {
		struct port port;

		if (r < 0)
			return r;
		if (subject_port_parse(item->key, &port) < 0)
			return err_input(err, EBADMSG, "%s: %s is no port: such as 80/tcp",
					 WHERE_KEY(doc, item), Q(item->key));
		r = subject_add_port(s, &port, false, "the image exposes it", err);
	}
	return r;
}

static int add_volumes(const struct doc *doc, const struct node *object, struct subject *s,
		       struct err *err)
{
	int r = expect_names(doc, object, err);

	node_foreach (item, object) {
		if (r == 0)
			r = strv_add(&s->volumes, &s->n_volumes, item->key, err);
	}
	return r;
}

static int add_labels(const struct doc *doc, const struct node *object, struct subject *s,
		      struct err *err)
{
	int r = expect_names(doc, object, err);

	node_foreach (item, object) {
		const char *value;

		if (r == 0)
			r = node_read_string(doc, item, &value, err);
		if (r == 0)
			r = labels_set(&s->labels, item->key, value, LABEL_FROM_IMAGE, NULL, err);
	}
	return r;
}

static int read_user(const struct doc *doc, const struct node *node, struct subject *s,
		     struct err *err)
{
	const char *user = "";
	int r = node ? node_read_string(doc, node, &user, err) : 0;

	if (r < 0)
		return r;
	s->user = strdup(user);
	return s->user ? 0 : err_oom(err);
}

static int read_config(const struct doc *doc, const struct node *config, struct subject *s,
		       struct err *err)
{
	int r = add_texts(doc, node_get(config, "Entrypoint"), &s->argv, &s->n_argv, err);

	if (r == 0)
		r = add_texts(doc, node_get(config, "Cmd"), &s->argv, &s->n_argv, err);
	if (r == 0)
		r = add_texts(doc, node_get(config, "Env"), &s->environment, &s->n_environment,
			      err);
	if (r == 0)
		r = add_ports(doc, node_get(config, "ExposedPorts"), s, err);
	if (r == 0)
		r = add_volumes(doc, node_get(config, "Volumes"), s, err);
	if (r == 0)
		r = add_labels(doc, node_get(config, "Labels"), s, err);
	return r < 0 ? r : read_user(doc, node_get(config, "User"), s, err);
}

/* "docker inspect" and "podman inspect" print a list of those that were asked for. */
static int find_config(const struct doc *doc, const struct node **ret_image,
		       const struct node **ret_config, struct err *err)
{
	const struct node *root = doc_root(doc);

	if (node_is(root, NODE_ARRAY)) {
		if (root->count != 1)
			return err_input(err, EBADMSG, "%s: a list of %zu images: give one",
					 WHERE(doc, root), root->count);
		root = root->first;
	}
	*ret_image = root;
	*ret_config = node_get(root, "config");
	if (!*ret_config)
		*ret_config = node_get(root, "Config");
	if (node_get(root, "process") || node_get(root, "ociVersion"))
		return err_input(err, EBADMSG,
				 "%s: this is a container's config.json: give it to --config-json",
				 WHERE(doc, root));
	if (node_get(root, "State") && node_get(root, "HostConfig"))
		return err_input(err, EBADMSG,
				 "%s: this is a container's: inspect its image instead",
				 WHERE(doc, root));
	if (!node_is(*ret_config, NODE_OBJECT))
		return err_input(err, EBADMSG, "%s: no image's config: it needs \"config\"",
				 WHERE(doc, root));
	return 0;
}

/* One that was pulled by its digest has no tag. */
static const char *name_of(const struct node *image, const char *given)
{
	static const char *const lists[] = { "RepoTags", "RepoDigests" };

	for (size_t i = 0; !given && i < ARRAY_SIZE(lists); i++) {
		const struct node *names = node_get(image, lists[i]);

		if (node_is(names, NODE_ARRAY) && node_is(names->first, NODE_STRING))
			return names->first->string;
	}
	return given;
}

int generate_read_image(const struct doc *doc, const char *image, struct subjects *subjects,
			struct err *err)
{
	const struct node *root, *config;
	struct subject *s;
	const char *name;
	int r;

	r = find_config(doc, &root, &config, err);
	if (r < 0)
		return r;
	name = name_of(root, image);
	r = subject_add(subjects, name ? name : "the image", doc_name(doc), &s, err);
	if (r < 0)
		return r;
	s->matches_image = true;
	s->image = name ? strdup(name) : NULL;
	if (name && !s->image)
		return err_oom(err);
	return read_config(doc, config, s, err);
}
