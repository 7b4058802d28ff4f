/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one filter says of one system call, in a form that two of can be met.
 */
#ifndef COAMING_PROFILES_FILTER_VIEW_H
#define COAMING_PROFILES_FILTER_VIEW_H

#include "profiles/filter_cond.h"

struct part {
	struct conj conj;
	struct action action;
};

/*
 * Parts beyond this in one call, of a filter or of a meet: the whole call gets the strictest
 * action. Engines have six, of which a profile makes 65.
 */
#define VIEW_RULES_MAX 128
/* And on the way to a meet: both sides have room, so that meeting the result again changes nothing.
 */
#define VIEW_PARTS_MAX 320

/*
 * Parts of different actions have no arguments in common (view_settle()); where none holds it is
 * `rest`.
 */
struct view {
	struct action rest;
	struct part part[VIEW_PARTS_MAX];
	size_t n;
};

struct action action_meet(struct action a, struct action b); /* the stricter */

/*
 * The view of the n rules of one call, all with the same name.
 *
 * fallback  the filter's default: rules that say the same are skipped by the runtimes
 * Returns   false where the view cannot be made (see VIEW_PARTS_MAX, SET_BEYOND); *ret is then
 *           the strictest action that any of the rules gives, for all arguments
 */
bool view_make(const struct filter_rule *const *rules, size_t n, struct action fallback,
	       struct view *ret);
/*
 * The stricter of both for all arguments; false as in view_make(). `ret` is neither of the others.
 */
bool view_meet(const struct view *a, const struct view *b, struct view *ret);
/* Say the same with `rest` as given, by parts for what was the rest; false as above. */
bool view_set_rest(struct view *view, struct action rest);
/*
 * Whether libseccomp 2.5 can be trusted with these parts as rules of one call, in any order. Of
 * rules with several inequalities it makes filters that are wrong, or none, or it never ends; what
 * is told here to be good is held by the tests against the filters that it makes.
 */
bool view_compiles(const struct view *view);
/*
 * So that no two parts have arguments in common, of one action neither; false as above, the view is
 * then not to be used. The meet with another has fewer parts then, where they are of two arguments.
 */
bool view_separate(struct view *view);
/*
 * As strict or stricter, and said without ranges on arguments of which the kernel takes 32 bits
 * (filter_strict.c); false as above, the view is then as it was.
 */
bool view_read_strictly(struct view *view, const char *name);
/* Give all of one kind the same number. */
void view_forget_numbers(struct view *view, const struct action one[ACTIONS_]);
/* The strictest action of all of it, for all arguments. */
void view_flatten(struct view *view);

#endif
