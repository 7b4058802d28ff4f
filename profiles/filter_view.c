/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one filter says of one system call, and the meet of two such views.
 *
 * Every function either gives exactly the stricter of both for every value of every argument, or
 * says that it cannot. Then the caller takes the strictest action for the whole call.
 */
#include "profiles/filter_view.h"

#include "profiles/filter_apart.h"

struct action action_meet(struct action a, struct action b)
{
	return action_compare(a, b) < 0 ? a : b;
}

static bool stricter(struct action a, struct action b)
{
	return action_compare(a, b) < 0;
}

static bool view_add(struct view *view, const struct conj *conj, struct action action)
{
	if (view->n == VIEW_PARTS_MAX)
		return false;
	view->part[view->n++] = (struct part){ *conj, action };
	return true;
}

static void view_copy(struct view *to, const struct view *from)
{
	to->rest = from->rest;
	to->n = from->n;
	memcpy(to->part, from->part, from->n * sizeof(from->part[0]));
}

void view_flatten(struct view *view)
{
	for (size_t i = 0; i < view->n; i++)
		view->rest = action_meet(view->rest, view->part[i].action);
	view->n = 0;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int r = action_compare(x->action, y->action);

	return r != 0 ? r : conj_compare(&x->conj, &y->conj);
}

/* Within another part of the same action; of two equal sets the first one stays. */
static bool is_covered(const struct view *view, size_t place)
{
	const struct part *p = &view->part[place];

	for (size_t i = 0; i < view->n; i++) {
		const struct part *q = &view->part[i];

		if (i == place || action_compare(p->action, q->action) != 0 ||
		    !conj_within(&p->conj, &q->conj))
			continue;
		if (i < place || !conj_within(&q->conj, &p->conj))
			return true;
	}
	return false;
}

/* Sort, and drop what says nothing: parts that rule as the rest, parts within others. */
static void view_tidy(struct view *view)
{
	size_t n = 0;

	qsort(view->part, view->n, sizeof(view->part[0]), compare_parts);
	for (size_t i = 0; i < view->n; i++) {
		if (action_compare(view->part[i].action, view->rest) != 0)
			view->part[n++] = view->part[i];
	}
	view->n = n;
	/* From the end: what is dropped is covered by one that stays or is covered itself. */
	for (size_t i = view->n; i-- > 0;) {
		if (!is_covered(view, i))
			continue;
		memmove(&view->part[i], &view->part[i + 1],
			(view->n - i - 1) * sizeof(view->part[0]));
		view->n--;
	}
}

/* What is left of `conj` without the first n of `holes`: how many, or -1. */
static int cut_out(const struct conj *conj, const struct part *holes, size_t n,
		   struct conj now[VIEW_PARTS_MAX])
{
	struct conj next[VIEW_PARTS_MAX];
	size_t n_now = 1;

	now[0] = *conj;
	for (size_t i = 0; i < n; i++) {
		size_t n_next = 0;

		for (size_t k = 0; k < n_now; k++) {
			int r = conj_without(&now[k], &holes[i].conj, &next[n_next],
					     VIEW_PARTS_MAX - n_next);

			if (r < 0)
				return -1;
			n_next += (size_t)r;
		}
		memcpy(now, next, n_next * sizeof(now[0]));
		n_now = n_next;
	}
	return (int)n_now;
}

/* Add that to `out`. */
static bool add_without(struct view *out, const struct conj *conj, struct action action,
			const struct part *holes, size_t n)
{
	struct conj left[VIEW_PARTS_MAX];
	int n_left = cut_out(conj, holes, n, left);

	for (int k = 0; k < n_left; k++) {
		if (!view_add(out, &left[k], action))
			return false;
	}
	return n_left >= 0;
}

/* Where parts of different actions overlap, the stricter keeps what both have. */
static bool view_settle(struct view *view)
{
	struct view out; /* 50 KB: not to be cleared or copied for each of 400 calls */

	view_tidy(view);
	if (view->n == 0)
		return true;
	out.rest = view->rest;
	out.n = 0;
	for (size_t i = 0; i < view->n; i++) {
		const struct part *p = &view->part[i];
		size_t n_stricter = i;

		while (n_stricter > 0 &&
		       action_compare(view->part[n_stricter - 1].action, p->action) == 0)
			n_stricter--;
		if (!add_without(&out, &p->conj, p->action, view->part, n_stricter))
			return false;
	}
	view_copy(view, &out);
	view_tidy(view);
	return true;
}

bool view_separate(struct view *view)
{
	struct view out;

	if (!view_settle(view))
		return false;
	out.rest = view->rest;
	out.n = 0;
	/* From the end: those with a condition on the first argument keep theirs. */
	for (size_t i = view->n; i-- > 0;) {
		const struct part *p = &view->part[i];

		if (!add_without(&out, &p->conj, p->action, &view->part[i + 1], view->n - i - 1))
			return false;
	}
	view_copy(view, &out);
	return true;
}

/* The strictest of the rules that take the whole call; false where there is none. */
static bool find_whole(const struct filter_rule *const *rules, size_t n, struct action fallback,
		       struct action *ret)
{
	struct conj conj;
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct action action = rules[i]->action;

		if (action_compare(rules[i]->action, fallback) == 0 ||
		    conj_from_rule(rules[i], &conj) == SET_EMPTY || !conj_is_any(&conj))
			continue;
		*ret = found ? action_meet(*ret, action) : action;
		found = true;
	}
	return found;
}

bool view_make(const struct filter_rule *const *rules, size_t n, struct action fallback,
	       struct view *ret)
{
	struct conj conj;
	bool fits = true, whole;

	ret->n = 0;
	ret->rest = fallback;
	whole = find_whole(rules, n, fallback, &ret->rest);
	for (size_t i = 0; i < n; i++) {
		struct filter_rule rule = *rules[i];
		struct action action = rule.action;

		if (i + 1 < n && filter_are_halves(&rule, rules[i + 1])) {
			rule.n_args--;
			i++;
		}
		if (action_compare(action, fallback) == 0 ||
		    conj_from_rule(&rule, &conj) == SET_EMPTY || conj_is_any(&conj) ||
		    (whole && !stricter(action, ret->rest)))
			continue;
		if (ret->n == VIEW_RULES_MAX || !view_add(ret, &conj, action)) {
			ret->rest = action_meet(ret->rest, action);
			fits = false;
		}
	}
	if (!fits || !view_settle(ret)) {
		view_flatten(ret);
		return false;
	}
	return true;
}

/* Of two equal sets the same one whichever comes first. */
static const struct conj *inner_of(const struct conj *a, const struct conj *b)
{
	return conj_within(b, a) && conj_compare(b, a) < 0 ? b : a;
}

/*
 * The part of `other` that holds all of `conj`. Its action is then that of all `other` parts
 * which meet `conj`, since parts of different actions are disjoint.
 */
static const struct part *part_around(const struct view *other, const struct conj *conj)
{
	for (size_t i = 0; i < other->n; i++) {
		if (conj_within(conj, &other->part[i].conj))
			return &other->part[i];
	}
	return NULL;
}

/* Does a part stay as it is for all that the other side says, but for the other's stricter parts?
 */
static bool prevails(const struct part *p, const struct view *other)
{
	return !stricter(other->rest, p->action);
}

/* What is laxer than the rest of the meet on both sides: pairs of parts. */
static bool add_pairs(const struct view *a, const struct view *b, struct view *ret)
{
	bool inside_a[VIEW_PARTS_MAX] = { false };
	struct conj both;

	for (size_t k = 0; k < b->n; k++)
		inside_a[k] = part_around(a, &b->part[k].conj);
	for (size_t i = 0; i < a->n; i++) {
		const struct part *p = &a->part[i];
		bool inside_b = part_around(b, &p->conj);

		for (size_t k = 0; !inside_b && k < b->n; k++) {
			const struct part *q = &b->part[k];
			struct action action = action_meet(p->action, q->action);
			enum set set;

			/* Those within one part of the other side, or that prevail, are
			 * add_own()'s. */
			if (!stricter(ret->rest, action) || inside_a[k] ||
			    (prevails(p, b) && !stricter(q->action, p->action)) ||
			    (prevails(q, a) && !stricter(p->action, q->action)))
				continue;
			set = conj_and(&p->conj, &q->conj, &both);
			if (set == SET_BEYOND ||
			    (set == SET_GIVEN && !view_add(ret, &both, action)))
				return false;
		}
	}
	return true;
}

static bool add_prevailing(const struct part *p, const struct view *other, struct view *ret)
{
	struct part holes[VIEW_PARTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < other->n; i++) {
		if (stricter(other->part[i].action, p->action))
			holes[n++] = other->part[i];
	}
	return add_without(ret, &p->conj, p->action, holes, n);
}

/* Do the other's parts that are as strict hold all of a part, together? Then it says nothing. */
static bool is_said_by(const struct part *p, const struct view *other)
{
	struct part as_strict[VIEW_PARTS_MAX];
	struct conj left[VIEW_PARTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < other->n; i++) {
		if (!stricter(p->action, other->part[i].action))
			as_strict[n++] = other->part[i];
	}
	return n > 0 && cut_out(&p->conj, as_strict, n, left) == 0;
}

/*
 * The parts of a: those stricter than the rest of the meet stay as they are (they are stricter
 * than whatever b says of them, or b has a stricter part there, which view_settle() prefers);
 * the laxer ones stay where one part of b holds them, or, where b's rest is laxer too, without
 * b's parts.
 */
static bool add_own(const struct view *a, const struct view *b, bool is_second, struct view *ret)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct part *p = &a->part[i];
		const struct part *around = part_around(b, &p->conj);
		struct action action = p->action;

		if (stricter(action, ret->rest)) {
			/* The first's are all there. Both must not rely on each other. */
			if (is_second && is_said_by(p, b))
				continue;
			if (!view_add(ret, &p->conj, action))
				return false;
		} else if (around) {
			action = action_meet(action, around->action);
			if (stricter(ret->rest, action) &&
			    !view_add(ret, inner_of(&p->conj, &around->conj), action))
				return false;
		} else if (prevails(p, b)) {
			if (stricter(ret->rest, action) && !add_prevailing(p, b, ret))
				return false;
		} else if (stricter(ret->rest, action_meet(action, b->rest))) {
			if (!add_without(ret, &p->conj, action_meet(action, b->rest), b->part,
					 b->n))
				return false;
		}
	}
	return true;
}

bool view_meet(const struct view *a, const struct view *b, struct view *ret)
{
	ret->n = 0;
	ret->rest = action_meet(a->rest, b->rest);
	if (add_own(a, b, false, ret) && add_own(b, a, true, ret) && add_pairs(a, b, ret) &&
	    view_settle(ret) && ret->n <= VIEW_RULES_MAX)
		return true;
	view_copy(ret, a);
	for (size_t i = 0; i < b->n; i++)
		ret->rest = action_meet(ret->rest, b->part[i].action);
	ret->rest = action_meet(ret->rest, b->rest);
	view_flatten(ret);
	return false;
}

bool view_set_rest(struct view *view, struct action rest)
{
	static const struct conj everything = { 0 };
	struct view out;

	if (action_compare(view->rest, rest) == 0)
		return true;
	view_copy(&out, view);
	out.rest = rest;
	if (!add_without(&out, &everything, view->rest, view->part, view->n)) {
		view_flatten(view);
		return false;
	}
	view_copy(view, &out);
	view_tidy(view);
	return true;
}

void view_forget_numbers(struct view *view, const struct action one[ACTIONS_])
{
	for (size_t i = 0; i < view->n; i++)
		view->part[i].action = one[view->part[i].action.kind];
	view->rest = one[view->rest.kind];
	view_tidy(view);
}

/* How many conditions of a part have the kinds in the mask. */
static size_t count_kinds(const struct part *part, unsigned int kinds)
{
	size_t n = 0;

	for (size_t i = 0; i < SYSCALL_ARGS; i++)
		n += (kinds & 1U << part->conj.arg[i].kind) != 0;
	return n;
}

#define KIND(kind)   (1U << (kind))
#define INEQUALITIES (KIND(COND_MOST) | KIND(COND_LEAST) | KIND(COND_NOT))

/* The argument that alone has a condition, where that is "not this value"; -1 else. */
static int only_not(const struct part *part)
{
	int found = -1;

	for (int k = 0; k < SYSCALL_ARGS; k++) {
		if (part->conj.arg[k].kind == COND_ANY)
			continue;
		if (found >= 0 || part->conj.arg[k].kind != COND_NOT)
			return -1;
		found = k;
	}
	return found;
}

/*
 * Equalities in one part, and for each of its arguments a part "not that value", all of another
 * action: what is left of a call when one combination is taken out.
 */
static bool is_one_taken_out(const struct view *view)
{
	const struct part *taken = NULL, *left = NULL;
	const struct cond *out[SYSCALL_ARGS] = { NULL };

	for (size_t i = 0; i < view->n; i++) {
		const struct part *p = &view->part[i];
		int k = only_not(p);

		if (k < 0 && taken)
			return false;
		if (k < 0) {
			taken = p;
			continue;
		}
		if (out[k] || (left && action_compare(left->action, p->action) != 0))
			return false;
		out[k] = &p->conj.arg[k];
		left = p;
	}
	for (size_t k = 0; taken && k < SYSCALL_ARGS; k++) {
		const struct cond *c = &taken->conj.arg[k];

		if (c->kind == COND_ANY && !out[k])
			continue;
		if (c->kind != COND_BITS || c->a != UINT64_MAX || !out[k] || out[k]->a != c->b)
			return false;
	}
	return !taken || !left || action_compare(taken->action, left->action) != 0;
}

bool view_compiles(const struct view *view)
{
	size_t inequalities = 0;

	for (size_t i = 0; i < view->n; i++)
		inequalities += count_kinds(&view->part[i], INEQUALITIES);
	return inequalities == 0 || view->n == 1 || is_one_taken_out(view);
}
