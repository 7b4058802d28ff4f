/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view that is a little stricter, and can be met where the exact one cannot.
 *
 * What a request says of all 64 bits of an argument of which the kernel takes 32 is made one on the
 * 32: a part that is laxer than the rest loses the values that agree with others in the lower half
 * only, a stricter one gets them. To the kernel these are one call, and no program makes it in two
 * ways.
 */
#include "profiles/filter_args.h"
#include "profiles/filter_view.h"

/* A range over 64 bits has no more prefixes, and "not this value" has a prefix a bit. */
#define CONDS_MAX 64

struct conds {
	struct cond cond[CONDS_MAX];
	size_t n;
};

static void add_bits(struct conds *conds, uint64_t mask, uint64_t value)
{
	conds->cond[conds->n++] = mask ? (struct cond){ COND_BITS, mask, value & mask }
				       : (struct cond){ .kind = COND_ANY };
}

/* All up to `last`, a part of `bits` which are 1 from the lowest on: prefixes in the mask. */
static void add_most(struct conds *conds, uint64_t last, uint64_t bits, uint64_t mask)
{
	uint64_t first = 0;

	if (last >= bits) {
		add_bits(conds, mask & ~bits, 0);
		return;
	}
	for (uint64_t size = bits / 2 + 1; size > 0; size >>= 1) {
		if (last - first + 1 < size)
			continue;
		add_bits(conds, mask & ~(size - 1), first);
		if (last - first + 1 == size)
			return;
		first += size;
	}
}

/* And all from `first` on. */
static void add_least(struct conds *conds, uint64_t first, uint64_t bits)
{
	uint64_t at = first;

	if (first > bits)
		return;
	if (first == 0) {
		add_bits(conds, 0, 0);
		return;
	}
	while (at <= bits) {
		add_bits(conds, bits & ~((at & -at) - 1), at);
		at += at & -at;
	}
}

/* No more values than before. */
static void shrink(const struct cond *c, uint64_t bits, struct conds *out)
{
	out->n = 0;
	switch (c->kind) {
	case COND_ANY:
	case COND_BITS:
		out->cond[out->n++] = *c;
		break;
	case COND_MOST:
		if (c->a <= bits)
			add_most(out, c->a, bits, UINT64_MAX);
		else
			out->cond[out->n++] = *c;
		break;
	case COND_LEAST:
		add_least(out, c->a, bits);
		break;
	case COND_NOT:
		if ((c->a & bits) > 0)
			add_most(out, (c->a & bits) - 1, bits, bits);
		add_least(out, (c->a & bits) + 1, bits);
		break;
	}
}

/* No fewer; all that agree with one of them in the bits. */
static void grow(const struct cond *c, uint64_t bits, struct conds *out)
{
	out->n = 0;
	if (c->kind == COND_BITS)
		add_bits(out, c->a & bits, c->b);
	else if (c->kind == COND_MOST)
		add_most(out, c->a, bits, bits);
	else
		add_bits(out, 0, 0);
}

/* Put each of the conditions on one argument in the place of what the parts from `first` on say. */
static bool spread(struct view *view, size_t first, size_t arg, const struct conds *conds)
{
	size_t n = view->n - first;

	if (first + n * conds->n > VIEW_PARTS_MAX)
		return false;
	view->n = first + n * conds->n;
	for (size_t k = conds->n; k-- > 0;) {
		for (size_t i = 0; i < n; i++) {
			struct part *part = &view->part[first + k * n + i];

			*part = view->part[first + i];
			part->conj.arg[arg] = conds->cond[k];
		}
	}
	return true;
}

static bool read_part(const struct part *part, bool is_stricter, const char *name, struct view *out)
{
	size_t first = out->n;

	if (out->n == VIEW_PARTS_MAX)
		return false;
	out->part[out->n++] = *part;
	for (uint32_t k = 0; k < SYSCALL_ARGS; k++) {
		uint64_t bits = filter_arg_bits(name, k);
		struct conds conds;

		if (bits == UINT64_MAX)
			continue;
		if (is_stricter)
			grow(&part->conj.arg[k], bits, &conds);
		else
			shrink(&part->conj.arg[k], bits, &conds);
		if (!spread(out, first, k, &conds))
			return false;
	}
	return true;
}

bool view_read_strictly(struct view *view, const char *name)
{
	struct view out;

	out.rest = view->rest;
	out.n = 0;
	for (size_t i = 0; i < view->n; i++) {
		const struct part *p = &view->part[i];

		if (!read_part(p, action_compare(p->action, view->rest) < 0, name, &out))
			return false;
	}
	if (!view_separate(&out))
		return false;
	view->n = out.n;
	memcpy(view->part, out.part, out.n * sizeof(out.part[0]));
	return true;
}
