/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may talk to whom, and who did: nodes, what passes between them, what was seen.
 */
#include "cli/graph_internal.h"

#include "lib/strv.h"

static const struct {
	const char *name, *text;
} states[] = {
	[GRAPH_UNUSED] = { "unused", "allowed, never seen" },
	[GRAPH_USED] = { "used", "allowed and seen" },
	[GRAPH_REFUSED] = { "refused", "refused" },
	[GRAPH_WITHDRAWN] = { "withdrawn", "seen, no longer allowed" },
};
static_assert(ARRAY_SIZE(states) == GRAPH_STATES_, "a name a state");

static const char *const kinds[] = {
	[GRAPH_CONTAINERS] = "containers", [GRAPH_UNLABELLED] = "unlabelled", [GRAPH_ZONE] = "zone",
	[GRAPH_BLOCK] = "block",           [GRAPH_ANYWHERE] = "anywhere",
};
static_assert(ARRAY_SIZE(kinds) == GRAPH_KINDS_, "a name a kind");

static const char *const protocols[] = {
	[PROTOCOL_ANY] = "other",
	[PROTOCOL_TCP] = "TCP",
	[PROTOCOL_UDP] = "UDP",
	[PROTOCOL_SCTP] = "SCTP",
};
static_assert(ARRAY_SIZE(protocols) == GRAPH_PROTOCOLS, "a name a protocol");

const char *graph_state_name(enum graph_state state)
{
	return states[state].name;
}

const char *graph_state_text(enum graph_state state)
{
	return states[state].text;
}

const char *graph_kind_name(enum graph_kind kind)
{
	return kinds[kind];
}

const char *graph_protocol_name(enum protocol protocol)
{
	return protocols[protocol];
}

void graph_line_describe(const struct graph_line *line, struct buf *out)
{
	if (line->all)
		buf_adds(out, "anything");
	else if (line->protocol == PROTOCOL_ANY)
		buf_adds(out, "other protocols");
	else if (line->first_port == 0 && line->last_port == UINT16_MAX)
		buf_adds(out, protocols[line->protocol]);
	else if (line->first_port == line->last_port)
		buf_addf(out, "%s %u", protocols[line->protocol], line->first_port);
	else
		buf_addf(out, "%s %u-%u", protocols[line->protocol], line->first_port,
			 line->last_port);
}

static void line_done(struct graph_line *line)
{
	free(line->by);
	free(line->seen);
	strv_free(&line->addresses, &line->n_addresses);
}

static void edge_done(struct graph_edge *edge)
{
	for (size_t i = 0; i < edge->n_lines; i++)
		line_done(&edge->lines[i]);
	free(edge->lines);
}

static void nodes_free(struct graph_node *nodes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(nodes[i].id);
		free(nodes[i].name);
		free(nodes[i].containers);
		strv_free(&nodes[i].without, &nodes[i].n_without);
	}
	free(nodes);
}

static void work_done(struct work *w)
{
	free(w->profiles);
	space_done(&w->space);
	for (size_t i = 0; w->places && i < w->n_places; i++) {
		free(w->places[i].v);
		free(w->places[i].ends);
		free(w->places[i].containers);
	}
	free(w->places);
	free(w->place_of);
	strv_free(&w->keys, &w->n_keys);
	for (size_t i = 0; w->passing && i < w->n_classes * w->n_classes; i++)
		stretches_done(&w->passing[i].stretches);
	free(w->passing);
	strv_free(&w->classes, &w->n_classes);
	free(w->class_place);
	free(w->node_of);
	free(w->node_of_part);
	free(w->same);
	nodes_free(w->nodes, w->n_nodes);
	free(w->edge_of);
	for (size_t i = 0; i < w->n_edges; i++) {
		edge_done(&w->edges[i].edge);
		stretches_done(&w->edges[i].passing);
	}
	free(w->edges);
}

/* ---- the end ---- */

static bool is_told_apart(const struct work *w, size_t part)
{
	for (size_t class = 0; class < w->n_classes; class ++) {
		if (!*graph_same(w, class, part, false) || !*graph_same(w, class, part, true))
			return true;
	}
	return false;
}

/* What is not meant by a block's name. */
static int name_exceptions(struct work *w)
{
	char text[CIDR_TEXT_MAX];
	int r = 0;

	for (size_t part = 0; r == 0 && part < w->space.n; part++) {
		size_t around = space_around(&w->space, part);
		struct graph_node *node;

		if (w->space.v[part].empty || around == part || w->space.v[part].loopback ||
		    !is_told_apart(w, part))
			continue;
		while (space_around(&w->space, around) != around && !is_told_apart(w, around))
			around = space_around(&w->space, around);
		if (w->node_of_part[around] == GRAPH_NONE)
			continue;
		node = &w->nodes[w->node_of_part[around]];
		r = strv_add(&node->without, &node->n_without,
			     cidr_format(text, &w->space.v[part].block), w->err);
	}
	return r;
}

static enum graph_state state_of(const struct graph_line *line)
{
	if (line->allowed)
		return line->accepted > 0 ? GRAPH_USED : GRAPH_UNUSED;
	return line->accepted > 0 ? GRAPH_WITHDRAWN : GRAPH_REFUSED;
}

static int compare_lines(const void *left, const void *right)
{
	const struct graph_line *a = left, *b = right;

	if (a->all != b->all)
		return a->all ? 1 : -1;
	if (a->protocol != b->protocol) /* the other protocols last */
		return a->protocol - 1U < b->protocol - 1U ? -1 : 1;
	if (a->first_port != b->first_port)
		return (int)a->first_port - (int)b->first_port;
	return (int)b->state - (int)a->state;
}

static int compare_seen(const void *left, const void *right)
{
	const struct graph_seen *a = left, *b = right;

	return (int)a->port - (int)b->port;
}

static void finish_edge(struct graph_edge *edge, struct graph *graph)
{
	edge->open = true;
	for (size_t i = 0; i < edge->n_lines; i++) {
		struct graph_line *line = &edge->lines[i];

		line->state = state_of(line);
		if (line->state > edge->state)
			edge->state = line->state;
		if (line->n_seen > 0)
			qsort(line->seen, line->n_seen, sizeof(*line->seen), compare_seen);
		strv_sort_unique(line->addresses, &line->n_addresses);
		if (line->open && line->state == GRAPH_UNUSED)
			graph->open_lines++;
		else
			graph->lines[line->state]++;
		edge->open = edge->open && line->open && line->n_seen == 0;
		graph->accepted += line->accepted;
		graph->refused += line->refused;
	}
	qsort(edge->lines, edge->n_lines, sizeof(*edge->lines), compare_lines);
}

struct ordered {
	const struct graph_node *node;
	size_t was;
};

static int compare_ordered(const void *left, const void *right)
{
	const struct graph_node *a = ((const struct ordered *)left)->node;
	const struct graph_node *b = ((const struct ordered *)right)->node;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->name, b->name);
}

static int compare_edges(const void *left, const void *right)
{
	const struct graph_edge *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static int compare_members(const void *left, const void *right, void *arg)
{
	const struct graph_input *input = arg;
	const struct graph_container *a = &input->containers[*(const size_t *)left];
	const struct graph_container *b = &input->containers[*(const size_t *)right];
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->id, b->id);
}

static void sort_members(const struct graph_node *node, const struct graph_input *input)
{
	if (node->n_containers > 0)
		qsort_r(node->containers, node->n_containers, sizeof(*node->containers),
			compare_members, (void *)(uintptr_t)input);
}

/* Nodes by kind and name, whatever the order in which they were found. */
static int finish(struct work *w, struct graph *ret)
{
	_cleanup_free_ struct ordered *order = calloc(w->n_nodes + 1, sizeof(*order));
	_cleanup_free_ size_t *now = calloc(w->n_nodes + 1, sizeof(*now));
	struct graph graph = { .nodes = calloc(w->n_nodes + 1, sizeof(*graph.nodes)),
			       .edges = calloc(w->n_edges + 1, sizeof(*graph.edges)) };

	if (!order || !now || !graph.nodes || !graph.edges) {
		free(graph.nodes);
		free(graph.edges);
		return err_oom(w->err);
	}
	for (size_t i = 0; i < w->n_nodes; i++)
		order[i] = (struct ordered){ &w->nodes[i], i };
	qsort(order, w->n_nodes, sizeof(*order), compare_ordered);
	for (size_t i = 0; i < w->n_nodes; i++) {
		now[order[i].was] = i;
		graph.nodes[i] = *order[i].node;
		sort_members(&graph.nodes[i], w->input);
	}
	for (size_t i = 0; i < w->n_edges; i++) {
		struct graph_edge *edge = &w->edges[i].edge;

		edge->from = now[edge->from];
		edge->to = now[edge->to];
		finish_edge(edge, &graph);
		graph.edges[i] = *edge;
		*edge = (struct graph_edge){ 0 };
	}
	qsort(graph.edges, w->n_edges, sizeof(*graph.edges), compare_edges);
	graph.n_nodes = w->n_nodes;
	graph.n_edges = w->n_edges;
	free(w->nodes);
	w->nodes = NULL;
	w->n_nodes = 0;
	*ret = graph;
	return 0;
}

static int start(struct work *w)
{
	int r = graph_policy(w);

	w->node_of = calloc(w->input->n_containers + 1, sizeof(*w->node_of));
	w->node_of_part = calloc(w->space.n + 1, sizeof(*w->node_of_part));
	if (r == 0 && (!w->node_of || !w->node_of_part))
		r = err_oom(w->err);
	for (size_t i = 0; r == 0 && i < w->space.n; i++)
		w->node_of_part[i] = GRAPH_NONE;
	return r;
}

int graph_build(const struct graph_input *input, struct graph *ret, struct err *err)
{
	_cleanup_(work_done) struct work w = { .input = input, .err = err };
	int r;

	r = start(&w);
	if (r == 0)
		r = graph_groups(&w);
	if (r == 0)
		r = graph_may(&w);
	if (r == 0)
		r = graph_did(&w);
	if (r == 0)
		r = name_exceptions(&w);
	return r < 0 ? r : finish(&w, ret);
}

void graph_done(struct graph *graph)
{
	nodes_free(graph->nodes, graph->n_nodes);
	for (size_t i = 0; i < graph->n_edges; i++)
		edge_done(&graph->edges[i]);
	free(graph->edges);
	*graph = (struct graph){ 0 };
}

void graph_input_done(struct graph_input *input)
{
	for (size_t i = 0; i < input->n_containers; i++) {
		struct graph_container *c = &input->containers[i];

		free(c->machine);
		free(c->id);
		free(c->name);
		free(c->image);
		free(c->namespace);
		labels_done(&c->labels);
		strv_free(&c->profiles, &c->n_profiles);
		free(c->addresses);
		selection_done(&c->selection);
		free(c->undecided);
	}
	free(input->containers);
	free(input->flows);
	*input = (struct graph_input){ 0 };
}
