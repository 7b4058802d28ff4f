/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels that a selector fits, as a set.
 *
 * A label is missing or has a value. Each of the four operators allows it to be missing or not, and
 * either a list of values or all but a list; what is allowed by several is of that form again, and
 * so is what one of them does not allow.
 */
#include "profiles/region.h"

#include <errno.h>

#include "lib/strv.h"

static void rule_done(struct key_rule *rule)
{
	free(rule->key);
	strv_free(&rule->values, &rule->n_values);
}

void region_done(struct region *region)
{
	for (size_t i = 0; i < region->n; i++)
		rule_done(&region->v[i]);
	free(region->v);
	*region = (struct region){ 0 };
}

/* ---- one label ---- */

/* Copy the values that are in `other`, or those that are not. */
static int copy_values(const struct key_rule *from, const struct key_rule *other, bool in,
		       struct key_rule *to, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_values; i++) {
		if (strv_contains(other->values, other->n_values, from->values[i]) == in)
			r = strv_add(&to->values, &to->n_values, from->values[i], err);
	}
	return r;
}

/* The values of what both allow. Listed beats excluded; two exclusions add up. */
static int meet_values(const struct key_rule *a, const struct key_rule *b, struct key_rule *out,
		       struct err *err)
{
	int r;

	out->listed = a->listed || b->listed;
	if (a->listed)
		r = copy_values(a, b, b->listed, out, err);
	else if (b->listed)
		r = copy_values(b, a, false, out, err);
	else {
		r = copy_values(a, b, false, out, err);
		if (r == 0)
			r = copy_values(b, &(struct key_rule){ 0 }, false, out, err);
	}
	strv_sort_unique(out->values, &out->n_values);
	return r;
}

static int rule_copy(const struct key_rule *from, struct key_rule *to, struct err *err)
{
	to->key = strdup(from->key);
	if (!to->key)
		return err_oom(err);
	to->absent = from->absent;
	to->listed = from->listed;
	return copy_values(from, &(struct key_rule){ 0 }, false, to, err);
}

static int rule_meet(struct key_rule *rule, const struct key_rule *other, struct err *err)
{
	struct key_rule met = { 0 };
	int r;

	assert(rule);
	met.absent = rule->absent && other->absent;
	r = meet_values(rule, other, &met, err);
	if (r < 0) {
		rule_done(&met);
		return r;
	}
	met.key = take_ptr(rule->key);
	rule_done(rule);
	*rule = met;
	return 0;
}

static bool rule_is_nothing(const struct key_rule *rule)
{
	return !rule->absent && rule->listed && rule->n_values == 0;
}

/* ---- all labels ---- */

/* Where a key is, or where it belongs. */
static size_t find(const struct region *region, const char *key, bool *ret_found)
{
	size_t at = 0;
	int order = -1;

	while (at < region->n && (order = strcmp(region->v[at].key, key)) < 0)
		at++;
	*ret_found = at < region->n && order == 0;
	return at;
}

static int add_rule(struct region *region, const struct key_rule *rule, struct err *err)
{
	struct key_rule *grown, copy = { 0 };
	bool found;
	size_t at = find(region, rule->key, &found);

	if (rule->absent && !rule->listed && rule->n_values == 0)
		return 0; /* it says nothing */
	if (found)
		return rule_meet(&region->v[at], rule, err);
	grown = reallocarray(region->v, region->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	region->v = grown;
	if (rule_copy(rule, &copy, err) < 0) {
		rule_done(&copy);
		return -ENOMEM;
	}
	memmove(&grown[at + 1], &grown[at], (region->n - at) * sizeof(*grown));
	grown[at] = copy;
	region->n++;
	return 0;
}

int region_of(const struct selector *selector, struct region *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < selector->n; i++) {
		const struct requirement *requirement = &selector->v[i];
		struct key_rule rule = {
			.key = requirement->key,
			.absent = requirement->op == SELECTOR_NOT_IN ||
				  requirement->op == SELECTOR_DOES_NOT_EXIST,
			.listed = requirement->op == SELECTOR_IN ||
				  requirement->op == SELECTOR_DOES_NOT_EXIST,
			.values = requirement->values,
			.n_values = requirement->n_values,
		};
		struct key_rule sorted = { 0 };

		r = rule_copy(&rule, &sorted, err);
		strv_sort_unique(sorted.values, &sorted.n_values);
		if (r == 0)
			r = add_rule(ret, &sorted, err);
		rule_done(&sorted);
	}
	return r;
}

int region_meet(struct region *region, const struct region *other, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < other->n; i++)
		r = add_rule(region, &other->v[i], err);
	return r;
}

int region_copy(const struct region *from, struct region *ret, struct err *err)
{
	return region_meet(ret, from, err);
}

bool region_is_nothing(const struct region *region)
{
	for (size_t i = 0; i < region->n; i++) {
		if (rule_is_nothing(&region->v[i]))
			return true;
	}
	return false;
}

const struct key_rule *region_get(const struct region *region, const char *key)
{
	bool found;
	size_t at = find(region, key, &found);

	return found ? &region->v[at] : NULL;
}

void region_forget(struct region *region, const char *key)
{
	bool found;
	size_t at = find(region, key, &found);

	if (!found)
		return;
	rule_done(&region->v[at]);
	region->n--;
	memmove(&region->v[at], &region->v[at + 1], (region->n - at) * sizeof(*region->v));
}

int region_rename(struct region *region, const char *key, const char *to, struct err *err)
{
	const struct key_rule *rule = region_get(region, key);
	struct key_rule renamed;
	_cleanup_free_ char *copy = NULL;
	int r;

	if (!rule)
		return 0;
	copy = strdup(to);
	if (!copy)
		return err_oom(err);
	renamed = *rule;
	renamed.key = copy;
	r = add_rule(region, &renamed, err);
	if (r == 0)
		region_forget(region, key);
	return r;
}

static void write_expression(struct emit *e, const struct key_rule *rule, const char *op,
			     bool values)
{
	emit_object(e);
	emit_key(e, "key");
	emit_string(e, rule->key);
	emit_key(e, "operator");
	emit_string(e, op);
	if (values) {
		emit_key(e, "values");
		emit_array(e);
		for (size_t i = 0; i < rule->n_values; i++)
			emit_string(e, rule->values[i]);
		emit_array_end(e);
	}
	emit_object_end(e);
}

static bool is_one_value(const struct key_rule *rule)
{
	return rule->listed && !rule->absent && rule->n_values == 1;
}

/* A label that may be missing or have one of a list cannot come about: no operator says it. */
static void write_rule(struct emit *e, const struct key_rule *rule)
{
	if (rule->listed && rule->absent)
		write_expression(e, rule, "DoesNotExist", false);
	else if (rule->listed)
		write_expression(e, rule, "In", true);
	if (!rule->listed && !rule->absent)
		write_expression(e, rule, "Exists", false);
	if (!rule->listed && rule->n_values > 0)
		write_expression(e, rule, "NotIn", true);
}

void region_write(const struct region *region, struct emit *e)
{
	size_t labels = 0, i;

	for (i = 0; i < region->n; i++)
		labels += is_one_value(&region->v[i]);
	emit_object(e);
	if (labels > 0) {
		emit_key(e, "matchLabels");
		emit_object(e);
		for (i = 0; i < region->n; i++) {
			if (!is_one_value(&region->v[i]))
				continue;
			emit_key(e, region->v[i].key);
			emit_string(e, region->v[i].values[0]);
		}
		emit_object_end(e);
	}
	if (labels < region->n) {
		emit_key(e, "matchExpressions");
		emit_array(e);
		for (i = 0; i < region->n; i++) {
			if (!is_one_value(&region->v[i]))
				write_rule(e, &region->v[i]);
		}
		emit_array_end(e);
	}
	emit_object_end(e);
}

/* ---- parts ---- */

static void cell_done(struct cell *cell)
{
	region_done(&cell->region);
	free(cell->in);
}

void cells_done(struct cells *cells)
{
	for (size_t i = 0; i < cells->n; i++)
		cell_done(&cells->v[i]);
	free(cells->v);
	*cells = (struct cells){ 0 };
}

/* What all parts of one cutting have in common. */
struct cutting {
	char **keys; /* by which to cut first, see order_keys() */
	size_t n_keys;
	size_t n_in, most;
	struct err *err;
};

/* Take a cell over; it is left empty. */
static int take_cell(const struct cutting *c, struct cell *cell, struct cells *out)
{
	struct cell *grown;

	if (out->n >= c->most)
		return -E2BIG;
	grown = reallocarray(out->v, out->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(c->err);
	out->v = grown;
	grown[out->n++] = *cell;
	*cell = (struct cell){ 0 };
	return 0;
}

static int copy_cell(const struct cutting *c, const struct cell *from, struct cell *to)
{
	to->in = calloc(c->n_in + 1, sizeof(*to->in));
	if (!to->in)
		return err_oom(c->err);
	memcpy(to->in, from->in, c->n_in * sizeof(*to->in));
	return region_copy(&from->region, &to->region, c->err);
}

/* The cell with one rule more, unless nothing is left of it. */
static int add_narrowed(const struct cutting *c, const struct cell *from,
			const struct key_rule *rule, struct cells *out)
{
	struct cell narrow = { 0 };
	int r = copy_cell(c, from, &narrow);

	if (r == 0)
		r = add_rule(&narrow.region, rule, c->err);
	if (r == 0 && !region_is_nothing(&narrow.region))
		r = take_cell(c, &narrow, out);
	cell_done(&narrow);
	return r;
}

/* What the rule does not allow. No operator says "missing, or one of these": those are two parts.
 */
static int add_broken(const struct cutting *c, const struct cell *from, const struct key_rule *rule,
		      struct cells *out)
{
	struct key_rule broken = *rule; /* borrows key and values */
	int r = 0;

	broken.absent = !rule->absent;
	broken.listed = !rule->listed;
	if (broken.absent && broken.listed && broken.n_values > 0) {
		broken.absent = false;
		r = add_narrowed(c, from, &broken, out);
		broken.absent = true;
		broken.n_values = 0;
	}
	return r < 0 ? r : add_narrowed(c, from, &broken, out);
}

/*
 * Cut a cell by a region. What is outside goes to `out`: what breaks the first rule; what keeps
 * that and breaks the second one; and so on. At the end the cell holds what keeps all.
 */
static int cut(const struct cutting *c, struct cell *cell, const struct region *by,
	       struct cells *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_keys; i++) {
		const struct key_rule *rule = region_get(by, c->keys[i]);

		if (!rule || region_is_nothing(&cell->region))
			continue;
		r = add_broken(c, cell, rule, out);
		if (r == 0)
			r = add_rule(&cell->region, rule, c->err);
	}
	return r;
}

/* Can no value of a label be allowed by both? */
static bool rules_exclude(const struct key_rule *a, const struct key_rule *b)
{
	const struct key_rule *list = a->listed ? a : b, *other = list == a ? b : a;

	if ((a->absent && b->absent) || !list->listed)
		return false;
	for (size_t i = 0; i < list->n_values; i++) {
		if (strv_contains(other->values, other->n_values, list->values[i]) == other->listed)
			return false;
	}
	return true;
}

/* Most regions have nothing to do with each other: that is seen without memory. */
static bool regions_exclude(const struct region *a, const struct region *b)
{
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		int order = strcmp(a->v[i].key, b->v[k].key);

		if (order == 0 && rules_exclude(&a->v[i], &b->v[k]))
			return true;
		i += order <= 0;
		k += order >= 0;
	}
	return region_is_nothing(a) || region_is_nothing(b);
}

/* Take a region away from each of the cells. */
static int take_away(const struct cutting *c, struct cells *cells, const struct region *region)
{
	struct cells out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < cells->n; i++) {
		if (regions_exclude(&cells->v[i].region, region))
			r = take_cell(c, &cells->v[i], &out);
		else
			r = cut(c, &cells->v[i], region, &out);
	}
	cells_done(cells);
	*cells = out;
	return r;
}

/* What of a cell is in the region is in one more of them. */
static int cut_cell(const struct cutting *c, struct cell *cell, const struct region *by, size_t at,
		    struct cells *out)
{
	int r = 0;

	if (!regions_exclude(&cell->region, by)) {
		r = cut(c, cell, by, out);
		cell->in[at] = true;
	}
	return r < 0 || region_is_nothing(&cell->region) ? r : take_cell(c, cell, out);
}

/* The cells so far, cut by a further region; and what of that is in none of them. */
static int add_region(const struct cutting *c, const struct region *region, size_t at,
		      struct cells *cells)
{
	struct cells out = { 0 }, rest = { 0 };
	struct cell all = { .in = calloc(c->n_in + 1, sizeof(*all.in)) };
	int r = all.in ? region_copy(region, &all.region, c->err) : err_oom(c->err);

	if (r == 0 && !region_is_nothing(region)) {
		all.in[at] = true;
		r = take_cell(c, &all, &rest);
	}
	cell_done(&all);
	for (size_t i = 0; r == 0 && i < cells->n; i++) {
		r = take_away(c, &rest, &cells->v[i].region);
		if (r == 0)
			r = cut_cell(c, &cells->v[i], region, at, &out);
	}
	for (size_t i = 0; r == 0 && i < rest.n; i++)
		r = take_cell(c, &rest.v[i], &out);
	cells_done(&rest);
	cells_done(cells);
	*cells = out;
	return r;
}

/* ---- in which order ---- */

static bool same_rules(const struct key_rule *a, const struct key_rule *b)
{
	if (a->absent != b->absent || a->listed != b->listed || a->n_values != b->n_values)
		return false;
	for (size_t i = 0; i < a->n_values; i++) {
		if (!streq(a->values[i], b->values[i]))
			return false;
	}
	return true;
}

/* How many different things the regions say of a key. */
static size_t count_rules(const struct region *regions, size_t n, const char *key)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct key_rule *rule = region_get(&regions[i], key), *other;
		bool seen = !rule;

		for (size_t k = 0; !seen && k < i; k++) {
			other = region_get(&regions[k], key);
			seen = other && same_rules(rule, other);
		}
		count += !seen;
	}
	return count;
}

/*
 * First by the key of which the fewest different things are said: where all are of one namespace,
 * what is of another is cut off once, and not from each.
 */
static int order_keys(const struct region *regions, size_t n, struct cutting *c)
{
	_cleanup_free_ size_t *counts = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		for (size_t k = 0; r == 0 && k < regions[i].n; k++)
			r = strv_add(&c->keys, &c->n_keys, regions[i].v[k].key, c->err);
	}
	strv_sort_unique(c->keys, &c->n_keys);
	counts = calloc(c->n_keys + 1, sizeof(*counts));
	if (r < 0 || !counts)
		return err_oom(c->err);
	for (size_t i = 0; i < c->n_keys; i++) {
		size_t count = count_rules(regions, n, c->keys[i]), at = i;
		char *key = c->keys[i];

		for (; at > 0 && counts[at - 1] > count; at--) {
			counts[at] = counts[at - 1];
			c->keys[at] = c->keys[at - 1];
		}
		counts[at] = count;
		c->keys[at] = key;
	}
	return 0;
}

int region_cells(const struct region *regions, size_t n, size_t most, struct cells *ret,
		 struct err *err)
{
	struct cutting c = { .n_in = n, .most = most, .err = err };
	struct cells cells = { 0 };
	int r = order_keys(regions, n, &c);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_region(&c, &regions[i], i, &cells);
	strv_free(&c.keys, &c.n_keys);
	if (r < 0) {
		cells_done(&cells);
		return r;
	}
	*ret = cells;
	return 0;
}
