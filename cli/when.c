/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time as people write them.
 */
#include "cli/when.h"

#include <ctype.h>
#include <errno.h>
#include <time.h>

#define USEC_PER_SEC ((uint64_t)1000000)

/* The longest first of those that begin alike. */
static const struct {
	const char *name;
	uint64_t usec;
} units[] = {
	{ "usec", 1 },
	{ "us", 1 },
	{ "msec", 1000 },
	{ "ms", 1000 },
	{ "minutes", 60 * USEC_PER_SEC },
	{ "minute", 60 * USEC_PER_SEC },
	{ "min", 60 * USEC_PER_SEC },
	{ "months", 2629800 * USEC_PER_SEC }, /* 30.44 days, as systemd counts */
	{ "month", 2629800 * USEC_PER_SEC },
	{ "seconds", USEC_PER_SEC },
	{ "second", USEC_PER_SEC },
	{ "sec", USEC_PER_SEC },
	{ "hours", 3600 * USEC_PER_SEC },
	{ "hour", 3600 * USEC_PER_SEC },
	{ "hr", 3600 * USEC_PER_SEC },
	{ "days", 86400 * USEC_PER_SEC },
	{ "day", 86400 * USEC_PER_SEC },
	{ "weeks", 604800 * USEC_PER_SEC },
	{ "week", 604800 * USEC_PER_SEC },
	{ "years", 31557600 * USEC_PER_SEC }, /* 365.25 days */
	{ "year", 31557600 * USEC_PER_SEC },
	{ "s", USEC_PER_SEC },
	{ "m", 60 * USEC_PER_SEC },
	{ "h", 3600 * USEC_PER_SEC },
	{ "d", 86400 * USEC_PER_SEC },
	{ "w", 604800 * USEC_PER_SEC },
	{ "M", 2629800 * USEC_PER_SEC },
	{ "y", 31557600 * USEC_PER_SEC },
};

static const char *skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Digits; false where there are none or too many. */
static bool take_number(const char **p, uint64_t *ret)
{
	const char *start = *p;
	uint64_t n = 0;

	while (isdigit((unsigned char)**p) && *p - start < 15)
		n = n * 10 + (uint64_t)(*(*p)++ - '0');
	*ret = n;
	return *p > start && !isdigit((unsigned char)**p);
}

static uint64_t take_unit(const char **p)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name);

		if (!starts_with(*p, units[i].name) || isalpha((unsigned char)(*p)[len]))
			continue;
		*p += len;
		return units[i].usec;
	}
	return 0;
}

/* "1h 30min": a sum of numbers, each with its unit; *p then stands behind it. */
static bool take_span(const char **p, uint64_t *ret)
{
	uint64_t sum = 0;

	do {
		uint64_t n, unit, part;

		if (!take_number(p, &n))
			return false;
		*p = skip_spaces(*p);
		unit = take_unit(p);
		if (unit == 0 || __builtin_mul_overflow(n, unit, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
		*p = skip_spaces(*p);
	} while (isdigit((unsigned char)**p));
	*ret = sum;
	return true;
}

static bool parse_relative(const char *text, uint64_t now_usec, uint64_t *ret)
{
	bool before = *text == '-';
	uint64_t span;

	if (*text == '-' || *text == '+')
		text++;
	else
		before = false;
	text = skip_spaces(text);
	if (!take_span(&text, &span))
		return false;
	if (streq(text, "ago"))
		before = true;
	else if (*text != '\0')
		return false;
	if (before)
		*ret = span < now_usec ? now_usec - span : 0;
	else if (__builtin_add_overflow(now_usec, span, ret))
		return false;
	return true;
}

static bool take_date(const char **p, struct tm *tm)
{
	uint64_t year, month, day;
	const char *q = *p;

	if (!take_number(&q, &year) || *q++ != '-' || !take_number(&q, &month) || *q++ != '-' ||
	    !take_number(&q, &day))
		return false;
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	tm->tm_year = (int)year - 1900;
	tm->tm_mon = (int)month - 1;
	tm->tm_mday = (int)day;
	*p = q;
	return true;
}

/* "10:00", "10:00:30", "10:00:30.25" */
static bool take_clock(const char **p, struct tm *tm, uint64_t *ret_usec)
{
	uint64_t hour, minute, second = 0, scale = USEC_PER_SEC;

	if (!take_number(p, &hour) || **p != ':')
		return false;
	(*p)++;
	if (!take_number(p, &minute))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!take_number(p, &second))
			return false;
	}
	if (**p == '.')
		for ((*p)++; isdigit((unsigned char)**p); (*p)++) {
			scale /= 10;
			*ret_usec += (uint64_t)(**p - '0') * scale;
		}
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	tm->tm_hour = (int)hour;
	tm->tm_min = (int)minute;
	tm->tm_sec = (int)second;
	return true;
}

static bool take_word(const char **p, struct tm *tm)
{
	static const struct {
		const char *name;
		int days;
	} words[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!starts_with(*p, words[i].name))
			continue;
		*p += strlen(words[i].name);
		tm->tm_mday += words[i].days;
		return true;
	}
	return false;
}

/* A day, a time of day, or both. mktime() puts right what the words made of the day. */
static bool parse_absolute(const char *text, uint64_t now_usec, uint64_t *ret)
{
	time_t now = (time_t)(now_usec / USEC_PER_SEC), t;
	const char *utc = strstr(text, " UTC");
	bool is_utc = utc && utc[4] == '\0', has_day;
	uint64_t usec = 0;
	struct tm tm;

	if (!(is_utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	has_day = take_word(&text, &tm) || take_date(&text, &tm);
	if (has_day && (*text == ' ' || *text == 'T'))
		text++;
	if ((!has_day || isdigit((unsigned char)*text)) && !take_clock(&text, &tm, &usec))
		return false;
	if (!(*text == '\0' || (is_utc && (streq(text, " UTC") || streq(text, "UTC")))))
		return false;
	t = is_utc ? timegm(&tm) : mktime(&tm);
	if (t < 0)
		return false;
	*ret = (uint64_t)t * USEC_PER_SEC + usec;
	return true;
}

int when_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec, struct err *err)
{
	const char *p = text + 1;
	uint64_t sec;

	if (streq(text, "now")) {
		*ret_usec = now_usec;
		return 0;
	}
	if (*text == '@' && take_number(&p, &sec) && *p == '\0') {
		*ret_usec = sec * USEC_PER_SEC;
		return 0;
	}
	if (parse_relative(text, now_usec, ret_usec) || parse_absolute(text, now_usec, ret_usec))
		return 0;
	return err_input(err, EINVAL,
			 "%s is no time that is understood here (try \"2026-11-23 10:00:00\", "
			 "today, yesterday, -1h or \"2 hours ago\")",
			 Q(text));
}

bool when_span(const char *text, uint64_t *ret_usec)
{
	const char *p = text;
	uint64_t n;

	if (streq(text, "infinity")) {
		*ret_usec = UINT64_MAX;
		return true;
	}
	if (take_number(&p, &n) && *p == '\0')
		return !__builtin_mul_overflow(n, USEC_PER_SEC, ret_usec);
	p = text;
	if (!take_span(&p, &n) || *p != '\0')
		return false;
	*ret_usec = n;
	return true;
}
