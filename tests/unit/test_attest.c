/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/attest.c and what hooks/live.c keeps of it: the result, the record, and what is news.
 */
#include "tests/unit/place.h"

#include "audit/points.h"
#include "hooks/attest.h"

/* Reports know the points by the names that the proof gives them, and no others. */
static void test_names(void **state)
{
	uint32_t all = 0;

	assert_int_equal(n_point_names, PROOF_POINTS_);
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		const char *name = proof_point_name((enum proof_point)i);
		uint32_t bit = point_bit(name, strlen(name));

		assert_true(bit != 0 && !(all & bit));
		all |= bit;
	}
	assert_int_equal(point_bit("roo", 3), 0);
	assert_int_equal(point_bit("roots", 5), 0);
}

static void fill(struct attestation *a, enum proof_state root, enum attest_result result)
{
	*a = (struct attestation){ .result = result, .usec = 5 };
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		a->proof.at[i].state = i == PROOF_ROOT      ? root
				       : i == PROOF_NETWORK ? PROOF_NOT_ASKED
							    : PROOF_MATCH;
		a->proof.at[i].wanted = strdup("read-only");
		a->proof.at[i].is = strdup("writable");
	}
}

static size_t count(const struct record *record, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < record->n; i++)
		n += streq(record->fields[i].name, name);
	return n;
}

static void test_record(void **state)
{
	static const struct {
		enum proof_state root;
		enum attest_result result;
		enum event event;
		enum mode mode;
		bool killed;
		const char *priority, *message, *finding;
	} cases[] = {
		{ PROOF_MATCH, ATTEST_MATCH, EVENT_ATTEST, MODE_ENFORCE, false, "5",
		  "container \"web\": confined as admitted, read back from the kernel: 10 points",
		  NULL },
		{ PROOF_MISMATCH, ATTEST_MISMATCH, EVENT_ATTEST, MODE_ENFORCE, true, "2",
		  "container \"web\": killed, not confined as admitted: root: wanted read-only, is "
		  "writable",
		  "root: wanted read-only, is writable" },
		{ PROOF_MISMATCH, ATTEST_MISMATCH, EVENT_ATTEST, MODE_AUDIT, false, "4",
		  "container \"web\": not confined as admitted: root: wanted read-only, is "
		  "writable",
		  "root: wanted read-only, is writable" },
		{ PROOF_MISMATCH, ATTEST_MISMATCH, EVENT_DRIFT, MODE_ENFORCE, false, "2",
		  "container \"web\": no longer confined as admitted: root: wanted read-only, is "
		  "writable",
		  "root: wanted read-only, is writable" },
		{ PROOF_NOT_POSSIBLE, ATTEST_UNPROVEN, EVENT_ATTEST, MODE_ENFORCE, false, "2",
		  "container \"web\": its confinement is not proved: root: cannot be proved: "
		  "writable",
		  "root: cannot be proved: writable" },
	};
	char *profiles[] = { (char *)(uintptr_t) "p", (char *)(uintptr_t) "q" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct live live = {
			.identity = { .id = (char *)(uintptr_t) "c1",
				      .name = (char *)(uintptr_t) "web" },
			.mode = cases[i].mode,
			.profiles = profiles,
			.n_profiles = 2,
		};
		const struct attest_subject subject = { .live = &live,
							.stage = "start",
							.killed = cases[i].killed };
		_cleanup_attestation_ struct attestation a = { 0 };
		_cleanup_record_ struct record record = { 0 };
		const char *finding;
		struct err err = { 0 };

		fill(&a, cases[i].root, cases[i].result);
		assert_int_equal(attest_record(&subject, &a, cases[i].event, &record, &err), 0);
		assert_string_equal(record_get(&record, "MESSAGE"), cases[i].message);
		assert_string_equal(record_get(&record, "PRIORITY"), cases[i].priority);
		assert_string_equal(record_get(&record, "COAMING_OUTCOME"),
				    attest_result_name(cases[i].result));
		assert_int_equal(count(&record, "COAMING_PROFILE"), 2);
		assert_int_equal(count(&record, "COAMING_PROVED"),
				 cases[i].result == ATTEST_MATCH ? 10 : 9);
		assert_int_equal(record_get(&record, "COAMING_KILLED") != NULL, cases[i].killed);
		finding = record_get(&record, "COAMING_FINDING");
		assert_int_equal(finding != NULL, cases[i].finding != NULL);
		if (finding)
			assert_string_equal(finding, cases[i].finding);
	}
}

/* The same findings are no news, others are. */
static void test_findings(void **state)
{
	_cleanup_attestation_ struct attestation a = { 0 }, b = { 0 }, c = { 0 };
	char of_a[SHA256_HEX], of_b[SHA256_HEX], of_c[SHA256_HEX];

	fill(&a, PROOF_MISMATCH, ATTEST_MISMATCH);
	fill(&b, PROOF_MISMATCH, ATTEST_MISMATCH);
	fill(&c, PROOF_MATCH, ATTEST_MATCH);
	attest_findings_digest(&a, of_a);
	attest_findings_digest(&b, of_b);
	attest_findings_digest(&c, of_c);
	assert_string_equal(of_a, of_b);
	assert_string_not_equal(of_a, of_c);
	b.proof.at[PROOF_ROOT].is[0] = 'W';
	attest_findings_digest(&b, of_b);
	assert_string_not_equal(of_a, of_b);
}

static void test_live(void **state)
{
	const struct place *place = *state;
	_cleanup_live_ struct live live = { 0 }, read = { 0 };
	char *rules = NULL;
	struct err err = { 0 };

	live.identity.id = strdup("c1");
	live.identity.name = strdup("web");
	live.bundle = strdup("/b");
	live.state = LIVE_CREATED;
	live.kill_on_drift = true;
	sha256_hex1(live.config_digest, "config", 6);
	assert_int_equal(live_write(place->dir, &live, &err), 0);
	assert_int_equal(live_write_rules(place->dir, "c1", "table", 5, &err), 0);
	assert_int_equal(live_read(place->dir, "c1", &read, &err), 0);
	assert_true(read.kill_on_drift && !read.restored && read.attested.time == 0);
	assert_string_equal(read.config_digest, live.config_digest);
	assert_string_equal(read.firewall_digest, "");
	live_done(&read);

	live.attested.time = 42;
	live.attested.result = strdup("match");
	sha256_hex1(live.attested.digest, "digest", 6);
	live.kill_on_drift = false; /* only the attestation is noted */
	assert_int_equal(live_note_attested(place->dir, &live, &err), 0);
	assert_int_equal(live_read(place->dir, "c1", &read, &err), 0);
	assert_int_equal(read.attested.time, 42);
	assert_string_equal(read.attested.result, "match");
	assert_string_equal(read.attested.digest, live.attested.digest);
	assert_string_equal(read.attested.findings, "");
	assert_true(read.kill_on_drift);

	assert_int_equal(live_read_rules(place->dir, "c1", &rules, &err), 0);
	assert_string_equal(rules, "table");
	free(rules);
	assert_int_equal(live_remove(place->dir, "c1", &err), 0);
	assert_int_equal(live_read_rules(place->dir, "c1", &rules, &err), -ENOENT);
	/* What has ended does not come back. */
	assert_int_equal(live_note_attested(place->dir, &live, &err), 0);
	live_done(&read);
	assert_int_equal(live_read(place->dir, "c1", &read, &err), -ENOENT);
	assert_int_equal(err.class, ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_findings),
		cmocka_unit_test_setup_teardown(test_live, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
