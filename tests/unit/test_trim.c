/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/trim.c and space.c: segments go only when the journal holds their records, what is left
 * says where it begins, and the space that is left is watched.
 */
#include "tests/unit/place.h"

#include "audit/space.h"
#include "audit/stamp.h"
#include "audit/trim.h"

#define SOON (stamp_now_monotonic() + 50000)

static int put(const struct place *p, const struct keeping *keeping, enum purpose purpose,
	       enum kept *kept, struct err *err)
{
	_cleanup_record_ struct record r = { 0 };

	assert_int_equal(record_start(&r, EVENT_ADMIT, err), 0);
	assert_int_equal(record_addf(&r, err, "FILLER", "%*d", 30000, 1), 0);
	return evidence_keep_at(keeping, p->socket, &r, purpose, kept, err);
}

/* n records of 30 KB, in segments of 64 KiB. */
static struct keeping fill(const struct place *p, unsigned n)
{
	const struct keeping keeping = { .dir = p->audit, .ledger_bytes = 512 << 10 };

	for (unsigned i = 0; i < n; i++) {
		struct err err = { 0 };
		enum kept kept;

		assert_int_equal(put(p, &keeping, FOR_INFORMATION, &kept, &err), 0);
	}
	return keeping;
}

static size_t count(const struct place *p, uint64_t *first)
{
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int fd = place_auditfd(p);
	struct err err = { 0 };

	assert_int_equal(survey_read(fd, &s, &err), 0);
	*first = s.n_segments > 0 ? s.segments[0] : 0;
	return s.n_segments;
}

static void lock(const struct place *p, struct ledger *l)
{
	struct err err = { 0 };

	assert_int_equal(ledger_open(p->audit, l, &err), 0);
	assert_int_equal(ledger_lock(l, SOON, &err), 0);
}

static void only_confirmed_segments_go(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	struct err err = { 0 };
	uint64_t first;
	size_t n = 99, before;

	(void)fill(p, 20);
	before = count(p, &first);
	assert_true(before >= 5);
	assert_int_equal(first, 1);
	lock(p, &l);
	assert_int_equal(trim(&l, 0, &n, &err), 0);
	assert_int_equal(n, 0);
	l.head.confirmed.seq = 7;
	assert_int_equal(trim(&l, 0, &n, &err), 0);
	assert_true(n > 0 && n < before - 1);
	assert_int_equal(count(p, &first), before - n);
	assert_true(first > 1 && first <= 8);
	l.head.confirmed.seq = l.head.last.seq;
	assert_int_equal(trim(&l, 0, &n, &err), 0);
	assert_int_equal(count(p, &first), 1); /* the last one stays, whatever it holds */
	assert_int_equal(err.class, ERR_NONE);
}

static void no_more_goes_than_has_to(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	struct err err = { 0 };
	uint64_t first, bytes;
	size_t n;

	(void)fill(p, 20);
	lock(p, &l);
	l.head.confirmed.seq = l.head.last.seq;
	bytes = l.head.bytes;
	assert_int_equal(trim(&l, bytes, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(trim(&l, bytes - 1, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_true(l.head.bytes < bytes);
	(void)count(p, &first);
}

static void what_is_left_says_where_it_begins(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	const struct view *hash;
	struct err err = { 0 };
	char prev[SHA256_HEX];
	uint64_t first, size, seq;
	size_t n;

	(void)fill(p, 20);
	lock(p, &l);
	l.head.confirmed.seq = 12;
	assert_int_equal(trim(&l, 0, &n, &err), 0);
	assert_true(n > 0);
	(void)count(p, &first);
	assert_int_equal(segment_open(l.dirfd, first, O_RDONLY, &fd, &size, &err), 0);
	assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
	assert_int_equal(cursor_next(c, &err), 1);
	memcpy(prev, c->entry.prev, sizeof(prev));
	closep(&fd);
	cursor_free(&c);
	assert_int_equal(segment_open(l.dirfd, l.head.last.segment, O_RDONLY, &fd, &size, &err), 0);
	assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
	while (cursor_next(c, &err) > 0 && !entry_is(&c->entry, "COAMING_REASON", "ledger-trim"))
		;
	assert_true(entry_get_u64(&c->entry, "COAMING_TRIM_SEQ", &seq));
	assert_int_equal(seq, first - 1);
	hash = entry_get(&c->entry, "COAMING_TRIM_HASH");
	assert_non_null(hash);
	assert_memory_equal(hash->value, prev, hash->len);
}

/* The bound of the ledger counts as a full disk does, and what refuses it is told once. */
static void the_ladder(void **state)
{
	struct place *p = *state;
	struct keeping keeping = {
		.dir = p->audit,
		.ledger_bytes = 512 << 10,
		.space_left = { 300 << 10, KEEP_WARN },
		.admin_space_left = { 100 << 10, KEEP_REFUSE },
	};
	unsigned accepted = 0, warned = 0;
	struct err err = { 0 };
	enum kept kept;
	int r;

	while ((r = put(p, &keeping, FOR_START, &kept, &err)) == 0 && accepted < 30) {
		warned += strstr(err.text, "\"spaceLeft\"") != NULL;
		err_clear(&err);
		accepted++;
	}
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(err.text, "\"adminSpaceLeft\""));
	assert_in_range(accepted, 11, 15); /* of 30 KB each in 412 KiB */
	assert_in_range(warned, 5, 8);
	err_clear(&err);
	assert_int_equal(put(p, &keeping, FOR_REFUSAL, &kept, &err), 0);
	assert_int_equal(kept, KEPT_LEDGER);
	err_clear(&err);
	keeping.admin_space_left.action = KEEP_CONTINUE;
	assert_int_equal(put(p, &keeping, FOR_START, &kept, &err), 0);
}

struct tells {
	unsigned low, lower, enough;
};

static void the_steps_are_told_once(void **state)
{
	struct place *p = *state;
	struct keeping keeping = { .dir = p->audit, .ledger_bytes = 10 << 20 };
	const struct keep_step steps[] = { { 1 << 20, KEEP_CONTINUE },
					   { 11 << 20, KEEP_CONTINUE } };
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1, dirfd = -1;
	struct tells t = { 0 };
	struct err err = { 0 };
	uint64_t size;
	enum kept kept;

	/* Enough, little for two records, and enough again. */
	for (int i = 0; i < 4; i++) {
		keeping.space_left = steps[i == 1 || i == 2];
		assert_int_equal(put(p, &keeping, FOR_START, &kept, &err), 0);
		err_clear(&err);
	}
	dirfd = place_auditfd(p);
	assert_int_equal(survey_read(dirfd, &s, &err), 0);
	assert_int_equal(s.n_segments, 1);
	assert_int_equal(segment_open(dirfd, 1, O_RDONLY, &fd, &size, &err), 0);
	assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
	while (cursor_next(c, &err) > 0) {
		t.low += entry_is(&c->entry, "COAMING_REASON", "space-left");
		t.lower += entry_is(&c->entry, "COAMING_REASON", "admin-space-left");
		t.enough += entry_is(&c->entry, "COAMING_REASON", "space-enough");
	}
	assert_int_equal(t.low, 1);
	assert_int_equal(t.lower, 0);
	assert_int_equal(t.enough, 1);
}

/* What the disk does when it fails, by what the administrator said. */
static void a_failing_disk(void **state)
{
	struct place *p = *state;
	struct keeping keeping = { .dir = p->audit };
	struct err err = { 0 };
	enum kept kept;
	int fd = open(p->audit, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	place_listen(p);
	assert_true(put(p, &keeping, FOR_START, &kept, &err) < 0);
	assert_int_equal(kept, KEPT_NOWHERE); /* and the journal has no admission either */
	assert_non_null(strstr(err.text, "\"diskError\""));
	assert_int_equal(recv(p->listener, &fd, sizeof(fd), MSG_DONTWAIT), -1);
	err_clear(&err);
	keeping.disk_error = KEEP_WARN;
	assert_int_equal(put(p, &keeping, FOR_START, &kept, &err), 0);
	assert_int_equal(kept, KEPT_JOURNAL_ONLY);
	assert_int_not_equal(err.class, ERR_NONE);
	err_clear(&err);
	keeping.disk_error = KEEP_CONTINUE;
	assert_int_equal(put(p, &keeping, FOR_START, &kept, &err), 0);
	assert_int_equal(kept, KEPT_JOURNAL_ONLY);
	assert_int_equal(err.class, ERR_NONE);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_confirmed_segments_go),        TEST(no_more_goes_than_has_to),
		TEST(what_is_left_says_where_it_begins), TEST(the_ladder),
		TEST(the_steps_are_told_once),           TEST(a_failing_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
