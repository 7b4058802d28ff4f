/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as a JSON document.
 *
 * MUST NOT say "evidenced" of what no record shows.
 */
#include "audit/report.h"

#include <errno.h>
#include <stdarg.h>

#include "audit/stamp.h"
#include "lib/emit.h"

#define ROWS_SHOWN    200
#define PIECES_MAX    1024
#define USEC_PER_HOUR (UINT64_C(3600) * 1000000)
/* A habit is known from so many records on. */
#define HABIT_RECORDS 100

static const uint32_t in_report = TALLY_RAN | TALLY_IN_PERIOD;

static bool is_shown(const struct tally_class *c)
{
	return c->containers > 0 && (c->flags & in_report) == in_report && !(c->flags & TALLY_OUT);
}

/* ---- small values ---- */

static void put_bool(struct emit *e, const char *key, bool v)
{
	emit_key(e, key);
	emit_bool(e, v);
}

static void put_time(struct emit *e, const char *key, uint64_t usec)
{
	char text[STAMP_SIZE];

	emit_text(e, key, usec ? stamp_format(text, usec) : NULL);
}

static const char *host_name(const struct tally *t, uint32_t host)
{
	const struct tally_host *h;

	if (host >= t->n_hosts)
		return "";
	h = &t->hosts[host];
	return intern_text(&t->words, h->hostname ? h->hostname : h->machine);
}

/* ---- waivers ---- */

static bool covers(const struct report *report, const struct report_waiver *w, const char *control)
{
	if (w->framework && report->rules && !streq(w->framework, report->rules->id))
		return false;
	return streq(w->control, "*") || streq(w->control, control);
}

/* The one that holds; else one that has expired; NULL: none. mask NULL: not of a container. */
static struct report_waiver *waiver_of(const struct report *report, const uint64_t *mask,
				       const char *control)
{
	struct report_waiver *expired = NULL;

	for (size_t i = 0; i < report->n_waivers; i++) {
		struct report_waiver *w = &report->waivers[i];

		if (mask ? !(mask[i / 64] >> i % 64 & 1) : !w->any)
			continue;
		if (!covers(report, w, control))
			continue;
		w->used = true;
		if (!w->expired)
			return w;
		expired = w;
	}
	return expired;
}

static bool is_waived(const struct report *report, const uint64_t *mask, const char *control)
{
	const struct report_waiver *w = waiver_of(report, mask, control);

	return w && !w->expired;
}

static void put_waiver(struct emit *e, const struct report_waiver *w)
{
	emit_key(e, "waiver");
	if (!w) {
		emit_null(e);
		return;
	}
	emit_object(e);
	emit_text(e, "control", w->control);
	emit_text(e, "owner", w->owner);
	emit_text(e, "reason", w->reason);
	emit_text(e, "expires", w->expires);
	put_bool(e, "expired", w->expired);
	emit_object_end(e);
}

static void put_waivers(struct emit *e, const struct report *report)
{
	emit_key(e, "waivers");
	emit_array(e);
	for (size_t i = 0; i < report->n_waivers; i++) {
		const struct report_waiver *w = &report->waivers[i];

		emit_object(e);
		emit_text(e, "control", w->control);
		emit_text(e, "owner", w->owner);
		emit_text(e, "reason", w->reason);
		emit_text(e, "expires", w->expires);
		put_bool(e, "expired", w->expired);
		put_bool(e, "used", w->used);
		emit_object_end(e);
	}
	emit_array_end(e);
}

/* ---- controls ---- */

enum status {
	STATUS_EVIDENCED,
	STATUS_CONFIGURED,
	STATUS_FAILED,
	STATUS_WAIVED,
	STATUS_NOT_COVERED,
	STATUSES_,
};

static const char *const statuses[] = {
	[STATUS_EVIDENCED] = "evidenced",     [STATUS_CONFIGURED] = "configured",
	[STATUS_FAILED] = "failed",           [STATUS_WAIVED] = "waived",
	[STATUS_NOT_COVERED] = "not-covered",
};
static_assert(ARRAY_SIZE(statuses) == STATUSES_, "a name for each");

struct verdict {
	enum status status;
	char why[512];
	uint64_t evidenced, configured, failed, exempt, waived, not_covered; /* containers */
};

/* A control without a framework's file: one that records name. */
static const struct rule *rule_of(const struct report *report, size_t control, struct rule *space)
{
	if (report->rules)
		return &report->rules->v[control];
	*space = (struct rule){ .id = report->tally->controls[control],
				.title = "",
				.description = "",
				.why = "",
				.fails_field = "",
				.fails_value = "",
				.evidence = RULE_PROFILE };
	return space;
}

static void count_containers(const struct report *report, size_t control, const char *id,
			     struct verdict *v)
{
	const struct tally *t = report->tally;

	for (size_t i = 1; i < t->n_classes; i++) {
		const struct tally_class *c = &t->classes[i];
		enum tally_state state;

		if (!is_shown(c))
			continue;
		state = tally_state_of(t, c, control);
		if (c->flags & TALLY_EXEMPT)
			v->exempt += c->containers;
		else if (state == TALLY_NONE)
			v->not_covered += c->containers;
		else if (!tally_fails(t, c, control))
			*(state == TALLY_EVIDENCED ? &v->evidenced : &v->configured) +=
				c->containers;
		else if (is_waived(report, c->waivers, id))
			v->waived += c->containers;
		else
			v->failed += c->containers;
	}
}

static void say(struct verdict *v, enum status status, const char *fmt, ...) _printf_(3, 4);
static void say(struct verdict *v, enum status status, const char *fmt, ...)
{
	va_list ap;

	v->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
}

#define ULL(v) ((unsigned long long)(v))

static void judge_profile(const struct report *report, size_t control, const char *id,
			  struct verdict *v)
{
	count_containers(report, control, id, v);
	if (v->failed > 0)
		say(v, STATUS_FAILED, "%llu containers ran without what it asks for",
		    ULL(v->failed));
	else if (v->waived > 0)
		say(v, STATUS_WAIVED,
		    "%llu containers ran without what it asks for, under a waiver", ULL(v->waived));
	else if (v->configured > 0)
		say(v, STATUS_CONFIGURED, "set for %llu containers; of %llu it was read back",
		    ULL(v->configured + v->evidenced), ULL(v->evidenced));
	else if (v->evidenced > 0)
		say(v, STATUS_EVIDENCED, "read back from the kernel for all of %llu containers",
		    ULL(v->evidenced));
	else
		say(v, STATUS_NOT_COVERED, "no profile of a container that ran claims it");
}

/* What is no container's can be waived too, by a waiver that names no containers. */
static void fail(const struct report *report, const char *id, struct verdict *v)
{
	if (is_waived(report, NULL, id))
		v->status = STATUS_WAIVED;
}

static uint64_t missing_of(const struct tally_host *h)
{
	uint64_t missing = 0, first = 0, last = 0;

	for (uint64_t at = h->seq_from;
	     at > 0 && seqset_hole(&h->seen, at, h->seq_to, &first, &last); at = last + 1)
		missing += last - first + 1;
	return missing;
}

static void judge_chain(const struct report *report, const char *id, struct verdict *v)
{
	const struct tally *t = report->tally;
	uint64_t missing = 0, gaps = 0, broken = 0;

	for (size_t i = 0; i < t->n_hosts; i++) {
		missing += missing_of(&t->hosts[i]);
		gaps += t->hosts[i].gaps;
		broken += t->hosts[i].broken;
	}
	if (missing + gaps + broken == 0) {
		say(v, STATUS_EVIDENCED, "%llu records of %zu hosts follow one another",
		    ULL(t->records), t->n_hosts);
		return;
	}
	say(v, STATUS_FAILED,
	    "%llu records are missing, %llu gaps are recorded, %llu do not follow", ULL(missing),
	    ULL(gaps), ULL(broken));
	fail(report, id, v);
}

/* Decisions that have every field which the rule asks for; at most, where several lack one. */
static uint64_t complete_of(const struct tally *t, const struct rule *rule,
			    const uint64_t complete[TALLY_REQUIRED_MAX], uint64_t decisions)
{
	uint64_t least = decisions;

	for (size_t i = 0; i < rule->n_required; i++)
		for (size_t k = 0; k < t->options.n_required; k++)
			if (streq(rule->required[i], t->options.required[k]) && complete[k] < least)
				least = complete[k];
	return least;
}

static void judge_records(const struct report *report, const struct rule *rule, struct verdict *v)
{
	const struct tally *t = report->tally;
	uint64_t complete = complete_of(t, rule, t->complete, t->decisions);

	if (t->decisions == 0) {
		say(v, STATUS_NOT_COVERED, "there are no decisions in the period");
		return;
	}
	if (complete == t->decisions) {
		say(v, STATUS_EVIDENCED, "all of %llu decisions have the fields", ULL(complete));
		return;
	}
	say(v, STATUS_FAILED, "%llu of %llu decisions lack a field", ULL(t->decisions - complete),
	    ULL(t->decisions));
	fail(report, rule->id, v);
}

static void judge_clock(const struct report *report, const char *id, struct verdict *v)
{
	const struct tally *t = report->tally;
	uint64_t back = 0;

	for (size_t i = 0; i < t->n_hosts; i++)
		back += t->hosts[i].clock_back;
	if (back + t->timeless == 0) {
		say(v, STATUS_EVIDENCED, "the times of %llu records are in order", ULL(t->records));
		return;
	}
	say(v, STATUS_FAILED, "clocks were set back %llu times; %llu records have no time",
	    ULL(back), ULL(t->timeless));
	fail(report, id, v);
}

static void judge_coverage(const struct report *report, const char *id, struct verdict *v)
{
	const struct tally *t = report->tally;

	if (t->without_admission == 0) {
		say(v, STATUS_EVIDENCED, "no container is known that was not decided on");
		return;
	}
	say(v, STATUS_FAILED, "%llu containers ran without a decision", ULL(t->without_admission));
	fail(report, id, v);
}

static void count_failed(const struct report *report, size_t control, const char *id,
			 struct verdict *v)
{
	const struct tally *t = report->tally;

	for (size_t i = 1; i < t->n_classes; i++) {
		const struct tally_class *c = &t->classes[i];

		if ((c->flags & TALLY_OUT) || !tally_was_failed(t, c, control))
			continue;
		if (is_waived(report, c->waivers, id))
			v->waived += c->containers;
		else
			v->failed += c->containers;
	}
}

/* Hosts where containers were admitted, and none of the records is: do they come to be known? */
static uint64_t unseen_on(const struct tally *t, const struct rule *rule)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->n_hosts; i++)
		n += (t->hosts[i].events & 1U << EVENT_ADMIT) &&
		     !(t->hosts[i].events & rule->events);
	return n;
}

/* n records are there, and each of them might have failed it. */
static void judge_each(const struct report *report, size_t control, const struct rule *rule,
		       uint64_t n, struct verdict *v)
{
	uint64_t failing = report->tally->failures_of[control];
	uint64_t unseen = unseen_on(report->tally, rule);

	count_failed(report, control, rule->id, v);
	/* Of a container for which there was no room, the record is known all the same. */
	if (failing > 0)
		say(v, v->waived > 0 && v->failed == 0 ? STATUS_WAIVED : STATUS_FAILED,
		    "%llu of %llu records have %s=%s, or do not tell it, in %llu containers%s",
		    ULL(failing), ULL(n), rule->fails_field, rule->fails_value,
		    ULL(v->failed + v->waived),
		    v->failed == 0 && v->waived > 0 ? ", under a waiver" : "");
	else if (unseen > 0)
		say(v, STATUS_CONFIGURED,
		    "%llu records, none of which has %s=%s; of %llu hosts with containers there "
		    "is none, and that they would be seen is not shown",
		    ULL(n), rule->fails_field, rule->fails_value, ULL(unseen));
	else
		say(v, STATUS_EVIDENCED, "%llu records tell of it, none has %s=%s", ULL(n),
		    rule->fails_field, rule->fails_value);
}

static void judge_events(const struct report *report, size_t control, const struct rule *rule,
			 struct verdict *v)
{
	uint64_t n = 0;

	for (size_t i = 0; i < EVENTS_; i++)
		if (rule->events >> i & 1)
			n += report->tally->events[i];
	if (n == 0)
		say(v, STATUS_NOT_COVERED, "no record of that kind is in the period");
	else if (rule->fails_field[0])
		judge_each(report, control, rule, n, v);
	else
		say(v, STATUS_EVIDENCED, "%llu records tell of it", ULL(n));
}

static struct verdict judge(const struct report *report, size_t control, const struct rule *rule)
{
	struct verdict v = { .status = STATUS_NOT_COVERED };

	if (rule->evidence == RULE_NONE)
		say(&v, STATUS_NOT_COVERED, "%s",
		    rule->why[0] ? rule->why : "coaming records nothing that shows it");
	else if (report->tally->records == 0)
		say(&v, STATUS_NOT_COVERED, "there are no records in the period");
	else if (rule->evidence == RULE_PROFILE)
		judge_profile(report, control, rule->id, &v);
	else if (rule->evidence == RULE_CHAIN)
		judge_chain(report, rule->id, &v);
	else if (rule->evidence == RULE_RECORDS)
		judge_records(report, rule, &v);
	else if (rule->evidence == RULE_COVERAGE)
		judge_coverage(report, rule->id, &v);
	else if (rule->evidence == RULE_CLOCK)
		judge_clock(report, rule->id, &v);
	else
		judge_events(report, control, rule, &v);
	return v;
}

/* ---- failures ---- */

static void put_failure(struct emit *e, const struct report *report, const struct tally_failure *f)
{
	emit_object(e);
	emit_text(e, "host", host_name(report->tally, f->host));
	emit_text(e, "container", f->name);
	emit_text(e, "containerId", f->id);
	put_time(e, "time", f->usec);
	emit_text(e, "why", f->why);
	emit_text(e, "cursor", f->cursor);
	emit_number(e, "seq", f->seq);
	put_waiver(e, waiver_of(report, f->waivers, report->tally->controls[f->control]));
	emit_object_end(e);
}

static void put_gap_failure(struct emit *e, const struct report *report, const struct tally_gap *g,
			    const char *control)
{
	emit_object(e);
	emit_text(e, "host", host_name(report->tally, g->host));
	emit_text(e, "container", NULL);
	emit_text(e, "containerId", NULL);
	put_time(e, "time", g->usec);
	emit_text(e, "why", g->text);
	emit_text(e, "cursor", g->cursor);
	emit_number(e, "seq", 0);
	put_waiver(e, waiver_of(report, NULL, control));
	emit_object_end(e);
}

static bool is_failure_of(const struct tally_gap *g, enum rule_evidence evidence)
{
	if (evidence == RULE_COVERAGE)
		return g->kind == TALLY_GAP_ADMISSION;
	return evidence == RULE_CHAIN &&
	       (g->kind == TALLY_GAP_CHAIN || g->kind == TALLY_GAP_RECORD);
}

static void put_failures(struct emit *e, const struct report *report, size_t control,
			 const struct rule *rule, const struct verdict *v)
{
	const struct tally *t = report->tally;
	uint64_t shown = 0, all = v->failed + v->waived;

	if (rule->evidence == RULE_EVENTS) /* each record is one */
		all = t->failures_of[control];
	emit_key(e, "failures");
	emit_array(e);
	for (size_t i = 0;
	     (rule->evidence == RULE_PROFILE || rule->evidence == RULE_EVENTS) && i < t->n_failures;
	     i++)
		if (t->failures[i].control == control) {
			put_failure(e, report, &t->failures[i]);
			shown++;
		}
	for (size_t i = 0; i < t->n_gaps; i++)
		if (is_failure_of(&t->gaps[i], rule->evidence)) {
			all++;
			if (shown >= TALLY_FAILURES_MAX)
				continue;
			put_gap_failure(e, report, &t->gaps[i], rule->id);
			shown++;
		}
	emit_array_end(e);
	emit_number(e, "failuresOmitted", all > shown ? all - shown : 0);
}

static void put_share(struct emit *e, uint64_t met, uint64_t of)
{
	char text[32];

	if (of == 0) {
		emit_null(e);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.4f", (double)met / (double)of);
	emit_raw(e, text);
}

static void put_control_trend(struct emit *e, const struct report *report, size_t control,
			      const struct rule *rule)
{
	const struct tally *t = report->tally;

	emit_key(e, "trend");
	emit_array(e);
	for (size_t i = 0; i < t->n_buckets; i++) {
		const struct tally_bucket *b = &t->buckets[i];

		if (rule->evidence == RULE_PROFILE)
			put_share(e, t->met[control][i], t->claimed[control][i]);
		else if (rule->evidence == RULE_RECORDS)
			put_share(e, complete_of(t, rule, b->complete, b->decisions), b->decisions);
		else
			emit_null(e);
	}
	emit_array_end(e);
}

/* Whether it failed. */
static bool put_control(struct emit *e, const struct report *report, size_t control)
{
	struct rule space;
	const struct rule *rule = rule_of(report, control, &space);
	struct verdict v = judge(report, control, rule);

	emit_object(e);
	emit_text(e, "id", rule->id);
	emit_text(e, "title", rule->title);
	emit_text(e, "description", rule->description);
	emit_text(e, "evidence", rule_evidence_name(rule->evidence));
	emit_text(e, "status", statuses[v.status]);
	emit_text(e, "why", v.why);
	emit_key(e, "containers");
	emit_object(e);
	emit_number(e, "evidenced", v.evidenced);
	emit_number(e, "configured", v.configured);
	emit_number(e, "failed", v.failed);
	emit_number(e, "exempt", v.exempt);
	emit_number(e, "waived", v.waived);
	emit_number(e, "notCovered", v.not_covered);
	emit_object_end(e);
	put_failures(e, report, control, rule, &v);
	put_control_trend(e, report, control, rule);
	emit_object_end(e);
	return v.status == STATUS_FAILED;
}

/* ---- the rest of the document ---- */

static void put_head(struct emit *e, const struct report *report)
{
	const struct tally *t = report->tally;

	emit_text(e, "schema", "coaming-report-1");
	put_time(e, "generated", report->now_usec);
	emit_text(e, "version", COAMING_VERSION);
	emit_key(e, "period");
	emit_object(e);
	put_time(e, "since", report->since_usec);
	put_time(e, "until", report->until_usec);
	put_time(e, "first", t->first);
	put_time(e, "last", t->last);
	emit_object_end(e);
	emit_key(e, "framework");
	if (report->rules) {
		emit_object(e);
		emit_text(e, "id", report->rules->id);
		emit_text(e, "name", report->rules->name);
		emit_text(e, "version", report->rules->version);
		emit_text(e, "publisher", report->rules->publisher);
		emit_text(e, "url", report->rules->url);
		emit_object_end(e);
	} else {
		emit_null(e);
	}
	emit_key(e, "scope");
	emit_object(e);
	emit_text(e, "selector", report->selector);
	emit_text(e, "directory", report->directory);
	emit_object_end(e);
}

static bool is_silent(const struct tally *t, uint32_t host)
{
	for (size_t i = 0; i < t->n_gaps; i++)
		if (t->gaps[i].kind == TALLY_GAP_SILENT && t->gaps[i].host == host)
			return true;
	return false;
}

static void put_hosts(struct emit *e, const struct tally *t, const uint64_t *containers)
{
	emit_key(e, "hosts");
	emit_array(e);
	for (size_t i = 0; i < t->n_hosts; i++) {
		const struct tally_host *h = &t->hosts[i];
		uint64_t missing = missing_of(h);

		emit_object(e);
		emit_text(e, "machineId", intern_text(&t->words, h->machine));
		emit_text(e, "hostname", intern_text(&t->words, h->hostname));
		put_time(e, "first", h->first);
		put_time(e, "last", h->last);
		emit_number(e, "records", h->records);
		emit_number(e, "containers", containers[i]);
		put_bool(e, "silent", is_silent(t, (uint32_t)i));
		emit_key(e, "chain");
		emit_object(e);
		emit_number(e, "from", h->seq_from);
		emit_number(e, "to", h->seq_to);
		emit_number(e, "missing", missing);
		emit_number(e, "gaps", h->gaps);
		emit_number(e, "broken", h->broken);
		emit_text(e, "state",
			  h->broken > 0                ? "broken"
			  : missing > 0 || h->gaps > 0 ? "holes"
						       : "whole");
		emit_object_end(e);
		emit_object_end(e);
	}
	emit_array_end(e);
}

struct sums {
	uint64_t containers, evidenced, configured, partly, audited, unconfined;
	uint64_t break_glass; /* among the others */
};

/* Each container counts once, under the worst that holds for it. */
static uint64_t *sum_of(struct sums *s, const struct tally_class *c)
{
	if (c->flags & (TALLY_EXEMPT | TALLY_NO_PROFILE))
		return &s->unconfined;
	if (c->flags & (TALLY_AUDIT | TALLY_BREAK_GLASS))
		return &s->audited;
	if (c->flags & TALLY_IN_PART)
		return &s->partly;
	if ((c->flags & TALLY_ATTESTED) && !(c->flags & (TALLY_UNATTESTED | TALLY_DRIFT)))
		return &s->evidenced;
	return &s->configured;
}

static void put_totals(struct emit *e, const struct tally *t, const struct sums *s)
{
	static const enum event shown[] = { EVENT_ADMIT, EVENT_DENY,   EVENT_EXEMPT, EVENT_STOP,
					    EVENT_EXEC,  EVENT_ATTEST, EVENT_DRIFT,  EVENT_FLOW,
					    EVENT_GAP,   EVENT_POLICY, EVENT_HEAD };

	emit_key(e, "totals");
	emit_object(e);
	emit_number(e, "records", t->records);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		emit_number(e, event_name(shown[i]), t->events[shown[i]]);
	emit_number(e, "wouldRefuse", t->would_refuse);
	emit_number(e, "containers", s->containers);
	emit_number(e, "evidenced", s->evidenced);
	emit_number(e, "configured", s->configured);
	emit_number(e, "partly", s->partly);
	emit_number(e, "audited", s->audited);
	emit_number(e, "unconfined", s->unconfined);
	emit_number(e, "breakGlass", s->break_glass);
	emit_number(e, "withoutAdmission", t->without_admission);
	emit_object_end(e);
}

static void put_trend(struct emit *e, const struct tally *t)
{
	static const enum event shown[] = { EVENT_ADMIT, EVENT_DENY, EVENT_EXEMPT,
					    EVENT_DRIFT, EVENT_GAP,  EVENT_ATTEST };

	emit_key(e, "trend");
	emit_object(e);
	emit_text(e, "bucket", t->bucket);
	emit_key(e, "buckets");
	emit_array(e);
	for (size_t i = 0; i < t->n_buckets; i++) {
		const struct tally_bucket *b = &t->buckets[i];

		emit_object(e);
		put_time(e, "start", b->start);
		for (size_t k = 0; k < ARRAY_SIZE(shown); k++)
			emit_number(e, event_name(shown[k]), b->events[shown[k]]);
		emit_number(e, "wouldRefuse", b->would_refuse);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_object_end(e);
}

static void put_gaps(struct emit *e, const struct tally *t)
{
	static const char *const kinds[] = {
		[TALLY_GAP_ADMISSION] = "no-admission",
		[TALLY_GAP_CHAIN] = "chain",
		[TALLY_GAP_RECORD] = "record",
		[TALLY_GAP_SILENT] = "silent-host",
	};

	emit_key(e, "gaps");
	emit_array(e);
	for (size_t i = 0; i < t->n_gaps; i++) {
		emit_object(e);
		emit_text(e, "kind", kinds[t->gaps[i].kind]);
		emit_text(e, "host", host_name(t, t->gaps[i].host));
		put_time(e, "time", t->gaps[i].usec);
		emit_text(e, "text", t->gaps[i].text);
		emit_text(e, "cursor", t->gaps[i].cursor);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_number(e, "gapsOmitted", t->gaps_omitted);
}

static void put_break_glass(struct emit *e, const struct tally *t)
{
	emit_key(e, "breakGlass");
	emit_array(e);
	for (size_t i = 0; i < t->n_glasses; i++) {
		const struct tally_glass *g = &t->glasses[i];

		if (!tally_glass_counts(t, g))
			continue;
		emit_object(e);
		emit_text(e, "id", g->id);
		emit_text(e, "host", host_name(t, g->host));
		put_time(e, "opened", g->opened_usec);
		put_time(e, "until", g->until_usec);
		put_time(e, "ended", g->ended_usec);
		emit_text(e, "end", g->ended_usec == 0 ? NULL : g->expired ? "expired" : "ended");
		emit_text(e, "who", g->who);
		emit_text(e, "selector", g->match[0] ? g->match : NULL);
		emit_text(e, "reason", g->reason);
		emit_text(e, "cursor", g->cursor);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_number(e, "breakGlassOmitted", t->glasses_omitted);
}

/* ---- dimensions ---- */

/* Its containers are known only now. */
static int count_dimensions(const struct report *report, struct err *err)
{
	struct tally *t = report->tally;

	for (size_t i = 1; i < t->n_classes; i++) {
		const struct tally_class *c = &t->classes[i];
		struct sums s = { 0 };
		bool failed = false;

		if (!is_shown(c))
			continue;
		for (size_t k = 0; k < t->n_controls && !failed; k++)
			failed = (tally_fails(t, c, k) || tally_was_failed(t, c, k)) &&
				 !is_waived(report, c->waivers, t->controls[k]);
		for (uint32_t d = 0; d < t->options.n_dimensions; d++) {
			struct tally_row *row = tally_row_of(t, d, c->values[d]);

			if (!row)
				return err_oom(err);
			row->containers += c->containers;
			if (failed)
				row->failed += c->containers;
			else if (sum_of(&s, c) == &s.evidenced)
				row->evidenced += c->containers;
			else if (sum_of(&s, c) == &s.configured)
				row->configured += c->containers;
		}
	}
	return 0;
}

/* A row of the table as it is shown: of several profiles each is one. */
struct piece {
	char value[INTERN_TEXT_MAX + 1];
	struct tally_row row;
};

static void add_piece(struct piece *v, size_t *n, const char *value, size_t len,
		      const struct tally_row *row)
{
	size_t i = 0;

	/* The last place is for what has none. */
	while (i < *n && !(strlen(v[i].value) == len && memcmp(v[i].value, value, len) == 0))
		i++;
	if (i == *n && i < PIECES_MAX - 1)
		(void)snprintf(v[(*n)++].value, sizeof(v[i].value), "%.*s", (int)len, value);
	else if (i == *n)
		(void)snprintf(v[i].value, sizeof(v[i].value), "(others)");
	v[i].row.containers += row->containers;
	v[i].row.admit += row->admit;
	v[i].row.deny += row->deny;
	v[i].row.exempt += row->exempt;
	v[i].row.would_refuse += row->would_refuse;
	v[i].row.evidenced += row->evidenced;
	v[i].row.configured += row->configured;
	v[i].row.failed += row->failed;
}

static int by_containers(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->row.containers != y->row.containers)
		return x->row.containers > y->row.containers ? -1 : 1;
	return strcmp(x->value, y->value);
}

static void put_rows(struct emit *e, const struct piece *v, size_t n)
{
	emit_key(e, "rows");
	emit_array(e);
	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++) {
		const struct tally_row *row = &v[i].row;

		emit_object(e);
		emit_text(e, "value", v[i].value);
		emit_number(e, "containers", row->containers);
		emit_number(e, "admit", row->admit);
		emit_number(e, "deny", row->deny);
		emit_number(e, "exempt", row->exempt);
		emit_number(e, "wouldRefuse", row->would_refuse);
		emit_number(e, "evidenced", row->evidenced);
		emit_number(e, "configured", row->configured);
		emit_number(e, "failed", row->failed);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_number(e, "omitted", n > ROWS_SHOWN ? n - ROWS_SHOWN : 0);
}

static int put_dimension(struct emit *e, const struct tally *t, uint32_t dimension, struct err *err)
{
	_cleanup_free_ struct piece *v = calloc(PIECES_MAX, sizeof(*v));
	size_t n = 0;

	if (!v)
		return err_oom(err);
	for (size_t i = 0; i < t->n_rows; i++) {
		const char *value = intern_text(&t->words, t->rows[i].value), *end;

		if (t->rows[i].dimension != dimension)
			continue;
		for (; (end = strchr(value, '\n')); value = end + 1)
			add_piece(v, &n, value, (size_t)(end - value), &t->rows[i]);
		if (!value[0])
			value = "(none)";
		add_piece(v, &n, value, strlen(value), &t->rows[i]);
	}
	if (v[PIECES_MAX - 1].value[0])
		n = PIECES_MAX;
	qsort(v, n, sizeof(*v), by_containers);
	emit_object(e);
	emit_text(e, "dimension", t->options.dimensions[dimension]);
	put_rows(e, v, n);
	emit_object_end(e);
	return 0;
}

/* ---- all of it ---- */

int report_silence(struct tally *tally, uint64_t end_usec, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < tally->n_hosts && r == 0; i++) {
		const struct tally_host *h = &tally->hosts[i];
		uint64_t since = end_usec > h->last ? end_usec - h->last : 0;
		uint64_t habit = 2 * h->longest_pause;
		char text[128], stamp[STAMP_SIZE];

		if (habit < USEC_PER_HOUR)
			habit = USEC_PER_HOUR;
		if (h->records == 0 ||
		    (since <= REPORT_SILENT_USEC && (since <= habit || h->records < HABIT_RECORDS)))
			continue;
		(void)snprintf(text, sizeof(text), "no record since %s, %llu hours before the end",
			       stamp_format(stamp, h->last), ULL(since / USEC_PER_HOUR));
		r = tally_gap(tally, TALLY_GAP_SILENT, (uint32_t)i, h->last, text, "", err);
	}
	return r;
}

static void put_notes(struct emit *e, const struct report *report)
{
	emit_key(e, "notes");
	emit_array(e);
	for (size_t i = 0; i < report->n_notes; i++)
		emit_string(e, report->notes[i]);
	emit_array_end(e);
}

int report_write(struct report *report, struct buf *out, bool *ret_failed, struct err *err)
{
	const struct tally *t = report->tally;
	_cleanup_free_ uint64_t *by_host = calloc(t->n_hosts + 1, sizeof(*by_host));
	struct emit e = EMIT(out);
	struct sums s = { 0 };
	int r;

	if (!by_host)
		return err_oom(err);
	for (size_t i = 1; i < t->n_classes; i++)
		if (is_shown(&t->classes[i])) {
			s.containers += t->classes[i].containers;
			*sum_of(&s, &t->classes[i]) += t->classes[i].containers;
			if (t->classes[i].flags & TALLY_BREAK_GLASS)
				s.break_glass += t->classes[i].containers;
			by_host[t->classes[i].host] += t->classes[i].containers;
		}
	*ret_failed = false;
	emit_object(&e);
	put_head(&e, report);
	put_hosts(&e, t, by_host);
	put_totals(&e, t, &s);
	emit_key(&e, "controls");
	emit_array(&e);
	for (size_t i = 0; i < t->n_controls; i++)
		if (put_control(&e, report, i))
			*ret_failed = true;
	emit_array_end(&e);
	put_trend(&e, t);
	r = count_dimensions(report, err);
	emit_key(&e, "by");
	emit_array(&e);
	for (uint32_t d = 0; d < t->options.n_dimensions && r == 0; d++)
		r = put_dimension(&e, t, d, err);
	emit_array_end(&e);
	put_gaps(&e, t);
	put_break_glass(&e, t);
	put_waivers(&e, report);
	put_notes(&e, report);
	emit_object_end(&e);
	if (r == 0 && buf_status(out) < 0)
		return err_oom(err);
	return r;
}
