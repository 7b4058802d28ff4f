/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models of applications.
 */
#include "profiles/model.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/image.h"
#include "profiles/network_parse.h"

#define LIST_MAX        64
#define WORD_MAX        256
#define DESCRIPTION_MAX 4096

static const struct {
	const char *name, *profile;
} call_classes[] = {
	[CALLS_PROGRAM] = { "program", "syscalls-program" },
	[CALLS_SERVICE] = { "service", "syscalls-service" },
	[CALLS_BUILD] = { "build", "baseline" },
};
static_assert(ARRAY_SIZE(call_classes) == CALL_CLASSES_, "a profile a class");

const char *call_class_name(enum call_class calls)
{
	return call_classes[calls].name;
}

const char *call_class_profile(enum call_class calls)
{
	return call_classes[calls].profile;
}

static int keep(const struct doc *doc, const struct node *node, char **ret, size_t max,
		struct err *err)
{
	const char *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	if (text[0] == '\0' || strlen(text) > max)
		return err_input(err, EBADMSG, "%s: %s is empty, or longer than %zu bytes",
				 WHERE(doc, node), Q(text), max);
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

/* ---- words: each kind has its own form ---- */

typedef bool word_fn(const char *text);

static bool is_command(const char *text)
{
	return !strchr(text, '/') && strlen(text) <= WORD_MAX && text[0];
}

static bool is_variable(const char *text)
{
	return !strchr(text, '=') && strlen(text) <= WORD_MAX && text[0];
}

static int read_words(const struct doc *doc, const struct node *list, word_fn *is_right,
		      const char *what, char ***ret, size_t *n, struct err *err)
{
	int r = node_expect_list(doc, list, LIST_MAX, err);

	if (r < 0)
		return r;
	node_foreach (item, list) {
		const char *text;

		r = node_read_string(doc, item, &text, err);
		if (r == 0 && !is_right(text))
			r = err_input(err, EBADMSG, "%s: %s is no %s", WHERE(doc, item), Q(text),
				      what);
		if (r == 0 && strv_contains(*ret, *n, text))
			r = err_input(err, EBADMSG, "%s: %s stands twice in the list",
				      WHERE(doc, item), Q(text));
		if (r == 0)
			r = strv_add(ret, n, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_ports(const struct doc *doc, const struct node *list, struct port **ret, size_t *n,
		      struct err *err)
{
	int r = node_expect_list(doc, list, LIST_MAX, err);

	if (r < 0)
		return r;
	*ret = calloc(list->count + 1, sizeof(**ret));
	if (!*ret)
		return err_oom(err);
	node_foreach (item, list) {
		r = network_parse_port(doc, item, &(*ret)[*n], err);
		if (r == 0 && (*ret)[*n].any)
			r = err_input(err, EBADMSG, "%s: a port here has a number",
				      WHERE(doc, item));
		if (r < 0)
			return r;
		(*n)++;
	}
	return 0;
}

/* ---- recognise ---- */

static int parse_images(const struct doc *doc, const struct node *node, struct model *m,
			struct err *err)
{
	return read_words(doc, node, image_pattern_is_valid, "pattern of images",
			  &m->recognise.images, &m->recognise.n_images, err);
}

static int parse_commands(const struct doc *doc, const struct node *node, struct model *m,
			  struct err *err)
{
	return read_words(doc, node, is_command, "program's name", &m->recognise.commands,
			  &m->recognise.n_commands, err);
}

static int parse_environment(const struct doc *doc, const struct node *node, struct model *m,
			     struct err *err)
{
	return read_words(doc, node, is_variable, "variable's name", &m->recognise.environment,
			  &m->recognise.n_environment, err);
}

static int parse_recognised_ports(const struct doc *doc, const struct node *node, struct model *m,
				  struct err *err)
{
	return read_ports(doc, node, &m->recognise.ports, &m->recognise.n_ports, err);
}

static int parse_labels(const struct doc *doc, const struct node *node, struct model *m,
			struct err *err)
{
	int r = node_expect(doc, node, NODE_OBJECT, err);

	if (r < 0)
		return r;
	if (node->count > LIST_MAX)
		return err_input(err, E2BIG, "%s: more than %d labels", WHERE_KEY(doc, node),
				 LIST_MAX);
	m->recognise.labels = calloc(node->count + 1, sizeof(*m->recognise.labels));
	if (!m->recognise.labels)
		return err_oom(err);
	node_foreach (item, node) {
		struct label_pattern *label = &m->recognise.labels[m->recognise.n_labels++];

		label->key = strdup(item->key);
		if (!label->key)
			return err_oom(err);
		r = keep(doc, item, &label->value, WORD_MAX, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- what it needs ---- */

static int parse_schema(const struct doc *doc, const struct node *node, struct model *m,
			struct err *err)
{
	return node_expect(doc, node, NODE_STRING, err);
}

static int parse_name(const struct doc *doc, const struct node *node, struct model *m,
		      struct err *err)
{
	const char *slash = strrchr(doc_name(doc), '/');
	const char *stem = slash ? slash + 1 : doc_name(doc);
	int r = keep(doc, node, &m->name, WORD_MAX, err);
	size_t len = r == 0 ? strlen(m->name) : 0;

	if (r == 0 && !profile_name_is_valid(m->name))
		return err_input(err, EBADMSG, "%s: %s is no name of a model", WHERE(doc, node),
				 Q(m->name));
	if (r == 0 && (strncmp(stem, m->name, len) != 0 || !streq(stem + len, ".json")))
		return err_input(err, EBADMSG, "%s: model %s must be in a file of its name",
				 WHERE(doc, node), Q(m->name));
	return r;
}

static int parse_description(const struct doc *doc, const struct node *node, struct model *m,
			     struct err *err)
{
	return keep(doc, node, &m->description, DESCRIPTION_MAX, err);
}

static int parse_function(const struct doc *doc, const struct node *node, struct model *m,
			  struct err *err)
{
	int r = keep(doc, node, &m->function, WORD_MAX, err);

	if (r == 0 && !profile_name_is_valid(m->function))
		r = err_input(err, EBADMSG, "%s: %s is no function: a word such as database",
			      WHERE(doc, node), Q(m->function));
	return r;
}

static int parse_listens(const struct doc *doc, const struct node *node, struct model *m,
			 struct err *err)
{
	return read_ports(doc, node, &m->listens, &m->n_listens, err);
}

static int parse_public(const struct doc *doc, const struct node *node, struct model *m,
			struct err *err)
{
	return node_read_bool(doc, node, &m->is_public, err);
}

static int parse_talks_to(const struct doc *doc, const struct node *node, struct model *m,
			  struct err *err)
{
	return read_words(doc, node, profile_name_is_valid, "function", &m->talks_to,
			  &m->n_talks_to, err);
}

static int parse_internet(const struct doc *doc, const struct node *node, struct model *m,
			  struct err *err)
{
	return node_read_bool(doc, node, &m->internet, err);
}

static int parse_read_only(const struct doc *doc, const struct node *node, struct model *m,
			   struct err *err)
{
	return node_read_bool(doc, node, &m->read_only, err);
}

static int parse_place(const struct doc *doc, const struct node *node, struct writable *w,
		       struct err *err)
{
	static const char *const keys[] = { "path", "size" };
	int r = node_expect(doc, node, NODE_OBJECT, err);

	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0 && (!node_get(node, "path") || !node_get(node, "size")))
		r = err_input(err, EBADMSG, "%s: a writable path needs \"path\" and \"size\"",
			      WHERE(doc, node));
	if (r == 0)
		r = size_read(doc, node_get(node, "size"), &w->size_bytes, err);
	if (r == 0)
		r = keep(doc, node_get(node, "path"), &w->path, 4095, err);
	if (r == 0 && !path_is_grantable(w->path))
		r = err_input(err, EBADMSG,
			      "%s: %s is not an absolute, normalised path outside /proc, /sys and "
			      "/dev",
			      WHERE(doc, node_get(node, "path")), Q(w->path));
	return r;
}

static int parse_writable(const struct doc *doc, const struct node *node, struct model *m,
			  struct err *err)
{
	int r = node_expect_list(doc, node, LIST_MAX, err);

	if (r < 0)
		return r;
	m->writable = calloc(node->count + 1, sizeof(*m->writable));
	if (!m->writable)
		return err_oom(err);
	node_foreach (item, node) {
		r = parse_place(doc, item, &m->writable[m->n_writable++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_volumes(const struct doc *doc, const struct node *node, struct model *m,
			 struct err *err)
{
	return read_words(doc, node, path_is_normal, "absolute, normalised path", &m->volumes,
			  &m->n_volumes, err);
}

static int parse_capabilities(const struct doc *doc, const struct node *node, struct model *m,
			      struct err *err)
{
	return caps_parse(doc, node, &m->capabilities, err);
}

static int parse_calls(const struct doc *doc, const struct node *node, struct model *m,
		       struct err *err)
{
	const char *names[CALL_CLASSES_];
	const char *text;
	int r = node_read_string(doc, node, &text, err);

	if (r < 0)
		return r;
	for (int i = 0; i < CALL_CLASSES_; i++) {
		names[i] = call_classes[i].name;
		if (streq(text, names[i])) {
			m->calls = (enum call_class)i;
			return 0;
		}
	}
	return err_input(err, EBADMSG,
			 "%s: \"systemCalls\" is %s: expected program, service or build%s",
			 WHERE(doc, node), Q(text), SUGGESTION(text, names, CALL_CLASSES_));
}

static int parse_limits(const struct doc *doc, const struct node *node, struct model *m,
			struct err *err)
{
	static const char *const keys[] = { "pids", "nofile" };
	uint64_t *const values[] = { &m->pids, &m->nofile };
	int r = node_expect(doc, node, NODE_OBJECT, err);

	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		const struct node *limit = node_get(node, keys[i]);

		if (!limit)
			continue;
		r = node_read_u64(doc, limit, values[i], err);
		if (r == 0 && (*values[i] < 1 || *values[i] > 4194304))
			r = err_input(err, ERANGE, "%s: \"%s\" is not from 1 to 4194304",
				      WHERE(doc, limit), keys[i]);
	}
	return r;
}

/* ---- the whole ---- */

typedef int parse_fn(const struct doc *doc, const struct node *node, struct model *m,
		     struct err *err);

struct member {
	const char *key;
	parse_fn *parse;
	bool required;
};

static const struct member recognise_members[] = {
	{ "images", parse_images, true },
	{ "commands", parse_commands, false },
	{ "environment", parse_environment, false },
	{ "ports", parse_recognised_ports, false },
	{ "labels", parse_labels, false },
};

static int parse_members(const struct doc *doc, const struct node *object,
			 const struct member *members, size_t n, const char *what, struct model *m,
			 struct err *err)
{
	const char *keys[32];
	int r = node_expect(doc, object, NODE_OBJECT, err);

	for (size_t i = 0; i < n; i++)
		keys[i] = members[i].key;
	if (r == 0)
		r = node_check_keys(doc, object, keys, n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct node *node = node_get(object, members[i].key);

		if (node)
			r = members[i].parse(doc, node, m, err);
		else if (members[i].required)
			r = err_input(err, EBADMSG, "%s: %s needs \"%s\"", WHERE(doc, object), what,
				      members[i].key);
	}
	return r;
}

static int parse_recognise(const struct doc *doc, const struct node *node, struct model *m,
			   struct err *err)
{
	return parse_members(doc, node, recognise_members, ARRAY_SIZE(recognise_members),
			     "\"recognise\"", m, err);
}

static const struct member members[] = {
	{ "$schema", parse_schema, false },
	{ "name", parse_name, true },
	{ "description", parse_description, true },
	{ "function", parse_function, true },
	{ "recognise", parse_recognise, true },
	{ "listens", parse_listens, true },
	{ "public", parse_public, false },
	{ "talksTo", parse_talks_to, true },
	{ "internet", parse_internet, false },
	{ "readOnly", parse_read_only, false },
	{ "writable", parse_writable, true },
	{ "volumes", parse_volumes, false },
	{ "capabilities", parse_capabilities, true },
	{ "systemCalls", parse_calls, true },
	{ "limits", parse_limits, false },
};
static_assert(ARRAY_SIZE(members) <= 32, "keys[] has room");

static void free_contents(struct model *m)
{
	free(m->name);
	free(m->description);
	free(m->function);
	free(m->file);
	strv_free(&m->recognise.images, &m->recognise.n_images);
	strv_free(&m->recognise.commands, &m->recognise.n_commands);
	strv_free(&m->recognise.environment, &m->recognise.n_environment);
	free(m->recognise.ports);
	for (size_t i = 0; i < m->recognise.n_labels; i++) {
		free(m->recognise.labels[i].key);
		free(m->recognise.labels[i].value);
	}
	free(m->recognise.labels);
	free(m->listens);
	strv_free(&m->talks_to, &m->n_talks_to);
	for (size_t i = 0; i < m->n_writable; i++)
		free(m->writable[i].path);
	free(m->writable);
	strv_free(&m->volumes, &m->n_volumes);
}

void model_free(struct model **model)
{
	if (!*model)
		return;
	free_contents(*model);
	free(*model);
	*model = NULL;
}

int model_parse(const struct doc *doc, struct model **ret, struct err *err)
{
	_cleanup_model_ struct model *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_oom(err);
	m->read_only = true;
	m->file = strdup(doc_name(doc));
	if (!m->file)
		return err_oom(err);
	r = parse_members(doc, doc_root(doc), members, ARRAY_SIZE(members), "a model", m, err);
	if (r < 0)
		return r;
	*ret = take_ptr(m);
	return 0;
}
