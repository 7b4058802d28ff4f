/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes and edges of a graph while it is made.
 */
#include "cli/graph_internal.h"

#include <errno.h>

/* ---- nodes ---- */

static int add_node(struct work *w, enum graph_kind kind, const char *name, size_t *ret)
{
	struct graph_node *node;
	_cleanup_buf_ struct buf id = { 0 };

	for (size_t i = 0; i < w->n_nodes; i++) {
		if (w->nodes[i].kind == kind && streq(w->nodes[i].name, name)) {
			*ret = i;
			return 0;
		}
	}
	if (w->n_nodes >= GRAPH_NODES_MAX)
		return err_input(w->err, E2BIG,
				 "more than %d nodes (group the containers by a label that fewer "
				 "values have: --by)",
				 GRAPH_NODES_MAX);
	if ((w->n_nodes & (w->n_nodes - 1)) == 0) {
		struct graph_node *grown =
			reallocarray(w->nodes, w->n_nodes ? w->n_nodes * 2 : 1, sizeof(*grown));

		if (!grown)
			return err_oom(w->err);
		w->nodes = grown;
	}
	node = &w->nodes[w->n_nodes];
	*node = (struct graph_node){ .kind = kind, .name = strdup(name) };
	*ret = w->n_nodes++;
	if (kind == GRAPH_ANYWHERE || kind == GRAPH_UNLABELLED)
		buf_adds(&id, graph_kind_name(kind));
	else
		buf_addf(&id, "%s:%s", graph_kind_name(kind), name);
	node->id = buf_take(&id);
	return node->name && node->id ? 0 : err_oom(w->err);
}

/* The group's name; NULL: it lacks the label. */
static const char *group_of(const struct graph_input *input, const struct graph_container *c)
{
	const struct taxonomy *taxonomy = &input->host->taxonomy;
	const struct label *label = taxonomy_label(taxonomy, &c->labels, input->by ?: "app");

	if (!label && input->by)
		label = labels_get(&c->labels, input->by);
	if (label && label->value[0])
		return label->value;
	if (input->by)
		return NULL;
	return c->name && c->name[0] ? c->name : c->id;
}

static int add_member(struct work *w, size_t node, size_t container)
{
	struct graph_node *n = &w->nodes[node];
	const struct graph_container *c = &w->input->containers[container];

	if ((n->n_containers & (n->n_containers - 1)) == 0) {
		size_t *grown = reallocarray(
			n->containers, n->n_containers ? n->n_containers * 2 : 1, sizeof(*grown));

		if (!grown)
			return err_oom(w->err);
		n->containers = grown;
	}
	n->containers[n->n_containers++] = container;
	n->open_egress += !graph_constrains(c, false);
	n->open_ingress += !graph_constrains(c, true);
	w->node_of[container] = node;
	return 0;
}

int graph_groups(struct work *w)
{
	const struct graph_input *input = w->input;
	_cleanup_free_ bool *told = calloc(input->n_containers + 1, sizeof(bool));
	char none[LABEL_KEY_MAX + 16];
	int r = told ? 0 : err_oom(w->err);

	for (size_t i = 0; r == 0 && i < input->n_flows; i++) {
		told[input->flows[i].container] = true;
		if (input->flows[i].other != GRAPH_NONE)
			told[input->flows[i].other] = true;
	}
	(void)snprintf(none, sizeof(none), "no %s", input->by ?: "name");
	for (size_t i = 0; r == 0 && i < input->n_containers; i++) {
		const char *name = group_of(input, &input->containers[i]);
		size_t node;

		if (!told[i] && !input->containers[i].subject)
			continue;
		r = name ? add_node(w, GRAPH_CONTAINERS, name, &node)
			 : add_node(w, GRAPH_UNLABELLED, none, &node);
		if (r == 0)
			r = add_member(w, node, i);
	}
	return r;
}

int graph_node_of_part(struct work *w, size_t part, size_t *ret)
{
	const struct space_part *p = &w->space.v[part];
	char text[CIDR_TEXT_MAX];
	int r;

	if (w->node_of_part[part] != GRAPH_NONE) {
		*ret = w->node_of_part[part];
		return 0;
	}
	if (p->zone)
		r = add_node(w, GRAPH_ZONE, p->zone, ret);
	else if (p->block.prefix_len == 0)
		r = add_node(w, GRAPH_ANYWHERE, "anywhere", ret);
	else
		r = add_node(w, GRAPH_BLOCK, cidr_format(text, &p->block), ret);
	w->node_of_part[part] = *ret;
	return r;
}

/* ---- edges ---- */

/* Room for another node's row and column. */
static int make_room(struct work *w)
{
	size_t rows = w->edge_rows ? w->edge_rows : 16;
	uint32_t *grown;

	while (rows < w->n_nodes)
		rows *= 2;
	if (rows == w->edge_rows)
		return 0;
	grown = calloc(rows * rows, sizeof(*grown));
	if (!grown)
		return err_oom(w->err);
	for (size_t i = 0; i < w->edge_rows; i++)
		memcpy(grown + i * rows, w->edge_of + i * w->edge_rows,
		       w->edge_rows * sizeof(*grown));
	free(w->edge_of);
	w->edge_of = grown;
	w->edge_rows = rows;
	return 0;
}

int graph_get_edge(struct work *w, size_t from, size_t to, struct building **ret)
{
	uint32_t *place;
	int r = make_room(w);

	if (r < 0)
		return r;
	place = &w->edge_of[from * w->edge_rows + to];
	if (*place == 0) {
		if ((w->n_edges & (w->n_edges - 1)) == 0) {
			struct building *grown = reallocarray(
				w->edges, w->n_edges ? w->n_edges * 2 : 1, sizeof(*grown));

			if (!grown)
				return err_oom(w->err);
			w->edges = grown;
		}
		w->edges[w->n_edges++] = (struct building){ .edge = { .from = from, .to = to } };
		*place = (uint32_t)w->n_edges;
	}
	*ret = &w->edges[*place - 1];
	return 0;
}

int graph_add_line(struct graph_edge *edge, const struct graph_line *line, struct graph_line **ret,
		   struct err *err)
{
	struct graph_line *grown;

	if ((edge->n_lines & (edge->n_lines - 1)) == 0) {
		grown = reallocarray(edge->lines, edge->n_lines ? edge->n_lines * 2 : 1,
				     sizeof(*grown));
		if (!grown)
			return err_oom(err);
		edge->lines = grown;
	}
	edge->lines[edge->n_lines] = *line;
	*ret = &edge->lines[edge->n_lines++];
	return 0;
}
