/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming graph: who may talk to whom, and who did, see coaming-graph(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>

#include "audit/stamp.h"
#include "cli/graph_print.h"
#include "cli/graph_read.h"
#include "cli/options.h"
#include "cli/page.h"
#include "cli/when.h"

PAGE_INCLUDE(graph_page, "cli/graph.html");

#define NOTES_MAX 16
#define NOTE_MAX  512

struct command {
	const char *config, *by, *since, *until, *directory, *registry, *output;
	struct words files;
	bool json, dot, html, all;
	/* What comes of it. */
	uint64_t now_usec;
	struct host *host;
	struct store *store;
	struct graph_sources sources;
	struct graph_notes read;
	struct graph_input input;
	char *notes[NOTES_MAX];
	size_t n_notes;
};

static void command_done(struct command *c)
{
	words_done(&c->files);
	graph_input_done(&c->input);
	store_free(&c->store);
	host_free(&c->host);
	for (size_t i = 0; i < c->n_notes; i++)
		free(c->notes[i]);
}

/* ---- before ---- */

static int check_words(const struct command *c, struct err *err)
{
	if (c->json + c->dot + c->html > 1)
		return err_input(err, EINVAL, "--json, --dot and --html exclude each other");
	if (c->by && c->by[0] == '\0')
		return err_input(err, EINVAL, "--by: a label is expected");
	return 0;
}

static int read_period(struct command *c, struct err *err)
{
	struct graph_sources *s = &c->sources;
	int r = 0;

	c->now_usec = stamp_now();
	if (c->since)
		r = when_parse(c->since, c->now_usec, &s->since_usec, err);
	if (r == 0 && c->until)
		r = when_parse(c->until, c->now_usec, &s->until_usec, err);
	if (r == 0 && c->until && s->until_usec < s->since_usec)
		return err_input(err, EINVAL, "--until is before --since");
	return r;
}

/* Whose registry it is that belongs to journals of elsewhere nobody knows: it has to be named. */
static int find_sources(struct command *c, struct err *err)
{
	struct graph_sources *s = &c->sources;
	int r = host_load(c->config, &c->host, err);

	if (r == 0)
		r = store_open(c->host, &c->store, err);
	if (r < 0)
		return r;
	s->host = c->host;
	s->store = c->store;
	s->journals = c->directory || c->files.n > 0;
	s->state_dir = c->registry ? c->registry : s->journals ? NULL : c->host->state_dir;
	s->is_own = !c->registry && !s->journals;
	s->query = (struct query){
		.audit_dir = c->host->audit_dir,
		.journal_dir = c->directory,
		.journal_files = c->files.v,
		.n_journal_files = c->files.n,
	};
	return 0;
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

static void note_undecided(struct command *c)
{
	const struct graph_container *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->input.n_containers; i++) {
		if (!c->input.containers[i].undecided)
			continue;
		first = first ? first : &c->input.containers[i];
		n++;
	}
	if (first)
		note(c, n,
		     "of %zu containers it is not known what they may, the first of them %s: "
		     "%s",
		     n, Q(first->name), first->undecided);
}

/* What is not in the graph, and must not be missed. */
static void write_notes(struct command *c)
{
	const struct graph_notes *n = &c->read;

	note_undecided(c);
	note(c, n->registry.class != ERR_NONE, "left out of the registry: %s", n->registry.text);
	note(c, n->gone,
	     "%zu containers of the registry are over (coaming reconcile takes them out)", n->gone);
	note(c, n->kernel.class != ERR_NONE,
	     "of a container that runs the records alone are read: %s", n->kernel.text);
	note(c, n->journal.class != ERR_NONE, "%s; the ledger alone is read", n->journal.text);
	note(c, n->overflowed,
	     "%llu packets belong to connections that found no room in the kernel",
	     ULL(n->overflowed));
	note(c, n->flows_omitted + n->containers_omitted,
	     "%zu connections and %zu records are left out: there are too many", n->flows_omitted,
	     n->containers_omitted);
	note(c, n->strange, "%zu connections of the records cannot be understood", n->strange);
	note(c, n->unverified,
	     "%zu entries of the journal are left out: the ledger does not have them",
	     n->unverified);
	note(c, n->damaged, "%zu places of the ledger cannot be read", n->damaged);
}

static int write_out(const struct command *c, const struct graph *graph, FILE *out, struct err *err)
{
	const struct graph_about about = {
		.input = &c->input,
		.time_usec = c->now_usec,
		.since_usec = c->sources.since_usec,
		.until_usec = c->sources.until_usec,
		.notes = (const char *const *)c->notes,
		.n_notes = c->n_notes,
	};
	_cleanup_buf_ struct buf text = { 0 };
	_cleanup_buf_ struct buf page = { 0 };
	const struct term term = term_of(out);

	if (!c->json && !c->html && !c->dot)
		return graph_text(&term, graph, &about, c->all, err);
	if (c->dot)
		graph_dot(graph, &about, c->all, &text);
	else
		graph_json(graph, &about, &text);
	if (buf_status(&text) < 0 ||
	    (c->html && page_fill(&page, graph_page, text.data, text.len) < 0))
		return err_oom(err);
	if (c->json)
		buf_addc(&text, '\n');
	(void)fwrite(c->html ? page.data : text.data, 1, c->html ? page.len : text.len, out);
	return 0;
}

static int print_graph(const struct command *c, const struct graph *graph, struct err *err)
{
	FILE *out = c->output ? fopen(c->output, "we") : stdout;
	int r;

	if (!out)
		return err_errno(err, errno, "cannot write %s", Q(c->output));
	r = write_out(c, graph, out, err);
	if (c->output && fclose(out) != 0 && r == 0)
		return err_errno(err, errno, "cannot write %s", Q(c->output));
	return r;
}

static int run(struct command *c, struct err *err)
{
	_cleanup_graph_ struct graph graph = { 0 };
	int r;

	r = check_words(c, err);
	r = r < 0 ? r : read_period(c, err);
	r = r < 0 ? r : find_sources(c, err);
	r = r < 0 ? r : graph_read(&c->sources, &c->input, &c->read, err);
	if (r < 0)
		return r;
	c->input.by = c->by;
	r = graph_build(&c->input, &graph, err);
	if (r < 0)
		return r;
	write_notes(c);
	return print_graph(c, &graph, err);
}

int cmd_graph(int argc, char **argv, struct err *err)
{
	_cleanup_(command_done) struct command c = { 0 };
	const struct option options[] = {
		OPTION_CONFIG(&c.config),
		{ 'b', "by", "LABEL", "groups by function, app, data-class ... or any label",
		  .text = &c.by },
		{ 'S', "since", "TIME", "connections seen since: \"2026-07-01\", today, -30d",
		  .text = &c.since },
		{ 'U', "until", "TIME", "likewise", .text = &c.until },
		{ 0, "registry", "DIR", "whose registry of containers: a stateDir",
		  .text = &c.registry },
		{ 'D', "directory", "DIR", "the journals in a directory, of any hosts",
		  .text = &c.directory },
		{ 0, "file", "FILE", "a journal file", .list = &c.files },
		{ 'a', "all", NULL, "also what merely nothing constrains", .flag = &c.all },
		{ 0, "dot", NULL, "for graphviz", .flag = &c.dot },
		{ 0, "json", NULL, "one JSON document", .flag = &c.json },
		{ 0, "html", NULL, "one page that needs nothing else", .flag = &c.html },
		{ 'o', "output", "FILE", "to FILE instead of standard output", .text = &c.output },
	};
	const struct usage usage = {
		.about = "Say who may talk to whom, as the policy is now, and who did, as records\n"
			 "tell; and where the two differ.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return run(&c, err);
}
