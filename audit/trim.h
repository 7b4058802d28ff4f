/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Let the ledger's oldest segments go, once a journal on disk was seen to hold their records.
 */
#ifndef COAMING_AUDIT_TRIM_H
#define COAMING_AUDIT_TRIM_H

#include "audit/ledger.h"

/*
 * Remove confirmed segments, oldest first, until the ledger has at most `bytes`; never the last.
 * Before that a record says where the ledger then begins: COAMING_TRIM_SEQ and COAMING_TRIM_HASH
 * are the last record's that goes. The ledger is locked.
 *
 * ret_n   (may be NULL) how many went
 * Errors  what ledger_append() and ledger_sync() give: nothing was removed; errno of unlinkat(2)
 */
int trim(struct ledger *ledger, uint64_t bytes, size_t *ret_n, struct err *err);

#endif
