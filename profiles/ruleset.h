/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nft text of the network sections that apply to a container: pure, printable, golden.
 */
#ifndef COAMING_PROFILES_RULESET_H
#define COAMING_PROFILES_RULESET_H

#include "lib/buf.h"
#include "profiles/select.h"

/*
 * Flows that are remembered, each direction and family: what was let through, and what was refused.
 * The packets of those that come after are counted. The kernel sets 32 KiB aside for each thousand.
 */
#define RULESET_FLOWS_MAX   1024
#define RULESET_REFUSED_MAX 1024
/* They are remembered for that long since they were last seen: longer than any container runs. */
#define RULESET_FLOW_DAYS 3650
#define RULESET_TABLE_MAX 80

/* "coaming_" and 64 hex digits: the id itself where it is that, else its SHA-256. */
const char *ruleset_table(char out[RULESET_TABLE_MAX], const char *container_id);

/*
 * Is there anything to filter: an enforced profile's network section with a direction, or data
 * classes that the host or a profile keeps apart? host NULL: it is not known, and keeps nothing
 * apart.
 */
bool ruleset_is_needed(const struct selection *selection, const struct host *host);

/*
 * The containers of this host that the enforced network sections name: each selector once, whatever
 * the number of rules and profiles it stands in.
 *
 * ret     *ret_n selectors of the selection's profiles, sorted by their sets' names; free()
 * Errors  -ENOMEM
 */
int ruleset_peers(const struct selection *selection, const struct peer_selector ***ret,
		  size_t *ret_n, struct err *err);

/*
 * The addresses that stand in the two sets of one name at first. Borrowed.
 */
struct set_elements {
	const char *set;              /* "peer-...", "apart-...": without the family's digit */
	const struct cidr *addresses; /* of either family; only the address counts */
	size_t n;
};

struct elements {
	const struct set_elements *v;
	size_t n;
};

/*
 * Write the ruleset: add table, delete table, table { ... } as one transaction, so that applying
 * it again is the same. One base chain a profile and direction; all must accept. Behind them one a
 * direction remembers the new connections that all accepted. Peers by labels are two sets each,
 * which rules look into: nothing but elements changes when a container comes or goes.
 *
 * host      whose zones and classes are meant; NULL: it has none
 * elements  those of sets that the ruleset does not have are left out; NULL: all sets are empty
 * Errors    -E2BIG too many rules; -EBADMSG a zone that the host does not have; -ENOMEM
 */
int ruleset_write(const struct selection *selection, const struct host *host,
		  const char *container_id, const struct elements *elements, struct buf *out,
		  struct err *err);

#endif
