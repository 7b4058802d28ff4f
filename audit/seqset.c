/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence numbers that were seen.
 */
#include "audit/seqset.h"

/* 0 is for what was not seen. */
static uint16_t mark_of(uint64_t hash)
{
	uint16_t mark = (uint16_t)(hash ^ hash >> 32);

	return mark ? mark : 1;
}

/* The chunk that a number is in, or where it would be. */
static size_t place_of(const struct seqset *set, uint64_t first)
{
	size_t low = 0, high = set->n;

	/* Numbers mostly come in order. */
	if (set->n > 0 && set->v[set->n - 1].first <= first)
		return set->v[set->n - 1].first == first ? set->n - 1 : set->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->v[mid].first < first)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct seqset_chunk *chunk_of(struct seqset *set, uint64_t seq)
{
	uint64_t first = seq - seq % SEQSET_CHUNK;
	size_t at = place_of(set, first);
	struct seqset_chunk *grown;
	uint16_t *marks;

	if (at < set->n && set->v[at].first == first)
		return &set->v[at];
	if (set->n >= SEQSET_CHUNKS_MAX)
		return NULL;
	grown = reallocarray(set->v, set->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	set->v = grown;
	marks = calloc(SEQSET_CHUNK, sizeof(*marks));
	if (!marks)
		return NULL;
	memmove(&grown[at + 1], &grown[at], (set->n - at) * sizeof(*grown));
	grown[at] = (struct seqset_chunk){ first, marks };
	set->n++;
	return &grown[at];
}

enum seqset_answer seqset_add(struct seqset *set, uint64_t seq, uint64_t hash)
{
	struct seqset_chunk *chunk = chunk_of(set, seq);
	uint16_t mark = mark_of(hash), *there;

	if (!chunk) {
		set->omitted++;
		return SEQSET_FULL;
	}
	there = &chunk->marks[seq % SEQSET_CHUNK];
	if (*there == 0) {
		*there = mark;
		return SEQSET_NEW;
	}
	return *there == mark ? SEQSET_AGAIN : SEQSET_OTHER;
}

static uint16_t mark_at(const struct seqset *set, uint64_t seq)
{
	uint64_t first = seq - seq % SEQSET_CHUNK;
	size_t at = place_of(set, first);

	return at < set->n && set->v[at].first == first ? set->v[at].marks[seq % SEQSET_CHUNK] : 0;
}

bool seqset_differs(const struct seqset *set, uint64_t seq, uint64_t hash)
{
	uint16_t mark = mark_at(set, seq);

	return mark != 0 && mark != mark_of(hash);
}

/* The first number from `seq` on that is, or is not, there; to + 1 where all are alike. */
static uint64_t run_end(const struct seqset *set, uint64_t seq, uint64_t to, bool there)
{
	while (seq <= to) {
		uint64_t first = seq - seq % SEQSET_CHUNK;
		size_t at = place_of(set, first);

		if (at < set->n && set->v[at].first == first) {
			if ((set->v[at].marks[seq % SEQSET_CHUNK] != 0) != there)
				return seq;
			seq++;
		} else if (there) {
			return seq;
		} else {
			seq = at < set->n && set->v[at].first <= to ? set->v[at].first : to + 1;
		}
	}
	return to + 1;
}

bool seqset_hole(const struct seqset *set, uint64_t from, uint64_t to, uint64_t *ret_first,
		 uint64_t *ret_last)
{
	uint64_t first = run_end(set, from, to, true);

	if (first > to)
		return false;
	*ret_first = first;
	*ret_last = run_end(set, first, to, false) - 1;
	return true;
}

void seqset_done(struct seqset *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i].marks);
	free(set->v);
	*set = (struct seqset){ 0 };
}
