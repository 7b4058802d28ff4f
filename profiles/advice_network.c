/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is unwise in a network section.
 */
#include "profiles/advice_internal.h"
#include "profiles/selector_logic.h"

static bool is_every_v4(const struct peer *peer)
{
	return peer->kind == PEER_IP_BLOCK && !peer->cidr.v6 && peer->cidr.prefix_len == 0;
}

static bool has_v6(const struct direction *direction)
{
	for (size_t i = 0; i < direction->n_rules; i++) {
		if (direction->rules[i].n_peers == 0)
			return true;
		for (size_t p = 0; p < direction->rules[i].n_peers; p++) {
			if (direction->rules[i].peers[p].cidr.v6)
				return true;
		}
	}
	return false;
}

static int about_ipv6(struct advising *a, const struct direction *direction, const char *name,
		      const char *peers)
{
	const struct node *rule = node_path(a->root, "network", name, NULL);

	rule = rule ? rule->first : NULL;
	if (has_v6(direction))
		return 0;
	for (size_t i = 0; rule && i < direction->n_rules; i++, rule = rule->next) {
		const struct node *list = node_get(rule, peers);
		const struct node *node = list ? list->first : NULL;

		for (size_t p = 0; node && p < direction->rules[i].n_peers; p++, node = node->next)
			if (is_every_v4(&direction->rules[i].peers[p]))
				return advise(
					a, ADVICE_NO_IPV6,
					WHERE(a->doc, node_path(node, "ipBlock", "cidr", NULL)),
					"every address of IPv4, and none of IPv6: add "
					"\"::/0\", or say in \"silence\" why not");
	}
	return 0;
}

/* The class of the data that the host or the profile keeps apart, of which peer and container
 * cannot both be. */
static const char *class_between(const struct advising *a, const struct peer_selector *peer)
{
	const struct selector *both[] = { &a->profile->match.selector, &peer->labels };
	const struct selector_facts facts = { both, ARRAY_SIZE(both), false };

	const struct separate_section *own = &a->profile->separate;

	for (size_t i = 0; a->host && i < a->host->n_separate; i++) {
		if (selectors_contradict_on(&facts, a->host->separate[i]))
			return a->host->separate[i];
	}
	for (size_t i = 0; i < own->n_keys; i++) {
		if (selectors_contradict_on(&facts, own->keys[i]))
			return own->keys[i];
	}
	return NULL;
}

static bool fits_nobody(const struct peer_selector *peer)
{
	const struct selector *labels = &peer->labels, *namespaces = &peer->namespaces;

	return selectors_contradict(&(struct selector_facts){ &labels, 1, false }) ||
	       selectors_contradict(&(struct selector_facts){ &namespaces, 1, true });
}

static int about_peer(struct advising *a, const struct peer_selector *peer, const struct node *node,
		      bool ingress)
{
	const char *where = WHERE(a->doc, node), *class;

	if (fits_nobody(peer))
		return advise(a, ADVICE_PEER_NEVER, where,
			      "no container fits: its requirements contradict each other: take one "
			      "of them out");
	class = class_between(a, peer);
	if (class)
		return advise(
			a, ADVICE_PEER_APART, where,
			"no container that fits may be talked to: values of %s are kept apart, "
			"and \"match\" asks for another one than this selector: "
			"take it out",
			Q(class));
	if (!ingress || peer->of_namespace || peer->labels.n > 0)
		return 0;
	return advise(a, ADVICE_PEER_ALL, where,
		      "every container of this host is let in: give the selector a requirement, or "
		      "say in \"silence\" why not");
}

static int about_peers(struct advising *a, const struct direction *direction, const char *name,
		       const char *peers)
{
	const struct node *rule = node_path(a->root, "network", name, NULL);
	int r = 0;

	rule = rule ? rule->first : NULL;
	for (size_t i = 0; rule && i < direction->n_rules; i++, rule = rule->next) {
		const struct node *list = node_get(rule, peers);
		const struct peer *peer = direction->rules[i].peers;

		node_foreach (node, list) {
			if (r == 0 && peer->kind == PEER_LABELS)
				r = about_peer(a, &peer->selector, node,
					       direction == &a->profile->network.ingress);
			peer++;
		}
	}
	return r;
}

int advise_on_network(struct advising *a)
{
	static const struct {
		const char *name, *peers;
	} rows[] = { { "ingress", "from" }, { "egress", "to" } };
	const struct network_section *network = &a->profile->network;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
		const struct direction *direction = i ? &network->egress : &network->ingress;

		r = about_ipv6(a, direction, rows[i].name, rows[i].peers);
		if (r == 0)
			r = about_peers(a, direction, rows[i].name, rows[i].peers);
	}
	return r;
}
