/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program is told to listen: what its command and its environment say of it. Pure.
 *
 *	gunicorn --bind 0.0.0.0:8000    redis-server --port 6380    PORT=3000
 */
#include "cli/generate.h"

/* ":8000" behind an address that means all of them. */
static const char *const everywhere[] = { "0.0.0.0:", "[::]:", "*:", ":" };
static const char *const port_options[] = { "--port", "--http-port", "--listen-port" };
static const char *const port_variables[] = { "PORT", "HTTP_PORT", "LISTEN_PORT", "SERVER_PORT",
					      "ASPNETCORE_HTTP_PORTS" };

static int take(struct subject *s, const char *digits, const char *source, struct err *err)
{
	_cleanup_free_ char *why = NULL;
	struct port port;

	if (digits[strspn(digits, "0123456789")] != '\0' || subject_port_parse(digits, &port) < 0)
		return 0;
	if (asprintf(&why, "%s tells it to listen there", source) < 0)
		return err_oom(err);
	return subject_add_port(s, &port, false, why, err);
}

static int look_at_word(struct subject *s, const char *word, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++) {
		if (starts_with(word, everywhere[i]))
			return take(s, word + strlen(everywhere[i]), "its command", err);
	}
	return 0;
}

/* Is the word (len bytes) one of these options? */
static bool is_port_option(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_options); i++) {
		if (strlen(port_options[i]) == len && strncmp(word, port_options[i], len) == 0)
			return true;
	}
	return false;
}

static int look_at_command(struct subject *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_argv; i++) {
		const char *word = s->argv[i], *equals = strchr(word, '=');
		const char *value = equals ? equals + 1 : word;
		const char *option = equals ? word : i > 0 ? s->argv[i - 1] : "";

		if (is_port_option(option, strcspn(option, "=")))
			r = take(s, value, "its command", err);
		else
			r = look_at_word(s, value, err);
	}
	return r;
}

static int look_at_environment(struct subject *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_environment; i++) {
		const char *variable = s->environment[i];
		size_t len = strcspn(variable, "=");

		for (size_t k = 0; r == 0 && variable[len] && k < ARRAY_SIZE(port_variables); k++) {
			if (strlen(port_variables[k]) == len &&
			    strncmp(variable, port_variables[k], len) == 0)
				r = take(s, variable + len + 1, port_variables[k], err);
		}
	}
	return r;
}

int generate_find_ports(struct subjects *subjects, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < subjects->n; i++) {
		r = look_at_command(&subjects->v[i], err);
		if (r == 0)
			r = look_at_environment(&subjects->v[i], err);
	}
	return r;
}
