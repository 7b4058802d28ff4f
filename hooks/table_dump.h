/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one nft table of the kernel consists of, a kind of thing at a time, by netlink alone.
 *
 * Source: linux/netfilter/nf_tables.h
 */
#ifndef COAMING_HOOKS_TABLE_DUMP_H
#define COAMING_HOOKS_TABLE_DUMP_H

#include "hooks/netlink.h"

enum table_thing {
	TABLE_ITSELF,
	TABLE_CHAINS,
	TABLE_RULES, /* of one chain after the other */
	TABLE_SETS,
	TABLE_OBJECTS,  /* named counters, for one */
	TABLE_ELEMENTS, /* of one set */
	TABLE_THINGS_,
};

/*
 * One thing; of TABLE_ELEMENTS many of them together.
 *
 * at, end  its attributes
 * Returns  0; negative: an error that ends the reading
 */
typedef int table_take_fn(void *arg, const char *at, const char *end, struct err *err);

/*
 * Read all things of a kind.
 *
 * fd      netlink_open(), NETLINK_NETFILTER
 * table   of the family inet
 * set     of TABLE_ELEMENTS; else NULL
 * Errors  as netlink_ask(); -ENOENT for the table itself and for a set that is not there
 */
int table_dump(int fd, const char *table, enum table_thing thing, const char *set,
	       table_take_fn *take, void *arg, struct err *err);

/* A name, as a text; "" where there is none. */
#define TABLE_NAME_MAX 256
void attribute_text(const char *at, const char *end, uint16_t type, char ret[TABLE_NAME_MAX]);
/* A number; 0 where there is none of that size. */
uint32_t attribute_u32(const char *at, const char *end, uint16_t type);
uint64_t attribute_u64(const char *at, const char *end, uint16_t type);

#endif
