/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph for people, for programs, for graphviz and as a page.
 */
#ifndef COAMING_CLI_GRAPH_PRINT_H
#define COAMING_CLI_GRAPH_PRINT_H

#include "cli/graph_model.h"
#include "cli/term.h"

/* What belongs to it, and is none of its nodes and edges. */
struct graph_about {
	const struct graph_input *input;
	uint64_t time_usec;              /* when it was made */
	uint64_t since_usec, until_usec; /* 0: open */
	const char *const *notes;        /* sentences */
	size_t n_notes;
};

/* A table, a line each kind of connection, and what is not confined. all: those too that only
 * nobody constrains. */
int graph_text(const struct term *term, const struct graph *graph, const struct graph_about *about,
	       bool all, struct err *err);
/* The document "coaming-graph-1", see coaming-graph(1). */
void graph_json(const struct graph *graph, const struct graph_about *about, struct buf *out);
/* Source: the DOT language, graphviz.org/doc/info/lang.html */
void graph_dot(const struct graph *graph, const struct graph_about *about, bool all,
	       struct buf *out);

#endif
