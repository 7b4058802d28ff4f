/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: the meet of the request's filter with every filter of every profile.
 */
#include <errno.h>

#include "lib/strv.h"
#include "profiles/policy_internal.h"

/* How many names a change lists before it counts only. */
#define NAMES_TOLD_MAX 20

/* The calls that had to be denied as a whole, and those of which only some bits are compared. */
struct coarse {
	char **names, **cut;
	size_t n, n_cut;
	struct err *err;
};

static void add_coarse(void *arg, const char *syscall, const char *why)
{
	struct coarse *coarse = arg;

	if (filter_coarse_is_whole(why))
		(void)strv_add(&coarse->names, &coarse->n, syscall, coarse->err);
	else
		(void)strv_add(&coarse->cut, &coarse->n_cut, syscall, coarse->err);
}

/* All of them in the names, the others in both. */
static void add_lost_call(void *arg, const char *syscall, const char *why)
{
	struct coarse *lost = arg;

	add_coarse(lost, syscall, why);
	if (!filter_coarse_is_whole(why))
		(void)strv_add(&lost->names, &lost->n, syscall, lost->err);
}

/*
 * What the container will have when all sections are through: a filter may depend on it. Deciding a
 * second time finds the same.
 */
static uint64_t bounding_set(const struct pass *pass)
{
	uint64_t caps = pass->request->caps[SET_BOUNDING];

	for (size_t i = 0; i < pass->n; i++)
		caps &= profile_keeps(pass->profiles[i]);
	return caps;
}

/* *base meets one filter; *base is replaced. */
static int meet_filter(const struct pass *pass, struct filter *base, const struct filter *filter,
		       struct coarse *coarse, struct err *err)
{
	struct filter met = { 0 }, resolved = { 0 };
	int r = 0;

	if (filter->conditional)
		r = filter_resolve(filter, bounding_set(pass), pass->facts->kernel, &resolved, err);
	if (r == 0)
		r = filter_meet(base, filter->conditional ? &resolved : filter, &met,
				coarse ? add_coarse : NULL, coarse, err);
	filter_done(&resolved);
	if (r < 0)
		return r;
	filter_done(base);
	*base = met;
	return 0;
}

/* *base meets every filter of one profile. */
static int meet_profile(const struct pass *pass, struct filter *base, const struct profile *profile,
			struct coarse *coarse, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < profile->seccomp.n_filters; i++)
		r = meet_filter(pass, base, &profile->seccomp.filters[i], coarse, err);
	return r;
}

static const struct filter everything = { .default_action = { .kind = ACT_ALLOW },
					  .any_architecture = true };

/*
 * The request as a filter in its normal form: what is met with everything.
 *
 * lost  gets the calls that this form denies as a whole, or in part, though the request's own text
 *       does not
 */
static int request_filter(const struct request *request, struct filter *ret, struct coarse *lost,
			  struct err *err)
{
	static const struct filter absent = { .default_action = { .kind = ACT_ALLOW } };
	struct filter filter = { 0 };
	int r;

	/* Nothing in it depends on anything; but calls with a fallback are made explicit. */
	r = filter_resolve(request->has_seccomp ? &request->seccomp : &absent, 0, 0, &filter, err);
	if (r == 0)
		r = filter_meet(&filter, &everything, ret, lost ? add_lost_call : NULL, lost, err);
	filter_done(&filter);
	return r;
}

static bool is_multiplexer(const char *name)
{
	return streq(name, "socketcall") || streq(name, "ipc");
}

/* Does a filter in normal form let this call through, whatever its arguments? */
static bool lets_through(const struct filter *filter, const char *name)
{
	bool lets = filter->default_action.kind == ACT_ALLOW;

	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		/* What is said of another call may be reached through a multiplexer. */
		if (!streq(rule->name, name) && !is_multiplexer(name))
			continue;
		if (rule->n_args > 0 || rule->action.kind != ACT_ALLOW)
			return false;
		lets = lets || streq(rule->name, name);
	}
	return lets;
}

/* Does the profile take anything from calls that the normal form of the request has lost? */
static int takes_lost(const struct pass *pass, const struct profile *profile,
		      const struct coarse *lost, bool *ret, struct err *err)
{
	struct filter filter = everything;
	int r;

	*ret = false;
	if (lost->n == 0 || !profile->seccomp.present)
		return 0;
	r = meet_profile(pass, &filter, profile, NULL, err);
	for (size_t i = 0; r == 0 && i < lost->n && !*ret; i++)
		*ret = !lets_through(&filter, lost->names[i]);
	filter_done(&filter);
	return r;
}

/* Who changes anything, taken alone. */
static int find_demand(const struct pass *pass, const struct filter *base,
		       const struct coarse *lost, struct demand *demand, struct err *err)
{
	for (size_t i = 0; i < pass->n; i++) {
		struct filter alone = { 0 };
		bool takes = false;
		int r;

		if (!pass->profiles[i]->seccomp.present)
			continue;
		r = request_filter(pass->request, &alone, NULL, err);
		if (r == 0)
			r = meet_profile(pass, &alone, pass->profiles[i], NULL, err);
		if (r == 0)
			r = takes_lost(pass, pass->profiles[i], lost, &takes, err);
		if (r == 0 && (takes || !filter_equal(&alone, base)))
			demand_add(demand, i);
		filter_done(&alone);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_args(const struct filter_arg *a, const struct filter_arg *b)
{
	if (a->index != b->index)
		return compare_u64(a->index, b->index);
	if (a->op != b->op)
		return compare_u64(a->op, b->op);
	if (a->value != b->value)
		return compare_u64(a->value, b->value);
	return compare_u64(a->value_two, b->value_two);
}

static int compare_rules(const void *left, const void *right)
{
	const struct filter_rule *const *a = left, *const *b = right;
	const struct filter_rule *x = *a, *y = *b;
	int r = strcmp(x->name, y->name);

	if (r == 0)
		r = (int)x->action.kind - (int)y->action.kind; /* numbers confine nothing */
	if (r == 0)
		r = compare_u64(x->n_args, y->n_args);
	for (size_t i = 0; r == 0 && i < x->n_args; i++)
		r = compare_args(&x->args[i], &y->args[i]);
	return r;
}

/* Names with a rule in one filter that the other has not. Sorted, as either may have 20,000. */
static int add_difference(const struct filter *a, const struct filter *b, char ***names, size_t *n,
			  struct err *err)
{
	_cleanup_free_ const struct filter_rule **sorted = calloc(b->n_rules + 1, sizeof(*sorted));
	int r = 0;

	if (!sorted)
		return err_oom(err);
	for (size_t i = 0; i < b->n_rules; i++)
		sorted[i] = &b->rules[i];
	qsort(sorted, b->n_rules, sizeof(*sorted), compare_rules);
	for (size_t i = 0; r == 0 && i < a->n_rules; i++) {
		const struct filter_rule *rule = &a->rules[i];

		if (rule->action.kind != a->default_action.kind &&
		    !bsearch(&rule, sorted, b->n_rules, sizeof(*sorted), compare_rules))
			r = strv_add(names, n, rule->name, err);
	}
	return r;
}

static void add_names(struct buf *what, char *const *names, size_t n)
{
	for (size_t i = 0; names && i < n && i < NAMES_TOLD_MAX; i++)
		buf_addf(what, "%s%s", i ? ", " : "", names[i]);
	if (n > NAMES_TOLD_MAX)
		buf_adds(what, ", ...");
}

static bool filter_logs(const struct filter *filter)
{
	return strv_contains(filter->flags, filter->n_flags, FILTER_FLAG_LOG);
}

static int describe(const struct filter *before, const struct filter *after,
		    const struct coarse *coarse, const struct coarse *lost, struct buf *what,
		    struct err *err)
{
	bool logs = filter_logs(after) && !filter_logs(before);
	char **names = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < lost->n; i++)
		r = strv_add(&names, &n, lost->names[i], err);
	if (r == 0)
		r = add_difference(before, after, &names, &n, err);
	if (r == 0)
		r = add_difference(after, before, &names, &n, err);
	if (r < 0) {
		strv_free(&names, &n);
		return r;
	}
	strv_sort_unique(names, &n);
	if (n == 0 && before->default_action.kind == after->default_action.kind && logs)
		buf_adds(what, "has the kernel log each refused call");
	else if (before->default_action.kind != after->default_action.kind)
		buf_addf(what, "allows only listed system calls; changes %zu: ", n);
	else
		buf_addf(what, "restricts %zu system call%s: ", n, n == 1 ? "" : "s");
	add_names(what, names, n);
	if (logs && n > 0)
		buf_adds(what, "; has the kernel log each refused call");
	strv_free(&names, &n);
	if (coarse->n > 0) {
		buf_adds(what, "; denied as a whole, since their argument conditions cannot be "
			       "combined exactly: ");
		add_names(what, coarse->names, coarse->n);
	}
	if (coarse->n_cut > 0) {
		buf_adds(what, "; compared on those bits only that the kernel takes: ");
		add_names(what, coarse->cut, coarse->n_cut);
	}
	return buf_status(what) < 0 ? err_oom(err) : 0;
}

static int write_filter(const struct pass *pass, const struct filter *filter, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);

	filter_emit(&e, filter);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return edit_member(pass->edit, pass->request->linux_node, "seccomp", text.data, err);
}

static int apply(const struct pass *pass, const struct filter *before, const struct filter *after,
		 const struct coarse *coarse, const struct coarse *lost, struct err *err)
{
	_cleanup_buf_ struct buf what = { 0 };
	struct demand demand = { 0 };
	int r;

	if (lost->n == 0 && filter_equal(before, after))
		return 0;
	r = find_demand(pass, before, lost, &demand, err);
	if (r < 0 || (!demand.any && filter_equal(before, after)))
		return r;
	if (!pass->request->linux_node)
		return err_input(err, EBADMSG, "%s: there is no \"linux\" to put a filter in",
				 doc_name(pass->request->doc));
	r = describe(before, after, coarse, lost, &what, err);
	if (r == 0)
		r = write_filter(pass, after, err);
	if (r == 0)
		r = change_add(pass, SECTION_SECCOMP, &demand, what.data, err);
	return r;
}

static bool any_demands(const struct pass *pass)
{
	for (size_t i = 0; i < pass->n; i++) {
		if (pass->profiles[i]->seccomp.present)
			return true;
	}
	return false;
}

/* Filters that have no meet: the container cannot have what this profile demands. */
static int refuse(const struct pass *pass, size_t profile, struct err *err)
{
	const struct err why = *err;
	struct demand demand = { 0 };

	demand_add(&demand, profile);
	err_clear(err);
	return refusal_add(pass, SECTION_SECCOMP, &demand, why.text,
			   "name this host's architecture in the profile's seccomp file", err);
}

/* 1: refused */
static int meet_all(const struct pass *pass, struct filter *filter, struct coarse *coarse,
		    struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pass->n; i++) {
		r = meet_profile(pass, filter, pass->profiles[i], coarse, err);
		if (r < 0 && err->class == ERR_REFUSED) {
			r = refuse(pass, i, err);
			return r < 0 ? r : 1;
		}
	}
	return r;
}

/* What is written denies as a whole also what the normal form of the request did. */
static int add_lost(struct coarse *coarse, const struct coarse *lost, struct err *err)
{
	int r = err->class != ERR_NONE ? -ENOMEM : 0; /* add_coarse() cannot return it */

	for (size_t i = 0; r == 0 && i < lost->n; i++) {
		const char *name = lost->names[i];

		if (strv_contains(lost->cut, lost->n_cut, name))
			r = strv_add(&coarse->cut, &coarse->n_cut, name, err);
		else
			r = strv_add(&coarse->names, &coarse->n, name, err);
	}
	strv_sort_unique(coarse->names, &coarse->n);
	strv_sort_unique(coarse->cut, &coarse->n_cut);
	return r;
}

int policy_seccomp(const struct pass *pass, struct err *err)
{
	struct coarse coarse = { .err = err }, lost = { .err = err };
	struct filter before = { 0 }, after = { 0 };
	int r;

	if (!any_demands(pass))
		return 0;
	r = request_filter(pass->request, &before, &lost, err);
	if (r == 0)
		r = request_filter(pass->request, &after, NULL, err);
	if (r == 0)
		r = meet_all(pass, &after, &coarse, err);
	if (r == 0)
		r = add_lost(&coarse, &lost, err);
	if (r == 0)
		r = apply(pass, &before, &after, &coarse, &lost, err);
	filter_done(&before);
	filter_done(&after);
	strv_free(&coarse.names, &coarse.n);
	strv_free(&lost.names, &lost.n);
	strv_free(&coarse.cut, &coarse.n_cut);
	strv_free(&lost.cut, &lost.n_cut);
	return r < 0 ? r : 0;
}
