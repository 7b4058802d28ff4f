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

bool ruleset_is_needed(const struct selection *selection)
{
	return is_constrained(selection, true) || is_constrained(selection, false);
}

/* Bounded memory of who was refused, and one count of all refusals. */
static void write_sets(const struct words *w, struct buf *text)
{
	static const char *const families[] = { "4", "6" };
	static const char *const types[] = { "ipv4_addr", "ipv6_addr" };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		buf_addf(text,
			 "\tset refused-%s%s {\n"
			 "\t\ttype %s . inet_proto . inet_service\n"
			 "\t\tsize %d\n"
			 "\t\tflags dynamic\n"
			 "\t\tcounter\n"
			 "\t}\n",
			 w->name, families[i], types[i], RULESET_REFUSED_MAX);
		buf_addf(text,
			 "\tset refused-%s%s-other {\n"
			 "\t\ttype %s . inet_proto\n"
			 "\t\tsize %d\n"
			 "\t\tflags dynamic\n"
			 "\t\tcounter\n"
			 "\t}\n",
			 w->name, families[i], types[i], RULESET_REFUSED_MAX);
	}
	buf_addf(text, "\tcounter refused-%s {\n\t}\n", w->name);
}

/* What a full set does not take is still counted and dropped by the rule behind. */
static void write_refusal(const struct words *w, struct buf *text)
{
	static const struct {
		const char *suffix, *family, *header;
	} rows[] = { { "4", "ipv4", "ip" }, { "6", "ipv6", "ip6" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_addf(text,
			 "\t\tmeta nfproto %s meta l4proto { tcp, udp, sctp } "
			 "update @refused-%s%s { %s %s . meta l4proto . th dport }\n",
			 rows[i].family, w->name, rows[i].suffix, rows[i].header, w->address);
		buf_addf(text,
			 "\t\tmeta nfproto %s meta l4proto != { tcp, udp, sctp } "
			 "update @refused-%s%s-other { %s %s . meta l4proto }\n",
			 rows[i].family, w->name, rows[i].suffix, rows[i].header, w->address);
	}
	buf_addf(text, "\t\tcounter name \"refused-%s\" drop\n", w->name);
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

static void write_peer(const struct words *w, const struct peer *peer, struct buf *text)
{
	const char *header = peer->cidr.v6 ? "ip6" : "ip";
	char cidr[CIDR_TEXT_MAX];

	/* A prefix of no bits is every address of the family. */
	if (peer->cidr.prefix_len == 0)
		buf_addf(text, "meta nfproto %s ", peer->cidr.v6 ? "ipv6" : "ipv4");
	else
		buf_addf(text, "%s %s %s ", header, w->address, cidr_format(cidr, &peer->cidr));
	for (size_t i = 0; i < peer->n_except; i++)
		buf_addf(text, "%s %s != %s ", header, w->address,
			 cidr_format(cidr, &peer->except[i]));
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

/* Nobody in particular, or every port: one rule with that match left out. */
static int write_rule(const struct words *w, const struct network_rule *rule, size_t *count,
		      struct buf *text, struct err *err)
{
	size_t peers = rule->n_peers ? rule->n_peers : 1, ports = rule->n_ports ? rule->n_ports : 1;

	for (size_t peer = 0; peer < peers; peer++) {
		for (size_t port = 0; port < ports; port++) {
			if (++*count > NFT_RULES_MAX)
				return err_input(err, E2BIG,
						 "the network sections come to more than %d rules: "
						 "join addresses into blocks, ports into ranges",
						 NFT_RULES_MAX);
			buf_adds(text, "\t\t");
			if (rule->n_peers)
				write_peer(w, &rule->peers[peer], text);
			if (rule->n_ports)
				write_port(&rule->ports[port], text);
			buf_adds(text, "counter accept\n");
		}
	}
	return 0;
}

static int write_chain(const struct words *w, const char *profile,
		       const struct direction *direction, size_t *count, struct buf *text,
		       struct err *err)
{
	buf_addf(text,
		 "\tchain %s-%s {\n"
		 "\t\ttype filter hook %s priority filter; policy drop;\n",
		 w->name, profile, w->hook);
	write_needed(w, text);
	for (size_t i = 0; i < direction->n_rules; i++) {
		int r = write_rule(w, &direction->rules[i], count, text, err);

		if (r < 0)
			return r;
	}
	write_refusal(w, text);
	buf_adds(text, "\t}\n");
	return 0;
}

static int write_direction(const struct selection *selection, bool ingress, size_t *count,
			   struct buf *text, struct err *err)
{
	const struct words *w = ingress ? &in : &out;

	if (!is_constrained(selection, ingress))
		return 0;
	write_sets(w, text);
	for (size_t i = 0; i < selection->n; i++) {
		const struct profile *profile = selection->v[i].profile;
		int r;

		if (!constrains(&selection->v[i], ingress))
			continue;
		r = write_chain(w, profile->name,
				ingress ? &profile->network.ingress : &profile->network.egress,
				count, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int ruleset_write(const struct selection *selection, const char *container_id, struct buf *text,
		  struct err *err)
{
	char table[RULESET_TABLE_MAX];
	size_t count = 0;
	int r;

	ruleset_table(table, container_id);
	/* The first line makes the second one possible; the transaction is one. */
	buf_addf(text, "table inet %s {\n}\ndelete table inet %s\ntable inet %s {\n", table, table,
		 table);
	r = write_direction(selection, true, &count, text, err);
	if (r == 0)
		r = write_direction(selection, false, &count, text, err);
	if (r < 0)
		return r;
	/* A container that routes between two networks would go around both other hooks. */
	buf_adds(text, "\tchain forward {\n"
		       "\t\ttype filter hook forward priority filter; policy drop;\n"
		       "\t}\n"
		       "}\n");
	return buf_status(text) < 0 ? err_oom(err) : 0;
}
