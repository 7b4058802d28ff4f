/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's filter in the reading that its author means.
 *
 * libseccomp compares all 64 bits of a register, and knows no comparison of a part of it but the
 * masked equality. A range is said by the prefixes that it is made of, as a network is by its
 * addresses' first bits: they are disjoint, so that the meet with another range has as many parts
 * as both together and not as their product.
 */
#include "profiles/filter_narrow.h"

#include <errno.h>

#include "profiles/filter_args.h"

/* A range over 32 bits: at most 31 prefixes below its middle and 31 above. */
#define PREFIXES_MAX 64

/* One condition as masked equalities of which one must hold. */
struct choice {
	uint32_t index;
	size_t n; /* none: it never holds */
	bool whole;
	struct filter_arg arg[PREFIXES_MAX];
};

/* A rule and how many it comes to. */
struct plan {
	const struct filter_rule *rule;
	size_t n;
};

/* ---- values that the kernel would cut ---- */

/* As it is, or as a negative number that was made one of 64 bits. */
static bool fits(uint64_t v, uint64_t bits)
{
	return v <= bits || v >= ~(bits >> 1);
}

static int check_value(const struct doc *doc, const struct node *arg, const char *call,
		       struct err *err)
{
	const struct node *op = node_get(arg, "op"), *value = node_get(arg, "value");
	uint64_t index = 0, v = 0, bits, mask = UINT64_MAX;
	int r;

	r = node_read_u64(doc, node_get(arg, "index"), &index, err);
	if (r == 0)
		r = node_read_u64(doc, value, &v, err);
	if (r < 0)
		return r;
	if (node_is(op, NODE_STRING) && streq(op->string, "SCMP_CMP_MASKED_EQ")) {
		mask = v;
		value = node_get(arg, "valueTwo");
		if (!node_is(value, NODE_NUMBER))
			return 0;
		r = node_read_u64(doc, value, &v, err);
		if (r < 0)
			return r;
	}
	bits = filter_arg_bits(call, (uint32_t)index);
	if (bits == UINT64_MAX || fits(v & mask, bits))
		return 0;
	return err_input(err, EBADMSG,
			 "%s: %s does not fit: of argument %llu of %s the kernel takes %d bits",
			 WHERE(doc, value), value->string, (unsigned long long)index, Q(call),
			 bits == UINT32_MAX ? 32 : 16);
}

static int check_call(const struct doc *doc, const struct node *rule, const struct node *name,
		      struct err *err)
{
	int r = 0;

	node_foreach (arg, node_get(rule, "args")) {
		r = check_value(doc, arg, name->string, err);
		if (r < 0)
			break;
	}
	return r;
}

static int check_values(const struct doc *doc, const struct node *node, struct err *err)
{
	int r;

	node_foreach (rule, node_get(node, "syscalls")) {
		const struct node *name = node_get(rule, "name");

		r = node_is(name, NODE_STRING) ? check_call(doc, rule, name, err) : 0;
		if (r < 0)
			return r;
		node_foreach (each, node_get(rule, "names")) {
			r = check_call(doc, rule, each, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- one condition ---- */

static void add_masked(struct choice *choice, uint64_t mask, uint64_t value)
{
	choice->whole = choice->whole || mask == 0;
	choice->arg[choice->n++] = (struct filter_arg){
		.index = choice->index,
		.value = mask,
		.value_two = value & mask,
		.op = OP_MASKED_EQ,
	};
}

/* The fewest prefixes that together are the range. */
static void add_range(struct choice *choice, uint64_t first, uint64_t last, uint64_t bits)
{
	while (first <= last) {
		uint64_t size = first == 0 ? bits + 1 : first & -first;

		while (size - 1 > last - first)
			size >>= 1;
		add_masked(choice, bits & ~(size - 1), first);
		first += size;
	}
}

static void choose(const struct filter_arg *arg, uint64_t bits, struct choice *ret)
{
	uint64_t v = arg->value & bits;

	ret->index = arg->index;
	ret->n = 0;
	ret->whole = false;
	/* A range below 0, or above all, is empty. */
	if (arg->op == OP_NE || arg->op == OP_LT) {
		if (v > 0)
			add_range(ret, 0, v - 1, bits);
	}
	if (arg->op == OP_NE || arg->op == OP_GT)
		add_range(ret, v + 1, bits, bits);
	if (arg->op == OP_LE)
		add_range(ret, 0, v, bits);
	if (arg->op == OP_GE)
		add_range(ret, v, bits, bits);
	if (arg->op == OP_EQ)
		add_masked(ret, bits, v);
	if (arg->op == OP_MASKED_EQ)
		add_masked(ret, v, arg->value_two);
}

static bool is_cut(const struct filter_rule *rule, size_t i)
{
	return filter_arg_bits(rule->name, rule->args[i].index) != UINT64_MAX;
}

/* ---- one rule ---- */

static size_t count_rules(const struct filter_rule *rule)
{
	struct choice choice;
	size_t n = 1;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (!is_cut(rule, i))
			continue;
		choose(&rule->args[i], filter_arg_bits(rule->name, rule->args[i].index), &choice);
		n *= choice.whole ? 1 : choice.n;
		if (n > NARROW_RULES_MAX)
			break;
	}
	return n;
}

/* The place-th of the rules that one comes to: the choices are the digits of its number. */
static int add_combination(struct filter *out, const struct filter_rule *rule, size_t place,
			   struct err *err)
{
	struct filter_arg args[6];
	struct filter_rule one = *rule;
	struct choice choice;

	one.args = args;
	one.n_args = 0;
	for (size_t i = 0; i < rule->n_args; i++) {
		if (!is_cut(rule, i)) {
			args[one.n_args++] = rule->args[i];
			continue;
		}
		choose(&rule->args[i], filter_arg_bits(rule->name, rule->args[i].index), &choice);
		if (choice.whole || choice.n == 0) /* one that never holds has no combination */
			continue;
		args[one.n_args++] = choice.arg[place % choice.n];
		place /= choice.n;
	}
	return filter_add_rule(out, &one, err);
}

/* ---- all rules of one call ---- */

static int compare_plans(const void *a, const void *b)
{
	const struct plan *x = a, *y = b;
	int r = strcmp(x->rule->name, y->rule->name);

	/* They stand in one array: rules of one call keep their order. */
	return r != 0 ? r : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static size_t call_end(const struct plan *plan, size_t n, size_t first)
{
	size_t end = first + 1;

	while (end < n && streq(plan[end].rule->name, plan[first].rule->name))
		end++;
	return end;
}

static bool is_too_much(const struct plan *plan, size_t n)
{
	size_t sum = 0;
	bool grown = false;

	for (size_t i = 0; i < n; i++) {
		grown = grown || plan[i].n > 1;
		if (plan[i].n > NARROW_RULES_MAX)
			return true;
		sum += plan[i].n;
	}
	return grown && sum > NARROW_RULES_MAX;
}

static int add_strictest(struct filter *out, const struct plan *plan, size_t n, struct err *err)
{
	struct filter_rule one = { .name = plan->rule->name,
				   .action = out->default_action,
				   .coarse = true };

	for (size_t i = 0; i < n; i++) {
		if (action_compare(plan[i].rule->action, one.action) < 0)
			one.action = plan[i].rule->action;
	}
	return filter_add_rule(out, &one, err);
}

static int add_call(struct filter *out, const struct plan *plan, size_t n, struct err *err)
{
	int r = 0;

	if (is_too_much(plan, n))
		return add_strictest(out, plan, n, err);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; r == 0 && k < plan[i].n; k++)
			r = add_combination(out, plan[i].rule, k, err);
	}
	return r;
}

static int add_calls(const struct plan *plan, size_t n, struct filter *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		end = call_end(plan, n, i);
		r = add_call(out, &plan[i], end - i, err);
	}
	return r;
}

static bool has_cut(const struct filter *filter)
{
	for (size_t i = 0; i < filter->n_rules; i++) {
		for (size_t k = 0; k < filter->rules[i].n_args; k++) {
			if (is_cut(&filter->rules[i], k))
				return true;
		}
	}
	return false;
}

/* Put the rules of `from` in place of the filter's own. */
static void take_rules(struct filter *filter, struct filter *from)
{
	struct filter old = { .rules = filter->rules, .n_rules = filter->n_rules };

	filter->rules = from->rules;
	filter->n_rules = from->n_rules;
	filter_done(&old);
}

int filter_narrow(const struct doc *doc, const struct node *node, struct filter *filter,
		  struct err *err)
{
	_cleanup_free_ struct plan *plan = NULL;
	struct filter out = { .default_action = filter->default_action };
	int r;

	r = check_values(doc, node, err);
	if (r < 0 || !has_cut(filter))
		return r;
	plan = calloc(filter->n_rules, sizeof(*plan));
	if (!plan)
		return err_oom(err);
	for (size_t i = 0; i < filter->n_rules; i++)
		plan[i] = (struct plan){ &filter->rules[i], count_rules(&filter->rules[i]) };
	qsort(plan, filter->n_rules, sizeof(*plan), compare_plans);
	r = add_calls(plan, filter->n_rules, &out, err);
	if (r < 0) {
		filter_done(&out);
		return r;
	}
	take_rules(filter, &out);
	return 0;
}
