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
	bool empty;         /* the blocks inside it leave nothing */
	struct cidr sample; /* one of its addresses */
	size_t above;       /* the smallest part around it; itself: none */
};

struct space {
	struct space_part *v; /* sorted by family, address, and the larger block first */
	size_t n;
};

/* Add what the network sections of a selection name. */
int space_add(struct space *space, const struct selection *selection, const struct host *host,
	      struct err *err);
/* When all are added: sort, and find the samples. Errors: -ENOMEM */
int space_cut(struct space *space, struct err *err);
/* The part of an address. */
size_t space_find(const struct space *space, const struct cidr *address);
void space_done(struct space *space);

#endif
