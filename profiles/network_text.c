/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network rules as people read them.
 */
#include "profiles/profile.h"

static void describe_block(const struct peer *peer, struct buf *out)
{
	char cidr[CIDR_TEXT_MAX];

	buf_adds(out, cidr_format(cidr, &peer->cidr));
	for (size_t i = 0; i < peer->n_except; i++)
		buf_addf(out, "%s%s", i ? " and " : " without ",
			 cidr_format(cidr, &peer->except[i]));
}

void peer_describe(const struct peer *peer, struct buf *out)
{
	switch (peer->kind) {
	case PEER_IP_BLOCK:
		describe_block(peer, out);
		break;
	case PEER_LABELS:
		peer_selector_describe(&peer->selector, out);
		break;
	case PEER_ZONE:
		buf_addf(out, "zone %s", peer->zone);
		break;
	}
}

void network_rule_describe(const struct network_rule *rule, struct buf *out)
{
	static const char *const protocols[] = { "any", "TCP", "UDP", "SCTP" };

	buf_adds(out, rule->n_ports ? "" : "every port");
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct port *port = &rule->ports[i];

		buf_addf(out, "%s%s", i ? ", " : "", protocols[port->protocol]);
		if (!port->any)
			buf_addf(out, " %u", port->first);
		if (!port->any && port->last != port->first)
			buf_addf(out, "-%u", port->last);
	}
	buf_adds(out, rule->n_peers ? " with" : " with anybody");
	for (size_t i = 0; i < rule->n_peers; i++) {
		buf_adds(out, i ? ", " : " ");
		peer_describe(&rule->peers[i], out);
	}
}
