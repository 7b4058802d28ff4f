/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry, the records and the policy, as what a graph is made of.
 *
 * Records count connections since their container's start. So of several that tell of the same ones
 * the highest count holds.
 */
#include "cli/graph_reading.h"

#include <errno.h>

#include "hooks/flow_record.h"
#include "hooks/live.h"
#include "hooks/peers.h"
#include "lib/strv.h"
#include "profiles/store.h"

static void reading_done(struct reading *r)
{
	struct graph_input input = { .containers = r->containers, .n_containers = r->n_containers };

	graph_input_done(&input);
	free(r->flows);
	intern_done(&r->ids);
}

/* ---- the registry ---- */

/* Records of this container, of whichever host: its registry may have been brought from there. */
static int find_registered(struct reading *r, const char *id, size_t *ret, struct err *err)
{
	const char *machine = r->this_machine;

	for (size_t i = 0; r->sources->journals && i < r->n_containers; i++) {
		if (streq(r->containers[i].id, id)) {
			*ret = i;
			return 0;
		}
		machine = r->containers[i].machine;
	}
	return reading_find(r, machine, strlen(machine), id, strlen(id), ret, err);
}

static int copy_labels(struct labels *to, const struct labels *from, struct err *err)
{
	int r = 0;

	labels_done(to);
	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = labels_set(to, from->v[i].key, from->v[i].value, from->v[i].source, NULL, err);
	return r;
}

static int take_registered(struct reading *r, const struct registered *registered, struct err *err)
{
	struct graph_container *c;
	char **profiles = NULL;
	size_t at, n_profiles = 0;
	int e;

	if (registered->infra)
		return 0;
	e = find_registered(r, registered->id, &at, err);
	if (e < 0 || at == GRAPH_NONE)
		return e;
	c = &r->containers[at];
	c->running = c->subject = true;
	c->netns = registered->netns;
	e = reading_set(&c->name, registered->name, strlen(registered->name), err);
	if (e == 0 && registered->pod_namespace)
		e = reading_set(&c->namespace, registered->pod_namespace,
				strlen(registered->pod_namespace), err);
	if (e == 0)
		e = copy_labels(&c->labels, &registered->labels, err);
	for (size_t i = 0; e == 0 && i < registered->n_profiles; i++)
		e = strv_add(&profiles, &n_profiles, registered->profiles[i], err);
	strv_free(&c->profiles, &c->n_profiles);
	c->profiles = profiles;
	c->n_profiles = n_profiles;
	c->n_addresses = 0; /* those that it had count no more */
	for (size_t i = 0; e == 0 && i < registered->addresses.n; i++)
		e = reading_add_address(c, &registered->addresses.v[i], err);
	return e;
}

static int read_registry(struct reading *r, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 };
	int e;

	if (!r->sources->state_dir)
		return 0;
	e = peers_read(r->sources->state_dir, &peers, &r->notes->registry, err);
	for (size_t i = 0; e == 0 && i < peers.n; i++) {
		if (r->sources->is_own && registered_is_gone(&peers.v[i]))
			r->notes->gone++;
		else
			e = take_registered(r, &peers.v[i], err);
	}
	return e;
}

static int read_firewall(struct reading *r, size_t container, const struct live *live,
			 struct err *err)
{
	_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
	const struct ends nobody = { 0 };
	struct err why = { 0 };
	int e = flows_read(r->sources->host, live, &counters, &why);

	if (e == -ENOMEM)
		return err_oom(err);
	if (e < 0) {
		/* Without a text it is over meanwhile. */
		if (why.class != ERR_NONE && r->notes->kernel.class == ERR_NONE)
			r->notes->kernel = why;
		return 0;
	}
	for (size_t i = 0; e == 0 && i < counters.n_flows; i++)
		e = reading_add_flow(r, container, (uint64_t)live->time * USEC_PER_SEC,
				     &counters.flows[i], &nobody, err);
	return e;
}

/* Since when they run, and what their firewalls remember, which no record may tell yet. */
static int read_kernel(struct reading *r, struct err *err)
{
	int e = 0;

	for (size_t i = 0; r->sources->is_own && e == 0 && i < r->n_containers; i++) {
		struct graph_container *c = &r->containers[i];
		_cleanup_live_ struct live live = { 0 };
		struct err why = { 0 };

		if (!c->running)
			continue;
		e = live_read(r->sources->state_dir, c->id, &live, &why);
		if (e == -ENOMEM)
			return err_oom(err);
		if (e < 0) {
			e = 0; /* it was made around its hooks, or is over */
			continue;
		}
		if (live.time > 0)
			c->first = (uint64_t)live.time * USEC_PER_SEC;
		if (live.firewall)
			e = read_firewall(r, i, &live, err);
	}
	return e;
}

/* ---- the other ends ---- */

struct holder {
	const char *machine;
	const struct cidr *address;
	size_t container;
};

static int compare_holders(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;
	int order = strcmp(a->machine, b->machine);

	return order != 0 ? order : address_compare(a->address, b->address);
}

/* Also by the container, so that of several that share it the same one is found each time. */
static int compare_holders_all(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;
	int order = compare_holders(a, b);

	return order != 0 ? order : (a->container > b->container) - (a->container < b->container);
}

static int list_holders(const struct reading *r, struct holder **ret, size_t *ret_n,
			struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_containers; i++)
		n += r->containers[i].n_addresses;
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return err_oom(err);
	for (size_t i = 0; i < r->n_containers; i++) {
		const struct graph_container *c = &r->containers[i];

		for (size_t k = 0; k < c->n_addresses; k++)
			(*ret)[(*ret_n)++] = (struct holder){ c->machine, &c->addresses[k], i };
	}
	qsort(*ret, n, sizeof(**ret), compare_holders_all);
	return 0;
}

/* Was it there when the flow was seen last? By the second. */
static bool was_there(const struct graph_container *c, const struct graph_flow *flow)
{
	return flow->last + USEC_PER_SEC >= c->first &&
	       (c->running || flow->first <= c->last + USEC_PER_SEC);
}

/* An address is given to others in turn: of those who had it the last one that was there. */
static size_t find_other(const struct reading *r, const struct holder *holders, size_t n,
			 const struct graph_flow *flow)
{
	const struct holder wanted = { r->containers[flow->container].machine, &flow->address, 0 };
	const struct holder *at = bsearch(&wanted, holders, n, sizeof(*holders), compare_holders);
	size_t found = GRAPH_NONE;

	while (at && at > holders && compare_holders(at - 1, at) == 0)
		at--;
	for (; at && at < holders + n && compare_holders(at, &wanted) == 0; at++) {
		const struct graph_container *c = &r->containers[at->container];

		if (at->container != flow->container && was_there(c, flow) &&
		    (found == GRAPH_NONE || c->first > r->containers[found].first))
			found = at->container;
	}
	return found;
}

/* Where no record says who it was. */
static int find_others(struct reading *r, struct err *err)
{
	_cleanup_free_ struct holder *holders = NULL;
	size_t n = 0;
	int e = list_holders(r, &holders, &n, err);

	for (size_t i = 0; e == 0 && n > 0 && i < r->n_flows; i++) {
		struct graph_flow *flow = &r->flows[i].flow;

		if (flow->other == GRAPH_NONE && flow->has_address)
			flow->other = find_other(r, holders, n, flow);
	}
	return e;
}

/* Without a registry, those of which a record of the period tells. */
static void choose_subjects(struct reading *r)
{
	const struct graph_sources *s = r->sources;

	for (size_t i = 0; !s->state_dir && i < r->n_containers; i++) {
		struct graph_container *c = &r->containers[i];

		c->subject = (s->since_usec == 0 || c->last >= s->since_usec) &&
			     (s->until_usec == 0 || c->first <= s->until_usec);
	}
}

/* ---- connections, each once ---- */

static int compare_flows(const void *left, const void *right)
{
	const struct read_flow *a = left, *b = right;
	int order;

	if (a->flow.container != b->flow.container)
		return a->flow.container < b->flow.container ? -1 : 1;
	if (a->life != b->life)
		return a->life < b->life ? -1 : 1;
	if (a->flow.ingress != b->flow.ingress)
		return a->flow.ingress ? 1 : -1;
	if (a->flow.refused != b->flow.refused)
		return a->flow.refused ? 1 : -1;
	order = strcmp(a->protocol, b->protocol);
	if (order == 0)
		order = (int)a->flow.address.v6 - (int)b->flow.address.v6;
	if (order == 0)
		order = memcmp(a->flow.address.address, b->flow.address.address,
			       sizeof(a->flow.address.address));
	return order != 0 ? order : (int)a->flow.port - (int)b->flow.port;
}

static void join_flow(struct graph_flow *to, const struct graph_flow *from)
{
	if (from->count > to->count)
		to->count = from->count;
	if (from->first > 0 && (to->first == 0 || from->first < to->first))
		to->first = from->first;
	if (from->last > to->last)
		to->last = from->last;
	if (to->other == GRAPH_NONE)
		to->other = from->other;
}

static int take_flows(struct reading *r, struct graph_input *input, struct err *err)
{
	input->flows = calloc(r->n_flows + 1, sizeof(*input->flows));
	if (!input->flows)
		return err_oom(err);
	if (r->n_flows > 0)
		qsort(r->flows, r->n_flows, sizeof(*r->flows), compare_flows);
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct read_flow *flow = &r->flows[i];

		if (i > 0 && compare_flows(flow - 1, flow) == 0)
			join_flow(&input->flows[input->n_flows - 1], &flow->flow);
		else
			input->flows[input->n_flows++] = flow->flow;
	}
	return 0;
}

/* ---- the policy ---- */

/* In which mode it was admitted, and of which image it is, its live file says. */
static int read_live(const struct graph_sources *s, struct graph_container *c, enum mode *ret_mode,
		     struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };
	int r = c->running ? live_read(s->state_dir, c->id, &live, &ignored) : -ENOENT;

	*ret_mode = MODE_ENFORCE;
	if (r < 0)
		return r == -ENOMEM ? err_oom(err) : 0;
	*ret_mode = live.mode;
	if (!live.identity.image || c->image)
		return 0;
	return reading_set(&c->image, live.identity.image, strlen(live.identity.image), err);
}

static int decide(const struct graph_sources *s, struct graph_container *c, struct err *err)
{
	struct metadata metadata = { .labels = &c->labels };
	struct err why = { 0 };
	enum mode mode;
	int r = read_live(s, c, &mode, err);

	if (r < 0)
		return r;
	metadata.image = c->image;
	r = select_profiles(s->host, s->store, &metadata, &c->selection, &why);
	if (r == 0 && c->running && !c->selection.exempt)
		r = select_admitted(s->host, s->store, c->profiles, c->n_profiles, mode,
				    &c->selection, &why);
	if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return err_oom(err);
	selection_done(&c->selection);
	c->selection = (struct selection){ 0 };
	c->undecided = strdup(why.text);
	return c->undecided ? 0 : err_oom(err);
}

/* Of those alone that come into the graph. */
static int decide_all(const struct reading *r, const struct graph_input *input, struct err *err)
{
	_cleanup_free_ bool *wanted = calloc(input->n_containers + 1, sizeof(bool));
	int e = wanted ? 0 : err_oom(err);

	for (size_t i = 0; e == 0 && i < input->n_flows; i++) {
		wanted[input->flows[i].container] = true;
		if (input->flows[i].other != GRAPH_NONE)
			wanted[input->flows[i].other] = true;
	}
	for (size_t i = 0; e == 0 && i < input->n_containers; i++) {
		if (wanted[i] || input->containers[i].subject)
			e = decide(r->sources, &input->containers[i], err);
	}
	return e;
}

int graph_read(const struct graph_sources *sources, struct graph_input *ret,
	       struct graph_notes *notes, struct err *err)
{
	_cleanup_(reading_done) struct reading r = { .sources = sources, .notes = notes };
	_cleanup_graph_input_ struct graph_input input = { .host = sources->host };
	int e;

	record_machine_id(r.this_machine);
	e = intern_new(&r.ids, err);
	if (e == 0)
		e = reading_records(&r, err);
	if (e == 0)
		e = read_registry(&r, err);
	if (e == 0)
		e = read_kernel(&r, err);
	if (e == 0)
		e = find_others(&r, err);
	if (e < 0)
		return e;
	choose_subjects(&r);
	e = take_flows(&r, &input, err);
	input.containers = r.containers;
	input.n_containers = r.n_containers;
	r.containers = NULL;
	r.n_containers = 0;
	if (e == 0)
		e = decide_all(&r, &input, err);
	if (e < 0)
		return e;
	*ret = input;
	input = (struct graph_input){ 0 };
	return 0;
}
