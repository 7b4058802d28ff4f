/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may talk to whom, and who did: nodes, what passes between them, what was seen.
 */
#include "cli/graph_model.h"

#include <errno.h>

#include "cli/graph_ports.h"
#include "cli/graph_space.h"
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

/* ---- what is worked on ---- */

/* Containers that share a network namespace, and so addresses. */
struct place {
	const struct graph_container **v;
	size_t *containers; /* of the input */
	size_t n;
	const char *machine;
	uint64_t netns;
	const struct cidr *addresses;
	size_t n_addresses;
	bool known; /* these are all that there are */
	size_t class;
};

/* What passes between the places of two classes is the same. */
struct passing {
	bool asked, open;
	struct stretches stretches;
};

/* Connections of one kind between two ends, out of the records of both. */
struct sighting {
	uint64_t accepted_out, accepted_in, refused_out, refused_in;
	uint64_t accepted, refused, first, last;
	enum protocol protocol;
	uint16_t port;
	bool allowed, open;
	struct connection_refusal refusal;
};

struct work {
	const struct graph_input *input;
	struct space space;
	struct place *places;
	size_t n_places;
	size_t *place_of; /* of each container; GRAPH_NONE */
	char **keys;      /* of labels that a rule asks for */
	size_t n_keys;
	char **classes; /* what tells them apart, in the order found */
	size_t n_classes;
	size_t *class_place;     /* one of its places */
	struct passing *passing; /* [from class][to class] */
	size_t *node_of;         /* of each container; GRAPH_NONE */
	size_t *node_of_part;    /* of each part of the space; GRAPH_NONE until it is needed */
	/* [class][part][direction]: does the same pass as with the part around it? */
	bool *same;
	struct graph_node *nodes;
	size_t n_nodes;
	uint32_t *edge_of; /* [from node][to node], 1 more than its index */
	size_t edge_rows;  /* nodes for which there is room in it */
	struct building {
		struct graph_edge edge;
		struct stretches passing;
		bool open;
		const struct passing *last; /* which was added: most repeat */
	} * edges;
	size_t n_edges;
	struct err *err;
};

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
	space_done(&w->space);
	for (size_t i = 0; w->places && i < w->n_places; i++) {
		free(w->places[i].v);
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
		buf_adds(&id, kinds[kind]);
	else
		buf_addf(&id, "%s:%s", kinds[kind], name);
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

static int make_groups(struct work *w)
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

static int node_of_part(struct work *w, size_t part, size_t *ret)
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

static int get_edge(struct work *w, size_t from, size_t to, struct building **ret)
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

static int add_passing(struct work *w, size_t from, size_t to, const struct passing *passing)
{
	struct building *edge;
	int r;

	if (passing->stretches.n == 0)
		return 0;
	r = get_edge(w, from, to, &edge);
	if (r < 0 || edge->last == passing)
		return r;
	edge->last = passing;
	if (passing->open && stretches_are_all(&passing->stretches)) {
		edge->open = true;
		return 0;
	}
	return stretches_add(&edge->passing, &passing->stretches, w->err);
}

/* ---- places and their classes ---- */

static int add_keys(struct work *w, const struct selector *selector)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < selector->n; i++) {
		if (!strv_contains(w->keys, w->n_keys, selector->v[i].key))
			r = strv_add(&w->keys, &w->n_keys, selector->v[i].key, w->err);
	}
	return r;
}

static int add_direction_keys(struct work *w, const struct direction *direction)
{
	int r = 0;

	for (size_t i = 0; i < direction->n_rules; i++) {
		for (size_t k = 0; r == 0 && k < direction->rules[i].n_peers; k++) {
			const struct peer *peer = &direction->rules[i].peers[k];

			if (peer->kind == PEER_LABELS)
				r = add_keys(w, &peer->selector.labels);
		}
	}
	return r;
}

/* What the policy names: blocks of addresses, keys of labels. */
static int read_policy(struct work *w)
{
	const struct graph_input *input = w->input;
	int r = 0;

	for (size_t i = 0; r == 0 && i < input->host->n_separate; i++)
		r = strv_add(&w->keys, &w->n_keys, input->host->separate[i], w->err);
	for (size_t i = 0; r == 0 && i < input->n_containers; i++) {
		const struct selection *selection = &input->containers[i].selection;

		r = space_add(&w->space, selection, input->host, w->err);
		for (size_t k = 0; r == 0 && k < selection->n; k++) {
			const struct network_section *n = &selection->v[k].profile->network;

			r = add_direction_keys(w, &n->ingress);
			if (r == 0)
				r = add_direction_keys(w, &n->egress);
		}
	}
	return r < 0 ? r : space_cut(&w->space, w->err);
}

static struct place *find_place(struct work *w, const struct graph_container *c)
{
	for (size_t i = 0; c->netns && i < w->n_places; i++) {
		if (w->places[i].netns == c->netns && streq(w->places[i].machine, c->machine))
			return &w->places[i];
	}
	return NULL;
}

static int join_place(struct work *w, struct place *place, size_t container)
{
	const struct graph_container *c = &w->input->containers[container];
	const struct graph_container **v =
		reallocarray(place->v, place->n + 1, sizeof(struct graph_container *));
	size_t *containers;

	if (!v)
		return err_oom(w->err);
	place->v = v;
	containers = reallocarray(place->containers, place->n + 1, sizeof(*containers));
	if (!containers)
		return err_oom(w->err);
	place->containers = containers;
	v[place->n] = c;
	containers[place->n++] = container;
	place->machine = c->machine;
	place->netns = c->netns;
	if (place->n_addresses == 0) {
		place->addresses = c->addresses;
		place->n_addresses = c->n_addresses;
	}
	place->known = place->known || c->running;
	w->place_of[container] = (size_t)(place - w->places);
	return 0;
}

static int make_places(struct work *w)
{
	size_t n = w->input->n_containers;
	int r = 0;

	w->places = calloc(n + 1, sizeof(*w->places));
	w->place_of = calloc(n + 1, sizeof(*w->place_of));
	if (!w->places || !w->place_of)
		return err_oom(w->err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct place *place;

		w->place_of[i] = GRAPH_NONE;
		if (!w->input->containers[i].subject)
			continue;
		place = find_place(w, &w->input->containers[i]);
		r = join_place(w, place ? place : &w->places[w->n_places++], i);
	}
	return r;
}

static void tell_apart(const struct work *w, const struct graph_container *c, struct buf *out)
{
	for (size_t i = 0; i < c->selection.n; i++)
		buf_addf(out, "%s%c", c->selection.v[i].profile->name,
			 c->selection.v[i].mode == MODE_AUDIT ? '?' : '!');
	buf_addf(out, "%c%s/", c->selection.exempt ? 'x' : ' ', c->namespace ? c->namespace : "");
	for (size_t i = 0; i < w->n_keys; i++) {
		const struct label *label = labels_get(&c->labels, w->keys[i]);

		/* The length, so that no value looks like two. */
		if (label)
			buf_addf(out, "%zu=%zu%c%s", i, strlen(label->value),
				 label->source == LABEL_FROM_IMAGE ? 'i' : 't', label->value);
	}
	buf_addc(out, '\n');
}

static int classify(struct work *w, struct place *place)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text, "%s %s ", place->machine, place->known ? "at" : "somewhere");
	for (size_t i = 0; i < place->n_addresses; i++)
		buf_addf(&text, "%zu,", space_find(&w->space, &place->addresses[i]));
	for (size_t i = 0; i < place->n; i++)
		tell_apart(w, place->v[i], &text);
	if (buf_status(&text) < 0)
		return err_oom(w->err);
	for (place->class = 0; place->class < w->n_classes; place->class ++) {
		if (streq(w->classes[place->class], text.data))
			return 0;
	}
	w->class_place[place->class] = (size_t)(place - w->places);
	return strv_add(&w->classes, &w->n_classes, text.data, w->err);
}

static int make_classes(struct work *w)
{
	int r = 0;

	w->class_place = calloc(w->n_places + 1, sizeof(*w->class_place));
	if (!w->class_place)
		return err_oom(w->err);
	for (size_t i = 0; r == 0 && i < w->n_places; i++)
		r = classify(w, &w->places[i]);
	if (r < 0)
		return r;
	w->passing = calloc(w->n_classes * w->n_classes + 1, sizeof(*w->passing));
	return w->passing ? 0 : err_oom(w->err);
}

/* ---- who may ---- */

static struct graph_end end_of(const struct place *place, const struct cidr *address)
{
	return (struct graph_end){ place->v, place->n, address };
}

static int add_between(struct work *w, const struct graph_end *from, const struct graph_end *to,
		       struct passing *passing)
{
	struct stretches found = { 0 };
	bool open = false;
	int r = graph_passing(w->input->host, from, to, &found, &open, w->err);

	if (r == 0)
		r = stretches_add(&passing->stretches, &found, w->err);
	passing->open = passing->open || open;
	stretches_done(&found);
	return r;
}

/* By any two addresses of one family; where they are not known, by labels alone. */
static int ask(struct work *w, const struct place *from, const struct place *to,
	       struct passing *passing)
{
	struct graph_end a = end_of(from, NULL), b = end_of(to, NULL);
	int r = 0;

	passing->asked = true;
	if (!from->known || !to->known)
		return add_between(w, &a, &b, passing);
	for (size_t i = 0; i < from->n_addresses; i++) {
		for (size_t k = 0; r == 0 && k < to->n_addresses; k++) {
			a.address = &from->addresses[i];
			b.address = &to->addresses[k];
			if (a.address->v6 == b.address->v6)
				r = add_between(w, &a, &b, passing);
		}
	}
	return r;
}

static int add_pair(struct work *w, const struct place *from, const struct place *to)
{
	struct passing *passing = &w->passing[from->class * w->n_classes + to->class];
	int r = 0;

	if (!passing->asked)
		r = ask(w, &w->places[w->class_place[from->class]],
			&w->places[w->class_place[to->class]], passing);
	for (size_t i = 0; i < from->n; i++) {
		for (size_t k = 0; r == 0 && k < to->n; k++)
			r = add_passing(w, w->node_of[from->containers[i]],
					w->node_of[to->containers[k]], passing);
	}
	return r;
}

static int add_pairs(struct work *w)
{
	int r = 0;

	for (size_t i = 0; i < w->n_places; i++) {
		for (size_t k = 0; r == 0 && k < w->n_places; k++) {
			const struct place *from = &w->places[i], *to = &w->places[k];

			if (i != k && streq(from->machine, to->machine))
				r = add_pair(w, from, to);
		}
	}
	return r;
}

static bool has_family(const struct place *place, bool v6)
{
	for (size_t i = 0; i < place->n_addresses; i++) {
		if (place->addresses[i].v6 == v6)
			return true;
	}
	return !place->known;
}

static int add_outside(struct work *w, const struct place *place, size_t part, bool ingress,
		       const struct passing *passing)
{
	size_t node;
	int r = 0;

	if (passing->stretches.n == 0)
		return 0;
	r = node_of_part(w, part, &node);
	for (size_t i = 0; r == 0 && i < place->n; i++) {
		size_t own = w->node_of[place->containers[i]];

		r = ingress ? add_passing(w, node, own, passing)
			    : add_passing(w, own, node, passing);
	}
	return r;
}

static int ask_outside(struct work *w, const struct place *place, size_t part, bool ingress,
		       struct passing *passing)
{
	const struct graph_end outside = { .address = &w->space.v[part].sample };
	const struct graph_end inside = end_of(place, NULL);

	return ingress ? add_between(w, &outside, &inside, passing)
		       : add_between(w, &inside, &outside, passing);
}

/* The nearest part around it that has addresses; itself: there is none. */
static size_t part_around(const struct work *w, size_t part)
{
	size_t around = w->space.v[part].above;

	while (w->space.v[around].empty && w->space.v[around].above != around)
		around = w->space.v[around].above;
	return w->space.v[around].empty ? part : around;
}

static bool *same_of(const struct work *w, size_t class, size_t part, bool ingress)
{
	return &w->same[(class * w->space.n + part) * 2 + ingress];
}

/* Does the same pass as with the addresses around it? Then they are not told apart. */
static int is_as_around(struct work *w, const struct place *place, size_t part, bool ingress,
			const struct passing *passing, bool *ret)
{
	struct passing other = { 0 };
	size_t around = part_around(w, part);
	int r = 0;

	*ret = false;
	if (around == part)
		return 0;
	r = ask_outside(w, place, around, ingress, &other);
	*ret = r == 0 && stretches_equal(&other.stretches, &passing->stretches);
	stretches_done(&other.stretches);
	return r;
}

/* Of all places of one class the same passes. */
static int add_class_outside(struct work *w, size_t class, size_t part, bool ingress)
{
	const struct place *sample = &w->places[w->class_place[class]];
	struct passing passing = { 0 };
	bool *same = same_of(w, class, part, ingress);
	int r;

	*same = true;
	if (!has_family(sample, w->space.v[part].block.v6))
		return 0;
	r = ask_outside(w, sample, part, ingress, &passing);
	if (r == 0)
		r = is_as_around(w, sample, part, ingress, &passing, same);
	for (size_t i = 0; r == 0 && !*same && i < w->n_places; i++) {
		if (w->places[i].class == class)
			r = add_outside(w, &w->places[i], part, ingress, &passing);
	}
	stretches_done(&passing.stretches);
	/* The next one may have the same place in memory. */
	for (size_t i = 0; i < w->n_edges; i++)
		w->edges[i].last = NULL;
	return r;
}

static bool is_loopback(const struct cidr *block)
{
	static const uint8_t one[16] = { [15] = 1 };

	return block->v6 ? memcmp(block->address, one, sizeof(one)) == 0 : block->address[0] == 127;
}

static int add_outsides(struct work *w)
{
	int r = 0;

	w->same = calloc(w->n_classes * w->space.n * 2 + 1, sizeof(*w->same));
	if (!w->same)
		return err_oom(w->err);
	for (size_t part = 0; part < w->space.n; part++) {
		if (w->space.v[part].empty || is_loopback(&w->space.v[part].block))
			continue;
		for (size_t class = 0; r == 0 && class < w->n_classes; class ++) {
			r = add_class_outside(w, class, part, false);
			if (r == 0)
				r = add_class_outside(w, class, part, true);
		}
	}
	return r;
}

/* ---- who did ---- */

/* The outside ends come behind the containers. */
static size_t other_end(const struct work *w, const struct graph_flow *flow)
{
	static const struct cidr nowhere = { .prefix_len = 32 };

	if (flow->other != GRAPH_NONE)
		return flow->other;
	return w->input->n_containers +
	       space_find(&w->space, flow->has_address ? &flow->address : &nowhere);
}

/* A flow with its ends as those of a connection. */
struct told {
	size_t from, to;
	const struct graph_flow *flow;
};

static int compare_told(const void *left, const void *right)
{
	const struct told *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->flow->protocol != b->flow->protocol)
		return a->flow->protocol < b->flow->protocol ? -1 : 1;
	return (int)a->flow->port - (int)b->flow->port;
}

static void widen(uint64_t *first, uint64_t *last, uint64_t from, uint64_t to)
{
	if (from > 0 && (*first == 0 || from < *first))
		*first = from;
	if (to > *last)
		*last = to;
}

static void add_sight(struct sighting *s, const struct graph_flow *flow)
{
	uint64_t *to = flow->ingress ? (flow->refused ? &s->refused_in : &s->accepted_in)
				     : (flow->refused ? &s->refused_out : &s->accepted_out);

	*to += flow->count;
	widen(&s->first, &s->last, flow->first, flow->last);
}

/*
 * Both ends may have recorded one connection. The sender's record says that it let it out, the
 * receiver's what became of it; a receiver that records nothing let in what was sent.
 */
static void settle(struct sighting *s)
{
	uint64_t sent = s->accepted_out > s->refused_in ? s->accepted_out - s->refused_in : 0;

	s->accepted = s->accepted_in > sent ? s->accepted_in : sent;
	s->refused = s->refused_in + s->refused_out;
}

/* An end as it is judged now; `own` holds it where it shares its namespace with nobody. */
static struct graph_end judged(const struct work *w, size_t end, const struct cidr *address,
			       const struct graph_container **own)
{
	if (end >= w->input->n_containers)
		return (struct graph_end){ .address = address };
	if (w->place_of[end] != GRAPH_NONE)
		return end_of(&w->places[w->place_of[end]], address);
	*own = &w->input->containers[end];
	return (struct graph_end){ own, 1, address };
}

static const struct cidr *address_of(const struct work *w, size_t end, bool v6)
{
	const struct graph_container *c = &w->input->containers[end];

	for (size_t i = 0; end < w->input->n_containers && i < c->n_addresses; i++) {
		if (c->addresses[i].v6 == v6)
			return &c->addresses[i];
	}
	return NULL;
}

static bool is_undecided(const struct work *w, size_t end)
{
	return end < w->input->n_containers && w->input->containers[end].undecided;
}

/* May that connection be now? */
static int judge(const struct work *w, const struct told *told, struct sighting *s)
{
	const struct graph_flow *flow = told->flow;
	const struct cidr *theirs = flow->has_address ? &flow->address : NULL;
	const struct cidr *ours = theirs ? address_of(w, flow->container, theirs->v6) : NULL;
	const struct graph_container *from_own, *to_own;
	struct graph_end from, to;
	int r;

	/* Who cannot be asked about has done no wrong. */
	if (is_undecided(w, told->from) || is_undecided(w, told->to)) {
		s->allowed = s->accepted > 0;
		return 0;
	}
	from = judged(w, told->from, flow->ingress ? theirs : ours, &from_own);
	to = judged(w, told->to, flow->ingress ? ours : theirs, &to_own);
	r = graph_refused_by(w->input->host, &from, &to, s->protocol, s->port, &s->refusal, w->err);
	s->allowed = !s->refusal.profile && !s->refusal.class_key;
	s->open = s->allowed && (from.n == 0 || !graph_constrains(from.v[0], false)) &&
		  (to.n == 0 || !graph_constrains(to.v[0], true));
	return r;
}

static int add_line(struct graph_edge *edge, const struct graph_line *line, struct graph_line **ret,
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

static struct graph_line *find_line(const struct graph_edge *edge, const struct sighting *s)
{
	for (size_t i = 0; i < edge->n_lines; i++) {
		struct graph_line *line = &edge->lines[i];

		if (line->allowed == s->allowed && line->open == s->open &&
		    (line->all || (line->protocol == s->protocol && line->first_port <= s->port &&
				   s->port <= line->last_port)))
			return line;
	}
	return NULL;
}

static int note_port(struct graph_line *line, const struct sighting *s, struct err *err)
{
	struct graph_seen *seen = NULL;

	for (size_t i = 0; !seen && i < line->n_seen; i++)
		seen = line->seen[i].port == s->port ? &line->seen[i] : NULL;
	if (!seen && line->n_seen >= GRAPH_SEEN_MAX) {
		line->seen_omitted++;
		return 0;
	}
	if (!seen) {
		if (!line->seen)
			line->seen = calloc(GRAPH_SEEN_MAX, sizeof(*line->seen));
		if (!line->seen)
			return err_oom(err);
		seen = &line->seen[line->n_seen++];
		*seen = (struct graph_seen){ .port = s->port };
	}
	seen->accepted += s->accepted;
	seen->refused += s->refused;
	widen(&seen->first, &seen->last, s->first, s->last);
	return 0;
}

static int note_address(struct graph_line *line, const struct graph_flow *flow, struct err *err)
{
	char text[CIDR_TEXT_MAX];

	if (flow->other != GRAPH_NONE || !flow->has_address)
		return 0;
	(void)address_format(text, &flow->address);
	if (strv_contains(line->addresses, line->n_addresses, text))
		return 0;
	if (line->n_addresses >= GRAPH_SEEN_MAX) {
		line->addresses_omitted++;
		return 0;
	}
	return strv_add(&line->addresses, &line->n_addresses, text, err);
}

static int note_refuser(struct graph_line *line, const struct sighting *s, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (line->by || (!s->refusal.profile && !s->refusal.class_key))
		return 0;
	if (s->refusal.profile)
		buf_addf(&text, "profile %s", s->refusal.profile->name);
	else
		buf_addf(&text, "data class %s", s->refusal.class_key);
	line->by = buf_take(&text);
	return line->by ? 0 : err_oom(err);
}

/* The smallest part around it that the policy tells apart for this container. */
static size_t told_apart(const struct work *w, size_t part, size_t container, bool ingress)
{
	size_t class;

	if (w->place_of[container] == GRAPH_NONE)
		return part;
	class = w->places[w->place_of[container]].class;
	while (*same_of(w, class, part, ingress) && part_around(w, part) != part)
		part = part_around(w, part);
	return part;
}

static int find_nodes(struct work *w, const struct told *told, size_t *from, size_t *to)
{
	size_t n = w->input->n_containers;

	*from = told->from < n ? w->node_of[told->from] : GRAPH_NONE;
	*to = told->to < n ? w->node_of[told->to] : GRAPH_NONE;
	if (told->from >= n)
		return node_of_part(w, told_apart(w, told->from - n, told->to, true), from);
	if (told->to >= n)
		return node_of_part(w, told_apart(w, told->to - n, told->from, false), to);
	return 0;
}

/* n flows of one kind, between the same two ends. */
static int add_sighting(struct work *w, const struct told *told, size_t n)
{
	struct sighting s = { .protocol = told->flow->protocol, .port = told->flow->port };
	struct graph_line fresh = { .protocol = s.protocol,
				    .first_port = s.port,
				    .last_port = s.port };
	struct graph_line *line;
	struct building *edge;
	size_t from = 0, to = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		add_sight(&s, told[i].flow);
	settle(&s);
	r = judge(w, told, &s);
	if (r == 0)
		r = find_nodes(w, told, &from, &to);
	if (r == 0)
		r = get_edge(w, from, to, &edge);
	if (r != 0)
		return r;
	line = find_line(&edge->edge, &s);
	fresh.allowed = s.allowed;
	fresh.open = s.open;
	if (!line)
		r = add_line(&edge->edge, &fresh, &line, w->err);
	if (r < 0)
		return r;
	line->accepted += s.accepted;
	line->refused += s.refused;
	widen(&line->first, &line->last, s.first, s.last);
	r = note_port(line, &s, w->err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = note_address(line, told[i].flow, w->err);
	return r < 0 ? r : note_refuser(line, &s, w->err);
}

static int add_flows(struct work *w)
{
	size_t n = w->input->n_flows;
	_cleanup_free_ struct told *told = calloc(n + 1, sizeof(*told));
	int r = told ? 0 : err_oom(w->err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct graph_flow *flow = &w->input->flows[i];
		size_t other = other_end(w, flow);

		told[i] = flow->ingress ? (struct told){ other, flow->container, flow }
					: (struct told){ flow->container, other, flow };
	}
	if (r == 0)
		qsort(told, n, sizeof(*told), compare_told);
	for (size_t i = 0, same; r == 0 && i < n; i += same) {
		same = 1;
		while (i + same < n && compare_told(&told[i], &told[i + same]) == 0)
			same++;
		r = add_sighting(w, &told[i], same);
	}
	return r;
}

/* ---- the end ---- */

static bool is_told_apart(const struct work *w, size_t part)
{
	for (size_t class = 0; class < w->n_classes; class ++) {
		if (!*same_of(w, class, part, false) || !*same_of(w, class, part, true))
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
		size_t around = part_around(w, part);
		struct graph_node *node;

		if (w->space.v[part].empty || around == part ||
		    is_loopback(&w->space.v[part].block) || !is_told_apart(w, part))
			continue;
		while (part_around(w, around) != around && !is_told_apart(w, around))
			around = part_around(w, around);
		if (w->node_of_part[around] == GRAPH_NONE)
			continue;
		node = &w->nodes[w->node_of_part[around]];
		r = strv_add(&node->without, &node->n_without,
			     cidr_format(text, &w->space.v[part].block), w->err);
	}
	return r;
}

/* What may pass, as lines; those of what was seen come to them. */
static int make_lines(struct work *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_edges; i++) {
		struct building *b = &w->edges[i];
		struct graph_line open = { .all = true, .allowed = true, .open = true };
		struct graph_line *line;

		if (b->open)
			r = add_line(&b->edge, &open, &line, w->err);
		open.open = false;
		if (r == 0 && stretches_are_all(&b->passing)) {
			r = add_line(&b->edge, &open, &line, w->err);
			continue;
		}
		for (size_t k = 0; r == 0 && k < b->passing.n; k++) {
			const struct stretch *s = &b->passing.v[k];
			const struct graph_line some = { .protocol = s->protocol,
							 .first_port = s->first,
							 .last_port = s->last,
							 .allowed = true };

			r = add_line(&b->edge, &some, &line, w->err);
		}
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
	int r = read_policy(w);

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
		r = make_groups(&w);
	if (r == 0)
		r = make_places(&w);
	if (r == 0)
		r = make_classes(&w);
	if (r == 0)
		r = add_pairs(&w);
	if (r == 0)
		r = add_outsides(&w);
	if (r == 0)
		r = make_lines(&w);
	if (r == 0)
		r = add_flows(&w);
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
