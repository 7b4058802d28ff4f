/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who did talk to whom: what both ends have recorded, judged by the policy as it is now.
 */
#include "cli/graph_internal.h"

#include "lib/strv.h"

/* Connections of one kind between two ends, out of the records of both. */
struct sighting {
	uint64_t accepted_out, accepted_in, refused_out, refused_in;
	uint64_t accepted, refused, first, last;
	enum protocol protocol;
	uint16_t port;
	bool allowed, open;
	struct connection_refusal refusal;
};

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

/* One that is over, which shares its namespace with nobody. */
struct alone {
	const struct graph_container *container;
	struct connection_end end;
};

/* An end as it is judged now. */
static struct graph_end judged(const struct work *w, size_t end, const struct cidr *address,
			       struct alone *alone)
{
	if (end >= w->input->n_containers)
		return (struct graph_end){ .address = address };
	if (w->place_of[end] != GRAPH_NONE)
		return graph_end_of(&w->places[w->place_of[end]], address);
	alone->container = &w->input->containers[end];
	alone->end =
		(struct connection_end){ &alone->container->labels, alone->container->namespace };
	return (struct graph_end){ &alone->container, &alone->end, 1, address };
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
	struct alone from_alone, to_alone;
	struct graph_end from, to;
	int r;

	/* Who cannot be asked about has done no wrong. */
	if (is_undecided(w, told->from) || is_undecided(w, told->to)) {
		s->allowed = s->accepted > 0;
		return 0;
	}
	from = judged(w, told->from, flow->ingress ? theirs : ours, &from_alone);
	to = judged(w, told->to, flow->ingress ? ours : theirs, &to_alone);
	r = graph_refused_by(w->input->host, &from, &to, s->protocol, s->port, &s->refusal, w->err);
	s->allowed = !s->refusal.profile && !s->refusal.class_key;
	s->open = s->allowed && graph_is_open(&from, &to);
	return r;
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
	while (*graph_same(w, class, part, ingress) && space_around(&w->space, part) != part)
		part = space_around(&w->space, part);
	return part;
}

static int find_nodes(struct work *w, const struct told *told, size_t *from, size_t *to)
{
	size_t n = w->input->n_containers;

	*from = told->from < n ? w->node_of[told->from] : GRAPH_NONE;
	*to = told->to < n ? w->node_of[told->to] : GRAPH_NONE;
	if (told->from >= n)
		return graph_node_of_part(w, told_apart(w, told->from - n, told->to, true), from);
	if (told->to >= n)
		return graph_node_of_part(w, told_apart(w, told->to - n, told->from, false), to);
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
		r = graph_get_edge(w, from, to, &edge);
	if (r != 0)
		return r;
	line = find_line(&edge->edge, &s);
	fresh.allowed = s.allowed;
	fresh.open = s.open;
	if (!line)
		r = graph_add_line(&edge->edge, &fresh, &line, w->err);
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

int graph_did(struct work *w)
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
