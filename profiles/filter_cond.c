/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on the arguments of a system call, as sets.
 */
#include "profiles/filter_cond.h"

#define COND_NOT_MAX 64 /* a condition for each bit */

static const struct cond any = { .kind = COND_ANY };

static bool cond_is_equality(const struct cond *c)
{
	return c->kind == COND_BITS && c->a == UINT64_MAX;
}

static bool cond_holds(const struct cond *c, uint64_t v)
{
	switch (c->kind) {
	case COND_ANY:
		return true;
	case COND_BITS:
		return (v & c->a) == c->b;
	case COND_MOST:
		return v <= c->a;
	case COND_LEAST:
		return v >= c->a;
	case COND_NOT:
		return v != c->a;
	}
	return false;
}

static enum set give_bits(uint64_t mask, uint64_t value, struct cond *ret)
{
	if (value & ~mask)
		return SET_EMPTY;
	*ret = mask ? (struct cond){ COND_BITS, mask, value } : any;
	return SET_GIVEN;
}

/* All from `first` to `last`. */
static enum set give_range(uint64_t first, uint64_t last, struct cond *ret)
{
	if (first > last)
		return SET_EMPTY;
	if (first == last)
		return give_bits(UINT64_MAX, first, ret);
	if (first == 0 && last == UINT64_MAX)
		*ret = any;
	else if (first == 1 && last == UINT64_MAX)
		*ret = (struct cond){ COND_NOT, 0, 0 };
	else if (first == 0 && last == UINT64_MAX - 1)
		*ret = (struct cond){ COND_NOT, UINT64_MAX, 0 };
	else if (first == 0)
		*ret = (struct cond){ COND_MOST, last, 0 };
	else if (last == UINT64_MAX)
		*ret = (struct cond){ COND_LEAST, first, 0 };
	else
		return SET_BEYOND;
	return SET_GIVEN;
}

static enum set cond_from_arg(const struct filter_arg *arg, struct cond *ret)
{
	uint64_t v = arg->value;

	switch (arg->op) {
	case OP_NE:
		*ret = (struct cond){ COND_NOT, v, 0 };
		return SET_GIVEN;
	case OP_LT:
		return v == 0 ? SET_EMPTY : give_range(0, v - 1, ret);
	case OP_LE:
		return give_range(0, v, ret);
	case OP_EQ:
		return give_bits(UINT64_MAX, v, ret);
	case OP_GE:
		return give_range(v, UINT64_MAX, ret);
	case OP_GT:
		return v == UINT64_MAX ? SET_EMPTY : give_range(v + 1, UINT64_MAX, ret);
	case OP_MASKED_EQ:
		return give_bits(v, arg->value_two, ret);
	case OPS_:
		break;
	}
	return SET_EMPTY;
}

enum set conj_from_rule(const struct filter_rule *rule, struct conj *ret)
{
	struct conj conj = { 0 };

	for (size_t i = 0; i < rule->n_args; i++) {
		const struct filter_arg *arg = &rule->args[i];

		if (cond_from_arg(arg, &conj.arg[arg->index]) == SET_EMPTY)
			return SET_EMPTY;
	}
	*ret = conj;
	return SET_GIVEN;
}

size_t conj_to_args(const struct conj *conj, struct filter_arg out[SYSCALL_ARGS])
{
	size_t n = 0;

	for (uint32_t i = 0; i < SYSCALL_ARGS; i++) {
		const struct cond *c = &conj->arg[i];
		struct filter_arg arg = { .index = i, .value = c->a };

		if (c->kind == COND_ANY)
			continue;
		if (cond_is_equality(c)) {
			arg.op = OP_EQ;
			arg.value = c->b;
		} else if (c->kind == COND_BITS) {
			arg.op = OP_MASKED_EQ;
			arg.value_two = c->b;
		} else {
			arg.op = c->kind == COND_MOST    ? OP_LE
				 : c->kind == COND_LEAST ? OP_GE
							 : OP_NE;
		}
		out[n++] = arg;
	}
	return n;
}

bool conj_is_any(const struct conj *conj)
{
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		if (conj->arg[i].kind != COND_ANY)
			return false;
	}
	return true;
}

bool conj_has_inequality(const struct conj *conj)
{
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		if (conj->arg[i].kind != COND_ANY && conj->arg[i].kind != COND_BITS)
			return true;
	}
	return false;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int cond_compare(const struct cond *a, const struct cond *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->a != b->a ? compare_u64(a->a, b->a) : compare_u64(a->b, b->b);
}

int conj_compare(const struct conj *a, const struct conj *b)
{
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		int r = cond_compare(&a->arg[i], &b->arg[i]);

		if (r != 0)
			return r;
	}
	return 0;
}

/* The least and the greatest value of a set. */
static uint64_t cond_first(const struct cond *c)
{
	if (c->kind == COND_NOT)
		return c->a == 0 ? 1 : 0;
	return c->kind == COND_BITS ? c->b : c->kind == COND_LEAST ? c->a : 0;
}

static uint64_t cond_last(const struct cond *c)
{
	if (c->kind == COND_NOT)
		return c->a == UINT64_MAX ? UINT64_MAX - 1 : UINT64_MAX;
	return c->kind == COND_BITS ? c->b | ~c->a : c->kind == COND_MOST ? c->a : UINT64_MAX;
}

static bool is_range(const struct cond *c)
{
	return c->kind == COND_MOST || c->kind == COND_LEAST || c->kind == COND_ANY;
}

static bool cond_within(const struct cond *inner, const struct cond *outer)
{
	if (inner->kind == COND_BITS && outer->kind == COND_BITS) /* most are */
		return (outer->a & ~inner->a) == 0 && (inner->b & outer->a) == outer->b;
	if (cond_compare(inner, outer) == 0)
		return true;
	if (cond_is_equality(inner))
		return cond_holds(outer, inner->b);
	if (is_range(outer))
		return cond_holds(outer, cond_first(inner)) && cond_holds(outer, cond_last(inner));
	/* "not this value" holds all where the one value is not in `inner` */
	return outer->kind == COND_NOT && !cond_holds(inner, outer->a);
}

bool conj_within(const struct conj *inner, const struct conj *outer)
{
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		if (outer->arg[i].kind != COND_ANY && !cond_within(&inner->arg[i], &outer->arg[i]))
			return false;
	}
	return true;
}

/* A range without one of its values is a range only where the value is its first or last one. */
static enum set range_without(const struct cond *range, uint64_t v, struct cond *ret)
{
	uint64_t first = cond_first(range), last = cond_last(range);

	if (v == first)
		return give_range(first + 1, last, ret);
	if (v == last)
		return give_range(first, last - 1, ret);
	return SET_BEYOND;
}

static enum set cond_and(const struct cond *a, const struct cond *b, struct cond *ret)
{
	bool a_within = cond_within(a, b), b_within = cond_within(b, a);

	if (a_within || b_within) {
		/* Equal sets may be written in two ways: the choice must not depend on the order.
		 */
		bool take_a = a_within && (!b_within || cond_compare(a, b) < 0);

		*ret = take_a ? *a : *b;
		return SET_GIVEN;
	}
	/* From here neither holds the other, so that an equality has nothing in common. */
	if (cond_is_equality(a) || cond_is_equality(b))
		return SET_EMPTY;
	if (a->kind == COND_BITS && b->kind == COND_BITS)
		return ((a->b ^ b->b) & a->a & b->a) ? SET_EMPTY
						     : give_bits(a->a | b->a, a->b | b->b, ret);
	if (is_range(a) && is_range(b))
		return give_range(cond_first(a) > cond_first(b) ? cond_first(a) : cond_first(b),
				  cond_last(a) < cond_last(b) ? cond_last(a) : cond_last(b), ret);
	if (is_range(a) && b->kind == COND_NOT)
		return range_without(a, b->a, ret);
	if (is_range(b) && a->kind == COND_NOT)
		return range_without(b, a->a, ret);
	if (cond_first(a) > cond_last(b) || cond_first(b) > cond_last(a))
		return SET_EMPTY;
	return SET_BEYOND;
}

enum set conj_and(const struct conj *a, const struct conj *b, struct conj *ret)
{
	struct conj conj = { 0 };
	bool beyond = false;

	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		enum set set;

		if (a->arg[i].kind == COND_ANY && b->arg[i].kind == COND_ANY)
			continue;
		set = cond_and(&a->arg[i], &b->arg[i], &conj.arg[i]);
		if (set == SET_EMPTY) /* one argument that cannot be: the rest does not matter */
			return SET_EMPTY;
		if (set == SET_BEYOND)
			beyond = true;
	}
	if (beyond)
		return SET_BEYOND;
	*ret = conj;
	return SET_GIVEN;
}

/* From the highest bit on, each may be the first that differs: no value is in two of these. */
static int bits_not(const struct cond *c, struct cond out[COND_NOT_MAX])
{
	uint64_t above = 0;
	int n = 0;

	for (int i = 63; i >= 0; i--) {
		uint64_t bit = UINT64_C(1) << i;

		if (!(c->a & bit))
			continue;
		out[n++] = (struct cond){ COND_BITS, above | bit, (c->b & above) | (~c->b & bit) };
		above |= bit;
	}
	return n;
}

/* The complement: as many conditions as returned, one of which holds. */
static int cond_not(const struct cond *c, struct cond out[COND_NOT_MAX])
{
	switch (c->kind) {
	case COND_ANY:
		return 0;
	case COND_BITS:
		if (!cond_is_equality(c))
			return bits_not(c, out);
		*out = (struct cond){ COND_NOT, c->b, 0 };
		return 1;
	case COND_MOST:
		return give_range(c->a + 1, UINT64_MAX, out) == SET_GIVEN;
	case COND_LEAST:
		return give_range(0, c->a - 1, out) == SET_GIVEN;
	case COND_NOT:
		return give_bits(UINT64_MAX, c->a, out) == SET_GIVEN;
	}
	return -1;
}

int conj_without(const struct conj *whole, const struct conj *hole, struct conj *out, size_t max)
{
	struct conj common;
	size_t n = 0;

	if (conj_and(whole, hole, &common) == SET_EMPTY) {
		if (max == 0)
			return -1;
		*out = *whole;
		return 1;
	}
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		struct cond others[COND_NOT_MAX];
		int n_others = cond_not(&hole->arg[i], others);

		if (n_others < 0)
			return -1;
		for (int k = 0; k < n_others; k++) {
			struct cond left;
			enum set set = cond_and(&whole->arg[i], &others[k], &left);

			if (set == SET_BEYOND || (set == SET_GIVEN && n == max))
				return -1;
			if (set != SET_GIVEN)
				continue;
			out[n] = *whole;
			out[n++].arg[i] = left;
		}
	}
	return (int)n;
}
