/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep a record: ledger, then journal; and the ladder of failures.
 *
 * MUST have a record in the ledger before the journal gets it.
 * MUST NOT wait for the journal at all, nor for another process longer than EVIDENCE_WAIT_USEC.
 * MUST NOT let the journal have an admission that is then refused.
 */
#include "audit/evidence.h"

#include <assert.h>
#include <errno.h>
#include "audit/deliver.h"
#include "audit/entry.h"
#include "audit/journal.h"
#include "audit/ledger.h"
#include "audit/space.h"
#include "audit/stamp.h"
#include "lib/buf.h"

/* Of EVIDENCE_WAIT_USEC: for the lock, for the lock once more after a sync, for what is pending. */
#define LOCK_USEC       60000
#define LOCK_AGAIN_USEC 15000
#define DELIVER_USEC    20000

static_assert(LOCK_USEC + LOCK_AGAIN_USEC + DELIVER_USEC < EVIDENCE_WAIT_USEC, "");

struct work {
	const struct keeping *keeping;
	const char *socket; /* NULL: as the keeping has it */
	const struct record *record;
	enum purpose purpose;
	bool sync;
};

static bool has_to_sync(const struct keeping *keeping, enum purpose purpose)
{
	if (keeping->sync == KEEP_SYNC_STARTS)
		return purpose != FOR_INFORMATION;
	return keeping->sync == KEEP_SYNC_DATA;
}

static int open_ledger(const struct keeping *keeping, struct ledger *ret, struct err *err)
{
	int r = ledger_open(keeping->dir, ret, err);

	if (r < 0)
		return r;
	ret->segment_bytes = space_segment_bytes(keeping);
	return ledger_lock(ret, stamp_now_monotonic() + LOCK_USEC, err);
}

static int send_pending(struct ledger *l, const struct work *w, struct position until,
			struct err *err)
{
	return deliver(l, w->keeping, w->socket, until, stamp_now_monotonic() + DELIVER_USEC, err);
}

/* In the ledger; now the journal. */
static enum kept keep_journal(struct ledger *l, const struct work *w, struct err *err)
{
	const struct position own = l->head.last;

	/*
	 * The disk first, and without the lock, since others' records go to the same disk. Only
	 * then the journal: after a power cut it must not hold what the ledger has lost.
	 */
	if (w->sync) {
		ledger_unlock(l);
		if (ledger_sync(l, err) < 0)
			return KEPT_NOWHERE;
		if (ledger_lock(l, stamp_now_monotonic() + LOCK_AGAIN_USEC, err) < 0)
			return KEPT_LEDGER;
	}
	if (l->head.sent.seq < own.seq && send_pending(l, w, own, err) < 0)
		return KEPT_LEDGER;
	return KEPT_BOTH;
}

/*
 * warning  set where little space is left, and the record is kept all the same
 * refused  too little is, and the start is not to be
 */
static int keep_ledger(const struct work *w, enum kept *ret, struct err *warning, bool *refused,
		       struct err *err)
{
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	struct err spool = { 0 }, space = { 0 };
	int r;

	r = open_ledger(w->keeping, &l, err);
	if (r == -EAGAIN) {
		if (ledger_spool(&l, w->record, w->sync, &spool) < 0)
			return r;
		*ret = KEPT_LEDGER;
		return 0;
	}
	if (r < 0)
		return r;
	r = space_check(&l, w->keeping, warning, refused, &space);
	*refused &= w->purpose == FOR_START;
	if (r < 0 || *refused) {
		*err = space;
		return r < 0 ? r : -ENOSPC;
	}
	r = ledger_append(&l, w->record, NULL, err);
	if (r < 0)
		return r;
	*ret = keep_journal(&l, w, err);
	return *ret == KEPT_NOWHERE ? -EIO : 0;
}

/* The ledger did not take it: the journal gets it without a place in the chain. */
static int keep_elsewhere(const struct work *w, struct err *err)
{
	_cleanup_journal_ struct journal journal = { .fd = -1 };
	_cleanup_free_ struct entry *entry = malloc(sizeof(*entry));
	_cleanup_buf_ struct buf bytes = { 0 };
	char hash[SHA256_HEX], path[JOURNAL_SOCKET_MAX];
	uint64_t id;
	int r;

	if (!entry)
		return err_oom(err);
	r = journal_open(w->socket ? w->socket : journal_socket(path, w->keeping), &journal, &id,
			 err);
	r = r < 0 ? r : entry_write(&bytes, w->record, NULL, NULL, hash, err);
	if (r < 0)
		return r;
	if (entry_parse(bytes.data, bytes.len, entry) != ENTRY_WHOLE)
		return err_system(err, EINVAL, "the record cannot be read back");
	return journal_send(&journal, bytes.data + entry->body, entry->body_end - entry->body, err);
}

/* The ledger failed: the administrator says what becomes of a start. */
static int climb(const struct work *w, int failed, const struct err *ledger, enum kept *ret,
		 struct err *err)
{
	const bool full = failed == -ENOSPC || failed == -EDQUOT;
	const enum keep_action action = full ? w->keeping->disk_full : w->keeping->disk_error;
	struct err journal = { 0 };

	*ret = KEPT_NOWHERE;
	if (w->purpose == FOR_START && action == KEEP_REFUSE)
		return err_system(err, -failed,
				  "the decision cannot be recorded: %.900s (\"%s\" in coaming.json "
				  "says what then happens)",
				  ledger->text, full ? "diskFull" : "diskError");
	if (keep_elsewhere(w, &journal) == 0)
		*ret = KEPT_JOURNAL_ONLY;
	if (*ret == KEPT_NOWHERE && w->purpose != FOR_START)
		return err_system(err, -failed,
				  "the decision can be recorded nowhere: %.900s; and %.900s",
				  ledger->text, journal.text);
	if (err && err->class == ERR_NONE && (w->purpose != FOR_START || action == KEEP_WARN))
		*err = *ledger;
	return 0;
}

int evidence_keep_at(const struct keeping *keeping, const char *socket, const struct record *record,
		     enum purpose purpose, enum kept *ret, struct err *err)
{
	const struct work work = { keeping, socket, record, purpose,
				   has_to_sync(keeping, purpose) };
	struct err ledger = { 0 }, warning = { 0 };
	bool refused = false;
	int r;

	*ret = KEPT_NOWHERE;
	r = keep_ledger(&work, ret, &warning, &refused, &ledger);
	if (refused) {
		if (err && err->class == ERR_NONE)
			*err = ledger;
		return r;
	}
	if (r < 0)
		return climb(&work, r, &ledger, ret, err);
	if (err && err->class == ERR_NONE && *ret != KEPT_BOTH)
		*err = ledger;
	if (err && warning.class != ERR_NONE)
		*err = warning;
	return 0;
}

int evidence_keep(const struct keeping *keeping, const struct record *record, enum purpose purpose,
		  enum kept *ret, struct err *err)
{
	return evidence_keep_at(keeping, NULL, record, purpose, ret, err);
}

int evidence_flush_at(const struct keeping *keeping, const char *socket, size_t *ret_left,
		      struct err *err)
{
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	const struct work work = { .keeping = keeping, .socket = socket };
	int r;

	r = open_ledger(keeping, &l, err);
	if (r < 0)
		return r;
	r = l.segment_fd >= 0 ? ledger_sync(&l, err) : 0;
	if (r == 0 && l.head.sent.seq < l.head.last.seq)
		r = send_pending(&l, &work, l.head.last, err);
	if (ret_left)
		*ret_left = (size_t)(l.head.last.seq - l.head.sent.seq);
	return r;
}

int evidence_flush(const struct keeping *keeping, size_t *ret_left, struct err *err)
{
	return evidence_flush_at(keeping, NULL, ret_left, err);
}
