/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that follow one another, as runs.
 */
#include "audit/chain_runs.h"

#include <errno.h>

void runs_done(struct runs *runs)
{
	for (size_t i = 0; i < runs->n; i++)
		free(runs->v[i].where);
	free(runs->v);
	free(runs->table);
	*runs = (struct runs){ 0 };
}

static size_t slot_of(const struct runs *runs, const uint8_t hash[SHA256_BYTES])
{
	uint64_t n;

	memcpy(&n, hash, sizeof(n));
	return (size_t)n & (runs->table_size - 1);
}

static void put(struct runs *runs, size_t i)
{
	size_t slot = slot_of(runs, runs->v[i].last_hash);

	while (runs->table[slot])
		slot = (slot + 1) & (runs->table_size - 1);
	runs->table[slot] = (uint32_t)i + 1;
}

/* Close the hole that a removed one leaves: those after it may have been put there past it. */
static void take_out(struct runs *runs, size_t i)
{
	size_t mask = runs->table_size - 1, slot = slot_of(runs, runs->v[i].last_hash);

	while (runs->table[slot] != i + 1)
		slot = (slot + 1) & mask;
	runs->table[slot] = 0;
	for (slot = (slot + 1) & mask; runs->table[slot]; slot = (slot + 1) & mask) {
		size_t moved = runs->table[slot] - 1;

		runs->table[slot] = 0;
		put(runs, moved);
	}
}

static struct run *find(struct runs *runs, const uint8_t hash[SHA256_BYTES])
{
	size_t slot;

	if (runs->table_size == 0)
		return NULL;
	for (slot = slot_of(runs, hash); runs->table[slot];
	     slot = (slot + 1) & (runs->table_size - 1)) {
		struct run *run = &runs->v[runs->table[slot] - 1];

		if (memcmp(run->last_hash, hash, SHA256_BYTES) == 0)
			return run;
	}
	return NULL;
}

static int grow(struct runs *runs, struct err *err)
{
	size_t size = runs->size ? 2 * runs->size : 16;
	uint32_t *table;
	struct run *v;

	if (runs->n < runs->size)
		return 0;
	v = reallocarray(runs->v, size, sizeof(*v));
	if (!v)
		return err_oom(err);
	runs->v = v;
	runs->size = size;
	table = calloc(4 * size, sizeof(*table));
	if (!table)
		return err_oom(err);
	free(runs->table);
	runs->table = table;
	runs->table_size = 4 * size;
	for (size_t i = 0; i < runs->n; i++)
		put(runs, i);
	return 0;
}

static void read_gap(const struct entry *e, uint64_t *from, uint64_t *to)
{
	*from = *to = 0;
	if (!entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)))
		return;
	if (!entry_get_u64(e, "COAMING_GAP_FROM", from) || !entry_get_u64(e, "COAMING_GAP_TO", to))
		*from = *to = e->seq; /* it passes nothing over, and may follow anything */
}

static bool follows(const struct run *run, const struct entry *e, uint64_t gap_from,
		    uint64_t gap_to)
{
	if (e->seq == run->last + 1)
		return true;
	return gap_from == run->last + 1 && gap_to == e->seq - 1;
}

static bool begins_key(const struct entry *e)
{
	return e->epoch == 1 && entry_get(e, "COAMING_KEY_ID");
}

static void extend(struct runs *runs, struct run *run, const struct sighting *s,
		   const uint8_t hash[SHA256_BYTES], uint64_t *ret_jump)
{
	const struct entry *e = s->entry;

	if (run->last_epoch > 0 && e->epoch > 0 && e->epoch != run->last_epoch + 1 &&
	    !begins_key(e))
		*ret_jump = run->last_epoch;
	take_out(runs, (size_t)(run - runs->v));
	memcpy(run->last_hash, hash, SHA256_BYTES);
	run->last = e->seq;
	if (e->epoch > 0)
		run->last_epoch = e->epoch;
	run->in_ledger |= s->source == SIGHT_LEDGER;
	run->only_ledger &= s->source == SIGHT_LEDGER;
	put(runs, (size_t)(run - runs->v));
}

static int begin(struct runs *runs, const struct sighting *s, const uint8_t prev[SHA256_BYTES],
		 const uint8_t hash[SHA256_BYTES], const char *where, struct err *err)
{
	const struct entry *e = s->entry;
	struct run *run;
	int r = grow(runs, err);

	if (r < 0)
		return r;
	run = &runs->v[runs->n];
	*run = (struct run){
		.first = e->seq,
		.last = e->seq,
		.last_epoch = e->epoch,
		.in_ledger = s->source == SIGHT_LEDGER,
		.only_ledger = s->source == SIGHT_LEDGER,
		.where = strdup(where),
	};
	if (!run->where)
		return err_oom(err);
	read_gap(e, &run->gap_from, &run->gap_to);
	memcpy(run->first_prev, prev, SHA256_BYTES);
	memcpy(run->first_hash, hash, SHA256_BYTES);
	memcpy(run->last_hash, hash, SHA256_BYTES);
	put(runs, runs->n++);
	return 0;
}

int runs_add(struct runs *runs, const struct sighting *s, const char *where, size_t most,
	     enum run_added *ret, uint64_t *ret_jump, struct err *err)
{
	uint8_t prev[SHA256_BYTES] = { 0 }, hash[SHA256_BYTES] = { 0 };
	const struct entry *e = s->entry;
	uint64_t gap_from, gap_to;
	struct run *run;

	*ret_jump = 0;
	/* What states no hash follows nothing, and nothing follows it. */
	(void)hex_decode(prev, sizeof(prev), e->prev, strlen(e->prev));
	(void)hex_decode(hash, sizeof(hash), e->hash, strlen(e->hash));
	read_gap(e, &gap_from, &gap_to);
	run = find(runs, prev);
	if (run && follows(run, e, gap_from, gap_to)) {
		extend(runs, run, s, hash, ret_jump);
		*ret = RUN_EXTENDED;
		return 0;
	}
	run = find(runs, hash);
	if (run && run->last == e->seq) {
		*ret = RUN_COPY;
		return 0;
	}
	*ret = runs->n >= most ? RUN_LOST : RUN_NEW;
	runs->overflow += *ret == RUN_LOST;
	return *ret == RUN_LOST ? 0 : begin(runs, s, prev, hash, where, err);
}

static int by_first(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last < y->last) - (x->last > y->last);
}

void runs_sort(struct runs *runs)
{
	if (runs->n > 1)
		qsort(runs->v, runs->n, sizeof(*runs->v), by_first);
	free(runs->table);
	runs->table = NULL;
	runs->table_size = 0;
}
