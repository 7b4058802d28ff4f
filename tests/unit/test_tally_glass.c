/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/tally_glass.c: break-glass from the records of its opening and its end.
 */
#include "audit/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "audit/stamp.h"

#define MINUTE UINT64_C(60000000)
#define UNTIL  (100 * MINUTE)

struct said {
	const char *id, *verb;
};

static void say(void *arg, enum tally_text which, char *out, size_t size)
{
	const struct said *said = arg;
	char stamp[STAMP_SIZE];
	const char *const texts[TALLY_TEXTS_] = {
		[TALLY_REASON] = said->verb,
		[TALLY_GLASS_ID] = said->id,
		[TALLY_GLASS_UNTIL] = stamp_format(stamp, UNTIL),
		[TALLY_GLASS_MATCH] = "tier=web",
		[TALLY_GLASS_WHO] = "login uid 1000",
		[TALLY_GLASS_REASON] = "a: b",
		[TALLY_CURSOR] = "cursor",
	};

	(void)snprintf(out, size, "%s", texts[which] ? texts[which] : "");
}

static void add(struct tally *t, uint32_t host, const char *id, const char *verb, uint64_t usec)
{
	struct said said = { id, verb };
	const struct tally_record r = {
		.event = EVENT_POLICY, .break_glass = true, .usec = usec, .text = say, .arg = &said
	};
	struct err err = { 0 };

	assert_int_equal(tally_glass(t, &r, host, &err), 0);
}

static void ends_meet(void **state)
{
	struct tally t = { .options.since_usec = 50 * MINUTE };

	(void)state;
	add(&t, 1, "aa", "break-glass-opened", 10 * MINUTE);
	add(&t, 2, "aa", "break-glass-expired", 101 * MINUTE);
	add(&t, 1, "aa", "break-glass-ended", 20 * MINUTE);
	add(&t, 2, "aa", "break-glass-opened", 40 * MINUTE);
	add(&t, 1, "bb", "break-glass-opened", 45 * MINUTE);
	assert_int_equal(t.n_glasses, 3);
	assert_int_equal(t.glasses[0].ended_usec, 20 * MINUTE);
	assert_false(t.glasses[0].expired);
	assert_false(tally_glass_counts(&t, &t.glasses[0])); /* over before the period */
	assert_int_equal(t.glasses[1].opened_usec, 40 * MINUTE);
	assert_true(t.glasses[1].expired);
	assert_true(tally_glass_counts(&t, &t.glasses[1]));
	assert_int_equal(t.glasses[2].ended_usec, 0);
	assert_int_equal(t.glasses[2].until_usec, UNTIL);
	assert_true(tally_glass_counts(&t, &t.glasses[2])); /* nobody said that it ended */
	assert_string_equal(t.glasses[2].reason, "a: b");
	assert_string_equal(t.glasses[2].match, "tier=web");
	tally_glasses_done(&t);
}

static void is_bounded(void **state)
{
	struct tally t = { 0 };

	(void)state;
	for (unsigned i = 0; i < TALLY_GLASSES_MAX + 2; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "%x", i);
		add(&t, 0, id, "break-glass-opened", MINUTE);
	}
	assert_int_equal(t.n_glasses, TALLY_GLASSES_MAX);
	assert_int_equal(t.glasses_omitted, 2);
	add(&t, 0, "0", "break-glass-ended", 2 * MINUTE);
	assert_int_equal(t.glasses_omitted, 2);
	assert_int_equal(t.glasses[0].ended_usec, 2 * MINUTE);
	tally_glasses_done(&t);
}

static void other_records_are_none(void **state)
{
	struct said said = { "aa", "trimmed" };
	const struct tally_record policy = { .event = EVENT_POLICY, .text = say, .arg = &said },
				  admit = { .event = EVENT_ADMIT,
					    .break_glass = true,
					    .text = say,
					    .arg = &said };
	struct tally t = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(tally_glass(&t, &policy, 0, &err), 0);
	assert_int_equal(tally_glass(&t, &admit, 0, &err), 0);
	assert_int_equal(t.n_glasses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_meet),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(other_records_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
