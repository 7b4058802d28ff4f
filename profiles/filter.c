/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a filter means: the order of actions, the action for one call, equality.
 *
 * filter_eval() is the model that the tests hold libseccomp's compiled filters to, so it does not
 * share code with the meet.
 */
#include "profiles/filter.h"

#include <errno.h>

#include "lib/strv.h"

static void rule_done(struct filter_rule *rule)
{
	free(rule->name);
	free(rule->args);
	*rule = (struct filter_rule){ 0 };
}

void filter_done(struct filter *filter)
{
	for (size_t i = 0; i < filter->n_rules; i++)
		rule_done(&filter->rules[i]);
	free(filter->rules);
	strv_free(&filter->architectures, &filter->n_architectures);
	strv_free(&filter->flags, &filter->n_flags);
	free(filter->listener_path);
	free(filter->listener_metadata);
	*filter = (struct filter){ 0 };
}

/* Room for 16 to begin with, then twice as much each time. */
static int make_room(struct filter *filter, struct err *err)
{
	size_t n = filter->n_rules;
	struct filter_rule *grown;

	if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
		return 0;
	grown = reallocarray(filter->rules, n == 0 ? 16 : n * 2, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	filter->rules = grown;
	return 0;
}

int filter_add_rule(struct filter *filter, const struct filter_rule *rule, struct err *err)
{
	struct filter_rule copy = *rule;
	int r;

	r = make_room(filter, err);
	if (r < 0)
		return r;
	copy.name = strdup(rule->name);
	copy.args = rule->n_args ? calloc(rule->n_args, sizeof(*rule->args)) : NULL;
	if (!copy.name || (rule->n_args && !copy.args)) {
		rule_done(&copy);
		return err_oom(err);
	}
	if (rule->n_args)
		memcpy(copy.args, rule->args, rule->n_args * sizeof(*rule->args));
	filter->rules[filter->n_rules++] = copy;
	return 0;
}

/* EPERM first, then by number. */
static int compare_ret(enum filter_action kind, uint32_t a, uint32_t b)
{
	if (a == b)
		return 0;
	if (kind == ACT_ERRNO && (a == EPERM || b == EPERM))
		return a == EPERM ? -1 : 1;
	return a < b ? -1 : 1;
}

int action_compare(struct action a, struct action b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	return compare_ret(a.kind, a.ret, b.ret);
}

static bool arg_holds(const struct filter_arg *arg, uint64_t v)
{
	switch (arg->op) {
	case OP_NE:
		return v != arg->value;
	case OP_LT:
		return v < arg->value;
	case OP_LE:
		return v <= arg->value;
	case OP_EQ:
		return v == arg->value;
	case OP_GE:
		return v >= arg->value;
	case OP_GT:
		return v > arg->value;
	case OP_MASKED_EQ:
		return (v & arg->value) == arg->value_two;
	case OPS_:
		break;
	}
	return false;
}

static bool rule_holds(const struct filter_rule *rule, const uint64_t args[6])
{
	for (size_t i = 0; i < rule->n_args; i++) {
		if (!arg_holds(&rule->args[i], args[rule->args[i].index]))
			return false;
	}
	return true;
}

bool filter_skips(const struct filter *filter, const struct filter_rule *rule)
{
	return action_compare(rule->action, filter->default_action) == 0;
}

struct action filter_eval(const struct filter *filter, const char *syscall, const uint64_t args[6])
{
	const struct action *strictest = NULL;

	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		if (!streq(rule->name, syscall) || filter_skips(filter, rule) ||
		    !rule_holds(rule, args))
			continue;
		if (!strictest || action_compare(rule->action, *strictest) < 0)
			strictest = &rule->action;
	}
	return strictest ? *strictest : filter->default_action;
}

static bool text_equal(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static bool strv_equal(char *const *a, size_t n_a, char *const *b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++) {
		if (!strv_contains(b, n_b, a[i]))
			return false;
	}
	return true;
}

static bool rule_equal(const struct filter_rule *a, const struct filter_rule *b)
{
	if (!streq(a->name, b->name) || a->action.kind != b->action.kind || a->n_args != b->n_args)
		return false;
	for (size_t i = 0; i < a->n_args; i++) {
		const struct filter_arg *x = &a->args[i], *y = &b->args[i];

		if (x->index != y->index || x->op != y->op || x->value != y->value ||
		    x->value_two != y->value_two)
			return false;
	}
	return true;
}

/* The first rule from `at` on that makes a difference. */
static size_t next_rule(const struct filter *filter, size_t at)
{
	while (at < filter->n_rules && filter->rules[at].action.kind == filter->default_action.kind)
		at++;
	return at;
}

static bool rules_equal(const struct filter *a, const struct filter *b)
{
	size_t i = next_rule(a, 0), k = next_rule(b, 0);

	while (i < a->n_rules && k < b->n_rules) {
		if (!rule_equal(&a->rules[i], &b->rules[k]))
			return false;
		i = next_rule(a, i + 1);
		k = next_rule(b, k + 1);
	}
	return i == a->n_rules && k == b->n_rules;
}

bool filter_equal(const struct filter *a, const struct filter *b)
{
	return a->default_action.kind == b->default_action.kind &&
	       a->any_architecture == b->any_architecture &&
	       strv_equal(a->architectures, a->n_architectures, b->architectures,
			  b->n_architectures) &&
	       strv_equal(a->flags, a->n_flags, b->flags, b->n_flags) &&
	       text_equal(a->listener_path, b->listener_path) &&
	       text_equal(a->listener_metadata, b->listener_metadata) && rules_equal(a, b);
}
