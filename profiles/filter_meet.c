/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meet of two filters: call by call, the stricter of both.
 *
 * The result is in normal form: rules sorted by call, strictest first, rules of one call that
 * differ in their action with no arguments in common, so that it does not matter in which order
 * a compiler looks at them. One kind of rule that changes nothing is kept: ERRNO with the number
 * of the default, since a rule's number wins over a default's in the next meet.
 */
#include "profiles/filter.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/filter_view.h"

#define FLAG_SPEC_ALLOW "SECCOMP_FILTER_FLAG_SPEC_ALLOW"

#if defined(__x86_64__) && defined(__ILP32__)
#define ARCH_NATIVE "SCMP_ARCH_X32"
#elif defined(__x86_64__)
#define ARCH_NATIVE "SCMP_ARCH_X86_64"
#elif defined(__i386__)
#define ARCH_NATIVE "SCMP_ARCH_X86"
#elif defined(__aarch64__)
#define ARCH_NATIVE "SCMP_ARCH_AARCH64"
#elif defined(__arm__)
#define ARCH_NATIVE "SCMP_ARCH_ARM"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH_NATIVE "SCMP_ARCH_PPC64LE"
#elif defined(__s390x__)
#define ARCH_NATIVE "SCMP_ARCH_S390X"
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH_NATIVE "SCMP_ARCH_RISCV64"
#elif defined(__mips64)
#define ARCH_NATIVE "SCMP_ARCH_MIPSEL64"
#else
#error "which SCMP_ARCH_ is this machine's?"
#endif

/* A filter's rules in the order of their calls, and how far the walk through them has come. */
struct side {
	const struct filter_rule **rules;
	size_t n, at;
	struct ruling fallback;
};

struct meet {
	struct side a, b;
	struct ruling fallback;
	struct view view_a, view_b, both;
	struct filter *out;
	size_t room;
	filter_coarse_fn *coarse;
	void *arg;
	struct err *err;
};

static int compare_rules(const void *a, const void *b)
{
	const struct filter_rule *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/*
 * ERRNO by default is one thing on both sides, whatever its number: a call that neither names
 * gets the number of the common default.
 */
static int side_init(struct side *side, const struct filter *filter, struct ruling fallback,
		     struct err *err)
{
	side->fallback = ruling_of(filter->default_action, true);
	if (side->fallback.kind == fallback.kind)
		side->fallback = fallback;
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

static int out_add(struct meet *m, const char *name, const struct conj *conj, struct ruling ruling)
{
	struct filter_rule rule = { .action = { ruling.kind, ruling.ret } };
	struct filter_arg args[SYSCALL_ARGS];
	size_t n_args = conj ? conj_to_args(conj, args) : 0;

	if (m->out->n_rules == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		struct filter_rule *grown = reallocarray(m->out->rules, room, sizeof(rule));

		if (!grown)
			return err_oom(m->err);
		m->out->rules = grown;
		m->room = room;
	}
	rule.name = strdup(name);
	if (!rule.name)
		return err_oom(m->err);
	if (n_args > 0) {
		rule.args = calloc(n_args, sizeof(*args));
		if (!rule.args) {
			free(rule.name);
			return err_oom(m->err);
		}
		memcpy(rule.args, args, n_args * sizeof(*args));
		rule.n_args = n_args;
	}
	m->out->rules[m->out->n_rules++] = rule;
	return 0;
}

/*
 * The request's rules as they are, and nothing but one ruling on the other side. Whatever a
 * compiler makes of them, it has no ruling to give which the other side does not allow.
 */
static bool is_untouched(const struct meet *m)
{
	return m->view_b.n == 0 && view_equal(&m->both, &m->view_a);
}

static int meet_call(struct meet *m, const char *name)
{
	bool exact = side_view(&m->a, name, &m->view_a);
	struct view *both = &m->both;
	int r = 0;

	exact &= side_view(&m->b, name, &m->view_b);
	exact &= view_meet(&m->view_a, &m->view_b, both);
	/* A rule without conditions would take all: what it says goes into conditions too. */
	if (both->n > 0)
		exact &= view_set_rest(both, m->fallback);
	if (!view_compiles(both) && !is_untouched(m)) {
		view_flatten(both);
		exact = false;
	}
	if (!exact && m->coarse)
		m->coarse(m->arg, name,
			  "its argument conditions cannot be combined in a filter that is sure to "
			  "be compiled right");
	if (both->n == 0 && ruling_compare(both->rest, m->fallback) != 0)
		r = out_add(m, name, NULL, both->rest);
	for (size_t i = 0; r == 0 && i < both->n; i++)
		r = out_add(m, name, &both->part[i].conj, both->part[i].ruling);
	return r;
}

static int meet_calls(struct meet *m, const struct filter *a, const struct filter *b)
{
	const char *name;
	int r;

	r = side_init(&m->a, a, m->fallback, m->err);
	if (r == 0)
		r = side_init(&m->b, b, m->fallback, m->err);
	while (r == 0 && (name = next_name(m)))
		r = meet_call(m, name);
	free(m->a.rules);
	free(m->b.rules);
	return r;
}

static bool has_architecture(const struct filter *filter, const char *name)
{
	if (filter->n_architectures == 0)
		return streq(name, ARCH_NATIVE);
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
	static char native[] = ARCH_NATIVE;
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
 * What a filter asks of the kernel besides its rules is the request's, which is the first operand:
 * a listener is the engine's program, and a flag that it did not ask for it cannot serve.
 * SPEC_ALLOW switches a protection off, so that no meet has it.
 */
static int keep_requested(const struct filter *request, struct filter *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_flags; i++) {
		if (!streq(request->flags[i], FLAG_SPEC_ALLOW))
			r = strv_add(&out->flags, &out->n_flags, request->flags[i], err);
	}
	strv_sort_unique(out->flags, &out->n_flags);
	if (r == 0)
		r = copy_text(request->listener_path, &out->listener_path, err);
	if (r == 0)
		r = copy_text(request->listener_metadata, &out->listener_metadata, err);
	return r;
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
	m->fallback =
		ruling_meet(ruling_of(a->default_action, true), ruling_of(b->default_action, true));
	out.default_action = (struct action){ m->fallback.kind, m->fallback.ret };
	r = meet_architectures(a, b, &out, err);
	if (r == 0)
		r = keep_requested(a, &out, err);
	if (r == 0)
		r = meet_calls(m, a, b);
	if (r < 0) {
		filter_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}
