/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meet of two filters: call by call, the stricter of both.
 *
 * The result is in normal form: rules sorted by call, strictest first, rules of one call that
 * differ in their action with no arguments in common, so that it does not matter in which order
 * a compiler looks at them; only where the one filter alone decides, and no such form can be had,
 * its rules stay as they were.
 */
#include "profiles/filter.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/filter_apart.h"
#include "profiles/filter_mux.h"
#include "profiles/filter_view.h"
#include "profiles/filter_words.h"

#define FLAG_SPEC_ALLOW "SECCOMP_FILTER_FLAG_SPEC_ALLOW"

static const char why_whole[] =
	"its argument conditions cannot be combined in a filter that is sure to "
	"be compiled right";
static const char why_cut[] = "of its arguments only those bits are compared that the kernel takes";

bool filter_coarse_is_whole(const char *why)
{
	return why != why_cut;
}

/* A filter's rules in the order of their calls, and how far the walk through them has come. */
struct side {
	const struct filter_rule **rules;
	size_t n, at;
	struct action fallback; /* the filter's default */
};

struct meet {
	struct side a, b;
	struct action fallback;
	struct view view_a, view_b, both;
	bool narrow; /* arguments of one of the architectures have 32 bits */
	struct filter *out;
	filter_coarse_fn *coarse;
	void *arg;
	struct err *err;
};

static int compare_rules(const void *a, const void *b)
{
	const struct filter_rule *const *x = a, *const *y = b;
	int r = strcmp((*x)->name, (*y)->name);

	/* They stand in one array: rules of one call keep their order. */
	return r != 0 ? r : *x < *y ? -1 : *x > *y;
}

static int side_init(struct side *side, const struct filter *filter, struct err *err)
{
	side->fallback = filter->default_action;
	side->rules = calloc(filter->n_rules + 1, sizeof(struct filter_rule *));
	if (!side->rules)
		return err_oom(err);
	side->n = filter->n_rules;
	for (size_t i = 0; i < side->n; i++)
		side->rules[i] = &filter->rules[i];
	qsort(side->rules, side->n, sizeof(struct filter_rule *), compare_rules);
	return 0;
}

/* The next call that either side names, or NULL. */
static const char *next_name(const struct meet *m)
{
	const char *a = m->a.at < m->a.n ? m->a.rules[m->a.at]->name : NULL;
	const char *b = m->b.at < m->b.n ? m->b.rules[m->b.at]->name : NULL;

	if (!a || !b)
		return a ? a : b;
	return strcmp(a, b) <= 0 ? a : b;
}

/* Take the rules of one call; there may be none. */
static bool side_view(struct side *side, const char *name, struct view *ret)
{
	size_t first = side->at;

	while (side->at < side->n && streq(side->rules[side->at]->name, name))
		side->at++;
	return view_make(&side->rules[first], side->at - first, side->fallback, ret);
}

static int out_add(struct meet *m, const char *name, const struct filter_arg *args, size_t n_args,
		   struct action action)
{
	const struct filter_rule rule = {
		.name = (char *)(uintptr_t)name,
		.action = action,
		.args = (struct filter_arg *)(uintptr_t)args,
		.n_args = n_args,
	};

	return filter_add_rule(m->out, &rule, m->err);
}

/* A rule that the runtimes skip, since it says what the default says. */
static bool is_skipped(const struct side *side, const struct filter_rule *rule)
{
	return action_compare(rule->action, side->fallback) == 0;
}

/*
 * Does the first filter alone decide, with the second giving one laxer action for every argument?
 * Then its rules may stay as they are: a compiler makes of them what it made of them before, and
 * has no action to give which the second filter does not allow. Not so with different actions,
 * where all depends on their order.
 */
static bool is_untouched(const struct meet *m, size_t first)
{
	struct action other = m->view_b.rest;
	const struct filter_rule *before = NULL;

	if (m->view_b.n > 0 || action_compare(m->a.fallback, m->fallback) != 0 ||
	    action_compare(other, m->a.fallback) < 0)
		return false;
	for (size_t i = first; i < m->a.at; i++) {
		const struct filter_rule *rule = m->a.rules[i];

		if (is_skipped(&m->a, rule))
			continue;
		if (action_compare(other, rule->action) < 0 ||
		    (before && action_compare(before->action, rule->action) != 0))
			return false;
		before = rule;
	}
	return true;
}

static int copy_rules(struct meet *m, size_t first)
{
	int r = 0;

	for (size_t i = first; r == 0 && i < m->a.at; i++) {
		const struct filter_rule *rule = m->a.rules[i];
		bool half = i + 1 < m->a.at && filter_are_halves(rule, m->a.rules[i + 1]);

		if (is_skipped(&m->a, rule))
			continue;
		r = out_add(m, rule->name, rule->args, rule->n_args - half, rule->action);
		i += half;
	}
	return r;
}

/* Of what libseccomp cuts off where arguments have 32 bits. */
static bool view_has_high_half(const struct view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		for (size_t k = 0; k < SYSCALL_ARGS; k++) {
			const struct cond *c = &view->part[i].conj.arg[k];

			/* High bits of a mask alone are 0 in every such argument, as they must be.
			 */
			if ((c->kind == COND_BITS ? c->b : c->a) >> 32)
				return true;
		}
	}
	return false;
}

static bool has_high_half(const struct side *side, size_t first)
{
	for (size_t i = first; i < side->at; i++) {
		const struct filter_rule *rule = side->rules[i];

		for (size_t k = 0; k < rule->n_args; k++) {
			if ((rule->args[k].value | rule->args[k].value_two) >> 32 &&
			    !is_skipped(side, rule))
				return true;
		}
	}
	return false;
}

/* The strictest that any rule of the call says, for all arguments. */
static void flatten(struct meet *m, const struct side *side, size_t first)
{
	for (size_t i = first; i < side->at; i++) {
		if (!is_skipped(side, side->rules[i]))
			m->both.rest = action_meet(m->both.rest, side->rules[i]->action);
	}
	view_flatten(&m->both);
}

/*
 * Equalities before what is left without them: in the other order libseccomp 2.5.4 loses them
 * where arguments have 32 bits.
 */
static int write_parts(struct meet *m, const char *name, bool inequalities)
{
	struct filter_arg args[SYSCALL_ARGS];
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->both.n; i++) {
		const struct part *p = &m->both.part[i];

		if (conj_has_inequality(&p->conj) == inequalities)
			r = out_add(m, name, args, conj_to_args(&p->conj, args), p->action);
	}
	return r;
}

static int write_view(struct meet *m, const char *name)
{
	const struct view *both = &m->both;
	int r = 0;

	if (both->n == 0 && action_compare(both->rest, m->fallback) != 0)
		r = out_add(m, name, NULL, 0, both->rest);
	if (r == 0)
		r = write_parts(m, name, false);
	return r == 0 ? write_parts(m, name, true) : r;
}

/* The meet of both views; false where it cannot be had, or not in rules that can be trusted. */
static bool meet_views(struct meet *m)
{
	return view_meet(&m->view_a, &m->view_b, &m->both) &&
	       /* A rule without conditions would take all: what it says goes into conditions too.
		*/
	       (m->both.n == 0 || view_set_rest(&m->both, m->fallback)) &&
	       view_compiles(&m->both) && (!m->narrow || !view_has_high_half(&m->both));
}

/* The strictest number of each kind. */
static void find_numbers(const struct view *view, struct action one[ACTIONS_])
{
	one[view->rest.kind] = action_meet(one[view->rest.kind], view->rest);
	for (size_t i = 0; i < view->n; i++) {
		struct action action = view->part[i].action;

		one[action.kind] = action_meet(one[action.kind], action);
	}
}

/* Again, without distinctions that are of numbers only: they confine nothing. */
static bool meet_kinds(struct meet *m)
{
	struct action one[ACTIONS_], strictest;

	for (size_t i = 0; i < ACTIONS_; i++)
		one[i] = (struct action){ (enum filter_action)i, UINT32_MAX };
	find_numbers(&m->view_a, one);
	find_numbers(&m->view_b, one);
	strictest = one[m->fallback.kind];
	one[m->fallback.kind] = m->fallback;
	view_forget_numbers(&m->view_a, one);
	view_forget_numbers(&m->view_b, one);
	if (!meet_views(m))
		return false;
	if (m->both.n == 0 && m->both.rest.kind == m->fallback.kind)
		m->both.rest = strictest;
	return true;
}

/*
 * Again, each side as strict or stricter, so that it can be met; and something is left. What comes
 * out is met with the second as it was, so that it is said as if it had been asked for.
 */
static bool meet_strictly(struct meet *m, const char *name, size_t first_b)
{
	if (!view_read_strictly(&m->view_a, name) || !view_read_strictly(&m->view_b, name) ||
	    !meet_kinds(m) || m->both.n == 0)
		return false;
	m->view_a = m->both;
	return view_make(&m->b.rules[first_b], m->b.at - first_b, m->b.fallback, &m->view_b) &&
	       (meet_views(m) || meet_kinds(m));
}

static void tell(const struct meet *m, const char *name, const char *why)
{
	if (m->coarse)
		m->coarse(m->arg, name, why);
}

static bool has_coarse(const struct side *side, size_t first)
{
	for (size_t i = first; i < side->at; i++) {
		if (side->rules[i]->coarse)
			return true;
	}
	return false;
}

static int meet_call(struct meet *m, const char *name)
{
	size_t first_a = m->a.at, first_b = m->b.at;
	bool exact = side_view(&m->a, name, &m->view_a);

	exact &= side_view(&m->b, name, &m->view_b);
	exact = exact &&
		(!m->narrow || (!has_high_half(&m->a, first_a) && !has_high_half(&m->b, first_b)));
	if (exact && (meet_views(m) || meet_kinds(m))) {
		if (has_coarse(&m->a, first_a) || has_coarse(&m->b, first_b))
			tell(m, name, why_whole);
	} else if (is_untouched(m, first_a)) {
		return copy_rules(m, first_a);
	} else if (exact && meet_strictly(m, name, first_b)) {
		tell(m, name, why_cut);
	} else {
		m->both.rest = action_meet(m->view_a.rest, m->view_b.rest);
		m->both.n = 0;
		flatten(m, &m->a, first_a);
		flatten(m, &m->b, first_b);
		tell(m, name, why_whole);
	}
	return write_view(m, name);
}

static int meet_calls(struct meet *m, const struct filter *a, const struct filter *b)
{
	const char *name;
	int r;

	r = side_init(&m->a, a, m->err);
	if (r == 0)
		r = side_init(&m->b, b, m->err);
	while (r == 0 && (name = next_name(m)))
		r = meet_call(m, name);
	free(m->a.rules);
	free(m->b.rules);
	return r;
}

static void drop_rules(struct filter *out, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < out->n_rules; i++) {
		if (streq(out->rules[i].name, name)) {
			free(out->rules[i].name);
			free(out->rules[i].args);
		} else {
			out->rules[n++] = out->rules[i];
		}
	}
	out->n_rules = n;
}

/* In place of all rules for a call, one; where its name has its place. */
static int replace_rules(struct meet *m, const char *name, struct action action, const char *why)
{
	int r;

	if (m->coarse)
		m->coarse(m->arg, name, why);
	drop_rules(m->out, name);
	r = out_add(m, name, NULL, 0, action);
	for (size_t k = m->out->n_rules - 1; r == 0 && k > 0; k--) {
		struct filter_rule *rule = &m->out->rules[k], last = *rule;

		if (strcmp(rule[-1].name, rule->name) <= 0)
			break;
		*rule = rule[-1];
		rule[-1] = last;
	}
	return r;
}

static int meet_multiplexers(struct meet *m, const struct filter *a, const struct filter *b)
{
	struct mux_rule rules[MULTIPLEXERS];
	size_t n = mux_rules(a, b, m->out, rules);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = replace_rules(m, rules[i].name, rules[i].action,
				  "what is denied by another name can be reached through it");
	return r;
}

/* The strictest of a call's rules, and of the default. */
static struct action strictest_of(const struct filter *filter, const char *name)
{
	struct action action = filter->default_action;

	for (size_t i = 0; i < filter->n_rules; i++) {
		if (streq(filter->rules[i].name, name))
			action = action_meet(action, filter->rules[i].action);
	}
	return action;
}

static const struct filter_rule *find_cannot(const struct filter *filter)
{
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].apart == APART_CANNOT)
			return &filter->rules[i];
	}
	return NULL;
}

/* At the end, when it is known how each call is said. */
static int keep_apart(struct meet *m)
{
	static const char why[] = "libseccomp would put its conditions together with another's";
	const char *muxes[MULTIPLEXERS];
	const struct filter_rule *rule;
	size_t n = 0;
	int r;

	r = filter_keep_apart(m->out, muxes, &n, m->err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = replace_rules(m, muxes[i], mux_strictest(m->out, muxes[i]), why);
	while (r == 0 && (rule = find_cannot(m->out))) {
		_cleanup_free_ char *name = strdup(rule->name);

		r = name ? replace_rules(m, name, strictest_of(m->out, name), why)
			 : err_oom(m->err);
	}
	return r;
}

/* x32 too: libseccomp compares the low half of its arguments. */
static bool is_narrow(const struct filter *filter)
{
	static const char *const wide[] = { "SCMP_ARCH_X86_64",  "SCMP_ARCH_AARCH64",
					    "SCMP_ARCH_MIPS64",  "SCMP_ARCH_MIPSEL64",
					    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
					    "SCMP_ARCH_S390X",   "SCMP_ARCH_PARISC64",
					    "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64" };

	for (size_t i = 0; i < filter->n_architectures; i++) {
		if (!strv_contains((char *const *)wide, ARRAY_SIZE(wide), filter->architectures[i]))
			return true;
	}
	return filter->n_architectures == 0 && !filter->any_architecture && sizeof(long) == 4;
}

static bool has_architecture(const struct filter *filter, const char *name)
{
	if (filter->n_architectures == 0)
		return streq(name, FILTER_ARCH_NATIVE);
	return strv_contains(filter->architectures, filter->n_architectures, name);
}

static int copy_architectures(const struct filter *from, struct filter *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_architectures; i++)
		r = strv_add(&out->architectures, &out->n_architectures, from->architectures[i],
			     err);
	strv_sort_unique(out->architectures, &out->n_architectures);
	return r;
}

static int meet_architectures(const struct filter *a, const struct filter *b, struct filter *out,
			      struct err *err)
{
	static char native[] = FILTER_ARCH_NATIVE;
	char *alone[] = { native };
	char **v = a->n_architectures ? a->architectures : alone;
	size_t n = a->n_architectures ? a->n_architectures : 1;
	int r = 0;

	out->any_architecture = a->any_architecture && b->any_architecture;
	if (a->any_architecture || b->any_architecture)
		return copy_architectures(a->any_architecture ? b : a, out, err);
	if (a->n_architectures == 0 && b->n_architectures == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (has_architecture(b, v[i]))
			r = strv_add(&out->architectures, &out->n_architectures, v[i], err);
	}
	if (r == 0 && out->n_architectures == 0)
		return err_refuse(err, ENOTEMPTY, "the filters have no architecture in common");
	strv_sort_unique(out->architectures, &out->n_architectures);
	return r;
}

static int copy_text(const char *text, char **ret, struct err *err)
{
	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

/*
 * Flags are the request's, which is the first operand: the engine must serve what it asked for.
 * SPEC_ALLOW switches a protection off, so that no meet has it. LOG confines nothing, but whoever
 * wants a record of each refused call is to get it.
 */
static int keep_flags(const struct filter *request, const struct filter *profile,
		      struct filter *out, struct err *err)
{
	int r = 0;

	if (strv_contains(profile->flags, profile->n_flags, FILTER_FLAG_LOG))
		r = strv_add(&out->flags, &out->n_flags, FILTER_FLAG_LOG, err);
	for (size_t i = 0; r == 0 && i < request->n_flags; i++) {
		if (!streq(request->flags[i], FLAG_SPEC_ALLOW))
			r = strv_add(&out->flags, &out->n_flags, request->flags[i], err);
	}
	strv_sort_unique(out->flags, &out->n_flags);
	return r;
}

static bool notifies(const struct filter *filter)
{
	if (filter->default_action.kind == ACT_NOTIFY)
		return true;
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].action.kind == ACT_NOTIFY)
			return true;
	}
	return false;
}

/* A filter has one listener. Where nothing is left to ask it, runc would start no container. */
static int meet_listeners(const struct filter *a, const struct filter *b, struct filter *out,
			  struct err *err)
{
	const struct filter *from = a->listener_path ? a : b;
	int r;

	if (!notifies(out))
		return 0;
	if (a->listener_path && b->listener_path && !streq(a->listener_path, b->listener_path))
		return err_refuse(err, ENOTEMPTY,
				  "both refer system calls to a listener, and not to the same: %s "
				  "and %s",
				  Q(a->listener_path), Q(b->listener_path));
	r = copy_text(from->listener_path, &out->listener_path, err);
	return r < 0 ? r : copy_text(from->listener_metadata, &out->listener_metadata, err);
}

int filter_meet(const struct filter *a, const struct filter *b, struct filter *ret,
		filter_coarse_fn *coarse, void *arg, struct err *err)
{
	_cleanup_free_ struct meet *m = calloc(1, sizeof(*m));
	struct filter out = { 0 };
	int r;

	if (!m)
		return err_oom(err);
	m->out = &out;
	m->coarse = coarse;
	m->arg = arg;
	m->err = err;
	m->fallback = action_meet(a->default_action, b->default_action);
	out.default_action = m->fallback;
	r = meet_architectures(a, b, &out, err);
	if (r == 0)
		r = keep_flags(a, b, &out, err);
	m->narrow = is_narrow(&out);
	if (r == 0)
		r = meet_calls(m, a, b);
	if (r == 0)
		r = meet_multiplexers(m, a, b);
	if (r == 0)
		r = keep_apart(m);
	if (r == 0)
		r = meet_listeners(a, b, &out, err);
	if (r < 0) {
		filter_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}
