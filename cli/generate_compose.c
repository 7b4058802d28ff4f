/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compose file says of its services. One function a key; keys that say nothing of what a
 * container does are passed over, as they are for compose to check.
 *
 * Source: the Compose Specification, spec.md; the labels that docker compose 2 and podman-compose
 * set on their containers.
 */
#include "cli/generate.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "cli/generate_compose.h"
#include "lib/strv.h"
#include "profiles/caps.h"

#define LABEL_PROJECT "com.docker.compose.project"
#define LABEL_SERVICE "com.docker.compose.service"

/* Docker's own; a profile takes no less than 4 MiB. */
#define MEMORY_LEAST_BYTES ((uint64_t)6 << 20)

struct reader {
	const struct doc *doc;
	struct subjects *subjects;
	struct subject *s; /* the service that is read */
	struct err *err;
};

static int bad(const struct reader *r, const struct node *node, const char *expected)
{
	return err_input(r->err, EBADMSG, "%s: %s%sexpected %s", WHERE(r->doc, node),
			 node->key ? Q(node->key) : "", node->key ? ": " : "", expected);
}

/* A scalar's text, with "${NAME:-default}" replaced by the default. free() */
static int read_text(const struct reader *r, const struct node *node, char **ret)
{
	const char *text = scalar_text(node);
	int e;

	if (!text)
		return bad(r, node, "a text");
	e = compose_interpolate(text, ret, r->err);
	if (e < 0 && e != -ENOMEM)
		err_context(r->err, "%s", WHERE(r->doc, node));
	return e;
}

/* Something that is one text or a list of them, as most lists may be. */
typedef int item_fn(struct reader *r, const struct node *node, const char *text);

static int each_text(struct reader *r, const struct node *node, item_fn *take)
{
	_cleanup_free_ char *text = NULL;
	int e = 0;

	if (node->type == NODE_NULL)
		return 0;
	if (node->type == NODE_OBJECT)
		return bad(r, node, "a list");
	if (node->type != NODE_ARRAY) {
		e = read_text(r, node, &text);
		return e < 0 ? e : take(r, node, text);
	}
	node_foreach (item, node) {
		_cleanup_free_ char *one = NULL;

		e = read_text(r, item, &one);
		if (e == 0)
			e = take(r, item, one);
		if (e < 0)
			return e;
	}
	return 0;
}

/* A list of "KEY=value", or a map. */
typedef int pair_fn(struct reader *r, const struct node *node, const char *key, const char *value);

static int take_listed_pair(struct reader *r, const struct node *item, pair_fn *take)
{
	_cleanup_free_ char *text = NULL;
	char *equals;
	int e = read_text(r, item, &text);

	if (e < 0)
		return e;
	equals = strchr(text, '=');
	if (equals)
		*equals = '\0';
	return take(r, item, text, equals ? equals + 1 : "");
}

static int each_pair(struct reader *r, const struct node *node, pair_fn *take)
{
	int e = 0;

	if (node->type == NODE_NULL)
		return 0;
	if (node->type != NODE_ARRAY && node->type != NODE_OBJECT)
		return bad(r, node, "a map, or a list of \"KEY=value\"");
	node_foreach (item, node) {
		_cleanup_free_ char *value = NULL;

		if (node->type == NODE_ARRAY) {
			e = take_listed_pair(r, item, take);
		} else {
			e = read_text(r, item, &value);
			if (e == 0)
				e = take(r, item, item->key, value);
		}
		if (e < 0)
			return e;
	}
	return 0;
}

/* ---- what is executed ---- */

static int read_image(struct reader *r, const struct node *node)
{
	return read_text(r, node, &r->s->image);
}

/* Words of one text, as a shell would split it where there are no quotes. */
static int add_words(struct reader *r, const char *text)
{
	static const char blanks[] = " \t\n\"'";

	for (size_t len; *text; text += len) {
		_cleanup_free_ char *word = NULL;
		int e;

		text += strspn(text, blanks);
		len = strcspn(text, blanks);
		if (len == 0)
			continue;
		word = strndup(text, len);
		if (!word)
			return err_oom(r->err);
		e = strv_add(&r->s->argv, &r->s->n_argv, word, r->err);
		if (e < 0)
			return e;
	}
	return 0;
}

static int take_arg(struct reader *r, const struct node *node, const char *text)
{
	return node->parent->type == NODE_ARRAY ? strv_add(&r->s->argv, &r->s->n_argv, text, r->err)
						: add_words(r, text);
}

static int read_command(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_arg);
}

static int take_variable(struct reader *r, const struct node *node, const char *key,
			 const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s=%s", key, value) < 0)
		return err_oom(r->err);
	return strv_add(&r->s->environment, &r->s->n_environment, text, r->err);
}

static int read_environment(struct reader *r, const struct node *node)
{
	return each_pair(r, node, take_variable);
}

static int read_env_file(struct reader *r, const struct node *node)
{
	return subject_note(r->s, r->err,
			    "env_file is not read: what its variables name is not known");
}

static int take_label(struct reader *r, const struct node *node, const char *key, const char *value)
{
	int e = labels_set(&r->s->labels, key, value, LABEL_FROM_ENGINE, NULL, r->err);

	if (e < 0 && e != -ENOMEM)
		err_context(r->err, "%s", WHERE(r->doc, node));
	return e;
}

static int read_labels(struct reader *r, const struct node *node)
{
	return each_pair(r, node, take_label);
}

static int read_user(struct reader *r, const struct node *node)
{
	return read_text(r, node, &r->s->user);
}

/* ---- the network ---- */

/* "[IP:][HOST:]CONTAINER[/PROTOCOL]", each of both a number or a range. */
static int take_port(struct reader *r, const struct node *node, const char *text)
{
	const char *end = strrchr(text, ':'), *slash = strchr(text, '/');
	_cleanup_free_ char *why = NULL;
	struct port port;

	if (subject_port_parse(end && (!slash || end < slash) ? end + 1 : text, &port) < 0)
		return err_input(r->err, EBADMSG,
				 "%s: %s is no port: such as 80, 8080:80 or 127.0.0.1:53:53/udp",
				 WHERE(r->doc, node), Q(text));
	if (asprintf(&why, "compose publishes %s", text) < 0)
		return err_oom(r->err);
	return subject_add_port(r->s, &port, true, why, r->err);
}

/* {target: 80, published: 8080, protocol: tcp} */
static int take_long_port(struct reader *r, const struct node *node)
{
	const struct node *target = node_get(node, "target"), *protocol;
	_cleanup_free_ char *text = NULL, *number = NULL, *name = NULL;
	int e;

	if (!target)
		return err_input(r->err, EBADMSG, "%s: a port needs \"target\"",
				 WHERE(r->doc, node));
	e = read_text(r, target, &number);
	protocol = node_get(node, "protocol");
	if (e == 0 && protocol)
		e = read_text(r, protocol, &name);
	if (e < 0)
		return e;
	if (asprintf(&text, "%s/%s", number, name ? name : "tcp") < 0)
		return err_oom(r->err);
	return take_port(r, target, text);
}

static int read_ports(struct reader *r, const struct node *node)
{
	int e = 0;

	if (node->type == NODE_NULL)
		return 0;
	if (node->type != NODE_ARRAY)
		return bad(r, node, "a list of ports");
	node_foreach (item, node) {
		_cleanup_free_ char *text = NULL;

		if (item->type == NODE_OBJECT) {
			e = take_long_port(r, item);
		} else {
			e = read_text(r, item, &text);
			if (e == 0)
				e = take_port(r, item, text);
		}
		if (e < 0)
			return e;
	}
	return 0;
}

static int take_exposed(struct reader *r, const struct node *node, const char *text)
{
	struct port port;

	if (subject_port_parse(text, &port) < 0)
		return err_input(r->err, EBADMSG, "%s: %s is no port: such as 80 or 53/udp",
				 WHERE(r->doc, node), Q(text));
	return subject_add_port(r->s, &port, false, "compose exposes it", r->err);
}

static int read_expose(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_exposed);
}

static int take_name(struct reader *r, const struct node *node, const char *text)
{
	return strv_add(&r->s->names, &r->s->n_names, text, r->err);
}

static int read_name(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_name);
}

static int take_network(struct reader *r, const struct node *node, const char *text)
{
	return strv_add(&r->s->networks, &r->s->n_networks, text, r->err);
}

/* A list of names, or a map of them with aliases. */
static int read_networks(struct reader *r, const struct node *node)
{
	int e = 0;

	if (node->type != NODE_OBJECT)
		return each_text(r, node, take_network);
	node_foreach (network, node) {
		const struct node *aliases = node_get(network, "aliases");

		e = take_network(r, network, network->key);
		if (e == 0 && aliases)
			e = each_text(r, aliases, take_name);
		if (e < 0)
			return e;
	}
	return 0;
}

/* "service:NAME" is resolved when all services are known. */
static int read_network_mode(struct reader *r, const struct node *node)
{
	_cleanup_free_ char *mode = NULL;
	int e = read_text(r, node, &mode);

	if (e < 0)
		return e;
	if (streq(mode, "host"))
		r->s->net = SUBJECT_NET_HOST;
	else if (streq(mode, "none"))
		r->s->net = SUBJECT_NET_NONE;
	else if (starts_with(mode, "service:"))
		r->s->net = SUBJECT_NET_OTHERS;
	else if (streq(mode, "bridge")) /* the engine's own, not the project's */
		return take_network(r, node, "the engine's bridge");
	else if (starts_with(mode, "container:"))
		return subject_note(r->s, r->err,
				    "it shares the network of %s, which is none of this file: "
				    "a profile of that one counts too",
				    mode + strlen("container:"));
	return 0;
}

/* ---- files ---- */

static int take_volume(struct reader *r, const struct node *node, const char *text)
{
	const char *path = text;
	_cleanup_free_ char *target = NULL;

	if (strchr(text, ':') && text[0])
		path = strchr(text, ':') + 1;
	target = strndup(path, strcspn(path, ":"));
	if (!target)
		return err_oom(r->err);
	return strv_add(&r->s->volumes, &r->s->n_volumes, target, r->err);
}

/* "PATH[:size=64m,mode=...]" */
static int take_tmpfs(struct reader *r, const struct node *node, const char *text)
{
	_cleanup_free_ char *path = strndup(text, strcspn(text, ":"));
	const char *size = strstr(text, "size=");
	uint64_t bytes = 0;

	if (!path)
		return err_oom(r->err);
	if (size && compose_size_parse(size + strlen("size="), &bytes) < 0)
		return err_input(r->err, EBADMSG, "%s: %s has no size of compose's: such as 64m",
				 WHERE(r->doc, node), Q(text));
	return subject_add_tmpfs(r->s, path, bytes, r->err);
}

static int take_long_volume(struct reader *r, const struct node *node)
{
	const struct node *type = node_get(node, "type");
	const struct node *size = node_path(node, "tmpfs", "size", NULL);
	_cleanup_free_ char *target = NULL, *size_text = NULL;
	uint64_t bytes = 0;
	int e;

	if (!node_get(node, "target"))
		return err_input(r->err, EBADMSG, "%s: a volume needs \"target\"",
				 WHERE(r->doc, node));
	e = read_text(r, node_get(node, "target"), &target);
	if (e < 0)
		return e;
	if (!node_is(type, NODE_STRING) || !streq(type->string, "tmpfs"))
		return strv_add(&r->s->volumes, &r->s->n_volumes, target, r->err);
	if (size)
		e = read_text(r, size, &size_text);
	if (e == 0 && size && compose_size_parse(size_text, &bytes) < 0)
		e = bad(r, size, "a size such as 64m");
	return e < 0 ? e : subject_add_tmpfs(r->s, target, bytes, r->err);
}

static int read_volumes(struct reader *r, const struct node *node)
{
	int e = 0;

	if (node->type == NODE_NULL)
		return 0;
	if (node->type != NODE_ARRAY)
		return bad(r, node, "a list of volumes");
	node_foreach (item, node) {
		_cleanup_free_ char *text = NULL;

		if (item->type == NODE_OBJECT) {
			e = take_long_volume(r, item);
		} else {
			e = read_text(r, item, &text);
			if (e == 0)
				e = take_volume(r, item, text);
		}
		if (e < 0)
			return e;
	}
	return 0;
}

static int read_tmpfs(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_tmpfs);
}

/* Also in the words of YAML 1.1, which compose takes. */
static int read_bool(const struct reader *r, const struct node *node, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true },   { "yes", true }, { "y", true },  { "on", true },
		      { "false", false }, { "no", false }, { "n", false }, { "off", false } };
	_cleanup_free_ char *text = NULL;
	int e = read_text(r, node, &text);

	if (e < 0)
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return bad(r, node, "true or false");
}

static int read_read_only(struct reader *r, const struct node *node)
{
	return read_bool(r, node, &r->s->read_only);
}

/* ---- privileges and limits ---- */

static int read_privileged(struct reader *r, const struct node *node)
{
	return read_bool(r, node, &r->s->is_privileged);
}

static int read_devices(struct reader *r, const struct node *node)
{
	r->s->has_devices = node->count > 0;
	return 0;
}

static int add_capability(const struct reader *r, const struct node *node, const char *text,
			  uint64_t *caps)
{
	char upper[64] = "";
	int cap;

	for (size_t i = 0; text[i] && i + 1 < sizeof(upper); i++)
		upper[i] = (char)toupper((unsigned char)text[i]);
	if (streq(upper, "ALL")) {
		*caps = CAPS_ALL;
		return 0;
	}
	cap = cap_number(upper);
	if (cap < 0)
		return err_input(r->err, EBADMSG, "%s: unknown capability %s", WHERE(r->doc, node),
				 Q(text));
	*caps |= CAP_MASK(cap);
	return 0;
}

static int take_added(struct reader *r, const struct node *node, const char *text)
{
	return add_capability(r, node, text, &r->s->caps_added);
}

static int read_cap_add(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_added);
}

static int take_dropped(struct reader *r, const struct node *node, const char *text)
{
	return add_capability(r, node, text, &r->s->caps_dropped);
}

static int read_cap_drop(struct reader *r, const struct node *node)
{
	return each_text(r, node, take_dropped);
}

static int read_memory(struct reader *r, const struct node *node)
{
	_cleanup_free_ char *text = NULL;
	int e = read_text(r, node, &text);

	if (e == 0 && (compose_size_parse(text, &r->s->memory_bytes) < 0 ||
		       r->s->memory_bytes < MEMORY_LEAST_BYTES))
		e = bad(r, node, "a size such as 512m, and 6m at least");
	return e;
}

static int read_pids(struct reader *r, const struct node *node)
{
	_cleanup_free_ char *text = NULL;
	char *end;
	long long v;
	int e = read_text(r, node, &text);

	if (e < 0)
		return e;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || *end || end == text)
		return bad(r, node, "a number of processes");
	r->s->pids = v > 0 && v <= 4194304 ? (uint64_t)v : 0; /* -1 is no limit */
	return 0;
}

static int read_deploy(struct reader *r, const struct node *node)
{
	const struct node *limits = node_path(node, "resources", "limits", NULL);
	int e = 0;

	if (node_get(limits, "memory"))
		e = read_memory(r, node_get(limits, "memory"));
	if (e == 0 && node_get(limits, "pids"))
		e = read_pids(r, node_get(limits, "pids"));
	return e;
}

static int refuse_extends(struct reader *r, const struct node *node)
{
	return err_input(r->err, ENOTSUP,
			 "%s: \"%s\" is for compose to resolve: give what docker compose config "
			 "prints",
			 WHERE_KEY(r->doc, node), node->key);
}

/* In this order: what is said later may add to what was said before. */
static const struct {
	const char *key;
	int (*read)(struct reader *r, const struct node *node);
} keys[] = {
	{ "extends", refuse_extends },
	{ "image", read_image },
	{ "entrypoint", read_command },
	{ "command", read_command },
	{ "environment", read_environment },
	{ "env_file", read_env_file },
	{ "labels", read_labels },
	{ "user", read_user },
	{ "ports", read_ports },
	{ "expose", read_expose },
	{ "container_name", read_name },
	{ "hostname", read_name },
	{ "networks", read_networks },
	{ "network_mode", read_network_mode },
	{ "volumes", read_volumes },
	{ "tmpfs", read_tmpfs },
	{ "read_only", read_read_only },
	{ "privileged", read_privileged },
	{ "devices", read_devices },
	{ "cap_drop", read_cap_drop },
	{ "cap_add", read_cap_add },
	{ "mem_limit", read_memory },
	{ "pids_limit", read_pids },
	{ "deploy", read_deploy },
};

static int read_service(struct reader *r, const struct node *node, const char *project)
{
	char text[LABEL_KEY_MAX * 2];
	int e;

	e = node_expect(r->doc, node, NODE_OBJECT, r->err);
	if (e == 0)
		e = subject_add(r->subjects, node->key, WHERE_KEY(r->doc, node), &r->s, r->err);
	if (e == 0)
		e = strv_add(&r->s->names, &r->s->n_names, node->key, r->err);
	for (size_t i = 0; e == 0 && i < ARRAY_SIZE(keys); i++) {
		const struct node *member = node_get(node, keys[i].key);

		if (member)
			e = keys[i].read(r, member);
	}
	if (e == 0 && r->s->n_networks == 0 && r->s->net == SUBJECT_NET_OWN)
		e = strv_add(&r->s->networks, &r->s->n_networks, "default", r->err);
	if (e == 0)
		e = subject_add_key(r->s, LABEL_PROJECT, project, r->err);
	if (e == 0)
		e = subject_add_key(r->s, LABEL_SERVICE, node->key, r->err);
	if (e != 0)
		return e;
	(void)snprintf(text, sizeof(text), "%s-%s", project, node->key);
	r->s->name = strdup(text);
	return r->s->name ? 0 : err_oom(r->err);
}

/* ---- between services ---- */

static int find_service(const struct reader *r, const struct node *node, const char *name,
			size_t *ret)
{
	for (size_t i = 0; i < r->subjects->n; i++) {
		if (streq(r->subjects->v[i].called, name)) {
			*ret = i;
			return 0;
		}
	}
	return err_input(r->err, EBADMSG, "%s: there is no service %s", WHERE(r->doc, node),
			 Q(name));
}

static int resolve_network_mode(const struct reader *r, const struct node *service,
				struct subject *s)
{
	const struct node *node = node_get(service, "network_mode");
	_cleanup_free_ char *mode = NULL;
	size_t i = 0;
	int e;

	if (s->net != SUBJECT_NET_OTHERS)
		return 0;
	e = read_text(r, node, &mode);
	if (e == 0)
		e = find_service(r, node, mode + strlen("service:"), &i);
	if (e < 0)
		return e;
	if (&r->subjects->v[i] == s || r->subjects->v[i].net == SUBJECT_NET_OTHERS)
		return bad(r, node, "a service with a network of its own");
	s->net_of = i;
	return 0;
}

static int add_need(const struct reader *r, struct subject *s, size_t to, bool guessed,
		    const char *why)
{
	struct need *grown = reallocarray(s->needs, s->n_needs + 1, sizeof(*grown));

	if (!grown)
		return err_oom(r->err);
	s->needs = grown;
	grown[s->n_needs] = (struct need){ .to = to, .guessed = guessed, .why = strdup(why) };
	return grown[s->n_needs++].why ? 0 : err_oom(r->err);
}

/* "SERVICE[:ALIAS]" */
static int read_links(struct reader *r, const struct node *list, struct subject *s)
{
	int e = 0;

	if (!list || list->type == NODE_NULL)
		return 0;
	if (list->type != NODE_ARRAY)
		return bad(r, list, "a list of services");
	node_foreach (item, list) {
		_cleanup_free_ char *text = NULL;
		char *colon;
		size_t to = 0;

		e = read_text(r, item, &text);
		if (e < 0)
			return e;
		colon = strchr(text, ':');
		if (colon)
			*colon = '\0';
		e = find_service(r, item, text, &to);
		if (e == 0)
			e = add_need(r, s, to, false, "compose links it");
		if (e == 0 && colon)
			e = strv_add(&r->subjects->v[to].names, &r->subjects->v[to].n_names,
				     colon + 1, r->err);
		if (e < 0)
			return e;
	}
	return 0;
}

/* A list, or a map with conditions; one that only has to have ended is not talked to. */
static int read_depends_on(struct reader *r, const struct node *node, struct subject *s)
{
	int e = 0;

	if (!node || node->type == NODE_NULL)
		return 0;
	if (node->type != NODE_ARRAY && node->type != NODE_OBJECT)
		return bad(r, node, "services");
	node_foreach (item, node) {
		const struct node *condition = node_get(item, "condition");
		const char *name = item->key ? item->key : scalar_text(item);
		size_t to = 0;

		if (!name)
			return bad(r, item, "a service");
		e = find_service(r, item, name, &to);
		if (e < 0)
			return e;
		if (node_is(condition, NODE_STRING) &&
		    streq(condition->string, "service_completed_successfully"))
			continue;
		e = add_need(r, s, to, true, "it depends on it, and no address is seen");
		if (e < 0)
			return e;
	}
	return 0;
}

/* Compose takes the directory's name, without what a project's name may not have. */
static int name_project(const struct doc *doc, const char *given, char ret[PROFILE_NAME_MAX + 1],
			struct err *err)
{
	const struct node *node = node_get(doc_root(doc), "name");
	_cleanup_free_ char *dir = NULL, *path = NULL;
	char *slash;

	if (given || node_is(node, NODE_STRING)) {
		subject_name(ret, given ? given : node->string);
	} else {
		path = realpath(doc_name(doc), NULL);
		dir = path ? strdup(path) : NULL;
		slash = dir ? strrchr(dir, '/') : NULL;
		if (slash)
			*slash = '\0';
		slash = dir ? strrchr(dir, '/') : NULL;
		subject_name(ret, slash ? slash + 1 : "");
	}
	if (ret[0] == '\0')
		return err_input(err, EINVAL, "the project has no name: give it with --name");
	return 0;
}

static int check_top(struct reader *r)
{
	const struct node *root = doc_root(r->doc), *services = node_get(root, "services");

	if (root->type != NODE_OBJECT)
		return node_expect(r->doc, root, NODE_OBJECT, r->err);
	if (node_get(root, "include"))
		return refuse_extends(r, node_get(root, "include"));
	if (!services)
		return err_input(r->err, EBADMSG, "%s: no compose file: it needs \"services\"",
				 WHERE(r->doc, root));
	if (node_expect(r->doc, services, NODE_OBJECT, r->err) < 0)
		return -EBADMSG;
	return services->count > 0 ? 0 : bad(r, services, "at least one service");
}

int generate_read_compose(const struct doc *doc, const char *project, struct subjects *subjects,
			  struct err *err)
{
	struct reader r = { .doc = doc, .subjects = subjects, .err = err };
	const struct node *services = node_get(doc_root(doc), "services");
	char name[PROFILE_NAME_MAX + 1];
	size_t i = 0;
	int e;

	e = check_top(&r);
	if (e == 0)
		e = name_project(doc, project, name, err);
	node_foreach (service, services) {
		if (e == 0)
			e = read_service(&r, service, name);
	}
	node_foreach (service, services) {
		struct subject *s = e == 0 ? &subjects->v[i++] : NULL;

		if (e == 0)
			e = resolve_network_mode(&r, service, s);
		if (e == 0)
			e = read_links(&r, node_get(service, "links"), s);
		if (e == 0)
			e = read_depends_on(&r, node_get(service, "depends_on"), s);
	}
	subjects->is_set = subjects->is_given = true;
	return e;
}
