/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming why, for people and for programs.
 */
#include "cli/why.h"

#include <stdarg.h>

#include "cli/out.h"
#include "cli/term.h"
#include "lib/emit.h"
#include "profiles/store.h"

#define INDENT 2

static void paragraph(const struct term *term, size_t indent, const char *fmt, ...) _printf_(3, 4);
static void paragraph(const struct term *term, size_t indent, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL; /* undefined after a failure */
		return;
	}
	(void)fprintf(term->out, "%*s", (int)indent, "");
	term_wrap(term, indent, indent + INDENT, text);
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

/* ---- the decision ---- */

static void print_head(const struct term *term, const struct why *why)
{
	const struct why_record *d = &why->decision;
	const char *image = why_get(d, "IMAGE_NAME"), *engine = why_get(d, "COAMING_ENGINE");
	const char *pod = why_get(d, "COAMING_POD"), *ns = why_get(d, "COAMING_POD_NAMESPACE");
	bool bad = why_status(why) != 0;

	term_put(term, bad ? STYLE_BAD : STYLE_GOOD, why_answer(why));
	(void)fputc('\n', term->out);
	paragraph(term, INDENT, "container %s, id %s%s%s%s%s%s",
		  Q(or_dash(why_get(d, "CONTAINER_NAME"))),
		  Q(or_dash(why_get(d, "CONTAINER_ID_FULL"))), image ? ", image " : "",
		  image ? Q(image) : "", engine ? ", of " : "", engine ? engine : "",
		  why->runs ? "; it runs" : "");
	if (pod)
		paragraph(term, INDENT, "in the pod %s of the namespace %s", Q(pod),
			  Q(or_dash(ns)));
	paragraph(term, INDENT, "decided %s by the stage %s, asked for by %s",
		  or_dash(why_get(d, "COAMING_TIME")), or_dash(why_get(d, "COAMING_STAGE")),
		  Q(or_dash(why_get(d, "COAMING_ACTOR_CHAIN"))));
	if (why_get(d, "COAMING_REASON"))
		paragraph(term, INDENT, "because: %s", why_get(d, "COAMING_REASON"));
	if (why_get(d, "COAMING_BREAK_GLASS"))
		paragraph(term, INDENT, "under break-glass: %s", why_get(d, "COAMING_BREAK_GLASS"));
}

/* "web=label enforce DIGEST" */
static void print_profiles(const struct term *term, const struct why_record *d)
{
	const char *value;

	if (!why_get(d, "COAMING_PROFILE_WHY"))
		return;
	term_put(term, STYLE_TITLE, "Profiles");
	(void)fputc('\n', term->out);
	for (size_t at = 0; (value = why_next(d, "COAMING_PROFILE_WHY", &at));) {
		const char *equals = strchr(value, '='),
			   *space = equals ? strrchr(value, ' ') : NULL;

		if (space)
			paragraph(term, INDENT, "%.*s: %.*s", (int)(equals - value), value,
				  (int)(space - equals - 1), equals + 1);
	}
}

/* "tier=engine": where the label came from. */
static const char *source_of(const struct why_record *d, const char *label)
{
	size_t len = strcspn(label, "=");
	const char *value;

	for (size_t at = 0; (value = why_next(d, "COAMING_LABEL_SOURCE", &at));) {
		if (strncmp(value, label, len) == 0 && value[len] == '=')
			return value + len + 1;
	}
	return "";
}

/* Of annotations coaming's own alone: engines write dozens of them. */
static void print_labels(const struct term *term, const struct why_record *d)
{
	const char *value;
	bool any = false;

	for (size_t at = 0; (value = why_next(d, "COAMING_LABEL", &at));) {
		const char *source = source_of(d, value);

		if (streq(source, "annotation") && !starts_with(value, LABEL_RESERVED_PREFIX))
			continue;
		if (!any)
			term_put(term, STYLE_TITLE, "Labels");
		(void)fputs(any ? "" : "\n", term->out);
		any = true;
		paragraph(term, INDENT, "%s%s%s%s", value, *source ? " (" : "", source,
			  *source ? ")" : "");
	}
	for (size_t at = 0; (value = why_next(d, "COAMING_LABEL_DROPPED", &at));)
		paragraph(term, INDENT, "%s: its image says so, which counts for nothing", value);
}

static const struct kind {
	const char *title, *prefix;
} kinds[] = {
	{ "Why not", "refusal: " },
	{ "Taken away", "" },
	{ "Would have been refused (audit)", "would: refusal: " },
	{ "Would have been taken away (audit)", "would: " },
};

/* The kind whose prefix is the longest that fits. */
static const struct kind *kind_of(const char *change)
{
	const struct kind *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (starts_with(change, kinds[i].prefix) &&
		    (!best || strlen(kinds[i].prefix) > strlen(best->prefix)))
			best = &kinds[i];
	}
	return best;
}

static void print_changes(const struct term *term, const struct why_record *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *value;
		bool any = false;

		for (size_t at = 0; (value = why_next(d, "COAMING_CHANGE", &at));) {
			if (kind_of(value) != &kinds[i])
				continue;
			if (!any)
				term_putf(term, STYLE_TITLE, "%s", kinds[i].title);
			(void)fputs(any ? "" : "\n", term->out);
			any = true;
			paragraph(term, INDENT, "%s", value + strlen(kinds[i].prefix));
		}
	}
	if (why_get(d, "COAMING_CHANGES_OMITTED"))
		paragraph(term, INDENT, "and %s more", why_get(d, "COAMING_CHANGES_OMITTED"));
}

/* ---- what came after, and what to do ---- */

static void print_later(const struct term *term, const struct why *why)
{
	if (why->n_later == 0)
		return;
	term_put(term, STYLE_TITLE, "After that");
	(void)fputc('\n', term->out);
	if (why->later_omitted > 0)
		paragraph(term, INDENT, "%zu earlier records are left out (coaming log shows them)",
			  why->later_omitted);
	for (size_t i = 0; i < why->n_later; i++) {
		const struct why_record *l = &why->later[i];
		const char *reason = why_get(l, "COAMING_REASON");

		paragraph(term, INDENT, "%s %s: %s%s%s", or_dash(why_get(l, "COAMING_TIME")),
			  or_dash(why_get(l, "COAMING_EVENT")), or_dash(why_get(l, "MESSAGE")),
			  reason ? "; " : "", reason ? reason : "");
	}
}

/* Where a profile is now, if it still is. */
static void print_place(const struct term *term, struct store *store, const char *name)
{
	const struct profile *profile = NULL;
	struct err why = { 0 };

	if (store && store_get(store, name, &profile, &why) == 0)
		paragraph(term, INDENT,
			  "profile %s is %s: edit it there, or put a file of that name into a "
			  "directory before it (coaming profile show %s)",
			  name, profile->file, name);
	else
		paragraph(term, INDENT, "profile %s cannot be read any more: %s", name,
			  why.text[0] ? why.text : "no directory has it");
}

static void print_advice(const struct term *term, const struct host *host, const struct why *why)
{
	const struct why_record *d = &why->decision;
	_cleanup_store_ struct store *store = NULL;
	struct err ignored = { 0 };
	const char *name;

	if (!why_get(d, "COAMING_PROFILE"))
		return;
	(void)store_open_untrusted(host, &store, &ignored);
	term_put(term, STYLE_TITLE, "To change it");
	(void)fputc('\n', term->out);
	for (size_t at = 0; (name = why_next(d, "COAMING_PROFILE", &at));)
		print_place(term, store, name);
	paragraph(term, INDENT,
		  "or name another profile in the label io.coaming.profile; what the floor takes, "
		  "no label gives back");
	if (why->runs || why_status(why) == 0)
		paragraph(term, INDENT, "it counts from the container's next start on");
	paragraph(term, INDENT, "in an emergency: coaming break-glass, see its manual page");
}

static void print_sources(const struct term *term, const struct host *host, const struct why *why)
{
	paragraph(term, 0, "Looked in the ledger, %s, and in the journal%s%s; %s%s.",
		  host->audit_dir, why->no_journal ? ", which could not be read: " : "",
		  why->no_journal ? why->no_journal : "",
		  why->from_live
			  ? "the record is gone, and this is what the container's live file says"
			  : "the decision's record is of class ",
		  why->from_live ? "" : trust_name(why->decision.trust));
	if (why->others > 0)
		paragraph(term, 0,
			  "%zu decisions on other containers of that name or prefix are older.",
			  why->others);
	if (why->damaged)
		paragraph(term, 0, "The ledger has places that cannot be read: coaming verify.");
}

int why_print_text(const struct host *host, const struct why *why, struct err *err)
{
	const struct term term = term_of(stdout);

	print_head(&term, why);
	print_profiles(&term, &why->decision);
	print_labels(&term, &why->decision);
	print_changes(&term, &why->decision);
	print_later(&term, why);
	print_advice(&term, host, why);
	print_sources(&term, host, why);
	return 0;
}

/* ---- for programs ---- */

static void emit_all(struct emit *e, const char *key, const struct why_record *d, const char *field)
{
	const char *value;

	emit_key(e, key);
	emit_array(e);
	for (size_t at = 0; (value = why_next(d, field, &at));)
		emit_string(e, value);
	emit_array_end(e);
}

static void emit_later(struct emit *e, const struct why *why)
{
	static const char *const fields[][2] = {
		{ "time", "COAMING_TIME" },       { "event", "COAMING_EVENT" },
		{ "outcome", "COAMING_OUTCOME" }, { "message", "MESSAGE" },
		{ "reason", "COAMING_REASON" },
	};

	emit_key(e, "later");
	emit_array(e);
	for (size_t i = 0; i < why->n_later; i++) {
		emit_object(e);
		for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
			emit_text(e, fields[f][0], why_get(&why->later[i], fields[f][1]));
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_key(e, "laterOmitted");
	emit_u64(e, why->later_omitted);
}

int why_print_json(const struct why *why, struct err *err)
{
	static const char *const fields[][2] = {
		{ "id", "CONTAINER_ID_FULL" },
		{ "name", "CONTAINER_NAME" },
		{ "image", "IMAGE_NAME" },
		{ "engine", "COAMING_ENGINE" },
		{ "podNamespace", "COAMING_POD_NAMESPACE" },
		{ "pod", "COAMING_POD" },
		{ "podUid", "COAMING_POD_UID" },
		{ "podContainer", "COAMING_POD_CONTAINER" },
		{ "time", "COAMING_TIME" },
		{ "event", "COAMING_EVENT" },
		{ "outcome", "COAMING_OUTCOME" },
		{ "mode", "COAMING_MODE" },
		{ "stage", "COAMING_STAGE" },
		{ "reason", "COAMING_REASON" },
		{ "actor", "COAMING_ACTOR_CHAIN" },
		{ "breakGlass", "COAMING_BREAK_GLASS" },
		{ "message", "MESSAGE" },
	};
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_text(&e, "schema", "coaming-why-1");
	emit_text(&e, "answer", why_answer(why));
	for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
		emit_text(&e, fields[f][0], why_get(&why->decision, fields[f][1]));
	emit_all(&e, "profiles", &why->decision, "COAMING_PROFILE_WHY");
	emit_all(&e, "changes", &why->decision, "COAMING_CHANGE");
	emit_all(&e, "controls", &why->decision, "COAMING_CONTROL");
	emit_all(&e, "labels", &why->decision, "COAMING_LABEL");
	emit_all(&e, "labelSources", &why->decision, "COAMING_LABEL_SOURCE");
	emit_all(&e, "labelsDropped", &why->decision, "COAMING_LABEL_DROPPED");
	emit_later(&e, why);
	emit_key(&e, "runs");
	emit_bool(&e, why->runs);
	emit_text(&e, "source", why->from_live ? "live" : trust_name(why->decision.trust));
	emit_key(&e, "others");
	emit_u64(&e, why->others);
	emit_object_end(&e);
	return out_print_line(&out, err);
}
