/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/filter_meet.c, held to the truth (truth.h): pairs of generated filters, the filters that
 * engines ask for with what ships.
 */
#include "profiles/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/default_filter.h"
#include "tests/unit/truth.h"

#if defined(__SANITIZE_ADDRESS__)
#define PAIRS 4000
#else
#define PAIRS 8000
#endif

static void test_pairs(void **state)
{
	uint64_t seed = random_seed();
	struct tally tally = { 0 };

	print_message("seed %llu, %d pairs\n", (unsigned long long)seed, PAIRS);
	for (size_t i = 0; i < PAIRS; i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		size_t calls = i % 3 ? 3 : ARRAY_SIZE(random_calls);
		struct trial t = {
			.tables = *state, .tally = &tally, .seed = seed, .n = 2, .way = "01*"
		};

		random_filter(&seed, &a, calls);
		random_filter(&seed, &b, calls);
		t.text[0] = a.data;
		t.text[1] = b.data;
		check_trial(&t, &seed);
	}
	print_message(
		"%zu points, %zu as the first filter alone; %zu pairs not compiled; %zu calls "
		"told to be coarse\n",
		tally.checked, tally.excused, tally.refused, tally.told);
	assert_true(tally.refused < PAIRS / 50);
	assert_true(tally.excused < tally.checked / 10000);
	assert_true(tally.checked > PAIRS * 1000);
}

/* The rules of a file in Docker's format that hold on x86_64, as OCI has them. */
static void add_rules(json_t *rules, const json_t *file)
{
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(file, "syscalls"), i, rule)
	{
		if (json_object_get(rule, "includes"))
			continue;
		(void)json_object_del(rule, "excludes");
		(void)json_object_del(rule, "comment");
		assert_int_equal(json_array_append(rules, rule), 0);
	}
}

/* The seccomp section of a profile that ships, as one filter. */
static void shipped(const char *name, struct buf *out)
{
	_cleanup_free_ char *text = NULL;
	json_t *filter, *profile, *file = NULL, *rules = json_array();
	const json_t *section;
	char path[256];

	(void)snprintf(path, sizeof(path), "profiles/library/%s.json", name);
	profile = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	section = json_object_get(profile, "seccomp");
	assert_non_null(section);
	if (json_object_get(section, "file")) {
		(void)snprintf(path, sizeof(path), "profiles/library/%s",
			       json_string_value(json_object_get(section, "file")));
		file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(file);
		add_rules(rules, file);
	}
	if (json_object_get(section, "deny"))
		(void)json_array_append_new(rules,
					    json_pack("{s:s, s:O}", "action", "SCMP_ACT_ERRNO",
						      "names", json_object_get(section, "deny")));
	filter = json_pack("{s:s, s:o}", "defaultAction", "SCMP_ACT_ALLOW", "syscalls", rules);
	if (file) {
		const json_t *number = json_object_get(file, "defaultErrnoRet");

		(void)json_object_set(filter, "defaultAction",
				      json_object_get(file, "defaultAction"));
		if (number)
			(void)json_object_set_new(filter, "defaultErrnoRet",
						  json_copy((json_t *)number));
	}
	text = json_dumps(filter, JSON_COMPACT);
	assert_non_null(text);
	buf_adds(out, text);
	json_decref(filter);
	json_decref(profile);
	json_decref(file);
}

static void test_defaults(void **state)
{
	enum { LISTED_AND_PODMAN = 8 }; /* pci */
	static const char *const names[] = { "baseline",   "database", "floor",
					     "restricted", "pci",      "web" };
	uint64_t seed = random_seed();

	for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		struct tally tally = { 0 };
		struct trial t = { .tables = *state,
				   .tally = &tally,
				   .seed = seed,
				   .n = 2,
				   .way = "01*",
				   .any_architecture = true };

		if (i % 2)
			docker_like_filter(&a);
		else
			podman_like_filter(&a);
		shipped(names[i / 2], &b);
		t.text[0] = a.data;
		t.text[1] = b.data;
		check_trial(&t, &seed);
		/* What ships must be met exactly with what engines ask for; of a list of what
		 * may be called, see test_allow_list(). */
		assert_string_equal(t.coarse, i == LISTED_AND_PODMAN ? " socketcall " : "");
		assert_int_equal(tally.excused + tally.refused, 0);
	}
}

/*
 * A list of what may be called has socket and not socketcall, where the engine has two actions for
 * socket: that alone would be a filter that libseccomp refuses.
 */
static void test_allow_list(void **state)
{
	static const char list[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
				   "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":["
				   "\"bind\",\"clone\",\"execve\",\"exit_group\",\"read\","
				   "\"socket\",\"write\"]}]}";
	uint64_t seed = random_seed();
	_cleanup_buf_ struct buf a = { 0 };
	struct tally tally = { 0 };
	struct trial t = { .tables = *state,
			   .tally = &tally,
			   .seed = seed,
			   .n = 2,
			   .way = "01*",
			   .any_architecture = true };

	podman_like_filter(&a);
	t.text[0] = a.data;
	t.text[1] = list;
	check_trial(&t, &seed);
	assert_string_equal(t.coarse, " socketcall ");
	assert_int_equal(tally.excused + tally.refused, 0);
}

/* Ten times, as few of the points tell; exact, and not because the first alone is wrong, too. */
static void check_exact(void **state, const char *first, const char *second, bool any_architecture)
{
	uint64_t seed = random_seed();
	struct tally tally = { 0 };

	for (size_t i = 0; i < 10; i++) {
		struct trial t = { .tables = *state,
				   .tally = &tally,
				   .seed = seed,
				   .n = 2,
				   .text = { first, second },
				   .way = "01*",
				   .any_architecture = any_architecture };

		check_trial(&t, &seed);
		assert_string_equal(t.coarse, "");
		assert_int_equal(tally.excused + tally.refused, 0);
	}
}

/*
 * Both calls end in "is the first argument 1": libseccomp generates that once, and what it makes of
 * the request alone allows prctl(16, x, 1).
 */
static void test_apart(void **state)
{
	static const char all[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
	static const char *const architectures[] = { "", "\"SCMP_ARCH_X86\",",
						     "\"SCMP_ARCH_X32\",\"SCMP_ARCH_AARCH64\"," };

	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		_cleanup_buf_ struct buf a = { 0 };

		buf_addf(&a,
			 "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[%s"
			 "\"SCMP_ARCH_X86_64\"],\"syscalls\":[{\"names\":[\"prctl\"],"
			 "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" DEFAULT_ARG(
				 0, 16, EQ) "," DEFAULT_ARG(2, 9, EQ) "]}",
			 architectures[i]);
		for (int v = 1; v < 10; v++)
			buf_addf(&a,
				 ",{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
				 "[{\"index\":0,\"value\":%d,\"op\":\"SCMP_CMP_EQ\"}]}",
				 v == 2 ? "prctl" : "personality", v == 2 ? 1 : v);
		buf_adds(&a, "]}");
		check_exact(state, a.data, all, true);
	}
}

/* The numbers behind a multiplexer are compared, too, where the architecture has one. */
static void test_apart_behind(void **state)
{
	static const char request[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\","
		"\"SCMP_ARCH_X86_64\"],\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":["
		"\"semop\",\"semget\",\"semctl\",\"msgget\",\"msgsnd\",\"msgrcv\",\"shmat\"]},"
		"{\"names\":[\"prctl\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[" DEFAULT_ARG(0, 8, EQ) "," DEFAULT_ARG(
			1, 9, EQ) "]},"
				  "{\"names\":[\"prctl\"],\"action\":\"SCMP_ACT_ALLOW\","
				  "\"args\":[" DEFAULT_ARG(0, 1, EQ) "]}]}";

	check_exact(state, request, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", true);
}

static void deny_both_values(const char *bit, struct buf *out)
{
	const char *values[] = { "0", bit };

	buf_adds(out, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[");
	for (size_t i = 0; i < 2; i++)
		buf_addf(
			out,
			"%s{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{"
			"\"index\":2,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":%s,\"valueTwo\":%s}]}",
			i ? "," : "", bit, values[i]);
	buf_adds(out, "]}");
}

/* All is denied by both, in parts that are not the same: none may rely on the other's. */
static void test_two_ways(void **state)
{
	static const char *const bits[] = { "1", "2", "4294967296" };

	for (size_t i = 0; i < ARRAY_SIZE(bits) * ARRAY_SIZE(bits); i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };

		deny_both_values(bits[i % ARRAY_SIZE(bits)], &a);
		deny_both_values(bits[i / ARRAY_SIZE(bits)], &b);
		check_exact(state, a.data, b.data, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),        cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_allow_list),   cmocka_unit_test(test_apart),
		cmocka_unit_test(test_apart_behind), cmocka_unit_test(test_two_ways),
	};

	return cmocka_run_group_tests(tests, truth_setup, truth_teardown);
}
