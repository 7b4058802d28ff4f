/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/query.c on a real ledger. What the journal adds is tested with the real journald, in
 * tests/integration/journal.sh.
 */
#include "tests/unit/place.h"

#include "audit/evidence.h"
#include "audit/ledger.h"
#include "audit/query.h"
#include "audit/stamp.h"

static void keep(const struct place *p, enum event event, const char *name, const char *id,
		 const char *profile, const char *outcome)
{
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };
	enum kept kept;

	assert_int_equal(record_start(&r, event, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_NAME", name, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_ID_FULL", id, &err), 0);
	assert_int_equal(record_add(&r, "COAMING_PROFILE", "baseline", &err), 0);
	assert_int_equal(record_add(&r, "COAMING_PROFILE", profile, &err), 0);
	assert_int_equal(record_add(&r, "COAMING_OUTCOME", outcome, &err), 0);
	assert_int_equal(place_keep(p, &r, false, &kept, &err), 0);
}

static void keep_of_pod(const struct place *p, const char *name, const char *pod,
			const char *container)
{
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };
	enum kept kept;

	assert_int_equal(record_start(&r, EVENT_ADMIT, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_NAME", name, &err), 0);
	assert_int_equal(record_add(&r, "COAMING_POD_NAMESPACE", "prod", &err), 0);
	assert_int_equal(record_add(&r, "COAMING_POD", pod, &err), 0);
	if (container)
		assert_int_equal(record_add(&r, "COAMING_POD_CONTAINER", container, &err), 0);
	assert_int_equal(place_keep(p, &r, false, &kept, &err), 0);
}

struct seen {
	char names[512]; /* " web db" */
	enum trust trust;
	unsigned n;
	int answer;
};

static int see(void *arg, const struct found *found, struct err *err)
{
	const struct view *v = entry_get(found->entry, "CONTAINER_NAME");
	struct seen *seen = arg;
	size_t len = strlen(seen->names);

	seen->n++;
	seen->trust = found->trust;
	if (v)
		(void)snprintf(seen->names + len, sizeof(seen->names) - len, " %.*s", (int)v->len,
			       v->value);
	return seen->answer;
}

static const char *find(struct query *q, const struct place *p, struct seen *seen)
{
	struct query_notes notes;
	struct err err = { 0 };

	q->audit_dir = p->audit;
	q->without_journal = true;
	*seen = (struct seen){ 0 };
	assert_int_equal(query_run(q, see, seen, &notes, &err), 0);
	assert_int_equal(notes.damaged, 0);
	assert_int_equal(notes.broken, 0);
	return seen->names;
}

static void keep_three(const struct place *p)
{
	keep(p, EVENT_ADMIT, "web", "aabbcc0011", "pci", "accept");
	keep(p, EVENT_DENY, "db", "aadd22", "hipaa", "refuse");
	keep(p, EVENT_STOP, "web", "aabbcc0011", "pci", "stopped");
}

static void each_filter_finds_its_records(void **state)
{
	struct place *p = *state;
	struct seen seen;

	keep_three(p);
	assert_string_equal(find(&(struct query){ 0 }, p, &seen), " web db web");
	assert_int_equal(seen.n, 4); /* with the ledger's first */
	assert_string_equal(find(&(struct query){ .container = "web" }, p, &seen), " web web");
	assert_string_equal(find(&(struct query){ .container = "aad" }, p, &seen), " db");
	assert_string_equal(find(&(struct query){ .container = "aa" }, p, &seen), "");
	assert_string_equal(find(&(struct query){ .container = "we" }, p, &seen), "");
	assert_string_equal(find(&(struct query){ .profile = "hipaa" }, p, &seen), " db");
	assert_string_equal(find(&(struct query){ .profile = "baseline" }, p, &seen),
			    " web db web");
	assert_string_equal(find(&(struct query){ .outcome = "refuse" }, p, &seen), " db");
	assert_string_equal(find(&(struct query){ .event = "stop" }, p, &seen), " web");
	assert_string_equal(find(&(struct query){ .until_usec = 1 }, p, &seen), "");
	assert_string_equal(find(&(struct query){ .since_usec = stamp_now() + 1000000 }, p, &seen),
			    "");
	assert_string_equal(find(&(struct query){ .since_usec = stamp_now() - 60000000,
						  .until_usec = stamp_now() + 1 },
				 p, &seen),
			    " web db web");
}

static void pods_are_found_by_their_names(void **state)
{
	static const struct {
		const char *wanted, *names;
	} rows[] = {
		{ "prod/web-0", " web-0 shop side" },
		{ "prod/web-0/shop", " shop" },
		{ "prod/web-1/shop", " shop" },
		{ "prod/web", "" },
		{ "prod", "" },
		{ "prod/", "" },
		{ "prod/web-0/", "" },
		{ "prod/web-0/shop/", "" },
		{ "prod/web-0/shop/x", "" },
		{ "/web-0", "" },
		{ "test/web-0", "" },
		{ "shop", " shop shop" },
	};
	struct place *p = *state;
	struct seen seen;

	keep_of_pod(p, "web-0", "web-0", NULL);
	keep_of_pod(p, "shop", "web-0", "shop");
	keep_of_pod(p, "side", "web-0", "side");
	keep_of_pod(p, "shop", "web-1", "shop");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(find(&(struct query){ .container = rows[i].wanted }, p, &seen),
				    rows[i].names);
}

static void the_answer_of_the_callback_ends_it(void **state)
{
	struct place *p = *state;
	struct query q = { .audit_dir = p->audit, .without_journal = true };
	struct seen seen = { .answer = -ECANCELED };
	struct query_notes notes;

	keep_three(p);
	assert_int_equal(query_run(&q, see, &seen, &notes, NULL), -ECANCELED);
	assert_int_equal(seen.n, 1);
}

static void what_waits_is_shown_as_waiting(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { 0 };
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };
	struct seen seen;

	keep_three(p);
	assert_int_equal(record_start(&r, EVENT_DENY, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_NAME", "waits", &err), 0);
	assert_int_equal(ledger_open(p->audit, &l, &err), 0);
	assert_int_equal(ledger_spool(&l, &r, false, &err), 0);
	assert_string_equal(find(&(struct query){ 0 }, p, &seen), " web db web waits");
	assert_int_equal(seen.trust, TRUST_WAITING);
}

static void what_comes_later_is_found_once(void **state)
{
	struct place *p = *state;
	struct query q = { .audit_dir = p->audit, .without_journal = true };
	struct query_notes notes;
	struct err err = { 0 };
	struct seen seen = { 0 };

	keep_three(p);
	assert_int_equal(query_run(&q, see, &seen, &notes, &err), 0);
	seen = (struct seen){ 0 };
	assert_int_equal(query_tail(&q, &notes.end, see, &seen, &err), 0);
	assert_int_equal(seen.n, 0);
	keep(p, EVENT_ADMIT, "new", "112233", "pci", "accept");
	assert_int_equal(query_tail(&q, &notes.end, see, &seen, &err), 0);
	assert_string_equal(seen.names, " new");
	/* Into the next segment too: the head is lost and the last one torn. */
	{
		_cleanup_close_ int dirfd = place_auditfd(p), fd = -1;
		uint64_t size;

		assert_int_equal(segment_open(dirfd, 1, O_WRONLY | O_APPEND, &fd, &size, &err), 0);
		assert_int_equal(write(fd, ENTRY_START, 10), 10);
	}
	keep(p, EVENT_ADMIT, "newer", "112233", "pci", "accept");
	seen = (struct seen){ 0 };
	assert_int_equal(query_tail(&q, &notes.end, see, &seen, &err), 0);
	assert_string_equal(seen.names, " newer");
	assert_int_equal(seen.n, 2); /* with the gap */
}

static void what_was_altered_is_noted(void **state)
{
	struct place *p = *state;
	struct query q = { .audit_dir = p->audit, .without_journal = true };
	_cleanup_close_ int dirfd = -1, fd = -1;
	struct query_notes notes;
	struct err err = { 0 };
	struct seen seen = { 0 };
	uint64_t size;

	keep_three(p);
	dirfd = place_auditfd(p);
	assert_int_equal(segment_open(dirfd, 1, O_RDWR, &fd, &size, &err), 0);
	assert_int_equal(pwrite(fd, "#", 1, (off_t)size / 2), 1);
	assert_int_equal(query_run(&q, see, &seen, &notes, &err), 0);
	assert_int_equal(notes.damaged, 1);
}

/* What is left looks whole, but the head remembers more. */
static void what_was_cut_is_noted(void **state)
{
	struct place *p = *state;
	struct query q = { .audit_dir = p->audit, .without_journal = true };
	_cleanup_close_ int dirfd = -1, fd = -1;
	_cleanup_cursor_ struct cursor *c = NULL;
	struct query_notes notes;
	struct err err = { 0 };
	struct seen seen = { 0 };
	uint64_t size;

	keep_three(p);
	dirfd = place_auditfd(p);
	assert_int_equal(segment_open(dirfd, 1, O_RDWR, &fd, &size, &err), 0);
	assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
	assert_int_equal(cursor_next(c, &err), 1);
	assert_int_equal(ftruncate(fd, (off_t)c->at), 0);
	assert_int_equal(query_run(&q, see, &seen, &notes, &err), 0);
	assert_int_equal(notes.damaged, 1);
}

static void no_ledger_is_no_error(void **state)
{
	struct place *p = *state;
	struct seen seen;

	assert_string_equal(find(&(struct query){ 0 }, p, &seen), "");
	assert_int_equal(seen.n, 0);
}

static void a_ledger_that_others_may_write_is_refused(void **state)
{
	struct place *p = *state;
	struct query q = { .audit_dir = p->audit, .without_journal = true };
	struct query_notes notes;
	struct err err = { 0 };
	struct seen seen = { 0 };

	assert_int_equal(mkdir(p->audit, 0700), 0);
	assert_int_equal(chmod(p->audit, 0777), 0);
	assert_int_equal(query_run(&q, see, &seen, &notes, &err), -EPERM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_filter_finds_its_records),
		TEST(pods_are_found_by_their_names),
		TEST(the_answer_of_the_callback_ends_it),
		TEST(what_waits_is_shown_as_waiting),
		TEST(what_comes_later_is_found_once),
		TEST(what_was_altered_is_noted),
		TEST(what_was_cut_is_noted),
		TEST(no_ledger_is_no_error),
		TEST(a_ledger_that_others_may_write_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
