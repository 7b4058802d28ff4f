/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses, cut into parts that no rule of a policy tells apart.
 *
 * Blocks lie within each other or apart. So the addresses of a block without those of the blocks
 * inside it are a part: each of them lies in the same blocks. Where rules name none, there are two:
 * all of IPv4 and all of IPv6.
 */
#ifndef COAMING_CLI_GRAPH_SPACE_H
#define COAMING_CLI_GRAPH_SPACE_H

#include "profiles/select.h"

struct space_part {
	struct cidr block;
	const char *zone;   /* the host's that has it; NULL: none that a rule names. Borrowed */
	bool loopback;      /* which never leaves a container */
	bool empty;         /* the blocks inside it leave nothing */
	struct cidr sample; /* one of its addresses */
	size_t above;       /* the smallest part around it; itself: none */
	uint64_t named;     /* a hash of who names the block */
	/* The first part with which the same passes, since the same rules name it and what is
	 * around it: a zone of many blocks is asked about once. */
	size_t as;
};

struct space {
	struct space_part *v; /* sorted by family, address, and the larger block first */
	size_t n;
};

/* Add what a profile's network section names; each profile once. -EBADMSG, -ENOMEM */
int space_add(struct space *space, const struct profile *profile, const struct host *host,
	      struct err *err);
/* When all are added: sort them, and find the samples. Errors: -ENOMEM */
int space_cut(struct space *space, struct err *err);
/* The part of an address. */
size_t space_find(const struct space *space, const struct cidr *address);
/* The nearest part around it that is not empty; itself: there is none. */
size_t space_around(const struct space *space, size_t part);
void space_done(struct space *space);

#endif
