/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bring the head to what the segments say.
 *
 * MUST be idempotent: it may be killed anywhere and run again.
 * MUST NOT give a SEQ out twice: what cannot be read is passed over, and told.
 */
#include "audit/recover.h"

#include <errno.h>
#include <fcntl.h>

/* Without a head that many of the last segments are read: the last may be empty or torn. */
#define SEGMENTS_READ 2

static void note(struct head *head, enum gap_reason reason, uint64_t from, uint64_t to)
{
	struct gap *gap = &head->gap;

	gap->reasons |= UINT32_C(1) << reason;
	if (from == 0 || to < from)
		return;
	if (gap->from == 0 || from < gap->from)
		gap->from = from;
	if (to > gap->to)
		gap->to = to;
}

/* It was taken in and not removed yet; first the disk must have it. */
static int remove_spool(const struct ledger *l, int segment_fd, const struct view *spool,
			struct err *err)
{
	char name[SPOOL_NAME_MAX];

	if (!spool_name_is_valid(spool->value, spool->len))
		return 0;
	memcpy(name, spool->value, spool->len);
	name[spool->len] = '\0';
	if (faccessat(l->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (fdatasync(segment_fd) < 0)
		return err_errno(err, errno, "cannot write the ledger to disk");
	if (unlinkat(l->dirfd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s, which is in the chain", Q(name));
	return 0;
}

static bool follows(const struct head *head, const struct entry *e)
{
	/* A gap record says itself what is missing before it. */
	if (entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)) && e->seq > head->last.seq)
		return true;
	return e->seq == head->last.seq + 1 &&
	       (head->hash[0] == '\0' || streq(e->prev, head->hash));
}

/* The key goes on with the records; where they are too far ahead it is lost, and a new one begins.
 */
static void follow_key(struct head *head, const struct entry *e)
{
	if (head->key.epoch == 0 || e->epoch < head->key.epoch)
		return;
	if (e->epoch - head->key.epoch > KEY_STEPS_MAX)
		explicit_bzero(&head->key, sizeof(head->key));
	else
		key_advance(&head->key, e->epoch + 1);
}

/* A record that was read after the head's end: a writer died before it could store the head. */
static int accept_entry(struct ledger *l, int segment_fd, const struct entry *e, struct err *err)
{
	const struct view *spool = entry_get(e, "COAMING_SPOOL");
	struct head *h = &l->head;

	if (!follows(h, e))
		note(h, GAP_BROKEN, h->last.seq + 1, e->seq - 1);
	if (entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)))
		h->gap = (struct gap){ 0 };
	if (e->seq > h->last.seq)
		h->last.seq = e->seq;
	follow_key(h, e);
	memcpy(h->hash, e->hash, SHA256_HEX);
	return spool ? remove_spool(l, segment_fd, spool, err) : 0;
}

/* How many records began in bytes that cannot be read: an upper bound, so that no SEQ comes twice.
 */
static int count_starts(int fd, uint64_t from, uint64_t *ret, struct err *err)
{
	const size_t overlap = strlen(ENTRY_START) - 1;
	char data[16384];
	size_t kept = 0;
	uint64_t n = 0;

	for (;;) {
		ssize_t got = pread(fd, data + kept, sizeof(data) - kept, (off_t)from);
		const char *p = data;
		size_t len;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, "cannot read the ledger");
		if (got == 0)
			break;
		from += (uint64_t)got;
		len = kept + (size_t)got;
		while ((p = memmem(p, len - (size_t)(p - data), ENTRY_START, overlap + 1))) {
			n++;
			p++;
		}
		kept = len < overlap ? len : overlap;
		memmove(data, data + len - kept, kept);
	}
	*ret = n > 0 ? n : 1; /* less than the beginning of one */
	return 0;
}

/* Up to here every SEQ was given out, or is told to be passed over. */
static uint64_t last_given(const struct head *head)
{
	return head->gap.to > head->last.seq ? head->gap.to : head->last.seq;
}

/* A segment's name says which SEQ its writer gave out next, whether or not that can be read. */
static void learn_from_name(struct head *head, uint64_t segment)
{
	uint64_t known = last_given(head);

	if (segment <= known + 1)
		return;
	note(head, GAP_BROKEN, known + 1, segment - 1);
	head->last.seq = segment - 1;
}

/* Read one segment from `from` to its end; what follows the last whole record is torn. */
static int read_segment(struct ledger *l, uint64_t segment, uint64_t from, struct err *err)
{
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	struct head *h = &l->head;
	uint64_t size, starts = 0;
	struct err bad = { 0 };
	int r;

	r = segment_open(l->dirfd, segment, O_RDONLY, &fd, &size, err);
	if (r < 0)
		return r;
	r = cursor_new(fd, from, &c, err);
	if (r < 0)
		return r;
	learn_from_name(h, segment);
	while ((r = cursor_next(c, &bad)) > 0) {
		int accepted = accept_entry(l, fd, &c->entry, err);

		if (accepted < 0)
			return accepted;
	}
	if (r < 0 && r != -EBADMSG) {
		*err = bad;
		return r;
	}
	h->last.segment = segment;
	h->last.end = c->at;
	l->begin_segment = r < 0 || c->torn;
	if (!l->begin_segment)
		return 0;
	r = count_starts(fd, c->at, &starts, err);
	if (r == 0)
		note(h, GAP_TORN, h->last.seq + 1, last_given(h) + starts);
	return r;
}

/* All segments from the one numbered `first`; `from` bytes of it are known already. */
static int read_on(struct ledger *l, const struct survey *s, uint64_t first, uint64_t from,
		   struct err *err)
{
	for (size_t i = 0; i < s->n_segments; i++) {
		int r;

		if (s->segments[i] < first)
			continue;
		r = read_segment(l, s->segments[i], s->segments[i] == first ? from : 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* No head, or none to be believed: what the journal has got is not known, so it gets it again. */
static int make_head(struct ledger *l, const struct survey *s, enum head_state state,
		     struct err *err)
{
	size_t i = s->n_segments > SEGMENTS_READ ? s->n_segments - SEGMENTS_READ : 0;
	struct head *h = &l->head;
	int r;

	*h = (struct head){ 0 };
	l->dirty = true;
	if (s->n_segments == 0) {
		memcpy(h->hash, entry_hash_none, SHA256_HEX);
		if (state == HEAD_DAMAGED)
			note(h, GAP_HEAD_DAMAGED, 0, 0);
		return 0;
	}
	h->last.seq = s->segments[i] - 1;
	h->sent = (struct position){ .segment = s->segments[i], .seq = h->last.seq };
	h->marks[0] = h->marks[1] = h->sent;
	r = read_on(l, s, s->segments[i], 0, err);
	if (h->hash[0] == '\0')
		memcpy(h->hash, entry_hash_none, SHA256_HEX);
	note(h, state == HEAD_MISSING ? GAP_HEAD_MISSING : GAP_HEAD_DAMAGED, 0, 0);
	return r;
}

/* The head remembers more than there is. The chain goes on from what it remembers. */
static int note_loss(struct ledger *l, const struct survey *s, bool gone, struct err *err)
{
	const struct head was = l->head;
	struct head *h = &l->head;
	int r = 0;

	/* Which records are left of that segment? Their losses are not told twice. */
	h->last.seq = was.last.segment > 0 ? was.last.segment - 1 : 0;
	h->hash[0] = '\0';
	if (!gone)
		r = read_on(l, s, was.last.segment, 0, err);
	if (r < 0)
		return r;
	if (last_given(h) <= was.last.seq)
		h->gap = was.gap;
	note(h, gone ? GAP_GONE : GAP_SHORT, h->last.seq + 1, was.last.seq);
	/* Unless a later segment goes on, which the head does not know. */
	if (h->last.seq <= was.last.seq || h->hash[0] == '\0')
		memcpy(h->hash, was.hash, sizeof(h->hash));
	if (h->last.seq < was.last.seq)
		h->last.seq = was.last.seq;
	l->begin_segment = true;
	l->dirty = true;
	return 0;
}

static bool has_segment(const struct survey *s, uint64_t segment)
{
	for (size_t i = s->n_segments; i > 0; i--)
		if (s->segments[i - 1] == segment)
			return true;
	return false;
}

/* The head is good; do the segments end where it says? */
static int compare(struct ledger *l, const struct survey *s, struct err *err)
{
	const struct position last = l->head.last;
	uint64_t newest = s->n_segments > 0 ? s->segments[s->n_segments - 1] : 0, size;
	int r;

	if (last.segment == 0 || (!has_segment(s, last.segment) && newest > last.segment)) {
		l->dirty |= newest > 0;
		if (last.segment > 0)
			note(&l->head, GAP_GONE, last.segment, last.seq);
		return read_on(l, s, last.segment + 1, 0, err);
	}
	if (!has_segment(s, last.segment))
		return note_loss(l, s, true, err);
	r = segment_open(l->dirfd, last.segment, O_RDWR | O_APPEND, &l->segment_fd, &size, err);
	if (r < 0)
		return r;
	if (size < last.end)
		return note_loss(l, s, false, err);
	if (size == last.end && newest == last.segment)
		return 0;
	l->dirty = true;
	return read_on(l, s, last.segment, last.end, err);
}

int recover(struct ledger *l, const struct survey *survey, struct err *err)
{
	enum head_state state;
	uint64_t opened = 0, size;
	int r;

	closep(&l->head_fd);
	closep(&l->segment_fd);
	l->head_fd = l->segment_fd = -1;
	l->begin_segment = false;
	r = head_load(l->dirfd, &l->head_fd, &l->head, &state, err);
	if (r < 0)
		return r;
	if (state == HEAD_GOOD) {
		opened = l->head.last.segment;
		r = compare(l, survey, err);
	} else {
		r = make_head(l, survey, state, err);
	}
	if (r < 0 || l->begin_segment || l->head.last.segment == 0)
		return r;
	if (l->segment_fd >= 0 && opened == l->head.last.segment)
		return 0;
	closep(&l->segment_fd);
	l->segment_fd = -1;
	return segment_open(l->dirfd, l->head.last.segment, O_RDWR | O_APPEND, &l->segment_fd,
			    &size, err);
}
