/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/selector.c: what Kubernetes' LabelSelector means, and what is none.
 *
 * Source: Kubernetes API, LabelSelector and LabelSelectorRequirement
 */
#include "profiles/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse(const char *text, struct selector *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "s.json", text, strlen(text), err);

	return r < 0 ? r : selector_parse(doc, doc_root(doc), ret, err);
}

/* "a=1 b=2" */
static void labels_of(struct labels *labels, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	struct err err = { 0 };
	char *rest = copy;

	assert_non_null(copy);
	for (char *item = strsep(&rest, " "); item && *item; item = strsep(&rest, " ")) {
		char *value = item + strcspn(item, "=");

		*value++ = '\0';
		assert_int_equal(labels_set(labels, item, value, LABEL_FROM_ANNOTATION, NULL, &err),
				 0);
	}
}

#define E(key, op) "{\"matchExpressions\": [{\"key\": \"" key "\", \"operator\": \"" op "\"}]}"
#define EV(key, op, values)                                                                        \
	"{\"matchExpressions\": [{\"key\": \"" key "\", \"operator\": \"" op                       \
	"\", \"values\": [" values "]}]}"
#define L(members) "{\"matchLabels\": {" members "}}"

static const struct {
	const char *selector, *labels;
	bool matches;
} meaning[] = {
	/* Nothing is demanded: everything fits. */
	{ "{}", "", true },
	{ "{}", "a=1", true },
	{ L(""), "a=1", true },
	{ "{\"matchExpressions\": []}", "", true },
	/* matchLabels: the value, exactly. */
	{ L("\"a\": \"1\""), "a=1", true },
	{ L("\"a\": \"1\""), "a=1 b=2", true },
	{ L("\"a\": \"1\""), "a=2", false },
	{ L("\"a\": \"1\""), "a=11", false },
	{ L("\"a\": \"1\""), "a=", false },
	{ L("\"a\": \"1\""), "", false },
	{ L("\"a\": \"1\""), "b=1", false },
	{ L("\"a\": \"1\""), "A=1", false },
	{ L("\"a\": \"x\""), "a=X", false },
	{ L("\"a\": \"\""), "a=", true },
	{ L("\"a\": \"\""), "", false }, /* empty is not absent */
	{ L("\"a\": \"*\""), "a=1", false },
	{ L("\"a\": \"*\""), "a=*", true },
	{ L("\"a\": \"1\", \"b\": \"2\""), "a=1", false },
	{ L("\"a\": \"1\", \"b\": \"2\""), "a=1 b=2 c=3", true },
	/* In */
	{ EV("a", "In", "\"1\", \"2\""), "a=1", true },
	{ EV("a", "In", "\"1\", \"2\""), "a=2", true },
	{ EV("a", "In", "\"1\", \"2\""), "a=3", false },
	{ EV("a", "In", "\"1\", \"2\""), "a=1,2", false },
	{ EV("a", "In", "\"1\", \"1\""), "a=1", true },
	{ EV("a", "In", "\"1\""), "", false },
	{ EV("a", "In", "\"1\""), "b=1", false },
	/* NotIn holds where the key is absent. */
	{ EV("a", "NotIn", "\"1\", \"2\""), "a=1", false },
	{ EV("a", "NotIn", "\"1\", \"2\""), "a=2", false },
	{ EV("a", "NotIn", "\"1\", \"2\""), "a=3", true },
	{ EV("a", "NotIn", "\"1\""), "a=", true },
	{ EV("a", "NotIn", "\"1\""), "", true },
	{ EV("a", "NotIn", "\"1\""), "b=1", true },
	{ EV("a", "NotIn", "\"\""), "a=", false },
	{ EV("a", "NotIn", "\"\""), "", true },
	/* Exists, DoesNotExist: whatever the value. */
	{ E("a", "Exists"), "a=1", true },
	{ E("a", "Exists"), "a=", true },
	{ E("a", "Exists"), "", false },
	{ E("a", "Exists"), "ab=1", false },
	{ E("a", "DoesNotExist"), "a=1", false },
	{ E("a", "DoesNotExist"), "a=", false },
	{ E("a", "DoesNotExist"), "", true },
	{ E("a", "DoesNotExist"), "b=1", true },
	{ EV("a", "Exists", ""), "a=1", true },
	{ EV("a", "DoesNotExist", ""), "a=1", false },
	/* All must hold, also those on one key. */
	{ "{\"matchLabels\": {\"a\": \"1\"}, \"matchExpressions\": [{\"key\": \"b\","
	  " \"operator\": \"Exists\"}]}",
	  "a=1", false },
	{ "{\"matchLabels\": {\"a\": \"1\"}, \"matchExpressions\": [{\"key\": \"b\","
	  " \"operator\": \"Exists\"}]}",
	  "b=1", false },
	{ "{\"matchLabels\": {\"a\": \"1\"}, \"matchExpressions\": [{\"key\": \"b\","
	  " \"operator\": \"Exists\"}]}",
	  "a=1 b=1", true },
	{ "{\"matchLabels\": {\"a\": \"1\"}, \"matchExpressions\": [{\"key\": \"a\","
	  " \"operator\": \"NotIn\", \"values\": [\"1\"]}]}",
	  "a=1", false },
	{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"In\", \"values\": [\"1\","
	  " \"2\"]}, {\"key\": \"a\", \"operator\": \"NotIn\", \"values\": [\"2\"]}]}",
	  "a=1", true },
	{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"In\", \"values\": [\"1\","
	  " \"2\"]}, {\"key\": \"a\", \"operator\": \"NotIn\", \"values\": [\"2\"]}]}",
	  "a=2", false },
	/* Keys and values are data: no pattern, no path, no escape. */
	{ L("\"a.b/c\": \"\\n\""), "a.b/c=\n", true },
	{ L("\"a\": \"\\u00e9\""), "a=\xc3\xa9", true },
	{ L("\"\": \"1\""), "=1", true },
};

static bool fits(const struct selector *selector, const struct labels *labels)
{
	const struct match match = { .present = true,
				     .selector = *selector,
				     .sources = LABEL_SOURCES_TRUSTED };

	return match_fits(&match, &(struct metadata){ labels, NULL });
}

static void test_meaning(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(meaning); i++) {
		struct selector selector = { 0 };
		struct labels labels = { 0 };
		struct err err = { 0 };

		if (parse(meaning[i].selector, &selector, &err) < 0)
			fail_msg("%s: %s", meaning[i].selector, err.text);
		labels_of(&labels, meaning[i].labels);
		if (fits(&selector, &labels) != meaning[i].matches)
			fail_msg("%s on %s: not %d", meaning[i].selector, meaning[i].labels,
				 meaning[i].matches);
		labels_done(&labels);
		selector_done(&selector);
		assert_int_equal(selector.n, 0);
	}
}

/* NotIn is In's opposite, DoesNotExist that of Exists, whatever the labels. */
static void test_opposites(void **state)
{
	static const char *const labels_texts[] = {
		"", "a=", "a=1", "a=2", "a=3", "b=1", "a=1 b=1"
	};
	static const char *const pairs[][2] = {
		{ EV("a", "In", "\"1\""), EV("a", "NotIn", "\"1\"") },
		{ EV("a", "In", "\"1\", \"2\""), EV("a", "NotIn", "\"1\", \"2\"") },
		{ EV("b", "In", "\"\""), EV("b", "NotIn", "\"\"") },
		{ E("a", "Exists"), E("a", "DoesNotExist") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs) * ARRAY_SIZE(labels_texts); i++) {
		const char *const *pair = pairs[i % ARRAY_SIZE(pairs)];
		struct selector a = { 0 }, b = { 0 };
		struct labels labels = { 0 };
		struct err err = { 0 };

		assert_int_equal(parse(pair[0], &a, &err), 0);
		assert_int_equal(parse(pair[1], &b, &err), 0);
		labels_of(&labels, labels_texts[i / ARRAY_SIZE(pairs)]);
		assert_int_not_equal(fits(&a, &labels), fits(&b, &labels));
		labels_done(&labels);
		selector_done(&a);
		selector_done(&b);
	}
}

#define X(members) "{\"matchExpressions\": [{" members "}]}"

static const struct {
	const char *text, *sentence;
} bad[] = {
	{ "[]", "s.json:1:1: expected an object, not an array" },
	{ "null", "s.json:1:1: expected an object, not null" },
	{ "{\"matchlabels\": {}}",
	  "s.json:1:2: unknown key \"matchlabels\" (did you mean \"matchLabels\"?)" },
	{ "{\"app\": \"web\"}", "s.json:1:2: unknown key \"app\"" },
	{ "{\"matchLabels\": [\"a\"]}",
	  "s.json:1:17: \"matchLabels\": expected an object, not an array" },
	{ "{\"matchLabels\": null}", "s.json:1:17: \"matchLabels\": expected an object, not null" },
	{ "{\"matchLabels\": {\"a\": 1}}", "s.json:1:23: \"a\": expected a string, not a number" },
	{ "{\"matchLabels\": {\"a\": true}}",
	  "s.json:1:23: \"a\": expected a string, not a boolean" },
	{ "{\"matchLabels\": {\"a\": [\"1\"]}}",
	  "s.json:1:23: \"a\": expected a string, not an array" },
	{ "{\"matchLabels\": {\"a\": \"1\", \"a\": \"2\"}}",
	  "s.json:1:28: key \"a\" stands twice in one object" },
	{ "{\"matchExpressions\": {}}",
	  "s.json:1:22: \"matchExpressions\": expected an array, not an object" },
	{ "{\"matchExpressions\": null}",
	  "s.json:1:22: \"matchExpressions\": expected an array, not null" },
	{ "{\"matchExpressions\": [\"a\"]}",
	  "s.json:1:23: an element of \"matchExpressions\": expected an object, not a string" },
	{ X(""), "s.json:1:23: an expression needs \"key\" and \"operator\"" },
	{ X("\"key\": \"a\""), "s.json:1:23: an expression needs \"key\" and \"operator\"" },
	{ X("\"operator\": \"Exists\""),
	  "s.json:1:23: an expression needs \"key\" and \"operator\"" },
	{ X("\"key\": 1, \"operator\": \"Exists\""),
	  "s.json:1:31: \"key\": expected a string, not a number" },
	{ X("\"key\": \"a\", \"operator\": null"),
	  "s.json:1:48: \"operator\": expected a string, not null" },
	{ X("\"key\": \"a\", \"op\": \"Exists\""), "s.json:1:36: unknown key \"op\"" },
	{ X("\"key\": \"a\", \"operator\": \"Exists\", \"value\": []"),
	  "s.json:1:58: unknown key \"value\" (did you mean \"values\"?)" },
	{ X("\"key\": \"a\", \"operator\": \"in\", \"values\": [\"1\"]"),
	  "s.json:1:48: unknown operator \"in\": expected In, NotIn, Exists or DoesNotExist "
	  "(did you mean In?)" },
	{ X("\"key\": \"a\", \"operator\": \"DoesNotExists\""),
	  "s.json:1:48: unknown operator \"DoesNotExists\": expected In, NotIn, Exists or "
	  "DoesNotExist (did you mean DoesNotExist?)" },
	{ X("\"key\": \"a\", \"operator\": \"Gt\", \"values\": [\"1\"]"),
	  "s.json:1:48: unknown operator \"Gt\": expected In, NotIn, Exists or DoesNotExist" },
	{ X("\"key\": \"a\", \"operator\": \"In\""),
	  "s.json:1:23: operator In needs at least one of \"values\"" },
	{ X("\"key\": \"a\", \"operator\": \"NotIn\", \"values\": []"),
	  "s.json:1:23: operator NotIn needs at least one of \"values\"" },
	{ X("\"key\": \"a\", \"operator\": \"Exists\", \"values\": [\"1\"]"),
	  "s.json:1:58: operator Exists takes no \"values\"" },
	{ X("\"key\": \"a\", \"operator\": \"DoesNotExist\", \"values\": [\"1\"]"),
	  "s.json:1:64: operator DoesNotExist takes no \"values\"" },
	{ X("\"key\": \"a\", \"operator\": \"In\", \"values\": \"1\""),
	  "s.json:1:64: \"values\": expected an array, not a string" },
	{ X("\"key\": \"a\", \"operator\": \"In\", \"values\": [\"1\", 2]"),
	  "s.json:1:70: an element of \"values\": expected a string, not a number" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct selector selector = { 0 };
		struct err err = { 0 };

		if (parse(bad[i].text, &selector, &err) >= 0)
			fail_msg("%s is accepted", bad[i].text);
		assert_int_equal(err.class, ERR_INPUT);
		assert_int_equal(selector.n, 0); /* nothing half done */
		if (!streq(err.text, bad[i].sentence))
			fail_msg("%s:\n  said   %s\n  wanted %s", bad[i].text, err.text,
				 bad[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_opposites),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
