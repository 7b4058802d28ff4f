/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sequence numbers of one host were seen, each with 16 bits of its record's hash: so that a
 * record which comes twice counts once, and one that should not be there is noticed. A report is
 * no verification: `coaming verify` compares whole hashes.
 */
#ifndef COAMING_AUDIT_SEQSET_H
#define COAMING_AUDIT_SEQSET_H

#include "lib/err.h"

#define SEQSET_CHUNK 4096
/* Of one set; further numbers are not followed: 16 million records of a host. */
#define SEQSET_CHUNKS_MAX 4096

struct seqset {
	struct seqset_chunk {
		uint64_t first; /* a multiple of SEQSET_CHUNK */
		uint16_t *marks;
	} * v; /* ascending */
	size_t n;
	uint64_t omitted; /* numbers that are not followed */
};

enum seqset_answer {
	SEQSET_NEW,
	SEQSET_AGAIN, /* the same record */
	SEQSET_OTHER, /* another record of this number */
	SEQSET_FULL,  /* not followed */
};

/* Remember a number. */
enum seqset_answer seqset_add(struct seqset *set, uint64_t seq, uint64_t hash);
/* Was it seen, and with another hash? False also where it was not seen. */
bool seqset_differs(const struct seqset *set, uint64_t seq, uint64_t hash);
/*
 * The next range within [from, to] that was not seen.
 *
 * Returns  whether there is one
 */
bool seqset_hole(const struct seqset *set, uint64_t from, uint64_t to, uint64_t *ret_first,
		 uint64_t *ret_last);
void seqset_done(struct seqset *set);

#endif
