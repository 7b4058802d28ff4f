/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the journal have what it was sent? It takes an entry and drops it in at least seven cases;
 * so records are looked up in its files, those that are not there are sent again, and only what
 * was seen on disk counts as confirmed.
 */
#ifndef COAMING_AUDIT_CONFIRM_H
#define COAMING_AUDIT_CONFIRM_H

#include "audit/entry.h"
#include "audit/journal_search.h"
#include "audit/ledger.h"
#include "lib/keeping.h"

/* Where does the journal hold the record with that COAMING_HASH? */
typedef enum journal_found confirm_has_fn(void *arg, const char hash[SHA256_HEX]);
/* Send it once more; after a failure nothing is sent in this pass. */
typedef int confirm_send_fn(void *arg, const struct entry *entry);

/* A run looks at no more, so that the ledger is not locked for long. */
#define CONFIRM_MAX 512

struct confirmation {
	uint64_t confirmed; /* records that are confirmed by this */
	uint64_t in_memory; /* that the journal holds, but not on disk */
	uint64_t missing;   /* that it does not hold */
	uint64_t sent;      /* of these, sent again */
};

/*
 * Look at the records after head.confirmed that the journal was sent, up to `most`, and move
 * head.confirmed up to the first that is missing. The ledger is locked.
 *
 * send    NULL: nothing is sent again
 * Errors  errno of reading the ledger
 */
int confirm_pass(struct ledger *ledger, uint64_t most, confirm_has_fn *has, confirm_send_fn *send,
		 void *arg, struct confirmation *ret, struct err *err);

/*
 * One pass over at most CONFIRM_MAX records against the real journal's files, as they are now:
 * what was sent just before may not be there before journal_sync() has returned.
 *
 * again   send again what is not there
 */
int confirm(struct ledger *ledger, const struct keeping *keeping, bool again,
	    struct confirmation *ret, struct err *err);

#endif
