/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sets of peers' addresses in the tables of containers: changed and read by netlink alone,
 * each container's in its own network namespace, without its rules being loaded again.
 *
 * A set of the policy ("peer-0123456789abcdef") is two of the kernel's, with "4" and "6" behind its
 * name.
 *
 * Source: linux/netfilter/nf_tables.h; nft(8), "SETS"
 */
#ifndef COAMING_HOOKS_PEER_SETS_H
#define COAMING_HOOKS_PEER_SETS_H

#include "hooks/addresses.h"

/* One element put into a set, or taken out of it. */
struct set_change {
	const char *set; /* without the family's digit; borrowed */
	struct cidr address;
	bool add; /* else take it out */
};

/* What is to be done to one table, in as few transactions as it takes. */
struct table_change {
	const char *table; /* borrowed */
	int netns;         /* open; has been checked, see netns.h; stays open */
	const struct set_change *v;
	size_t n;
	/* Set by peer_sets_change(): 0 done; -ENOENT there is no such table or set; negative */
	int result;
};

/*
 * Change many tables. What is there already is not added twice, and what is not there may be
 * taken out: so each change may be made again.
 *
 * A table that is not there is no error, since its container is not made yet, or is over: see
 * `result`. Nor does any keep the others from being changed.
 *
 * Errors  the first of the failures other than -ENOENT, whose table is named
 */
int peer_sets_change(struct table_change *changes, size_t n, struct err *err);

/*
 * Read both families of a set.
 *
 * ret     addresses_done(), of any number; untouched on failure
 * Errors  -ENOENT without an error text: there is no such table or set; those of netlink_ask()
 */
int peer_sets_read(int netns_fd, const char *table, const char *set, struct addresses *ret,
		   struct err *err);

/* Is it a set of ours whose elements change while its container runs? With or without the digit. */
bool peer_sets_is_one(const char *set);

#endif
