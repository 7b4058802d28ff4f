/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry, the records and the policy, as what a graph is made of.
 *
 * Records count connections since their container's start. So of several that tell of the same ones
 * the highest count holds.
 */
#include "cli/graph_read.h"

#include <errno.h>

#include "audit/flow.h"
#include "audit/intern.h"
#include "audit/stamp.h"
#include "hooks/flow_record.h"
#include "hooks/live.h"
#include "hooks/peers.h"
#include "lib/doc.h"
#include "lib/strv.h"
#include "profiles/store.h"

#define USEC_PER_SEC 1000000
/* What several fields of a record may hold together; values are cut at that anyway. */
#define TEXT_MAX 4096

/* A flow with what tells it from others of the same container. */
struct read_flow {
	struct graph_flow flow;
	uint64_t life; /* when its container was admitted */
	bool summary;  /* out of a record of the container's end, which has no times */
	char protocol[FLOW_PROTOCOL_MAX];
};

struct reading {
	const struct graph_sources *sources;
	struct graph_notes *notes;
	struct intern ids; /* "MACHINE/ID": one less is the container's number */
	struct graph_container *containers;
	size_t n_containers, size;
	struct read_flow *flows;
	size_t n_flows, flows_size;
	char this_machine[BOOT_ID_SIZE];
};

static void reading_done(struct reading *r)
{
	struct graph_input input = { .containers = r->containers, .n_containers = r->n_containers };

	graph_input_done(&input);
	free(r->flows);
	intern_done(&r->ids);
}

/* ---- containers ---- */

static int replace(char **member, const char *text, size_t len, struct err *err)
{
	char *copy = strndup(text, len);

	if (!copy)
		return err_oom(err);
	free(*member);
	*member = copy;
	return 0;
}

static int append(struct reading *r, const char *machine, size_t machine_len, const char *id,
		  size_t id_len, struct err *err)
{
	struct graph_container *c;
	int e;

	if (r->n_containers == r->size) {
		size_t size = r->size ? r->size * 2 : 64;

		c = reallocarray(r->containers, size, sizeof(*c));
		if (!c)
			return err_oom(err);
		r->containers = c;
		r->size = size;
	}
	c = &r->containers[r->n_containers++];
	*c = (struct graph_container){ 0 };
	e = replace(&c->machine, machine, machine_len, err);
	if (e == 0)
		e = replace(&c->id, id, id_len, err);
	return e < 0 ? e : replace(&c->name, "", 0, err);
}

/* GRAPH_NONE: there is no room for another. */
static int find_or_add(struct reading *r, const char *machine, size_t machine_len, const char *id,
		       size_t id_len, size_t *ret, struct err *err)
{
	char key[INTERN_TEXT_MAX];
	int len =
		snprintf(key, sizeof(key), "%.*s/%.*s", (int)machine_len, machine, (int)id_len, id);
	uint32_t number;

	if (len < 0 || (size_t)len >= sizeof(key))
		len = (int)sizeof(key) - 1;
	number = intern_add(&r->ids, key, (size_t)len);
	*ret = number ? number - 1 : GRAPH_NONE;
	if (number <= r->n_containers)
		return 0;
	return append(r, machine, machine_len, id, id_len, err);
}

/* ---- records ---- */

static bool is_field(const struct view *v, const char *name)
{
	return v->name_len == strlen(name) && memcmp(v->name, name, v->name_len) == 0;
}

/* The life of the container that it tells of. */
static uint64_t life_of(const struct entry *e)
{
	const struct view *v = entry_get(e, "COAMING_ADMITTED");
	uint64_t usec;

	return v && stamp_parse(v->value, v->len, &usec) == 0 ? usec : 0;
}

static enum label_source source_of(const struct entry *e, const char *key, size_t key_len)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (!is_field(v, "COAMING_LABEL_SOURCE") || v->len <= key_len ||
		    memcmp(v->value, key, key_len) != 0 || v->value[key_len] != '=')
			continue;
		for (unsigned s = 0; s < LABEL_SOURCES_; s++) {
			const char *name = label_source_name((enum label_source)s);

			if (v->len - key_len - 1 == strlen(name) &&
			    memcmp(v->value + key_len + 1, name, strlen(name)) == 0)
				return (enum label_source)s;
		}
	}
	return LABEL_FROM_IMAGE; /* the least trusted */
}

static int set_label(struct graph_container *c, const struct entry *e, const struct view *v,
		     struct err *err)
{
	const char *equals = memchr(v->value, '=', v->len);
	_cleanup_free_ char *key = NULL;
	_cleanup_free_ char *value = NULL;
	struct err ignored = { 0 };
	int r;

	if (!equals)
		return 0;
	key = strndup(v->value, (size_t)(equals - v->value));
	value = strndup(equals + 1, v->len - (size_t)(equals - v->value) - 1);
	if (!key || !value)
		return err_oom(err);
	r = labels_set(&c->labels, key, value, source_of(e, key, strlen(key)), NULL, &ignored);
	return r == -ENOMEM ? err_oom(err) : 0; /* what no container can have is left out */
}

static int add_address(struct graph_container *c, const struct cidr *address, struct err *err)
{
	struct cidr *grown;

	for (size_t i = 0; i < c->n_addresses; i++) {
		if (address_compare(&c->addresses[i], address) == 0)
			return 0;
	}
	if (c->n_addresses >= ADDRESSES_MAX)
		return 0;
	grown = reallocarray(c->addresses, c->n_addresses + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	c->addresses = grown;
	grown[c->n_addresses++] = *address;
	return 0;
}

static int parse_address(const char *text, size_t len, struct cidr *ret)
{
	char copy[CIDR_TEXT_MAX];

	if (len >= sizeof(copy) || memchr(text, '/', len) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return cidr_parse(copy, ret);
}

static int learn_address(struct graph_container *c, const struct view *v, struct err *err)
{
	struct cidr address;

	return parse_address(v->value, v->len, &address) < 0 ? 0 : add_address(c, &address, err);
}

/* A later record of the same container says it anew. */
static int learn(struct graph_container *c, const struct entry *e, struct err *err)
{
	const struct view *name = entry_get(e, "CONTAINER_NAME");
	const struct view *image = entry_get(e, "IMAGE_NAME");
	const struct view *namespace = entry_get(e, "COAMING_POD_NAMESPACE");
	uint64_t since = life_of(e);
	int r = 0;

	since = since > 0 && since < e->usec ? since : e->usec;
	if (c->first == 0 || since < c->first)
		c->first = since;
	if (e->usec > c->last)
		c->last = e->usec;
	if (name)
		r = replace(&c->name, name->value, name->len, err);
	if (r == 0 && image)
		r = replace(&c->image, image->value, image->len, err);
	if (r == 0 && namespace)
		r = replace(&c->namespace, namespace->value, namespace->len, err);
	if (r == 0 && entry_get(e, "COAMING_LABEL"))
		labels_done(&c->labels);
	for (size_t i = 0; r == 0 && i < e->n; i++) {
		if (is_field(&e->fields[i], "COAMING_LABEL"))
			r = set_label(c, e, &e->fields[i], err);
		else if (is_field(&e->fields[i], "COAMING_ADDRESS"))
			r = learn_address(c, &e->fields[i], err);
	}
	return r;
}

static bool in_period(const struct graph_sources *s, const struct graph_flow *flow)
{
	return (s->since_usec == 0 || flow->last >= s->since_usec) &&
	       (s->until_usec == 0 || flow->first <= s->until_usec);
}

static int push_flow(struct reading *r, const struct read_flow *flow, struct err *err)
{
	if (!in_period(r->sources, &flow->flow))
		return 0;
	if (r->n_flows >= GRAPH_FLOWS_MAX) {
		r->notes->flows_omitted++;
		return 0;
	}
	if (r->n_flows == r->flows_size) {
		size_t size = r->flows_size ? r->flows_size * 2 : 256;
		struct read_flow *grown = reallocarray(r->flows, size, sizeof(*grown));

		if (!grown)
			return err_oom(err);
		r->flows = grown;
		r->flows_size = size;
	}
	r->flows[r->n_flows++] = *flow;
	return 0;
}

static enum protocol protocol_of(const char *name)
{
	static const struct {
		const char *name;
		enum protocol protocol;
	} known[] = {
		{ "tcp", PROTOCOL_TCP },
		{ "udp", PROTOCOL_UDP },
		{ "sctp", PROTOCOL_SCTP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (streq(known[i].name, name))
			return known[i].protocol;
	}
	return PROTOCOL_ANY;
}

static void set_kind(struct read_flow *to, const char *protocol, uint16_t port)
{
	(void)snprintf(to->protocol, sizeof(to->protocol), "%s", protocol);
	to->flow.protocol = protocol_of(protocol);
	to->flow.port = to->flow.protocol == PROTOCOL_ANY ? 0 : port;
}

static uint64_t usec_of(int64_t seconds)
{
	return seconds > 0 ? (uint64_t)seconds * USEC_PER_SEC : 0;
}

/* Who was at the other ends, as the record says: a row for each, in the order of its fields. */
struct ends {
	struct {
		struct cidr address;
		size_t container;
	} * v;
	size_t n;
};

static const char *member(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_STRING) ? node->string : NULL;
}

/* Of whom no record of its own tells, this one does. */
static int learn_end(struct graph_container *c, const struct node *end, const struct entry *e,
		     struct err *err)
{
	const char *name = member(end, "name");
	int r = 0;

	if (c->first > 0)
		return 0;
	c->first = c->last = e->usec;
	if (name)
		r = replace(&c->name, name, strlen(name), err);
	node_foreach (label, node_get(end, "labels")) {
		struct err ignored = { 0 };

		if (r == 0 && node_is(label, NODE_STRING) &&
		    labels_set(&c->labels, label->key, label->string, LABEL_FROM_ENGINE, NULL,
			       &ignored) == -ENOMEM)
			r = err_oom(err);
	}
	return r;
}

static int read_end(struct reading *r, size_t own, const struct entry *e, const struct view *v,
		    struct ends *ends, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const char *machine = r->containers[own].machine, *address, *id;
	struct err ignored = { 0 };
	struct cidr at;
	size_t container;
	int status = doc_parse(&doc, "COAMING_FLOW_PEER", v->value, v->len, &ignored);

	if (status == -ENOMEM)
		return err_oom(err);
	address = status == 0 ? member(doc_root(doc), "address") : NULL;
	id = status == 0 ? member(doc_root(doc), "id") : NULL;
	if (!address || !id || parse_address(address, strlen(address), &at) < 0) {
		r->notes->strange++;
		return 0;
	}
	status = find_or_add(r, machine, strlen(machine), id, strlen(id), &container, err);
	if (status < 0 || container == GRAPH_NONE)
		return status;
	ends->v[ends->n].address = at;
	ends->v[ends->n++].container = container;
	return learn_end(&r->containers[container], doc_root(doc), e, err);
}

/* free(ret->v) */
static int read_ends(struct reading *r, size_t own, const struct entry *e, struct ends *ret,
		     struct err *err)
{
	size_t n = 0;
	int status = 0;

	for (size_t i = 0; i < e->n; i++)
		n += is_field(&e->fields[i], "COAMING_FLOW_PEER");
	if (n == 0)
		return 0;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	for (size_t i = 0; status == 0 && i < e->n; i++) {
		if (is_field(&e->fields[i], "COAMING_FLOW_PEER"))
			status = read_end(r, own, e, &e->fields[i], ret, err);
	}
	return status;
}

static size_t find_end(const struct ends *ends, const struct cidr *address)
{
	for (size_t i = 0; i < ends->n; i++) {
		if (address_compare(&ends->v[i].address, address) == 0)
			return ends->v[i].container;
	}
	return GRAPH_NONE;
}

static int add_flow(struct reading *r, size_t container, uint64_t life, const struct flow *flow,
		    const struct ends *ends, struct err *err)
{
	struct read_flow to = { .life = life,
				.flow = { .container = container,
					  .other = GRAPH_NONE,
					  .has_address = true,
					  .ingress = flow->ingress,
					  .refused = !flow->accepted,
					  .count = flow->packets,
					  .first = usec_of(flow->first),
					  .last = usec_of(flow->last) } };

	if (cidr_parse(flow->address, &to.flow.address) < 0) {
		r->notes->strange++;
		return 0;
	}
	to.flow.other = find_end(ends, &to.flow.address);
	set_kind(&to, flow->protocol, flow->port);
	return push_flow(r, &to, err);
}

static int read_flow(struct reading *r, size_t container, const struct entry *e,
		     const struct view *v, const struct ends *ends, struct err *err)
{
	struct flow flow;

	if (flow_parse(v->value, v->len, &flow) < 0) {
		r->notes->strange++;
		return 0;
	}
	return add_flow(r, container, life_of(e), &flow, ends, err);
}

/* "egress tcp 203.0.113.7 443 packets=12", of the end of a container. */
static int read_summary(struct reading *r, size_t container, const struct entry *e,
			const struct view *v, struct err *err)
{
	const struct graph_container *c = &r->containers[container];
	struct read_flow to = { .summary = true,
				.flow = { .container = container,
					  .other = GRAPH_NONE,
					  .has_address = true,
					  .refused = true,
					  .first = c->first,
					  .last = e->usec } };
	char text[128], direction[8], protocol[FLOW_PROTOCOL_MAX], address[64];
	unsigned long long packets;
	unsigned port;
	int end = -1;

	(void)snprintf(text, sizeof(text), "%.*s", (int)v->len, v->value);
	if (v->len >= sizeof(text) || strlen(text) != v->len ||
	    sscanf(text, "%7s %15s %63s %u packets=%llu%n", direction, protocol, address, &port,
		   &packets, &end) != 5 ||
	    end != (int)v->len || port > UINT16_MAX ||
	    (!streq(direction, "ingress") && !streq(direction, "egress")) ||
	    cidr_parse(address, &to.flow.address) < 0 || strchr(address, '/')) {
		r->notes->strange++;
		return 0;
	}
	to.flow.ingress = streq(direction, "ingress");
	to.flow.count = packets;
	set_kind(&to, protocol, (uint16_t)port);
	return push_flow(r, &to, err);
}

static void read_overflow(struct reading *r, const struct view *v)
{
	struct flow_overflow overflow;

	if (flow_overflow_parse(v->value, v->len, &overflow) == 0)
		r->notes->overflowed += overflow.packets;
	else
		r->notes->strange++;
}

static int read_flows(struct reading *r, size_t container, const struct entry *e, struct err *err)
{
	struct ends ends = { 0 };
	bool any = false;
	int status = read_ends(r, container, e, &ends, err);

	for (size_t i = 0; status == 0 && i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (is_field(v, "COAMING_FLOW"))
			status = read_flow(r, container, e, v, &ends, err);
		else if (is_field(v, "COAMING_REFUSED_FLOW"))
			status = read_summary(r, container, e, v, err);
		else if (is_field(v, "COAMING_FLOW_OVERFLOW"))
			read_overflow(r, v);
		else
			continue;
		any = true;
	}
	free(ends.v);
	r->notes->records += any;
	return status;
}

static int read_record(void *arg, const struct found *found, struct err *err)
{
	struct reading *r = arg;
	const struct entry *e = found->entry;
	const struct view *id = entry_get(e, "CONTAINER_ID_FULL");
	const struct view *machine = entry_get(e, "COAMING_MACHINE_ID");
	size_t container;
	int status;

	if (found->trust <= TRUST_UNVERIFIED || !id || id->len == 0)
		return 0;
	status = find_or_add(r, machine ? machine->value : "", machine ? machine->len : 0,
			     id->value, id->len, &container, err);
	if (status == 0 && container == GRAPH_NONE)
		r->notes->containers_omitted++;
	if (status < 0 || container == GRAPH_NONE)
		return status;
	/* What is executed in it, its end and the like say no labels anew. */
	status = learn(&r->containers[container], e, err);
	return status < 0 ? status : read_flows(r, container, e, err);
}

static int read_records(struct reading *r, struct err *err)
{
	struct query query = r->sources->query;
	struct query_notes notes = { 0 };
	int status;

	/* Who was admitted before the period has labels too. */
	query.since_usec = query.until_usec = 0;
	status = r->sources->journals ? query_journals(&query, read_record, r, &notes, err)
				      : query_run(&query, read_record, r, &notes, err);
	r->notes->unverified = notes.unverified;
	r->notes->damaged = notes.damaged;
	r->notes->journal = notes.journal;
	return status;
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
	return find_or_add(r, machine, strlen(machine), id, strlen(id), ret, err);
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
	e = replace(&c->name, registered->name, strlen(registered->name), err);
	if (e == 0 && registered->pod_namespace)
		e = replace(&c->namespace, registered->pod_namespace,
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
		e = add_address(c, &registered->addresses.v[i], err);
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
		if (r->sources->running_only && registered_is_gone(&peers.v[i]))
			r->notes->gone++;
		else
			e = take_registered(r, &peers.v[i], err);
	}
	return e;
}

/* What the firewalls of those that run remember, and no record tells yet. */
static int read_kernel(struct reading *r, struct err *err)
{
	const struct ends nobody = { 0 };
	int e = 0;

	for (size_t i = 0; r->sources->running_only && e == 0 && i < r->n_containers; i++) {
		_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
		_cleanup_live_ struct live live = { 0 };
		struct err why = { 0 };

		if (!r->containers[i].running ||
		    live_read(r->sources->state_dir, r->containers[i].id, &live, &why) < 0 ||
		    !live.firewall)
			continue;
		if (flows_read(r->sources->host, &live, &counters, &why) < 0) {
			if (why.class != ERR_NONE && r->notes->kernel.class == ERR_NONE)
				r->notes->kernel = why;
			continue;
		}
		for (size_t k = 0; e == 0 && k < counters.n_flows; k++)
			e = add_flow(r, i, (uint64_t)live.time * USEC_PER_SEC, &counters.flows[k],
				     &nobody, err);
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
	if (a->summary != b->summary)
		return a->summary ? 1 : -1;
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

/* What a record of the end sums up was recorded better already, but by older versions. */
static int take_flows(struct reading *r, struct graph_input *input, struct err *err)
{
	size_t known = GRAPH_NONE;

	input->flows = calloc(r->n_flows + 1, sizeof(*input->flows));
	if (!input->flows)
		return err_oom(err);
	if (r->n_flows > 0)
		qsort(r->flows, r->n_flows, sizeof(*r->flows), compare_flows);
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct read_flow *flow = &r->flows[i];

		if (!flow->summary)
			known = flow->flow.container;
		else if (known == flow->flow.container)
			continue;
		if (i > 0 && input->n_flows > 0 && compare_flows(flow - 1, flow) == 0)
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

	*ret_mode = MODE_ENFORCE;
	if (!c->running || live_read(s->state_dir, c->id, &live, &ignored) < 0)
		return 0;
	*ret_mode = live.mode;
	if (!live.identity.image || c->image)
		return 0;
	return replace(&c->image, live.identity.image, strlen(live.identity.image), err);
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
		e = read_records(&r, err);
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
