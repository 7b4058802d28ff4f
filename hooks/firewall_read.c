/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firewall of a container counted and remembers, by netlink alone.
 *
 * The sets and counters are those of ruleset_write(); rules put elements into them meanwhile, which
 * the kernel does not take for a change of the rules.
 */
#include "hooks/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <time.h>

#include "hooks/table_dump.h"
#include "profiles/ruleset.h"

/* What the sets hold together: of each direction, family and verdict, and their first times. */
#define FLOWS_MAX ((size_t)8 * (RULESET_FLOWS_MAX + RULESET_REFUSED_MAX))

#define MSEC_PER_SEC 1000

/* One set: which flows are in it. */
struct flow_set {
	char name[TABLE_NAME_MAX];
	bool accepted, ingress, v6, first;
	int64_t timeout_msec; /* of its elements */
};

#define FLOW_SETS_MAX 32

struct flows {
	struct flow *v;
	size_t n, size;
};

/* One reading. */
struct reading {
	int fd;
	const char *table;
	struct firewall_counters counters;
	struct flow_set sets[FLOW_SETS_MAX];
	size_t n_sets;
	const struct flow_set *set; /* whose elements come */
	struct flows last, first;   /* of the elements of the two kinds of sets */
	int64_t now_msec;           /* of the clock */
};

/* ---- chains and their counters ---- */

/* The profiles' alone: the other chains only drop, or only remember. */
static int take_chain(void *arg, const char *at, const char *end, struct err *err)
{
	struct firewall_counters *counters = &((struct reading *)arg)->counters;
	struct firewall_chain *grown;
	char name[TABLE_NAME_MAX];

	attribute_text(at, end, NFTA_CHAIN_NAME, name);
	if (!starts_with(name, "ingress-") && !starts_with(name, "egress-"))
		return 0;
	grown = reallocarray(counters->chains, counters->n_chains + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	counters->chains = grown;
	grown[counters->n_chains] = (struct firewall_chain){ .name = strdup(name) };
	return grown[counters->n_chains++].name ? 0 : err_oom(err);
}

/* The data of an expression that counts. */
static bool is_counter(const struct attribute *expression, struct attribute *ret)
{
	const char *at = expression->data, *end = at + expression->len;
	char name[TABLE_NAME_MAX];

	attribute_text(at, end, NFTA_EXPR_NAME, name);
	return streq(name, "counter") && attribute_find(at, end, NFTA_EXPR_DATA, ret);
}

/* Rules that count accept: those that drop use a counter with a name, which is another thing. */
static int take_rule(void *arg, const char *at, const char *end, struct err *err)
{
	struct firewall_counters *counters = &((struct reading *)arg)->counters;
	struct attribute list, expression, counter;
	char chain[TABLE_NAME_MAX];

	attribute_text(at, end, NFTA_RULE_CHAIN, chain);
	if (!attribute_find(at, end, NFTA_RULE_EXPRESSIONS, &list))
		return 0;
	at = list.data;
	while (attribute_next(&at, list.data + list.len, &expression)) {
		if (!is_counter(&expression, &counter))
			continue;
		for (size_t i = 0; i < counters->n_chains; i++) {
			const char *to = counter.data + counter.len;

			if (!streq(counters->chains[i].name, chain))
				continue;
			counters->chains[i].accepted_packets +=
				attribute_u64(counter.data, to, NFTA_COUNTER_PACKETS);
			counters->chains[i].accepted_bytes +=
				attribute_u64(counter.data, to, NFTA_COUNTER_BYTES);
		}
	}
	return 0;
}

/* ---- counters with a name ---- */

static const struct {
	const char *name;
	struct flow_overflow kind;
} overflow_counters[FIREWALL_OVERFLOWS] = {
	{ "omitted-refused-egress", { .accepted = false, .ingress = false } },
	{ "omitted-refused-ingress", { .accepted = false, .ingress = true } },
	{ "omitted-flow-egress", { .accepted = true, .ingress = false } },
	{ "omitted-flow-ingress", { .accepted = true, .ingress = true } },
};

static int take_object(void *arg, const char *at, const char *end, struct err *err)
{
	struct firewall_counters *counters = &((struct reading *)arg)->counters;
	char name[TABLE_NAME_MAX];
	struct attribute data;
	uint64_t packets;

	attribute_text(at, end, NFTA_OBJ_NAME, name);
	if (attribute_u32(at, end, NFTA_OBJ_TYPE) != NFT_OBJECT_COUNTER ||
	    !attribute_find(at, end, NFTA_OBJ_DATA, &data))
		return 0;
	packets = attribute_u64(data.data, data.data + data.len, NFTA_COUNTER_PACKETS);
	if (starts_with(name, "refused-"))
		counters->refused_packets += packets;
	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++) {
		if (streq(name, overflow_counters[i].name))
			counters->overflows[i].packets += packets;
	}
	return 0;
}

/* ---- flows ---- */

/* "flow-ingress4", "refused-egress6-first"; others are not of flows. */
static int take_set(void *arg, const char *at, const char *end, struct err *err)
{
	struct reading *reading = arg;
	struct flow_set set = { 0 };
	const char *way;

	attribute_text(at, end, NFTA_SET_NAME, set.name);
	set.accepted = starts_with(set.name, "flow-");
	if (!set.accepted && !starts_with(set.name, "refused-"))
		return 0;
	way = set.name + strcspn(set.name, "-") + 1;
	set.ingress = starts_with(way, "ingress");
	set.v6 = way[strcspn(way, "46")] == '6';
	set.first = strchr(way, '-') != NULL;
	set.timeout_msec = (int64_t)attribute_u64(at, end, NFTA_SET_TIMEOUT);
	if (reading->n_sets == FLOW_SETS_MAX)
		return err_system(err, EBADMSG, "more than %d sets of flows", FLOW_SETS_MAX);
	reading->sets[reading->n_sets++] = set;
	return 0;
}

/* Names: IANA's, as in /etc/protocols. */
static void write_protocol(uint8_t number, char ret[FLOW_PROTOCOL_MAX])
{
	static const struct {
		uint8_t number;
		const char *name;
	} rows[] = {
		{ IPPROTO_ICMP, "icmp" },        { IPPROTO_IGMP, "igmp" }, { IPPROTO_TCP, "tcp" },
		{ IPPROTO_UDP, "udp" },          { IPPROTO_GRE, "gre" },   { IPPROTO_ESP, "esp" },
		{ IPPROTO_ICMPV6, "ipv6-icmp" }, { IPPROTO_SCTP, "sctp" },
	};

	(void)snprintf(ret, FLOW_PROTOCOL_MAX, "%u", number);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].number == number)
			(void)snprintf(ret, FLOW_PROTOCOL_MAX, "%s", rows[i].name);
	}
}

/* Address, protocol and port, each filled up to whole registers of four bytes. */
static bool read_key(const struct attribute *element, bool v6, struct flow *flow)
{
	const size_t address = v6 ? 16 : 4;
	struct attribute key, value;
	uint16_t port;

	if (!attribute_find(element->data, element->data + element->len, NFTA_SET_ELEM_KEY, &key) ||
	    !attribute_find(key.data, key.data + key.len, NFTA_DATA_VALUE, &value) ||
	    value.len != address + 8 ||
	    !inet_ntop(v6 ? AF_INET6 : AF_INET, value.data, flow->address, sizeof(flow->address)))
		return false;
	write_protocol((uint8_t)value.data[address], flow->protocol);
	memcpy(&port, value.data + address + 4, sizeof(port));
	flow->port = be16toh(port);
	return true;
}

/* Newer kernels have a list where an element may have several expressions. */
static uint64_t read_packets(const struct attribute *element)
{
	const char *at = element->data, *end = at + element->len;
	struct attribute expression, counter;

	if (!attribute_find(at, end, NFTA_SET_ELEM_EXPR, &expression) &&
	    (!attribute_find(at, end, NFTA_SET_ELEM_EXPRESSIONS, &counter) ||
	     !attribute_find(counter.data, counter.data + counter.len, NFTA_LIST_ELEM,
			     &expression)))
		return 0;
	return is_counter(&expression, &counter)
		       ? attribute_u64(counter.data, counter.data + counter.len,
				       NFTA_COUNTER_PACKETS)
		       : 0;
}

static int add_flow(struct reading *reading, const struct attribute *element, struct err *err)
{
	const struct flow_set *set = reading->set;
	struct flows *flows = set->first ? &reading->first : &reading->last;
	struct flow flow = { .accepted = set->accepted, .ingress = set->ingress };
	int64_t left;

	if (!read_key(element, set->v6, &flow))
		return err_system(err, EBADMSG, "an element of set %s is no flow", set->name);
	flow.packets = read_packets(element);
	left = (int64_t)attribute_u64(element->data, element->data + element->len,
				      NFTA_SET_ELEM_EXPIRATION);
	flow.last = (reading->now_msec - (set->timeout_msec - left)) / MSEC_PER_SEC;
	if (flows->n == FLOWS_MAX)
		return err_system(err, E2BIG, "more than %zu flows", FLOWS_MAX);
	if (flows->n == flows->size) {
		size_t size = flows->size ? flows->size * 2 : 64;
		struct flow *grown = reallocarray(flows->v, size, sizeof(*grown));

		if (!grown)
			return err_oom(err);
		flows->v = grown;
		flows->size = size;
	}
	flows->v[flows->n++] = flow;
	return 0;
}

static int take_elements(void *arg, const char *at, const char *end, struct err *err)
{
	struct attribute list, element;
	int r = 0;

	if (!attribute_find(at, end, NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return 0;
	at = list.data;
	while (r == 0 && attribute_next(&at, list.data + list.len, &element))
		r = add_flow(arg, &element, err);
	return r;
}

static int64_t clock_msec(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return 0;
	return (int64_t)now.tv_sec * MSEC_PER_SEC + now.tv_nsec / 1000000;
}

static int compare_flows(const void *a, const void *b)
{
	return flow_compare(a, b);
}

/* A set that grows while it is read may show an element twice. */
static void sort(struct flows *flows)
{
	size_t n = 0;

	if (flows->n > 0)
		qsort(flows->v, flows->n, sizeof(*flows->v), compare_flows);
	for (size_t i = 0; i < flows->n; i++) {
		if (n == 0 || flow_compare(&flows->v[n - 1], &flows->v[i]) != 0)
			flows->v[n++] = flows->v[i];
	}
	flows->n = n;
}

/* Each flow's first time is in another set than the rest of it. */
static void join_flows(struct reading *reading)
{
	struct flows *last = &reading->last, *first = &reading->first;

	sort(last);
	sort(first);
	for (size_t i = 0; i < last->n; i++) {
		struct flow *flow = &last->v[i];
		const struct flow *begin = first->n > 0 ? bsearch(flow, first->v, first->n,
								  sizeof(*flow), compare_flows)
							: NULL;

		flow->first = begin && begin->last < flow->last ? begin->last : flow->last;
	}
	reading->counters.flows = last->v;
	reading->counters.n_flows = last->n;
	*last = (struct flows){ 0 };
}

/* ---- all of it ---- */

static const struct {
	enum table_thing thing;
	table_take_fn *take;
} parts[] = {
	{ TABLE_CHAINS, take_chain },
	{ TABLE_RULES, take_rule },
	{ TABLE_OBJECTS, take_object },
	{ TABLE_SETS, take_set },
};

static int take_table(void *arg, const char *at, const char *end, struct err *err)
{
	return 0;
}

static int read_all(struct reading *reading, struct err *err)
{
	int r;

	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++)
		reading->counters.overflows[i] = overflow_counters[i].kind;
	r = table_dump(reading->fd, reading->table, TABLE_ITSELF, NULL, take_table, reading, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = table_dump(reading->fd, reading->table, parts[i].thing, NULL, parts[i].take,
			       reading, err);
	for (size_t i = 0; r == 0 && i < reading->n_sets; i++) {
		reading->set = &reading->sets[i];
		reading->now_msec = clock_msec();
		r = table_dump(reading->fd, reading->table, TABLE_ELEMENTS, reading->set->name,
			       take_elements, reading, err);
	}
	if (r == 0)
		join_flows(reading);
	return r;
}

void firewall_counters_done(struct firewall_counters *counters)
{
	for (size_t i = 0; i < counters->n_chains; i++)
		free(counters->chains[i].name);
	free(counters->chains);
	free(counters->flows);
	*counters = (struct firewall_counters){ 0 };
}

static int read_once(int netns_fd, const char *table, struct firewall_counters *ret,
		     struct err *err)
{
	struct reading reading = { .fd = -1, .table = table };
	int r;

	r = netlink_open(netns_fd, NETLINK_NETFILTER, &reading.fd, err);
	if (r == 0)
		r = read_all(&reading, err);
	closep(&reading.fd);
	free(reading.first.v);
	free(reading.last.v);
	if (r < 0)
		firewall_counters_done(&reading.counters);
	else
		*ret = reading.counters;
	return r;
}

int firewall_read(int netns_fd, const char *table, struct firewall_counters *ret, struct err *err)
{
	unsigned tries = 0;
	int r;

	do {
		r = read_once(netns_fd, table, ret, err);
	} while (netlink_again(r, &tries, err));
	if (r == -ENOENT && err->class == ERR_NONE)
		return err_system(err, ENOENT, "the firewall's table is not there");
	return r;
}
