/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/record.c, stamp.c and entry.c: limits are kept and told, and what goes in comes out, byte
 * for byte, whatever the bytes are.
 */
#include "audit/entry.h"
#include "audit/record.h"
#include "audit/stamp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <syslog.h>
#include <time.h>
#include <cmocka.h>

#define SEED 20261123

static void every_event_has_its_words(void **state)
{
	for (size_t i = 0; i < EVENTS_; i++) {
		enum event e;

		assert_int_equal(strlen(event_message_id((enum event)i)), 32);
		assert_true(event_from_name(event_name((enum event)i), &e));
		assert_int_equal(e, i);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(event_message_id((enum event)i),
						event_message_id((enum event)j));
	}
	assert_int_equal(event_priority(EVENT_DENY), LOG_CRIT);
	assert_int_equal(event_priority(EVENT_GAP), LOG_CRIT);
	assert_int_equal(event_priority(EVENT_DRIFT), LOG_CRIT);
	assert_int_equal(event_priority(EVENT_ADMIT), LOG_NOTICE);
}

static void stamps_are_what_libc_says(void **state)
{
	unsigned seed = SEED;

	for (int i = 0; i < 20000; i++) {
		uint64_t usec = ((uint64_t)rand_r(&seed) << 24 ^ (uint64_t)rand_r(&seed)) %
				((uint64_t)253402300799 * 1000000);
		time_t t = (time_t)(usec / 1000000);
		char stamp[STAMP_SIZE], expected[64];
		uint64_t back;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		stamp_format(stamp, usec);
		assert_int_equal(strlen(stamp), STAMP_SIZE - 1);
		assert_memory_equal(stamp, expected, 19);
		assert_int_equal(stamp_parse(stamp, strlen(stamp), &back), 0);
		assert_int_equal(back, usec);
	}
}

static void no_other_text_is_a_stamp(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-11-23T11:18:46Z",
		"2026-13-23T11:18:46.123456Z",
		"2026-00-23T11:18:46.123456Z",
		"2026-11-32T11:18:46.123456Z",
		"2026-11-23T24:18:46.123456Z",
		"2026-11-23T11:60:46.123456Z",
		"2026-11-23T11:18:60.123456Z",
		"2026-11-23 11:18:46.123456Z",
		"2026-11-23T11:18:46.12345xZ",
		"1969-11-23T11:18:46.123456Z",
		"2026-11-23T11:18:46.123456Z ",
	};
	uint64_t usec;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(stamp_parse(bad[i], strlen(bad[i]), &usec), -EINVAL);
}

static void a_record_begins_with_what_all_have(void **state)
{
	static const char *const names[] = {
		"MESSAGE_ID",     "PRIORITY",        "SYSLOG_IDENTIFIER",
		"COAMING_SCHEMA", "COAMING_EVENT",   "COAMING_VERSION",
		"COAMING_TIME",   "COAMING_BOOT_ID", "COAMING_MONOTONIC_USEC",
	};
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };

	assert_int_equal(record_start(&r, EVENT_DENY, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(record_get(&r, names[i]));
	assert_string_equal(record_get(&r, "COAMING_EVENT"), "deny");
	assert_string_equal(record_get(&r, "PRIORITY"), "2");
	assert_int_equal(strlen(record_get(&r, "COAMING_BOOT_ID")), 32);
}

static void only_legal_names_are_taken(void **state)
{
	static const char *const bad[] = {
		"",
		"lower",
		"9DIGIT",
		"_UNDERSCORE",
		"HAS-DASH",
		"HAS SPACE",
		"A\nB",
		"A=B",
		"A2345678901234567890123456789012345678901234567890123456789012345",
		"COAMING_SEQ",
		"COAMING_PREV",
		"COAMING_HASH",
		"COAMING_MAC",
		"COAMING_KEY_EPOCH",
		"COAMING_UNCHAINED",
		"COAMING_SPOOL",
	};
	_cleanup_record_ struct record r = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(record_add(&r, bad[i], "x", &err), -EINVAL);
		assert_int_equal(err.class, ERR_SYSTEM);
	}
	assert_int_equal(r.n, 0);
	assert_int_equal(
		record_add(&r, "A234567890123456789012345678901234567890123456789012345678901234",
			   "x", NULL),
		0);
}

static void an_equal_field_is_added_once(void **state)
{
	_cleanup_record_ struct record r = { 0 };

	assert_int_equal(record_add(&r, "COAMING_PROFILE", "web", NULL), 0);
	assert_int_equal(record_add(&r, "COAMING_PROFILE", "db", NULL), 0);
	assert_int_equal(record_add(&r, "COAMING_PROFILE", "web", NULL), 0);
	assert_int_equal(r.n, 2);
}

static void a_long_value_is_cut_and_told(void **state)
{
	_cleanup_record_ struct record r = { 0 };
	_cleanup_free_ char *big = malloc(FIELD_VALUE_MAX + 1);
	const char *value;

	assert_non_null(big);
	memset(big, 'x', FIELD_VALUE_MAX + 1);
	assert_int_equal(record_addn(&r, "FITS", big, FIELD_VALUE_MAX, NULL), 0);
	assert_null(record_get(&r, "COAMING_TRUNCATED"));
	assert_int_equal(record_addn(&r, "BIG", big, FIELD_VALUE_MAX + 1, NULL), 0);
	assert_int_equal(record_addn(&r, "BIG", big, FIELD_VALUE_MAX + 1, NULL), 0);
	value = record_get(&r, "BIG");
	assert_int_equal(strlen(value), FIELD_VALUE_MAX);
	assert_string_equal(value + FIELD_VALUE_MAX - 4, "x...");
	assert_string_equal(record_get(&r, "COAMING_TRUNCATED"), "BIG");
}

static void too_many_fields_are_counted(void **state)
{
	_cleanup_record_ struct record r = { 0 };

	for (int i = 0; i < 2000; i++)
		assert_int_equal(record_addf(&r, NULL, "COAMING_CHANGE", "%d", i), 0);
	assert_true(r.n <= RECORD_FIELDS_MAX);
	assert_int_equal(strtoul(record_get(&r, "COAMING_OMITTED"), NULL, 10), 2000 - (r.n - 1));
}

static void too_many_bytes_are_counted(void **state)
{
	_cleanup_record_ struct record r = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	char hash[SHA256_HEX];
	struct entry *e = malloc(sizeof(*e));

	assert_int_equal(record_start(&r, EVENT_ADMIT, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(record_addf(&r, NULL, "BIG", "%070000d", i), 0);
	assert_non_null(record_get(&r, "COAMING_OMITTED"));
	assert_int_equal(entry_write(&out, &r,
				     &(struct chain_link){ .seq = 1, .prev = entry_hash_none },
				     NULL, hash, NULL),
			 0);
	assert_true(out.len <= ENTRY_BYTES_MAX);
	assert_int_equal(entry_parse(out.data, out.len, e), ENTRY_WHOLE);
	free(e);
}

static void fill_random(struct record *r, unsigned *seed)
{
	static const char *const names[] = { "CONTAINER_NAME", "COAMING_LABEL", "A", "MESSAGE_B",
					     "COAMING_REASON" };
	unsigned n = (unsigned)rand_r(seed) % 30;

	assert_int_equal(record_start(r, (enum event)(rand_r(seed) % EVENTS_), NULL), 0);
	for (unsigned i = 0; i < n; i++) {
		char value[300];
		size_t len = (size_t)rand_r(seed) % (i % 5 ? 20 : sizeof(value));

		for (size_t j = 0; j < len; j++)
			value[j] = (char)(rand_r(seed) % 3 ? rand_r(seed) % 256 : '\n');
		assert_int_equal(record_addn(r, names[(unsigned)rand_r(seed) % ARRAY_SIZE(names)],
					     value, len, NULL),
				 0);
	}
}

static void assert_same(const struct record *r, const struct entry *e)
{
	assert_int_equal(e->n, r->n + 3); /* SEQ, PREV, HASH */
	for (size_t i = 0; i < r->n; i++) {
		const struct field *f = &r->fields[i];
		bool found = false;

		for (size_t j = 0; j < e->n && !found; j++) {
			const struct view *v = &e->fields[j];

			found = v->name_len == strlen(f->name) && v->len == f->len &&
				memcmp(v->name, f->name, v->name_len) == 0 &&
				memcmp(v->value, f->value, f->len) == 0;
		}
		assert_true(found);
	}
}

static void what_goes_in_comes_out(void **state)
{
	struct entry *e = malloc(sizeof(*e));
	unsigned seed = SEED;

	print_message("seed %u\n", seed);
	for (int i = 0; i < 2000; i++) {
		_cleanup_record_ struct record r = { 0 };
		_cleanup_buf_ struct buf out = { 0 };
		char hash[SHA256_HEX];

		fill_random(&r, &seed);
		assert_int_equal(
			entry_write(&out, &r,
				    &(struct chain_link){ .seq = 7, .prev = entry_hash_none }, NULL,
				    hash, NULL),
			0);
		assert_int_equal(entry_parse(out.data, out.len, e), ENTRY_WHOLE);
		assert_int_equal(e->size, out.len);
		assert_int_equal(e->seq, 7);
		assert_string_equal(e->hash, hash);
		assert_same(&r, e);
	}
	free(e);
}

/* A prefix is the beginning of a record, never one, and never read beyond (ASan sees that). */
static void no_prefix_is_a_record(void **state)
{
	struct entry *e = malloc(sizeof(*e));
	unsigned seed = SEED;
	_cleanup_record_ struct record r = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	char hash[SHA256_HEX];

	fill_random(&r, &seed);
	assert_int_equal(entry_write(&out, &r,
				     &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
				     NULL, hash, NULL),
			 0);
	for (size_t len = 0; len < out.len; len++) {
		char *copy = malloc(len + 1);

		memcpy(copy, out.data, len);
		assert_int_equal(entry_parse(copy, len, e), ENTRY_PARTIAL);
		free(copy);
	}
	free(e);
}

static void no_changed_byte_goes_unseen(void **state)
{
	struct entry *e = malloc(sizeof(*e));
	unsigned seed = SEED;
	_cleanup_record_ struct record r = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	char hash[SHA256_HEX];

	fill_random(&r, &seed);
	assert_int_equal(entry_write(&out, &r,
				     &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
				     NULL, hash, NULL),
			 0);
	for (size_t i = 0; i < out.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			out.data[i] = (char)(out.data[i] ^ (1 << bit));
			assert_int_not_equal(entry_parse(out.data, out.len, e), ENTRY_WHOLE);
			out.data[i] = (char)(out.data[i] ^ (1 << bit));
		}
	}
	free(e);
}

/* The fields' order is of no account: what journald gives back can be put into the same form. */
static void the_order_of_fields_does_not_change_the_hash(void **state)
{
	_cleanup_record_ struct record r = { 0 };
	_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
	char hash_a[SHA256_HEX], hash_b[SHA256_HEX];
	unsigned seed = SEED;

	fill_random(&r, &seed);
	assert_true(r.n > 9);
	assert_int_equal(entry_write(&a, &r,
				     &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
				     NULL, hash_a, NULL),
			 0);
	for (size_t i = 0; i < r.n / 2; i++) {
		struct field f = r.fields[i];

		r.fields[i] = r.fields[r.n - 1 - i];
		r.fields[r.n - 1 - i] = f;
	}
	assert_int_equal(entry_write(&b, &r,
				     &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
				     NULL, hash_b, NULL),
			 0);
	assert_string_equal(hash_a, hash_b);
}

static void a_record_that_was_not_started_is_refused(void **state)
{
	_cleanup_record_ struct record r = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	char hash[SHA256_HEX];

	assert_int_equal(record_add(&r, "MESSAGE", "x", NULL), 0);
	assert_int_equal(entry_write(&out, &r,
				     &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
				     NULL, hash, NULL),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_has_its_words),
		cmocka_unit_test(stamps_are_what_libc_says),
		cmocka_unit_test(no_other_text_is_a_stamp),
		cmocka_unit_test(a_record_begins_with_what_all_have),
		cmocka_unit_test(only_legal_names_are_taken),
		cmocka_unit_test(an_equal_field_is_added_once),
		cmocka_unit_test(a_long_value_is_cut_and_told),
		cmocka_unit_test(too_many_fields_are_counted),
		cmocka_unit_test(too_many_bytes_are_counted),
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(no_prefix_is_a_record),
		cmocka_unit_test(no_changed_byte_goes_unseen),
		cmocka_unit_test(the_order_of_fields_does_not_change_the_hash),
		cmocka_unit_test(a_record_that_was_not_started_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
