/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which protocols and ports pass from one end to another: connection.h is asked for one port of
 * each stretch that no rule of either end tells apart.
 */
#include "cli/graph_ports.h"

void stretches_done(struct stretches *stretches)
{
	free(stretches->v);
	*stretches = (struct stretches){ 0 };
}

static int push(struct stretches *to, const struct stretch *stretch, struct err *err)
{
	struct stretch *grown;

	if ((to->n & (to->n - 1)) == 0) {
		grown = reallocarray(to->v, to->n ? to->n * 2 : 1, sizeof(*grown));
		if (!grown)
			return err_oom(err);
		to->v = grown;
	}
	to->v[to->n++] = *stretch;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return (int)a->first - (int)b->first;
}

static void join(struct stretches *s)
{
	size_t n = 0;

	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), compare);
	for (size_t i = 0; i < s->n; i++) {
		struct stretch *last = n > 0 ? &s->v[n - 1] : NULL;

		if (!last || last->protocol != s->v[i].protocol ||
		    (uint32_t)last->last + 1 < s->v[i].first)
			s->v[n++] = s->v[i];
		else if (s->v[i].last > last->last)
			last->last = s->v[i].last;
	}
	s->n = n;
}

int stretches_add(struct stretches *to, const struct stretches *more, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < more->n; i++)
		r = push(to, &more->v[i], err);
	join(to);
	return r;
}

bool stretches_are_all(const struct stretches *stretches)
{
	for (size_t i = 0; i < stretches->n; i++) {
		if (stretches->v[i].first != 0 || stretches->v[i].last != UINT16_MAX)
			return false;
	}
	return stretches->n == GRAPH_PROTOCOLS;
}

bool stretches_equal(const struct stretches *a, const struct stretches *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].protocol != b->v[i].protocol || a->v[i].first != b->v[i].first ||
		    a->v[i].last != b->v[i].last)
			return false;
	}
	return true;
}

/* ---- the verdict ---- */

static const struct direction *direction_of(const struct selected *selected, bool ingress)
{
	const struct network_section *network = &selected->profile->network;

	if (!network->present || !selected_enforces(selected, network->mode))
		return NULL;
	return ingress ? &network->ingress : &network->egress;
}

bool graph_constrains(const struct graph_container *container, bool ingress)
{
	for (size_t i = 0; i < container->selection.n; i++) {
		const struct direction *d = direction_of(&container->selection.v[i], ingress);

		if (d && d->present)
			return true;
	}
	return false;
}

static void set_other(struct connection *c, const struct graph_end *other)
{
	c->no_address = !other->address;
	if (other->address)
		c->peer = *other->address;
	c->other = other->n > 0 ? other->ends[0] : (struct connection_end){ 0 };
	c->beside = other->n > 1 ? other->ends + 1 : NULL;
	c->n_beside = other->n > 1 ? other->n - 1 : 0;
}

/* By the first of them whose policy does. */
static int refused_at(const struct host *host, const struct graph_end *own, struct connection *c,
		      struct connection_refusal *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !ret->profile && !ret->class_key && i < own->n; i++) {
		c->own = own->ends[i];
		r = connection_refused_by(&own->v[i]->selection, host, c, ret, err);
	}
	return r;
}

int graph_refused_by(const struct host *host, const struct graph_end *from,
		     const struct graph_end *to, enum protocol protocol, uint16_t port,
		     struct connection_refusal *ret, struct err *err)
{
	struct connection c = { .protocol = protocol, .port = port };
	struct connection_refusal refusal = { 0 };
	int r;

	set_other(&c, to);
	r = refused_at(host, from, &c, &refusal, err);
	c.ingress = true;
	set_other(&c, from);
	if (r == 0)
		r = refused_at(host, to, &c, &refusal, err);
	if (r == 0)
		*ret = refusal;
	return r;
}

/* ---- stretches ---- */

/* Where each protocol's stretches begin. */
struct begins {
	uint32_t *v;
	size_t n;
};

static int compare_begins(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static int begin_at(struct begins *begins, uint32_t port, struct err *err)
{
	uint32_t *grown;

	if (port > UINT16_MAX)
		return 0;
	if ((begins->n & (begins->n - 1)) == 0) {
		grown = reallocarray(begins->v, begins->n ? begins->n * 2 : 1, sizeof(*grown));
		if (!grown)
			return err_oom(err);
		begins->v = grown;
	}
	begins->v[begins->n++] = port;
	return 0;
}

static int add_ports(struct begins begins[GRAPH_PROTOCOLS], const struct direction *direction,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; direction && i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		for (size_t k = 0; r == 0 && k < rule->n_ports; k++) {
			const struct port *port = &rule->ports[k];

			if (port->any)
				continue;
			r = begin_at(&begins[port->protocol], port->first, err);
			if (r == 0)
				r = begin_at(&begins[port->protocol], (uint32_t)port->last + 1,
					     err);
		}
	}
	return r;
}

static int find_begins(struct begins begins[GRAPH_PROTOCOLS], const struct graph_end *end,
		       bool ingress, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < end->n; i++) {
		const struct selection *selection = &end->v[i]->selection;

		for (size_t k = 0; r == 0 && k < selection->n; k++)
			r = add_ports(begins, direction_of(&selection->v[k], ingress), err);
	}
	return r;
}

static int pass_protocol(const struct host *host, const struct graph_end *from,
			 const struct graph_end *to, enum protocol protocol, struct begins *begins,
			 struct stretches *out, struct err *err)
{
	int r = begin_at(begins, 0, err);

	if (r < 0)
		return r;
	qsort(begins->v, begins->n, sizeof(*begins->v), compare_begins);
	for (size_t i = 0; r == 0 && i < begins->n; i++) {
		struct stretch stretch = { protocol, (uint16_t)begins->v[i], UINT16_MAX };
		struct connection_refusal refusal = { 0 };

		if (i + 1 < begins->n && begins->v[i + 1] == begins->v[i])
			continue;
		if (i + 1 < begins->n)
			stretch.last = (uint16_t)(begins->v[i + 1] - 1);
		r = graph_refused_by(host, from, to, protocol, stretch.first, &refusal, err);
		if (r == 0 && !refusal.profile && !refusal.class_key)
			r = push(out, &stretch, err);
	}
	return r;
}

bool graph_is_open(const struct graph_end *from, const struct graph_end *to)
{
	for (size_t i = 0; i < from->n; i++) {
		if (graph_constrains(from->v[i], false))
			return false;
	}
	for (size_t i = 0; i < to->n; i++) {
		if (graph_constrains(to->v[i], true))
			return false;
	}
	return true;
}

int graph_passing(const struct host *host, const struct graph_end *from, const struct graph_end *to,
		  struct stretches *ret, bool *ret_open, struct err *err)
{
	struct begins begins[GRAPH_PROTOCOLS] = { 0 };
	struct stretches out = { 0 };
	int r;

	r = find_begins(begins, from, false, err);
	if (r == 0)
		r = find_begins(begins, to, true, err);
	for (unsigned p = 0; r == 0 && p < GRAPH_PROTOCOLS; p++)
		r = pass_protocol(host, from, to, (enum protocol)p, &begins[p], &out, err);
	for (unsigned p = 0; p < GRAPH_PROTOCOLS; p++)
		free(begins[p].v);
	if (r < 0) {
		stretches_done(&out);
		return r;
	}
	join(&out);
	*ret = out;
	*ret_open = graph_is_open(from, to);
	return 0;
}
