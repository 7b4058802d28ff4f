/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Let the oldest segments go.
 *
 * MUST NOT remove a record that the journal was not seen to hold.
 * MUST have on disk where the ledger then begins before anything goes.
 */
#include "audit/trim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "audit/segment.h"

/* How many of the first segments can go, and how many bytes that is. */
static int count_segments(const struct ledger *l, const struct survey *s, uint64_t bytes,
			  size_t *ret_n, struct err *err)
{
	uint64_t left = l->head.bytes, size;
	size_t n = 0;
	int r = 0;

	while (left > bytes && n + 1 < s->n_segments && s->segments[n] < l->head.last.segment &&
	       s->segments[n + 1] - 1 <= l->head.confirmed.seq) {
		_cleanup_close_ int fd = -1;

		r = segment_open(l->dirfd, s->segments[n], O_RDONLY, &fd, &size, err);
		if (r < 0)
			return r;
		left = left > size ? left - size : 0;
		n++;
	}
	*ret_n = n;
	return 0;
}

/* The first record that stays says what the last one's hash is that goes. */
static int read_first(const struct ledger *l, uint64_t segment, char prev[SHA256_HEX],
		      struct err *err)
{
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t size;
	int r;

	r = segment_open(l->dirfd, segment, O_RDONLY, &fd, &size, err);
	r = r < 0 ? r : cursor_new(fd, 0, &c, err);
	r = r < 0 ? r : cursor_next(c, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_system(err, ENODATA, "segment %llu of the ledger holds no record",
				  (unsigned long long)segment);
	memcpy(prev, c->entry.prev, SHA256_HEX);
	return 0;
}

static int tell(struct ledger *l, uint64_t first_left, size_t n, const char *hash, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	unsigned long long last = first_left - 1;
	int r;

	r = record_start(&record, EVENT_POLICY, err);
	r = r < 0 ? r : record_add(&record, "COAMING_REASON", "ledger-trim", err);
	r = r < 0 ? r : record_addf(&record, err, "COAMING_TRIM_SEQ", "%llu", last);
	r = r < 0 ? r : record_add(&record, "COAMING_TRIM_HASH", hash, err);
	r = r < 0 ? r
		  : record_addf(&record, err, "MESSAGE",
				"the ledger begins after %llu now: the journal holds what was "
				"before, %zu segment%s",
				last, n, n == 1 ? "" : "s");
	r = r < 0 ? r : ledger_append(l, &record, NULL, err);
	return r < 0 ? r : ledger_sync(l, err);
}

int trim(struct ledger *l, uint64_t bytes, size_t *ret_n, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	char name[SEGMENT_NAME_MAX], hash[SHA256_HEX];
	size_t n = 0;
	int r;

	if (ret_n)
		*ret_n = 0;
	r = survey_read(l->dirfd, &s, err);
	r = r < 0 ? r : count_segments(l, &s, bytes, &n, err);
	if (r < 0 || n == 0)
		return r;
	r = read_first(l, s.segments[n], hash, err);
	r = r < 0 ? r : tell(l, s.segments[n], n, hash, err);
	/* The oldest first: killed in between, what is left still follows one another. */
	for (size_t i = 0; r == 0 && i < n; i++)
		if (unlinkat(l->dirfd, segment_name(name, s.segments[i]), 0) < 0 && errno != ENOENT)
			r = err_errno(err, errno, "cannot remove %s", Q(name));
	if (r < 0)
		return r;
	if (ret_n)
		*ret_n = n;
	return ledger_measure(l, err);
}
