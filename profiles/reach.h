/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a container may talk to, as a set: of addresses, names, protocols and ports. Exact as to
 * addresses, so that two policies that are written differently and mean the same are equal.
 */
#ifndef COAMING_PROFILES_REACH_H
#define COAMING_PROFILES_REACH_H

#include "lib/buf.h"
#include "profiles/reach_who.h"

/* Beyond this a set is not computed: nobody could read the answer. */
#define REACH_BOXES_MAX 20000

struct box {
	bool v6;
	enum protocol protocol;        /* PROTOCOL_ANY: those that are none of the three */
	unsigned __int128 first, last; /* addresses */
	uint16_t port_first, port_last;
	struct who who; /* whoever of them has such an address; none: everyone */
};

struct reach {
	struct box *v; /* without overlap, but for those of different `who` */
	size_t n;
};

/* Everything. -ENOMEM */
int reach_all(struct reach *ret, struct err *err);
/*
 * What a direction lets pass; everything where it is absent. Whom label and zone peers mean goes
 * into the table, which is for all sets that have to do with each other. -E2BIG, -ENOMEM
 */
int reach_of(const struct direction *direction, struct who_table *table, struct reach *ret,
	     struct err *err);
/* What is in both. -E2BIG, -ENOMEM */
int reach_both(const struct reach *a, const struct reach *b, const struct who_table *table,
	       struct reach *ret, struct err *err);
/*
 * What is in a and not in b. Exact as to addresses and ports; of those who are known by a name, all
 * remain where some of them are not in b: "everyone" without "containers with tier=web" is
 * everyone. Nothing remains, then, only where nothing is left. -E2BIG, -ENOMEM
 */
int reach_without(const struct reach *a, const struct reach *b, const struct who_table *table,
		  struct reach *ret, struct err *err);
/*
 * "TCP 80 with 10.0.0.0/8", "TCP 80 with containers with tier=web", a line each, the first `most`
 * of them and how many more there are.
 */
void reach_describe(struct reach *reach, const struct who_table *table, size_t most,
		    struct buf *out);
void reach_done(struct reach *reach);

#endif
