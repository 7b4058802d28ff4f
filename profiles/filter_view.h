/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one filter says of one system call, in a form that two of can be met.
 */
#ifndef COAMING_PROFILES_FILTER_VIEW_H
#define COAMING_PROFILES_FILTER_VIEW_H

#include "profiles/filter_cond.h"

/* An action, and whether a rule or the filter's default gave it. */
struct ruling {
	enum filter_action kind;
	bool by_default; /* only kept for ACT_ERRNO, where it decides which number wins */
	uint32_t ret;
};

struct part {
	struct conj conj;
	struct ruling ruling;
};

/* Parts beyond this in one call: the whole call gets the strictest action. Engines have six. */
#define VIEW_PARTS_MAX 128

/*
 * Parts of different rulings have no arguments in common (view_settle()); where none holds it is
 * `rest`.
 */
struct view {
	struct ruling rest;
	struct part part[VIEW_PARTS_MAX];
	size_t n;
};

struct ruling ruling_of(struct action action, bool by_default);
/* Strictest first: the order of the meet. Of two errno values a rule's goes before a default's,
 * then EPERM before others, then the smaller before the larger. */
int ruling_compare(struct ruling a, struct ruling b);
struct ruling ruling_meet(struct ruling a, struct ruling b);

/*
 * The view of the n rules of one call, all with the same name.
 *
 * fallback  the filter's default: rules that say the same are skipped by the runtimes
 * rest      what it counts as in this meet
 * Returns   false where the view cannot be made (see VIEW_PARTS_MAX, SET_BEYOND); *ret is then
 *           the strictest ruling that any of the rules gives, for all arguments
 */
bool view_make(const struct filter_rule *const *rules, size_t n, struct action fallback,
	       struct ruling rest, struct view *ret);
/*
 * The stricter of both for all arguments; false as in view_make(). `ret` is neither of the others.
 */
bool view_meet(const struct view *a, const struct view *b, struct view *ret);
/*
 * Say the same with `rest` as given, by parts for what was the rest; false as above. Where no part
 * is left the rest stays.
 */
bool view_set_rest(struct view *view, struct ruling rest);
/*
 * Whether libseccomp 2.5 can be trusted with these parts as rules of one call, in any order. Of
 * rules with several inequalities it makes filters that are wrong, or none, or it never ends; what
 * is told here to be good is held by the tests against the filters that it makes.
 *
 * fallback  the default of the filter: parts that say the same are never compiled
 */
bool view_compiles(const struct view *view, struct ruling fallback);
bool view_equal(const struct view *a, const struct view *b);
/* The strictest ruling of all of it, for all arguments. */
void view_flatten(struct view *view);

#endif
