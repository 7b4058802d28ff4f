/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one filter says of one system call, and the meet of two such views.
 *
 * Every function either gives exactly the stricter of both for every value of every argument, or
 * says that it cannot. Then the caller takes the strictest ruling for the whole call.
 */
#include "profiles/filter_view.h"

struct ruling ruling_of(struct action action, bool by_default)
{
	return (struct ruling){ .kind = action.kind,
				.by_default = by_default && action.kind == ACT_ERRNO,
				.ret = action.ret };
}

int ruling_compare(struct ruling a, struct ruling b)
{
	if (a.kind == b.kind && a.by_default != b.by_default)
		return a.by_default ? 1 : -1;
	return action_compare((struct action){ a.kind, a.ret }, (struct action){ b.kind, b.ret });
}

struct ruling ruling_meet(struct ruling a, struct ruling b)
{
	return ruling_compare(a, b) < 0 ? a : b;
}

/* The same action; whether a rule or a default gave it does not matter. */
static bool ruling_is(struct ruling a, struct ruling b)
{
	return a.kind == b.kind && a.ret == b.ret;
}

static bool stricter(struct ruling a, struct ruling b)
{
	return ruling_compare(a, b) < 0;
}

static bool view_add(struct view *view, const struct conj *conj, struct ruling ruling)
{
	if (view->n == VIEW_PARTS_MAX)
		return false;
	view->part[view->n++] = (struct part){ *conj, ruling };
	return true;
}

void view_flatten(struct view *view)
{
	for (size_t i = 0; i < view->n; i++)
		view->rest = ruling_meet(view->rest, view->part[i].ruling);
	view->n = 0;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int r = ruling_compare(x->ruling, y->ruling);

	return r != 0 ? r : conj_compare(&x->conj, &y->conj);
}

/* Within another part of the same ruling; of two equal sets the first one stays. */
static bool is_covered(const struct view *view, size_t place)
{
	const struct part *p = &view->part[place];

	for (size_t i = 0; i < view->n; i++) {
		const struct part *q = &view->part[i];

		if (i == place || ruling_compare(p->ruling, q->ruling) != 0 ||
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
		if (ruling_compare(view->part[i].ruling, view->rest) != 0)
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

/* Add to `out` what is left of `conj` without the first n of `holes`. */
static bool add_without(struct view *out, const struct conj *conj, struct ruling ruling,
			const struct part *holes, size_t n)
{
	struct conj now[VIEW_PARTS_MAX], next[VIEW_PARTS_MAX];
	size_t n_now = 1;

	now[0] = *conj;
	for (size_t i = 0; i < n; i++) {
		size_t n_next = 0;

		for (size_t k = 0; k < n_now; k++) {
			int r = conj_without(&now[k], &holes[i].conj, &next[n_next],
					     VIEW_PARTS_MAX - n_next);

			if (r < 0)
				return false;
			n_next += (size_t)r;
		}
		memcpy(now, next, n_next * sizeof(now[0]));
		n_now = n_next;
	}
	for (size_t k = 0; k < n_now; k++) {
		if (!view_add(out, &now[k], ruling))
			return false;
	}
	return true;
}

/* Where parts of different rulings overlap, the stricter keeps what both have. */
static bool view_settle(struct view *view)
{
	struct view out = { .rest = view->rest };

	view_tidy(view);
	for (size_t i = 0; i < view->n; i++) {
		const struct part *p = &view->part[i];
		size_t n_stricter = i;

		while (n_stricter > 0 &&
		       ruling_compare(view->part[n_stricter - 1].ruling, p->ruling) == 0)
			n_stricter--;
		if (!add_without(&out, &p->conj, p->ruling, view->part, n_stricter))
			return false;
	}
	*view = out;
	view_tidy(view);
	return true;
}

/* The strictest of the rules that take the whole call; false where there is none. */
static bool find_whole(const struct filter_rule *const *rules, size_t n, struct action fallback,
		       struct ruling *ret)
{
	struct conj conj;
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct ruling ruling = ruling_of(rules[i]->action, false);

		if (action_compare(rules[i]->action, fallback) == 0 ||
		    conj_from_rule(rules[i], &conj) == SET_EMPTY || !conj_is_any(&conj))
			continue;
		*ret = found ? ruling_meet(*ret, ruling) : ruling;
		found = true;
	}
	return found;
}

/*
 * Rules that say what the default says: the runtimes skip them, so that every other rule goes
 * before. All that they are good for is that their number is one of a rule.
 */
static void add_as_default(const struct filter_rule *const *rules, size_t n, struct action fallback,
			   struct view *view)
{
	const struct ruling ruling = ruling_of(fallback, false);
	struct conj conj;
	size_t n_others = view->n;

	if (ruling_compare(ruling, view->rest) == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		size_t before = view->n;

		if (action_compare(rules[i]->action, fallback) != 0 ||
		    conj_from_rule(rules[i], &conj) == SET_EMPTY)
			continue;
		if (conj_is_any(&conj)) {
			view->rest = ruling;
			break;
		}
		if (!add_without(view, &conj, ruling, view->part, n_others))
			view->n = before;
	}
	view_tidy(view);
}

bool view_make(const struct filter_rule *const *rules, size_t n, struct action fallback,
	       struct ruling rest, struct view *ret)
{
	struct conj conj;
	bool fits = true, whole;

	ret->n = 0;
	ret->rest = rest;
	whole = find_whole(rules, n, fallback, &ret->rest);
	for (size_t i = 0; i < n; i++) {
		struct ruling ruling = ruling_of(rules[i]->action, false);

		if (action_compare(rules[i]->action, fallback) == 0 ||
		    conj_from_rule(rules[i], &conj) == SET_EMPTY || conj_is_any(&conj) ||
		    (whole && !stricter(ruling, ret->rest)))
			continue;
		if (!view_add(ret, &conj, ruling)) {
			ret->rest = ruling_meet(ret->rest, ruling);
			fits = false;
		}
	}
	if (!fits || !view_settle(ret)) {
		view_flatten(ret);
		return false;
	}
	if (!whole)
		add_as_default(rules, n, fallback, ret);
	return true;
}

/* Of two equal sets the same one whichever comes first. */
static const struct conj *inner_of(const struct conj *a, const struct conj *b)
{
	return conj_within(b, a) && conj_compare(b, a) < 0 ? b : a;
}

/*
 * The part of `other` that holds all of `conj`. Its ruling is then that of all `other` parts
 * which meet `conj`, since parts of different rulings are disjoint.
 */
static const struct part *part_around(const struct view *other, const struct conj *conj)
{
	for (size_t i = 0; i < other->n; i++) {
		if (conj_within(conj, &other->part[i].conj))
			return &other->part[i];
	}
	return NULL;
}

/* What is laxer than the rest of the meet on both sides: pairs of parts. */
static bool add_pairs(const struct view *a, const struct view *b, struct view *ret)
{
	struct conj both;

	for (size_t i = 0; i < a->n; i++) {
		const struct part *p = &a->part[i];

		for (size_t k = 0; k < b->n; k++) {
			const struct part *q = &b->part[k];
			struct ruling ruling = ruling_meet(p->ruling, q->ruling);
			enum set set;

			/* Those within one part of the other side are done by add_inner(). */
			if (!stricter(ret->rest, ruling) || part_around(b, &p->conj) ||
			    part_around(a, &q->conj))
				continue;
			set = conj_and(&p->conj, &q->conj, &both);
			if (set == SET_BEYOND ||
			    (set == SET_GIVEN && !view_add(ret, &both, ruling)))
				return false;
		}
	}
	return true;
}

/*
 * The parts of a: those stricter than the rest of the meet stay as they are (they are stricter
 * than whatever b says of them, or b has a stricter part there, which view_settle() prefers);
 * the laxer ones stay where one part of b holds them, or, where b's rest is laxer too, without
 * b's parts.
 */
static bool add_own(const struct view *a, const struct view *b, struct view *ret)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct part *p = &a->part[i];
		const struct part *around = part_around(b, &p->conj);
		struct ruling ruling = p->ruling;

		if (stricter(ruling, ret->rest)) {
			if (!view_add(ret, &p->conj, ruling))
				return false;
		} else if (around) {
			ruling = ruling_meet(ruling, around->ruling);
			if (stricter(ret->rest, ruling) &&
			    !view_add(ret, inner_of(&p->conj, &around->conj), ruling))
				return false;
		} else if (stricter(ret->rest, ruling_meet(ruling, b->rest))) {
			if (!add_without(ret, &p->conj, ruling_meet(ruling, b->rest), b->part,
					 b->n))
				return false;
		}
	}
	return true;
}

bool view_meet(const struct view *a, const struct view *b, struct view *ret)
{
	ret->n = 0;
	ret->rest = ruling_meet(a->rest, b->rest);
	if (add_own(a, b, ret) && add_own(b, a, ret) && add_pairs(a, b, ret) && view_settle(ret))
		return true;
	*ret = *a;
	for (size_t i = 0; i < b->n; i++)
		ret->rest = ruling_meet(ret->rest, b->part[i].ruling);
	ret->rest = ruling_meet(ret->rest, b->rest);
	view_flatten(ret);
	return false;
}

bool view_set_rest(struct view *view, struct ruling rest)
{
	static const struct conj everything = { 0 };
	struct view out = { .rest = rest };

	if (ruling_compare(view->rest, rest) == 0)
		return true;
	/* What becomes a rule is a rule's: where the number came from makes no difference now. */
	for (size_t i = 0; i < view->n; i++) {
		if (!ruling_is(view->part[i].ruling, view->rest) || ruling_is(view->rest, rest))
			out.part[out.n++] = view->part[i];
	}
	memcpy(view->part, out.part, out.n * sizeof(out.part[0]));
	view->n = out.n;
	if (view->n == 0)
		return true;
	if (!add_without(&out, &everything, view->rest, view->part, view->n)) {
		/* Only the number's origin would be lost: not worth the whole call. */
		if (ruling_is(view->rest, rest)) {
			view->rest = rest;
			view_tidy(view);
			return true;
		}
		view_flatten(view);
		return false;
	}
	*view = out;
	view_tidy(view);
	return true;
}

bool view_equal(const struct view *a, const struct view *b)
{
	if (a->n != b->n || ruling_compare(a->rest, b->rest) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (compare_parts(&a->part[i], &b->part[i]) != 0)
			return false;
	}
	return true;
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
 * ruling: what is left of a call when one combination is taken out.
 */
static bool is_one_taken_out(const struct view *view, struct ruling fallback)
{
	const struct part *taken = NULL, *left = NULL;
	const struct cond *out[SYSCALL_ARGS] = { NULL };

	for (size_t i = 0; i < view->n; i++) {
		const struct part *p = &view->part[i];
		int k = only_not(p);

		if (ruling_is(p->ruling, fallback))
			continue;
		if (k < 0 && taken)
			return false;
		if (k < 0) {
			taken = p;
			continue;
		}
		if (out[k] || (left && ruling_compare(left->ruling, p->ruling) != 0))
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
	return !taken || !left || ruling_compare(taken->ruling, left->ruling) != 0;
}

bool view_compiles(const struct view *view, struct ruling fallback)
{
	size_t inequalities = 0, n = 0;

	for (size_t i = 0; i < view->n; i++) {
		if (ruling_is(view->part[i].ruling, fallback))
			continue;
		inequalities += count_kinds(&view->part[i], INEQUALITIES);
		n++;
	}
	return inequalities == 0 || n == 1 || is_one_taken_out(view, fallback);
}
