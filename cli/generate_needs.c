/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who talks to whom: addresses in environments and commands name other subjects. Pure.
 *
 * A name counts where it stands as an address does: behind "://" or "@", before ":PORT", or alone
 * as the value of something that is called a host, an address or a URL. A name that is a value
 * by accident (POSTGRES_DB=db) does not count.
 */
#include "cli/generate.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "lib/strv.h"
#include "profiles/separate.h"
#include "profiles/taxonomy.h"

struct search {
	struct subjects *all;
	size_t at; /* whose texts are looked at */
	struct err *err;
};

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* Is a variable or an option of this name (len bytes) one for an address? */
static bool is_address_name(const char *name, size_t len)
{
	static const char *const hints[] = { "host",     "addr",   "server",   "url",     "uri",
					     "endpoint", "broker", "upstream", "backend", "dsn",
					     "service",  "target", "connect",  "node",    "peer" };

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		size_t hint = strlen(hints[i]);

		for (size_t k = 0; k + hint <= len; k++) {
			if (strncasecmp(name + k, hints[i], hint) == 0)
				return true;
		}
	}
	return false;
}

/* ---- what is known of two ---- */

static const struct subject *net_owner(const struct subjects *all, const struct subject *s)
{
	return s->net == SUBJECT_NET_OTHERS ? &all->v[s->net_of] : s;
}

static bool share_network(const struct subjects *all, const struct subject *a,
			  const struct subject *b)
{
	a = net_owner(all, a);
	b = net_owner(all, b);
	if (a->net != SUBJECT_NET_OWN || b->net != SUBJECT_NET_OWN)
		return false;
	for (size_t i = 0; i < a->n_networks; i++) {
		if (strv_contains(b->networks, b->n_networks, a->networks[i]))
			return true;
	}
	return false;
}

static int add_need(struct subject *s, size_t to, const struct port *port, bool guessed,
		    const char *why, struct err *err)
{
	struct need *grown = reallocarray(s->needs, s->n_needs + 1, sizeof(*grown));
	struct need *need;

	if (!grown)
		return err_oom(err);
	s->needs = grown;
	need = &grown[s->n_needs++];
	*need = (struct need){ .to = to, .guessed = guessed, .why = strdup(why) };
	if (port) {
		need->port = malloc(sizeof(*port));
		if (need->port)
			*need->port = *port;
	}
	return need->why && (need->port || !port) ? 0 : err_oom(err);
}

static int add_outside(struct subject *s, const struct port *port, const char *why, struct err *err)
{
	struct outside *grown;

	for (size_t i = 0; i < s->n_outside; i++) {
		if (s->outside[i].port.first == port->first)
			return 0;
	}
	grown = reallocarray(s->outside, s->n_outside + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	s->outside = grown;
	grown[s->n_outside] = (struct outside){ *port, strdup(why) };
	return grown[s->n_outside++].why ? 0 : err_oom(err);
}

/* ---- addresses in a text ---- */

/* A name in a value, and what stands around it. */
struct mention {
	const char *source; /* "DATABASE_URL" */
	size_t source_len;
	const char *value, *name; /* the name is in the value */
	size_t len;
	bool hinted; /* the source is one for an address */
};

/* ":5432" behind it. */
static bool port_behind(const struct mention *m, struct port *ret)
{
	const char *digits = m->name + m->len + 1;
	char text[8];
	size_t n;

	if (digits[-1] != ':')
		return false;
	n = strspn(digits, "0123456789");
	if (n == 0 || n > 5)
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)n, digits);
	return subject_port_parse(text, ret) == 0;
}

static bool scheme_before(const struct mention *m)
{
	return m->name - m->value >= 3 && memcmp(m->name - 3, "://", 3) == 0;
}

/* An element of a list, or all there is. */
static bool is_element(const struct mention *m)
{
	static const char separators[] = ",; ";
	char before = m->name > m->value ? m->name[-1] : ',';
	char behind = m->name[m->len] ? m->name[m->len] : ',';

	return strchr(separators, before) && strchr(separators, behind);
}

static bool is_address(const struct mention *m)
{
	struct port port;
	char before = m->name > m->value ? m->name[-1] : '\0';

	if (before == '/' && !scheme_before(m))
		return false; /* a path */
	return scheme_before(m) || before == '@' || port_behind(m, &port) ||
	       (m->hinted && is_element(m));
}

static bool is_called(const struct subject *s, const struct mention *m)
{
	for (size_t i = 0; i < s->n_names; i++) {
		if (strlen(s->names[i]) == m->len && memcmp(s->names[i], m->name, m->len) == 0)
			return true;
	}
	return false;
}

static int found(struct search *search, const struct mention *m, size_t to)
{
	struct subject *s = &search->all->v[search->at];
	const struct subject *other = &search->all->v[to];
	_cleanup_free_ char *why = NULL;
	struct port port;
	bool has_port = port_behind(m, &port);

	if (!share_network(search->all, s, other))
		return subject_note(s, search->err,
				    "%.*s names %s, with which it shares no network",
				    (int)m->source_len, m->source, other->called);
	if (asprintf(&why, "%.*s names %s", (int)m->source_len, m->source, other->called) < 0)
		return err_oom(search->err);
	return add_need(s, to, has_port ? &port : NULL, false, why, search->err);
}

/* A host elsewhere, of which a URL tells. */
static int look_outside(struct search *search, const struct mention *m)
{
	bool https = m->name - m->value >= 8 && memcmp(m->name - 8, "https://", 8) == 0;
	bool http = m->name - m->value >= 7 && memcmp(m->name - 7, "http://", 7) == 0;
	struct port port = { .first = https ? 443 : 80, .last = https ? 443 : 80 };
	_cleanup_free_ char *why = NULL;

	if (!search->all->is_given || (!https && !http) || !memchr(m->name, '.', m->len) ||
	    strspn(m->name, "0123456789.") >= m->len)
		return 0;
	(void)port_behind(m, &port);
	port.protocol = PROTOCOL_TCP;
	if (asprintf(&why, "%.*s names %.*s", (int)m->source_len, m->source, (int)m->len, m->name) <
	    0)
		return err_oom(search->err);
	return add_outside(&search->all->v[search->at], &port, why, search->err);
}

static int look_at(struct search *search, const struct mention *m)
{
	if (!is_address(m))
		return 0;
	for (size_t i = 0; i < search->all->n; i++) {
		if (is_called(&search->all->v[i], m))
			return i == search->at ? 0 : found(search, m, i);
	}
	return look_outside(search, m);
}

/* Every name in a value. */
static int look_through(struct search *search, const char *source, size_t source_len,
			const char *value)
{
	struct mention m = { .source = source,
			     .source_len = source_len < 200 ? source_len : 200,
			     .value = value,
			     .hinted = is_address_name(source, source_len) };
	int r = 0;

	for (const char *s = value; r == 0 && *s; s += m.len) {
		for (; *s && !is_name_char(*s);)
			s++;
		for (m.len = 0; is_name_char(s[m.len]);)
			m.len++;
		m.name = s;
		if (m.len > 0)
			r = look_at(search, &m);
	}
	return r;
}

static int look_at_environment(struct search *search)
{
	const struct subject *s = &search->all->v[search->at];
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_environment; i++) {
		const char *equals = strchr(s->environment[i], '=');

		if (equals)
			r = look_through(search, s->environment[i],
					 (size_t)(equals - s->environment[i]), equals + 1);
	}
	return r;
}

/* "--db-host=db", "--db-host db", or "http://web". */
static int look_at_command(struct search *search)
{
	const struct subject *s = &search->all->v[search->at];
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_argv; i++) {
		const char *arg = s->argv[i], *equals = strchr(arg, '=');

		if (arg[0] == '-' && equals)
			r = look_through(search, arg, (size_t)(equals - arg), equals + 1);
		else if (i > 0 && s->argv[i - 1][0] == '-')
			r = look_through(search, s->argv[i - 1], strlen(s->argv[i - 1]), arg);
		else
			r = look_through(search, "its command", 0, arg);
	}
	return r;
}

/* ---- what follows from all of them ---- */

/* What is needed of one that lives in another's network is needed of that network. */
static int fold_networks(struct subjects *all, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct subject *s = &all->v[i], *owner;

		for (size_t k = 0; k < s->n_needs; k++)
			s->needs[k].to = (size_t)(net_owner(all, &all->v[s->needs[k].to]) - all->v);
		if (s->net != SUBJECT_NET_OTHERS)
			continue;
		owner = &all->v[s->net_of];
		for (size_t k = 0; r == 0 && k < s->n_needs; k++) {
			if (s->needs[k].to != s->net_of)
				r = add_need(owner, s->needs[k].to, s->needs[k].port,
					     s->needs[k].guessed, s->needs[k].why, err);
		}
		for (size_t k = 0; r == 0 && k < s->n_ports; k++)
			r = subject_add_port(owner, &s->ports[k].port, s->ports[k].published,
					     s->ports[k].why, err);
		for (size_t k = 0;
		     r == 0 && s->recognition.model && k < s->recognition.model->n_listens; k++)
			r = subject_add_port(owner, &s->recognition.model->listens[k], false,
					     "a service in its network listens there", err);
		for (size_t k = 0; r == 0 && k < s->n_outside; k++)
			r = add_outside(owner, &s->outside[k].port, s->outside[k].why, err);
	}
	return r;
}

static const char *class_of(const struct host *host, const struct subject *s)
{
	const struct label *label = taxonomy_label(&host->taxonomy, &s->labels, "data-class");

	return label ? label->value : "";
}

static bool classes_differ(const struct host *host, const struct subject *a,
			   const struct subject *b)
{
	bool differ = !streq(class_of(host, a), class_of(host, b));

	for (size_t i = 0; !differ && i < host->n_separate; i++)
		differ = !streq(separate_class(&a->labels, host->separate[i]),
				separate_class(&b->labels, host->separate[i]));
	return differ;
}

static void remove_need(struct subject *s, size_t i)
{
	free(s->needs[i].port);
	free(s->needs[i].why);
	memmove(&s->needs[i], &s->needs[i + 1], (s->n_needs - i - 1) * sizeof(*s->needs));
	s->n_needs--;
}

/* Why a need cannot be met; NULL: it can. */
static const char *why_not(const struct host *host, const struct subjects *all,
			   const struct subject *s, const struct subject *to)
{
	if (classes_differ(host, s, to))
		return "their data classes differ";
	return share_network(all, s, to) ? NULL : "they share no network";
}

/* The same need twice, or a guess beside a certainty. */
static bool is_superfluous(const struct subject *s, size_t i)
{
	const struct need *need = &s->needs[i];

	for (size_t k = 0; k < s->n_needs; k++) {
		const struct need *other = &s->needs[k];

		if (k == i || other->to != need->to)
			continue;
		if (need->guessed && !other->guessed)
			return true;
		if (k < i && need->guessed == other->guessed && !need->port == !other->port &&
		    (!need->port || need->port->first == other->port->first))
			return true;
	}
	return false;
}

static int keep_possible(const struct host *host, struct subjects *all, struct subject *s,
			 struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_needs;) {
		const struct subject *to = &all->v[s->needs[i].to];
		const char *why = to == s ? NULL : why_not(host, all, s, to);

		if (why)
			r = subject_note(s, err, "it is not let talk to %s: %s", to->called, why);
		if (why || to == s || is_superfluous(s, i))
			remove_need(s, i);
		else
			i++;
	}
	return r;
}

static const char *function_of(const struct taxonomy *taxonomy, const struct subject *s)
{
	const struct label *label = taxonomy_label(taxonomy, &s->labels, "function");

	if (label)
		return label->value;
	return s->recognition.model ? s->recognition.model->function : NULL;
}

/* Somebody whom its kind talks to is there, and nothing says that they do. */
static int note_possible(const struct host *host, const struct subjects *all, struct subject *s,
			 struct err *err)
{
	const struct model *m = s->recognition.model;
	int r = 0;

	for (size_t i = 0; m && r == 0 && i < all->n; i++) {
		const struct subject *other = &all->v[i];
		const char *function = function_of(&host->taxonomy, other);
		bool needed = other == s;

		for (size_t k = 0; !needed && k < s->n_needs; k++)
			needed = s->needs[k].to == i;
		if (needed || !function || why_not(host, all, s, other) ||
		    !strv_contains(m->talks_to, m->n_talks_to, function))
			continue;
		r = subject_note(s, err, "it may have to talk to %s (%s), but nothing says so",
				 other->called, function);
	}
	return r;
}

int generate_find_needs(const struct host *host, struct subjects *subjects, struct err *err)
{
	struct search search = { .all = subjects, .err = err };
	int r = 0;

	for (search.at = 0; r == 0 && search.at < subjects->n; search.at++) {
		r = look_at_environment(&search);
		if (r == 0)
			r = look_at_command(&search);
	}
	if (r == 0)
		r = fold_networks(subjects, err);
	for (size_t i = 0; r == 0 && i < subjects->n; i++)
		r = keep_possible(host, subjects, &subjects->v[i], err);
	for (size_t i = 0; r == 0 && i < subjects->n; i++) {
		if (subjects->is_set && subjects->v[i].net == SUBJECT_NET_OWN)
			r = note_possible(host, subjects, &subjects->v[i], err);
	}
	return r;
}

int generate_recognise(const struct models *models, const struct model *model,
		       struct subjects *subjects, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < subjects->n; i++) {
		struct subject *s = &subjects->v[i];
		_cleanup_free_ struct port *ports = calloc(s->n_ports + 1, sizeof(*ports));
		const struct appearance appearance = {
			.image = s->image,
			.labels = &s->labels,
			.argv = s->argv,
			.n_argv = s->n_argv,
			.environment = s->environment,
			.n_environment = s->n_environment,
			.ports = ports,
			.n_ports = s->n_ports,
		};

		if (!ports)
			return err_oom(err);
		for (size_t k = 0; k < s->n_ports; k++)
			ports[k] = s->ports[k].port;
		r = model ? recognise_as(model, &appearance, &s->recognition, err)
			  : recognise(models, &appearance, &s->recognition, err);
	}
	return r;
}
