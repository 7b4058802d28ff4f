/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much space the ledger has left, on its filesystem and of what it may take, and what follows
 * for the start of a container: "spaceLeft" and "adminSpaceLeft" of coaming.json(5).
 */
#ifndef COAMING_AUDIT_SPACE_H
#define COAMING_AUDIT_SPACE_H

#include "audit/ledger.h"
#include "lib/keeping.h"

/* How long a segment becomes, so that several make a ledger of that size. */
uint64_t space_segment_bytes(const struct keeping *keeping);
/* To how many bytes a ledger is cut where the journal holds its records. */
uint64_t space_target(const struct keeping *keeping);
/* Bytes that are left: of the filesystem, or of the ledger's bound, whichever is less. */
int space_left(const struct ledger *ledger, const struct keeping *keeping, uint64_t *ret,
	       struct err *err);

/*
 * Look at the space before a record is written; the ledger is locked. Where it has become less
 * than a step, or more again, a record says so, once.
 *
 * warning     set where the user is to be told; nothing has failed
 * ret_refuse  an enforced start is to be refused, for the reason in err
 * Errors      errno of fstatvfs(3); what ledger_append() gives
 */
int space_check(struct ledger *ledger, const struct keeping *keeping, struct err *warning,
		bool *ret_refuse, struct err *err);

#endif
