/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers and connections out of records, see coaming-journal-fields(7).
 *
 * MUST NOT believe what the ledger does not have.
 */
#include "cli/graph_reading.h"

#include <errno.h>

#include "audit/stamp.h"
#include "hooks/addresses.h"
#include "lib/doc.h"

/* ---- containers ---- */

int reading_set(char **member, const char *text, size_t len, struct err *err)
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
	e = reading_set(&c->machine, machine, machine_len, err);
	if (e == 0)
		e = reading_set(&c->id, id, id_len, err);
	return e < 0 ? e : reading_set(&c->name, "", 0, err);
}

/* GRAPH_NONE: there is no room for another. */
int reading_find(struct reading *r, const char *machine, size_t machine_len, const char *id,
		 size_t id_len, size_t *ret, struct err *err)
{
	char key[INTERN_TEXT_MAX];
	int len =
		snprintf(key, sizeof(key), "%.*s/%.*s", (int)machine_len, machine, (int)id_len, id);
	uint32_t number;

	if (len < 0 || (size_t)len >= sizeof(key))
		len = (int)sizeof(key) - 1;
	number = intern_add(&r->ids, key, (size_t)len);
	if (number == 0 && r->ids.n < INTERN_MAX && !memchr(key, '\0', (size_t)len))
		return err_oom(err); /* it is not full */
	*ret = number ? number - 1 : GRAPH_NONE;
	if (number <= r->n_containers)
		return 0;
	return append(r, machine, machine_len, id, id_len, err);
}

/* ---- records ---- */

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

		if (!view_is(v, "COAMING_LABEL_SOURCE") || v->len <= key_len ||
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

int reading_add_address(struct graph_container *c, const struct cidr *address, struct err *err)
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

	return parse_address(v->value, v->len, &address) < 0
		       ? 0
		       : reading_add_address(c, &address, err);
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
		r = reading_set(&c->name, name->value, name->len, err);
	if (r == 0 && image)
		r = reading_set(&c->image, image->value, image->len, err);
	if (r == 0 && namespace)
		r = reading_set(&c->namespace, namespace->value, namespace->len, err);
	if (r == 0 && entry_get(e, "COAMING_LABEL"))
		labels_done(&c->labels);
	for (size_t i = 0; r == 0 && i < e->n; i++) {
		if (view_is(&e->fields[i], "COAMING_LABEL"))
			r = set_label(c, e, &e->fields[i], err);
		else if (view_is(&e->fields[i], "COAMING_ADDRESS"))
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
		r = reading_set(&c->name, name, strlen(name), err);
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
	status = reading_find(r, machine, strlen(machine), id, strlen(id), &container, err);
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
		n += view_is(&e->fields[i], "COAMING_FLOW_PEER");
	if (n == 0)
		return 0;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	for (size_t i = 0; status == 0 && i < e->n; i++) {
		if (view_is(&e->fields[i], "COAMING_FLOW_PEER"))
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

int reading_add_flow(struct reading *r, size_t container, uint64_t life, const struct flow *flow,
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
	return reading_add_flow(r, container, life_of(e), &flow, ends, err);
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

		if (view_is(v, "COAMING_FLOW"))
			status = read_flow(r, container, e, v, &ends, err);
		else if (view_is(v, "COAMING_FLOW_OVERFLOW"))
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
	status = reading_find(r, machine ? machine->value : "", machine ? machine->len : 0,
			      id->value, id->len, &container, err);
	if (status == 0 && container == GRAPH_NONE)
		r->notes->containers_omitted++;
	if (status < 0 || container == GRAPH_NONE)
		return status;
	/* What is executed in it, its end and the like say no labels anew. */
	status = learn(&r->containers[container], e, err);
	return status < 0 ? status : read_flows(r, container, e, err);
}

int reading_records(struct reading *r, struct err *err)
{
	struct query query = r->sources->query;
	struct query_notes notes = { 0 };
	int status;

	/* A record of connections says who its container is, and is no older than what it tells.
	 * Of containers whose live files are not here others tell too, also of before the period.
	 */
	query.until_usec = 0;
	query.since_usec = r->sources->is_own ? r->sources->since_usec : 0;
	query.event = r->sources->is_own ? event_name(EVENT_FLOW) : NULL;
	status = r->sources->journals ? query_journals(&query, read_record, r, &notes, err)
				      : query_run(&query, read_record, r, &notes, err);
	r->notes->unverified = notes.unverified;
	r->notes->damaged = notes.damaged;
	r->notes->journal = notes.journal;
	return status;
}
