/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nft text of the network sections that apply to a container: pure, printable, golden.
 */
#ifndef COAMING_PROFILES_RULESET_H
#define COAMING_PROFILES_RULESET_H

#include "lib/buf.h"
#include "profiles/select.h"

/* Flows refused that are remembered, each direction and family; what comes after is counted. */
#define RULESET_REFUSED_MAX 1024
#define RULESET_TABLE_MAX   80

/* "coaming_" and 64 hex digits: the id itself where it is that, else its SHA-256. */
const char *ruleset_table(char out[RULESET_TABLE_MAX], const char *container_id);

/* Does any enforced profile of the selection have a network section with a direction? */
bool ruleset_is_needed(const struct selection *selection);

/*
 * Write the ruleset: add table, delete table, table { ... } as one transaction, so that applying
 * it again is the same. One base chain a profile and direction; all must accept.
 */
int ruleset_write(const struct selection *selection, const char *container_id, struct buf *out,
		  struct err *err);

#endif
