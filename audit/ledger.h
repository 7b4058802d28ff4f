/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger, written: a chain of records in append-only segments.
 *
 *	auditDir/ledger-%016x.journal	segments, each named by its first SEQ; see entry.h
 *	auditDir/head			where the chain ends; see head.h
 *	auditDir/first-key-*		K_0 until the auditor is shown it; see first_key.h
 *	auditDir/unchained-*		records that found the ledger locked, and wait
 *	auditDir/reserve		space set aside, so that a full disk still takes refusals
 *
 * One writer at a time, by flock(2) on the directory itself: there is no lock file to lose, and
 * the kernel lets go when a writer dies. A segment is never cut or written anew: where a writer
 * died within a record, that stays as it is and the next record begins a new segment. So a kill at
 * any instruction leaves a chain that can be read, and every record that was acknowledged in it.
 */
#ifndef COAMING_AUDIT_LEDGER_H
#define COAMING_AUDIT_LEDGER_H

#include "audit/head.h"
#include "audit/record.h"

/* A new segment is begun beyond this, so that a lost head is made again in bounded time. */
#define LEDGER_SEGMENT_BYTES ((uint64_t)32 << 20)
#define LEDGER_RESERVE_BYTES ((uint64_t)256 << 10)

struct ledger {
	int dirfd;
	int head_fd;
	int segment_fd; /* of head.last.segment; -1: to be begun */
	bool locked;
	bool head_is_good;  /* the head is what the segments say */
	bool dirty;         /* the head is newer than its file */
	bool begin_segment; /* the last one has a torn tail */
	bool has_reserve;
	uint64_t segment_bytes; /* LEDGER_SEGMENT_BYTES, but in tests */
	const char *path;       /* borrowed */
	struct head head;
};

/* Open auditDir, made 0700 where it is missing. */
int ledger_open(const char *path, struct ledger *ret, struct err *err);
void ledger_done(struct ledger *ledger); /* unlocks */
#define _cleanup_ledger_ _cleanup_(ledger_done)

/*
 * Become the one writer. Then whatever a dead writer left is put right: the head is brought to the
 * end of the segments, a gap is told, and waiting records are taken into the chain.
 *
 * deadline_usec  of CLOCK_MONOTONIC
 * Errors         -EAGAIN another process has held the ledger until then; nothing is locked on
 *                any error
 */
int ledger_lock(struct ledger *ledger, uint64_t deadline_usec, struct err *err);
/* Store the head and let the next writer in. */
void ledger_unlock(struct ledger *ledger);

/*
 * Append one record; what is in the file then cannot be lost by any process's death.
 *
 * ret_bytes  buf_done(): the entry as it was written, see entry.h; may be NULL
 * Errors     -ENOSPC, -EDQUOT, -EIO...: nothing was appended. Priorities of LOG_CRIT and worse
 *            may use the reserve.
 */
struct buf;
int ledger_append(struct ledger *ledger, const struct record *record, struct buf *ret_bytes,
		  struct err *err);
/* Wait until the disk has what was appended. Needs no lock. */
int ledger_sync(struct ledger *ledger, struct err *err);
/* Put a record beside the chain, where the next writer finds it. Needs no lock. */
int ledger_spool(struct ledger *ledger, const struct record *record, bool sync, struct err *err);

/* Count anew how many bytes the segments have, into head.bytes. */
int ledger_measure(struct ledger *ledger, struct err *err);

/* Begin a new key; the ledger is locked. Its K_0 then waits to be shown, see first_key.h. */
int ledger_new_key(struct ledger *ledger, struct err *err);

/* Count n records that did not get in, for the next gap record. */
void ledger_note_missed(struct ledger *ledger, uint64_t n);

#endif
