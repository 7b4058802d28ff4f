/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other ends of connections that are known by a name and not by their addresses: containers
 * with some labels, and zones. What is known of them is which of them the others are.
 */
#ifndef COAMING_PROFILES_REACH_WHO_H
#define COAMING_PROFILES_REACH_WHO_H

#include "profiles/profile.h"

/* Beyond this nothing is compared. */
#define REACH_WHO_MAX 256

/* All of these at once; none: anybody. A bit a row of the table. */
struct who {
	uint64_t bits[REACH_WHO_MAX / 64];
};

/* One of them. Borrows from the profiles' peers, which outlive the table. */
struct who_row {
	const char *zone; /* NULL: containers */
	bool of_namespace;
	struct selector labels, namespaces; /* their arrays are the table's, what is in them not */
};

struct who_table {
	struct who_row *v; /* none twice */
	size_t n;
};

void who_table_done(struct who_table *table);

/*
 * The peers that a label or zone peer means: "tier in (a,b)" are two, so that it is found to be
 * what "tier=a" and "tier=b" are together.
 *
 * ret     *ret_n of them, free(); none: nobody can fit it
 * Errors  -E2BIG too many different ones; -ENOMEM
 */
int who_of_peer(struct who_table *table, const struct peer *peer, struct who **ret, size_t *ret_n,
		struct err *err);

bool who_is_anybody(const struct who *who);
bool who_equal(const struct who *a, const struct who *b);
/* Those that are both; false: nobody can be. */
bool who_both(const struct who_table *table, const struct who *a, const struct who *b,
	      struct who *ret);
/* Is everyone of the first one of the second? */
bool who_implies(const struct who_table *table, const struct who *a, const struct who *b);
/* "containers with tier=web", "zone office"; nothing for anybody. */
void who_describe(const struct who_table *table, const struct who *who, struct buf *out);

#endif
