/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a container may talk to under the one policy and not under the other.
 */
#include "profiles/compare_internal.h"
#include "profiles/reach.h"

/* Lines of one direction that are told before they are only counted. */
#define LINES_MAX 20

/* A packet must pass every profile. */
static int reach_of_side(const struct side *side, bool ingress, struct who_table *table,
			 struct reach *ret, struct err *err)
{
	struct reach all = { 0 };
	int r = reach_all(&all, err);

	for (size_t i = 0; r == 0 && i < side->n; i++) {
		const struct network_section *section = &side->v[i].network;
		struct reach one = { 0 }, both = { 0 };

		if (!section->present)
			continue;
		r = reach_of(ingress ? &section->ingress : &section->egress, table, &one, err);
		if (r == 0)
			r = reach_both(&all, &one, table, &both, err);
		reach_done(&one);
		if (r == 0) {
			reach_done(&all);
			all = both;
		}
	}
	if (r < 0)
		reach_done(&all);
	else
		*ret = all;
	return r;
}

static int tell(const struct comparison *c, struct reach *reach, const struct who_table *table,
		bool ingress, enum way way)
{
	_cleanup_buf_ struct buf all = { 0 };
	int r = 0;

	reach_describe(reach, table, LINES_MAX, &all);
	if (buf_status(&all) < 0)
		return err_oom(c->err);
	for (char *line = all.data, *end; r == 0 && *line; line = end + 1) {
		_cleanup_buf_ struct buf text = { 0 };

		end = strchrnul(line, '\n');
		buf_addf(&text, "%s: %.*s", ingress ? "ingress" : "egress", (int)(end - line),
			 line);
		r = difference_take(c, "network", way, &text);
	}
	return r;
}

static int compare_direction(const struct comparison *c, bool ingress)
{
	_cleanup_(who_table_done) struct who_table table = { 0 };
	struct reach old = { 0 }, now = { 0 }, gained = { 0 }, lost = { 0 };
	int r;

	r = reach_of_side(&c->old, ingress, &table, &old, c->err);
	if (r == 0)
		r = reach_of_side(&c->now, ingress, &table, &now, c->err);
	if (r == 0)
		r = reach_without(&now, &old, &table, &gained, c->err);
	if (r == 0)
		r = reach_without(&old, &now, &table, &lost, c->err);
	if (r == 0)
		r = tell(c, &gained, &table, ingress, WAY_WIDER);
	if (r == 0)
		r = tell(c, &lost, &table, ingress, WAY_NARROWER);
	reach_done(&old);
	reach_done(&now);
	reach_done(&gained);
	reach_done(&lost);
	return r;
}

int compare_network(const struct comparison *c)
{
	int r = compare_direction(c, true);

	return r < 0 ? r : compare_direction(c, false);
}
