/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as NIST OSCAL assessment results.
 *
 * What was read back from the kernel satisfies a control; what is only configured does too, and the
 * remark says that it was not read back. A control that nothing covers was not assessed: it stands
 * among those that are excluded.
 */
#include "cli/report_oscal.h"

#include <ctype.h>
#include "lib/emit.h"
#include "lib/hash.h"

#define OSCAL_VERSION "1.1.2"
#define UUID_SIZE     37
#define TOKEN_SIZE    192

struct writer {
	struct emit e;
	const struct node *report, *framework;
	const char *generated;
};

static const char *text_of(const struct node *object, const char *key)
{
	const struct node *n = node_get(object, key);

	return node_is(n, NODE_STRING) ? n->string : "";
}

/* Version 5: made from a name, by the digest that we have. */
static const char *uuid(char out[UUID_SIZE], const struct writer *w, const char *kind,
			const char *name)
{
	const char *framework = text_of(w->framework, "id");
	char text[1024], hex[SHA256_HEX];

	(void)snprintf(text, sizeof(text), "coaming/%s/%s/%s/%s", w->generated, framework, kind,
		       name);
	sha256_hex1(hex, text, strlen(text));
	hex[12] = '5';
	hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];
	(void)snprintf(out, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		       hex + 16, hex + 20);
	return out;
}

/*
 * A control's id as a token: "ac-6.9" for NIST's AC-6(9), as its catalog has them, else the
 * framework before it, since a token begins with a letter.
 */
static const char *token(char out[TOKEN_SIZE], const struct writer *w, const char *id)
{
	const char *framework = text_of(w->framework, "id");
	size_t n = 0;

	if (strcmp(framework, "NIST-800-53r5") != 0)
		n = (size_t)snprintf(out, TOKEN_SIZE, "%.100s_", framework);
	for (; *id && n + 1 < TOKEN_SIZE; id++) {
		if (isalnum((unsigned char)*id) || *id == '.' || *id == '-' || *id == '_')
			out[n++] = (char)tolower((unsigned char)*id);
		else if (*id == '(')
			out[n++] = '.';
	}
	out[n] = '\0';
	return out;
}

static void pair(struct writer *w, const char *key, const char *text)
{
	emit_key(&w->e, key);
	emit_string(&w->e, text[0] ? text : "-");
}

static void pair_uuid(struct writer *w, const char *key, const char *kind, const char *name)
{
	char text[UUID_SIZE];

	pair(w, key, uuid(text, w, kind, name));
}

static bool is_assessed(const struct node *control)
{
	return !streq(text_of(control, "status"), "not-covered");
}

/* An array may not be empty: without an element there is no member. */
static void put_ids(struct writer *w, const char *key, bool assessed)
{
	char text[TOKEN_SIZE];
	bool any = false;

	node_foreach (control, node_get(w->report, "controls")) {
		if (is_assessed(control) != assessed)
			continue;
		if (!any) {
			emit_key(&w->e, key);
			emit_array(&w->e);
		}
		any = true;
		emit_object(&w->e);
		pair(w, "control-id", token(text, w, text_of(control, "id")));
		emit_object_end(&w->e);
	}
	if (any)
		emit_array_end(&w->e);
}

static void put_reviewed(struct writer *w)
{
	emit_key(&w->e, "reviewed-controls");
	emit_object(&w->e);
	emit_key(&w->e, "control-selections");
	emit_array(&w->e);
	emit_object(&w->e);
	put_ids(w, "include-controls", true);
	put_ids(w, "exclude-controls", false);
	emit_object_end(&w->e);
	emit_array_end(&w->e);
	emit_object_end(&w->e);
}

static void put_evidence(struct writer *w, const struct node *control)
{
	const struct node *failures = node_get(control, "failures");
	_cleanup_buf_ struct buf text = { 0 };

	if (!failures || !failures->first)
		return;
	emit_key(&w->e, "relevant-evidence");
	emit_array(&w->e);
	node_foreach (failure, failures) {
		const char *cursor = text_of(failure, "cursor");

		text.len = 0;
		buf_addf(&text, "%s on %s, %s: %s", text_of(failure, "container"),
			 text_of(failure, "host"), text_of(failure, "time"),
			 text_of(failure, "why"));
		if (cursor[0])
			buf_addf(&text, " (journalctl --cursor='%s')", cursor);
		emit_object(&w->e);
		pair(w, "description", buf_status(&text) == 0 ? text.data : "-");
		emit_object_end(&w->e);
	}
	emit_array_end(&w->e);
}

static void put_observation(struct writer *w, const struct node *control)
{
	const char *why = text_of(control, "why");

	emit_object(&w->e);
	pair_uuid(w, "uuid", "observation", text_of(control, "id"));
	pair(w, "title", text_of(control, "title"));
	pair(w, "description", why[0] ? why : text_of(control, "description"));
	emit_key(&w->e, "methods");
	emit_array(&w->e);
	/* By looking at records, or by what the kernel was asked. */
	emit_string(&w->e, streq(text_of(control, "status"), "evidenced") ? "TEST" : "EXAMINE");
	emit_array_end(&w->e);
	emit_key(&w->e, "types");
	emit_array(&w->e);
	emit_string(&w->e, "control-objective");
	emit_array_end(&w->e);
	pair(w, "collected", w->generated);
	put_evidence(w, control);
	emit_object_end(&w->e);
}

static void put_status(struct writer *w, const char *status)
{
	static const struct {
		const char *status, *state, *reason, *remarks;
	} rows[] = {
		{ "evidenced", "satisfied", "pass", "Evidenced by records of this period." },
		{ "configured", "satisfied", "other",
		  "Configured; it was not read back from the kernel." },
		{ "waived", "not-satisfied", "other", "Not met, under a waiver that holds." },
		{ "failed", "not-satisfied", "fail", "Not met." },
	};
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(rows) && !streq(rows[i].status, status))
		i++;
	emit_key(&w->e, "status");
	emit_object(&w->e);
	pair(w, "state", rows[i].state);
	pair(w, "reason", rows[i].reason);
	pair(w, "remarks", rows[i].remarks);
	emit_object_end(&w->e);
}

static void put_finding(struct writer *w, const struct node *control)
{
	const char *description = text_of(control, "description");
	char text[TOKEN_SIZE];

	emit_object(&w->e);
	pair_uuid(w, "uuid", "finding", text_of(control, "id"));
	pair(w, "title", text_of(control, "title"));
	pair(w, "description", description[0] ? description : text_of(control, "title"));
	emit_key(&w->e, "target");
	emit_object(&w->e);
	pair(w, "type", "objective-id");
	pair(w, "target-id", token(text, w, text_of(control, "id")));
	put_status(w, text_of(control, "status"));
	emit_object_end(&w->e);
	emit_key(&w->e, "related-observations");
	emit_array(&w->e);
	emit_object(&w->e);
	pair_uuid(w, "observation-uuid", "observation", text_of(control, "id"));
	emit_object_end(&w->e);
	emit_array_end(&w->e);
	emit_object_end(&w->e);
}

typedef void put_fn(struct writer *w, const struct node *control);

static void put_each(struct writer *w, const char *key, put_fn *put)
{
	bool any = false;

	node_foreach (control, node_get(w->report, "controls")) {
		if (!is_assessed(control))
			continue;
		if (!any) {
			emit_key(&w->e, key);
			emit_array(&w->e);
		}
		any = true;
		put(w, control);
	}
	if (any)
		emit_array_end(&w->e);
}

static const char *either(const char *first, const char *second, const char *last)
{
	return first[0] ? first : second[0] ? second : last;
}

static void put_result(struct writer *w)
{
	const struct node *period = node_get(w->report, "period");
	const char *first = text_of(period, "first"), *last = text_of(period, "last");

	emit_object(&w->e);
	pair_uuid(w, "uuid", "result", "");
	pair(w, "title", text_of(w->framework, "name"));
	pair(w, "description",
	     "What the records of coaming show of containers and their confinement.");
	pair(w, "start", either(text_of(period, "since"), first, w->generated));
	pair(w, "end", either(text_of(period, "until"), last, w->generated));
	put_reviewed(w);
	put_each(w, "observations", put_observation);
	put_each(w, "findings", put_finding);
	emit_object_end(&w->e);
}

static void put_metadata(struct writer *w)
{
	_cleanup_buf_ struct buf title = { 0 };

	buf_addf(&title, "%s %s: containers", text_of(w->framework, "name"),
		 text_of(w->framework, "version"));
	emit_key(&w->e, "metadata");
	emit_object(&w->e);
	pair(w, "title", buf_status(&title) == 0 ? title.data : "-");
	pair(w, "last-modified", w->generated);
	pair(w, "version", text_of(w->report, "version"));
	pair(w, "oscal-version", OSCAL_VERSION);
	emit_object_end(&w->e);
}

/* The plan is the framework's file, of which nothing else is known here. */
static void put_plan(struct writer *w)
{
	emit_key(&w->e, "back-matter");
	emit_object(&w->e);
	emit_key(&w->e, "resources");
	emit_array(&w->e);
	emit_object(&w->e);
	pair_uuid(w, "uuid", "plan", "");
	pair(w, "title", text_of(w->framework, "name"));
	pair(w, "description",
	     "What is looked at and how it is judged: the framework's file, coaming-controls(5).");
	emit_object_end(&w->e);
	emit_array_end(&w->e);
	emit_object_end(&w->e);
}

int report_oscal(struct buf *out, const struct node *report)
{
	struct writer w = { .e = EMIT(out),
			    .report = report,
			    .framework = node_get(report, "framework"),
			    .generated = text_of(report, "generated") };
	char plan[UUID_SIZE + 1] = "#";

	(void)uuid(plan + 1, &w, "plan", "");
	emit_object(&w.e);
	emit_key(&w.e, "assessment-results");
	emit_object(&w.e);
	pair_uuid(&w, "uuid", "assessment-results", "");
	put_metadata(&w);
	emit_key(&w.e, "import-ap");
	emit_object(&w.e);
	pair(&w, "href", plan);
	emit_object_end(&w.e);
	emit_key(&w.e, "results");
	emit_array(&w.e);
	put_result(&w);
	emit_array_end(&w.e);
	put_plan(&w);
	emit_object_end(&w.e);
	emit_object_end(&w.e);
	buf_addc(out, '\n');
	return buf_status(out);
}
