/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a report: what counts as what, one case after another, and the document that is
 * made of it. tests/integration/report.sh compares many records with another program's figures.
 */
#include "tests/unit/place.h"

#include "audit/coverage.h"
#include "audit/harvest.h"
#include "audit/points.h"
#include "audit/report.h"
#include "audit/stamp.h"
#include "tests/unit/journal_maker.h"
#include "tests/unit/random.h"

#define T0   (UINT64_C(1795000000) * 1000000)
#define HOUR (UINT64_C(3600) * 1000000)

static const char framework_text[] =
	"{\"framework\": \"F\", \"name\": \"Frame\", \"version\": \"1\", \"controls\": ["
	"{\"id\": \"1\", \"title\": \"one\", \"evidence\": \"profile\"},"
	"{\"id\": \"2\", \"title\": \"two\", \"evidence\": \"profile\"},"
	"{\"id\": \"P\", \"title\": \"points\", \"evidence\": \"profile\","
	" \"points\": [\"root\", \"seccomp\"]},"
	"{\"id\": \"C\", \"title\": \"chain\", \"evidence\": \"chain\"},"
	"{\"id\": \"R\", \"title\": \"records\", \"evidence\": \"records\","
	" \"requires\": [\"COAMING_TIME\", \"COAMING_ACTOR_UID\", \"COAMING_POLICY_DIGEST\"]},"
	"{\"id\": \"V\", \"title\": \"coverage\", \"evidence\": \"coverage\"},"
	"{\"id\": \"K\", \"title\": \"clock\", \"evidence\": \"clock\"},"
	"{\"id\": \"E\", \"title\": \"events\", \"evidence\": \"events\", \"events\": [\"deny\"]},"
	"{\"id\": \"X\", \"title\": \"exec\", \"evidence\": \"events\", \"events\": [\"exec\"],"
	" \"failsWhere\": {\"field\": \"COAMING_EXEC_UID\", \"value\": \"0\"}},"
	"{\"id\": \"N\", \"title\": \"none\", \"evidence\": \"none\", \"why\": \"not ours\"}]}";

/* A tally that is filled by hand. */
struct desk {
	struct rules *rules;
	struct tally_options options;
	struct tally *tally;
	uint64_t seq, usec;
	struct report_waiver waivers[4];
	size_t n_waivers;
	struct doc *doc;
	bool failed;
};

static void desk_open(struct desk *d)
{
	struct err err = { 0 };

	if (!d->rules &&
	    rules_parse("F.json", framework_text, strlen(framework_text), &d->rules, &err) != 0)
		fail_msg("%s", err.text);
	d->options.framework = d->rules->id;
	for (size_t i = 0; i < d->rules->n; i++)
		d->options.controls[i] = d->rules->v[i].id;
	for (size_t i = 0; i < d->rules->n; i++)
		d->options.points[i] = d->rules->v[i].points;
	d->options.n_fails = 0;
	for (size_t i = 0; i < d->rules->n; i++)
		if (d->rules->v[i].fails_field[0])
			d->options.fails[d->options.n_fails++] =
				(struct tally_fails){ (uint32_t)i, d->rules->v[i].events,
						      d->rules->v[i].fails_field,
						      d->rules->v[i].fails_value };
	d->options.n_controls = d->rules->n;
	d->options.required[0] = "COAMING_TIME";
	d->options.required[1] = "COAMING_ACTOR_UID";
	d->options.required[2] = "COAMING_POLICY_DIGEST";
	d->options.n_required = 3;
	d->options.trend_from = T0;
	d->options.trend_to = T0 + 24 * HOUR;
	d->usec = T0;
	assert_int_equal(tally_new(&d->options, &d->tally, &err), 0);
}

static void desk_close(struct desk *d)
{
	doc_free(&d->doc);
	tally_free(&d->tally);
	rules_free(&d->rules);
}

static void no_text(void *arg, enum tally_text which, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", which == TALLY_CURSOR ? "cursor" : "");
}

static uint32_t word(struct desk *d, const char *text)
{
	return intern_add(&d->tally->words, text, strlen(text));
}

/* A record of the next number; id "" is none; controls are separated by ';'. */
static struct tally_record say(struct desk *d, enum event event, const char *id,
			       const char *controls)
{
	struct tally_record r = { .event = event,
				  .usec = d->usec += 1000000,
				  .has_time = true,
				  .monotonic = d->usec - T0,
				  .has_monotonic = true,
				  .boot = word(d, "boot"),
				  .machine = word(d, "machine"),
				  .hostname = word(d, "host"),
				  .required = 7,
				  .prev = d->seq,
				  .text = no_text };

	r.seq = ++d->seq;
	r.hash = r.seq;
	r.container = id[0] ? tally_container(id, strlen(id)) : 0;
	while (*controls) {
		size_t len = strcspn(controls, ";");

		r.controls[r.n_controls++] = intern_add(&d->tally->words, controls, len);
		controls += len + (controls[len] == ';');
	}
	if (event == EVENT_ADMIT)
		r.profiles[r.n_profiles++] = word(d, "pci");
	return r;
}

static void add(struct desk *d, const struct tally_record *r)
{
	struct err err = { 0 };

	assert_int_equal(tally_add(d->tally, r, &err), 0);
}

static void tell(struct desk *d, enum event event, const char *id, const char *controls)
{
	struct tally_record r = say(d, event, id, controls);

	add(d, &r);
}

/* The document. */
static const struct node *write_report(struct desk *d)
{
	struct report report = { .tally = d->tally,
				 .rules = d->rules,
				 .waivers = d->waivers,
				 .n_waivers = d->n_waivers,
				 .now_usec = T0 + 24 * HOUR };
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(tally_finish(d->tally, &err), 0);
	assert_int_equal(report_write(&report, &out, &d->failed, &err), 0);
	if (doc_parse(&d->doc, "report", out.data, out.len, &err) != 0)
		fail_msg("%s\n%s", err.text, out.data);
	return doc_root(d->doc);
}

static const struct node *control(const struct node *report, const char *id)
{
	node_foreach (c, node_get(report, "controls"))
		if (streq(node_get(c, "id")->string, id))
			return c;
	fail_msg("no control %s", id);
	return NULL;
}

static uint64_t number(const struct node *object, const char *a, const char *b)
{
	const struct node *node = b ? node_path(object, a, b, NULL) : node_get(object, a);

	assert_true(node_is(node, NODE_NUMBER));
	return strtoull(node->string, NULL, 10);
}

#define status(report, id) node_get(control(report, id), "status")->string

/* One container's life, and what becomes of control 1. */
static void one_life(const char *fate, const char *kind, size_t n, const enum event events[],
		     const char *const controls[])
{
	struct desk d = { 0 };
	const struct node *report;

	desk_open(&d);
	for (size_t i = 0; i < n; i++)
		tell(&d, events[i], "c", controls[i]);
	report = write_report(&d);
	assert_int_equal(number(control(report, "1"), "containers", fate), 1);
	assert_int_equal(number(report, "totals", kind), 1);
	assert_int_equal(number(report, "totals", "containers"), 1);
	assert_int_equal(d.failed, streq(fate, "failed"));
	desk_close(&d);
}

#define LIFE(fate, kind, ...)                                                                      \
	do {                                                                                       \
		const struct {                                                                     \
			enum event event;                                                          \
			const char *controls;                                                      \
		} steps[] = { __VA_ARGS__ };                                                       \
		enum event events[8];                                                              \
		const char *controls[8];                                                           \
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {                                   \
			events[i] = steps[i].event;                                                \
			controls[i] = steps[i].controls;                                           \
		}                                                                                  \
		one_life(fate, kind, ARRAY_SIZE(steps), events, controls);                         \
	} while (0)

static void test_fates(void **state)
{
	LIFE("configured", "configured", { EVENT_ADMIT, "F:1 configured" });
	LIFE("evidenced", "evidenced", { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 evidenced" });
	/* Another control was read back. */
	LIFE("configured", "evidenced", { EVENT_ADMIT, "F:1 configured;F:2 configured" },
	     { EVENT_ATTEST, "F:2 evidenced" });
	/* An admission shows nothing, whatever it says. */
	LIFE("configured", "configured", { EVENT_ADMIT, "F:1 evidenced" });
	LIFE("configured", "configured", { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 configured" });
	LIFE("failed", "configured", { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 evidenced" }, { EVENT_DRIFT, "" });
	LIFE("failed", "configured", { EVENT_ADMIT, "F:1 configured" }, { EVENT_DRIFT, "" },
	     { EVENT_ATTEST, "F:1 evidenced" });
	/* Started again, and not attested. */
	LIFE("configured", "configured", { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 evidenced" }, { EVENT_STOP, "" },
	     { EVENT_ADMIT, "F:1 configured" });
	LIFE("configured", "configured", { EVENT_ADMIT, "F:1 configured" }, { EVENT_STOP, "" },
	     { EVENT_ADMIT, "F:1 configured" }, { EVENT_ATTEST, "F:1 evidenced" });
	LIFE("evidenced", "evidenced", { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 evidenced" }, { EVENT_ADMIT, "F:1 configured" },
	     { EVENT_ATTEST, "F:1 evidenced" });
	LIFE("configured", "configured", { EVENT_ATTEST, "F:1 evidenced" },
	     { EVENT_ADMIT, "F:1 configured" });
	LIFE("failed", "configured", { EVENT_ADMIT, "F:1 audited" });
	LIFE("failed", "partly", { EVENT_ADMIT, "F:1 configured in part" });
	/* Of two profiles the worse. */
	LIFE("failed", "configured", { EVENT_ADMIT, "F:1 configured;F:1 audited" });
	LIFE("failed", "configured", { EVENT_ADMIT, "F:1 audited" },
	     { EVENT_ADMIT, "F:1 configured" });
	LIFE("notCovered", "configured", { EVENT_ADMIT, "F:2 configured" });
	LIFE("notCovered", "configured", { EVENT_ADMIT, "G:1 configured;FF:1 configured" });
	LIFE("exempt", "unconfined", { EVENT_EXEMPT, "" });
	LIFE("exempt", "unconfined", { EVENT_ADMIT, "F:1 configured" }, { EVENT_EXEMPT, "" });
}

static void prove(struct desk *d, const char *id, const char *const points[], size_t n)
{
	struct tally_record r = say(d, EVENT_ATTEST, id, "");

	for (size_t i = 0; i < n; i++)
		r.proved |= point_bit(points[i], strlen(points[i]));
	add(d, &r);
}

/* What was read back suffices for a control, or not. */
static void test_points(void **state)
{
	static const struct {
		const char *claimed;
		const char *points[3];
		size_t n;
		const char *status;
	} cases[] = {
		{ "F:P configured", { "root", "seccomp" }, 2, "evidenced" },
		{ "F:P configured", { "root", "seccomp", "network" }, 3, "evidenced" },
		{ "F:P configured", { "root" }, 1, "configured" },
		{ "F:P configured", { "seccomp", "network" }, 2, "configured" },
		{ "F:P configured", { "no such point" }, 1, "configured" },
		{ "F:P configured", { NULL }, 0, "configured" },
		/* Not enforced, or not claimed: then it is not met by what happens to be so. */
		{ "F:P audited", { "root", "seccomp" }, 2, "failed" },
		{ "F:P configured in part", { "root", "seccomp" }, 2, "failed" },
		{ "F:2 configured", { "root", "seccomp" }, 2, "not-covered" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct desk d = { 0 };

		desk_open(&d);
		tell(&d, EVENT_ADMIT, "c", cases[i].claimed);
		prove(&d, "c", cases[i].points, cases[i].n);
		assert_string_equal(status(write_report(&d), "P"), cases[i].status);
		desk_close(&d);
	}
}

static void test_points_of_two(void **state)
{
	const char *const all[] = { "root", "seccomp" };
	struct desk d = { 0 };
	const struct node *report;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "F:P configured;F:2 configured");
	tell(&d, EVENT_ADMIT, "b", "F:P configured");
	prove(&d, "a", all, 2);
	prove(&d, "b", all, 1);
	prove(&d, "a", all, 2); /* once more, as the timer does */
	report = write_report(&d);
	assert_int_equal(number(control(report, "P"), "containers", "evidenced"), 1);
	assert_int_equal(number(control(report, "P"), "containers", "configured"), 1);
	assert_string_equal(status(report, "2"), "configured");
	desk_close(&d);

	d = (struct desk){ 0 };
	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "F:P configured");
	prove(&d, "a", all, 2);
	prove(&d, "a", all, 1); /* by now something could not be read */
	assert_string_equal(status(write_report(&d), "P"), "configured");
	desk_close(&d);
}

/* ---- what one record fails ---- */

enum said { NOT_TOLD, ANOTHER, THAT };

static void executed(struct desk *d, const char *id, enum tally_outcome outcome, enum said said)
{
	struct tally_record r = say(d, EVENT_EXEC, id, "");

	r.outcome = outcome;
	r.told = said != NOT_TOLD;
	r.hit = said == THAT;
	add(d, &r);
}

static void test_execs(void **state)
{
	static const struct {
		enum tally_outcome outcome;
		enum said said;
		const char *status;
		const char *why; /* of its failure */
	} cases[] = {
		{ TALLY_DONE, ANOTHER, "evidenced", NULL },
		{ TALLY_DONE, THAT, "failed", "COAMING_EXEC_UID=0" },
		{ TALLY_WOULD_REFUSE, THAT, "failed", "COAMING_EXEC_UID=0" },
		{ TALLY_DONE, NOT_TOLD, "failed", "COAMING_EXEC_UID is not told" },
		{ TALLY_REFUSED, THAT, "evidenced", NULL },
		{ TALLY_REFUSED, NOT_TOLD, "evidenced", NULL },
		{ TALLY_EXEMPTED, THAT, "evidenced", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct desk d = { 0 };
		const struct node *x;

		desk_open(&d);
		tell(&d, EVENT_ADMIT, "c", "F:1 configured;F:X audited"); /* which is no matter */
		executed(&d, "c", TALLY_DONE, ANOTHER);
		executed(&d, "c", cases[i].outcome, cases[i].said);
		tell(&d, EVENT_STOP, "c", "");
		x = control(write_report(&d), "X");
		assert_string_equal(node_get(x, "status")->string, cases[i].status);
		assert_int_equal(node_get(x, "failures")->count, cases[i].why ? 1 : 0);
		assert_int_equal(number(x, "containers", "failed"), cases[i].why ? 1 : 0);
		if (cases[i].why)
			assert_string_equal(node_get(node_get(x, "failures")->first, "why")->string,
					    cases[i].why);
		assert_int_equal(d.failed, cases[i].why != NULL);
		desk_close(&d);
	}
}

/* Each record is told, up to a bound; a container counts once; what no host shows is not shown. */
static void test_many_execs(void **state)
{
	struct desk d = { 0 };
	const struct node *x;
	struct tally_record r;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "");
	tell(&d, EVENT_ADMIT, "b", "");
	for (int i = 0; i < TALLY_FAILURES_MAX + 7; i++)
		executed(&d, i % 2 ? "a" : "b", TALLY_DONE, THAT);
	executed(&d, "started before", TALLY_DONE, THAT);
	x = control(write_report(&d), "X");
	assert_int_equal(number(x, "containers", "failed"), 3);
	assert_int_equal(node_get(x, "failures")->count, TALLY_FAILURES_MAX);
	assert_int_equal(number(x, "failuresOmitted", NULL), 8);
	assert_string_equal(node_get(node_get(x, "failures")->first, "cursor")->string, "cursor");
	desk_close(&d);

	d = (struct desk){ 0 };
	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "");
	executed(&d, "a", TALLY_DONE, ANOTHER);
	r = say(&d, EVENT_ADMIT, "b", "");
	r.machine = word(&d, "another");
	add(&d, &r);
	assert_string_equal(status(write_report(&d), "X"), "configured");
	assert_false(d.failed);
	desk_close(&d);

	d = (struct desk){ 0 };
	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "");
	assert_string_equal(status(write_report(&d), "X"), "not-covered");
	desk_close(&d);
}

/* Before the period, or out of scope, it is of no concern. */
static void test_execs_of_the_period(void **state)
{
	struct desk d = { 0 };

	d.options.since_usec = T0 + HOUR;
	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "");
	executed(&d, "a", TALLY_DONE, THAT);
	d.usec = T0 + HOUR;
	executed(&d, "a", TALLY_DONE, ANOTHER);
	assert_string_equal(status(write_report(&d), "X"), "evidenced");
	desk_close(&d);
}

static void test_bad_rules(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "\"profile\", \"failsWhere\": {\"field\": \"A\", \"value\": \"b\"}",
		  "\"events\" alone" },
		{ "\"events\", \"failsWhere\": {\"field\": \"a\", \"value\": \"b\"}",
		  "needs a \"field\"" },
		{ "\"events\", \"failsWhere\": {\"field\": \"A\"}", "needs a \"field\"" },
		{ "\"events\", \"failsWhere\": {\"value\": \"b\"}", "needs a \"field\"" },
		{ "\"events\", \"failsWhere\": {\"feild\": \"A\", \"value\": \"b\"}",
		  "did you mean \"field\"?" },
		{ "\"events\", \"failsWhere\": []", "expected an object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_rules_ struct rules *rules = NULL;
		struct err err = { 0 };
		char text[512];

		(void)snprintf(text, sizeof(text),
			       "{\"framework\": \"F\", \"controls\": [{\"id\": \"1\", "
			       "\"events\": [\"exec\"], \"evidence\": %s}]}",
			       cases[i].text);
		assert_int_equal(rules_parse("F.json", text, strlen(text), &rules, &err), -EBADMSG);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s", err.text);
	}
}

static void test_too_many_fails(void **state)
{
	_cleanup_rules_ struct rules *rules = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };

	buf_adds(&text, "{\"framework\": \"F\", \"controls\": [");
	for (int i = 0; i <= TALLY_FAILS_MAX; i++)
		buf_addf(&text,
			 "%s{\"id\": \"%d\", \"evidence\": \"events\", \"failsWhere\": "
			 "{\"field\": \"A\", \"value\": \"b\"}}",
			 i ? "," : "", i);
	buf_adds(&text, "]}");
	assert_int_equal(buf_status(&text), 0);
	assert_int_equal(rules_parse("F.json", text.data, text.len, &rules, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 8 controls with \"failsWhere\""));
}

/* A container that runs without an admission is no gap in the chain. */
static void test_unadmitted(void **state)
{
	struct desk d = { 0 };
	const struct node *report;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "F:1 configured");
	tell(&d, EVENT_GAP, "rogue", "");
	tell(&d, EVENT_STOP, "a", "");
	assert_true(tally_knows(d.tally, tally_container("rogue", 5)));
	assert_false(tally_has_decided(d.tally, tally_container("rogue", 5)));
	assert_true(tally_has_decided(d.tally, tally_container("a", 1)));
	report = write_report(&d);
	assert_string_equal(status(report, "C"), "evidenced");
	assert_string_equal(status(report, "V"), "failed");
	assert_true(d.failed);
	desk_close(&d);
}

static void test_refused_ones_did_not_run(void **state)
{
	struct desk d = { 0 };
	const struct node *report;

	desk_open(&d);
	tell(&d, EVENT_DENY, "c", "F:1 configured");
	tell(&d, EVENT_STOP, "never admitted here", "");
	report = write_report(&d);
	assert_int_equal(number(report, "totals", "containers"), 0);
	assert_int_equal(number(report, "totals", "deny"), 1);
	assert_string_equal(status(report, "1"), "not-covered");
	assert_string_equal(status(report, "E"), "evidenced");
	assert_string_equal(status(report, "N"), "not-covered");
	assert_string_equal(node_get(control(report, "N"), "why")->string, "not ours");
	assert_false(d.failed);
	desk_close(&d);
}

static void test_statuses(void **state)
{
	struct desk d = { 0 };
	const struct node *report;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "a", "F:1 configured;F:2 configured");
	tell(&d, EVENT_ATTEST, "a", "F:1 evidenced");
	report = write_report(&d);
	assert_string_equal(status(report, "1"), "evidenced");
	assert_string_equal(status(report, "2"), "configured");
	assert_string_equal(status(report, "C"), "evidenced");
	assert_string_equal(status(report, "R"), "evidenced");
	assert_string_equal(status(report, "V"), "evidenced");
	assert_string_equal(status(report, "K"), "evidenced");
	assert_string_equal(status(report, "E"), "not-covered");
	desk_close(&d);

	d = (struct desk){ 0 };
	desk_open(&d);
	report = write_report(&d); /* of nothing */
	assert_string_equal(status(report, "C"), "not-covered");
	assert_string_equal(status(report, "V"), "not-covered");
	desk_close(&d);
}

/* ---- the chain ---- */

static const struct node *chain_of(const struct node *report)
{
	return node_get(node_get(report, "hosts")->first, "chain");
}

static void test_twice_counts_once(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	for (int i = 0; i < 10; i++) {
		r = say(&d, EVENT_ADMIT, "c", "F:1 configured");
		add(&d, &r);
		add(&d, &r);
	}
	report = write_report(&d);
	assert_int_equal(number(report, "totals", "admit"), 10);
	assert_int_equal(d.tally->again, 10);
	assert_string_equal(node_get(chain_of(report), "state")->string, "whole");
	desk_close(&d);
}

static void test_holes_and_forks(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "c", "");
	d.seq += 3; /* 2, 3, 4 */
	tell(&d, EVENT_ADMIT, "c", "");
	r = say(&d, EVENT_ADMIT, "c", "");
	add(&d, &r);
	r.hash = 12345; /* another one of that number */
	add(&d, &r);
	r = say(&d, EVENT_ADMIT, "c", "");
	r.prev = 777;
	add(&d, &r);
	report = write_report(&d);
	assert_int_equal(number(chain_of(report), "missing", NULL), 3);
	assert_int_equal(number(chain_of(report), "broken", NULL), 2);
	assert_int_equal(number(chain_of(report), "from", NULL), 1);
	assert_int_equal(number(chain_of(report), "to", NULL), 7);
	assert_string_equal(node_get(chain_of(report), "state")->string, "broken");
	assert_int_equal(node_get(report, "gaps")->count, 3);
	assert_string_equal(status(report, "C"), "failed");
	assert_int_equal(node_get(control(report, "C"), "failures")->count, 3);
	assert_true(d.failed);
	desk_close(&d);
}

/* A gap that a record tells of is told once. */
static void test_recorded_gaps(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "c", "");
	d.seq += 5;
	r = say(&d, EVENT_GAP, "", "");
	r.gap_from = 2;
	r.gap_to = 6;
	add(&d, &r);
	report = write_report(&d);
	assert_int_equal(number(chain_of(report), "missing", NULL), 5);
	assert_int_equal(number(chain_of(report), "gaps", NULL), 1);
	assert_string_equal(node_get(chain_of(report), "state")->string, "holes");
	assert_int_equal(node_get(report, "gaps")->count, 1);
	assert_string_equal(node_get(node_get(report, "gaps")->first, "kind")->string, "record");
	desk_close(&d);
}

static void test_clock(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "c", "");
	r = say(&d, EVENT_STOP, "c", "");
	r.usec -= HOUR;
	add(&d, &r);
	/* In another boot that is no matter. */
	r = say(&d, EVENT_STOP, "c", "");
	r.boot = word(&d, "another");
	r.usec -= 2 * HOUR;
	add(&d, &r);
	report = write_report(&d);
	assert_int_equal(d.tally->hosts[0].clock_back, 1);
	assert_string_equal(status(report, "K"), "failed");
	desk_close(&d);

	d = (struct desk){ 0 };
	desk_open(&d);
	r = say(&d, EVENT_ADMIT, "c", "");
	r.has_time = false;
	add(&d, &r);
	assert_string_equal(status(write_report(&d), "K"), "failed");
	desk_close(&d);
}

static void test_required_fields(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	tell(&d, EVENT_ADMIT, "c", "");
	r = say(&d, EVENT_STOP, "c", ""); /* no decision */
	r.required = 0;
	add(&d, &r);
	r = say(&d, EVENT_DENY, "c", "");
	r.required = 1; /* and a refusal needs no digest */
	add(&d, &r);
	r = say(&d, EVENT_ADMIT, "bare", "");
	r.n_profiles = 0; /* no policy, so no digest of one */
	r.required = 3;
	add(&d, &r);
	report = write_report(&d);
	assert_string_equal(status(report, "R"), "failed");
	assert_non_null(strstr(node_get(control(report, "R"), "why")->string, "1 of 3 decisions"));
	desk_close(&d);
}

/* ---- the period, silence ---- */

static void test_period(void **state)
{
	struct desk d = { 0 };
	const struct node *report;

	d.options.since_usec = T0 + HOUR;
	d.options.until_usec = T0 + 2 * HOUR;
	desk_open(&d);
	tell(&d, EVENT_ADMIT, "before", "F:1 audited");
	tell(&d, EVENT_ADMIT, "into it", "F:1 configured");
	tell(&d, EVENT_ATTEST, "into it", "F:1 evidenced");
	d.usec = T0 + HOUR;
	tell(&d, EVENT_STOP, "into it", "");
	tell(&d, EVENT_ADMIT, "within", "F:1 configured");
	d.usec = T0 + 3 * HOUR;
	tell(&d, EVENT_DRIFT, "within", "");
	tell(&d, EVENT_ADMIT, "after", "F:1 audited");
	report = write_report(&d);
	assert_int_equal(number(report, "totals", "containers"), 2);
	assert_int_equal(number(report, "totals", "admit"), 1);
	assert_int_equal(number(report, "totals", "stop"), 1);
	assert_int_equal(number(report, "totals", "records"), 2);
	assert_int_equal(number(control(report, "1"), "containers", "evidenced"), 1);
	assert_int_equal(number(control(report, "1"), "containers", "configured"), 1);
	assert_int_equal(number(control(report, "1"), "containers", "failed"), 0);
	assert_int_equal(number(chain_of(report), "from", NULL), 4);
	assert_int_equal(number(chain_of(report), "missing", NULL), 0);
	desk_close(&d);
}

static size_t silent_after(size_t records, uint64_t pause, uint64_t silence)
{
	struct desk d = { 0 };
	struct err err = { 0 };
	size_t n;

	desk_open(&d);
	for (size_t i = 0; i < records; i++) {
		d.usec += pause;
		tell(&d, EVENT_HEAD, "", "");
	}
	assert_int_equal(report_silence(d.tally, d.usec + silence, &err), 0);
	n = d.tally->n_gaps;
	desk_close(&d);
	return n;
}

static void test_silence(void **state)
{
	assert_int_equal(silent_after(10, HOUR, 23 * HOUR), 0);
	assert_int_equal(silent_after(10, HOUR, 25 * HOUR), 1);
	assert_int_equal(silent_after(200, HOUR, HOUR), 0);
	assert_int_equal(silent_after(200, HOUR, 3 * HOUR), 1); /* against its habit */
	assert_int_equal(silent_after(200, HOUR / 60, HOUR / 2), 0);
	assert_int_equal(silent_after(200, HOUR / 60, 2 * HOUR), 1);
}

/* ---- waivers, dimensions, scope ---- */

static void waive_first(void *arg, const char *name, const char *const labels[], size_t n,
			uint64_t mask[TALLY_WAIVERS_MAX / 64])
{
	mask[0] = n > 0 && streq(labels[0], "app=old");
}

static const struct node *waived_report(struct desk *d, const char *wanted_control, bool expired)
{
	struct tally_record r;

	d->options.waivers = waive_first;
	desk_open(d);
	d->waivers[0] = (struct report_waiver){ .framework = "F",
						.control = wanted_control,
						.owner = "me",
						.reason = "soon",
						.expires = "2027-01-01",
						.expired = expired };
	d->n_waivers = 1;
	r = say(d, EVENT_ADMIT, "old", "F:1 audited");
	r.labels[r.n_labels++] = word(d, "app=old");
	add(d, &r);
	tell(d, EVENT_ADMIT, "new", "F:1 configured");
	executed(d, "old", TALLY_DONE, THAT);
	return write_report(d);
}

static void test_waivers(void **state)
{
	struct desk d = { 0 };
	const struct node *report = waived_report(&d, "1", false), *failure;

	assert_string_equal(status(report, "1"), "waived");
	assert_int_equal(number(control(report, "1"), "containers", "waived"), 1);
	assert_int_equal(number(control(report, "1"), "containers", "configured"), 1);
	failure = node_get(control(report, "1"), "failures")->first;
	assert_string_equal(node_path(failure, "waiver", "owner", NULL)->string, "me");
	assert_string_equal(node_get(failure, "cursor")->string, "cursor");
	assert_true(node_is(node_get(node_get(report, "waivers")->first, "used"), NODE_TRUE));
	assert_string_equal(status(report, "X"), "failed");
	desk_close(&d);

	d = (struct desk){ 0 };
	report = waived_report(&d, "1", true); /* expired */
	assert_string_equal(status(report, "1"), "failed");
	assert_true(d.failed);
	desk_close(&d);

	d = (struct desk){ 0 };
	report = waived_report(&d, "2", false); /* of another control */
	assert_string_equal(status(report, "1"), "failed");
	desk_close(&d);

	d = (struct desk){ 0 };
	report = waived_report(&d, "*", false);
	assert_string_equal(status(report, "1"), "waived");
	assert_string_equal(status(report, "X"), "waived");
	assert_false(d.failed);
	desk_close(&d);
}

static void test_dimensions(void **state)
{
	struct desk d = { 0 };
	const struct node *report, *app, *profile;
	struct tally_record r;

	d.options.dimensions[0] = "app";
	d.options.dimensions[1] = "profile";
	d.options.n_dimensions = 2;
	desk_open(&d);
	for (unsigned i = 0; i < 5; i++) {
		char id[8];

		(void)snprintf(id, sizeof(id), "c%u", i);
		r = say(&d, EVENT_ADMIT, id, i == 0 ? "F:1 audited" : "F:1 configured");
		r.labels[r.n_labels++] = word(&d, i < 3 ? "io.coaming.app=shop" : "app=db");
		r.profiles[r.n_profiles++] = word(&d, i < 3 ? "shop" : "db");
		add(&d, &r);
	}
	report = write_report(&d);
	app = node_get(report, "by")->first;
	assert_int_equal(node_get(app, "rows")->count, 2);
	assert_string_equal(node_get(node_get(app, "rows")->first, "value")->string, "shop");
	assert_int_equal(number(node_get(app, "rows")->first, "containers", NULL), 3);
	assert_int_equal(number(node_get(app, "rows")->first, "failed", NULL), 1);
	assert_int_equal(number(node_get(app, "rows")->first, "configured", NULL), 2);
	profile = app->next;
	assert_int_equal(node_get(profile, "rows")->count, 3);
	assert_string_equal(node_get(node_get(profile, "rows")->first, "value")->string, "pci");
	assert_int_equal(number(node_get(profile, "rows")->first, "admit", NULL), 5);
	desk_close(&d);
}

static bool want_shop(void *arg, const char *const labels[], size_t n)
{
	return n > 0 && streq(labels[0], "app=shop");
}

static void test_scope(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	d.options.wanted = want_shop;
	desk_open(&d);
	r = say(&d, EVENT_ADMIT, "a", "F:1 configured");
	r.labels[r.n_labels++] = word(&d, "app=shop");
	add(&d, &r);
	tell(&d, EVENT_ADMIT, "b", "F:1 audited");
	tell(&d, EVENT_STOP, "a", "");
	tell(&d, EVENT_STOP, "b", "");
	tell(&d, EVENT_STOP, "unknown", "");
	report = write_report(&d);
	assert_int_equal(number(report, "totals", "containers"), 1);
	assert_int_equal(number(report, "totals", "records"), 2);
	assert_string_equal(status(report, "1"), "configured");
	assert_int_equal(node_get(control(report, "1"), "failures")->count, 0);
	assert_int_equal(number(chain_of(report), "missing", NULL), 0);
	desk_close(&d);
}

static void test_machines_are_apart(void **state)
{
	struct desk d = { 0 };
	const struct node *report;
	struct tally_record r;

	desk_open(&d);
	for (int i = 0; i < 3; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "m%d", i);
		r = say(&d, EVENT_ADMIT, "same id", "F:1 configured");
		r.machine = word(&d, name);
		r.seq = 1;
		r.prev = 0;
		add(&d, &r);
	}
	report = write_report(&d);
	assert_int_equal(number(report, "totals", "containers"), 3);
	assert_int_equal(node_get(report, "hosts")->count, 3);
	assert_string_equal(status(report, "C"), "evidenced");
	desk_close(&d);
}

/* ---- parts ---- */

static void test_seqset(void **state)
{
	uint64_t seed = random_seed();

	for (unsigned round = 0; round < 50; round++) {
		_cleanup_(seqset_done) struct seqset set = { 0 };
		bool there[20000] = { false };
		uint64_t first, last, holes = 0, expected = 0;

		for (unsigned i = 0; i < 3000; i++) {
			uint64_t seq = round % 2 ? random_below(&seed, ARRAY_SIZE(there))
						 : (uint64_t)i * (round / 10 + 1);

			assert_int_equal(seqset_add(&set, seq, seq * 3 + 1),
					 there[seq] ? SEQSET_AGAIN : SEQSET_NEW);
			there[seq] = true;
			assert_int_equal(seqset_add(&set, seq, seq * 3 + 2), SEQSET_OTHER);
			assert_true(seqset_differs(&set, seq, seq * 3 + 2));
			assert_false(seqset_differs(&set, seq, seq * 3 + 1));
		}
		for (size_t i = 0; i < ARRAY_SIZE(there); i++)
			expected += !there[i];
		for (uint64_t at = 0; seqset_hole(&set, at, ARRAY_SIZE(there) - 1, &first, &last);
		     at = last + 1) {
			holes += last - first + 1;
			for (uint64_t k = first; k <= last; k++)
				assert_false(there[k]);
		}
		assert_int_equal(holes, expected);
	}
}

static void test_intern_is_bounded(void **state)
{
	_cleanup_(intern_done) struct intern in = { 0 };
	struct err err = { 0 };
	char text[32];

	assert_int_equal(intern_new(&in, &err), 0);
	for (unsigned i = 0; i < INTERN_MAX + 100; i++) {
		(void)snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(intern_add(&in, text, strlen(text)), i < INTERN_MAX ? i + 1 : 0);
	}
	assert_int_equal(intern_add(&in, "text 17", 7), 18);
	assert_string_equal(intern_text(&in, 18), "text 17");
	assert_int_equal(in.omitted, 100);
}

static void test_groups(void **state)
{
	static const char id[] = "4f1c2a9e7b30d5f8c6a1b2e3948576ab0c1d2e3f405162738495a6b7c8d9e0f1";
	char name[128];

	(void)snprintf(name, sizeof(name), "libpod-%s.scope", id);
	assert_non_null(coverage_id(name, "machine.slice"));
	(void)snprintf(name, sizeof(name), "docker-%s.scope", id);
	assert_non_null(coverage_id(name, "system.slice"));
	(void)snprintf(name, sizeof(name), "crio-%s", id);
	assert_non_null(coverage_id(name, "kubepods"));
	(void)snprintf(name, sizeof(name), "cri-containerd-%s.scope", id);
	assert_non_null(coverage_id(name, "kubepods.slice"));
	assert_non_null(coverage_id(id, "docker"));
	assert_non_null(coverage_id(id, "pod6f9c1b7e-8a11-4c0e-9c46-6b1f0e7c2d10"));
	assert_non_null(coverage_id(id, "pod0123456789abcdef0123456789abcdef"));
	assert_null(coverage_id(id, "pod6f9c1b7e"));
	assert_null(coverage_id(id, "podman-6f9c1b7e-8a11-4c0e-9c46-6b1f0e7c2d10"));
	assert_null(coverage_id(id, "user.slice"));
	(void)snprintf(name, sizeof(name), "libpod-conmon-%s.scope", id);
	assert_null(coverage_id(name, "machine.slice"));
	assert_null(coverage_id("libpod-4f1c.scope", "machine.slice"));
}

/* ---- from files ---- */

static void put_record(struct buf *text, unsigned i, const char *more)
{
	char stamp[STAMP_SIZE];

	maker_begin(text, T0 + i * 1000);
	buf_addf(text,
		 "COAMING_SCHEMA=1\nCOAMING_TIME=%s\nCOAMING_SEQ=%u\nCOAMING_HASH=%064x\n"
		 "COAMING_PREV=%064x\n_MACHINE_ID=%032x\n_HOSTNAME=h\nCOAMING_BOOT_ID=%032x\n"
		 "COAMING_MONOTONIC_USEC=%u\nMESSAGE=m\n%s\n",
		 stamp_format(stamp, T0 + i * 1000), i, i, i - 1, 7, 9, i, more);
}

#define ROOT "_UID=0\n_TRANSPORT=journal\n"
#define ID_A "CONTAINER_ID_FULL=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define ID_B "CONTAINER_ID_FULL=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
#define ID_C "CONTAINER_ID_FULL=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"

static void test_files(void **state)
{
	static const char *const labels[] = { "app" };
	const struct place *p = *state;
	_cleanup_sources_ struct sources sources = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct desk d = { 0 };
	struct harvest_notes notes;
	struct err err = { 0 };
	char path[128];

	put_record(&text, 1, "COAMING_EVENT=admit\nCOAMING_CONTROL=F:1 configured\n" ROOT ID_A);
	put_record(&text, 2, "COAMING_EVENT=admit\n_UID=1000\n_TRANSPORT=journal\n" ID_B);
	put_record(&text, 3, "COAMING_EVENT=admit\n_UID=0\n_TRANSPORT=syslog\n" ID_B);
	put_record(&text, 4, "COAMING_EVENT=nonsense\n" ROOT ID_B);
	put_record(&text, 5,
		   "COAMING_EVENT=exec\nCOAMING_OUTCOME=accept\nCOAMING_EXEC_UID=0\n" ROOT ID_A);
	put_record(&text, 6,
		   "COAMING_EVENT=exec\nCOAMING_OUTCOME=refuse\nCOAMING_EXEC_UID=0\n" ROOT ID_A);
	put_record(&text, 7,
		   "COAMING_EVENT=exec\nCOAMING_OUTCOME=accept\nCOAMING_EXEC_UID=00\n" ROOT ID_A);
	/* Not ours: the engine's, and one that a user made up. */
	maker_begin(&text, T0 + 5000);
	buf_adds(&text, "MESSAGE=output\n_MACHINE_ID=7\nCONTAINER_NAME=lost\n" ROOT ID_C "\n");
	maker_begin(&text, T0 + 6000);
	buf_adds(&text, "MESSAGE=output\n_UID=1000\n_TRANSPORT=journal\n" ID_B "\n");
	/* What stays in the default journal beside a namespace is ours. */
	maker_begin(&text, T0 + 6500);
	buf_adds(&text, "MESSAGE=short\nSYSLOG_IDENTIFIER=coaming\n" ROOT ID_B "\n");
	maker_begin(&text, T0 + 7000);
	buf_adds(&text, "MESSAGE=output\n" ROOT ID_A "\n");
	(void)snprintf(path, sizeof(path), "%s/a.journal", p->dir);
	maker_write(&text, path, NULL);
	assert_int_equal(sources_add_directory(&sources, p->dir, &err), 0);
	assert_int_equal(sources.n, 1);
	desk_open(&d);
	assert_int_equal(harvest(d.tally, &sources, NULL, labels, 1, &notes, &err), 0);
	assert_int_equal(notes.entries, 7);
	assert_int_equal(notes.foreign, 2);
	assert_int_equal(d.tally->records, 4);
	assert_int_equal(d.tally->events[EVENT_ADMIT], 1);
	assert_int_equal(d.tally->n_failures, 1);
	assert_string_equal(d.tally->failures[0].why, "COAMING_EXEC_UID=0");
	assert_int_equal(coverage_engines(d.tally, &sources, &err), 0);
	assert_int_equal(d.tally->without_admission, 1);
	assert_non_null(strstr(d.tally->gaps[0].text, "container lost (cccccccccccc)"));
	/* The same again: told once. */
	assert_int_equal(coverage_engines(d.tally, &sources, &err), 0);
	assert_int_equal(d.tally->without_admission, 1);
	assert_string_equal(status(write_report(&d), "V"), "failed");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_points_of_two),
		cmocka_unit_test(test_execs),
		cmocka_unit_test(test_many_execs),
		cmocka_unit_test(test_execs_of_the_period),
		cmocka_unit_test(test_bad_rules),
		cmocka_unit_test(test_too_many_fails),
		cmocka_unit_test(test_unadmitted),
		cmocka_unit_test(test_refused_ones_did_not_run),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_twice_counts_once),
		cmocka_unit_test(test_holes_and_forks),
		cmocka_unit_test(test_recorded_gaps),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_required_fields),
		cmocka_unit_test(test_period),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_waivers),
		cmocka_unit_test(test_dimensions),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_machines_are_apart),
		cmocka_unit_test(test_seqset),
		cmocka_unit_test(test_intern_is_bounded),
		cmocka_unit_test(test_groups),
		cmocka_unit_test_setup_teardown(test_files, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
