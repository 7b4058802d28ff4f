/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/region.c: selectors as sets of labels, held against selectors as they are, over every
 * set of labels that three keys and three values can make.
 */
#include "profiles/region.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/match.h"
#include "tests/unit/alloc.h"
#include "tests/unit/random.h"

static const char *const keys[] = { "a", "b", "c" };
static const char *const values[] = { "", "1", "2" };

/* Each key is missing or has one of the values. */
#define WORLDS 64

static void world(size_t number, struct labels *ret)
{
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++, number /= 4) {
		if (number % 4 < ARRAY_SIZE(values))
			assert_int_equal(labels_set(ret, keys[i], values[number % 4],
						    LABEL_FROM_ANNOTATION, NULL, &err),
					 0);
	}
}

static bool holds(const struct selector *selector, size_t number)
{
	struct labels labels = { 0 };
	bool answer;

	world(number, &labels);
	answer = selector_holds_trusted(selector, &(struct metadata){ .labels = &labels });
	labels_done(&labels);
	return answer;
}

static void parse(const char *text, struct selector *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "s", text, strlen(text), &err) < 0 ||
	    selector_parse(doc, doc_root(doc), ret, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

/* One to three expressions; values may come twice, and in any order. */
static void random_selector(uint64_t *seed, struct selector *ret)
{
	static const char *const ops[] = { "In", "NotIn", "Exists", "DoesNotExist" };
	_cleanup_buf_ struct buf text = { 0 };
	size_t n = random_below(seed, 4);

	buf_adds(&text, "{\"matchExpressions\": [");
	for (size_t i = 0; i < n; i++) {
		size_t op = random_below(seed, ARRAY_SIZE(ops));

		buf_addf(&text, "%s{\"key\": \"%s\", \"operator\": \"%s\"", i ? ", " : "",
			 keys[random_below(seed, ARRAY_SIZE(keys))], ops[op]);
		if (op < 2) {
			buf_addf(&text, ", \"values\": [\"%s\"",
				 values[random_below(seed, ARRAY_SIZE(values))]);
			if (random_below(seed, 2))
				buf_addf(&text, ", \"%s\"",
					 values[random_below(seed, ARRAY_SIZE(values))]);
			buf_addc(&text, ']');
		}
		buf_addc(&text, '}');
	}
	buf_adds(&text, "]}");
	assert_int_equal(buf_status(&text), 0);
	parse(text.data, ret);
}

static void text_of(const struct region *region, struct buf *out)
{
	struct emit e = EMIT(out);

	region_write(region, &e);
	assert_int_equal(buf_status(out), 0);
}

/* Is a set of labels in the region? By what the region writes, which is what others read. */
static void in_worlds(const struct region *region, bool ret[WORLDS])
{
	_cleanup_buf_ struct buf text = { 0 };
	struct selector selector = { 0 };

	if (region_is_nothing(region)) {
		memset(ret, 0, WORLDS);
		return;
	}
	text_of(region, &text);
	parse(text.data, &selector);
	for (size_t i = 0; i < WORLDS; i++)
		ret[i] = holds(&selector, i);
	selector_done(&selector);
}

static void test_means_the_same(void **state)
{
	uint64_t seed = random_seed();

	for (size_t i = 0; i < 2000; i++) {
		struct selector a = { 0 }, b = { 0 };
		_cleanup_region_ struct region region = { 0 }, other = { 0 };
		bool one[WORLDS], both[WORLDS], some = false;
		struct err err = { 0 };

		random_selector(&seed, &a);
		random_selector(&seed, &b);
		assert_int_equal(region_of(&a, &region, &err), 0);
		assert_int_equal(region_of(&b, &other, &err), 0);
		in_worlds(&region, one);
		assert_int_equal(region_meet(&region, &other, &err), 0);
		in_worlds(&region, both);
		for (size_t w = 0; w < WORLDS; w++) {
			assert_int_equal(one[w], holds(&a, w));
			assert_int_equal(both[w], holds(&a, w) && holds(&b, w));
			some = some || both[w];
		}
		/* Values that no world here has are possible too: only then may it be something. */
		if (some)
			assert_false(region_is_nothing(&region));
		selector_done(&a);
		selector_done(&b);
	}
}

/* Each set of labels that one of the selectors wants is in one part, which knows all of them. */
static void test_cells(void **state)
{
	uint64_t seed = random_seed();
	size_t parts = 0;

	for (size_t i = 0; i < 300; i++) {
		struct selector selectors[5] = { 0 };
		struct region regions[5] = { 0 };
		size_t n = random_below(&seed, 6), found[WORLDS] = { 0 };
		_cleanup_cells_ struct cells cells = { 0 };
		struct err err = { 0 };

		for (size_t s = 0; s < n; s++) {
			random_selector(&seed, &selectors[s]);
			assert_int_equal(region_of(&selectors[s], &regions[s], &err), 0);
		}
		assert_int_equal(region_cells(regions, n, 10000, &cells, &err), 0);
		for (size_t c = 0; c < cells.n; c++) {
			bool in[WORLDS];

			in_worlds(&cells.v[c].region, in);
			for (size_t w = 0; w < WORLDS; w++) {
				for (size_t s = 0; in[w] && s < n; s++)
					assert_int_equal(cells.v[c].in[s], holds(&selectors[s], w));
				found[w] += in[w];
			}
		}
		for (size_t w = 0; w < WORLDS; w++) {
			bool wanted = false;

			for (size_t s = 0; s < n; s++)
				wanted = wanted || holds(&selectors[s], w);
			assert_int_equal(found[w], wanted);
		}
		parts += cells.n;
		for (size_t s = 0; s < n; s++) {
			region_done(&regions[s]);
			selector_done(&selectors[s]);
		}
	}
	assert_true(parts > 1000);
}

/* However it was said, what means the same is written the same way. */
static void test_canonical(void **state)
{
	static const struct {
		const char *selector, *text;
	} rows[] = {
		{ "{}", "{}" },
		{ "{\"matchLabels\": {\"b\": \"2\", \"a\": \"1\"}}",
		  "{\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}}" },
		{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"In\", \"values\": "
		  "[\"1\", \"1\"]}, {\"key\": \"a\", \"operator\": \"Exists\"}]}",
		  "{\"matchLabels\":{\"a\":\"1\"}}" },
		{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"NotIn\", \"values\": "
		  "[\"2\", \"1\"]}, {\"key\": \"a\", \"operator\": \"NotIn\", \"values\": "
		  "[\"1\"]}]}",
		  "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"1\","
		  "\"2\"]}]}" },
		{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"NotIn\", \"values\": "
		  "[\"2\"]}, {\"key\": \"a\", \"operator\": \"Exists\"}]}",
		  "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"},{\"key\":\"a\","
		  "\"operator\":\"NotIn\",\"values\":[\"2\"]}]}" },
		{ "{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"NotIn\", \"values\": "
		  "[\"2\"]}, {\"key\": \"a\", \"operator\": \"DoesNotExist\"}]}",
		  "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"DoesNotExist\"}]}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_region_ struct region region = { 0 };
		_cleanup_buf_ struct buf text = { 0 };
		struct selector selector = { 0 };
		struct err err = { 0 };

		parse(rows[i].selector, &selector);
		assert_int_equal(region_of(&selector, &region, &err), 0);
		text_of(&region, &text);
		assert_string_equal(text.data, rows[i].text);
		selector_done(&selector);
	}
}

static void test_names(void **state)
{
	_cleanup_region_ struct region region = { 0 };
	struct selector selector = { 0 };
	struct err err = { 0 };

	parse("{\"matchLabels\": {\"a\": \"1\", \"c\": \"2\"}}", &selector);
	assert_int_equal(region_of(&selector, &region, &err), 0);
	assert_string_equal(region_get(&region, "c")->values[0], "2");
	assert_int_equal(region_rename(&region, "c", "0", &err), 0);
	assert_null(region_get(&region, "c"));
	assert_string_equal(region.v[0].key, "0");
	region_forget(&region, "a");
	region_forget(&region, "a");
	assert_int_equal(region.n, 1);
	selector_done(&selector);
}

/* Ten labels that have nothing to do with each other: 2^10 ways, one of which is none of them. */
static void test_too_many(void **state)
{
	struct region regions[10] = { 0 };
	_cleanup_cells_ struct cells cells = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		struct selector selector = { 0 };
		char text[64];

		(void)snprintf(text, sizeof(text), "{\"matchLabels\": {\"k%zu\": \"1\"}}", i);
		parse(text, &selector);
		assert_int_equal(region_of(&selector, &regions[i], &err), 0);
		selector_done(&selector);
	}
	assert_int_equal(region_cells(regions, ARRAY_SIZE(regions), 1022, &cells, &err), -E2BIG);
	assert_int_equal(err.class, ERR_NONE);
	assert_int_equal(cells.n, 0);
	assert_int_equal(region_cells(regions, ARRAY_SIZE(regions), 1023, &cells, &err), 0);
	assert_int_equal(cells.n, 1023);
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		region_done(&regions[i]);
}

/* Everything, and a hundred parts of one namespace: the rest of that, and what is in no such one.
 */
static void test_few(void **state)
{
	struct region regions[101] = { 0 };
	_cleanup_cells_ struct cells cells = { 0 };
	struct err err = { 0 };

	for (size_t i = 1; i < ARRAY_SIZE(regions); i++) {
		struct selector selector = { 0 };
		char text[96];

		(void)snprintf(text, sizeof(text),
			       "{\"matchLabels\": {\"app\": \"a%zu\", \"namespace\": \"shop\"}}",
			       i);
		parse(text, &selector);
		assert_int_equal(region_of(&selector, &regions[i], &err), 0);
		selector_done(&selector);
	}
	assert_int_equal(region_cells(regions, ARRAY_SIZE(regions), 102, &cells, &err), 0);
	assert_int_equal(cells.n, 102);
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		region_done(&regions[i]);
}

static int make_cells(void *arg, struct err *err)
{
	const struct selector *selectors = arg;
	struct region regions[2] = { 0 };
	_cleanup_cells_ struct cells cells = { 0 };
	int r;

	r = region_of(&selectors[0], &regions[0], err);
	if (r == 0)
		r = region_of(&selectors[1], &regions[1], err);
	if (r == 0)
		r = region_rename(&regions[1], "b", "d", err);
	if (r == 0)
		r = region_cells(regions, 2, 100, &cells, err);
	region_done(&regions[0]);
	region_done(&regions[1]);
	return r;
}

static void test_memory(void **state)
{
	struct selector selectors[2] = { 0 };

	parse("{\"matchLabels\": {\"a\": \"1\"}, \"matchExpressions\": [{\"key\": \"b\", "
	      "\"operator\": \"NotIn\", \"values\": [\"1\", \"2\"]}]}",
	      &selectors[0]);
	parse("{\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"NotIn\", "
	      "\"values\": [\"2\"]}, {\"key\": \"a\", \"operator\": \"Exists\"}, "
	      "{\"key\": \"b\", \"operator\": "
	      "\"Exists\"}]}",
	      &selectors[1]);
	assert_true(alloc_fail_each(make_cells, selectors) > 20);
	selector_done(&selectors[0]);
	selector_done(&selectors[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_means_the_same), cmocka_unit_test(test_cells),
		cmocka_unit_test(test_canonical),      cmocka_unit_test(test_names),
		cmocka_unit_test(test_too_many),       cmocka_unit_test(test_few),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
