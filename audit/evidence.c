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
#include "audit/confirm.h"
#include "audit/deliver.h"
#include "audit/entry.h"
#include "audit/journal.h"
#include "audit/journal_sync.h"
#include "audit/ledger.h"
#include "audit/missed.h"
#include "audit/space.h"
#include "audit/stamp.h"
#include "audit/trim.h"
#include "lib/buf.h"

/* Of EVIDENCE_WAIT_USEC: for the lock, for the lock once more after a sync, for what is pending. */
#define LOCK_USEC       60000
#define LOCK_AGAIN_USEC 15000
#define DELIVER_USEC    20000
/* Nobody waits for who tidies up. */
#define TIDY_LOCK_USEC 2000000
/* How often a hook does it where the ledger is nearly full. */
#define HOOK_TIDY_EVERY 64

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
	uint64_t missed;
	int r = ledger_open(keeping->dir, ret, err);

	if (r < 0)
		return r;
	ret->segment_bytes = space_segment_bytes(keeping);
	r = ledger_lock(ret, stamp_now_monotonic() + LOCK_USEC, err);
	if (r < 0)
		return r;
	/* Of the time when not even the head could be written. */
	missed = missed_take(keeping->state_dir);
	if (missed > 0)
		ledger_note_missed(ret, missed);
	return 0;
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
 * The ledger is nearly full, and nobody has tidied it up: what the journal holds may go. It is no
 * failure where that cannot be done now.
 */
static void make_room(struct ledger *l, const struct keeping *keeping)
{
	struct confirmation c;
	struct err ignored = { 0 };

	if (keeping->ledger_bytes == 0 || l->head.bytes <= space_target(keeping) ||
	    l->head.last.seq % HOOK_TIDY_EVERY != 0)
		return;
	(void)confirm(l, keeping, false, &c, &ignored);
	(void)trim(l, space_target(keeping), NULL, &ignored);
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
	if (*ret == KEPT_BOTH)
		make_room(&l, w->keeping);
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
	/* On a full disk the ledger's head still counts; on one that fails nothing does. */
	if (!full)
		missed_count(w->keeping->state_dir);
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

/* Have journald write what it has; meanwhile others may write their records. */
static int sync_journal(struct ledger *l, const struct keeping *keeping, uint64_t timeout_usec,
			struct err *err)
{
	int r, locked;

	ledger_unlock(l);
	r = journal_sync(keeping, timeout_usec, err);
	locked = ledger_lock(l, stamp_now_monotonic() + TIDY_LOCK_USEC, err);
	return locked < 0 ? locked : r;
}

/* Until nothing is left; where journald's queue is full it is waited for. */
static int send_all(struct ledger *l, const struct work *w, uint64_t timeout_usec, struct err *err)
{
	while (l->head.sent.seq < l->head.last.seq) {
		uint64_t before = l->head.sent.seq;
		struct err busy = { 0 };
		int r = send_pending(l, w, l->head.last, &busy);
		bool stuck = r < 0 && l->head.sent.seq == before;

		if (stuck && r != -EAGAIN) {
			*err = busy;
			return r;
		}
		/* Others may write their records meanwhile. */
		r = sync_journal(l, w->keeping, timeout_usec, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void add_up(struct tidied *sum, const struct confirmation *c)
{
	sum->confirmed += c->confirmed;
	sum->sent_again += c->sent;
	/* What is missing is looked at once more after it was sent again. */
	sum->missing = c->missing;
	sum->in_memory = c->in_memory;
}

/* Pass after pass, until all is confirmed or one brings nothing any more. */
static int confirm_all(struct ledger *l, const struct keeping *keeping, uint64_t timeout_usec,
		       struct tidied *sum, struct err *err)
{
	int r = sync_journal(l, keeping, timeout_usec, err);
	bool again = true;

	while (r == 0 && l->head.confirmed.seq < l->head.sent.seq) {
		struct confirmation c = { 0 };

		r = confirm(l, keeping, again, &c, err);
		add_up(sum, &c);
		if (r < 0 || (c.confirmed == 0 && c.sent == 0))
			break;
		/* Once is enough: a journal that drops it twice drops it always. */
		again = c.sent == 0;
		r = sync_journal(l, keeping, timeout_usec, err);
	}
	return r;
}

int evidence_tidy(const struct keeping *keeping, uint64_t timeout_usec, struct tidied *ret,
		  struct err *err)
{
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	const struct work work = { .keeping = keeping };
	int r;

	*ret = (struct tidied){ 0 };
	r = ledger_open(keeping->dir, &l, err);
	if (r < 0)
		return r;
	l.segment_bytes = space_segment_bytes(keeping);
	r = ledger_lock(&l, stamp_now_monotonic() + TIDY_LOCK_USEC, err);
	if (r < 0)
		return r;
	r = l.segment_fd >= 0 ? ledger_sync(&l, err) : 0;
	r = r < 0 ? r : send_all(&l, &work, timeout_usec, err);
	r = r < 0 ? r : confirm_all(&l, keeping, timeout_usec, ret, err);
	if (r == 0)
		r = trim(&l, space_target(keeping), &ret->trimmed, err);
	if (r == 0 && ret->trimmed > 0) { /* that is a record, too */
		r = send_all(&l, &work, timeout_usec, err);
		r = r < 0 ? r : confirm_all(&l, keeping, timeout_usec, ret, err);
	}
	ret->pending = l.head.last.seq - l.head.sent.seq;
	ret->left = l.head.last.seq - l.head.confirmed.seq;
	return r;
}
