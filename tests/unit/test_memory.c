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
#include "audit/evidence.h"
#include "hooks/decision.h"
#include "hooks/labels.h"
#include "hooks/state.h"
#include "profiles/policy.h"
#include "profiles/reach.h"
#include "profiles/ruleset.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/alloc.h"
#include "tests/unit/place.h"

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
	return r < 0 ? r
		     : ruleset_write(&(struct selection){ .v = &one, .n = 1 }, NULL, "c", NULL,
				     &text, err);
}

/* The second part is the host's configuration: its zones and classes, and sets with elements. */
static int write_segments(const struct profile *profile, const struct host *host, struct err *err)
{
	struct selected one = { .profile = profile, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &one, .n = 1 };
	_cleanup_free_ const struct peer_selector **peers = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct cidr address = { 0 };
	size_t n = 0;
	int r;

	r = ruleset_peers(&selection, &peers, &n, err);
	if (r == 0) {
		const struct set_elements set = { peers[0]->set, &address, 1 };

		r = ruleset_write(&selection, host, "c", &(struct elements){ &set, 1 }, &text, err);
	}
	return r;
}

static int compare_segments(const struct profile *profile, struct err *err)
{
	_cleanup_(who_table_done) struct who_table table = { 0 };
	struct reach in = { 0 }, out = { 0 }, both = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	int r;

	r = reach_of(&profile->network.ingress, &table, &in, err);
	if (r == 0)
		r = reach_of(&profile->network.egress, &table, &out, err);
	if (r == 0)
		r = reach_both(&in, &out, &table, &both, err);
	if (r == 0)
		reach_describe(&both, &table, 10, &text);
	if (r == 0 && buf_status(&text) < 0)
		r = err_oom(err);
	reach_done(&in);
	reach_done(&out);
	reach_done(&both);
	return r;
}

static int run_segments(void *arg, struct err *err)
{
	const struct input *input = arg;
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_doc_ struct doc *doc = NULL, *host_doc = NULL;
	_cleanup_host_ struct host *host = NULL;
	int r = parse("web.json", input->first, &doc, err);

	r = r < 0 ? r : profile_parse(doc, fetch, arg, &profile, err);
	r = r < 0 ? r : parse("coaming.json", input->second, &host_doc, err);
	r = r < 0 ? r : host_parse(host_doc, &host, err);
	r = r < 0 ? r : write_segments(profile, host, err);
	return r < 0 ? r : compare_segments(profile, err);
}

static void test_profile(void **state)
{
	fail_each(run_profile, "tests/fuzz/corpus/profile/web");
	fail_each(run_profile, "tests/fuzz/corpus/profile/file");
	fail_each(run_segments, "tests/fuzz/corpus/profile/labels");
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
	return r < 0 ? r
		     : entry_write(&bytes, &record,
				   &(struct chain_link){ .seq = 1, .prev = entry_hash_none }, NULL,
				   hash, err);
}

static void test_record(void **state)
{
	assert_true(alloc_fail_each(run_record, NULL) >= 4);
}

/* ---- with files: a store of profiles, its index, the labels, the host's facts, the record ---- */

static void copy_profile(const char *dir, const char *name)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	char path[256];
	size_t len;

	(void)snprintf(path, sizeof(path), "profiles/library/%s", name);
	text = fuzz_file(path, &len);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
}

static int decide_once(const struct host *host, const struct doc *config, struct decision *ret,
		       struct err *err)
{
	const struct question question = { .stage = "create", .id = "c1", .config = config };
	_cleanup_record_ struct record record = { 0 };
	int r = decide(host, &question, ret, err);

	return r < 0 ? r
		     : decision_record(ret, &question, EVENT_ADMIT, "accept", NULL, NULL, &record,
				       err);
}

/* Some failures cost nothing: an index that is not written. What is then decided is the same. */
static void check_decision(const struct host *host, const struct doc *config)
{
	_cleanup_decision_ struct decision whole = { 0 };
	struct err err = { 0 };
	unsigned long n = 0, failures = 0;

	assert_int_equal(decide_once(host, config, &whole, &err), 0);
	assert_true(whole.verdict.changed && whole.selection.n == 2);
	do {
		_cleanup_decision_ struct decision decision = { 0 };
		int r;

		alloc_fail_at(++n);
		r = decide_once(host, config, &decision, &err);
		alloc_fail_at(0);
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_int_equal(err.class, ERR_SYSTEM);
			err_clear(&err);
			failures++;
			continue;
		}
		assert_int_equal(decision.verdict.outcome, whole.verdict.outcome);
		assert_string_equal(decision.verdict.policy_digest, whole.verdict.policy_digest);
		assert_string_equal(decision.verdict.config.data, whole.verdict.config.data);
		assert_int_equal(decision.verdict.changes.n, whole.verdict.changes.n);
	} while (alloc_has_failed());
	assert_true(failures > 100);
}

static void test_whole_decision(void **state)
{
	static const char text[] =
		"{\"annotations\":{\"io.coaming.profile\":\"restricted\"},"
		"\"root\":{\"path\":\"r\"},"
		"\"process\":{\"user\":{\"uid\":1000,\"gid\":0},\"cwd\":\"/\","
		"\"args\":[\"x\"]},\"linux\":{"
		"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"mount\"},"
		"{\"type\":\"ipc\"},{\"type\":\"uts\"}]}}";
	const struct place *p = *state;
	char profiles[96], seccomp[128], state_dir[96], *dirs[] = { profiles };
	char baseline[] = "baseline", *floor[] = { baseline };
	const struct host host = { .profile_dirs = dirs,
				   .n_profile_dirs = 1,
				   .state_dir = state_dir,
				   .floor = floor,
				   .n_floor = 1 };
	_cleanup_doc_ struct doc *config = NULL;
	struct err err = { 0 };

	(void)snprintf(profiles, sizeof(profiles), "%s/profiles", p->dir);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", p->dir);
	assert_int_equal(mkdir(profiles, 0755), 0);
	(void)snprintf(seccomp, sizeof(seccomp), "%s/seccomp", profiles);
	assert_int_equal(mkdir(seccomp, 0755), 0);
	copy_profile(profiles, "seccomp/no-namespaces.json");
	copy_profile(profiles, "baseline.json");
	copy_profile(profiles, "restricted.json");
	assert_int_equal(doc_parse(&config, "config.json", text, strlen(text), &err), 0);
	check_decision(&host, config);
	/* Where no index can be kept, one is made each time. */
	(void)snprintf(state_dir, sizeof(state_dir), "/proc/none");
	check_decision(&host, config);
}

/* What is said to be kept is in the chain, once, and nothing else is. */
static void test_evidence(void **state)
{
	const struct place *p = *state;
	unsigned long n = 0, in_ledger = 0, lost = 0;
	struct told told;

	do {
		_cleanup_record_ struct record record = { 0 };
		enum kept kept = KEPT_NOWHERE;
		struct err err = { 0 };
		int r;

		assert_int_equal(record_start(&record, EVENT_ADMIT, &err), 0);
		alloc_fail_at(++n);
		r = place_keep(p, &record, false, &kept, &err);
		alloc_fail_at(0);
		assert_int_equal(r < 0, kept == KEPT_NOWHERE);
		assert_true(r == 0 || err.class == ERR_SYSTEM);
		in_ledger += kept == KEPT_LEDGER || kept == KEPT_BOTH;
		lost += kept == KEPT_NOWHERE;
	} while (alloc_has_failed());
	told = place_read(p, NULL, NULL);
	assert_int_equal(told.records, in_ledger);
	assert_int_equal(told.torn, 0);
	assert_true(lost > 0 && in_ledger > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_record),
		cmocka_unit_test_setup_teardown(test_whole_decision, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_evidence, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
