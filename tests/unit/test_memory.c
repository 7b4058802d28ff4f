/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory runs out: each allocation of everything that parses or decides fails once. It is said,
 * nothing is made, nothing crashes, and LeakSanitizer finds nothing that was forgotten.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/entry.h"
#include "hooks/labels.h"
#include "hooks/state.h"
#include "profiles/policy.h"
#include "profiles/ruleset.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/alloc.h"

/* Inputs are the first ones of the fuzzers. */
struct input {
	char *whole;
	struct piece first, second;
};

static struct input load(const char *path)
{
	struct input input = { 0 };
	struct piece rest;

	input.whole = fuzz_file(path, &rest.len);
	rest.text = input.whole;
	input.first = next_piece(&rest);
	input.second = rest;
	return input;
}

static int parse(const char *name, struct piece text, struct doc **ret, struct err *err)
{
	return doc_parse(ret, name, text.text, text.len, err);
}

/* Fail each in turn; there must be some, or nothing was tested. */
static void fail_each(int (*run)(void *arg, struct err *err), const char *path)
{
	struct input input = load(path);

	assert_true(alloc_fail_each(run, &input) >= 4);
	free(input.whole);
}

static int run_state(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_state_ struct state state = { 0 };

	return state_parse(input->first.text, input->first.len, &state, err);
}

static void test_state(void **state)
{
	fail_each(run_state, "tests/fuzz/corpus/state/crun");
}

static int run_host(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_host_ struct host *host = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	int r = parse("coaming.json", input->first, &doc, err);

	return r < 0 ? r : host_parse(doc, &host, err);
}

static void test_host(void **state)
{
	fail_each(run_host, "tests/fuzz/corpus/host/all");
}

static int run_labels(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_doc_ struct doc *doc = NULL, *matcher = NULL;
	struct selector selector = { 0 };
	struct labels labels = { 0 };
	int r = parse("config.json", input->first, &doc, err);

	r = r < 0 ? r : labels_from_config(doc, &labels, err);
	r = r < 0 ? r : parse("selector", input->second, &matcher, err);
	r = r < 0 ? r : selector_parse(matcher, doc_root(matcher), &selector, err);
	selector_done(&selector);
	labels_done(&labels);
	return r;
}

static void test_labels(void **state)
{
	fail_each(run_labels, "tests/fuzz/corpus/labels/annotations");
}

static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct input *input = arg;

	return parse(relative_path, input->second, ret, err);
}

static int run_profile(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct selected one = { 0 };
	int r = parse("web.json", input->first, &doc, err);

	r = r < 0 ? r : profile_parse(doc, fetch, arg, &profile, err);
	one.profile = profile;
	return r < 0 ? r : ruleset_write(&(struct selection){ .v = &one, .n = 1 }, "c", &text, err);
}

static void test_profile(void **state)
{
	fail_each(run_profile, "tests/fuzz/corpus/profile/web");
	fail_each(run_profile, "tests/fuzz/corpus/profile/file");
}

static int run_seccomp(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_doc_ struct doc *first = NULL, *second = NULL;
	struct filter a = { 0 }, b = { 0 }, both = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	int r = parse("a", input->first, &first, err);

	r = r < 0 ? r : parse("b", input->second, &second, err);
	r = r < 0 ? r : filter_parse(first, doc_root(first), &a, err);
	r = r < 0 ? r : filter_parse(second, doc_root(second), &b, err);
	r = r < 0 ? r : filter_meet(&a, &b, &both, NULL, NULL, err);
	if (r == 0)
		filter_emit(&e, &both);
	if (r == 0 && buf_status(&text) < 0)
		r = err_oom(err);
	filter_done(&a);
	filter_done(&b);
	filter_done(&both);
	return r;
}

static void test_seccomp(void **state)
{
	fail_each(run_seccomp, "tests/fuzz/corpus/seccomp/two");
	fail_each(run_seccomp, "tests/fuzz/corpus/seccomp/notify");
}

/* Everything between two files and a verdict. */
static int run_decision(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_verdict_ struct verdict verdict = { 0 };
	_cleanup_doc_ struct doc *config = NULL, *doc = NULL;
	_cleanup_profile_ struct profile *profile = NULL;
	const struct host host = { .digest = "", .unsafe_annotations = UNSAFE_STRIP };
	struct selected one = { 0 };
	struct facts facts = { 0 };
	int r = parse("config.json", input->first, &config, err);

	r = r < 0 ? r : parse("extra.json", input->second, &doc, err);
	r = r < 0 ? r : profile_parse(doc, fetch, arg, &profile, err);
	r = r < 0 ? r : facts_from_config(config, &facts, err);
	if (r == 0) {
		one = (struct selected){ .profile = profile, .mode = profile->mode };
		r = policy_decide(&host, &(struct selection){ .v = &one, .n = 1 }, config, &facts,
				  &verdict, err);
	}
	if (r == 0)
		assert_true(verdict.changes.n > 0);
	else
		assert_int_equal(verdict.outcome, OUTCOME_REFUSE);
	facts_done(&facts);
	return r;
}

static void test_decision(void **state)
{
	fail_each(run_decision, "tests/fuzz/corpus/config/engine");
	fail_each(run_decision, "tests/fuzz/corpus/config/nulls");
	fail_each(run_decision, "tests/fuzz/corpus/config/small");
}

static int run_record(void *arg, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf bytes = { 0 };
	char hash[SHA256_HEX];
	int r = record_start(&record, EVENT_ADMIT, err);

	r = r < 0 ? r : record_add(&record, "COAMING_REASON", "why", err);
	r = r < 0 ? r : record_addf(&record, err, "COAMING_PID", "%d", 42);
	return r < 0 ? r : entry_write(&bytes, &record, 1, entry_hash_none, NULL, hash, err);
}

static void test_record(void **state)
{
	assert_true(alloc_fail_each(run_record, NULL) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),   cmocka_unit_test(test_host),
		cmocka_unit_test(test_labels),  cmocka_unit_test(test_profile),
		cmocka_unit_test(test_seccomp), cmocka_unit_test(test_decision),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
