/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which application is it? Each kind of sign is counted by one function of the table at the end.
 */
#include "profiles/recognise.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/image.h"

/* Words of a command that are looked at: programs come first, their arguments follow. */
#define COMMAND_WORDS_MAX 16

struct count {
	const struct appearance *seen;
	unsigned points;
	char **reasons;
	size_t n_reasons;
	struct err *err;
};

static int say(struct count *count, const char *what, const char *which)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s %s", what, Q(which)) < 0)
		return err_oom(count->err);
	return strv_add(&count->reasons, &count->n_reasons, text, count->err);
}

/* ---- signs ---- */

static int count_image(const struct model *m, struct count *count)
{
	for (size_t i = 0; count->seen->image && i < m->recognise.n_images; i++) {
		if (!image_matches(m->recognise.images[i], count->seen->image))
			continue;
		count->points += 50;
		return say(count, "the image is called", count->seen->image);
	}
	return 0;
}

static int count_labels(const struct model *m, struct count *count)
{
	unsigned points = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->recognise.n_labels; i++) {
		const struct label_pattern *wanted = &m->recognise.labels[i];
		const struct label *label = labels_get(count->seen->labels, wanted->key);

		if (!label || !pattern_matches(wanted->value, label->value))
			continue;
		points += points < 40 ? 20 : 0;
		r = say(count, "it has the label", wanted->key);
	}
	count->points += points;
	return r;
}

/* Is a word (len bytes) the path of one of the model's programs? */
static bool is_program(const struct model *m, const char *word, size_t len, char name[256])
{
	const char *slash = memrchr(word, '/', len);

	if (slash) {
		len -= (size_t)(slash + 1 - word);
		word = slash + 1;
	}
	if (len == 0 || len > 255)
		return false;
	(void)snprintf(name, 256, "%.*s", (int)len, word);
	for (size_t i = 0; i < m->recognise.n_commands; i++) {
		if (pattern_matches(m->recognise.commands[i], name))
			return true;
	}
	return false;
}

/* Also what a shell is told to execute: "sh -c 'exec gunicorn app'" is two words more. */
static int count_command(const struct model *m, struct count *count)
{
	static const char blanks[] = " \t\n;&|()\"'";
	size_t words = 0;
	char name[256];

	for (size_t i = 0; i < count->seen->n_argv; i++) {
		const char *arg = count->seen->argv[i];

		for (size_t len; *arg && words < COMMAND_WORDS_MAX; arg += len) {
			arg += strspn(arg, blanks);
			len = strcspn(arg, blanks);
			if (len == 0 || arg[0] == '-')
				continue;
			words++;
			if (!is_program(m, arg, len, name))
				continue;
			count->points += 30;
			return say(count, "it executes", name);
		}
	}
	return 0;
}

static int count_environment(const struct model *m, struct count *count)
{
	unsigned points = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count->seen->n_environment; i++) {
		const char *variable = count->seen->environment[i];
		_cleanup_free_ char *name = strndup(variable, strcspn(variable, "="));
		bool known = false;

		if (!name)
			return err_oom(count->err);
		for (size_t k = 0; !known && k < m->recognise.n_environment; k++)
			known = pattern_matches(m->recognise.environment[k], name);
		if (!known || points >= 30)
			continue;
		points += 10;
		r = say(count, "its environment has", name);
	}
	count->points += points;
	return r;
}

static bool has_port(const struct port *ports, size_t n, const struct port *port)
{
	for (size_t i = 0; i < n; i++) {
		if (ports[i].protocol == port->protocol && ports[i].first <= port->first &&
		    ports[i].last >= port->last)
			return true;
	}
	return false;
}

static int count_ports(const struct model *m, struct count *count)
{
	unsigned points = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->recognise.n_ports; i++) {
		char text[16];

		if (points >= 15 ||
		    !has_port(count->seen->ports, count->seen->n_ports, &m->recognise.ports[i]))
			continue;
		points += 5;
		(void)snprintf(text, sizeof(text), "%u", m->recognise.ports[i].first);
		r = say(count, "it exposes port", text);
	}
	count->points += points;
	return r;
}

static int (*const signs[])(const struct model *m, struct count *count) = {
	count_image, count_labels, count_command, count_environment, count_ports,
};

/* ---- the whole ---- */

void recognition_done(struct recognition *recognition)
{
	strv_free(&recognition->reasons, &recognition->n_reasons);
	*recognition = (struct recognition){ 0 };
}

int recognise_as(const struct model *model, const struct appearance *appearance,
		 struct recognition *ret, struct err *err)
{
	struct count count = { .seen = appearance, .err = err };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(signs); i++)
		r = signs[i](model, &count);
	if (r < 0) {
		strv_free(&count.reasons, &count.n_reasons);
		return r;
	}
	*ret = (struct recognition){ model, count.points, count.reasons, count.n_reasons };
	return 0;
}

int recognise(const struct models *models, const struct appearance *appearance,
	      struct recognition *ret, struct err *err)
{
	_cleanup_recognition_ struct recognition best = { 0 };

	for (size_t i = 0; i < models->n; i++) {
		struct recognition one = { 0 };
		int r = recognise_as(models->v[i], appearance, &one, err);

		if (r < 0)
			return r;
		if (one.points < RECOGNISED_LEAST || one.points <= best.points) {
			recognition_done(&one);
			continue;
		}
		recognition_done(&best);
		best = one;
	}
	*ret = best;
	best = (struct recognition){ 0 };
	return 0;
}
