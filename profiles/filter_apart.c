/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep apart what libseccomp 2.5 would put together.
 *
 * What it generates for a comparison is told from others by the word that is compared, with what,
 * and where it goes then. So two calls can have one in common only where they have the last one of
 * a rule in common, with its action: there they are compared here, more often than they would be
 * put together. In danger is a call in which another comparison can come before: one with two
 * arguments, or two heads.
 *
 * Source: src/gen_bpf.c of libseccomp 2.5, _gen_bpf_build_bpf()
 */
#include "profiles/filter_apart.h"

/* A rule of a call; or of one behind a multiplexer, where its number is in the first argument. */
struct row {
	const char *call;
	size_t rule; /* its place */
	uint32_t number;
};

/* The last comparison of a rule: of the lower half of the last argument that it looks at. */
struct leaf {
	uint32_t index, mask, value;
	enum filter_op op; /* EQ, NE, or GE for any range */
	struct action action;
	size_t call;
};

struct call {
	size_t first, n;  /* rows */
	uint32_t highest; /* argument */
	bool exposed, marked;
	bool unequal; /* has other comparisons than equality */
};

struct apart {
	struct filter *filter;
	struct row *rows;
	struct call *calls;
	struct leaf *leaves; /* one a row */
	size_t n_rows, n_calls;
};

static bool is_range(enum filter_op op)
{
	return op == OP_LT || op == OP_LE || op == OP_GE || op == OP_GT;
}

static const struct filter_rule *rule_of(const struct apart *a, size_t row)
{
	return &a->filter->rules[a->rows[row].rule];
}

/* ---- rows ---- */

static bool is_whole(const struct filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].n_args == 0 && streq(filter->rules[i].name, name))
			return true;
	}
	return false;
}

static void add_rows(struct apart *a)
{
	bool muxes = mux_has(a->filter);
	bool no_ipc = !muxes || is_whole(a->filter, "ipc");
	bool no_sockets = !muxes || is_whole(a->filter, "socketcall");

	for (size_t i = 0; i < a->filter->n_rules; i++) {
		struct filter_rule *rule = &a->filter->rules[i];
		uint32_t number = 0;
		const char *mux = mux_of(rule->name, &number);

		rule->apart = 0;
		if (filter_skips(a->filter, rule))
			continue;
		if (rule->n_args > 0)
			a->rows[a->n_rows++] = (struct row){ rule->name, i, 0 };
		if (mux && !(streq(mux, "ipc") ? no_ipc : no_sockets))
			a->rows[a->n_rows++] = (struct row){ mux, i, number };
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->call, y->call);

	return r != 0 ? r : x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* ---- calls ---- */

static bool same_arg(const struct filter_arg *a, const struct filter_arg *b)
{
	return a->index == b->index && a->op == b->op && a->value == b->value &&
	       a->value_two == b->value_two;
}

static bool same_args(const struct filter_rule *x, const struct filter_rule *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!same_arg(&x->args[i], &y->args[i]))
			return false;
	}
	return true;
}

/* Calls of which all is the same may have all in common. */
static bool same_rows(const struct apart *a, const struct call *x, const struct call *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		const struct filter_rule *p = rule_of(a, x->first + i);
		const struct filter_rule *q = rule_of(a, y->first + i);

		if (a->rows[x->first + i].number != a->rows[y->first + i].number ||
		    action_compare(p->action, q->action) != 0 || p->n_args != q->n_args ||
		    !same_args(p, q, p->n_args))
			return false;
	}
	return true;
}

/* Of how many arguments a row speaks; behind a multiplexer its number is the first of them. */
static size_t count_args(const struct apart *a, size_t row)
{
	const struct filter_rule *rule = rule_of(a, row);
	size_t n = a->rows[row].number ? 1 : 0;

	for (size_t i = 0; i < rule->n_args; i++)
		n += !a->rows[row].number || rule->args[i].index > 0;
	return n;
}

/* Do two rules of one argument compare the same upper half? */
static bool same_head(const struct filter_arg *x, const struct filter_arg *y)
{
	uint64_t mask_x = x->op == OP_MASKED_EQ ? x->value : UINT64_MAX;
	uint64_t mask_y = y->op == OP_MASKED_EQ ? y->value : UINT64_MAX;
	uint64_t value_x = x->op == OP_MASKED_EQ ? x->value_two : x->value;
	uint64_t value_y = y->op == OP_MASKED_EQ ? y->value_two : y->value;

	return x->index == y->index && mask_x >> 32 == mask_y >> 32 &&
	       value_x >> 32 == value_y >> 32 && !is_range(x->op) && !is_range(y->op);
}

/* A multiplexer's own rules may be among those of what is behind it. */
static bool is_mux(const struct apart *a, const struct call *call)
{
	for (size_t i = call->first; i < call->first + call->n; i++) {
		if (a->rows[i].number)
			return true;
	}
	return false;
}

static bool is_exposed(const struct apart *a, const struct call *call)
{
	bool mux = is_mux(a, call);

	if (call->n < 2)
		return false;
	for (size_t i = call->first; i < call->first + call->n; i++) {
		if (count_args(a, i) != 1 || mux != (a->rows[i].number != 0))
			return true;
		if (!mux && !same_head(rule_of(a, i)->args, rule_of(a, call->first)->args))
			return true;
	}
	return false;
}

static void add_calls(struct apart *a)
{
	for (size_t i = 0; i < a->n_rows; i++) {
		const struct filter_rule *rule = rule_of(a, i);
		struct call *call;

		if (i == 0 || !streq(a->rows[i].call, a->rows[i - 1].call))
			a->calls[a->n_calls++] = (struct call){ .first = i };
		call = &a->calls[a->n_calls - 1];
		call->n++;
		for (size_t k = 0; k < rule->n_args; k++) {
			if (rule->args[k].index > call->highest)
				call->highest = rule->args[k].index;
			call->unequal |=
				rule->args[k].op != OP_EQ && rule->args[k].op != OP_MASKED_EQ;
		}
	}
	for (size_t i = 0; i < a->n_calls; i++)
		a->calls[i].exposed = is_exposed(a, &a->calls[i]);
}

/* ---- leaves ---- */

static struct leaf leaf_of(const struct apart *a, size_t row)
{
	const struct filter_rule *rule = rule_of(a, row);
	struct leaf leaf = { .mask = UINT32_MAX,
			     .value = a->rows[row].number,
			     .op = OP_EQ,
			     .action = rule->action };
	const struct filter_arg *last = NULL;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (!last || rule->args[i].index > last->index)
			last = &rule->args[i];
	}
	if (!last || (a->rows[row].number && last->index == 0))
		return leaf;
	leaf.index = last->index;
	leaf.op = is_range(last->op) ? OP_GE : last->op == OP_NE ? OP_NE : OP_EQ;
	leaf.mask = last->op == OP_MASKED_EQ ? (uint32_t)last->value : UINT32_MAX;
	leaf.value = last->op == OP_MASKED_EQ ? (uint32_t)last->value_two : (uint32_t)last->value;
	if (leaf.op == OP_GE)
		leaf.value = 0;
	return leaf;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* As what libseccomp generates, not as whose it is. */
static int compare_ends(const struct leaf *x, const struct leaf *y)
{
	int r = compare_u32(x->index, y->index);

	if (r == 0)
		r = compare_u32(x->op, y->op);
	if (r == 0)
		r = compare_u32(x->mask, y->mask);
	if (r == 0)
		r = compare_u32(x->value, y->value);
	return r != 0 ? r : action_compare(x->action, y->action);
}

static int compare_leaves(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	int r = compare_ends(x, y);

	return r != 0 ? r : x->call < y->call ? -1 : x->call > y->call;
}

static void add_leaves(struct apart *a)
{
	for (size_t i = 0; i < a->n_calls; i++) {
		for (size_t k = a->calls[i].first; k < a->calls[i].first + a->calls[i].n; k++) {
			a->leaves[k] = leaf_of(a, k);
			a->leaves[k].call = i;
		}
	}
	qsort(a->leaves, a->n_rows, sizeof(*a->leaves), compare_leaves);
}

/* Mark who is in danger among those that end in one way. */
static void mark(struct apart *a, const struct leaf *leaves, size_t n)
{
	bool same = true;

	for (size_t i = 1; same && i < n; i++)
		same = leaves[i].call == leaves[0].call ||
		       same_rows(a, &a->calls[leaves[i].call], &a->calls[leaves[0].call]);
	for (size_t i = 0; !same && i < n; i++)
		a->calls[leaves[i].call].marked |= a->calls[leaves[i].call].exposed;
}

static void mark_all(struct apart *a)
{
	for (size_t i = 0, end; i < a->n_rows; i = end) {
		for (end = i + 1; end < a->n_rows; end++) {
			if (compare_ends(&a->leaves[end], &a->leaves[i]) != 0)
				break;
		}
		mark(a, &a->leaves[i], end - i);
	}
}

/* ---- what tells them apart ---- */

static void set_apart(const struct apart *a, const struct call *call, uint8_t arg, uint8_t bit)
{
	for (size_t i = call->first; i < call->first + call->n; i++) {
		struct filter_rule *rule = &a->filter->rules[a->rows[i].rule];

		rule->apart = arg;
		rule->apart_bit = bit;
	}
}

/* Each gets a bit of its own, of those that registers of 32 bits have, behind what it looks at. */
static void tell_apart(struct apart *a, const char *ret_muxes[MULTIPLEXERS], size_t *ret_n_muxes)
{
	uint8_t next[6] = { 0 };

	*ret_n_muxes = 0;
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct call *call = &a->calls[i];
		uint8_t arg = 5;

		if (!call->marked)
			continue;
		if (is_mux(a, call)) {
			ret_muxes[(*ret_n_muxes)++] = a->rows[call->first].call;
			continue;
		}
		while (arg > call->highest && next[arg] == 32)
			arg--;
		/* Of several inequalities with more conditions libseccomp makes what it will. */
		if (arg > call->highest && !call->unequal)
			set_apart(a, call, arg, next[arg]++);
		else
			set_apart(a, call, APART_CANNOT, 0);
	}
}

struct filter_rule filter_half(const struct filter_rule *rule, bool is_set,
			       struct filter_arg args[6])
{
	uint64_t bit = UINT64_C(1) << rule->apart_bit;
	struct filter_rule half = *rule;

	/* An argument is free, so that there is room. */
	memcpy(args, rule->args, rule->n_args * sizeof(*args));
	args[half.n_args++] = (struct filter_arg){ .index = rule->apart,
						   .value = bit,
						   .value_two = is_set ? bit : 0,
						   .op = OP_MASKED_EQ };
	half.args = args;
	return half;
}

bool filter_are_halves(const struct filter_rule *first, const struct filter_rule *second)
{
	const struct filter_arg *a, *b;
	size_t n = first->n_args;

	if (n < 2 || second->n_args != n || !streq(first->name, second->name) ||
	    action_compare(first->action, second->action) != 0)
		return false;
	a = &first->args[n - 1];
	b = &second->args[n - 1];
	return a->op == OP_MASKED_EQ && b->op == OP_MASKED_EQ && a->index == b->index &&
	       a->value == b->value && (a->value & (a->value - 1)) == 0 && a->value_two == 0 &&
	       b->value_two == b->value && b->value != 0 && same_args(first, second, n - 1);
}

int filter_keep_apart(struct filter *filter, const char *ret_muxes[MULTIPLEXERS],
		      size_t *ret_n_muxes, struct err *err)
{
	size_t room = filter->n_rules * 2 + 1;
	_cleanup_free_ struct row *rows = calloc(room, sizeof(*rows));
	_cleanup_free_ struct call *calls = calloc(room, sizeof(*calls));
	_cleanup_free_ struct leaf *leaves = calloc(room, sizeof(*leaves));
	struct apart a = { .filter = filter, .rows = rows, .calls = calls, .leaves = leaves };

	if (!rows || !calls || !leaves)
		return err_oom(err);
	add_rows(&a);
	qsort(rows, a.n_rows, sizeof(*rows), compare_rows);
	add_calls(&a);
	add_leaves(&a);
	mark_all(&a);
	tell_apart(&a, ret_muxes, ret_n_muxes);
	return 0;
}
