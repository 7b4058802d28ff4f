/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the journal have what it was sent?
 *
 * MUST NOT count a record as confirmed that was not read in a file on disk.
 * MUST be idempotent: killed anywhere, the next run looks again.
 */
#include "audit/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include "audit/deliver.h"
#include "audit/journal.h"
#include "audit/segment.h"
#include "audit/stamp.h"

/* Sent again at once at most: no more than a journal's queue takes. */
#define SEND_MAX 256

struct pass {
	struct ledger *ledger;
	confirm_has_fn *has;
	confirm_send_fn *send;
	void *arg;
	struct confirmation *ret;
	uint64_t left; /* how many more are looked at */
	struct position at;
	bool whole; /* nothing was missing so far */
};

static void note_confirmed(struct pass *p)
{
	if (!p->whole)
		return;
	p->ledger->head.confirmed = p->at;
	p->ledger->dirty = true;
	p->ret->confirmed++;
}

static void look(struct pass *p, const struct entry *e)
{
	enum journal_found found = p->has(p->arg, e->hash);

	if (found == JOURNAL_ON_DISK) {
		note_confirmed(p);
		return;
	}
	p->whole = false;
	p->ret->in_memory += found == JOURNAL_IN_MEMORY;
	p->ret->missing += found == JOURNAL_NOT_FOUND;
	if (found == JOURNAL_IN_MEMORY || !p->send || p->ret->sent >= SEND_MAX)
		return;
	/* Its queue is full, or it is gone: the next run sends what is left. */
	if (p->send(p->arg, e) < 0)
		p->send = NULL;
	else
		p->ret->sent++;
}

static int look_at_segment(struct pass *p, struct err *err)
{
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	const uint64_t last = p->ledger->head.sent.seq;
	struct err bad = { 0 };
	uint64_t size;
	int r;

	r = segment_open(p->ledger->dirfd, p->at.segment, O_RDONLY, &fd, &size, err);
	r = r < 0 ? r : cursor_new(fd, p->at.end, &c, err);
	if (r < 0)
		return r;
	while (p->left > 0 && p->at.seq < last && (r = cursor_next(c, &bad)) > 0) {
		p->at.end = c->at;
		p->at.seq = c->entry.seq;
		p->left--;
		look(p, &c->entry);
	}
	/* What cannot be read was told as a gap, and there is nothing to confirm. */
	if (r < 0 && r != -EBADMSG) {
		*err = bad;
		return r;
	}
	return 0;
}

int confirm_pass(struct ledger *l, uint64_t most, confirm_has_fn *has, confirm_send_fn *send,
		 void *arg, struct confirmation *ret, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	struct pass p = { .ledger = l,
			  .has = has,
			  .send = send,
			  .arg = arg,
			  .ret = ret,
			  .left = most,
			  .at = l->head.confirmed,
			  .whole = true };
	int r;

	*ret = (struct confirmation){ 0 };
	r = survey_read(l->dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_segments && p.left > 0; i++) {
		if (s.segments[i] < p.at.segment || p.at.seq >= l->head.sent.seq)
			continue;
		if (s.segments[i] > p.at.segment)
			p.at = (struct position){ .segment = s.segments[i],
						  .seq = s.segments[i] - 1 };
		r = look_at_segment(&p, err);
	}
	return r;
}

struct real {
	struct journal_search *search;
	const struct journal *journal;
};

static enum journal_found search(void *arg, const char hash[SHA256_HEX])
{
	const struct real *real = arg;

	return journal_search_has(real->search, hash);
}

static int send_again(void *arg, const struct entry *e)
{
	const struct real *real = arg;

	return journal_send(real->journal, e->text + e->body, e->body_end - e->body, NULL);
}

int confirm(struct ledger *l, const struct keeping *keeping, bool again, struct confirmation *ret,
	    struct err *err)
{
	_cleanup_journal_search_ struct journal_search *files = NULL;
	_cleanup_journal_ struct journal journal = { .fd = -1 };
	struct real real = { .journal = &journal };
	char path[JOURNAL_SOCKET_MAX];
	uint64_t id;
	int r;

	*ret = (struct confirmation){ 0 };
	if (l->head.confirmed.seq >= l->head.sent.seq)
		return 0;
	r = journal_search_open(keeping, &files, err);
	if (r == 0 && again)
		r = journal_open(journal_socket(path, keeping), &journal, &id, err);
	if (r < 0)
		return r;
	real.search = files;
	return confirm_pass(l, CONFIRM_MAX, search, again ? send_again : NULL, &real, ret, err);
}
