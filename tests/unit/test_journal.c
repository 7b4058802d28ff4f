/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/journal.c on real sockets: what is sent arrives whole, and nothing ever waits.
 */
#include "tests/unit/place.h"

#include <signal.h>
#include "audit/journal.h"

static const char entry[] = "MESSAGE\n\2\0\0\0\0\0\0\0hi\n";

static void an_entry_arrives(void **state)
{
	struct place *p = *state;
	_cleanup_journal_ struct journal j = { .fd = -1 };
	struct err err = { 0 };
	char got[100];
	uint64_t id;

	place_listen(p);
	assert_int_equal(journal_open(p->socket, &j, &id, &err), 0);
	assert_int_not_equal(id, 0);
	assert_int_equal(journal_send(&j, entry, sizeof(entry) - 1, &err), 0);
	assert_int_equal(place_receive(p, got, sizeof(got)), sizeof(entry) - 1);
	assert_memory_equal(got, entry, sizeof(entry) - 1);
}

static void a_large_entry_arrives_sealed(void **state)
{
	struct place *p = *state;
	_cleanup_journal_ struct journal j = { .fd = -1 };
	size_t len = (size_t)2 << 20;
	char *big = malloc(len), *got = malloc(len + 1);
	struct err err = { 0 };
	uint64_t id;

	assert_non_null(big);
	for (size_t i = 0; i < len; i++)
		big[i] = (char)(i * 7);
	place_listen(p);
	assert_int_equal(journal_open(p->socket, &j, &id, &err), 0);
	assert_int_equal(journal_send(&j, big, len, &err), 0);
	assert_int_equal(place_receive(p, got, len + 1), len); /* looks at the seals */
	assert_memory_equal(got, big, len);
	free(big);
	free(got);
}

static void a_new_socket_has_a_new_id(void **state)
{
	struct place *p = *state;
	uint64_t id[3];

	for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
		_cleanup_journal_ struct journal j = { .fd = -1 };

		if (i != 1)
			place_listen(p);
		assert_int_equal(journal_open(p->socket, &j, &id[i], NULL), 0);
	}
	assert_int_equal(id[0], id[1]);
	assert_int_not_equal(id[1], id[2]);
}

static void no_journal_is_said(void **state)
{
	struct place *p = *state;
	_cleanup_journal_ struct journal j = { .fd = -1 };
	struct err err = { 0 };
	uint64_t id = 1;

	assert_int_equal(journal_open(p->socket, &j, &id, &err), -ENOENT);
	assert_int_equal(id, 0);
	assert_non_null(strstr(err.text, p->socket));
	err_clear(&err);
	assert_int_equal(journal_send(&j, entry, sizeof(entry) - 1, &err), -ENOTCONN);
}

static void a_dead_journal_is_said(void **state)
{
	struct place *p = *state;
	_cleanup_journal_ struct journal j = { .fd = -1 };
	struct err err = { 0 };
	uint64_t id;

	place_listen(p);
	assert_int_equal(journal_open(p->socket, &j, &id, &err), 0);
	close(p->listener);
	p->listener = -1;
	assert_int_equal(journal_send(&j, entry, sizeof(entry) - 1, &err), -ECONNREFUSED);
	assert_int_equal(err.class, ERR_SYSTEM);
}

/* An alarm ends the test where a send would wait. */
static void a_full_queue_is_said(void **state)
{
	struct place *p = *state;
	_cleanup_journal_ struct journal j = { .fd = -1 };
	struct err err = { 0 };
	int r = 0, sent = 0;
	uint64_t id;

	place_listen(p);
	assert_int_equal(journal_open(p->socket, &j, &id, &err), 0);
	(void)alarm(20);
	while (r == 0 && sent < 100000) {
		r = journal_send(&j, entry, sizeof(entry) - 1, &err);
		sent += r == 0;
	}
	(void)alarm(0);
	assert_int_equal(r, -EAGAIN);
	assert_true(sent > 0);
}

static void a_long_path_is_refused(void **state)
{
	char path[200];
	_cleanup_journal_ struct journal j = { .fd = -1 };
	struct err err = { 0 };

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	j.path = path;
	j.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(journal_send(&j, entry, sizeof(entry) - 1, &err), -ENAMETOOLONG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_arrives),          TEST(a_large_entry_arrives_sealed),
		TEST(a_new_socket_has_a_new_id), TEST(no_journal_is_said),
		TEST(a_dead_journal_is_said),    TEST(a_full_queue_is_said),
		TEST(a_long_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
