/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To which containers a profile applies by itself, before and now. Fewer is wider: who was confined
 * by it is no longer.
 */
#include "profiles/compare_internal.h"

#include "lib/strv.h"

static bool values_within(const struct requirement *a, const struct requirement *b)
{
	for (size_t i = 0; i < a->n_values; i++) {
		if (!strv_contains(b->values, b->n_values, a->values[i]))
			return false;
	}
	return true;
}

static bool values_apart(const struct requirement *a, const struct requirement *b)
{
	for (size_t i = 0; i < a->n_values; i++) {
		if (strv_contains(b->values, b->n_values, a->values[i]))
			return false;
	}
	return true;
}

/* Does every label that satisfies a satisfy b? */
static bool implies(const struct requirement *a, const struct requirement *b)
{
	if (!streq(a->key, b->key))
		return false;
	if (a->op == SELECTOR_IN)
		return b->op == SELECTOR_EXISTS || (b->op == SELECTOR_IN && values_within(a, b)) ||
		       (b->op == SELECTOR_NOT_IN && values_apart(a, b));
	if (a->op == SELECTOR_NOT_IN)
		return b->op == SELECTOR_NOT_IN && values_within(b, a);
	if (a->op == SELECTOR_DOES_NOT_EXIST)
		return b->op == SELECTOR_DOES_NOT_EXIST || b->op == SELECTOR_NOT_IN;
	return b->op == SELECTOR_EXISTS;
}

static bool selector_within(const struct selector *a, const struct selector *b)
{
	for (size_t i = 0; i < b->n; i++) {
		bool found = false;

		for (size_t k = 0; k < a->n && !found; k++)
			found = implies(&a->v[k], &b->v[i]);
		if (!found)
			return false;
	}
	return true;
}

static bool images_within(const struct match *a, const struct match *b)
{
	if (b->n_images == 0)
		return true;
	for (size_t i = 0; i < a->n_images; i++) {
		if (!strv_contains(b->images, b->n_images, a->images[i]))
			return false;
	}
	return a->n_images > 0;
}

static bool wants_absence(const struct selector *selector)
{
	for (size_t i = 0; i < selector->n; i++) {
		if (selector->v[i].op == SELECTOR_NOT_IN ||
		    selector->v[i].op == SELECTOR_DOES_NOT_EXIST)
			return true;
	}
	return false;
}

/* Where it may be that a label is not seen, what wants it absent fits more, not fewer. */
static bool sources_within(const struct match *a, const struct match *b)
{
	if (a->sources == b->sources || (a->selector.n == 0 && b->selector.n == 0))
		return true;
	return !(a->sources & ~b->sources) && !wants_absence(&a->selector) &&
	       !wants_absence(&b->selector);
}

/* True only where it is certain. */
static bool match_within(const struct match *a, const struct match *b)
{
	if (!a->present)
		return true;
	return b->present && selector_within(&a->selector, &b->selector) && images_within(a, b) &&
	       sources_within(a, b);
}

static void describe(const struct match *match, struct buf *out)
{
	if (match->present)
		match_describe(match, out);
	else
		buf_adds(out, "no container by itself");
}

static int tell(const struct comparison *c, enum way way)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text, "applies to %s containers: ", way == WAY_WIDER ? "fewer" : "more");
	describe(&c->old_profile->match, &text);
	buf_adds(&text, ", now ");
	describe(&c->now_profile->match, &text);
	return difference_take(c, "match", way, &text);
}

int compare_match(const struct comparison *c)
{
	const struct profile *old = c->old_profile, *now = c->now_profile;
	int r = 0;

	if (!match_within(&old->match, &now->match))
		r = tell(c, WAY_WIDER);
	if (r == 0 && !match_within(&now->match, &old->match))
		r = tell(c, WAY_NARROWER);
	if (r == 0 && old->selectable != now->selectable)
		r = difference_add(c->out, "selectable", now->selectable ? WAY_WIDER : WAY_NARROWER,
				   "to name it in a label", c->err);
	return r;
}
