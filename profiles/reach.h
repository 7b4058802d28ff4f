/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a container may talk to, as a set: of addresses, protocols and ports. Exact, so that two
 * policies that are written differently and mean the same are equal.
 */
#ifndef COAMING_PROFILES_REACH_H
#define COAMING_PROFILES_REACH_H

#include "lib/buf.h"
#include "profiles/profile.h"

/* Beyond this a set is not computed: nobody could read the answer. */
#define REACH_BOXES_MAX 20000

struct box {
	bool v6;
	enum protocol protocol;        /* PROTOCOL_ANY: those that are none of the three */
	unsigned __int128 first, last; /* addresses */
	uint16_t port_first, port_last;
};

struct reach {
	struct box *v; /* without overlap */
	size_t n;
};

/* Everything. -ENOMEM */
int reach_all(struct reach *ret, struct err *err);
/* What a direction lets pass; everything where it is absent. -E2BIG, -ENOMEM */
int reach_of(const struct direction *direction, struct reach *ret, struct err *err);
/* What is in both; what is in a and not in b. -E2BIG, -ENOMEM */
int reach_both(const struct reach *a, const struct reach *b, struct reach *ret, struct err *err);
int reach_without(const struct reach *a, const struct reach *b, struct reach *ret, struct err *err);
/* "TCP 80 with 10.0.0.0/8", a line each, the first `most` of them and how many more there are. */
void reach_describe(struct reach *reach, size_t most, struct buf *out);
void reach_done(struct reach *reach);

#endif
