/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's filters, in the 32-bit reading, met with a request and with each other: held to the
 * truth (truth.h), in every order. What filter_narrow() makes of a condition, and what it refuses.
 */
#include "profiles/filter_narrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/default_filter.h"
#include "tests/unit/truth.h"

#if defined(__SANITIZE_ADDRESS__)
#define PAIRS   2000
#define TRIPLES 1000
#else
#define PAIRS   8000
#define TRIPLES 4000
#endif

/* A generated filter that a profile may have; how many had to be thrown away. */
static size_t random_profile(uint64_t *seed, struct buf *out, size_t calls)
{
	for (size_t n = 0;; n++) {
		struct filter filter = { 0 };
		struct err err = { 0 };
		json_t *json;
		bool fits;
		int r;

		buf_done(out);
		random_filter(seed, out, calls);
		json = oci_load(out->data);
		assert_non_null(json);
		fits = all_fit(json);
		json_decref(json);
		r = filter_read(out->data, true, &filter, &err);
		if ((r == 0) != fits)
			fail_msg("%s %s\n%s", fits ? "fits" : "does not fit", err.text, out->data);
		if (r < 0)
			continue;
		filter_done(&filter);
		return n;
	}
}

static void say(const struct tally *tally, const char *what)
{
	print_message("%zu %s, %zu points, %zu answers of filter_eval(); %zu calls told to be "
		      "coarse, %zu as a whole, %zu points as the request alone, %zu results not "
		      "compiled\n",
		      tally->trials, what, tally->checked, tally->evaluated, tally->told,
		      tally->whole, tally->excused, tally->refused);
	print_message("%zu points with another number than the model's\n", tally->numbers);
	assert_true(tally->refused < tally->trials / 50);
	assert_true(tally->excused < tally->checked / 10000);
	assert_true(tally->checked > tally->trials * 1000);
}

static void test_pairs(void **state)
{
	static const char *const ways[] = { "01*", "10*", "01*1*" };
	uint64_t seed = random_seed();
	struct tally tally = { 0 };
	size_t unfit = 0;

	print_message("seed %llu, %d pairs\n", (unsigned long long)seed, PAIRS);
	for (size_t i = 0; i < PAIRS; i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		size_t calls = i % 3 ? 3 : ARRAY_SIZE(random_calls);
		struct trial t = { .tables = *state,
				   .tally = &tally,
				   .seed = seed,
				   .n = 2,
				   .way = ways[i % ARRAY_SIZE(ways)],
				   .profiles = true };

		random_filter(&seed, &a, calls);
		unfit += random_profile(&seed, &b, calls);
		t.text[0] = a.data;
		t.text[1] = b.data;
		check_trial(&t, &seed);
	}
	print_message("%zu filters refused, as values need more bits\n", unfit);
	assert_true(unfit > PAIRS / 20);
	say(&tally, "pairs");
}

/* The same verdicts whichever of three come first: the model knows no order. */
static void test_triples(void **state)
{
	static const char *const ways[] = { "01*2*", "02*1*", "012**",  "021**",
					    "12*0*", "21*0*", "01*2*1*" };
	uint64_t seed = random_seed();
	struct tally tally = { 0 };

	for (size_t i = 0; i < TRIPLES; i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 }, c = { 0 };
		size_t calls = i % 3 ? 3 : ARRAY_SIZE(random_calls);
		uint64_t now = seed, points = 0;

		random_filter(&now, &a, calls);
		(void)random_profile(&now, &b, calls);
		(void)random_profile(&now, &c, calls);
		for (size_t k = 0; k < 2; k++) {
			struct trial t = { .tables = *state,
					   .tally = &tally,
					   .seed = seed,
					   .n = 3,
					   .way = ways[(i + k * 3) % ARRAY_SIZE(ways)],
					   .text = { a.data, b.data, c.data },
					   .profiles = true };

			points = now; /* the same for all */
			check_trial(&t, &points);
		}
		seed = points;
	}
	say(&tally, "meets of three");
}

/* What engines ask for, and the same as a profile's file. */
static void test_defaults(void **state)
{
	uint64_t seed = random_seed();
	struct tally tally = { 0 };

	for (size_t i = 0; i < 4; i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		struct trial t = { .tables = *state,
				   .tally = &tally,
				   .seed = seed,
				   .n = 2,
				   .way = "01*",
				   .profiles = true };

		if (i % 2)
			docker_like_filter(&a);
		else
			podman_like_filter(&a);
		if (i / 2)
			docker_like_filter(&b);
		else
			podman_like_filter(&b);
		t.text[0] = a.data;
		t.text[1] = b.data;
		check_trial(&t, &seed);
		print_message("%s asked for, %s in the profile: coarse:%s, %zu as a whole\n",
			      i % 2 ? "docker's" : "podman's", i / 2 ? "docker's" : "podman's",
			      t.coarse, tally.whole);
	}
	assert_int_equal(tally.excused + tally.refused + tally.whole, 0);
}

/* Of one engine's filter and another's in the profile something must be left. */
static void test_sockets(void **state)
{
	static const struct {
		uint64_t args[6];
		enum filter_action kind;
	} points[] = {
		{ { 2, 1, 0 }, ACT_ALLOW },           { { 10, 0x80001, 6 }, ACT_ALLOW },
		{ { 16, 3, 0 }, ACT_ALLOW },          { { 16, 3, 9 }, ACT_ERRNO },
		{ { 0x100000010, 3, 9 }, ACT_ERRNO }, { { 40, 1, 0 }, ACT_ERRNO },
		{ { 0x100000028, 1, 0 }, ACT_ERRNO },
	};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_buf_ struct buf text = { 0 }, other = { 0 };
		struct filter a = { 0 }, b = { 0 }, met = { 0 };
		struct err err = { 0 };

		podman_like_filter(i ? &text : &other);
		docker_like_filter(i ? &other : &text);
		assert_int_equal(filter_read(text.data, false, &a, &err), 0);
		assert_int_equal(filter_read(other.data, true, &b, &err), 0);
		assert_int_equal(filter_meet(&a, &b, &met, NULL, NULL, &err), 0);
		for (size_t k = 0; k < ARRAY_SIZE(points); k++) {
			if (filter_eval(&met, "socket", points[k].args).kind != points[k].kind)
				fail_msg("%zu: point %zu", i, k);
		}
		filter_done(&a);
		filter_done(&b);
		filter_done(&met);
	}
}

/* ---- what one condition becomes ---- */

#define IF(name, action, list)                                                                     \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"" name                  \
	"\"],\"action\":\""                                                                        \
	"SCMP_ACT_" action "\",\"args\":[" list "]}]}"
#define ARG(index, op, value)                                                                      \
	"{\"index\":" #index ",\"op\":\"SCMP_CMP_" #op "\",\"value\":" #value "}"
#define MASKED(index, mask, value)                                                                 \
	"{\"index\":" #index ",\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":" #mask                     \
	",\"valueTwo\":" #value "}"

static bool compares(enum filter_op op, uint64_t v, uint64_t with)
{
	switch (op) {
	case OP_NE:
		return v != with;
	case OP_LT:
		return v < with;
	case OP_LE:
		return v <= with;
	case OP_EQ:
		return v == with;
	case OP_GE:
		return v >= with;
	default:
		return v > with;
	}
}

/* A mode has 16 bits: every value of it is tried, with bits above that do not count. */
static void test_all_values(void **state)
{
	static const char *const words[] = { "NE", "LT", "LE", "EQ", "GE", "GT" };
	static const uint64_t values[] = { 0, 1, 2, 0x1ff, 0x7fff, 0x8000, 0xfffe, 0xffff };
	size_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words) * ARRAY_SIZE(values); i++) {
		enum filter_op op = (enum filter_op)(i / ARRAY_SIZE(values));
		uint64_t value = values[i % ARRAY_SIZE(values)];
		struct filter filter = { 0 };
		struct err err = { 0 };
		char text[300];

		(void)snprintf(text, sizeof(text),
			       "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":["
			       "\"chmod\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,"
			       "\"op\":\"SCMP_CMP_%s\",\"value\":%llu}]}]}",
			       words[op], (unsigned long long)value);
		assert_int_equal(filter_read(text, true, &filter, &err), 0);
		most = filter.n_rules > most ? filter.n_rules : most;
		for (uint64_t v = 0; v <= UINT16_MAX; v++) {
			uint64_t args[6] = { 0, v | (v * 0x9e3779b97f4a0000 & ~UINT64_C(0xffff)) };
			bool allowed = filter_eval(&filter, "chmod", args).kind == ACT_ALLOW;

			if (allowed != compares(op, v, value))
				fail_msg("%s %#llx: %#llx", words[op], (unsigned long long)value,
					 (unsigned long long)args[1]);
		}
		filter_done(&filter);
	}
	assert_int_equal(most, 16); /* the fewest: one a bit */
}

static const struct {
	const char *text, *sentence;
} unfit[] = {
	{ IF("socket", "ALLOW", ARG(0, EQ, 4294967296)),
	  "f:1:139: 4294967296 does not fit: of argument 0 of \"socket\" the kernel takes "
	  "32 bits" },
	{ IF("socket", "ERRNO", ARG(1, NE, 1) "," ARG(0, LE, 18446744071562067967)),
	  "18446744071562067967 does not fit" },
	{ IF("read\",\"clone", "ALLOW", ARG(0, GT, 68719476736)), "argument 0 of \"read\"" },
	{ IF("read", "ALLOW", MASKED(0, 18446744073709551615, 4294967296)), "4294967296" },
	{ IF("mkdir", "ALLOW", ARG(1, EQ, 65536)), "the kernel takes 16 bits" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"name\":\"kill\",\"action\":"
	  "\"SCMP_ACT_ERRNO\",\"args\":[" ARG(1, EQ, 8589934592) "]}]}",
	  "argument 1 of \"kill\"" },
};

static void test_unfit(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(unfit); i++) {
		struct filter filter = { 0 };
		struct err err = { 0 };

		assert_int_equal(filter_read(unfit[i].text, true, &filter, &err), -EBADMSG);
		assert_int_equal(err.class, ERR_INPUT);
		if (!strstr(err.text, unfit[i].sentence))
			fail_msg("%s\nnot: %s", err.text, unfit[i].sentence);
	}
}

/* What is taken, and into how many rules. */
static const struct {
	const char *text;
	size_t n;
	struct filter_arg first;
} taken[] = {
	/* A negative number, which C extends to 64 bits. */
	{ IF("socket", "ALLOW", ARG(0, EQ, 18446744073709551615)),
	  1,
	  { 0, UINT32_MAX, UINT32_MAX, OP_MASKED_EQ } },
	{ IF("socket", "ALLOW", ARG(0, NE, 40)), 32, { 0, 0xffffffe0, 0, OP_MASKED_EQ } },
	{ IF("socket", "ALLOW", ARG(0, LE, 4294967295)), 1, { 0 } },
	{ IF("socket", "ALLOW", ARG(0, GT, 4294967295)), 0, { 0 } },
	{ IF("socket", "ALLOW", ARG(0, LT, 0)), 0, { 0 } },
	{ IF("socket", "ALLOW", MASKED(0, 1095216660480, 0)), 1, { 0 } },
	{ IF("socket", "ALLOW", MASKED(0, 1095216660735, 1)), 1, { 0, 255, 1, OP_MASKED_EQ } },
	{ IF("socket", "ALLOW", ARG(0, NE, 1) "," ARG(2, LT, 4)),
	  32,
	  { 0, UINT32_MAX, 0, OP_MASKED_EQ } },
	/* A pointer is compared whole. */
	{ IF("write", "ALLOW", ARG(1, EQ, 68719476736)), 1, { 1, 68719476736, 0, OP_EQ } },
	/* 1,024 rules: the whole call, of which nothing is left. */
	{ IF("socket", "ALLOW", ARG(0, NE, 1) "," ARG(2, NE, 1)), 1, { 0 } },
};

static void test_taken(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		const struct filter_arg *want = &taken[i].first, *got;
		struct filter filter = { 0 };
		struct err err = { 0 };

		assert_int_equal(filter_read(taken[i].text, true, &filter, &err), 0);
		if (filter.n_rules != taken[i].n)
			fail_msg("%zu: %zu rules", i, filter.n_rules);
		got = taken[i].n > 0 ? filter.rules[0].args : NULL;
		if (!got)
			assert_int_equal(want->op + want->value, 0);
		else if (got->index != want->index || got->value != want->value ||
			 got->value_two != want->value_two || got->op != want->op)
			fail_msg("%zu: %d %#llx %#llx", i, (int)got->op,
				 (unsigned long long)got->value,
				 (unsigned long long)got->value_two);
		filter_done(&filter);
	}
}

static void note(void *arg, const char *name, const char *why)
{
	struct buf *told = arg;

	buf_addf(told, "%s ", name);
}

/* Where it is too much the strictest action takes the call, and the meet tells it. */
static void test_too_much(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_LOG\","
		"\"args\":[" ARG(1, EQ, 2) "]},{\"names\":[\"socket\",\"clone\"],"
					   "\"action\":\"SCMP_ACT_ERRNO\","
					   "\"args\":[" ARG(0, NE, 1) "," ARG(2, NE, 1) "]}]}";
	const struct filter everything = { .default_action = { .kind = ACT_ALLOW },
					   .any_architecture = true };
	_cleanup_buf_ struct buf told = { 0 };
	struct filter filter = { 0 }, met = { 0 };
	struct err err = { 0 };

	assert_int_equal(filter_read(text, true, &filter, &err), 0);
	/* clone's third argument is a pointer. */
	assert_int_equal(filter.n_rules, 33);
	assert_int_equal(filter_meet(&everything, &filter, &met, note, &told, &err), 0);
	assert_string_equal(told.data, "clone socket ");
	assert_int_equal(filter_eval(&met, "socket", (uint64_t[6]){ 1, 2, 1 }).kind, ACT_ERRNO);
	filter_done(&filter);
	filter_done(&met);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_values), cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_taken),      cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_sockets),    cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_pairs),      cmocka_unit_test(test_triples),
	};

	return cmocka_run_group_tests(tests, truth_setup, truth_teardown);
}
