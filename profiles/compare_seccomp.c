/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: what each call's action is for which arguments, before and now.
 *
 * Rules that depend on capabilities or the kernel are compared twice, for a container without any
 * capability on an unknown kernel, and for one with all of them on the latest.
 */
#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/compare_internal.h"
#include "profiles/filter_view.h"
#include "profiles/filter_words.h"
#include "profiles/seccomp_meet.h"

#define KERNEL_LATEST UINT32_MAX

/* The calls of one change: from this action, to that one. */
struct names {
	char **v;
	size_t n;
};

struct calls {
	const struct comparison *c;
	const char *condition; /* ", with every capability", or "" */
	struct filter old, now;
	struct names changed[ACTIONS_][ACTIONS_];
	struct names wider, narrower, unclear, errnos; /* for some arguments */
	struct view view_old, view_now, both;
};

static int side_filter(const struct side *side, uint64_t caps, uint32_t kernel, struct filter *ret,
		       struct err *err)
{
	const struct seccomp_section **sections = calloc(side->n + 1, sizeof(*sections));
	int r;

	if (!sections)
		return err_oom(err);
	for (size_t i = 0; i < side->n; i++)
		sections[i] = &side->v[i].seccomp;
	r = seccomp_meet(sections, side->n, caps, kernel, ret, err);
	free(sections);
	return r;
}

/* ---- one call ---- */

/* What the filter says of it; false where no view can be made. */
static bool view_of(const struct filter *filter, const char *name, struct view *ret)
{
	const struct filter_rule *rules[VIEW_PARTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < filter->n_rules; i++) {
		if (!streq(filter->rules[i].name, name))
			continue;
		if (n == ARRAY_SIZE(rules))
			return false;
		rules[n++] = &filter->rules[i];
	}
	return view_make(rules, n, filter->default_action, ret);
}

static bool covers(const struct view *view, const struct part *part)
{
	for (size_t i = 0; i < view->n; i++) {
		if (action_compare(view->part[i].action, part->action) == 0 &&
		    conj_within(&part->conj, &view->part[i].conj))
			return true;
	}
	return false;
}

/* True only where it is certain. */
static bool same(const struct view *a, const struct view *b)
{
	if (action_compare(a->rest, b->rest) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!covers(b, &a->part[i]))
			return false;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (!covers(a, &b->part[i]))
			return false;
	}
	return true;
}

static void forget_numbers(struct view *view)
{
	struct action one[ACTIONS_];

	for (size_t i = 0; i < ACTIONS_; i++)
		one[i] = (struct action){ (enum filter_action)i, 0 };
	view_forget_numbers(view, one);
}

static int add_name(struct calls *calls, struct names *names, const char *name)
{
	return strv_add(&names->v, &names->n, name, calls->c->err);
}

static int compare_call(struct calls *calls, const char *name)
{
	struct view *old = &calls->view_old, *now = &calls->view_now;
	bool exact = view_of(&calls->old, name, old), by_number;
	int r = 0;

	exact &= view_of(&calls->now, name, now);
	if (!exact)
		return add_name(calls, &calls->unclear, name);
	by_number = same(old, now);
	if (by_number)
		return 0;
	forget_numbers(old);
	forget_numbers(now);
	if (same(old, now))
		return add_name(calls, &calls->errnos, name);
	if (old->n == 0 && now->n == 0)
		return add_name(calls, &calls->changed[old->rest.kind][now->rest.kind], name);
	if (!view_meet(old, now, &calls->both))
		return add_name(calls, &calls->unclear, name);
	if (!same(&calls->both, now))
		r = add_name(calls, &calls->wider, name);
	if (r == 0 && !same(&calls->both, old))
		r = add_name(calls, &calls->narrower, name);
	return r;
}

static int compare_calls(struct calls *calls)
{
	const struct filter *const filters[] = { &calls->old, &calls->now };
	struct err *err = calls->c->err;
	char **names = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t f = 0; f < ARRAY_SIZE(filters); f++) {
		for (size_t i = 0; r == 0 && i < filters[f]->n_rules; i++)
			r = strv_add(&names, &n, filters[f]->rules[i].name, err);
	}
	strv_sort_unique(names, &n);
	for (size_t i = 0; r == 0 && names && i < n; i++)
		r = compare_call(calls, names[i]);
	strv_free(&names, &n);
	return r;
}

/* ---- telling ---- */

static const char *word_of(enum filter_action kind)
{
	return filter_action_word(kind) + strlen("SCMP_ACT_");
}

static int tell(struct calls *calls, const struct names *names, enum way way, const char *how)
{
	_cleanup_buf_ struct buf text = { 0 };

	if (names->n == 0)
		return 0;
	for (size_t i = 0; i < names->n; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", names->v[i]);
	buf_addf(&text, ": %s%s", how, calls->condition);
	return difference_take(calls->c, "seccomp", way, &text);
}

static int tell_changed(struct calls *calls)
{
	int r = 0;

	for (size_t from = 0; from < ACTIONS_; from++) {
		for (size_t to = 0; r == 0 && to < ACTIONS_; to++) {
			char how[64];

			(void)snprintf(how, sizeof(how), "%s, now %s",
				       word_of((enum filter_action)from),
				       word_of((enum filter_action)to));
			r = tell(calls, &calls->changed[from][to],
				 to > from ? WAY_WIDER : WAY_NARROWER, how);
		}
	}
	return r;
}

static int tell_default(struct calls *calls)
{
	enum filter_action old = calls->old.default_action.kind;
	enum filter_action now = calls->now.default_action.kind;
	_cleanup_buf_ struct buf text = { 0 };

	if (old == now)
		return 0;
	buf_addf(&text, "every system call that is not named: %s, now %s%s", word_of(old),
		 word_of(now), calls->condition);
	return difference_take(calls->c, "seccomp", now > old ? WAY_WIDER : WAY_NARROWER, &text);
}

static int tell_architectures(struct calls *calls, const struct filter *from,
			      const struct filter *other, enum way way)
{
	int r = 0;

	if (from->any_architecture && !other->any_architecture)
		return difference_add(calls->c->out, "seccomp", way,
				      "system calls of other architectures", calls->c->err);
	for (size_t i = 0; r == 0 && !other->any_architecture && i < from->n_architectures; i++) {
		const char *name = from->architectures[i];
		_cleanup_buf_ struct buf text = { 0 };

		if (strv_contains(other->architectures, other->n_architectures, name) ||
		    (other->n_architectures == 0 && streq(name, FILTER_ARCH_NATIVE)))
			continue;
		buf_addf(&text, "system calls of %s", name);
		r = difference_take(calls->c, "seccomp", way, &text);
	}
	return r;
}

static int tell_all(struct calls *calls)
{
	int r;

	r = tell_default(calls);
	if (r == 0)
		r = tell_changed(calls);
	if (r == 0)
		r = tell(calls, &calls->wider, WAY_WIDER, "with more arguments");
	if (r == 0)
		r = tell(calls, &calls->unclear, WAY_WIDER,
			 "their conditions differ in a way that cannot be compared");
	if (r == 0)
		r = tell(calls, &calls->narrower, WAY_NARROWER, "with fewer arguments");
	return r < 0 ? r : tell(calls, &calls->errnos, WAY_OTHER, "another errno");
}

static void calls_done(struct calls *calls)
{
	struct names *const some[] = { &calls->wider, &calls->narrower, &calls->unclear,
				       &calls->errnos };

	for (size_t i = 0; i < ACTIONS_; i++) {
		for (size_t k = 0; k < ACTIONS_; k++)
			strv_free(&calls->changed[i][k].v, &calls->changed[i][k].n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		strv_free(&some[i]->v, &some[i]->n);
	filter_done(&calls->old);
	filter_done(&calls->now);
	free(calls);
}

static int compare_for(const struct comparison *c, uint64_t caps, uint32_t kernel,
		       const char *condition)
{
	struct calls *calls = calloc(1, sizeof(*calls));
	int r;

	if (!calls)
		return err_oom(c->err);
	calls->c = c;
	calls->condition = condition;
	r = side_filter(&c->old, caps, kernel, &calls->old, c->err);
	if (r == 0)
		r = side_filter(&c->now, caps, kernel, &calls->now, c->err);
	if (r == 0)
		r = compare_calls(calls);
	if (r == 0)
		r = tell_all(calls);
	if (r == 0 && !*condition)
		r = tell_architectures(calls, &calls->now, &calls->old, WAY_WIDER);
	if (r == 0 && !*condition)
		r = tell_architectures(calls, &calls->old, &calls->now, WAY_NARROWER);
	calls_done(calls);
	return r;
}

static bool is_conditional(const struct side *side)
{
	for (size_t i = 0; i < side->n; i++) {
		const struct seccomp_section *section = &side->v[i].seccomp;

		for (size_t k = 0; section->present && k < section->n_filters; k++) {
			if (section->filters[k].conditional)
				return true;
		}
	}
	return false;
}

int compare_seccomp(const struct comparison *c)
{
	int r = compare_for(c, 0, 0, "");

	if (r == 0 && (is_conditional(&c->old) || is_conditional(&c->now)))
		r = compare_for(c, CAPS_ALL, KERNEL_LATEST, ", with every capability");
	return r;
}
