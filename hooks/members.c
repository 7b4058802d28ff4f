/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose addresses belong into a set.
 */
#include "hooks/members.h"

#include <errno.h>

#include "profiles/separate.h"

/* ---- the index ---- */

static int compare_netns(const void *left, const void *right)
{
	const struct registered *const *a = left, *const *b = right;

	return ((*a)->netns > (*b)->netns) - ((*a)->netns < (*b)->netns);
}

static int compare_holders(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	return address_compare(a->address, b->address);
}

static void fill(const struct peers *peers, struct members *members)
{
	for (size_t i = 0; i < peers->n; i++) {
		const struct registered *one = &peers->v[i];

		members->by_netns[members->n++] = one;
		for (size_t a = 0; a < one->addresses.n; a++)
			members->holders[members->n_holders++] =
				(struct holder){ &one->addresses.v[a], one };
	}
	qsort(members->by_netns, members->n, sizeof(*members->by_netns), compare_netns);
	qsort(members->holders, members->n_holders, sizeof(*members->holders), compare_holders);
}

int members_index(const struct peers *peers, struct members *ret, struct err *err)
{
	struct members members = { 0 };
	size_t holders = 0;

	for (size_t i = 0; i < peers->n; i++)
		holders += peers->v[i].addresses.n;
	members.by_netns = calloc(peers->n + 1, sizeof(struct registered *));
	members.holders = calloc(holders + 1, sizeof(*members.holders));
	if (!members.by_netns || !members.holders) {
		members_done(&members);
		return err_oom(err);
	}
	fill(peers, &members);
	*ret = members;
	return 0;
}

void members_done(struct members *members)
{
	free(members->by_netns);
	free(members->holders);
	*members = (struct members){ 0 };
}

/* ---- one container ---- */

bool member_fits(const struct peer_set *set, const struct registered *one)
{
	if (one->infra)
		return false;
	if (set->selector)
		return peer_selector_fits(set->selector, &one->labels, one->pod_namespace);
	return !streq(separate_class(&one->labels, set->key), set->class);
}

/* ---- one namespace ---- */

static size_t first_of_netns(const struct members *members, uint64_t netns)
{
	size_t low = 0, high = members->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (members->by_netns[middle]->netns < netns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is asked of the containers of one or more namespaces. */
struct answer {
	bool any;   /* one fits, or is apart */
	bool other; /* one does not */
};

static void ask(const struct peer_set *set, const struct registered *one, struct answer *answer)
{
	bool yes = member_fits(set, one);

	answer->any = answer->any || yes;
	answer->other = answer->other || (!yes && !one->infra);
}

static void ask_netns(const struct members *members, const struct peer_set *set,
		      const struct registered *holder, struct answer *answer)
{
	if (holder->netns == 0) {
		ask(set, holder, answer);
		return;
	}
	for (size_t i = first_of_netns(members, holder->netns);
	     i < members->n && members->by_netns[i]->netns == holder->netns; i++)
		ask(set, members->by_netns[i], answer);
}

/* Two namespaces may have one address, on networks that do not touch: then both are asked. */
static struct answer ask_all(const struct members *members, const struct registered *owner,
			     const struct peer_set *set, size_t first)
{
	const struct cidr *address = members->holders[first].address;
	struct answer answer = { 0 };

	for (size_t i = first;
	     i < members->n_holders && address_compare(members->holders[i].address, address) == 0;
	     i++) {
		const struct registered *holder = members->holders[i].of;

		/* Nothing is kept apart from itself. */
		if (!set->selector && holder->netns != 0 && holder->netns == owner->netns)
			continue;
		ask_netns(members, set, holder, &answer);
	}
	return answer;
}

/* A door is opened only where all may go through it, and shut where one may not. */
static bool holds(const struct peer_set *set, const struct answer *answer)
{
	return answer->any && (!set->selector || !answer->other);
}

bool members_has(const struct members *members, const struct registered *owner,
		 const struct peer_set *set, const struct cidr *address, bool *ret_may)
{
	struct answer answer = { 0 };
	size_t low = 0, high = members->n_holders;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(members->holders[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < members->n_holders &&
	    address_compare(members->holders[low].address, address) == 0)
		answer = ask_all(members, owner, set, low);
	*ret_may = answer.any;
	return holds(set, &answer);
}

int members_all(const struct members *members, const struct registered *owner,
		const struct peer_set *set, struct addresses *ret, struct err *err)
{
	_cleanup_addresses_ struct addresses all = { 0 };
	const struct cidr *last = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < members->n_holders; i++) {
		const struct cidr *address = members->holders[i].address;
		struct answer answer;

		if (last && address_compare(last, address) == 0)
			continue;
		last = address;
		answer = ask_all(members, owner, set, i);
		if (holds(set, &answer))
			r = addresses_append(&all, address, err);
	}
	if (r < 0)
		return r;
	*ret = all;
	all = (struct addresses){ 0 };
	return 0;
}
