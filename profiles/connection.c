/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the firewall let a connection pass?
 */
#include "profiles/connection.h"

static bool peer_fits(const struct peer *peer, const struct cidr *address)
{
	if (!cidr_contains(&peer->cidr, address))
		return false;
	for (size_t i = 0; i < peer->n_except; i++) {
		if (cidr_contains(&peer->except[i], address))
			return false;
	}
	return true;
}

static bool any_peer_fits(const struct network_rule *rule, const struct cidr *address)
{
	for (size_t i = 0; i < rule->n_peers; i++) {
		if (peer_fits(&rule->peers[i], address))
			return true;
	}
	return rule->n_peers == 0;
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

static bool passes(const struct direction *direction, const struct connection *connection)
{
	for (size_t i = 0; i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		if (any_peer_fits(rule, &connection->peer) && any_port_fits(rule, connection))
			return true;
	}
	return !direction->present;
}

static bool is_loopback(const struct cidr *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	return address->v6 ? memcmp(address->address, one, sizeof(one)) == 0
			   : address->address[0] == 127;
}

const struct profile *connection_refused_by(const struct selection *selection,
					    const struct connection *connection)
{
	if (is_loopback(&connection->peer))
		return NULL;
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];
		const struct network_section *network = &s->profile->network;

		if (network->present && selected_enforces(s, network->mode) &&
		    !passes(connection->ingress ? &network->ingress : &network->egress, connection))
			return s->profile;
	}
	return NULL;
}
