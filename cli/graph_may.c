/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may talk to whom: containers in places, places in classes between which the same passes, and
 * the policy asked once for each two classes, and for each class and part of the address space.
 */
#include "cli/graph_internal.h"

#include "lib/strv.h"

struct graph_end graph_end_of(const struct graph_place *place, const struct cidr *address)
{
	return (struct graph_end){ place->v, place->ends, place->n, address };
}

bool *graph_same(const struct work *w, size_t class, size_t part, bool ingress)
{
	return &w->same[(class * w->space.n + part) * 2 + ingress];
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
static int read_profile(struct work *w, const struct profile *profile)
{
	const struct profile **grown;
	int r = 0;

	for (size_t i = 0; i < w->n_profiles; i++) {
		if (w->profiles[i] == profile)
			return 0;
	}
	grown = reallocarray(w->profiles, w->n_profiles + 1, sizeof(struct profile *));
	if (!grown)
		return err_oom(w->err);
	w->profiles = grown;
	grown[w->n_profiles++] = profile;
	for (size_t i = 0; r == 0 && i < profile->separate.n_keys; i++)
		r = strv_add(&w->keys, &w->n_keys, profile->separate.keys[i], w->err);
	if (r == 0)
		r = space_add(&w->space, profile, w->input->host, w->err);
	if (r == 0)
		r = add_direction_keys(w, &profile->network.ingress);
	return r < 0 ? r : add_direction_keys(w, &profile->network.egress);
}

int graph_policy(struct work *w)
{
	const struct graph_input *input = w->input;
	int r = 0;

	for (size_t i = 0; r == 0 && i < input->host->n_separate; i++)
		r = strv_add(&w->keys, &w->n_keys, input->host->separate[i], w->err);
	for (size_t i = 0; r == 0 && i < input->n_containers; i++) {
		const struct selection *selection = &input->containers[i].selection;

		for (size_t k = 0; r == 0 && k < selection->n; k++)
			r = read_profile(w, selection->v[k].profile);
	}
	return r < 0 ? r : space_cut(&w->space, w->err);
}

static struct graph_place *find_place(struct work *w, const struct graph_container *c)
{
	for (size_t i = 0; c->netns && i < w->n_places; i++) {
		if (w->places[i].netns == c->netns && streq(w->places[i].machine, c->machine))
			return &w->places[i];
	}
	return NULL;
}

static int join_place(struct work *w, struct graph_place *place, size_t container)
{
	const struct graph_container *c = &w->input->containers[container];
	const struct graph_container **v =
		reallocarray(place->v, place->n + 1, sizeof(struct graph_container *));
	struct connection_end *ends;
	size_t *containers;

	if (!v)
		return err_oom(w->err);
	place->v = v;
	containers = reallocarray(place->containers, place->n + 1, sizeof(*containers));
	if (!containers)
		return err_oom(w->err);
	place->containers = containers;
	ends = reallocarray(place->ends, place->n + 1, sizeof(*ends));
	if (!ends)
		return err_oom(w->err);
	place->ends = ends;
	ends[place->n] = (struct connection_end){ &c->labels, c->namespace };
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
		struct graph_place *place;

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

static int classify(struct work *w, struct graph_place *place)
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

/* ---- between containers ---- */

static int add_passing(struct work *w, size_t from, size_t to, const struct passing *passing)
{
	struct building *edge;
	int r;

	if (passing->stretches.n == 0)
		return 0;
	r = graph_get_edge(w, from, to, &edge);
	if (r < 0 || edge->last == passing)
		return r;
	edge->last = passing;
	if (passing->open && stretches_are_all(&passing->stretches)) {
		edge->open = true;
		return 0;
	}
	return stretches_add(&edge->passing, &passing->stretches, w->err);
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
static int ask(struct work *w, const struct graph_place *from, const struct graph_place *to,
	       struct passing *passing)
{
	struct graph_end a = graph_end_of(from, NULL), b = graph_end_of(to, NULL);
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

static int add_pair(struct work *w, const struct graph_place *from, const struct graph_place *to)
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
			const struct graph_place *from = &w->places[i], *to = &w->places[k];

			if (i != k && streq(from->machine, to->machine))
				r = add_pair(w, from, to);
		}
	}
	return r;
}

static bool has_family(const struct graph_place *place, bool v6)
{
	for (size_t i = 0; i < place->n_addresses; i++) {
		if (place->addresses[i].v6 == v6)
			return true;
	}
	return !place->known;
}

static int add_outside(struct work *w, const struct graph_place *place, size_t part, bool ingress,
		       const struct passing *passing)
{
	size_t node;
	int r = 0;

	if (passing->stretches.n == 0)
		return 0;
	r = graph_node_of_part(w, part, &node);
	for (size_t i = 0; r == 0 && i < place->n; i++) {
		size_t own = w->node_of[place->containers[i]];

		r = ingress ? add_passing(w, node, own, passing)
			    : add_passing(w, own, node, passing);
	}
	return r;
}

static int ask_outside(struct work *w, const struct graph_place *place, size_t part, bool ingress,
		       struct passing *passing)
{
	const struct graph_end outside = { .address = &w->space.v[part].sample };
	const struct graph_end inside = graph_end_of(place, NULL);

	return ingress ? add_between(w, &outside, &inside, passing)
		       : add_between(w, &inside, &outside, passing);
}

static bool has_addresses(const struct space_part *part)
{
	return !part->empty && !part->loopback;
}

/* results: of each part that is not as an earlier one */
static int ask_outsides(struct work *w, const struct graph_place *place, bool ingress,
			struct passing *results)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->space.n; i++) {
		const struct space_part *part = &w->space.v[i];

		if (part->as == i && has_addresses(part) && has_family(place, part->block.v6))
			r = ask_outside(w, place, i, ingress, &results[i]);
	}
	return r;
}

/* Where the same passes as with the addresses around it, a part is not told from them. */
static int add_told_apart(struct work *w, size_t class, bool ingress, const struct passing *results)
{
	const struct graph_place *sample = &w->places[w->class_place[class]];
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->space.n; i++) {
		const struct space_part *part = &w->space.v[i];
		const struct passing *passing = &results[part->as];
		size_t around = space_around(&w->space, i);
		bool *same = graph_same(w, class, i, ingress);

		*same = !has_addresses(part) || !has_family(sample, part->block.v6) ||
			(around != i && stretches_equal(&results[w->space.v[around].as].stretches,
							&passing->stretches));
		for (size_t k = 0; r == 0 && !*same && k < w->n_places; k++) {
			if (w->places[k].class == class)
				r = add_outside(w, &w->places[k], i, ingress, passing);
		}
	}
	return r;
}

/* Of all places of one class the same passes. */
static int add_class_outside(struct work *w, size_t class, bool ingress)
{
	struct passing *results = calloc(w->space.n, sizeof(*results));
	int r = results ? 0 : err_oom(w->err);

	if (r == 0)
		r = ask_outsides(w, &w->places[w->class_place[class]], ingress, results);
	if (r == 0)
		r = add_told_apart(w, class, ingress, results);
	for (size_t i = 0; results && i < w->space.n; i++)
		stretches_done(&results[i].stretches);
	free(results);
	/* The next ones may have the same places in memory. */
	for (size_t i = 0; i < w->n_edges; i++)
		w->edges[i].last = NULL;
	return r;
}

static int add_outsides(struct work *w)
{
	int r = 0;

	w->same = calloc(w->n_classes * w->space.n * 2 + 1, sizeof(*w->same));
	if (!w->same)
		return err_oom(w->err);
	for (size_t class = 0; r == 0 && class < w->n_classes; class ++) {
		r = add_class_outside(w, class, false);
		if (r == 0)
			r = add_class_outside(w, class, true);
	}
	return r;
}

/* ---- lines ---- */

/* What may pass, as lines; those of what was seen come to them. */
static int make_lines(struct work *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_edges; i++) {
		struct building *b = &w->edges[i];
		struct graph_line open = { .all = true, .allowed = true, .open = true };
		struct graph_line *line;

		if (b->open)
			r = graph_add_line(&b->edge, &open, &line, w->err);
		open.open = false;
		if (r == 0 && stretches_are_all(&b->passing)) {
			r = graph_add_line(&b->edge, &open, &line, w->err);
			continue;
		}
		for (size_t k = 0; r == 0 && k < b->passing.n; k++) {
			const struct stretch *s = &b->passing.v[k];
			const struct graph_line some = { .protocol = s->protocol,
							 .first_port = s->first,
							 .last_port = s->last,
							 .allowed = true };

			r = graph_add_line(&b->edge, &some, &line, w->err);
		}
	}
	return r;
}

int graph_may(struct work *w)
{
	int r = make_places(w);

	if (r == 0)
		r = make_classes(w);
	if (r == 0)
		r = add_pairs(w);
	if (r == 0)
		r = add_outsides(w);
	return r < 0 ? r : make_lines(w);
}
