/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network sections change no config: the firewall is set in createRuntime (see ruleset.h), and the
 * capabilities that would undo it are taken in policy_capabilities.c. Here they refuse what cannot
 * be confined, and tell what an audited one would do.
 */
#include "profiles/policy_internal.h"

static const char *directions(const struct profile *profile)
{
	if (profile->separate.present ||
	    (profile->network.ingress.present && profile->network.egress.present))
		return "ingress and egress";
	return profile->network.ingress.present ? "ingress" : "egress";
}

static int tell_audited(const struct pass *pass, size_t i, struct err *err)
{
	struct demand demand = { 0 };
	char what[64];

	demand_add(&demand, i);
	(void)snprintf(what, sizeof(what), "constrains %s by a firewall",
		       directions(pass->profiles[i]));
	return change_add(pass, SECTION_NETWORK, &demand, what, err);
}

static int check_zone(const struct pass *pass, size_t i, const char *name, struct err *err)
{
	struct demand demand = { 0 };
	struct err why = { 0 };
	const struct zone *zone;

	if (zones_get(&pass->host->zones, name, &zone, &why) == 0)
		return 0;
	demand_add(&demand, i);
	return refusal_add(pass, SECTION_NETWORK, &demand, why.text,
			   "name the zone in coaming.json, or take it out of the profile", err);
}

static int check_zones(const struct pass *pass, size_t i, const struct direction *direction,
		       struct err *err)
{
	int r = 0;

	for (size_t k = 0; k < direction->n_rules; k++) {
		const struct network_rule *rule = &direction->rules[k];

		for (size_t p = 0; r == 0 && p < rule->n_peers; p++) {
			if (rule->peers[p].kind == PEER_ZONE)
				r = check_zone(pass, i, rule->peers[p].zone, err);
		}
	}
	return r;
}

static const char *remedy_of_host_network(const struct pass *pass, const struct demand *demand)
{
	for (size_t i = 0; i < pass->n - pass->separates; i++) {
		if (demand->by[i] && pass->profiles[i]->separate.present)
			return "run it in a network of its own, or under a profile without "
			       "\"network\" and \"separate\"";
		if (demand->by[i])
			return "run it in a network of its own, or under a profile without "
			       "\"network\"";
	}
	return "run it in a network of its own, or exempt it: on this host data classes are kept "
	       "apart";
}

int policy_network(const struct pass *pass, struct err *err)
{
	struct demand demand = { 0 };
	int r = 0;

	for (size_t i = 0; i < pass->n; i++) {
		if (!profile_filters_network(pass->profiles[i]))
			continue;
		demand_add(&demand, i);
		if (pass->audit)
			r = tell_audited(pass, i, err);
		if (r == 0)
			r = check_zones(pass, i, &pass->profiles[i]->network.ingress, err);
		if (r == 0)
			r = check_zones(pass, i, &pass->profiles[i]->network.egress, err);
		if (r < 0)
			return r;
	}
	if (!demand.any || pass->facts->ns[NS_NETWORK] != NS_HOST)
		return 0;
	return refusal_add(
		pass, SECTION_NETWORK, &demand,
		"its traffic must be filtered, but it runs in the host's network, which is "
		"never touched",
		remedy_of_host_network(pass, &demand), err);
}
