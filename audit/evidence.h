/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep a record: ledger first, then the journal, then what earlier runs left pending. And what is
 * to happen where that fails, as the administrator has it.
 */
#ifndef COAMING_AUDIT_EVIDENCE_H
#define COAMING_AUDIT_EVIDENCE_H

#include "audit/record.h"
#include "lib/keeping.h"

enum kept {
	KEPT_NOWHERE,
	KEPT_JOURNAL_ONLY, /* the ledger could not take it */
	KEPT_LEDGER,       /* in the ledger, the journal pending */
	KEPT_BOTH,         /* in the ledger, and handed to journald */
};

enum purpose {
	FOR_INFORMATION, /* of what happens anyhow; never refused */
	FOR_START,       /* of a start that is enforced: where it cannot be kept, there is none */
	FOR_REFUSAL,     /* which may use what is set aside for it */
};

/*
 * Write one record. Sequence number and hash are put in under the ledger's lock. Never blocks
 * longer than EVIDENCE_WAIT_USEC in all, whatever the journal or another process does.
 *
 * keeping  its directory is made 0700 where it is missing
 * err      filled also where 0 is returned: why *ret is not KEPT_BOTH; ENOSPC: that little space
 *          is left, which the user is to be told
 * Errors   FOR_START: as the administrator's "refuse" has it, where the ledger cannot take it or
 *          has too little space; -EAGAIN, -EIO... Else only with KEPT_NOWHERE.
 */
#define EVIDENCE_WAIT_USEC 100000
int evidence_keep(const struct keeping *keeping, const struct record *record, enum purpose purpose,
		  enum kept *ret, struct err *err);

/* Send to the journal what is pending, oldest first; *ret_left (may be NULL) counts what stays. */
int evidence_flush(const struct keeping *keeping, size_t *ret_left, struct err *err);

/*
 * All that may take its time: send what is pending, have journald synchronize, look whether its
 * files hold every record, send again what they do not, and let the oldest segments go that the
 * ledger has no room for. Of `coaming flush` and its timer.
 *
 * timeout_usec  for journald to synchronize, each time
 * Errors        what stood in the way of the last of these; what came before it is done
 */
struct tidied {
	uint64_t pending; /* that the journal did not take */
	uint64_t confirmed, missing, in_memory, sent_again;
	uint64_t left;  /* not confirmed yet, of all */
	size_t trimmed; /* segments */
};
int evidence_tidy(const struct keeping *keeping, uint64_t timeout_usec, struct tidied *ret,
		  struct err *err);

/* The same with the journal's socket named, for tests. */
int evidence_keep_at(const struct keeping *keeping, const char *socket, const struct record *record,
		     enum purpose purpose, enum kept *ret, struct err *err);
int evidence_flush_at(const struct keeping *keeping, const char *socket, size_t *ret_left,
		      struct err *err);

#endif
