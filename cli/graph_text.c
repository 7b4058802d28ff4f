/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph as a table, and in the language of graphviz.
 *
 * MUST NOT let a name that comes from a container reach a terminal or a DOT file as anything but
 * text.
 */
#include "audit/stamp.h"
#include "cli/graph_print.h"
#include "cli/table.h"
#include "lib/utf8.h"

#define NAME_MAX_BYTES 256
#define TOLD_MAX       8

static const struct table_column columns[] = {
	{ "FROM", 10 }, { "TO", 10 },     { "WHAT", 0 }, { "STATE", 0 },
	{ "SEEN", 0 },  { "REFUSED", 0 }, { "LAST", 0 }, { "REFUSED BY", 8 },
};

static const enum style state_styles[] = {
	[GRAPH_UNUSED] = STYLE_DIM,
	[GRAPH_USED] = STYLE_GOOD,
	[GRAPH_REFUSED] = STYLE_BAD,
	[GRAPH_WITHDRAWN] = STYLE_WARN,
};
static_assert(ARRAY_SIZE(state_styles) == GRAPH_STATES_, "a style a state");

static const char *const state_colours[] = {
	[GRAPH_UNUSED] = "#5b7083",
	[GRAPH_USED] = "#176b3a",
	[GRAPH_REFUSED] = "#b3261e",
	[GRAPH_WITHDRAWN] = "#8a5200",
};
static_assert(ARRAY_SIZE(state_colours) == GRAPH_STATES_, "a colour a state");

static const char *const state_lines[] = {
	[GRAPH_UNUSED] = "dashed",
	[GRAPH_USED] = "solid",
	[GRAPH_REFUSED] = "dotted",
	[GRAPH_WITHDRAWN] = "bold",
};
static_assert(ARRAY_SIZE(state_lines) == GRAPH_STATES_, "a line a state");

static bool is_told(const struct graph_line *line, bool all)
{
	return all || !line->open || line->n_seen > 0;
}

/* ---- the table ---- */

static int add_number(struct table *table, uint64_t n, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return table_add(table, STYLE_NONE, n > 0 ? text : "-", err);
}

static int add_row(struct table *table, const struct graph *graph, const struct graph_edge *edge,
		   const struct graph_line *line, struct err *err)
{
	_cleanup_buf_ struct buf what = { 0 };
	char stamp[STAMP_SIZE], last[sizeof("2026-11-27 10:00")] = "-";
	int r;

	graph_line_describe(line, &what);
	if (buf_status(&what) < 0)
		return err_oom(err);
	if (line->last > 0) {
		(void)snprintf(last, sizeof(last), "%.16s", stamp_format(stamp, line->last));
		last[10] = ' ';
	}
	r = table_add(table, STYLE_NONE, graph->nodes[edge->from].name, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, graph->nodes[edge->to].name, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, what.data, err);
	if (r == 0)
		r = table_add(table, state_styles[line->state],
			      line->open && line->state == GRAPH_UNUSED
				      ? "unconfined"
				      : graph_state_name(line->state),
			      err);
	if (r == 0)
		r = add_number(table, line->accepted, err);
	if (r == 0)
		r = add_number(table, line->refused, err);
	if (r == 0)
		r = table_add(table, STYLE_NONE, last, err);
	return r < 0 ? r : table_add(table, STYLE_NONE, line->by ? line->by : "-", err);
}

static void print_name(FILE *out, const char *name)
{
	char text[NAME_MAX_BYTES];

	(void)utf8_put_shown(text, sizeof(text), name);
	(void)fputs(text, out);
}

/* Groups of which a container may send, or be sent to, whatever the other end lets pass. */
static void print_open(FILE *out, const struct graph *graph, bool ingress)
{
	size_t n = 0;

	for (size_t i = 0; i < graph->n_nodes; i++) {
		const struct graph_node *node = &graph->nodes[i];

		if ((ingress ? node->open_ingress : node->open_egress) == 0)
			continue;
		if (n == 0)
			(void)fputs(ingress ? "ingress is not confined of: "
					    : "egress is not confined of: ",
				    out);
		if (n < TOLD_MAX) {
			(void)fputs(n ? ", " : "", out);
			print_name(out, node->name);
		}
		n++;
	}
	if (n > TOLD_MAX)
		(void)fprintf(out, " and %zu more", n - TOLD_MAX);
	if (n > 0)
		(void)fputc('\n', out);
}

static void print_summary(FILE *out, const struct graph *graph, bool all)
{
	(void)fprintf(out, "%zu used, %zu never seen, %zu refused, %zu no longer allowed",
		      graph->lines[GRAPH_USED], graph->lines[GRAPH_UNUSED],
		      graph->lines[GRAPH_REFUSED], graph->lines[GRAPH_WITHDRAWN]);
	if (graph->open_lines > 0)
		(void)fprintf(out, "; %zu that no profile constrains%s", graph->open_lines,
			      all ? "" : " (--all shows them)");
	(void)fputc('\n', out);
	print_open(out, graph, false);
	print_open(out, graph, true);
}

int graph_text(const struct term *term, const struct graph *graph, const struct graph_about *about,
	       bool all, struct err *err)
{
	_cleanup_table_ struct table table = { .columns = columns,
					       .n_columns = ARRAY_SIZE(columns) };
	int r = 0;

	for (size_t i = 0; i < graph->n_edges; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		for (size_t k = 0; r == 0 && k < edge->n_lines; k++) {
			if (is_told(&edge->lines[k], all))
				r = add_row(&table, graph, edge, &edge->lines[k], err);
		}
	}
	if (r < 0)
		return r;
	table_print(&table, term, false);
	(void)fputc('\n', term->out);
	print_summary(term->out, graph, all);
	for (size_t i = 0; i < about->n_notes; i++) {
		(void)fputs("note: ", term->out);
		print_name(term->out, about->notes[i]);
		(void)fputc('\n', term->out);
	}
	return 0;
}

/* ---- DOT ---- */

/* Within quotes a backslash begins an escape of graphviz' own, such as \N. */
static void add_quoted(struct buf *out, const char *text)
{
	char shown[NAME_MAX_BYTES];

	(void)utf8_put_shown(shown, sizeof(shown), text);
	buf_addc(out, '"');
	for (const char *p = shown; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

static void add_node(struct buf *out, const struct graph_node *node)
{
	static const char *const shapes[] = {
		[GRAPH_CONTAINERS] = "shape=box, style=\"rounded,filled\"",
		[GRAPH_UNLABELLED] = "shape=box, style=\"rounded,dashed\"",
		[GRAPH_ZONE] = "shape=folder, style=filled",
		[GRAPH_BLOCK] = "shape=box, style=filled",
		[GRAPH_ANYWHERE] = "shape=ellipse, style=filled",
	};
	static_assert(ARRAY_SIZE(shapes) == GRAPH_KINDS_, "a shape a kind");

	buf_adds(out, "\t");
	add_quoted(out, node->id);
	buf_adds(out, " [label=");
	add_quoted(out, node->name);
	buf_addf(out, ", %s];\n", shapes[node->kind]);
}

static void add_what(struct buf *out, const struct graph_line *line, bool first)
{
	buf_adds(out, first ? "" : "\\n");
	graph_line_describe(line, out);
	if (line->accepted > 0)
		buf_addf(out, " (%llu)", (unsigned long long)line->accepted);
	else if (line->refused > 0)
		buf_addf(out, " (%llu refused)", (unsigned long long)line->refused);
}

/* One for each state, so that each has its own line. */
static void add_edge(struct buf *out, const struct graph *graph, const struct graph_edge *edge,
		     enum graph_state state, bool all)
{
	size_t n = 0;

	for (size_t i = 0; i < edge->n_lines; i++) {
		const struct graph_line *line = &edge->lines[i];

		if (line->state != state || !is_told(line, all))
			continue;
		if (n++ == 0) {
			buf_adds(out, "\t");
			add_quoted(out, graph->nodes[edge->from].id);
			buf_adds(out, " -> ");
			add_quoted(out, graph->nodes[edge->to].id);
			buf_adds(out, " [label=\"");
		}
		add_what(out, line, n == 1);
	}
	if (n > 0)
		buf_addf(out, "\", color=\"%s\", fontcolor=\"%s\", style=%s, tooltip=\"%s\"%s];\n",
			 state_colours[state], state_colours[state], state_lines[state],
			 graph_state_text(state), state == GRAPH_REFUSED ? ", arrowhead=tee" : "");
}

void graph_dot(const struct graph *graph, const struct graph_about *about, bool all,
	       struct buf *out)
{
	buf_adds(out,
		 "digraph coaming {\n"
		 "\trankdir=LR;\n"
		 "\tnode [fontname=\"sans-serif\", color=\"#55606e\", fillcolor=\"#f6f7f9\"];\n"
		 "\tedge [fontname=\"sans-serif\", fontsize=10];\n");
	for (size_t i = 0; i < about->n_notes; i++) {
		char shown[NAME_MAX_BYTES];

		(void)utf8_put_shown(shown, sizeof(shown), about->notes[i]);
		buf_addf(out, "\t// %s\n", shown);
	}
	for (size_t i = 0; i < graph->n_nodes; i++)
		add_node(out, &graph->nodes[i]);
	for (size_t i = 0; i < graph->n_edges; i++) {
		for (unsigned s = 0; s < GRAPH_STATES_; s++)
			add_edge(out, graph, &graph->edges[i], (enum graph_state)s, all);
	}
	buf_adds(out, "}\n");
}
