/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report for people.
 */
#include "cli/report_print.h"

#include <stdarg.h>

#define FAILURES_SHOWN 5
#define GAPS_SHOWN     20
#define LINE_MAX_BYTES 2048
#define SHOWN_MAX      256

static const char *get(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node && (node->type == NODE_STRING || node->type == NODE_NUMBER) ? node->string : "";
}

static bool is_true(const struct node *object, const char *key)
{
	return node_is(node_get(object, key), NODE_TRUE);
}

static bool is_zero(const struct node *object, const char *key)
{
	return streq(get(object, key), "0");
}

/* A host's name, or a label's value, without what a terminal would obey. */
static const char *shown_of(char out[SHOWN_MAX], const char *text)
{
	(void)snprintf(out, SHOWN_MAX, "%s", text);
	for (char *s = out; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			*s = '?';
	return out;
}

#define SHOWN(text) shown_of((char[SHOWN_MAX]){ 0 }, (text))

/* "2026-11-23T11:18:46.123456Z" as "2026-11-23 11:18". */
static const char *minute_of(char out[32], const char *stamp)
{
	(void)snprintf(out, 32, "%.10s%s%.5s", stamp, strlen(stamp) > 16 ? " " : "",
		       strlen(stamp) > 16 ? stamp + 11 : "");
	return out;
}

#define MINUTE(stamp) minute_of((char[32]){ 0 }, (stamp))

static void title(const struct term *term, const char *text)
{
	(void)fputc('\n', term->out);
	term_put(term, STYLE_TITLE, text);
	(void)fputc('\n', term->out);
}

static void put_line(const struct term *term, size_t indent, const char *fmt, ...) _printf_(3, 4);
static void put_line(const struct term *term, size_t indent, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(term->out, "%*s", (int)indent, "");
	term_wrap(term, indent, indent, text);
}

static void print_head(const struct term *term, const struct node *report)
{
	const struct node *framework = node_get(report, "framework");
	const struct node *period = node_get(report, "period"),
			  *totals = node_get(report, "totals");
	const struct node *selector = node_path(report, "scope", "selector", NULL);

	if (node_is(framework, NODE_OBJECT))
		term_putf(term, STYLE_BOLD, "%s %s", get(framework, "name"),
			  get(framework, "version"));
	else
		term_put(term, STYLE_BOLD, "All frameworks");
	(void)fprintf(term->out, ", UTC %s to %s\n",
		      MINUTE(*get(period, "since") ? get(period, "since") : get(period, "first")),
		      MINUTE(*get(period, "until") ? get(period, "until") : get(period, "last")));
	if (node_is(selector, NODE_STRING))
		put_line(term, 0, "Only containers with %s", selector->string);
	put_line(term, 0,
		 "%s records: %s admitted, %s refused, %s exempt, %s would be refused, %s drifts, "
		 "%s gaps",
		 get(totals, "records"), get(totals, "admit"), get(totals, "deny"),
		 get(totals, "exempt"), get(totals, "wouldRefuse"), get(totals, "drift"),
		 get(totals, "gap"));
	put_line(term, 0,
		 "%s containers ran: %s evidenced, %s configured, %s in part, %s in audit mode, "
		 "%s unconfined; %s more without a decision",
		 get(totals, "containers"), get(totals, "evidenced"), get(totals, "configured"),
		 get(totals, "partly"), get(totals, "audited"), get(totals, "unconfined"),
		 get(totals, "withoutAdmission"));
	if (!streq(get(totals, "breakGlass"), "0"))
		put_line(term, 0,
			 "%s of them started under break-glass: no control counts as met by them",
			 get(totals, "breakGlass"));
}

static enum style style_of(const char *status)
{
	return streq(status, "failed")        ? STYLE_BAD
	       : streq(status, "evidenced")   ? STYLE_GOOD
	       : streq(status, "waived")      ? STYLE_WARN
	       : streq(status, "not-covered") ? STYLE_DIM
					      : STYLE_NONE;
}

static void print_failures(const struct term *term, const struct node *control)
{
	const struct node *failures = node_get(control, "failures");
	size_t shown = 0;

	node_foreach (f, failures) {
		const struct node *waiver = node_get(f, "waiver");

		if (shown++ >= FAILURES_SHOWN)
			continue;
		put_line(term, 18, "%s %s %s: %s%s%s%s", MINUTE(get(f, "time")), get(f, "host"),
			 *get(f, "container") ? get(f, "container") : "-", get(f, "why"),
			 node_is(waiver, NODE_OBJECT) ? " (waiver: " : "",
			 node_is(waiver, NODE_OBJECT) ? get(waiver, "reason") : "",
			 !node_is(waiver, NODE_OBJECT) ? ""
			 : is_true(waiver, "expired")  ? "; it has expired)"
						       : ")");
		if (*get(f, "cursor"))
			(void)fprintf(term->out, "%*sjournalctl --cursor='%s' -n 1\n", 18, "",
				      get(f, "cursor"));
	}
	if (shown > FAILURES_SHOWN || !is_zero(control, "failuresOmitted"))
		put_line(term, 18, "... and more: --json lists %zu, and leaves out %s", shown,
			 get(control, "failuresOmitted"));
}

static void print_controls(const struct term *term, const struct node *report)
{
	const struct node *controls = node_get(report, "controls");

	if (!controls || controls->count == 0)
		return;
	title(term, "Controls");
	node_foreach (c, controls) {
		const char *status = get(c, "status");

		term_putf(term, style_of(status), "  %-12s", status);
		(void)fprintf(term->out, "  %s ", get(c, "id"));
		term_wrap(term, 17 + term_width(get(c, "id")), 18, get(c, "title"));
		put_line(term, 16, "%s", get(c, "why"));
		print_failures(term, c);
	}
}

static void print_hosts(const struct term *term, const struct node *report)
{
	const struct node *hosts = node_get(report, "hosts");

	if (!hosts || hosts->count == 0)
		return;
	title(term, "Hosts");
	node_foreach (h, hosts) {
		const struct node *chain = node_get(h, "chain");
		bool whole = streq(get(chain, "state"), "whole");
		const char *name = get(h, "hostname");

		(void)fprintf(term->out, "  %-24s ", SHOWN(*name ? name : get(h, "machineId")));
		term_putf(term, whole ? STYLE_GOOD : STYLE_BAD, "%-6s", get(chain, "state"));
		(void)fprintf(term->out, "  %s to %s, %s records, %s containers",
			      get(chain, "from"), get(chain, "to"), get(h, "records"),
			      get(h, "containers"));
		if (!whole)
			(void)fprintf(term->out, "; %s missing, %s gaps, %s do not follow",
				      get(chain, "missing"), get(chain, "gaps"),
				      get(chain, "broken"));
		if (is_true(h, "silent"))
			term_put(term, STYLE_BAD, "; silent");
		(void)fputc('\n', term->out);
	}
}

static void print_dimensions(const struct term *term, const struct node *report)
{
	node_foreach (d, node_get(report, "by")) {
		title(term, get(d, "dimension"));
		(void)fprintf(term->out, "  %-28s %10s %10s %10s %10s %10s\n", "", "containers",
			      "evidenced", "configured", "failed", "refused");
		node_foreach (r, node_get(d, "rows"))
			(void)fprintf(term->out, "  %-28s %10s %10s %10s %10s %10s\n",
				      SHOWN(get(r, "value")), get(r, "containers"),
				      get(r, "evidenced"), get(r, "configured"), get(r, "failed"),
				      get(r, "deny"));
		if (!is_zero(d, "omitted"))
			(void)fprintf(term->out, "  ... and %s more\n", get(d, "omitted"));
	}
}

static void print_gaps(const struct term *term, const struct node *report)
{
	const struct node *gaps = node_get(report, "gaps");
	size_t shown = 0;

	if (!gaps || gaps->count == 0)
		return;
	title(term, "Gaps");
	node_foreach (g, gaps)
		if (shown++ < GAPS_SHOWN)
			put_line(term, 2, "%s %s %s: %s", MINUTE(get(g, "time")), get(g, "host"),
				 get(g, "kind"), get(g, "text"));
	if (shown > GAPS_SHOWN || !is_zero(report, "gapsOmitted"))
		put_line(term, 2, "... and more: --json lists %zu, and leaves out %s", shown,
			 get(report, "gapsOmitted"));
}

static void print_break_glass(const struct term *term, const struct node *report)
{
	const struct node *list = node_get(report, "breakGlass");

	if (!list || list->count == 0)
		return;
	title(term, "Break-glass");
	node_foreach (g, list) {
		const char *end = get(g, "end"), *selector = get(g, "selector");

		put_line(term, 2, "%s to %s%s%s, %s: for %s, by %s: %s",
			 *get(g, "opened") ? MINUTE(get(g, "opened")) : "before that",
			 MINUTE(*end ? get(g, "ended") : get(g, "until")), *end ? " " : "", end,
			 SHOWN(get(g, "host")), *selector ? SHOWN(selector) : "every container",
			 get(g, "who"), get(g, "reason"));
	}
	if (!is_zero(report, "breakGlassOmitted"))
		put_line(term, 2, "... and more: %s records of others are left out",
			 get(report, "breakGlassOmitted"));
}

static void print_notes(const struct term *term, const struct node *report)
{
	const struct node *notes = node_get(report, "notes");

	if (!notes || notes->count == 0)
		return;
	title(term, "Notes");
	node_foreach (n, notes)
		put_line(term, 2, "%s", n->string);
}

void report_print(const struct term *term, const struct node *report)
{
	print_head(term, report);
	print_controls(term, report);
	print_hosts(term, report);
	print_dimensions(term, report);
	print_gaps(term, report);
	print_break_glass(term, report);
	print_notes(term, report);
}
