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
	struct key_rule met = { .absent = rule->absent && other->absent };
	int r = meet_values(rule, other, &met, err);

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

/* Copy a cell, with one rule more, unless nothing is left of it. */
static int add_cell(struct cells *out, const struct cell *from, size_t n_in, size_t most,
		    struct err *err)
{
	struct cell *grown, copy = { 0 };

	if (out->n >= most)
		return -E2BIG;
	grown = reallocarray(out->v, out->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	out->v = grown;
	copy.in = calloc(n_in + 1, sizeof(*copy.in));
	if (!copy.in)
		return err_oom(err);
	memcpy(copy.in, from->in, n_in * sizeof(*copy.in));
	if (region_copy(&from->region, &copy.region, err) < 0) {
		cell_done(&copy);
		return -ENOMEM;
	}
	grown[out->n++] = copy;
	return 0;
}

static int add_narrowed(struct cells *out, const struct cell *from, const struct key_rule *rule,
			size_t n_in, size_t most, struct err *err)
{
	struct cell narrow = { .in = from->in };
	int r;

	r = region_copy(&from->region, &narrow.region, err);
	if (r == 0)
		r = add_rule(&narrow.region, rule, err);
	if (r == 0 && !region_is_nothing(&narrow.region))
		r = add_cell(out, &narrow, n_in, most, err);
	region_done(&narrow.region);
	return r;
}

/* What is allowed by no rule that says the same of the key. No operator says "missing, or one of
 * these": those are two parts. */
static int add_broken(struct cells *out, const struct cell *from, const struct key_rule *rule,
		      size_t n_in, size_t most, struct err *err)
{
	struct key_rule broken = *rule; /* borrows key and values */
	int r = 0;

	broken.absent = !rule->absent;
	broken.listed = !rule->listed;
	if (broken.absent && broken.listed && broken.n_values > 0) {
		broken.absent = false;
		r = add_narrowed(out, from, &broken, n_in, most, err);
		broken.absent = true;
		broken.n_values = 0;
	}
	return r < 0 ? r : add_narrowed(out, from, &broken, n_in, most, err);
}

/*
 * A cell without a region: what breaks its first rule; what keeps that and breaks the second one;
 * and so on. At the end the cell holds what keeps all.
 */
static int split(struct cell *cell, const struct region *by, size_t n_in, size_t most,
		 struct cells *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < by->n && !region_is_nothing(&cell->region); i++) {
		r = add_broken(out, cell, &by->v[i], n_in, most, err);
		if (r == 0)
			r = add_rule(&cell->region, &by->v[i], err);
	}
	return r;
}

static int split_all(struct cells *cells, const struct region *by, size_t at, size_t n_in,
		     size_t most, struct err *err)
{
	struct cells out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < cells->n; i++) {
		struct cell *cell = &cells->v[i];

		r = split(cell, by, n_in, most, &out, err);
		cell->in[at] = true;
		if (r == 0 && !region_is_nothing(&cell->region))
			r = add_cell(&out, cell, n_in, most, err);
	}
	if (r < 0) {
		cells_done(&out);
		return r;
	}
	cells_done(cells);
	*cells = out;
	return 0;
}

static void drop_outside(struct cells *cells, size_t n_in)
{
	size_t kept = 0;

	for (size_t i = 0; i < cells->n; i++) {
		if (memchr(cells->v[i].in, true, n_in))
			cells->v[kept++] = cells->v[i];
		else
			cell_done(&cells->v[i]);
	}
	cells->n = kept;
}

int region_cells(const struct region *regions, size_t n, size_t most, struct cells *ret,
		 struct err *err)
{
	struct cells cells = { 0 };
	struct cell all = { .in = calloc(n + 1, sizeof(*all.in)) };
	int r;

	r = all.in ? add_cell(&cells, &all, n, most, err) : err_oom(err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = split_all(&cells, &regions[i], i, n, most, err);
	free(all.in);
	if (r < 0) {
		cells_done(&cells);
		return r;
	}
	drop_outside(&cells, n);
	*ret = cells;
	return 0;
}
