/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the firewall let a connection pass?
 */
#include "profiles/connection.h"

#include "profiles/separate.h"

static bool block_fits(const struct peer *peer, const struct cidr *address)
{
	if (!cidr_contains(&peer->cidr, address))
		return false;
	for (size_t i = 0; i < peer->n_except; i++) {
		if (cidr_contains(&peer->except[i], address))
			return false;
	}
	return true;
}

static bool zone_fits(const struct zone *zone, const struct cidr *address)
{
	for (size_t i = 0; i < zone->n_cidrs; i++) {
		if (cidr_contains(&zone->cidrs[i], address))
			return true;
	}
	return false;
}

/* What is asked, and of which host. */
struct question {
	const struct host *host;
	const struct connection *connection;
	struct err *err;
};

static bool labels_fit(const struct peer_selector *selector, const struct connection *c)
{
	if (!c->other.labels || !peer_selector_fits(selector, c->other.labels, c->other.namespace))
		return false;
	for (size_t i = 0; i < c->n_beside; i++) {
		if (!peer_selector_fits(selector, c->beside[i].labels, c->beside[i].namespace))
			return false;
	}
	return true;
}

static int peer_fits(const struct question *q, const struct peer *peer, bool *ret)
{
	static const struct zones no_zones = { 0 };
	const struct connection *c = q->connection;
	const struct zone *zone;
	int r = 0;

	switch (peer->kind) {
	case PEER_IP_BLOCK:
		*ret = !c->no_address && block_fits(peer, &c->peer);
		break;
	case PEER_LABELS:
		*ret = labels_fit(&peer->selector, c);
		break;
	case PEER_ZONE:
		r = zones_get(q->host ? &q->host->zones : &no_zones, peer->zone, &zone, q->err);
		*ret = r == 0 && !c->no_address && zone_fits(zone, &c->peer);
		break;
	}
	return r;
}

static int any_peer_fits(const struct question *q, const struct network_rule *rule, bool *ret)
{
	int r = 0;

	*ret = rule->n_peers == 0;
	for (size_t i = 0; r == 0 && !*ret && i < rule->n_peers; i++)
		r = peer_fits(q, &rule->peers[i], ret);
	return r;
}

static bool any_port_fits(const struct network_rule *rule, const struct connection *connection)
{
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct port *port = &rule->ports[i];

		if (port->protocol == connection->protocol &&
		    (port->any ||
		     (port->first <= connection->port && connection->port <= port->last)))
			return true;
	}
	return rule->n_ports == 0;
}

static int passes(const struct question *q, const struct direction *direction, bool *ret)
{
	bool any = !direction->present;
	int r = 0;

	for (size_t i = 0; r == 0 && !any && i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		r = any_peer_fits(q, rule, &any);
		any = any && any_port_fits(rule, q->connection);
	}
	*ret = any;
	return r;
}

static bool is_loopback(const struct cidr *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	return address->v6 ? memcmp(address->address, one, sizeof(one)) == 0
			   : address->address[0] == 127;
}

static bool differs(const struct connection *c, const char *key)
{
	const char *own = separate_class(c->own.labels, key);

	if (!streq(own, separate_class(c->other.labels, key)))
		return true;
	for (size_t i = 0; i < c->n_beside; i++) {
		if (!streq(own, separate_class(c->beside[i].labels, key)))
			return true;
	}
	return false;
}

/* Classes are of registered containers: whoever else is at the other end has none. */
static void set_class(const struct selection *selection, const struct host *host,
		      const struct connection *c, struct connection_refusal *refusal)
{
	struct separation at = { 0 };

	if (!c->own.labels || !c->other.labels)
		return;
	while (separation_next(host, selection, MODE_ENFORCE, &at)) {
		if (!differs(c, at.key))
			continue;
		refusal->class_key = at.key;
		refusal->class_profile = at.profile;
		return;
	}
}

int connection_refused_by(const struct selection *selection, const struct host *host,
			  const struct connection *connection, struct connection_refusal *ret,
			  struct err *err)
{
	const struct question q = { host, connection, err };
	struct connection_refusal refusal = { 0 };
	int r = 0;

	if (!connection->no_address && is_loopback(&connection->peer)) {
		*ret = refusal;
		return 0;
	}
	set_class(selection, host, connection, &refusal);
	for (size_t i = 0; r == 0 && !refusal.profile && i < selection->n; i++) {
		const struct selected *s = &selection->v[i];
		const struct network_section *network = &s->profile->network;
		bool any = true;

		if (network->present && selected_enforces(s, network->mode))
			r = passes(&q, connection->ingress ? &network->ingress : &network->egress,
				   &any);
		if (r < 0)
			err_context(err, "profile %s", s->profile->name);
		else if (!any)
			refusal.profile = s->profile;
	}
	if (r == 0)
		*ret = refusal;
	return r;
}
