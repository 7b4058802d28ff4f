/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming report: what the records say of the controls of a framework, see coaming-report(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>

#include "audit/coverage.h"
#include "audit/report.h"
#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/report_html.h"
#include "cli/report_oscal.h"
#include "cli/report_print.h"
#include "cli/report_scope.h"
#include "cli/when.h"
#include "lib/strv.h"
#include "profiles/host.h"

#define NOTES_MAX 16
#define NOTE_MAX  512

static const char *const controls_dirs[] = {
	SYSCONFDIR "/coaming/controls",
	DATADIR "/coaming/controls",
};

struct command {
	const char *config, *framework, *since, *until, *match, *directory, *waivers, *output;
	struct words by, files;
	bool json, csv, html, oscal;
	/* What comes of it. */
	uint64_t now_usec;
	struct scope scope;
	struct sources sources;
	struct rules *rules;
	struct tally_options options;
	struct tally *tally;
	struct harvest_notes harvested;
	char *notes[NOTES_MAX];
	size_t n_notes;
};

static void command_done(struct command *c)
{
	words_done(&c->by);
	words_done(&c->files);
	scope_done(&c->scope);
	sources_done(&c->sources);
	rules_free(&c->rules);
	tally_free(&c->tally);
	for (size_t i = 0; i < c->n_notes; i++)
		free(c->notes[i]);
}

/* ---- before ---- */

static int read_period(struct command *c, struct err *err)
{
	int r = 0;

	c->now_usec = stamp_now();
	if (c->since)
		r = when_parse(c->since, c->now_usec, &c->options.since_usec, err);
	if (r == 0 && c->until)
		r = when_parse(c->until, c->now_usec, &c->options.until_usec, err);
	if (r == 0 && c->until && c->options.until_usec < c->options.since_usec)
		return err_input(err, EINVAL, "--until is before --since");
	return r;
}

static int read_scope(struct command *c, struct err *err)
{
	const char *waivers = c->waivers ? c->waivers : WAIVERS_FILE;
	int r = 0;

	if (c->by.n > TALLY_DIMENSIONS_MAX)
		return err_input(err, EINVAL, "--by: at most %d of them", TALLY_DIMENSIONS_MAX);
	for (size_t i = 0; i < c->by.n && r == 0; i++) {
		c->options.dimensions[c->options.n_dimensions++] = c->by.v[i];
		r = scope_by(&c->scope, c->by.v[i], err);
	}
	if (r == 0 && c->match)
		r = scope_match(&c->scope, c->match, err);
	if (r == 0 && (c->waivers || access(waivers, F_OK) == 0))
		r = scope_waivers(&c->scope, waivers, c->now_usec, err);
	if (c->scope.has_match)
		c->options.wanted = scope_wants;
	if (c->scope.n_waivers > 0)
		c->options.waivers = scope_waive;
	c->options.arg = &c->scope;
	return r;
}

static void require(struct tally_options *o, const char *field)
{
	for (size_t i = 0; i < o->n_required; i++)
		if (streq(o->required[i], field))
			return;
	if (o->n_required < TALLY_REQUIRED_MAX)
		o->required[o->n_required++] = field;
}

static void fail_where(struct tally_options *o, uint32_t control, const struct rule *rule)
{
	if (rule->fails_field[0] && o->n_fails < TALLY_FAILS_MAX)
		o->fails[o->n_fails++] =
			(struct tally_fails){ control, rule->events, rule->fails_field,
					      rule->fails_value };
}

static int read_framework(struct command *c, struct err *err)
{
	int r;

	if (!c->framework)
		return 0;
	r = rules_load(controls_dirs, ARRAY_SIZE(controls_dirs), c->framework, &c->rules, err);
	if (r < 0)
		return r;
	c->options.framework = c->rules->id;
	for (size_t i = 0; i < c->rules->n; i++) {
		const struct rule *rule = &c->rules->v[i];

		fail_where(&c->options, (uint32_t)i, rule);
		c->options.points[c->options.n_controls] = rule->points;
		c->options.controls[c->options.n_controls++] = rule->id;
		for (size_t k = 0; k < rule->n_required; k++)
			require(&c->options, rule->required[k]);
	}
	return 0;
}

static bool is_of_this_host(const struct command *c)
{
	return !c->directory && c->files.n == 0;
}

/* From the first record, or the period's begin, to the last or its end. */
static void set_trend(struct command *c)
{
	uint64_t first = c->sources.first, last = c->sources.last;

	/* The ledger has later ones than the journal. */
	if (is_of_this_host(c) || last == 0)
		last = c->now_usec;
	if (first == 0 || first > last)
		first = last;
	c->options.trend_from = c->options.since_usec > first ? c->options.since_usec : first;
	c->options.trend_to = c->options.until_usec > 0 && c->options.until_usec < last
				      ? c->options.until_usec
				      : last;
}

static int find_sources(struct command *c, struct err *err)
{
	int r = 0;

	if (c->directory)
		r = sources_add_directory(&c->sources, c->directory, err);
	for (size_t i = 0; i < c->files.n && r == 0; i++)
		r = sources_add_file(&c->sources, c->files.v[i], err);
	if (r == 0 && is_of_this_host(c))
		r = sources_add_host(&c->sources, err);
	sources_sort(&c->sources);
	set_trend(c);
	return r;
}

/* ---- after ---- */

static void note(struct command *c, uint64_t n, const char *fmt, ...) _printf_(3, 4);
static void note(struct command *c, uint64_t n, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list ap;

	if (n == 0 || c->n_notes >= NOTES_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->notes[c->n_notes] = strdup(text);
	c->n_notes += c->notes[c->n_notes] != NULL;
}

#define ULL(v) ((unsigned long long)(v))

/* Their admission may be older than the journal. */
static uint64_t undecided(const struct tally *t)
{
	const uint32_t known = TALLY_RAN | TALLY_DENIED | TALLY_NOTED | TALLY_OUT;
	uint64_t n = 0;

	for (size_t i = 1; i < t->n_classes; i++)
		if ((t->classes[i].flags & (known | TALLY_IN_PERIOD)) == TALLY_IN_PERIOD)
			n += t->classes[i].containers;
	return n;
}

static void write_notes(struct command *c)
{
	const struct harvest_notes *h = &c->harvested;
	const struct tally *t = c->tally;

	note(c, c->sources.n == 0, "no journal file was found");
	note(c, c->sources.unreadable, "%llu files could not be read: %s",
	     ULL(c->sources.unreadable), c->sources.why ? c->sources.why : "");
	note(c, h->foreign, "%llu entries were left out: root did not send them", ULL(h->foreign));
	note(c, h->damaged, "%llu entries or ends of files cannot be read", ULL(h->damaged));
	note(c, h->closed, "%llu compressed values could not be read", ULL(h->closed));
	note(c, h->no_ledger, "the ledger could not be read: what only it has is missing here");
	note(c, h->ledger, "%llu records are in the ledger alone", ULL(h->ledger));
	note(c, t->again, "%llu records came twice and count once", ULL(t->again));
	note(c, undecided(t), "of %llu containers there are records, and none of their start",
	     ULL(undecided(t)));
	note(c, t->containers_omitted,
	     "%llu starts of containers beyond the first %zu do not count",
	     ULL(t->containers_omitted), t->n_containers);
	note(c, t->classes_omitted, "too many kinds of containers: %llu are not told apart",
	     ULL(t->classes_omitted));
	note(c, t->hosts_omitted, "%llu records are of hosts beyond the first %d",
	     ULL(t->hosts_omitted), TALLY_HOSTS_MAX);
	note(c, t->controls_omitted, "%llu controls beyond the first %d do not count",
	     ULL(t->controls_omitted), TALLY_CONTROLS_MAX);
	note(c, t->words.omitted, "%llu values beyond the first %d are not told apart",
	     ULL(t->words.omitted), INTERN_MAX);
}

/* The end that a host's silence is measured to: of files from elsewhere, their own last record. */
static uint64_t end_of(const struct command *c)
{
	uint64_t last = 0;

	if (c->options.until_usec > 0 && c->options.until_usec < c->now_usec)
		return c->options.until_usec;
	if (is_of_this_host(c))
		return c->now_usec;
	for (size_t i = 0; i < c->tally->n_hosts; i++)
		if (c->tally->hosts[i].last > last)
			last = c->tally->hosts[i].last;
	return last;
}

static int gather(struct command *c, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	bool own = is_of_this_host(c);
	int r = 0;

	if (own)
		r = host_load(c->config, &host, err);
	r = r < 0 ? r : tally_new(&c->options, &c->tally, err);
	r = r < 0 ? r
		  : harvest(c->tally, &c->sources, host ? host->audit_dir : NULL,
			    (const char *const *)c->scope.labels, c->scope.n_labels, &c->harvested,
			    err);
	r = r < 0 ? r : coverage_engines(c->tally, &c->sources, err);
	if (r == 0 && own && c->options.until_usec == 0)
		r = coverage_groups(c->tally, "/sys/fs/cgroup", c->now_usec, err);
	r = r < 0 ? r : tally_finish(c->tally, err);
	return r < 0 ? r : report_silence(c->tally, end_of(c), err);
}

static int print_oscal(const struct node *report, FILE *out, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (report_oscal(&text, report) < 0)
		return err_oom(err);
	(void)fwrite(text.data, 1, text.len, out);
	return 0;
}

static int write_out(const struct command *c, const struct buf *json, FILE *out, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf page = { 0 };
	struct term term;
	int r;

	if (c->json) {
		(void)fwrite(json->data, 1, json->len, out);
		(void)fputc('\n', out);
		return 0;
	}
	if (c->html) {
		if (report_html(&page, json->data, json->len) < 0)
			return err_oom(err);
		(void)fwrite(page.data, 1, page.len, out);
		return 0;
	}
	r = doc_parse(&doc, "the report", json->data, json->len, err);
	if (r == 0 && c->oscal)
		return print_oscal(doc_root(doc), out, err);
	if (r < 0)
		return r;
	term = term_of(out);
	if (c->csv)
		report_csv(out, doc_root(doc));
	else
		report_print(&term, doc_root(doc));
	return 0;
}

static int print_report(struct command *c, bool *ret_failed, struct err *err)
{
	_cleanup_buf_ struct buf json = { 0 };
	FILE *out = stdout;
	int r;

	write_notes(c);
	r = report_write(
		&(struct report){
			.tally = c->tally,
			.rules = c->rules,
			.waivers = c->scope.waivers,
			.n_waivers = c->scope.n_waivers,
			.now_usec = c->now_usec,
			.since_usec = c->options.since_usec,
			.until_usec = c->options.until_usec,
			.selector = c->match,
			.directory = c->directory,
			.notes = (const char *const *)c->notes,
			.n_notes = c->n_notes,
		},
		&json, ret_failed, err);
	if (r == 0 && c->output)
		out = fopen(c->output, "we");
	if (r == 0 && !out)
		return err_errno(err, errno, "cannot write %s", Q(c->output));
	r = r < 0 ? r : write_out(c, &json, out, err);
	if (c->output && out && fclose(out) != 0 && r == 0)
		return err_errno(err, errno, "cannot write %s", Q(c->output));
	return r;
}

static int run(struct command *c, struct err *err)
{
	bool failed = false;
	int r;

	if (c->json + c->csv + c->html + c->oscal > 1)
		return err_input(err, EINVAL,
				 "--json, --csv, --html and --oscal exclude each other");
	if (c->oscal && !c->framework)
		return err_input(err, EINVAL,
				 "--oscal says what became of a framework's controls: "
				 "it needs --framework");
	r = read_period(c, err);
	r = r < 0 ? r : read_scope(c, err);
	r = r < 0 ? r : read_framework(c, err);
	r = r < 0 ? r : find_sources(c, err);
	r = r < 0 ? r : gather(c, err);
	r = r < 0 ? r : print_report(c, &failed, err);
	return r < 0 ? r : failed ? ERR_REFUSED : 0;
}

int cmd_report(int argc, char **argv, struct err *err)
{
	_cleanup_(command_done) struct command c = { 0 };
	const struct option options[] = {
		OPTION_CONFIG(&c.config),
		{ 'F', "framework", "NAME", "PCI-DSS-4.0, NIST-800-53 ...; without it a summary",
		  .text = &c.framework },
		{ 'S', "since", "TIME", "\"2026-07-01\", today, -30d, \"2 hours ago\"",
		  .text = &c.since },
		{ 'U', "until", "TIME", "likewise", .text = &c.until },
		{ 0, "by", "KEY", "a table by label, host, profile or image", .list = &c.by },
		{ 0, "match", "SELECTOR", "only containers with these labels", .text = &c.match },
		{ 'D', "directory", "DIR", "journal files in DIR and below, not this host's",
		  .text = &c.directory },
		{ 0, "file", "FILE", "this journal file", .list = &c.files },
		{ 0, "waivers", "FILE", "instead of " WAIVERS_FILE, .text = &c.waivers },
		{ 0, "json", NULL, "one JSON document", .flag = &c.json },
		{ 0, "csv", NULL, "one table (RFC 4180)", .flag = &c.csv },
		{ 0, "html", NULL, "one page that needs nothing else", .flag = &c.html },
		{ 0, "oscal", NULL, "NIST OSCAL assessment results", .flag = &c.oscal },
		{ 'o', "output", "FILE", "to FILE instead of standard output", .text = &c.output },
	};
	const struct usage usage = {
		.about = "Say what the records show of a framework's controls.\n"
			 "Exit status 1 where a control failed.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return run(&c, err);
}
