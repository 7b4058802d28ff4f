/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses, cut into parts that no rule of a policy tells apart.
 */
#include "cli/graph_space.h"

#include "lib/siphash.h"

typedef unsigned __int128 address_t;

static address_t first_of(const struct cidr *cidr)
{
	address_t v = 0;

	for (size_t i = 0; i < (cidr->v6 ? 16 : 4); i++)
		v = v << 8 | cidr->address[i];
	return v;
}

static address_t last_of(const struct cidr *cidr)
{
	unsigned host_bits = (cidr->v6 ? 128U : 32U) - cidr->prefix_len;

	/* A shift by the whole width is undefined. */
	return host_bits == 128 ? ~(address_t)0
				: first_of(cidr) | (((address_t)1 << host_bits) - 1);
}

static struct cidr address_at(bool v6, address_t v)
{
	struct cidr cidr = { .v6 = v6, .prefix_len = v6 ? 128 : 32 };

	for (size_t i = v6 ? 16 : 4; i > 0; i--) {
		cidr.address[i - 1] = (uint8_t)v;
		v >>= 8;
	}
	return cidr;
}

static const uint8_t key[16];

/* by: what names it, a rule's peer or a zone, wherever it is in memory */
static int add(struct space *space, const struct cidr *block, const char *zone, const void *by,
	       struct err *err)
{
	if ((space->n & (space->n - 1)) == 0) {
		struct space_part *grown =
			reallocarray(space->v, space->n ? space->n * 2 : 1, sizeof(*grown));

		if (!grown)
			return err_oom(err);
		space->v = grown;
	}
	space->v[space->n++] = (struct space_part){
		.block = *block,
		.zone = zone,
		.named = siphash24(key, &by, sizeof(by)),
	};
	return 0;
}

static int add_zone(struct space *space, const char *name, const struct host *host, struct err *err)
{
	static const struct zones no_zones = { 0 };
	const struct zone *zone;
	int r = zones_get(host ? &host->zones : &no_zones, name, &zone, err);

	for (size_t i = 0; r == 0 && i < zone->n_cidrs; i++)
		r = add(space, &zone->cidrs[i], zone->name, zone, err);
	return r;
}

static int add_peer(struct space *space, const struct peer *peer, const struct host *host,
		    struct err *err)
{
	int r = 0;

	switch (peer->kind) {
	case PEER_IP_BLOCK:
		r = add(space, &peer->cidr, NULL, &peer->cidr, err);
		for (size_t i = 0; r == 0 && i < peer->n_except; i++)
			r = add(space, &peer->except[i], NULL, peer->except, err);
		break;
	case PEER_ZONE:
		r = add_zone(space, peer->zone, host, err);
		break;
	case PEER_LABELS:
		break;
	}
	return r;
}

static int add_direction(struct space *space, const struct direction *direction,
			 const struct host *host, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < direction->n_rules; i++) {
		const struct network_rule *rule = &direction->rules[i];

		for (size_t k = 0; r == 0 && k < rule->n_peers; k++)
			r = add_peer(space, &rule->peers[k], host, err);
	}
	return r;
}

int space_add(struct space *space, const struct profile *profile, const struct host *host,
	      struct err *err)
{
	int r = 0;

	if (!profile->network.present)
		return 0;
	r = add_direction(space, &profile->network.ingress, host, err);
	if (r == 0)
		r = add_direction(space, &profile->network.egress, host, err);
	if (r < 0)
		err_context(err, "profile %s", profile->name);
	return r;
}

/* A block of a zone before the same one without: the first stays. */
static int compare(const void *left, const void *right)
{
	const struct space_part *a = left, *b = right;
	int order = (int)a->block.v6 - (int)b->block.v6;

	if (order == 0)
		order = memcmp(a->block.address, b->block.address, sizeof(a->block.address));
	if (order == 0)
		order = (int)a->block.prefix_len - (int)b->block.prefix_len;
	if (order != 0 || a->zone == b->zone)
		return order;
	if (!a->zone || !b->zone)
		return a->zone ? -1 : 1;
	return strcmp(a->zone, b->zone);
}

static bool same_block(const struct cidr *a, const struct cidr *b)
{
	return a->v6 == b->v6 && a->prefix_len == b->prefix_len &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static void drop_equal(struct space *space)
{
	size_t n = 0;

	for (size_t i = 0; i < space->n; i++) {
		if (n == 0 || !same_block(&space->v[n - 1].block, &space->v[i].block))
			space->v[n++] = space->v[i];
		else
			space->v[n - 1].named += space->v[i].named; /* in whatever order */
	}
	space->n = n;
}

/* The first address that no block inside it has. */
static void find_sample(struct space *space, size_t at)
{
	struct space_part *part = &space->v[at];
	address_t v = first_of(&part->block), end = last_of(&part->block);

	for (size_t i = at + 1; i < space->n; i++) {
		const struct cidr *inner = &space->v[i].block;

		if (!cidr_contains(&part->block, inner) || first_of(inner) > v)
			break;
		if (last_of(inner) < v)
			continue; /* it lies within one that was passed */
		if (last_of(inner) == end) {
			part->empty = true;
			return;
		}
		v = last_of(inner) + 1;
	}
	part->sample = address_at(part->block.v6, v);
}

static void find_above(struct space *space, size_t at)
{
	struct space_part *part = &space->v[at];
	size_t i = at > 0 ? at - 1 : 0;

	part->above = at;
	if (at == 0)
		return;
	while (!cidr_contains(&space->v[i].block, &part->block)) {
		if (space->v[i].above == i)
			return; /* of the other family */
		i = space->v[i].above;
	}
	part->above = i;
}

static bool is_loopback(const struct cidr *block)
{
	static const uint8_t one[16] = { [15] = 1 };

	return block->v6 ? memcmp(block->address, one, sizeof(one)) == 0 : block->address[0] == 127;
}

static bool alike(const struct space *space, size_t a, size_t b)
{
	const struct space_part *p = &space->v[a], *q = &space->v[b];

	return p->block.v6 == q->block.v6 && p->named == q->named && p->empty == q->empty &&
	       p->loopback == q->loopback && p->above != a && q->above != b &&
	       space->v[p->above].as == space->v[q->above].as;
}

/* What is around a part stands before it. */
static int find_alike(struct space *space, struct err *err)
{
	size_t places = 16;
	_cleanup_free_ size_t *table = NULL; /* 1 more than a part's index */

	while (places < 2 * space->n)
		places *= 2;
	table = calloc(places, sizeof(*table));
	if (!table)
		return err_oom(err);
	for (size_t i = 0; i < space->n; i++) {
		size_t at = (size_t)space->v[i].named & (places - 1);

		while (table[at] && !alike(space, table[at] - 1, i))
			at = (at + 1) & (places - 1);
		if (!table[at])
			table[at] = i + 1;
		space->v[i].as = table[at] - 1;
	}
	return 0;
}

int space_cut(struct space *space, struct err *err)
{
	const struct cidr v4 = { 0 }, v6 = { .v6 = true };
	int r = add(space, &v4, NULL, NULL, err);

	if (r == 0)
		r = add(space, &v6, NULL, NULL, err);
	if (r < 0)
		return r;
	qsort(space->v, space->n, sizeof(*space->v), compare);
	drop_equal(space);
	for (size_t i = 0; i < space->n; i++) {
		space->v[i].loopback = is_loopback(&space->v[i].block);
		find_above(space, i);
		find_sample(space, i);
	}
	return find_alike(space, err);
}

/* The last block that begins no later; if the address is not in it, it is in one around that. */
size_t space_find(const struct space *space, const struct cidr *address)
{
	const struct space_part wanted = { .block = *address };
	size_t low = 0, high = space->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		const struct space_part *part = &space->v[middle];
		int order = (int)part->block.v6 - (int)wanted.block.v6;

		if (order == 0)
			order = memcmp(part->block.address, wanted.block.address,
				       sizeof(part->block.address));
		if (order <= 0)
			low = middle;
		else
			high = middle;
	}
	while (!cidr_contains(&space->v[low].block, address) && space->v[low].above != low)
		low = space->v[low].above;
	return low;
}

size_t space_around(const struct space *space, size_t part)
{
	size_t around = space->v[part].above;

	while (space->v[around].empty && space->v[around].above != around)
		around = space->v[around].above;
	return space->v[around].empty ? part : around;
}

void space_done(struct space *space)
{
	free(space->v);
	*space = (struct space){ 0 };
}
