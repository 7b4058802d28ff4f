/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/break_glass.c: what is one, how long it holds, and for whom; profiles/selector_text.c:
 * kubectl's selectors.
 *
 * Source: coaming-break-glass(1); kubectl-get(1), --selector
 */
#include "profiles/break_glass.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/selector_text.h"
#include "tests/unit/alloc.h"

#define BOOT   "0123456789abcdef0123456789abcdef"
#define MINUTE UINT64_C(60000000)
/* An hour, opened at 1000 minutes of the clock and 10 of the boot. */
#define FROM 1000 * MINUTE
#define UP   10 * MINUTE

static const char good[] =
	"{\"id\": \"4f2a91c3\", \"bootId\": \"" BOOT "\", \"fromUsec\": 60000000000,"
	" \"fromBootUsec\": 600000000, \"untilUsec\": 63600000000, \"untilBootUsec\": 4200000000,"
	" \"reason\": \"disk \\u001b[31m full\", \"who\": \"root\", \"match\": \"tier=web,!x\"}";

static int parse(const char *text, struct break_glass *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "g.json", text, strlen(text), err);

	return r < 0 ? r : break_glass_parse(doc, ret, err);
}

static struct break_glass parsed(void)
{
	struct break_glass glass = { 0 };
	struct err err = { 0 };

	if (parse(good, &glass, &err) < 0)
		fail_msg("%s", err.text);
	return glass;
}

static void test_written_and_read(void **state)
{
	_cleanup_break_glass_ struct break_glass a = parsed(), b = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };

	break_glass_write(&a, &text);
	assert_int_equal(parse(text.data, &b, &err), 0);
	assert_string_equal(b.id, "4f2a91c3");
	assert_string_equal(b.reason, "disk \x1b[31m full");
	assert_string_equal(b.who, "root");
	assert_string_equal(b.match, "tier=web,!x");
	assert_int_equal(b.selector.n, 2);
	assert_string_equal(b.from.boot_id, BOOT);
	assert_true(b.from.realtime_usec == FROM && b.from.boot_usec == UP);
	assert_true(b.until_realtime_usec == FROM + 60 * MINUTE);
	assert_true(b.until_boot_usec == UP + 60 * MINUTE);
}

/* The good one with one text in the place of another. */
static const struct {
	const char *from, *to, *sentence;
} bad[] = {
	{ "\"id\": \"4f2a91c3\", ", "", "g.json: \"id\" is missing" },
	{ "4f2a91c3", "4f2a91c", "g.json: \"id\" or \"bootId\" is none" },
	{ "4f2a91c3", "4f2a91cX", "g.json: \"id\" or \"bootId\" is none" },
	{ "4f2a91c3", "4f2a91c34", "g.json:1:8: \"id\" is longer than 8 bytes" },
	{ BOOT, "00000000000000000000000000000000", "g.json: \"id\" or \"bootId\" is none" },
	{ "\"who\": \"root\"", "\"who\": 0",
	  "g.json:1:214: \"who\": expected a string, not a number" },
	{ "\"who\"", "\"whom\"", "g.json:1:207: unknown key \"whom\" (did you mean \"who\"?)" },
	{ "\"who\": \"root\"", "\"id\": \"4f2a91c3\"",
	  "g.json:1:207: key \"id\" stands twice in one object" },
	{ "63600000000", "60000000000", "g.json: its times are no span of at most 1440 minutes" },
	{ "63600000000", "59999999999", "g.json: its times are no span of at most 1440 minutes" },
	{ "63600000000", "146400000001", "g.json: its times are no span of at most 1440 minutes" },
	{ "4200000000", "600000000", "g.json: its times are no span of at most 1440 minutes" },
	{ "4200000000", "87000000001", "g.json: its times are no span of at most 1440 minutes" },
	/* A minute each, of which one ends beyond what can be printed. */
	{ "60000000000, \"fromBootUsec\": 600000000, \"untilUsec\": 63600000000",
	  "253402300798999999, \"fromBootUsec\": 600000000, \"untilUsec\": 253402300799000001",
	  "g.json: its times are no span of at most 1440 minutes" },
	{ "4200000000", "-1", NULL },
	{ "4200000000", "1e9", NULL },
	{ "tier=web,!x", "tier=", NULL },
	{ "tier=web,!x", "=",
	  "\"=\" is no selector (\"tier=web\", \"tier in (a,b)\", \"tier\", \"!tier\", with commas "
	  "between them)" },
};

static void replace(const char *from, const char *to, char out[1024])
{
	const char *at = strstr(good, from);

	assert_non_null(at);
	(void)snprintf(out, 1024, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct break_glass glass = { 0 };
		struct err err = { 0 };
		char text[1024];
		int r;

		replace(bad[i].from, bad[i].to, text);
		r = parse(text, &glass, &err);
		if (r >= 0 || err.class != ERR_INPUT || glass.id)
			fail_msg("%s: taken", text);
		if (bad[i].sentence && !streq(err.text, bad[i].sentence))
			fail_msg("%s:\n  said   %s\n  wanted %s", text, err.text, bad[i].sentence);
	}
}

/* Does one of these minutes by either clock hold when it begins, where an hour is allowed? */
static bool spans_hold(struct break_glass *glass, uint64_t realtime, uint64_t boot)
{
	glass->until_realtime_usec = glass->from.realtime_usec + realtime * MINUTE;
	glass->until_boot_usec = glass->from.boot_usec + boot * MINUTE;
	return break_glass_holds(glass, &glass->from, 60);
}

static void test_holds(void **state)
{
	static const struct {
		const char *boot_id;
		uint64_t realtime, boot, max;
		bool holds;
	} rows[] = {
		{ BOOT, FROM, UP, 240, true },
		{ BOOT, FROM + 60 * MINUTE - 1, UP + 60 * MINUTE - 1, 240, true },
		{ BOOT, FROM + 30 * MINUTE, UP + 30 * MINUTE, 60, true },
		/* Either clock ends it. */
		{ BOOT, FROM + 60 * MINUTE, UP + 30 * MINUTE, 240, false },
		{ BOOT, FROM + 30 * MINUTE, UP + 60 * MINUTE, 240, false },
		/* The clock set back by a day prolongs nothing, and shortens nothing. */
		{ BOOT, FROM - 900 * MINUTE, UP + 60 * MINUTE, 240, false },
		{ BOOT, FROM - 900 * MINUTE, UP + 59 * MINUTE, 240, true },
		{ BOOT, 0, UP + 61 * MINUTE, 240, false },
		/* Set forward. */
		{ BOOT, FROM + 9000 * MINUTE, UP + 1 * MINUTE, 240, false },
		/* A boot clock cannot run backwards. */
		{ BOOT, FROM, UP - 1, 240, false },
		/* Another boot, or one that is not known. */
		{ "1123456789abcdef0123456789abcdef", FROM, UP, 240, false },
		{ "00000000000000000000000000000000", FROM, UP, 240, false },
		{ "", FROM, UP, 240, false },
		/* The host allows less by now, or none. */
		{ BOOT, FROM, UP, 59, false },
		{ BOOT, FROM, UP, 0, false },
	};
	_cleanup_break_glass_ struct break_glass glass = parsed();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct break_glass_time now = { rows[i].realtime, rows[i].boot, "" };

		(void)snprintf(now.boot_id, sizeof(now.boot_id), "%s", rows[i].boot_id);
		if (break_glass_holds(&glass, &now, rows[i].max) != rows[i].holds)
			fail_msg("row %zu: not %d", i, rows[i].holds);
	}
	/* The host's bound is for either clock. */
	assert_true(spans_hold(&glass, 60, 60));
	assert_false(spans_hold(&glass, 61, 60));
	assert_false(spans_hold(&glass, 60, 61));
	/* Where the kernel tells no boot, two are not the same one. */
	memset(glass.from.boot_id, '0', BREAK_GLASS_BOOT_ID_LEN);
	assert_false(spans_hold(&glass, 60, 60));
	/* Nothing holds in an empty one. */
	assert_false(break_glass_holds(&(struct break_glass){ 0 }, &(struct break_glass_time){ 0 },
				       240));
}

static bool covers(const char *match, const char *key, const char *value, enum label_source source)
{
	struct break_glass glass = { 0 };
	struct labels labels = { 0 };
	struct err err = { 0 };
	bool covered;

	assert_int_equal(selector_parse_text(match, &glass.selector, &err), 0);
	assert_int_equal(labels_set(&labels, key, value, source, NULL, &err), 0);
	covered = break_glass_covers(&glass, &labels);
	labels_done(&labels);
	break_glass_done(&glass);
	return covered;
}

static void test_covers(void **state)
{
	assert_true(covers("", "a", "1", LABEL_FROM_IMAGE));
	assert_true(covers("tier=web", "tier", "web", LABEL_FROM_ANNOTATION));
	assert_true(covers("tier=web", "tier", "web", LABEL_FROM_ENGINE));
	assert_true(covers("tier", "tier", "", LABEL_FROM_ENGINE));
	assert_true(covers("!tier", "a", "1", LABEL_FROM_ENGINE));
	assert_false(covers("!tier", "tier", "web", LABEL_FROM_ENGINE));
	assert_false(covers("tier notin (web)", "tier", "web", LABEL_FROM_ENGINE));
	/* What an image says of itself gets it nothing. */
	assert_false(covers("tier=web", "tier", "web", LABEL_FROM_IMAGE));
	assert_false(covers("tier in (web,db)", "tier", "web", LABEL_FROM_IMAGE));
	assert_false(covers("tier", "tier", "web", LABEL_FROM_IMAGE));
}

/* Each as kubectl takes it, and as it is described. */
static const struct {
	const char *text, *described;
} selectors[] = {
	{ "", "" },
	{ "tier=web", "tier=web" },
	{ "tier==web", "tier=web" },
	{ " tier = web ", "tier=web" },
	{ "tier!=web", "tier notin (web)" },
	{ "tier in (web,db)", "tier in (web,db)" },
	{ "tier in ( web , db )", "tier in (web,db)" },
	{ "tier notin (web)", "tier notin (web)" },
	{ "tier", "tier" },
	{ "!tier", "!tier" },
	{ "a/b.c-d=1, !x ,y in (1,2),z", "a/b.c-d=1;!x;y in (1,2);z" },
};
static const char *const no_selectors[] = {
	"=",       ",",       "a,",        ",a",  "a,,b",     "!",      "a=",  "a!=", "a in",
	"a in ()", "a in (b", "a notin b", "a b", "a on (b)", "in (a)", "(a)", "a>1",
};

static void test_selector_text(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		struct selector selector = { 0 };
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };

		if (selector_parse_text(selectors[i].text, &selector, &err) < 0)
			fail_msg("%s: %s", selectors[i].text, err.text);
		for (size_t k = 0; k < selector.n; k++) {
			buf_adds(&out, k ? ";" : "");
			requirement_describe(&selector.v[k], &out);
		}
		if (!streq(out.data ? out.data : "", selectors[i].described))
			fail_msg("%s: %s", selectors[i].text, out.data);
		selector_done(&selector);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_selectors); i++) {
		struct selector selector = { 0 };
		struct err err = { 0 };

		if (selector_parse_text(no_selectors[i], &selector, &err) >= 0)
			fail_msg("%s: taken", no_selectors[i]);
		assert_int_equal(err.class, ERR_INPUT);
		assert_int_equal(selector.n, 0);
	}
}

static void test_selector_text_bound(void **state)
{
	struct selector selector = { 0 };
	struct err err = { 0 };
	char text[SELECTOR_TEXT_MAX + 2];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(selector_parse_text(text, &selector, &err), -E2BIG);
}

static int once(void *arg, struct err *err)
{
	_cleanup_break_glass_ struct break_glass glass = { 0 };

	return parse(good, &glass, err);
}

static void test_memory(void **state)
{
	assert_true(alloc_fail_each(once, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_selector_text),
		cmocka_unit_test(test_selector_text_bound),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
