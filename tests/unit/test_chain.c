/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/chain.c and the readers: a ledger that was cut at any byte and went on says how much is
 * missing, to the number; records in any order and from any source make the same chain.
 */
#include "tests/unit/place.h"

#include "audit/chain.h"
#include "audit/first_key.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/strv.h"

static void keep(const struct place *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		_cleanup_record_ struct record r = { 0 };
		struct err err = { 0 };
		enum kept kept;

		assert_int_equal(record_start(&r, EVENT_ADMIT, &err), 0);
		assert_int_equal(record_addf(&r, &err, "CONTAINER_NAME", "c%u", i), 0);
		assert_int_equal(place_keep(p, &r, false, &kept, &err), 0);
	}
}

struct result {
	size_t n[FINDING_KINDS_]; /* that are no notes */
	size_t notes, hosts;
	uint64_t near_from, near_to; /* of interest; how many findings begin there: */
	size_t near;
	struct finding last;
	struct chain_summary summary;
};

static int note_finding(void *arg, const struct finding *f, struct err *err)
{
	struct result *r = arg;

	(void)err;
	if (f->is_note) {
		r->notes++;
		return 0;
	}
	r->n[f->kind]++;
	r->near += f->from == 0 || (f->from >= r->near_from && f->from <= r->near_to);
	r->last = *f;
	return 0;
}

static int note_host(void *arg, const struct chain_summary *summary, struct err *err)
{
	struct result *r = arg;

	(void)err;
	r->hosts++;
	r->summary = *summary;
	return 0;
}

static int feed(void *arg, const struct sighting *s, struct err *err)
{
	return chains_feed(arg, s, err);
}

static int feed_again(void *arg, const struct sighting *s, struct err *err)
{
	return chains_again(arg, s, err);
}

static struct result verify(const char *audit_dir, const struct key *keys, size_t n_keys)
{
	_cleanup_chains_ struct chains *c = NULL;
	struct result r = { .near_from = 4, .near_to = 5 };
	struct err err = { 0 };

	assert_int_equal(chains_new(keys, n_keys, NULL, 0, note_finding, &r, &c, &err), 0);
	assert_int_equal(sight_ledger(audit_dir, feed, c, &err), 0);
	while (chains_wants_again(c))
		assert_int_equal(sight_ledger(audit_dir, feed_again, c, &err), 0);
	assert_int_equal(chains_end(c, note_host, &err), 0);
	return r;
}

static size_t errors(const struct result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < FINDING_KINDS_; i++)
		n += r->n[i];
	return n;
}

static void a_whole_ledger(void **state)
{
	struct place *p = *state;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	struct result r;
	struct key key;
	char **ids = NULL;
	size_t n = 0;

	keep(p, 50);
	r = verify(p->audit, NULL, 0);
	assert_int_equal(errors(&r), 0);
	assert_int_equal(r.hosts, 1);
	assert_int_equal(r.summary.last, 51);
	assert_int_equal(r.summary.keyed, 51);
	assert_int_equal(r.summary.proven, 0);
	fd = place_auditfd(p);
	assert_int_equal(first_key_list(fd, &ids, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(first_key_read(fd, ids[0], &key, &err), 0);
	strv_free(&ids, &n);
	r = verify(p->audit, &key, 1);
	assert_int_equal(errors(&r), 0);
	assert_int_equal(r.summary.proven, 51);
	key.bytes[7] ^= 1;
	r = verify(p->audit, &key, 1);
	assert_int_equal(errors(&r), 0); /* another host's key accuses nobody */
	assert_int_equal(r.notes, 51);
}

struct copy {
	char *segment, *head;
	size_t segment_len, head_len;
};

static void read_one(int dirfd, const char *name, char **text, size_t *len)
{
	struct err err = { 0 };

	assert_int_equal(file_read(dirfd, name, 1 << 20, text, len, &err), 0);
}

static void write_one(int dirfd, const char *name, const char *text, size_t len)
{
	struct err err = { 0 };

	assert_int_equal(
		file_write_atomic(dirfd, name, text, len, 0600, (uid_t)-1, (gid_t)-1, false, &err),
		0);
}

/* Begin with that ledger, cut there, and that head. */
static void put_back(const struct place *p, const struct copy *c, size_t cut)
{
	_cleanup_close_ int fd = place_auditfd(p);
	_cleanup_survey_ struct survey s = { 0 };
	char name[SEGMENT_NAME_MAX];
	struct err err = { 0 };

	assert_int_equal(survey_read(fd, &s, &err), 0);
	for (size_t i = 0; i < s.n_segments; i++)
		assert_int_equal(unlinkat(fd, segment_name(name, s.segments[i]), 0), 0);
	write_one(fd, segment_name(name, 1), c->segment, cut);
	write_one(fd, HEAD_NAME, c->head, c->head_len);
}

/*
 * Three records, of which the first is on the disk for sure: cut anywhere after it. With the head
 * of after the third two records at most are missing and told; with an older one nobody knows of
 * them, and nothing is held against what is there.
 */
static void cut_at_every_byte(const struct place *p, bool head_is_newer)
{
	_cleanup_close_ int fd = -1;
	char name[SEGMENT_NAME_MAX];
	struct copy c = { 0 };
	size_t sure, ignored;
	char *text = NULL;

	keep(p, 3);
	fd = place_auditfd(p);
	read_one(fd, segment_name(name, 1), &text, &sure);
	free(text);
	read_one(fd, HEAD_NAME, &c.head, &c.head_len);
	keep(p, 2);
	read_one(fd, segment_name(name, 1), &c.segment, &c.segment_len);
	if (head_is_newer) {
		free(c.head);
		read_one(fd, HEAD_NAME, &c.head, &c.head_len);
	}
	for (size_t cut = sure; cut < c.segment_len; cut++) {
		struct result r;

		put_back(p, &c, cut);
		keep(p, 1);
		r = verify(p->audit, NULL, 0);
		ignored = r.n[FOUND_GAP];
		if (errors(&r) != ignored)
			fail_msg("cut at %zu: %s %llu %s", cut, finding_kind_name(r.last.kind),
				 (unsigned long long)r.last.from, r.last.text);
		assert_int_equal(r.summary.missing, 0);
		if (head_is_newer)
			assert_in_range(r.summary.told, 1, 2);
		assert_int_equal(r.summary.records, r.summary.last - r.summary.told);
	}
	free(c.segment);
	free(c.head);
}

static void the_power_fails_and_the_head_came_through(void **state)
{
	cut_at_every_byte(*state, true);
}

static void the_power_fails_and_the_head_did_not(void **state)
{
	cut_at_every_byte(*state, false);
}

/* All the ledger's bytes as one text. */
static char *read_ledger(const struct place *p, size_t *len)
{
	_cleanup_close_ int fd = place_auditfd(p);
	char name[SEGMENT_NAME_MAX];
	char *text = NULL;

	read_one(fd, segment_name(name, 1), &text, len);
	return text;
}

static struct result verify_text(const struct place *p, const char *text, size_t len)
{
	_cleanup_chains_ struct chains *c = NULL;
	_cleanup_close_ int dir = place_auditfd(p), fd = -1;
	struct result r = { 0 };
	struct err err = { 0 };

	write_one(dir, "export", text, len);
	fd = openat(dir, "export", O_RDONLY | O_CLOEXEC);
	assert_int_equal(chains_new(NULL, 0, NULL, 0, note_finding, &r, &c, &err), 0);
	assert_int_equal(sight_export(fd, "export", feed, c, &err), 0);
	while (chains_wants_again(c)) {
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(sight_export(fd, "export", feed_again, c, &err), 0);
	}
	assert_int_equal(chains_end(c, note_host, &err), 0);
	return r;
}

/* Every record before the one that it follows: as many runs as records, joined at the end. */
static void the_order_of_an_export_does_not_matter(void **state)
{
	struct place *p = *state;
	_cleanup_free_ struct entry *e = malloc(sizeof(*e));
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf turned = { 0 };
	size_t starts[64], len, n = 0;
	struct result r;

	assert_non_null(e);
	keep(p, 60);
	text = read_ledger(p, &len);
	for (size_t at = 0; at < len; at += e->size) {
		assert_int_equal(entry_parse(text + at, len - at, e), ENTRY_WHOLE);
		starts[n++] = at;
	}
	assert_int_equal(n, 61);
	for (size_t i = n; i > 0; i--)
		buf_add(&turned, text + starts[i - 1], (i < n ? starts[i] : len) - starts[i - 1]);
	r = verify_text(p, turned.data, turned.len);
	assert_int_equal(errors(&r), 0);
	assert_int_equal(r.summary.last, 61);
	/* And with all of it once more in order. */
	buf_add(&turned, text, len);
	r = verify_text(p, turned.data, turned.len);
	assert_int_equal(errors(&r), 0);
	assert_int_equal(r.summary.records, 122);
}

/* Each byte of a record, changed: it is always found, and never in another record than its own or
 * the next. */
static void every_changed_byte_is_found(void **state)
{
	struct place *p = *state;
	_cleanup_free_ struct entry *e = malloc(sizeof(*e));
	_cleanup_free_ char *text = NULL;
	size_t len, from = 0;

	assert_non_null(e);
	keep(p, 5);
	text = read_ledger(p, &len);
	for (unsigned i = 0; i < 3; i++) { /* to the fourth record */
		assert_int_equal(entry_parse(text + from, len - from, e), ENTRY_WHOLE);
		from += e->size;
	}
	assert_int_equal(entry_parse(text + from, len - from, e), ENTRY_WHOLE);
	for (size_t i = from; i < from + e->size; i++) {
		_cleanup_close_ int fd = place_auditfd(p);
		char name[SEGMENT_NAME_MAX];
		struct result r;

		text[i] ^= 1;
		write_one(fd, segment_name(name, 1), text, len);
		r = verify(p->audit, NULL, 0);
		text[i] ^= 1;
		/* Without a key the code is nobody's to check. */
		if (memmem(text + i, from + e->size - i, "COAMING_MAC", 11) == NULL)
			continue;
		if (errors(&r) == 0)
			fail_msg("byte %zu of the record is changed and not found", i - from);
		if (r.near == 0)
			fail_msg("byte %zu: found at %llu", i - from,
				 (unsigned long long)r.last.from);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_whole_ledger),
		TEST(the_power_fails_and_the_head_came_through),
		TEST(the_power_fails_and_the_head_did_not),
		TEST(the_order_of_an_export_does_not_matter),
		TEST(every_changed_byte_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
