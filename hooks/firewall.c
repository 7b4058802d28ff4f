/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall of one container, through coaming-nft.
 */
#include "hooks/firewall.h"

#include <errno.h>
#include <time.h>

#include "hooks/helper.h"
#include "lib/doc.h"

/* 16384 rules listed as JSON, each some 600 bytes; and as many elements of sets, each 150. */
#define LISTING_MAX_BYTES ((size_t)16 << 20)

/* One run of coaming-nft; *ret_out (may be NULL) is what it printed. */
static int run(int netns_fd, const char *verb, const char *table, const char *input, char **ret_out,
	       size_t *ret_len, struct err *err)
{
	const struct helper helper = {
		.program = "coaming-nft",
		.args = { verb, table },
		.input = input ? input : "",
		.fd = netns_fd,
		.wait_seconds = FIREWALL_WAIT_SECONDS,
		.out_max_bytes = LISTING_MAX_BYTES,
	};

	return helper_run(&helper, ret_out, ret_len, err);
}

/* One run of the helper, and the listing that it printed. */
static int run_and_parse(int netns_fd, const char *verb, const char *table, const char *input,
			 struct doc **ret, struct err *err)
{
	_cleanup_free_ char *out = NULL;
	size_t len = 0;
	int r;

	r = run(netns_fd, verb, table, input, &out, &len, err);
	return r < 0 ? r : doc_parse(ret, "nft's listing", out, len, err);
}

/* ---- what nft says (libnftables-json(5)) ---- */

static const struct node *listing(const struct doc *doc)
{
	return node_get(doc_root(doc), "nftables");
}

static const char *text_of(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_STRING) ? node->string : "";
}

static uint64_t number_of(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_NUMBER) ? strtoull(node->string, NULL, 10) : 0;
}

/* Every base chain that the text names is there, and drops what it does not accept. */
static int check_chain(const struct doc *doc, const char *name, size_t len, struct err *err)
{
	node_foreach (item, listing(doc)) {
		const struct node *chain = node_get(item, "chain");

		if (chain && strlen(text_of(chain, "name")) == len &&
		    strncmp(text_of(chain, "name"), name, len) == 0)
			return streq(text_of(chain, "policy"), "drop")
				       ? 0
				       : err_system(err, EIO, "chain %s does not drop",
						    QN(name, len));
	}
	return err_system(err, EIO, "chain %s is not in the kernel", QN(name, len));
}

static size_t count_rules(const struct doc *doc)
{
	size_t n = 0;

	node_foreach (item, listing(doc))
		n += node_get(item, "rule") != NULL;
	return n;
}

/* The same number of chains and rules as the text has: nobody added, nobody lost one. */
static int check_listing(const struct doc *doc, const char *ruleset, struct err *err)
{
	static const char chain[] = "\tchain ";
	size_t rules = 0;
	int r;

	for (const char *line = ruleset; *line;) {
		const char *end = strchrnul(line, '\n');

		if (starts_with(line, chain)) {
			const char *name = line + strlen(chain);

			r = check_chain(doc, name, strcspn(name, " "), err);
			if (r < 0)
				return r;
		} else if (starts_with(line, "\t\t") &&
			   memmem(line, (size_t)(end - line), "accept", 6)) {
			rules++;
		}
		line = *end ? end + 1 : end;
	}
	/* Those that drop are counted by the chains' own refusal lines. */
	if (count_rules(doc) < rules)
		return err_system(err, EIO, "the kernel holds %zu rules where %zu accept packets",
				  count_rules(doc), rules);
	return 0;
}

int firewall_apply(int netns_fd, const char *table, const char *ruleset, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = run_and_parse(netns_fd, "apply", table, ruleset, &doc, err);
	if (r == 0)
		r = check_listing(doc, ruleset, err);
	if (r < 0)
		err_context(err, "firewall");
	return r;
}

int firewall_delete(int netns_fd, const char *table, struct err *err)
{
	return run(netns_fd, "delete", table, NULL, NULL, NULL, err);
}

/* ---- counters ---- */

static int add_chain(const struct node *chain, struct firewall_counters *counters, struct err *err)
{
	struct firewall_chain *grown;

	/* The profiles' alone: the other chains only drop, or only remember. */
	if (!starts_with(text_of(chain, "name"), "ingress-") &&
	    !starts_with(text_of(chain, "name"), "egress-"))
		return 0;
	grown = reallocarray(counters->chains, counters->n_chains + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	counters->chains = grown;
	grown[counters->n_chains] = (struct firewall_chain){
		.name = strdup(text_of(chain, "name")),
	};
	return grown[counters->n_chains++].name ? 0 : err_oom(err);
}

/* Rules that count accept: those that drop use the named counter. */
static void add_rule(const struct node *rule, struct firewall_counters *counters)
{
	node_foreach (expression, node_get(rule, "expr")) {
		const struct node *counter = node_get(expression, "counter");

		for (size_t i = 0; node_is(counter, NODE_OBJECT) && i < counters->n_chains; i++) {
			if (!streq(counters->chains[i].name, text_of(rule, "chain")))
				continue;
			counters->chains[i].accepted_packets += number_of(counter, "packets");
			counters->chains[i].accepted_bytes += number_of(counter, "bytes");
		}
	}
}

/* coaming-nft lists protocols as numbers. Names: IANA's, as in /etc/protocols. */
static const char *protocol_name(const char *number)
{
	static const struct {
		const char *number, *name;
	} rows[] = {
		{ "1", "icmp" }, { "2", "igmp" }, { "6", "tcp" },        { "17", "udp" },
		{ "47", "gre" }, { "50", "esp" }, { "58", "ipv6-icmp" }, { "132", "sctp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (streq(number, rows[i].number))
			return rows[i].name;
	}
	return number;
}

/* ---- flows ---- */

/* One set: which flows are in it, and when they were put there. */
struct flow_set {
	bool accepted, ingress, first;
	int64_t timeout; /* of its elements, in seconds */
};

/* "flow-ingress4", "refused-egress6-first"; false: another set. */
static bool flow_set_of(const struct node *set, struct flow_set *ret)
{
	const char *name = text_of(set, "name"), *way;

	*ret = (struct flow_set){ .accepted = starts_with(name, "flow-") };
	if (!ret->accepted && !starts_with(name, "refused-"))
		return false;
	way = strchr(name, '-') + 1;
	ret->ingress = starts_with(way, "ingress");
	ret->first = strchr(way, '-') != NULL;
	ret->timeout = (int64_t)number_of(set, "timeout");
	return true;
}

struct flows {
	struct flow *v;
	size_t n;
};

/* What is read of one listing. */
struct reading {
	struct flows last, first; /* of the elements of the two kinds of sets */
	struct firewall_counters *counters;
	int64_t now;
};

/*
 * { "elem": { "val": { "concat": [ address, protocol, port ] }, "expires": seconds, "counter": { }
 * } }, which has "counter" where the set counts.
 */
static int add_flow(const struct node *element, const struct flow_set *set, int64_t now,
		    struct flows *flows, struct err *err)
{
	const struct node *elem = node_get(element, "elem");
	const struct node *part = node_path(elem, "val", "concat", NULL);
	struct flow flow = { .accepted = set->accepted, .ingress = set->ingress }, *grown;

	part = part ? part->first : NULL;
	if (!part || !part->next || !part->string || !part->next->string)
		return err_system(err, EBADMSG, "nft lists an element in a form that is not known");
	(void)snprintf(flow.address, sizeof(flow.address), "%s", part->string);
	(void)snprintf(flow.protocol, sizeof(flow.protocol), "%s",
		       protocol_name(part->next->string));
	if (node_is(part->next->next, NODE_NUMBER))
		flow.port = (uint16_t)strtoul(part->next->next->string, NULL, 10);
	flow.packets = number_of(node_get(elem, "counter"), "packets");
	/* What is left is rounded down, and so is the clock: in the middle of the two. */
	flow.last = now + 1 - (set->timeout - (int64_t)number_of(elem, "expires"));
	if (flow.last > now)
		flow.last = now;
	grown = reallocarray(flows->v, flows->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	flows->v = grown;
	grown[flows->n++] = flow;
	return 0;
}

static int add_set(const struct node *set, struct reading *reading, struct err *err)
{
	struct flow_set kind;
	int r = 0;

	if (!flow_set_of(set, &kind))
		return 0;
	node_foreach (element, node_get(set, "elem")) {
		r = add_flow(element, &kind, reading->now,
			     kind.first ? &reading->first : &reading->last, err);
		if (r < 0)
			break;
	}
	return r;
}

static int compare_flows(const void *a, const void *b)
{
	return flow_compare(a, b);
}

/* Each flow's first time is in another set than the rest of it. */
static void join_flows(struct reading *reading)
{
	struct flows *last = &reading->last, *first = &reading->first;

	if (last->n > 0)
		qsort(last->v, last->n, sizeof(*last->v), compare_flows);
	if (first->n > 0)
		qsort(first->v, first->n, sizeof(*first->v), compare_flows);
	for (size_t i = 0; i < last->n; i++) {
		struct flow *flow = &last->v[i];
		const struct flow *begin = first->n > 0 ? bsearch(flow, first->v, first->n,
								  sizeof(*flow), compare_flows)
							: NULL;

		/* Each is rounded by itself. */
		flow->first = begin && begin->last < flow->last ? begin->last : flow->last;
	}
	reading->counters->flows = last->v;
	reading->counters->n_flows = last->n;
	*last = (struct flows){ 0 };
}

static const struct {
	const char *name;
	struct flow_overflow kind;
} overflow_counters[FIREWALL_OVERFLOWS] = {
	{ "omitted-refused-egress", { .accepted = false, .ingress = false } },
	{ "omitted-refused-ingress", { .accepted = false, .ingress = true } },
	{ "omitted-flow-egress", { .accepted = true, .ingress = false } },
	{ "omitted-flow-ingress", { .accepted = true, .ingress = true } },
};

static void add_counter(const struct node *counter, struct firewall_counters *counters)
{
	const char *name = text_of(counter, "name");

	if (starts_with(name, "refused-"))
		counters->refused_packets += number_of(counter, "packets");
	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++) {
		if (streq(name, overflow_counters[i].name))
			counters->overflows[i].packets += number_of(counter, "packets");
	}
}

static int read_item(const struct node *item, struct reading *reading, struct err *err)
{
	if (node_get(item, "chain"))
		return add_chain(node_get(item, "chain"), reading->counters, err);
	if (node_get(item, "set"))
		return add_set(node_get(item, "set"), reading, err);
	if (node_get(item, "counter"))
		add_counter(node_get(item, "counter"), reading->counters);
	else if (node_get(item, "rule"))
		add_rule(node_get(item, "rule"), reading->counters);
	return 0;
}

static int read_listing(const struct doc *doc, int64_t now, struct firewall_counters *counters,
			struct err *err)
{
	struct reading reading = { .counters = counters, .now = now };
	int r = 0;

	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++)
		counters->overflows[i] = overflow_counters[i].kind;
	node_foreach (item, listing(doc)) {
		r = read_item(item, &reading, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		join_flows(&reading);
	free(reading.first.v);
	free(reading.last.v);
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

int firewall_read(int netns_fd, const char *table, struct firewall_counters *ret, struct err *err)
{
	struct firewall_counters counters = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	const int64_t now = time(NULL);
	int r;

	r = run_and_parse(netns_fd, "list", table, NULL, &doc, err);
	if (r == 0)
		r = read_listing(doc, now, &counters, err);
	if (r < 0) {
		firewall_counters_done(&counters);
		return r;
	}
	*ret = counters;
	return 0;
}
