/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose addresses belong into a set: a pure function of the registry.
 *
 * Containers that share a network namespace cannot be told apart by a packet's address. So an
 * address is a peer's only where every registered container of its namespace fits the selector, and
 * is apart where one of them is of another class. What only holds a pod's namespaces (the pause
 * container) does not count.
 */
#ifndef COAMING_HOOKS_MEMBERS_H
#define COAMING_HOOKS_MEMBERS_H

#include "hooks/peers.h"

struct members {
	/* By network namespace; those of which it is not known are each alone. */
	const struct registered **by_netns;
	size_t n;
	/* Who has which address: a row for each, sorted by address. */
	struct holder {
		const struct cidr *address;
		const struct registered *of;
	} * holders;
	size_t n_holders;
};

/*
 * ret     borrows from `peers`; members_done()
 * Errors  -ENOMEM
 */
int members_index(const struct peers *peers, struct members *ret, struct err *err);
void members_done(struct members *members);
#define _cleanup_members_ _cleanup_(members_done)

/*
 * Does the address belong into the set of this owner?
 *
 * ret_may  might it have, before others of its namespace came or after they go?
 */
bool members_has(const struct members *members, const struct registered *owner,
		 const struct peer_set *set, const struct cidr *address, bool *ret_may);
/* All that belong into it, sorted. addresses_done() */
int members_all(const struct members *members, const struct registered *owner,
		const struct peer_set *set, struct addresses *ret, struct err *err);

/* Does this one belong into it, by itself? Never what only holds a pod's namespaces. */
bool member_fits(const struct peer_set *set, const struct registered *one);

#endif
