/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep a record: ledger first, then the journal, then what earlier runs left pending.
 */
#ifndef COAMING_AUDIT_EVIDENCE_H
#define COAMING_AUDIT_EVIDENCE_H

#include "audit/record.h"

enum kept {
	KEPT_NOWHERE,      /* zero: the container does not start in enforce mode */
	KEPT_JOURNAL_ONLY, /* the ledger could not take it */
	KEPT_LEDGER,       /* in the ledger, the journal pending */
	KEPT_BOTH,         /* in the ledger, and handed to journald */
};

/*
 * Write one record. Sequence number and hash are put in under the ledger's lock. Never blocks
 * longer than EVIDENCE_WAIT_USEC in all, whatever the journal or another process does.
 *
 * audit_dir  made 0700 where it is missing
 * sync       fdatasync the ledger before returning (refusals, enforced starts)
 * err        filled also where *ret is not KEPT_BOTH, as the reason, while 0 is returned
 * Errors     negative only with KEPT_NOWHERE
 */
#define EVIDENCE_WAIT_USEC 100000
int evidence_keep(const char *audit_dir, struct record *record, bool sync, enum kept *ret,
		  struct err *err);

/* The same with the journal's socket named, for tests. */
int evidence_keep_at(const char *audit_dir, const char *socket, struct record *record, bool sync,
		     enum kept *ret, struct err *err);
int evidence_flush_at(const char *audit_dir, const char *socket, size_t *ret_left, struct err *err);

/* Send to the journal what is pending, oldest first; *ret_left (may be NULL) counts what stays. */
int evidence_flush(const char *audit_dir, size_t *ret_left, struct err *err);

#endif
