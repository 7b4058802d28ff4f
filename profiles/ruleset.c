/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nft text of the network sections that apply to a container.
 *
 * Each profile has its own base chain a direction: the kernel lets a packet pass only if every base
 * chain at a hook accepts it, which is the meet. Nothing from outside reaches the text but as a
 * number, an address that was parsed, or a name of [a-z0-9-].
 *
 * Source: nft(8); RFC 4890, section 4.4 (the ICMPv6 that must not be dropped)
 */
#include "profiles/ruleset.h"

#include <errno.h>

#include "lib/hash.h"
#include "profiles/separate.h"

/* Loaded in one batch in some 100 ms; a policy with more belongs into blocks of addresses. */
#define NFT_RULES_MAX 16384

#define TABLE_PREFIX "coaming_"

/* The two directions differ in words alone. */
struct words {
	const char *name; /* of chains, sets and counters */
	const char *hook;
	const char *device;  /* names no interface but lo: others may come later */
	const char *address; /* the other end's */
};

static const struct words in = { "ingress", "input", "iifname", "saddr" };
static const struct words out = { "egress", "output", "oifname", "daddr" };

static const char *const protocol_names[] = {
	[PROTOCOL_ANY] = NULL,
	[PROTOCOL_TCP] = "tcp",
	[PROTOCOL_UDP] = "udp",
	[PROTOCOL_SCTP] = "sctp",
};

const char *ruleset_table(char table[RULESET_TABLE_MAX], const char *container_id)
{
	size_t len = strlen(container_id);
	char digest[SHA256_HEX];

	if (len != SHA256_HEX - 1 || strspn(container_id, "0123456789abcdef") != len) {
		sha256_hex1(digest, container_id, len);
		container_id = digest;
	}
	(void)snprintf(table, RULESET_TABLE_MAX, TABLE_PREFIX "%s", container_id);
	return table;
}

static bool constrains(const struct selected *selected, bool ingress)
{
	const struct network_section *network = &selected->profile->network;

	return selected_enforces(selected, network->mode) && network->present &&
	       (ingress ? network->ingress.present : network->egress.present);
}

static bool is_constrained(const struct selection *selection, bool ingress)
{
	for (size_t i = 0; i < selection->n; i++) {
		if (constrains(&selection->v[i], ingress))
			return true;
	}
	return false;
}

bool ruleset_is_needed(const struct selection *selection, const struct host *host)
{
	return is_constrained(selection, true) || is_constrained(selection, false) ||
	       separation_any(host, selection, MODE_ENFORCE);
}

/* ---- peers ---- */

static int compare_selectors(const void *left, const void *right)
{
	const struct peer_selector *const *a = left, *const *b = right;

	return strcmp((*a)->set, (*b)->set);
}

/* Those of one direction of one profile into v, which is NULL where they are only counted. */
static size_t gather_direction(const struct direction *direction, const struct peer_selector **v)
{
	size_t n = 0;

	for (size_t i = 0; i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		for (size_t p = 0; p < rule->n_peers; p++) {
			if (rule->peers[p].kind != PEER_LABELS)
				continue;
			if (v)
				v[n] = &rule->peers[p].selector;
			n++;
		}
	}
	return n;
}

static size_t gather(const struct selection *selection, const struct peer_selector **v)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->n; i++) {
		const struct network_section *network = &selection->v[i].profile->network;

		if (constrains(&selection->v[i], true))
			n += gather_direction(&network->ingress, v ? v + n : NULL);
		if (constrains(&selection->v[i], false))
			n += gather_direction(&network->egress, v ? v + n : NULL);
	}
	return n;
}

int ruleset_peers(const struct selection *selection, const struct peer_selector ***ret,
		  size_t *ret_n, struct err *err)
{
	size_t n = gather(selection, NULL), kept = 0;
	const struct peer_selector **v = calloc(n + 1, sizeof(struct peer_selector *));

	if (!v)
		return err_oom(err);
	(void)gather(selection, v);
	qsort(v, n, sizeof(*v), compare_selectors);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || !streq(v[kept - 1]->set, v[i]->set))
			v[kept++] = v[i];
	}
	*ret = v;
	*ret_n = kept;
	return 0;
}

/* ---- sets ---- */

struct family {
	const char *digit, *type, *header, *nfproto;
};

static const struct family families[] = {
	{ "4", "ipv4_addr", "ip", "ipv4" },
	{ "6", "ipv6_addr", "ip6", "ipv6" },
};
#define FAMILIES ARRAY_SIZE(families)

/* What a ruleset is made of and into. */
struct writing {
	const struct selection *selection;
	const struct host *host; /* or NULL */
	const struct elements *elements;
	struct buf *text;
	size_t rules; /* so far */
	struct err *err;
};

/*
 * Bounded memory of connections, and how many packets found no place in it.
 *
 * Two sets a family: the first time of an element is when it was put into "-first", which nothing
 * puts it into again; the last time is when the other, which also counts, was last updated. Both
 * follow from what is left of their timeout. The kernel would look for expired ones each second.
 *
 * kind  "flow" what was let through, "refused"
 */
static void write_flow_sets(const struct words *w, const char *kind, int max, struct buf *text)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		for (size_t last = 0; last < 2; last++)
			buf_addf(text,
				 "\tset %s-%s%s%s {\n"
				 "\t\ttype %s . inet_proto . inet_service\n"
				 "\t\tsize %d\n"
				 "\t\tflags dynamic,timeout\n"
				 "\t\ttimeout %dd\n"
				 "\t\tgc-interval 7d\n"
				 "%s"
				 "\t}\n",
				 kind, w->name, families[i].digit, last ? "" : "-first",
				 families[i].type, max, RULESET_FLOW_DAYS,
				 last ? "\t\tcounter\n" : "");
	}
	buf_addf(text, "\tcounter omitted-%s-%s {\n\t}\n", kind, w->name);
}

/* Up to the end of the list: "\t\telements = { 10.0.0.1, 10.0.0.2 }\n", or nothing. */
static void write_elements(const struct elements *elements, const char *set, bool v6,
			   struct buf *text)
{
	const char *between = "\t\telements = { ";

	for (size_t i = 0; elements && i < elements->n; i++) {
		const struct set_elements *one = &elements->v[i];

		for (size_t k = 0; streq(one->set, set) && k < one->n; k++) {
			char address[CIDR_TEXT_MAX];

			if (one->addresses[k].v6 != v6)
				continue;
			buf_addf(text, "%s%s", between,
				 address_format(address, &one->addresses[k]));
			between = ", ";
		}
	}
	if (between[0] == ',')
		buf_adds(text, " }\n");
}

/* The two sets of a name, to which addresses are added while the container runs. */
static void write_address_sets(const struct writing *c, const char *set)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		buf_addf(c->text, "\tset %s%s {\n\t\ttype %s\n", set, families[i].digit,
			 families[i].type);
		write_elements(c->elements, set, i == 1, c->text);
		buf_adds(c->text, "\t}\n");
	}
}

static int write_peer_sets(const struct writing *c)
{
	_cleanup_free_ const struct peer_selector **peers = NULL;
	size_t n = 0;
	int r;

	r = ruleset_peers(c->selection, &peers, &n, c->err);
	for (size_t i = 0; r == 0 && i < n; i++)
		write_address_sets(c, peers[i]->set);
	return r;
}

static bool direction_has_zone(const struct direction *direction, const char *name)
{
	for (size_t i = 0; i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		for (size_t p = 0; p < rule->n_peers; p++) {
			if (rule->peers[p].kind == PEER_ZONE && streq(rule->peers[p].zone, name))
				return true;
		}
	}
	return false;
}

static bool names_zone(const struct selection *selection, const char *name)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		if ((constrains(s, true) &&
		     direction_has_zone(&s->profile->network.ingress, name)) ||
		    (constrains(s, false) && direction_has_zone(&s->profile->network.egress, name)))
			return true;
	}
	return false;
}

static bool zone_has_family(const struct zone *zone, bool v6)
{
	for (size_t i = 0; i < zone->n_cidrs; i++) {
		if (zone->cidrs[i].v6 == v6)
			return true;
	}
	return false;
}

static void write_zone_set(const struct zone *zone, size_t family, struct buf *text)
{
	const char *between = "";
	char cidr[CIDR_TEXT_MAX];

	buf_addf(text, "\tset zone-%s%s {\n\t\ttype %s\n\t\tflags interval\n\t\telements = { ",
		 zone->name, families[family].digit, families[family].type);
	for (size_t i = 0; i < zone->n_cidrs; i++) {
		if (zone->cidrs[i].v6 != (family == 1))
			continue;
		buf_addf(text, "%s%s", between, cidr_format(cidr, &zone->cidrs[i]));
		between = ", ";
	}
	buf_adds(text, " }\n\t}\n");
}

/* The host's own lists do not change while a container runs: what it began with is what holds. */
static void write_zone_sets(const struct writing *c)
{
	for (size_t i = 0; c->host && i < c->host->zones.n; i++) {
		const struct zone *zone = &c->host->zones.v[i];

		for (size_t f = 0; names_zone(c->selection, zone->name) && f < FAMILIES; f++) {
			if (zone_has_family(zone, f == 1))
				write_zone_set(zone, f, c->text);
		}
	}
}

/* What has no ports is remembered with port 0. */
static const struct {
	const char *match, *port;
} port_kinds[] = {
	{ "meta l4proto { tcp, udp, sctp } ", "th dport" },
	{ "meta l4proto != { tcp, udp, sctp } ", "0" },
};

/*
 * Remember who it was; then what `end` says. A full set ends a rule there: what it does not take
 * comes to the rules behind.
 *
 * match  what goes before each rule, "" or with a space at its end
 */
static void write_flow(const struct words *w, const char *kind, const char *match,
		       const struct family *family, const char *end, struct buf *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_kinds); i++) {
		char key[64], set[32];

		(void)snprintf(key, sizeof(key), "{ %s %s . meta l4proto . %s }", family->header,
			       w->address, port_kinds[i].port);
		(void)snprintf(set, sizeof(set), "%s-%s%s", kind, w->name, family->digit);
		buf_addf(text, "\t\t%s%sadd @%s-first %s update @%s %s %s\n", match,
			 port_kinds[i].match, set, key, set, key, end);
	}
}

/* Remember who it was, count and drop. */
static void write_refused(const struct words *w, const char *match, const struct family *family,
			  struct buf *text)
{
	char end[64];

	(void)snprintf(end, sizeof(end), "counter name \"refused-%s\" drop", w->name);
	write_flow(w, "refused", match, family, end, text);
}

/* Drop what the sets of the refused had no room for. */
static void write_drop(const struct words *w, const char *match, struct buf *text)
{
	buf_addf(text,
		 "\t\t%scounter name \"omitted-refused-%s\" counter name \"refused-%s\" drop\n",
		 match, w->name, w->name);
}

static void family_match(const struct family *family, char ret[32])
{
	(void)snprintf(ret, 32, "meta nfproto %s ", family->nfproto);
}

static void write_refusal(const struct words *w, struct buf *text)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		char match[32];

		family_match(&families[i], match);
		write_refused(w, match, &families[i], text);
	}
	write_drop(w, "", text);
}

/*
 * What has come through all other chains, whose priority (filter: 0) is before this one's: new
 * connections, each once. Packets of what is established pay for one rule; so do those behind the
 * first one of a connection that nobody answers, whose entry is confirmed by then.
 */
static void write_flows_chain(const struct words *w, struct buf *text)
{
	buf_addf(text,
		 "\tchain flows-%s {\n"
		 "\t\ttype filter hook %s priority 10; policy drop;\n"
		 "\t\tct state != new accept\n"
		 "\t\t%s \"lo\" accept\n"
		 "\t\tct status confirmed accept\n",
		 w->name, w->hook, w->device);
	for (size_t i = 0; i < FAMILIES; i++) {
		char match[32];

		family_match(&families[i], match);
		write_flow(w, "flow", match, &families[i], "accept", text);
	}
	buf_addf(text, "\t\tcounter name \"omitted-flow-%s\" accept\n\t}\n", w->name);
}

/* Without these IP itself does not work: errors, path MTU, neighbours, multicast membership. */
static void write_needed(const struct words *w, struct buf *text)
{
	buf_addf(text, "\t\t%s \"lo\" accept\n", w->device);
	buf_adds(text, "\t\tct state established,related counter accept\n");
	buf_adds(text,
		 "\t\ticmp type { destination-unreachable, time-exceeded, parameter-problem } "
		 "accept\n");
	buf_adds(text,
		 "\t\ticmpv6 type { destination-unreachable, packet-too-big, time-exceeded, "
		 "parameter-problem, mld-listener-query, mld-listener-report, "
		 "mld-listener-done, mld2-listener-report, nd-router-solicit, nd-router-advert, "
		 "nd-neighbor-solicit, nd-neighbor-advert } accept\n");
}

static void write_block(const struct words *w, const struct peer *peer, const struct family *family,
			struct buf *text)
{
	char cidr[CIDR_TEXT_MAX];

	/* A prefix of no bits is every address of the family. */
	if (peer->cidr.prefix_len == 0)
		buf_addf(text, "meta nfproto %s ", family->nfproto);
	else
		buf_addf(text, "%s %s %s ", family->header, w->address,
			 cidr_format(cidr, &peer->cidr));
	for (size_t i = 0; i < peer->n_except; i++)
		buf_addf(text, "%s %s != %s ", family->header, w->address,
			 cidr_format(cidr, &peer->except[i]));
}

/* Has the peer addresses of this family? */
static bool peer_has_family(const struct peer *peer, const struct zone *zone, bool v6)
{
	switch (peer->kind) {
	case PEER_IP_BLOCK:
		return peer->cidr.v6 == v6;
	case PEER_LABELS:
		return true;
	case PEER_ZONE:
		return zone_has_family(zone, v6);
	}
	return false;
}

static void write_peer(const struct words *w, const struct peer *peer, const struct family *family,
		       struct buf *text)
{
	switch (peer->kind) {
	case PEER_IP_BLOCK:
		write_block(w, peer, family, text);
		break;
	case PEER_LABELS:
		buf_addf(text, "%s %s @%s%s ", family->header, w->address, peer->selector.set,
			 family->digit);
		break;
	case PEER_ZONE:
		buf_addf(text, "%s %s @zone-%s%s ", family->header, w->address, peer->zone,
			 family->digit);
		break;
	}
}

static void write_port(const struct port *port, struct buf *text)
{
	const char *protocol = protocol_names[port->protocol];

	if (port->any && protocol)
		buf_addf(text, "meta l4proto %s ", protocol);
	else if (port->first == port->last)
		buf_addf(text, "%s dport %u ", protocol, port->first);
	else
		buf_addf(text, "%s dport %u-%u ", protocol, port->first, port->last);
}

/* One rule a port; or one, where every port is meant. A peer of NULL: anybody. */
static int write_ports(struct writing *c, const struct words *w, const struct network_rule *rule,
		       const struct peer *peer, const struct family *family)
{
	for (size_t i = 0; i < rule->n_ports || i == 0; i++) {
		if (++c->rules > NFT_RULES_MAX)
			return err_input(c->err, E2BIG,
					 "the network sections come to more than %d rules: "
					 "join addresses into blocks, ports into ranges",
					 NFT_RULES_MAX);
		buf_adds(c->text, "\t\t");
		if (peer)
			write_peer(w, peer, family, c->text);
		if (rule->n_ports)
			write_port(&rule->ports[i], c->text);
		buf_adds(c->text, "counter accept\n");
	}
	return 0;
}

static int find_zone(const struct writing *c, const char *name, const struct zone **ret)
{
	static const struct zones none = { 0 };

	return zones_get(c->host ? &c->host->zones : &none, name, ret, c->err);
}

static int write_rule(struct writing *c, const struct words *w, const struct network_rule *rule)
{
	static const struct zone no_zone = { 0 };
	int r = 0;

	if (rule->n_peers == 0)
		return write_ports(c, w, rule, NULL, NULL);
	for (size_t i = 0; r == 0 && i < rule->n_peers; i++) {
		const struct peer *peer = &rule->peers[i];
		const struct zone *zone = &no_zone;

		if (peer->kind == PEER_ZONE)
			r = find_zone(c, peer->zone, &zone);
		for (size_t f = 0; r == 0 && f < FAMILIES; f++) {
			if (peer_has_family(peer, zone, f == 1))
				r = write_ports(c, w, rule, peer, &families[f]);
		}
	}
	return r;
}

static void begin_chain(const char *prefix, const char *name, const char *hook, struct buf *text)
{
	buf_addf(text,
		 "\tchain %s-%s {\n"
		 "\t\ttype filter hook %s priority filter; policy drop;\n",
		 prefix, name, hook);
}

static int write_chain(struct writing *c, const struct words *w, const struct profile *profile,
		       const struct direction *direction)
{
	int r = 0;

	begin_chain(w->name, profile->name, w->hook, c->text);
	write_needed(w, c->text);
	for (size_t i = 0; r == 0 && i < direction->n_rules; i++)
		r = write_rule(c, w, &direction->rules[i]);
	if (r < 0) {
		err_context(c->err, "profile %s", profile->name);
		return r;
	}
	write_refusal(w, c->text);
	buf_adds(c->text, "\t}\n");
	return 0;
}

/*
 * Nothing to or from the other classes, whatever the profiles' chains say, answers included: each
 * base chain can drop what all others accept.
 */
static void write_apart_chain(const struct writing *c, const struct words *w)
{
	struct separation at = { 0 };

	begin_chain("apart", w->name, w->hook, c->text);
	while (separation_next(c->host, c->selection, MODE_ENFORCE, &at)) {
		char set[APART_SET_MAX];

		separate_set(set, at.key);
		for (size_t f = 0; f < FAMILIES; f++) {
			char match[64];

			(void)snprintf(match, sizeof(match), "%s %s @%s%s ", families[f].header,
				       w->address, set, families[f].digit);
			write_refused(w, match, &families[f], c->text);
			write_drop(w, match, c->text);
		}
	}
	buf_adds(c->text, "\t\taccept\n\t}\n");
}

static int write_profiles(struct writing *c, const struct words *w, bool ingress)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->selection->n; i++) {
		const struct profile *profile = c->selection->v[i].profile;

		if (constrains(&c->selection->v[i], ingress))
			r = write_chain(c, w, profile,
					ingress ? &profile->network.ingress
						: &profile->network.egress);
	}
	return r;
}

static int write_direction(struct writing *c, bool ingress)
{
	const struct words *w = ingress ? &in : &out;
	bool apart = separation_any(c->host, c->selection, MODE_ENFORCE);
	int r = 0;

	/* Where nothing is refused, what happens is remembered all the same. */
	write_flow_sets(w, "flow", RULESET_FLOWS_MAX, c->text);
	if (is_constrained(c->selection, ingress) || apart) {
		write_flow_sets(w, "refused", RULESET_REFUSED_MAX, c->text);
		buf_addf(c->text, "\tcounter refused-%s {\n\t}\n", w->name);
	}
	if (apart)
		write_apart_chain(c, w);
	r = write_profiles(c, w, ingress);
	if (r == 0)
		write_flows_chain(w, c->text);
	return r;
}

static void write_apart_sets(const struct writing *c)
{
	struct separation at = { 0 };

	while (separation_next(c->host, c->selection, MODE_ENFORCE, &at)) {
		char set[APART_SET_MAX];

		write_address_sets(c, separate_set(set, at.key));
	}
}

int ruleset_write(const struct selection *selection, const struct host *host,
		  const char *container_id, const struct elements *elements, struct buf *text,
		  struct err *err)
{
	struct writing c = {
		.selection = selection, .host = host, .elements = elements, .text = text, .err = err
	};
	char table[RULESET_TABLE_MAX];
	int r;

	ruleset_table(table, container_id);
	/* The first line makes the second one possible; the transaction is one. */
	buf_addf(text, "table inet %s {\n}\ndelete table inet %s\ntable inet %s {\n", table, table,
		 table);
	r = write_peer_sets(&c);
	write_zone_sets(&c);
	write_apart_sets(&c);
	if (r == 0)
		r = write_direction(&c, true);
	if (r == 0)
		r = write_direction(&c, false);
	if (r < 0)
		return r;
	/* A container that routes between two networks would go around both other hooks. */
	buf_adds(text, "\tchain forward {\n"
		       "\t\ttype filter hook forward priority filter; policy drop;\n"
		       "\t}\n"
		       "}\n");
	return buf_status(text) < 0 ? err_oom(err) : 0;
}
