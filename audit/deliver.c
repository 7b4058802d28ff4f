/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand the ledger's records to journald.
 *
 * MUST give the journal all records in the order of the ledger, and none that is not in it.
 * MUST NOT wait for journald.
 */
#include "audit/deliver.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include "audit/journal.h"
#include "audit/segment.h"
#include "audit/stamp.h"
#include "lib/buf.h"

#define DELIVER_MAX 256
/*
 * What waits in a journal socket is lost when journald is killed and makes a new one; such a queue
 * holds net.unix.max_dgram_qlen entries, 512 where systemd has set it. So when the socket is a new
 * one, sending begins again that many records back, or up to twice that. (Under systemd the socket
 * outlives journald.) Readers see equal SEQ and HASH as one.
 */
#define MARK_EVERY 512

struct delivery {
	struct ledger *ledger;
	struct journal *journal, *brief;
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

/*
 * With a namespace of its own for the records, the host's journal gets a short line that points to
 * it. It is for people: nothing is lost where it is not taken.
 */
static void send_brief(const struct journal *brief, const struct entry *e)
{
	static const char *const names[] = {
		"MESSAGE",        "MESSAGE_ID",        "PRIORITY",      "SYSLOG_IDENTIFIER",
		"CONTAINER_NAME", "CONTAINER_ID",      "COAMING_EVENT", "COAMING_OUTCOME",
		"COAMING_SEQ",    "CONTAINER_ID_FULL",
	};
	_cleanup_buf_ struct buf out = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct view *v = entry_get(e, names[i]);

		if (v && v->len > 0)
			entry_put_field(&out, names[i], v->value, v->len);
	}
	if (buf_status(&out) == 0 && out.len > 0)
		(void)journal_send(brief, out.data, out.len, NULL);
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
	if (d->brief)
		send_brief(d->brief, e);
	d->n++;
	sent.end = end;
	sent.seq = e->seq;
	note_sent(d->ledger, sent);
	return 1;
}

/* Send what head.sent's segment still holds: 1 all of it, or it is gone; 0 enough for this time. */
static int send_segment(struct delivery *d, struct err *err)
{
	const struct position *sent = &d->ledger->head.sent;
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	struct err bad = { 0 };
	uint64_t size;
	int r;

	r = segment_open(d->ledger->dirfd, sent->segment, O_RDONLY, &fd, &size, &bad);
	if (r == -ENOENT) /* of the segment alone: the journal's socket can be gone, too */
		return 1;
	if (r < 0) {
		if (err && err->class == ERR_NONE)
			*err = bad;
		return r;
	}
	r = cursor_new(fd, sent->end, &c, err);
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
		bool more = true;
		int r = 1;

		if (h->sent.segment > 0)
			r = send_segment(d, err);
		if (r <= 0 || h->sent.seq >= d->until.seq)
			return r < 0 ? r : 0;
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

const char *journal_socket(char out[JOURNAL_SOCKET_MAX], const struct keeping *keeping)
{
	if (!keeping->journal_namespace)
		return JOURNAL_SOCKET;
	(void)snprintf(out, JOURNAL_SOCKET_MAX, "/run/systemd/journal.%s/socket",
		       keeping->journal_namespace);
	return out;
}

int deliver(struct ledger *l, const struct keeping *keeping, const char *socket,
	    struct position until, uint64_t deadline_usec, struct err *err)
{
	_cleanup_journal_ struct journal journal = { .fd = -1 }, brief = { .fd = -1 };
	char path[JOURNAL_SOCKET_MAX];
	struct delivery d = {
		.ledger = l,
		.journal = &journal,
		.until = until,
		.deadline_usec = deadline_usec,
	};
	uint64_t id, ignored;
	int r;

	r = journal_open(socket ? socket : journal_socket(path, keeping), &journal, &id, err);
	if (r < 0)
		return r;
	if (keeping->journal_namespace && journal_open(JOURNAL_SOCKET, &brief, &ignored, NULL) == 0)
		d.brief = &brief;
	note_journal(l, id);
	r = send_pending(&d, err);
	if (r == 0 && l->head.sent.seq < until.seq)
		r = err_system(err, EAGAIN, "the journal has still to get earlier records");
	return r;
}
