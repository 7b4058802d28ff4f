/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/when.c: the words that journalctl takes mean here what they mean there.
 */
#include "cli/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

#define SEC ((uint64_t)1000000)
/* 2026-11-23 11:18:46.5 UTC, a Monday. */
#define NOW (1795432726 * SEC + 500000)

static uint64_t when(const char *text)
{
	struct err err = { 0 };
	uint64_t usec = 0;

	assert_int_equal(when_parse(text, NOW, &usec, &err), 0);
	return usec;
}

static void spans_are_counted_from_now(void **state)
{
	assert_int_equal(when("now"), NOW);
	assert_int_equal(when("-1h"), NOW - 3600 * SEC);
	assert_int_equal(when("-1 hour"), NOW - 3600 * SEC);
	assert_int_equal(when("2 hours ago"), NOW - 7200 * SEC);
	assert_int_equal(when("2h ago"), NOW - 7200 * SEC);
	assert_int_equal(when("1h30min ago"), NOW - 5400 * SEC);
	assert_int_equal(when("1h 30min ago"), NOW - 5400 * SEC);
	assert_int_equal(when("+5min"), NOW + 300 * SEC);
	assert_int_equal(when("-5m"), NOW - 300 * SEC);
	assert_int_equal(when("-3 days"), NOW - 259200 * SEC);
	assert_int_equal(when("1 week ago"), NOW - 604800 * SEC);
	assert_int_equal(when("500ms ago"), NOW - 500000);
	assert_int_equal(when("-1M"), NOW - 2629800 * SEC);
	assert_int_equal(when("1 year ago"), NOW - 31557600 * SEC);
	assert_int_equal(when("100 years ago"), 0); /* before 1970 is since ever */
}

static void dates_are_local_or_utc(void **state)
{
	assert_int_equal(when("@1795432726"), 1795432726 * SEC);
	assert_int_equal(when("2026-11-23 11:18:46 UTC"), 1795432726 * SEC);
	assert_int_equal(when("2026-11-23 11:18:46.25 UTC"), 1795432726 * SEC + 250000);
	assert_int_equal(when("2026-11-23T11:18:46 UTC"), 1795432726 * SEC);
	assert_int_equal(when("2026-11-23 UTC"), 1795392000 * SEC);
	assert_int_equal(when("today UTC"), 1795392000 * SEC);
	assert_int_equal(when("yesterday UTC"), 1795392000 * SEC - 86400 * SEC);
	assert_int_equal(when("tomorrow UTC"), 1795392000 * SEC + 86400 * SEC);
	assert_int_equal(when("10:00 UTC"), 1795392000 * SEC + 36000 * SEC);
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_int_equal(when("2026-11-23 12:18:46"), 1795432726 * SEC);
	assert_int_equal(when("2026-07-01 02:00"), when("2026-07-01 00:00 UTC"));
	assert_int_equal(when("today"), 1795392000 * SEC - 3600 * SEC);
	/* The clocks were put back on October 25th: that day had 25 hours. */
	assert_int_equal(when("2026-10-26") - when("2026-10-25"), 90000 * SEC);
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"soon",
		"-",
		"-1",
		"5 parsecs ago",
		"-1h x",
		"2026-13-01",
		"2026-11-32",
		"2026-11-23 25:00",
		"2026-11-23 10:60",
		"2026-11-23x",
		"@",
		"@x",
		"10:00:60",
		"today noon",
		"99999999999999999 years ago",
		"-999999999999999y",
		"2026-11-23 10:00:00 PST",
		"1969-01-01",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };
		uint64_t usec;

		assert_int_equal(when_parse(bad[i], NOW, &usec, &err), -EINVAL);
		assert_int_equal(err.class, ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_counted_from_now),
		cmocka_unit_test(dates_are_local_or_utc),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
