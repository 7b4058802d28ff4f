/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's "zones", coaming.json(5): lists of networks under a name.
 */
#ifndef COAMING_PROFILES_ZONE_H
#define COAMING_PROFILES_ZONE_H

#include "profiles/profile.h"

struct zone {
	char *name;         /* as a profile's */
	struct cidr *cidrs; /* at least one; none lies in another, sorted by family and address */
	size_t n_cidrs;
};

struct zones {
	struct zone *v; /* sorted by name */
	size_t n;
};

#define ZONES_MAX      256
#define ZONE_CIDRS_MAX 4096

/* Fill *zones, also in part where it fails; zones_done() in either case. */
int zones_parse(const struct doc *doc, const struct node *node, struct zones *zones,
		struct err *err);
void zones_done(struct zones *zones);
/* -EBADMSG: there is no such zone; the error names it and the nearest one. */
int zones_get(const struct zones *zones, const char *name, const struct zone **ret,
	      struct err *err);

#endif
