/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts that have a grammar of their own: addresses, sizes, points in time, paths, numbers,
 * names.
 */
#include <time.h>

#include "cli/options.h"
#include "cli/when.h"
#include "profiles/profile.h"
#include "tests/fuzz/fuzz.h"

#define NOW_USEC UINT64_C(1795432726000000)

static void check_cidr(const char *text)
{
	char first[CIDR_TEXT_MAX], second[CIDR_TEXT_MAX];
	struct cidr cidr = { 0 }, again = { 0 };

	if (cidr_parse(text, &cidr) < 0)
		return;
	must(cidr_parse(cidr_format(first, &cidr), &again) == 0);
	must(streq(first, cidr_format(second, &again)));
	must(cidr_contains(&cidr, &again) && cidr_contains(&again, &cidr));
}

static void check_when(const char *text)
{
	struct err err = { 0 };
	uint64_t usec = 0;
	int r = when_parse(text, NOW_USEC, &usec, &err);

	if (r < 0)
		must_tell(r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	struct err err = { 0 };
	char quoted[QUOTE_MAX];
	uint64_t v = 0;

	must(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_cidr(text);
	check_when(text);
	if (size_parse(text, &v) == 0)
		must(text[0] >= '0' && text[0] <= '9');
	if (option_number("n", text, 1000, &v, &err) == 0)
		must(v >= 1 && v <= 1000);
	if (path_is_normal(text))
		must(text[0] == '/' && text[1] && !strstr(text, "//") && !strstr(text, "/../"));
	must(!profile_name_is_valid(text) || strlen(text) <= PROFILE_NAME_MAX);
	must(strlen(quote(quoted, (const char *)data, size)) < QUOTE_MAX);
	for (const char *s = quoted; *s; s++)
		must(*s >= 0x20 && *s < 0x7f);
	return 0;
}
