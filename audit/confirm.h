/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the journal have what it was sent? It takes an entry and drops it in at least seven cases;
 * so records are looked up in its files, those that are not there are sent again, and only what
 * was seen on disk counts as confirmed.
 */
#ifndef COAMING_AUDIT_CONFIRM_H
#define COAMING_AUDIT_CONFIRM_H

#include "audit/ledger.h"
#include "lib/keeping.h"

/* Does the journal hold the record with that COAMING_HASH? 1, 0, or -errno. */
typedef int confirm_has_fn(void *arg, const char hash[SHA256_HEX], struct err *err);
/* Send it once more. */
typedef int confirm_send_fn(void *arg, const struct entry *entry, struct err *err);

struct confirmation {
	uint64_t confirmed; /* records that are confirmed by this */
	uint64_t missing;   /* that the journal does not hold */
	uint64_t sent;      /* of these, sent again */
};

/*
 * Look at the records after head.confirmed that the journal was sent, up to `most`, and move
 * head.confirmed up to the first that is missing. The ledger is locked.
 *
 * send    NULL: nothing is sent again
 * Errors  what `has` gives; errno of reading the ledger
 */
int confirm_pass(struct ledger *ledger, uint64_t most, confirm_has_fn *has, confirm_send_fn *send,
		 void *arg, struct confirmation *ret, struct err *err);

/*
 * All of it against the real journal: look, send again, have journald synchronize, look again.
 *
 * timeout_usec  for journald, and for the search
 */
int confirm(struct ledger *ledger, const struct keeping *keeping, uint64_t timeout_usec,
	    struct confirmation *ret, struct err *err);

#endif
