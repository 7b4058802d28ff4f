/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of this host's containers.
 *
 * The same flow of the same life of a container may be in several records and in the kernel too:
 * its counts only grow, so the highest is the one that holds, whatever the order.
 */
#include "cli/flow_list.h"

#include <errno.h>

#include "audit/query.h"
#include "audit/stamp.h"
#include "hooks/firewall.h"
#include "hooks/flow_ends.h"
#include "hooks/flow_record.h"
#include "hooks/live.h"
#include "hooks/process.h"
#include "lib/doc.h"
#include "lib/strv.h"

#define USEC_PER_SEC ((uint64_t)1000000)

static void party_done(struct flow_party *party)
{
	free(party->id);
	free(party->name);
	free(party->function);
	labels_done(&party->labels);
}

void flow_list_done(struct flow_list *list)
{
	for (size_t i = 0; i < list->n_containers; i++) {
		party_done(&list->containers[i].party);
		addresses_done(&list->containers[i].addresses);
		free(list->containers[i].admitted);
	}
	for (size_t i = 0; i < list->n_others; i++)
		party_done(&list->others[i]);
	free(list->containers);
	free(list->others);
	free(list->flows);
	intern_done(&list->container_keys);
	intern_done(&list->other_keys);
	*list = (struct flow_list){ 0 };
}

const struct flow_party *flow_list_other(const struct flow_list *list,
					 const struct listed_flow *flow)
{
	if (flow->other != FLOW_NOBODY)
		return &list->others[flow->other];
	return flow->other_container != FLOW_NOBODY ? &list->containers[flow->other_container].party
						    : NULL;
}

/* ---- growing ---- */

/* Room for one more of an array. */
static int grow(void *array, size_t n, size_t *size, size_t each, struct err *err)
{
	void **v = array, *grown;

	if (n < *size)
		return 0;
	if (n >= FLOW_LIST_MAX)
		return err_system(err, E2BIG, "more than %d connections (see --since)",
				  FLOW_LIST_MAX);
	grown = reallocarray(*v, *size ? *size * 2 : 64, each);
	if (!grown)
		return err_oom(err);
	*v = grown;
	*size = *size ? *size * 2 : 64;
	return 0;
}

/*
 * The place of a key: that which it has, or the next one, which is new.
 *
 * Errors  -E2BIG, -ENOMEM
 */
static int place_of(struct intern *keys, const char *a, const char *b, size_t n, size_t *ret,
		    struct err *err)
{
	_cleanup_buf_ struct buf key = { 0 };
	uint32_t number;

	buf_addf(&key, "%s %s", a, b);
	if (buf_status(&key) < 0)
		return err_oom(err);
	number = intern_add(keys, key.data, key.len);
	if (number == 0 || number > n + 1)
		return err_system(err, E2BIG, "more than %d containers (see --since)", INTERN_MAX);
	*ret = number - 1;
	return 0;
}

static int find_container(struct flow_list *list, const char *id, const char *admitted,
			  struct flow_container **ret, bool *ret_new, struct err *err)
{
	struct flow_container *container;
	size_t place;
	int r;

	r = place_of(&list->container_keys, id, admitted, list->n_containers, &place, err);
	if (r < 0)
		return r;
	*ret_new = place == list->n_containers;
	if (!*ret_new) {
		*ret = &list->containers[place];
		return 0;
	}
	r = grow(&list->containers, list->n_containers, &list->containers_size,
		 sizeof(*list->containers), err);
	if (r < 0)
		return r;
	container = &list->containers[list->n_containers++];
	*container = (struct flow_container){ .admitted = strdup(admitted) };
	container->party.id = strdup(id);
	*ret = container;
	return container->admitted && container->party.id ? 0 : err_oom(err);
}

static int add_other(struct flow_list *list, const char *id, const char *address,
		     struct flow_party **ret, size_t *ret_place, struct err *err)
{
	int r;

	*ret = NULL;
	r = place_of(&list->other_keys, id, address, list->n_others, ret_place, err);
	if (r < 0 || *ret_place < list->n_others)
		return r;
	r = grow(&list->others, list->n_others, &list->others_size, sizeof(*list->others), err);
	if (r < 0)
		return r;
	*ret = &list->others[list->n_others++];
	**ret = (struct flow_party){ .id = strdup(id) };
	return (*ret)->id ? 0 : err_oom(err);
}

static int add_flow(struct flow_list *list, const struct flow_container *container,
		    const struct flow *flow, size_t other, struct err *err)
{
	int r = grow(&list->flows, list->n_flows, &list->flows_size, sizeof(*list->flows), err);

	if (r == 0)
		list->flows[list->n_flows++] = (struct listed_flow){
			.flow = *flow,
			.container = (size_t)(container - list->containers),
			.other = other,
			.other_container = FLOW_NOBODY,
		};
	return r;
}

static void note_overflow(struct flow_container *container, const struct flow_overflow *overflow)
{
	size_t i = 0;

	if (overflow->packets == 0)
		return;
	while (i < container->n_overflows &&
	       (container->overflows[i].accepted != overflow->accepted ||
		container->overflows[i].ingress != overflow->ingress))
		i++;
	if (i == container->n_overflows)
		container->overflows[container->n_overflows++] = *overflow;
	else if (container->overflows[i].packets < overflow->packets)
		container->overflows[i].packets = overflow->packets;
}

/* ---- records ---- */

/* A field's text, "" where there is none; NULL: no memory. */
static char *text_of(const struct entry *e, const char *field)
{
	const struct view *v = entry_get(e, field);

	return v ? strndup(v->value, v->len) : strdup("");
}

static int add_label(struct labels *labels, const struct view *v, struct err *err)
{
	_cleanup_free_ char *text = strndup(v->value, v->len);
	char *value = text ? strchr(text, '=') : NULL;

	if (!text)
		return err_oom(err);
	if (!value)
		return 0;
	*value++ = '\0';
	return labels_set(labels, text, value, LABEL_FROM_ENGINE, NULL, err);
}

static int add_address(struct addresses *addresses, const struct view *v, struct err *err)
{
	_cleanup_free_ char *text = strndup(v->value, v->len);
	struct cidr address;

	if (!text)
		return err_oom(err);
	return cidr_parse(text, &address) == 0 ? addresses_add(addresses, &address, err) : 0;
}

/* What the first record of it says. */
static int describe(struct flow_container *container, const struct entry *e, struct err *err)
{
	int r = 0;

	container->party.name = text_of(e, "CONTAINER_NAME");
	if (!container->party.name)
		return err_oom(err);
	if (entry_get(e, "COAMING_FUNCTION")) {
		container->party.function = text_of(e, "COAMING_FUNCTION");
		if (!container->party.function)
			return err_oom(err);
	}
	for (size_t i = 0; r == 0 && i < e->n; i++) {
		if (view_is(&e->fields[i], "COAMING_LABEL"))
			r = add_label(&container->party.labels, &e->fields[i], err);
		else if (view_is(&e->fields[i], "COAMING_ADDRESS"))
			r = add_address(&container->addresses, &e->fields[i], err);
	}
	return r;
}

/* The other ends of one record. */
struct ends {
	struct {
		char address[INET6_ADDRSTRLEN];
		size_t other;
	} v[RECORD_FIELDS_MAX];
	size_t n;
};

static const char *member(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_STRING) ? node->string : NULL;
}

static int fill_other(struct flow_party *other, const struct node *object, struct err *err)
{
	const char *name = member(object, "name"), *function = member(object, "function");
	int r = 0;

	other->name = strdup(name ? name : "");
	other->function = function ? strdup(function) : NULL;
	if (!other->name || (function && !other->function))
		return err_oom(err);
	node_foreach (label, node_get(object, "labels")) {
		if (r == 0 && node_is(label, NODE_STRING))
			r = labels_set(&other->labels, label->key, label->string, LABEL_FROM_ENGINE,
				       NULL, err);
	}
	return r;
}

static int take_end(struct flow_list *list, struct ends *ends, const struct view *v,
		    struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct flow_party *other = NULL;
	const char *address, *id;
	struct err ignored = { 0 };
	int r;

	r = doc_parse(&doc, "COAMING_FLOW_PEER", v->value, v->len, &ignored);
	if (r == -ENOMEM)
		return err_oom(err);
	address = r == 0 ? member(doc_root(doc), "address") : NULL;
	id = r == 0 ? member(doc_root(doc), "id") : NULL;
	if (!address || strlen(address) >= INET6_ADDRSTRLEN || !id) {
		list->not_read++;
		return 0;
	}
	(void)snprintf(ends->v[ends->n].address, INET6_ADDRSTRLEN, "%s", address);
	r = add_other(list, id, address, &other, &ends->v[ends->n].other, err);
	if (r < 0)
		return r;
	ends->n++;
	return other ? fill_other(other, doc_root(doc), err) : 0;
}

static size_t find_end(const struct ends *ends, const char *address)
{
	for (size_t i = 0; i < ends->n; i++) {
		if (streq(ends->v[i].address, address))
			return ends->v[i].other;
	}
	return FLOW_NOBODY;
}

static int take_ends(struct flow_list *list, const struct entry *e, struct ends *ends,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->n && ends->n < ARRAY_SIZE(ends->v); i++) {
		if (view_is(&e->fields[i], "COAMING_FLOW_PEER"))
			r = take_end(list, ends, &e->fields[i], err);
	}
	return r;
}

static int take_flows(struct flow_list *list, struct flow_container *container,
		      const struct ends *ends, const struct entry *e, struct err *err)
{
	struct flow_overflow overflow;
	struct flow flow;
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (view_is(v, "COAMING_FLOW_OVERFLOW")) {
			if (flow_overflow_parse(v->value, v->len, &overflow) == 0)
				note_overflow(container, &overflow);
			else
				list->not_read++;
		} else if (view_is(v, "COAMING_FLOW")) {
			if (flow_parse(v->value, v->len, &flow) == 0)
				r = add_flow(list, container, &flow, find_end(ends, flow.address),
					     err);
			else
				list->not_read++;
		}
	}
	return r;
}

static int take_record(void *arg, const struct found *found, struct err *err)
{
	_cleanup_free_ char *id = text_of(found->entry, "CONTAINER_ID_FULL");
	_cleanup_free_ char *admitted = text_of(found->entry, "COAMING_ADMITTED");
	_cleanup_free_ struct ends *ends = calloc(1, sizeof(*ends));
	struct flow_container *container = NULL;
	struct flow_list *list = arg;
	bool is_new = false;
	int r;

	if (found->trust <= TRUST_UNVERIFIED) {
		list->not_believed++;
		return 0;
	}
	if (!id || !admitted || !ends)
		return err_oom(err);
	r = find_container(list, id, admitted, &container, &is_new, err);
	if (r == 0 && is_new)
		r = describe(container, found->entry, err);
	if (r == 0)
		r = take_ends(list, found->entry, ends, err);
	if (r < 0)
		return r;
	if (container->seen_usec < found->entry->usec)
		container->seen_usec = found->entry->usec;
	return take_flows(list, container, ends, found->entry, err);
}

static int read_records(const struct host *host, uint64_t since_usec, struct flow_list *list,
			struct err *err)
{
	const struct query query = {
		.audit_dir = host->audit_dir,
		.since_usec = since_usec,
		.event = event_name(EVENT_FLOW),
	};
	struct query_notes notes = { 0 };
	int r;

	r = query_run(&query, take_record, list, &notes, err);
	list->not_believed += notes.foreign;
	list->journal = notes.journal;
	return r;
}

/* ---- the kernel ---- */

static int copy_registered(const struct host *host, const struct registered *registered,
			   struct flow_party *to, struct err *err)
{
	const struct label *function =
		taxonomy_label(&host->taxonomy, &registered->labels, "function");
	int r = 0;

	if (function && !to->function) {
		to->function = strdup(function->value);
		if (!to->function)
			return err_oom(err);
	}
	for (size_t i = 0; r == 0 && i < registered->labels.n; i++)
		r = labels_set(&to->labels, registered->labels.v[i].key,
			       registered->labels.v[i].value, registered->labels.v[i].source, NULL,
			       err);
	return r;
}

static int describe_live(const struct host *host, const struct live *live,
			 const struct registered *own, struct flow_container *container,
			 struct err *err)
{
	int r;

	container->party.name = strdup(live->identity.name);
	if (!container->party.name)
		return err_oom(err);
	if (!own)
		return 0;
	r = copy_registered(host, own, &container->party, err);
	for (size_t i = 0; r == 0 && i < own->addresses.n; i++)
		r = addresses_add(&container->addresses, &own->addresses.v[i], err);
	return r;
}

/* Who has the flow's address; FLOW_NOBODY: none that is known. */
static int find_registered(const struct host *host, const struct peers *peers, const char *own,
			   const struct flow *flow, struct flow_list *list, size_t *ret,
			   struct err *err)
{
	struct cidr address;

	*ret = FLOW_NOBODY;
	if (cidr_parse(flow->address, &address) < 0)
		return 0;
	for (size_t i = 0; i < peers->n; i++) {
		const struct registered *one = &peers->v[i];
		struct flow_party *other;
		int r;

		if (!flow_end_is(one, &address, flow) || streq(one->id, own))
			continue;
		r = add_other(list, one->id, flow->address, &other, ret, err);
		if (r < 0 || !other)
			return r;
		other->name = strdup(one->name);
		return other->name ? copy_registered(host, one, other, err) : err_oom(err);
	}
	return 0;
}

static int add_counters(const struct host *host, const struct peers *peers, const struct live *live,
			const struct firewall_counters *counters, struct flow_list *list,
			struct err *err)
{
	struct flow_container *container = NULL;
	char admitted[STAMP_SIZE];
	bool is_new = false;
	int r;

	stamp_format(admitted, live->time > 0 ? (uint64_t)live->time * USEC_PER_SEC : 0);
	r = find_container(list, live->identity.id, admitted, &container, &is_new, err);
	if (r == 0 && is_new)
		r = describe_live(host, live, peers_find(peers, live->identity.id), container, err);
	if (r < 0)
		return r;
	container->runs = true;
	container->seen_usec = stamp_now();
	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++)
		note_overflow(container, &counters->overflows[i]);
	for (size_t i = 0; r == 0 && i < counters->n_flows; i++) {
		size_t other;

		r = find_registered(host, peers, live->identity.id, &counters->flows[i], list,
				    &other, err);
		if (r == 0)
			r = add_flow(list, container, &counters->flows[i], other, err);
	}
	return r;
}

/* One that ends meanwhile is asked of the records; what keeps the kernel from telling is said. */
static int read_live(const struct host *host, const struct peers *peers, const char *id,
		     struct flow_list *list, struct err *err)
{
	_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
	_cleanup_live_ struct live live = { 0 };
	struct err why = { 0 };
	uint64_t start;
	int r;

	r = live_read(host->state_dir, id, &live, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0 || live.state != LIVE_CREATED || !live.firewall)
		return 0;
	r = flows_read(host, &live, &counters, &why);
	if (r == 0)
		return add_counters(host, peers, &live, &counters, list, err);
	if (list->not_asked.class == ERR_NONE &&
	    process_start_time(live.pid, &start, &(struct err){ 0 }) == 0 &&
	    start == live.start_time) {
		err_context(&why, "container %s", Q(live.identity.name));
		list->not_asked = why;
	}
	return r == -ENOMEM ? err_oom(err) : 0;
}

static int read_kernel(const struct host *host, struct flow_list *list, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	r = peers_read(host->state_dir, &peers, &list->not_asked, err);
	if (r == 0)
		r = live_list(host->state_dir, &ids, &n, &list->not_asked, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_live(host, &peers, ids[i], list, err);
	strv_free(&ids, &n);
	return r;
}

/* ---- one list of it ---- */

static int compare_listed(const void *left, const void *right)
{
	const struct listed_flow *a = left, *b = right;

	if (a->container != b->container)
		return a->container < b->container ? -1 : 1;
	return flow_compare(&a->flow, &b->flow);
}

static void merge(struct listed_flow *into, const struct listed_flow *from)
{
	if (from->flow.packets > into->flow.packets)
		into->flow.packets = from->flow.packets;
	if (from->flow.first < into->flow.first)
		into->flow.first = from->flow.first;
	if (from->flow.last > into->flow.last)
		into->flow.last = from->flow.last;
	if (into->other == FLOW_NOBODY)
		into->other = from->other;
}

static void merge_all(struct flow_list *list, uint64_t since_usec)
{
	size_t n = 0, kept = 0;

	if (list->n_flows > 0)
		qsort(list->flows, list->n_flows, sizeof(*list->flows), compare_listed);
	for (size_t i = 0; i < list->n_flows; i++) {
		if (n > 0 && compare_listed(&list->flows[n - 1], &list->flows[i]) == 0)
			merge(&list->flows[n - 1], &list->flows[i]);
		else
			list->flows[n++] = list->flows[i];
	}
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)list->flows[i].flow.last * USEC_PER_SEC >= since_usec)
			list->flows[kept++] = list->flows[i];
	}
	list->n_flows = kept;
}

/* Which container had an address, and when. */
struct tenure {
	struct cidr address;
	size_t container;
};

static int compare_tenures(const void *left, const void *right)
{
	const struct tenure *a = left, *b = right;
	int r = address_compare(&a->address, &b->address);

	return r != 0 ? r : (a->container > b->container) - (a->container < b->container);
}

static bool had_it(const struct flow_container *container, int64_t when)
{
	uint64_t admitted;

	return stamp_parse(container->admitted, strlen(container->admitted), &admitted) == 0 &&
	       (int64_t)(admitted / USEC_PER_SEC) <= when + 1 &&
	       (container->runs || (int64_t)(container->seen_usec / USEC_PER_SEC) + 1 >= when);
}

static void name_one(const struct flow_list *list, const struct tenure *tenures, size_t n,
		     struct listed_flow *flow)
{
	struct cidr address;
	size_t low = 0, high = n;

	if (cidr_parse(flow->flow.address, &address) < 0)
		return;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(&tenures[middle].address, &address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && address_compare(&tenures[low].address, &address) == 0; low++) {
		if (tenures[low].container != flow->container &&
		    had_it(&list->containers[tenures[low].container], flow->flow.last))
			flow->other_container = tenures[low].container;
	}
}

/* One that had ended when the record was made was not in the registry any more; its own records
 * say which addresses it had. */
static int name_others(struct flow_list *list, struct err *err)
{
	_cleanup_free_ struct tenure *tenures = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n_containers; i++)
		n += list->containers[i].addresses.n;
	tenures = calloc(n + 1, sizeof(*tenures));
	if (!tenures)
		return err_oom(err);
	n = 0;
	for (size_t i = 0; i < list->n_containers; i++) {
		const struct addresses *addresses = &list->containers[i].addresses;

		for (size_t a = 0; a < addresses->n; a++)
			tenures[n++] = (struct tenure){ addresses->v[a], i };
	}
	qsort(tenures, n, sizeof(*tenures), compare_tenures);
	for (size_t i = 0; i < list->n_flows; i++) {
		if (list->flows[i].other == FLOW_NOBODY)
			name_one(list, tenures, n, &list->flows[i]);
	}
	return 0;
}

int flow_list_read(const struct host *host, uint64_t since_usec, struct flow_list *ret,
		   struct err *err)
{
	int r;

	r = intern_new(&ret->container_keys, err);
	if (r == 0)
		r = intern_new(&ret->other_keys, err);
	if (r == 0)
		r = read_records(host, since_usec, ret, err);
	if (r == 0)
		r = read_kernel(host, ret, err);
	if (r < 0)
		return r;
	merge_all(ret, since_usec);
	return name_others(ret, err);
}
