/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's config.json says of it, and the containers that run.
 *
 * Source: runtime-spec 1.2, config.md and config-linux.md
 */
#include "cli/generate.h"

#include <errno.h>

#include "cli/generate_compose.h"
#include "cli/running.h"
#include "hooks/bundle.h"
#include "hooks/identity.h"
#include "hooks/labels.h"
#include "lib/strv.h"
#include "profiles/caps.h"

static int add_texts(const struct doc *doc, const struct node *list, char ***ret, size_t *n,
		     struct err *err)
{
	int r = list ? node_expect(doc, list, NODE_ARRAY, err) : 0;

	node_foreach (item, list) {
		const char *text;

		if (r == 0)
			r = node_read_string(doc, item, &text, err);
		if (r == 0)
			r = strv_add(ret, n, text, err);
	}
	return r;
}

/* The files that engines put over those of the image, and the kernel's. */
static bool is_plumbing(const char *path)
{
	static const char *const paths[] = { "/proc",
					     "/sys",
					     "/dev",
					     "/etc/hosts",
					     "/etc/hostname",
					     "/etc/resolv.conf",
					     "/run/.containerenv",
					     "/run/secrets" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (subject_path_is_below(path, paths[i]))
			return true;
	}
	return false;
}

/* "size=64m" among the options; 0: not said. */
static uint64_t size_of(const struct node *options)
{
	uint64_t bytes = 0;

	node_foreach (option, options) {
		if (node_is(option, NODE_STRING) && starts_with(option->string, "size="))
			(void)compose_size_parse(option->string + strlen("size="), &bytes);
	}
	return bytes;
}

static int add_mount(const struct doc *doc, const struct node *mount, struct subject *s,
		     struct err *err)
{
	const struct node *type = node_get(mount, "type");
	const char *path;
	int r;

	if (!node_get(mount, "destination"))
		return err_input(err, EBADMSG, "%s: a mount needs \"destination\"",
				 WHERE(doc, mount));
	r = node_read_string(doc, node_get(mount, "destination"), &path, err);
	if (r < 0 || is_plumbing(path))
		return r;
	if (node_is(type, NODE_STRING) && streq(type->string, "tmpfs"))
		return subject_add_tmpfs(s, path, size_of(node_get(mount, "options")), err);
	return strv_add(&s->volumes, &s->n_volumes, path, err);
}

static int add_mounts(const struct doc *doc, const struct node *list, struct subject *s,
		      struct err *err)
{
	int r = list ? node_expect(doc, list, NODE_ARRAY, err) : 0;

	node_foreach (mount, list) {
		if (r == 0)
			r = add_mount(doc, mount, s, err);
	}
	return r;
}

static void read_network(const struct node *namespaces, struct subject *s)
{
	s->net = SUBJECT_NET_HOST;
	node_foreach (item, namespaces) {
		const struct node *type = node_get(item, "type");

		if (node_is(type, NODE_STRING) && streq(type->string, "network"))
			s->net = SUBJECT_NET_OWN;
	}
}

static int read_user(const struct node *process, struct subject *s, struct err *err)
{
	const struct node *uid = node_path(process, "user", "uid", NULL);

	s->user = strdup(node_is(uid, NODE_NUMBER) ? uid->string : "0");
	return s->user ? 0 : err_oom(err);
}

static int read_config(const struct doc *doc, struct subject *s, struct err *err)
{
	const struct node *root = doc_root(doc), *process = node_get(root, "process");
	const struct node *bounding = node_path(process, "capabilities", "bounding", NULL);
	const struct node *read_only = node_path(root, "root", "readonly", NULL);
	int r;

	r = node_expect(doc, process, NODE_OBJECT, err);
	if (r == 0)
		r = add_texts(doc, node_get(process, "args"), &s->argv, &s->n_argv, err);
	if (r == 0)
		r = add_texts(doc, node_get(process, "env"), &s->environment, &s->n_environment,
			      err);
	if (r == 0)
		r = add_mounts(doc, node_get(root, "mounts"), s, err);
	if (r == 0 && bounding) /* what it does not ask for it does not need */
		r = caps_parse(doc, bounding, &s->caps_dropped, err);
	if (bounding)
		s->caps_dropped = CAPS_ALL & ~s->caps_dropped;
	if (r == 0 && read_only)
		r = node_read_bool(doc, read_only, &s->read_only, err);
	read_network(node_path(root, "linux", "namespaces", NULL), s);
	return r < 0 ? r : read_user(process, s, err);
}

/* The first that was given to it, and that no image can have set. */
static int find_keys(struct subject *s, struct err *err)
{
	static const char *const keys[][2] = {
		{ "com.docker.compose.project", "com.docker.compose.service" },
		{ "io.kubernetes.pod.namespace", "io.kubernetes.container.name" },
		{ "app.kubernetes.io/instance", "app.kubernetes.io/name" },
		{ "io.coaming.app", NULL },
		{ "app", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct label *first = labels_get(&s->labels, keys[i][0]);
		const struct label *second =
			keys[i][1] ? labels_get(&s->labels, keys[i][1]) : first;
		int r;

		if (!first || !second || first->source == LABEL_FROM_IMAGE ||
		    second->source == LABEL_FROM_IMAGE)
			continue;
		r = subject_add_key(s, first->key, first->value, err);
		return r < 0 || first == second
			       ? r
			       : subject_add_key(s, second->key, second->value, err);
	}
	return 0;
}

static int set_image(struct subject *s, const char *image, struct err *err)
{
	if (!image)
		return 0;
	s->image = strdup(image);
	return s->image ? 0 : err_oom(err);
}

int generate_read_config(const struct doc *doc, const char *image, struct subjects *subjects,
			 struct err *err)
{
	struct identity identity = { 0 };
	struct subject *s = NULL;
	int r;

	if (!node_get(doc_root(doc), "process"))
		return err_input(err, EBADMSG, "%s: no config.json of a container: it needs %s",
				 WHERE(doc, doc_root(doc)), "\"process\"");
	r = identity_find(doc, NULL, NULL, &identity, err);
	if (r == 0)
		r = subject_add(subjects, image ? image : "the container", doc_name(doc), &s, err);
	if (r == 0)
		r = labels_from_config(doc, &s->labels, err);
	if (r == 0)
		r = set_image(s, image ? image : identity.image, err);
	if (r == 0)
		r = read_config(doc, s, err);
	if (r == 0)
		r = find_keys(s, err);
	if (r == 0)
		s->matches_image = s->n_keys == 0;
	identity_done(&identity);
	return r;
}

/* ---- of this host ---- */

static bool is_called(const struct running *r, const char *id)
{
	return streq(r->live.identity.name, id) || starts_with(r->live.identity.id, id);
}

static int find_running(const struct running_list *list, const char *id, const struct running **ret,
			struct err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < list->n; i++) {
		const struct running *r = &list->v[i];

		if (!is_called(r, id))
			continue;
		if (streq(r->live.identity.id, id) || streq(r->live.identity.name, id)) {
			*ret = r;
			break;
		}
		if (*ret)
			return err_input(err, EINVAL, "several containers have an id like %s",
					 Q(id));
		*ret = r;
	}
	if (!*ret || !(*ret)->is_live)
		return err_input(err, ENOENT, "no container %s is known that runs (see coaming ps)",
				 Q(id));
	return 0;
}

static int copy_labels(const struct running *r, struct subject *s, struct err *err)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->labels.n; i++)
		e = labels_set(&s->labels, r->labels.v[i].key, r->labels.v[i].value,
			       r->labels.v[i].source, NULL, err);
	return e;
}

static int add_names(const struct running *r, struct subject *s, struct err *err)
{
	const struct label *service = labels_get(&s->labels, "com.docker.compose.service");
	int e = strv_add(&s->names, &s->n_names, r->live.identity.name, err);

	if (e == 0 && service && !streq(service->value, r->live.identity.name))
		e = strv_add(&s->names, &s->n_names, service->value, err);
	return e < 0 ? e : strv_add(&s->networks, &s->n_networks, "host", err);
}

int generate_read_container(const struct host *host, const char *id, struct subjects *subjects,
			    struct err *err)
{
	_cleanup_running_list_ struct running_list list = { 0 };
	_cleanup_bundle_ BUNDLE(bundle);
	const struct running *running = NULL;
	struct subject *s = NULL;
	int r;

	r = running_read(host, &list, err);
	if (r == 0)
		r = find_running(&list, id, &running, err);
	if (r == 0)
		r = bundle_open(running->live.bundle, "config.json", &bundle, err);
	if (r == 0)
		r = subject_add(subjects, running->live.identity.name, bundle.path, &s, err);
	if (r == 0)
		r = copy_labels(running, s, err);
	if (r == 0)
		r = set_image(s, running->live.identity.image, err);
	if (r == 0)
		r = read_config(bundle.config, s, err);
	if (r == 0)
		r = find_keys(s, err);
	return r != 0 ? r : add_names(running, s, err);
}
