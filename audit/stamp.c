/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time as text, by the proleptic Gregorian calendar and without leap seconds, as POSIX
 * counts.
 */
#include "audit/stamp.h"

#include <errno.h>
#include <time.h>

#define USEC_PER_SEC ((uint64_t)1000000)
#define SEC_PER_DAY  ((uint64_t)86400)
/* 9999-12-31: the last year of four digits. */
#define DAYS_MAX ((uint64_t)2932896)

/* Where each number of the text stands; between them stands what `shape` has. */
static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";

/*
 * The year is counted from March, so that the leap day is its last: then the days before a month
 * follow one line, (153 m + 2) / 5, and 400 years always have 146097 days.
 */
static void civil_from_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
	uint64_t era = z / 146097, in_era = z % 146097;
	uint64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	uint64_t in_year = in_era - (365 * y + y / 4 - y / 100);
	uint64_t m = (5 * in_year + 2) / 153;

	*day = (unsigned)(in_year - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = (unsigned)(y + era * 400 + (*month <= 2));
}

static uint64_t days_from_civil(uint64_t year, uint64_t month, uint64_t day)
{
	uint64_t y = month <= 2 ? year - 1 : year;
	uint64_t m = month > 2 ? month - 3 : month + 9;
	uint64_t in_era = y % 400;

	return y / 400 * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + (153 * m + 2) / 5 +
	       day - 1 - 719468;
}

const char *stamp_format(char out[STAMP_SIZE], uint64_t usec)
{
	uint64_t sec = usec / USEC_PER_SEC, days = sec / SEC_PER_DAY;
	unsigned in_day = (unsigned)(sec % SEC_PER_DAY), year, month, day;

	civil_from_days(days > DAYS_MAX ? DAYS_MAX : days, &year, &month, &day);
	(void)snprintf(out, STAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year % 10000,
		       month % 100, day % 100, in_day / 3600, in_day / 60 % 60, in_day % 60,
		       (unsigned)(usec % USEC_PER_SEC));
	return out;
}

static uint64_t number(const char *text, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	return v;
}

int stamp_parse(const char *text, size_t len, uint64_t *ret_usec)
{
	uint64_t year, month, day, hour, minute, second;

	if (len != sizeof(shape) - 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return -EINVAL;
	year = number(text, 4);
	month = number(text + 5, 2);
	day = number(text + 8, 2);
	hour = number(text + 11, 2);
	minute = number(text + 14, 2);
	second = number(text + 17, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
	    minute > 59 || second > 59)
		return -EINVAL;
	*ret_usec =
		((days_from_civil(year, month, day) * 24 + hour) * 3600 + minute * 60 + second) *
			USEC_PER_SEC +
		number(text + 20, 6);
	return 0;
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(clock, &ts); /* cannot fail for these two clocks */
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t stamp_now(void)
{
	return now(CLOCK_REALTIME);
}

uint64_t stamp_now_monotonic(void)
{
	return now(CLOCK_MONOTONIC);
}
