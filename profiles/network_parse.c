/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network section: rules, peers and ports as Kubernetes' NetworkPolicy writes them.
 *
 * Source: Kubernetes API, networking/v1 NetworkPolicySpec.
 */
#include "profiles/network_parse.h"

#include <errno.h>

/* One rule becomes at most peers x ports nft rules: these keep a ruleset loadable in one batch. */
#define RULES_MAX 256
#define PEERS_MAX 1024
#define PORTS_MAX 256

/* The two directions differ in names alone. */
struct shape {
	const char *name; /* "ingress" */
	const char *peer; /* "from" */
};

static const struct {
	const char *name;
	enum protocol protocol;
} protocols[] = {
	{ "TCP", PROTOCOL_TCP },
	{ "UDP", PROTOCOL_UDP },
	{ "SCTP", PROTOCOL_SCTP },
};

static int parse_except(const struct doc *doc, const struct node *list, struct peer *peer,
			struct err *err)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(doc, list, PEERS_MAX, err);
	if (r < 0)
		return r;
	peer->except = calloc(list->count + 1, sizeof(*peer->except));
	if (!peer->except)
		return err_oom(err);
	node_foreach (node, list) {
		struct cidr *block = &peer->except[peer->n_except++];

		r = cidr_read(doc, node, block, err);
		if (r < 0)
			return r;
		if (!cidr_contains(&peer->cidr, block))
			return err_input(err, EBADMSG,
					 "%s: %s is not inside the block it is taken from",
					 WHERE(doc, node), Q(node->string));
	}
	return 0;
}

static int parse_ip_block(const struct doc *doc, const struct node *node, struct peer *peer,
			  struct err *err)
{
	static const char *const keys[] = { "cidr", "except" };
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	if (!node_get(node, "cidr"))
		return err_input(err, EBADMSG, "%s: an ipBlock needs \"cidr\"", WHERE(doc, node));
	r = cidr_read(doc, node_get(node, "cidr"), &peer->cidr, err);
	if (r == 0)
		r = parse_except(doc, node_get(node, "except"), peer, err);
	return r;
}

static int parse_labels(const struct doc *doc, const struct node *node, struct peer *peer,
			struct err *err)
{
	peer->kind = PEER_LABELS;
	return peer_selector_parse(doc, node, &peer->selector, err);
}

static int parse_block(const struct doc *doc, const struct node *node, struct peer *peer,
		       struct err *err)
{
	return parse_ip_block(doc, node_get(node, "ipBlock"), peer, err);
}

/* Which zones there are is the host's: see host_zone(). */
static int parse_zone(const struct doc *doc, const struct node *node, struct peer *peer,
		      struct err *err)
{
	const struct node *name = node_get(node, "zone");
	const char *text;
	int r;

	peer->kind = PEER_ZONE;
	r = node_read_string(doc, name, &text, err);
	if (r < 0)
		return r;
	if (!profile_name_is_valid(text))
		return err_input(err, EBADMSG,
				 "%s: %s is no name of a zone: small letters, digits and \"-\"",
				 WHERE(doc, name), Q(text));
	peer->zone = strdup(text);
	return peer->zone ? 0 : err_oom(err);
}

/* A peer is of one kind; the two selectors go together. */
static const struct {
	const char *key;
	int (*parse)(const struct doc *doc, const struct node *node, struct peer *peer,
		     struct err *err);
} peer_keys[] = {
	{ "ipBlock", parse_block },
	{ "labelSelector", parse_labels },
	{ "namespaceSelector", parse_labels },
	{ "zone", parse_zone },
};

static int parse_peer(const struct doc *doc, const struct node *node, struct peer *peer,
		      struct err *err)
{
	const char *keys[ARRAY_SIZE(peer_keys)];
	size_t kind = ARRAY_SIZE(peer_keys);
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r < 0)
		return r;
	if (node_get(node, "podSelector"))
		return err_input(err, EBADMSG,
				 "%s: \"podSelector\" is called \"labelSelector\" here, since not "
				 "every container is in a pod",
				 WHERE_KEY(doc, node_get(node, "podSelector")));
	for (size_t i = 0; i < ARRAY_SIZE(peer_keys); i++)
		keys[i] = peer_keys[i].key;
	r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(peer_keys); i++) {
		const struct node *member = node_get(node, peer_keys[i].key);

		if (member && kind < ARRAY_SIZE(peer_keys) &&
		    peer_keys[i].parse != peer_keys[kind].parse)
			r = err_input(err, EBADMSG,
				      "%s: a peer is of one kind: \"%s\" does not go with \"%s\"",
				      WHERE_KEY(doc, member), peer_keys[i].key,
				      peer_keys[kind].key);
		else if (member && kind == ARRAY_SIZE(peer_keys))
			kind = i;
	}
	if (r < 0)
		return r;
	if (kind == ARRAY_SIZE(peer_keys))
		return err_input(err, EBADMSG,
				 "%s: a peer needs \"ipBlock\", \"labelSelector\", "
				 "\"namespaceSelector\" or \"zone\"",
				 WHERE(doc, node));
	return peer_keys[kind].parse(doc, node, peer, err);
}

static int parse_protocol(const struct doc *doc, const struct node *node, enum protocol *ret,
			  struct err *err)
{
	const char *names[ARRAY_SIZE(protocols)];
	const char *text;
	int r;

	*ret = PROTOCOL_TCP;
	if (!node)
		return 0;
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		names[i] = protocols[i].name;
		if (streq(text, names[i])) {
			*ret = protocols[i].protocol;
			return 0;
		}
	}
	return err_input(err, EBADMSG, "%s: unknown protocol %s: expected TCP, UDP or SCTP%s",
			 WHERE(doc, node), Q(text), SUGGESTION(text, names, ARRAY_SIZE(names)));
}

static int parse_port_number(const struct doc *doc, const struct node *node, uint16_t *ret,
			     struct err *err)
{
	uint64_t v;
	int r;

	if (node_is(node, NODE_STRING))
		return err_input(err, EBADMSG,
				 "%s: %s: a port's name means nothing here, give its number",
				 WHERE(doc, node), Q(node->string));
	r = node_read_u64(doc, node, &v, err);
	if (r < 0)
		return r;
	if (v < 1 || v > UINT16_MAX)
		return err_input(err, ERANGE, "%s: port %llu is not from 1 to 65535",
				 WHERE(doc, node), (unsigned long long)v);
	*ret = (uint16_t)v;
	return 0;
}

int network_parse_port(const struct doc *doc, const struct node *node, struct port *port,
		       struct err *err)
{
	static const char *const keys[] = { "protocol", "port", "endPort" };
	const struct node *first = node_get(node, "port"), *last = node_get(node, "endPort");
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = parse_protocol(doc, node_get(node, "protocol"), &port->protocol, err);
	if (r < 0)
		return r;
	port->any = !first;
	if (!first && last)
		return err_input(err, EBADMSG, "%s: \"endPort\" needs \"port\"",
				 WHERE_KEY(doc, last));
	if (!first)
		return 0;
	r = parse_port_number(doc, first, &port->first, err);
	port->last = port->first;
	if (r == 0 && last)
		r = parse_port_number(doc, last, &port->last, err);
	if (r == 0 && port->last < port->first)
		r = err_input(err, EBADMSG, "%s: endPort %u is less than port %u", WHERE(doc, last),
			      port->last, port->first);
	return r;
}

static int parse_peers(const struct doc *doc, const struct node *list, struct network_rule *rule,
		       struct err *err)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(doc, list, PEERS_MAX, err);
	if (r < 0)
		return r;
	rule->peers = calloc(list->count + 1, sizeof(*rule->peers));
	if (!rule->peers)
		return err_oom(err);
	node_foreach (node, list) {
		r = parse_peer(doc, node, &rule->peers[rule->n_peers++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_ports(const struct doc *doc, const struct node *list, struct network_rule *rule,
		       struct err *err)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(doc, list, PORTS_MAX, err);
	if (r < 0)
		return r;
	rule->ports = calloc(list->count + 1, sizeof(*rule->ports));
	if (!rule->ports)
		return err_oom(err);
	node_foreach (node, list) {
		r = network_parse_port(doc, node, &rule->ports[rule->n_ports++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_rule(const struct doc *doc, const struct node *node, const struct shape *shape,
		      struct network_rule *rule, struct err *err)
{
	const char *const keys[] = { shape->peer, "ports" };
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = parse_peers(doc, node_get(node, shape->peer), rule, err);
	if (r == 0)
		r = parse_ports(doc, node_get(node, "ports"), rule, err);
	return r;
}

static int parse_direction(const struct doc *doc, const struct node *section,
			   const struct shape *shape, struct direction *direction, struct err *err)
{
	const struct node *list = node_get(section, shape->name);
	int r;

	if (!list)
		return 0;
	direction->present = true;
	r = node_expect_list(doc, list, RULES_MAX, err);
	if (r < 0)
		return r;
	direction->rules = calloc(list->count + 1, sizeof(*direction->rules));
	if (!direction->rules)
		return err_oom(err);
	node_foreach (node, list) {
		r = parse_rule(doc, node, shape, &direction->rules[direction->n_rules++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void peer_done(struct peer *peer)
{
	free(peer->except);
	free(peer->zone);
	peer_selector_done(&peer->selector);
}

static void direction_done(struct direction *direction)
{
	for (size_t i = 0; i < direction->n_rules; i++) {
		struct network_rule *rule = &direction->rules[i];

		for (size_t p = 0; p < rule->n_peers; p++)
			peer_done(&rule->peers[p]);
		free(rule->peers);
		free(rule->ports);
	}
	free(direction->rules);
	*direction = (struct direction){ 0 };
}

void network_section_done(struct network_section *section)
{
	direction_done(&section->ingress);
	direction_done(&section->egress);
}

int network_section_parse(const struct doc *doc, const struct node *node,
			  struct network_section *section, struct err *err)
{
	static const struct shape in = { "ingress", "from" }, out = { "egress", "to" };
	static const char *const keys[] = { "mode", "ingress", "egress" };
	int r;

	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = parse_direction(doc, node, &in, &section->ingress, err);
	if (r == 0)
		r = parse_direction(doc, node, &out, &section->egress, err);
	if (r < 0)
		return r;
	if (!section->ingress.present && !section->egress.present)
		return err_input(
			err, EBADMSG,
			"%s: an empty network section constrains nothing: give \"ingress\" "
			"or \"egress\" ([] lets nothing pass), or leave it out",
			WHERE(doc, node));
	section->present = true;
	return 0;
}
