/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network section of a draft: rules are made for both directions, then written.
 *
 * In a set of containers each rule between two of them stands in both profiles, with labels as
 * peers. Alone, nothing is known of others: private networks are let in, and reached, on the ports
 * that the models tell of, and that is called a guess.
 */
#include "cli/generate_draft.h"

#include <errno.h>

#include "lib/strv.h"

enum who { WHO_ANYBODY, WHO_PRIVATE, WHO_INTERNET, WHO_SUBJECTS };

struct ports {
	struct port *v; /* sorted, unique; first 0 means all of TCP */
	size_t n;
};

struct rule {
	enum who who;
	size_t *peers; /* WHO_SUBJECTS */
	size_t n_peers;
	struct ports ports;
	bool guessed;
	char *why;
};

struct rules {
	struct rule *v;
	size_t n;
};

static void rules_done(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		free(rules->v[i].peers);
		free(rules->v[i].ports.v);
		free(rules->v[i].why);
	}
	free(rules->v);
}

static void ports_done(struct ports *ports)
{
	free(ports->v);
}

/* ---- lists of ports ---- */

static int by_port(const void *a, const void *b)
{
	const struct port *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	return x->last < y->last ? -1 : x->last > y->last;
}

static int add_port(struct ports *ports, const struct port *port, struct err *err)
{
	struct port *grown;

	for (size_t i = 0; i < ports->n; i++) {
		if (by_port(&ports->v[i], port) == 0)
			return 0;
	}
	grown = reallocarray(ports->v, ports->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	ports->v = grown;
	grown[ports->n++] = (struct port){ .protocol = port->protocol,
					   .first = port->first,
					   .last = port->last };
	qsort(grown, ports->n, sizeof(*grown), by_port);
	return 0;
}

static int add_ports(struct ports *ports, const struct port *list, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_port(ports, &list[i], err);
	return r;
}

static bool same_ports(const struct ports *a, const struct ports *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (by_port(&a->v[i], &b->v[i]) != 0)
			return false;
	}
	return true;
}

/* "53/udp, 80, 8000-8010" */
static void describe_ports(const struct ports *ports, struct buf *out)
{
	static const char *const suffixes[] = { [PROTOCOL_UDP] = "/udp",
						[PROTOCOL_SCTP] = "/sctp",
						[PROTOCOL_TCP] = "",
						[PROTOCOL_ANY] = "" };

	for (size_t i = 0; i < ports->n; i++) {
		const struct port *p = &ports->v[i];

		buf_adds(out, i ? ", " : "");
		if (p->first == 0)
			buf_adds(out, "all of TCP");
		else
			buf_addf(out, "%u", p->first);
		if (p->last > p->first)
			buf_addf(out, "-%u", p->last);
		buf_adds(out, suffixes[p->protocol]);
	}
}

/* Where a subject may be reached: what is said of it, and what its kind does. */
static int offered_ports(const struct subject *s, struct ports *ports, struct err *err)
{
	const struct model *m = s->recognition.model;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_ports; i++)
		r = add_port(ports, &s->ports[i].port, err);
	if (r == 0 && m)
		r = add_ports(ports, m->listens, m->n_listens, err);
	return r;
}

/* ---- rules ---- */

static int add_rule(struct rules *rules, enum who who, bool guessed, const char *why,
		    struct rule **ret, struct err *err)
{
	struct rule *grown = reallocarray(rules->v, rules->n + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	rules->v = grown;
	*ret = &grown[rules->n++];
	**ret = (struct rule){ .who = who, .guessed = guessed, .why = strdup(why) };
	return (*ret)->why ? 0 : err_oom(err);
}

static int add_peer(struct rule *rule, size_t peer, struct err *err)
{
	size_t *grown = reallocarray(rule->peers, rule->n_peers + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	rule->peers = grown;
	grown[rule->n_peers++] = peer;
	return 0;
}

static int add_why(struct rule *rule, const char *why, struct err *err)
{
	char *longer;

	if (strstr(rule->why, why))
		return 0;
	if (asprintf(&longer, "%s; %s", rule->why, why) < 0)
		return err_oom(err);
	free(rule->why);
	rule->why = longer;
	return 0;
}

/* One more peer: to the rule that has these ports already, or to a new one. */
static int add_between(struct rules *rules, size_t peer, const struct ports *ports, bool guessed,
		       const char *why, struct err *err)
{
	struct rule *rule = NULL;
	int r;

	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i].who != WHO_SUBJECTS || rules->v[i].guessed != guessed ||
		    !same_ports(&rules->v[i].ports, ports))
			continue;
		r = add_peer(&rules->v[i], peer, err);
		return r < 0 ? r : add_why(&rules->v[i], why, err);
	}
	r = add_rule(rules, WHO_SUBJECTS, guessed, why, &rule, err);
	if (r == 0)
		r = add_peer(rule, peer, err);
	return r < 0 ? r : add_ports(&rule->ports, ports->v, ports->n, err);
}

/* All that `from` needs of `to` as one rule, for both of their profiles. */
static int add_needs(const struct subjects *all, size_t from, size_t to, size_t peer,
		     struct rules *rules, struct err *err)
{
	static const struct port all_tcp = { .protocol = PROTOCOL_TCP };
	_cleanup_(ports_done) struct ports ports = { 0 };
	_cleanup_buf_ struct buf why = { 0 };
	const struct subject *s = &all->v[from];
	bool guessed = false, any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_needs; i++) {
		const struct need *need = &s->needs[i];

		if (need->to != to)
			continue;
		if (need->port)
			r = add_port(&ports, need->port, err);
		else
			r = offered_ports(&all->v[to], &ports, err);
		buf_addf(&why, "%s%s: %s", any ? "; " : "", s->called, need->why);
		guessed = guessed || need->guessed;
		any = true;
	}
	if (r < 0 || !any)
		return r;
	if (ports.n == 0) {
		guessed = true;
		buf_addf(&why, "; no port of %s is known", all->v[to].called);
		r = add_port(&ports, &all_tcp, err);
	}
	if (r == 0 && buf_status(&why) < 0)
		r = err_oom(err);
	return r < 0 ? r : add_between(rules, peer, &ports, guessed, why.data, err);
}

/* ---- what is let in ---- */

static int add_published(const struct drafting *d, struct rules *rules)
{
	struct rule *rule = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->s->n_ports; i++) {
		const struct offered *offered = &d->s->ports[i];

		if (!offered->published)
			continue;
		r = rule ? add_why(rule, offered->why, d->err)
			 : add_rule(rules, WHO_ANYBODY, false, offered->why, &rule, d->err);
		if (r == 0)
			r = add_port(&rule->ports, &offered->port, d->err);
	}
	return r;
}

/* Alone: what it says that it offers, or what its kind does. */
static int add_offered(const struct drafting *d, struct rules *rules)
{
	char why[128];
	struct rule *rule;
	int r;

	if (d->s->n_ports == 0 && (!d->m || d->m->n_listens == 0))
		return 0;
	r = add_rule(rules, d->m && d->m->is_public ? WHO_ANYBODY : WHO_PRIVATE,
		     !d->m || !d->m->is_public || draft_is_guess(d),
		     d->s->n_ports > 0 ? d->s->ports[0].why : draft_model_why(why, d), &rule,
		     d->err);
	if (r == 0 && (!d->m || !d->m->is_public))
		r = add_why(rule, "who connects to it is not known", d->err);
	for (size_t i = 0; r == 0 && i < d->s->n_ports; i++)
		r = add_port(&rule->ports, &d->s->ports[i].port, d->err);
	if (r == 0 && d->s->n_ports == 0)
		r = add_ports(&rule->ports, d->m->listens, d->m->n_listens, d->err);
	return r;
}

static int make_ingress(const struct drafting *d, struct rules *rules)
{
	size_t own = (size_t)(d->s - d->all->v);
	int r;

	if (!d->all->is_set)
		return add_offered(d, rules);
	r = add_published(d, rules);
	for (size_t i = 0; r == 0 && i < d->all->n; i++) {
		if (i != own && d->all->v[i].net == SUBJECT_NET_OWN)
			r = add_needs(d->all, i, own, i, rules, d->err);
	}
	return r;
}

/* ---- what is reached ---- */

static int add_names(const struct drafting *d, struct rules *rules)
{
	static const struct port dns[] = { { PROTOCOL_TCP, false, 53, 53 },
					   { PROTOCOL_UDP, false, 53, 53 } };
	struct rule *rule;
	int r = add_rule(rules, WHO_ANYBODY, false, "it asks for names", &rule, d->err);

	return r < 0 ? r : add_ports(&rule->ports, dns, ARRAY_SIZE(dns), d->err);
}

static int add_outside(const struct drafting *d, struct rules *rules)
{
	static const struct port https = { PROTOCOL_TCP, false, 443, 443 };
	char why[128];
	struct rule *rule;
	int r = 0;

	if (d->m && d->m->internet) {
		r = add_rule(rules, WHO_INTERNET, draft_is_guess(d), draft_model_why(why, d), &rule,
			     d->err);
		if (r == 0)
			r = add_port(&rule->ports, &https, d->err);
	}
	for (size_t i = 0; r == 0 && i < d->s->n_outside; i++) {
		r = add_rule(rules, WHO_INTERNET, true, d->s->outside[i].why, &rule, d->err);
		if (r == 0)
			r = add_port(&rule->ports, &d->s->outside[i].port, d->err);
	}
	return r;
}

/* Alone: the ports of all that is of the functions which its kind talks to. */
static int add_functions(const struct drafting *d, struct rules *rules)
{
	static const struct port all_tcp = { .protocol = PROTOCOL_TCP };
	struct rule *rule;
	int r;

	if (d->m && d->m->n_talks_to == 0)
		return 0;
	r = add_rule(rules, WHO_PRIVATE, true,
		     d->m ? "ports of what its kind talks to; where that is is not known"
			  : "nothing is known of whom it talks to",
		     &rule, d->err);
	if (r == 0 && !d->m)
		return add_port(&rule->ports, &all_tcp, d->err);
	for (size_t i = 0; r == 0 && i < d->models->n; i++) {
		const struct model *m = d->models->v[i];

		if (strv_contains(d->m->talks_to, d->m->n_talks_to, m->function))
			r = add_ports(&rule->ports, m->listens, m->n_listens, d->err);
	}
	return r;
}

static int make_egress(const struct drafting *d, struct rules *rules)
{
	size_t own = (size_t)(d->s - d->all->v);
	bool any;
	int r = 0;

	any = d->all->is_set ? d->s->n_needs > 0 : !d->m || d->m->n_talks_to > 0;
	if (any || d->s->n_outside > 0 || (d->m && d->m->internet))
		r = add_names(d, rules);
	if (r == 0 && !d->all->is_set)
		r = add_functions(d, rules);
	for (size_t i = 0; r == 0 && d->all->is_set && i < d->all->n; i++) {
		if (i != own)
			r = add_needs(d->all, own, i, i, rules, d->err);
	}
	return r < 0 ? r : add_outside(d, rules);
}

/* ---- writing ---- */

static void emit_block(struct emit *e, const char *cidr, const char *const except[], size_t n)
{
	int indent = e->indent;

	emit_object(e);
	e->indent = 0; /* on one line, as people write it */
	emit_key(e, "ipBlock");
	emit_object(e);
	emit_key(e, "cidr");
	emit_string(e, cidr);
	if (n > 0) {
		emit_key(e, "except");
		emit_array(e);
		for (size_t i = 0; i < n; i++)
			emit_string(e, except[i]);
		emit_array_end(e);
	}
	emit_object_end(e);
	emit_object_end(e);
	e->indent = indent;
}

static void emit_private(struct emit *e)
{
	static const char *const blocks[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					      "fc00::/7" };

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		emit_block(e, blocks[i], NULL, 0);
}

static void emit_internet(struct emit *e)
{
	static const char *const v4[] = { "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16",
					  "172.16.0.0/12", "192.168.0.0/16" };
	static const char *const v6[] = { "fc00::/7", "fe80::/10" };

	emit_block(e, "0.0.0.0/0", v4, ARRAY_SIZE(v4));
	emit_block(e, "::/0", v6, ARRAY_SIZE(v6));
}

/* Values of the last of its labels: its own, and those of all that live in its network, since an
 * address is a peer only where everybody behind it is meant. */
static void emit_value(struct emit *e, const struct subjects *all, size_t i)
{
	const struct subject *s = &all->v[i];
	size_t last = s->n_keys - 1;

	emit_key(e, "matchExpressions");
	emit_array(e);
	emit_object(e);
	emit_key(e, "key");
	emit_string(e, s->keys[last]);
	emit_key(e, "operator");
	emit_string(e, "In");
	emit_key(e, "values");
	emit_array(e);
	emit_string(e, s->values[last]);
	for (size_t k = 0; k < all->n; k++) {
		const struct subject *guest = &all->v[k];

		if (guest->net == SUBJECT_NET_OTHERS && guest->net_of == i)
			emit_string(e, guest->values[guest->n_keys - 1]);
	}
	emit_array_end(e);
	emit_object_end(e);
	emit_array_end(e);
}

static bool has_guests(const struct subjects *all, size_t i)
{
	for (size_t k = 0; k < all->n; k++) {
		if (all->v[k].net == SUBJECT_NET_OTHERS && all->v[k].net_of == i)
			return true;
	}
	return false;
}

static void emit_peer(struct emit *e, const struct subjects *all, size_t i)
{
	const struct subject *s = &all->v[i];
	bool guests = has_guests(all, i);
	size_t n = guests ? s->n_keys - 1 : s->n_keys;

	emit_object(e);
	emit_key(e, "labelSelector");
	emit_object(e);
	if (n > 0) {
		emit_key(e, "matchLabels");
		emit_object(e);
		for (size_t k = 0; k < n; k++) {
			emit_key(e, s->keys[k]);
			emit_string(e, s->values[k]);
		}
		emit_object_end(e);
	}
	if (guests)
		emit_value(e, all, i);
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_peers(struct emit *e, const struct subjects *all, const struct rule *rule,
		       const char *key)
{
	if (rule->who == WHO_ANYBODY)
		return;
	emit_key(e, key);
	emit_array(e);
	if (rule->who == WHO_PRIVATE)
		emit_private(e);
	else if (rule->who == WHO_INTERNET)
		emit_internet(e);
	for (size_t i = 0; i < rule->n_peers; i++)
		emit_peer(e, all, rule->peers[i]);
	emit_array_end(e);
}

static void emit_ports(struct emit *e, const struct ports *ports)
{
	static const char *const names[] = { [PROTOCOL_ANY] = "TCP",
					     [PROTOCOL_TCP] = "TCP",
					     [PROTOCOL_UDP] = "UDP",
					     [PROTOCOL_SCTP] = "SCTP" };

	emit_key(e, "ports");
	emit_array(e);
	for (size_t i = 0; i < ports->n; i++) {
		const struct port *p = &ports->v[i];
		int indent = e->indent;

		emit_object(e);
		e->indent = 0;
		emit_key(e, "protocol");
		emit_string(e, names[p->protocol]);
		if (p->first > 0) {
			emit_key(e, "port");
			emit_u64(e, p->first);
		}
		if (p->last > p->first) {
			emit_key(e, "endPort");
			emit_u64(e, p->last);
		}
		emit_object_end(e);
		e->indent = indent;
	}
	emit_array_end(e);
}

static int say_rule(struct drafting *d, const struct rule *rule, const char *direction, size_t i)
{
	static const char *const names[] = { [WHO_ANYBODY] = "anybody",
					     [WHO_PRIVATE] = "private networks",
					     [WHO_INTERNET] = "hosts outside",
					     [WHO_SUBJECTS] = "" };
	_cleanup_buf_ struct buf what = { 0 };
	char where[64];

	(void)snprintf(where, sizeof(where), "network.%s[%zu]", direction, i);
	describe_ports(&rule->ports, &what);
	buf_addf(&what, " %s %s", direction[0] == 'i' ? "from" : "of", names[rule->who]);
	for (size_t k = 0; k < rule->n_peers; k++)
		buf_addf(&what, "%s%s", k ? ", " : "", d->all->v[rule->peers[k]].called);
	if (buf_status(&what) < 0)
		return err_oom(d->err);
	return draft_say(d, rule->guessed, where, what.data, rule->why);
}

static int write_direction(struct drafting *d, const struct rules *rules, const char *direction,
			   const char *peers, const char *why_none)
{
	char where[32];
	int r = 0;

	emit_key(&d->e, direction);
	emit_array(&d->e);
	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		emit_object(&d->e);
		emit_peers(&d->e, d->all, &rules->v[i], peers);
		emit_ports(&d->e, &rules->v[i].ports);
		emit_object_end(&d->e);
		r = say_rule(d, &rules->v[i], direction, i);
	}
	emit_array_end(&d->e);
	(void)snprintf(where, sizeof(where), "network.%s", direction);
	if (r == 0 && rules->n == 0)
		r = draft_say(d, !d->m && !d->all->is_set, where, "nobody", why_none);
	return r;
}

int draft_network(struct drafting *d)
{
	_cleanup_(rules_done) struct rules ingress = { 0 }, egress = { 0 };
	bool none = d->s->net == SUBJECT_NET_NONE;
	int r = 0;

	if (d->s->net == SUBJECT_NET_HOST || d->s->net == SUBJECT_NET_OTHERS)
		return 0;
	if (!none)
		r = make_ingress(d, &ingress);
	if (r == 0 && !none)
		r = make_egress(d, &egress);
	if (r < 0)
		return r;
	emit_key(&d->e, "network");
	emit_object(&d->e);
	r = write_direction(d, &ingress, "ingress", "from",
			    none ? "it has no network"
				 : "nothing says that anybody connects to it");
	if (r == 0)
		r = write_direction(d, &egress, "egress", "to",
				    none ? "it has no network"
					 : "nothing says that it connects to anybody");
	emit_object_end(&d->e);
	return r;
}
