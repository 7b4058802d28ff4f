/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep a record: ledger, then journal.
 *
 * MUST have a record in the ledger before the journal gets it, and give the journal all records in
 * the order of the ledger.
 * MUST NOT wait for the journal at all, nor for another process longer than EVIDENCE_WAIT_USEC.
 */
#include "audit/evidence.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include "audit/journal.h"
#include "audit/ledger.h"
#include "audit/segment.h"
#include "audit/stamp.h"

/* Of EVIDENCE_WAIT_USEC: for the lock, for the lock once more after a sync, for what is pending. */
#define LOCK_USEC       60000
#define LOCK_AGAIN_USEC 15000
#define DELIVER_USEC    20000
#define DELIVER_MAX     256
/*
 * What waits in a journal socket is lost when journald is killed and makes a new one; such a queue
 * holds net.unix.max_dgram_qlen entries, 512 where systemd has set it. So when the socket is a new
 * one, sending begins again that many records back, or up to twice that. (Under systemd the socket
 * outlives journald.) Readers see equal SEQ and HASH as one.
 */
#define MARK_EVERY 512

static_assert(LOCK_USEC + LOCK_AGAIN_USEC + DELIVER_USEC < EVIDENCE_WAIT_USEC, "");

struct delivery {
	struct ledger *ledger;
	struct journal *journal;
	struct position until;
	uint64_t deadline_usec;
	size_t n;
};

static void note_sent(struct ledger *l, struct position sent)
{
	struct head *h = &l->head;

	h->sent = sent;
	l->dirty = true;
	if (sent.seq < h->marks[1].seq + MARK_EVERY)
		return;
	h->marks[0] = h->marks[1];
	h->marks[1] = sent;
}

/* 1: go on; 0: enough for this time. */
static int send_one(struct delivery *d, const struct entry *e, uint64_t end, struct err *err)
{
	struct position sent = d->ledger->head.sent;
	int r;

	if (d->n >= DELIVER_MAX || stamp_now_monotonic() >= d->deadline_usec)
		return 0;
	r = journal_send(d->journal, e->text + e->body, e->body_end - e->body, err);
	if (r < 0)
		return r;
	d->n++;
	sent.end = end;
	sent.seq = e->seq;
	note_sent(d->ledger, sent);
	return 1;
}

/* Send what head.sent's segment still holds: 1 all of it, 0 enough for this time. */
static int send_segment(struct delivery *d, struct err *err)
{
	const struct position *sent = &d->ledger->head.sent;
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	struct err bad = { 0 };
	uint64_t size;
	int r;

	r = segment_open(d->ledger->dirfd, sent->segment, O_RDONLY, &fd, &size, err);
	r = r < 0 ? r : cursor_new(fd, sent->end, &c, err);
	if (r < 0)
		return r;
	while (sent->seq < d->until.seq && (r = cursor_next(c, &bad)) > 0) {
		r = send_one(d, &c->entry, c->at, err);
		if (r <= 0)
			return r;
	}
	if (r < 0 && r != -EBADMSG) {
		if (err && err->class == ERR_NONE)
			*err = bad;
		return r;
	}
	return 1;
}

/* The segment after head.sent's, which is sent, or gone; false: there is none. */
static int next_segment(struct delivery *d, bool *ret, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	struct position sent = d->ledger->head.sent;
	int r;

	*ret = false;
	r = survey_read(d->ledger->dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_segments && !*ret; i++) {
		if (s.segments[i] <= sent.segment)
			continue;
		sent.segment = s.segments[i];
		sent.end = 0;
		note_sent(d->ledger, sent);
		*ret = true;
	}
	return r;
}

/* Send everything up to d->until, oldest first. */
static int send_pending(struct delivery *d, struct err *err)
{
	struct head *h = &d->ledger->head;

	while (h->sent.seq < d->until.seq) {
		struct err gone = { 0 };
		bool more = true;
		int r = 1;

		if (h->sent.segment > 0)
			r = send_segment(d, &gone);
		if (r < 0 && r != -ENOENT) {
			if (err && err->class == ERR_NONE)
				*err = gone;
			return r;
		}
		if (r == 0 || h->sent.seq >= d->until.seq)
			return 0;
		r = next_segment(d, &more, err);
		if (r < 0)
			return r;
		if (more)
			continue;
		/* Nothing readable is left before the end: a gap record will say so. */
		h->gap.reasons |= UINT32_C(1) << GAP_UNREADABLE;
		note_sent(d->ledger, d->until);
	}
	return 0;
}

/* Where the journal's socket is a new one, what waited in the old one is lost. */
static void note_journal(struct ledger *l, uint64_t id)
{
	struct head *h = &l->head;
	char boot_id[BOOT_ID_SIZE];

	if (h->journal_id == id)
		return;
	record_boot_id(boot_id);
	/* After a boot every socket is new; what a shutdown left in the old one was read. */
	if (h->journal_id != 0 && streq(h->boot_id, boot_id))
		h->sent = h->marks[1] = h->marks[0];
	h->journal_id = id;
	memcpy(h->boot_id, boot_id, sizeof(boot_id));
	l->dirty = true;
}

/* Hand the journal what it has not got, up to and with `until`; the ledger is locked. */
static int deliver(struct ledger *l, const char *socket, struct position until, struct err *err)
{
	_cleanup_journal_ struct journal journal = { .fd = -1 };
	struct delivery d = {
		.ledger = l,
		.journal = &journal,
		.until = until,
		.deadline_usec = stamp_now_monotonic() + DELIVER_USEC,
	};
	uint64_t id;
	int r;

	r = journal_open(socket, &journal, &id, err);
	if (r < 0)
		return r;
	note_journal(l, id);
	r = send_pending(&d, err);
	if (r == 0 && l->head.sent.seq < until.seq)
		r = err_system(err, EAGAIN, "the journal has still to get earlier records");
	return r;
}

/* In the ledger; now the journal. */
static enum kept keep_journal(struct ledger *l, const char *socket, bool sync, struct err *err)
{
	const struct position own = l->head.last;

	/*
	 * The disk first, and without the lock, since others' records go to the same disk. Only
	 * then the journal: after a power cut it must not hold what the ledger has lost.
	 */
	if (sync) {
		ledger_unlock(l);
		if (ledger_sync(l, err) < 0)
			return KEPT_NOWHERE;
		if (ledger_lock(l, stamp_now_monotonic() + LOCK_AGAIN_USEC, err) < 0)
			return KEPT_LEDGER;
	}
	if (l->head.sent.seq < own.seq && deliver(l, socket, own, err) < 0)
		return KEPT_LEDGER;
	return KEPT_BOTH;
}

static int keep_ledger(const char *audit_dir, const char *socket, const struct record *record,
		       bool sync, enum kept *ret, struct err *err)
{
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	struct err spool = { 0 };
	int r;

	r = ledger_open(audit_dir, &l, err);
	if (r < 0)
		return r;
	r = ledger_lock(&l, stamp_now_monotonic() + LOCK_USEC, err);
	if (r == -EAGAIN) {
		if (ledger_spool(&l, record, sync, &spool) < 0)
			return r;
		*ret = KEPT_LEDGER;
		return 0;
	}
	if (r < 0)
		return r;
	r = ledger_append(&l, record, NULL, err);
	if (r < 0)
		return r;
	*ret = keep_journal(&l, socket, sync, err);
	return *ret == KEPT_NOWHERE ? -EIO : 0;
}

/* The ledger did not take it: the journal gets it without a place in the chain. */
static int keep_elsewhere(const char *socket, const struct record *record, struct err *err)
{
	_cleanup_journal_ struct journal journal = { .fd = -1 };
	_cleanup_free_ struct entry *entry = malloc(sizeof(*entry));
	_cleanup_buf_ struct buf bytes = { 0 };
	char hash[SHA256_HEX];
	uint64_t id;
	int r;

	if (!entry)
		return err_oom(err);
	r = journal_open(socket, &journal, &id, err);
	r = r < 0 ? r : entry_write(&bytes, record, NULL, NULL, hash, err);
	if (r < 0)
		return r;
	if (entry_parse(bytes.data, bytes.len, entry) != ENTRY_WHOLE)
		return err_system(err, EINVAL, "the record cannot be read back");
	return journal_send(&journal, bytes.data + entry->body, entry->body_end - entry->body, err);
}

int evidence_keep_at(const char *audit_dir, const char *socket, struct record *record, bool sync,
		     enum kept *ret, struct err *err)
{
	struct err ledger = { 0 }, journal = { 0 };
	int r;

	*ret = KEPT_NOWHERE;
	r = keep_ledger(audit_dir, socket, record, sync, ret, &ledger);
	if (r == 0) {
		if (*ret != KEPT_BOTH && err && err->class == ERR_NONE)
			*err = ledger;
		return 0;
	}
	if (keep_elsewhere(socket, record, &journal) == 0) {
		*ret = KEPT_JOURNAL_ONLY;
		if (err && err->class == ERR_NONE)
			*err = ledger;
		return 0;
	}
	*ret = KEPT_NOWHERE;
	return err_system(err, -r, "the decision can be recorded nowhere: %.900s; and %.900s",
			  ledger.text, journal.text);
}

int evidence_keep(const char *audit_dir, struct record *record, bool sync, enum kept *ret,
		  struct err *err)
{
	return evidence_keep_at(audit_dir, JOURNAL_SOCKET, record, sync, ret, err);
}

int evidence_flush_at(const char *audit_dir, const char *socket, size_t *ret_left, struct err *err)
{
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	int r;

	r = ledger_open(audit_dir, &l, err);
	r = r < 0 ? r : ledger_lock(&l, stamp_now_monotonic() + LOCK_USEC, err);
	if (r < 0)
		return r;
	r = l.segment_fd >= 0 ? ledger_sync(&l, err) : 0;
	if (r == 0 && l.head.sent.seq < l.head.last.seq)
		r = deliver(&l, socket, l.head.last, err);
	if (ret_left)
		*ret_left = (size_t)(l.head.last.seq - l.head.sent.seq);
	return r;
}

int evidence_flush(const char *audit_dir, size_t *ret_left, struct err *err)
{
	return evidence_flush_at(audit_dir, JOURNAL_SOCKET, ret_left, err);
}
