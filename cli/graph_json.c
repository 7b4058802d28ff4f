/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph as a JSON document.
 */
#include "audit/stamp.h"
#include "cli/graph_print.h"
#include "lib/emit.h"

static void emit_flag(struct emit *e, const char *key, bool v)
{
	emit_key(e, key);
	emit_bool(e, v);
}

/* null: never, not known, open. */
static void emit_time(struct emit *e, const char *key, uint64_t usec)
{
	char stamp[STAMP_SIZE];

	emit_text(e, key, usec > 0 ? stamp_format(stamp, usec) : NULL);
}

static void emit_texts(struct emit *e, const char *key, char *const *v, size_t n)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n; i++)
		emit_string(e, v[i]);
	emit_array_end(e);
}

static void emit_addresses(struct emit *e, const struct graph_container *c)
{
	char text[CIDR_TEXT_MAX];

	emit_key(e, "addresses");
	emit_array(e);
	for (size_t i = 0; i < c->n_addresses; i++)
		emit_string(e, address_format(text, &c->addresses[i]));
	emit_array_end(e);
}

static void emit_container(struct emit *e, const struct graph_container *c)
{
	emit_object(e);
	emit_text(e, "name", c->name[0] ? c->name : NULL);
	emit_text(e, "id", c->id);
	emit_text(e, "machine", c->machine[0] ? c->machine : NULL);
	emit_text(e, "image", c->image);
	emit_text(e, "namespace", c->namespace);
	emit_flag(e, "running", c->running);
	emit_flag(e, "egressConfined", graph_constrains(c, false));
	emit_flag(e, "ingressConfined", graph_constrains(c, true));
	emit_text(e, "undecided", c->undecided);
	emit_key(e, "profiles");
	emit_array(e);
	for (size_t i = 0; i < c->selection.n; i++)
		emit_string(e, c->selection.v[i].profile->name);
	emit_array_end(e);
	emit_addresses(e, c);
	emit_key(e, "labels");
	emit_object(e);
	for (size_t i = 0; i < c->labels.n; i++)
		emit_text(e, c->labels.v[i].key, c->labels.v[i].value);
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_nodes(struct emit *e, const struct graph *graph, const struct graph_input *input)
{
	emit_key(e, "nodes");
	emit_array(e);
	for (size_t i = 0; i < graph->n_nodes; i++) {
		const struct graph_node *node = &graph->nodes[i];

		emit_object(e);
		emit_text(e, "id", node->id);
		emit_text(e, "kind", graph_kind_name(node->kind));
		emit_text(e, "name", node->name);
		emit_key(e, "containers");
		emit_array(e);
		for (size_t k = 0; k < node->n_containers; k++)
			emit_container(e, &input->containers[node->containers[k]]);
		emit_array_end(e);
		emit_texts(e, "without", node->without, node->n_without);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_seen(struct emit *e, const struct graph_line *line)
{
	emit_key(e, "seen");
	emit_array(e);
	for (size_t i = 0; i < line->n_seen; i++) {
		const struct graph_seen *seen = &line->seen[i];

		emit_object(e);
		emit_number(e, "port", seen->port);
		emit_number(e, "connections", seen->accepted);
		emit_number(e, "refusedPackets", seen->refused);
		emit_time(e, "first", seen->first);
		emit_time(e, "last", seen->last);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_number(e, "seenOmitted", line->seen_omitted);
}

static void emit_line(struct emit *e, const struct graph_line *line)
{
	_cleanup_buf_ struct buf what = { 0 };

	graph_line_describe(line, &what);
	emit_object(e);
	emit_text(e, "what", buf_status(&what) == 0 ? what.data : NULL);
	emit_text(e, "state", graph_state_name(line->state));
	emit_text(e, "protocol", line->all ? NULL : graph_protocol_name(line->protocol));
	emit_number(e, "firstPort", line->all ? 0 : line->first_port);
	emit_number(e, "lastPort", line->all ? UINT16_MAX : line->last_port);
	emit_flag(e, "allowed", line->allowed);
	emit_flag(e, "unconfined", line->open);
	emit_number(e, "connections", line->accepted);
	emit_number(e, "refusedPackets", line->refused);
	emit_time(e, "first", line->first);
	emit_time(e, "last", line->last);
	emit_text(e, "refusedBy", line->by);
	emit_seen(e, line);
	emit_texts(e, "addresses", line->addresses, line->n_addresses);
	emit_number(e, "addressesOmitted", line->addresses_omitted);
	emit_object_end(e);
}

static void emit_edges(struct emit *e, const struct graph *graph)
{
	emit_key(e, "edges");
	emit_array(e);
	for (size_t i = 0; i < graph->n_edges; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		emit_object(e);
		emit_text(e, "from", graph->nodes[edge->from].id);
		emit_text(e, "to", graph->nodes[edge->to].id);
		emit_text(e, "state", graph_state_name(edge->state));
		emit_flag(e, "unconfined", edge->open);
		emit_key(e, "lines");
		emit_array(e);
		for (size_t k = 0; k < edge->n_lines; k++)
			emit_line(e, &edge->lines[k]);
		emit_array_end(e);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_totals(struct emit *e, const struct graph *graph)
{
	size_t containers = 0;

	for (size_t i = 0; i < graph->n_nodes; i++)
		containers += graph->nodes[i].n_containers;
	emit_key(e, "totals");
	emit_object(e);
	emit_number(e, "containers", containers);
	emit_number(e, "nodes", graph->n_nodes);
	emit_number(e, "edges", graph->n_edges);
	for (unsigned s = 0; s < GRAPH_STATES_; s++)
		emit_number(e, graph_state_name((enum graph_state)s), graph->lines[s]);
	emit_number(e, "unconfined", graph->open_lines);
	emit_number(e, "connections", graph->accepted);
	emit_number(e, "refusedPackets", graph->refused);
	emit_object_end(e);
}

void graph_json(const struct graph *graph, const struct graph_about *about, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_text(&e, "schema", "coaming-graph-1");
	emit_time(&e, "time", about->time_usec);
	emit_time(&e, "since", about->since_usec);
	emit_time(&e, "until", about->until_usec);
	emit_text(&e, "by", about->input->by);
	emit_totals(&e, graph);
	emit_nodes(&e, graph, about->input);
	emit_edges(&e, graph);
	emit_key(&e, "notes");
	emit_array(&e);
	for (size_t i = 0; i < about->n_notes; i++)
		emit_string(&e, about->notes[i]);
	emit_array_end(&e);
	emit_object_end(&e);
}
