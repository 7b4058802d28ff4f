/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subjects of coaming generate: made, filled, and freed.
 */
#include "cli/generate.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "lib/doc.h"
#include "lib/strv.h"

static void subject_done(struct subject *s)
{
	free(s->name);
	free(s->called);
	free(s->where);
	free(s->image);
	labels_done(&s->labels);
	strv_free(&s->argv, &s->n_argv);
	strv_free(&s->environment, &s->n_environment);
	for (size_t i = 0; i < s->n_ports; i++)
		free(s->ports[i].why);
	free(s->ports);
	strv_free(&s->volumes, &s->n_volumes);
	for (size_t i = 0; i < s->n_tmpfs; i++)
		free(s->tmpfs[i].path);
	free(s->tmpfs);
	strv_free(&s->networks, &s->n_networks);
	strv_free(&s->names, &s->n_names);
	free(s->user);
	strv_free(&s->keys, &s->n_keys);
	strv_free(&s->values, &s->n_values);
	for (size_t i = 0; i < s->n_needs; i++) {
		free(s->needs[i].port);
		free(s->needs[i].why);
	}
	free(s->needs);
	for (size_t i = 0; i < s->n_outside; i++)
		free(s->outside[i].why);
	free(s->outside);
	strv_free(&s->notes, &s->n_notes);
	recognition_done(&s->recognition);
}

void subjects_done(struct subjects *subjects)
{
	for (size_t i = 0; i < subjects->n; i++)
		subject_done(&subjects->v[i]);
	free(subjects->v);
	*subjects = (struct subjects){ 0 };
}

int subject_add(struct subjects *subjects, const char *called, const char *where,
		struct subject **ret, struct err *err)
{
	struct subject *grown;

	if (subjects->n >= SUBJECTS_MAX)
		return err_input(err, E2BIG, "more than %d containers", SUBJECTS_MAX);
	grown = reallocarray(subjects->v, subjects->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	subjects->v = grown;
	*ret = &grown[subjects->n++];
	**ret = (struct subject){ .called = strdup(called), .where = strdup(where) };
	return (*ret)->called && (*ret)->where ? 0 : err_oom(err);
}

static bool same_port(const struct port *a, const struct port *b)
{
	return a->protocol == b->protocol && a->first == b->first && a->last == b->last;
}

int subject_add_port(struct subject *s, const struct port *port, bool published, const char *why,
		     struct err *err)
{
	struct offered *grown;

	for (size_t i = 0; i < s->n_ports; i++) {
		struct offered *there = &s->ports[i];

		if (!same_port(&there->port, port))
			continue;
		if (!published || there->published)
			return 0;
		free(there->why);
		there->why = strdup(why);
		there->published = true;
		return there->why ? 0 : err_oom(err);
	}
	grown = reallocarray(s->ports, s->n_ports + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	s->ports = grown;
	grown[s->n_ports] = (struct offered){ *port, published, strdup(why) };
	return grown[s->n_ports++].why ? 0 : err_oom(err);
}

int subject_add_tmpfs(struct subject *s, const char *path, uint64_t size_bytes, struct err *err)
{
	struct writable *grown;

	if (!path_is_grantable(path))
		return 0; /* the runtime's own, or nonsense */
	for (size_t i = 0; i < s->n_tmpfs; i++) {
		if (streq(s->tmpfs[i].path, path))
			return 0;
	}
	grown = reallocarray(s->tmpfs, s->n_tmpfs + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	s->tmpfs = grown;
	grown[s->n_tmpfs] = (struct writable){ strdup(path), size_bytes };
	return grown[s->n_tmpfs++].path ? 0 : err_oom(err);
}

bool subject_path_is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool subject_is_mounted(const struct subject *s, const char *path)
{
	for (size_t i = 0; i < s->n_volumes; i++) {
		if (subject_path_is_below(path, s->volumes[i]))
			return true;
	}
	return false;
}

int subject_note(struct subject *s, struct err *err, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return err_oom(err);
	}
	return strv_add(&s->notes, &s->n_notes, text, err);
}

int subject_add_key(struct subject *s, const char *key, const char *value, struct err *err)
{
	int r = strv_add(&s->keys, &s->n_keys, key, err);

	return r < 0 ? r : strv_add(&s->values, &s->n_values, value, err);
}

/* Digits at *text, 1 to 65535; moves behind them. */
static bool take_port(const char **text, uint16_t *ret)
{
	unsigned long v = 0;
	const char *s = *text;

	while (isdigit((unsigned char)*s) && v <= UINT16_MAX)
		v = v * 10 + (unsigned long)(*s++ - '0');
	if (s == *text || v < 1 || v > UINT16_MAX)
		return false;
	*text = s;
	*ret = (uint16_t)v;
	return true;
}

int subject_port_parse(const char *text, struct port *ret)
{
	struct port port = { .protocol = PROTOCOL_TCP };

	if (!take_port(&text, &port.first))
		return -EINVAL;
	port.last = port.first;
	if (*text == '-') {
		text++;
		if (!take_port(&text, &port.last) || port.last < port.first)
			return -EINVAL;
	}
	if (streq(text, "/udp"))
		port.protocol = PROTOCOL_UDP;
	else if (streq(text, "/sctp"))
		port.protocol = PROTOCOL_SCTP;
	else if (*text && !streq(text, "/tcp"))
		return -EINVAL;
	*ret = port;
	return 0;
}

void subject_name(char out[PROFILE_NAME_MAX + 1], const char *text)
{
	size_t n = 0;

	for (; *text && n < PROFILE_NAME_MAX; text++) {
		if (isalnum((unsigned char)*text))
			out[n++] = (char)tolower((unsigned char)*text);
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

const char *scalar_text(const struct node *node)
{
	if (!node)
		return NULL;
	switch (node->type) {
	case NODE_STRING:
	case NODE_NUMBER:
		return node->string;
	case NODE_TRUE:
		return "true";
	case NODE_FALSE:
		return "false";
	case NODE_NULL:
		return "";
	default:
		return NULL;
	}
}
