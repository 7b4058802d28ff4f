/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of one host that follow one another, as runs of which only the ends are kept.
 */
#ifndef COAMING_AUDIT_CHAIN_RUNS_H
#define COAMING_AUDIT_CHAIN_RUNS_H

#include "audit/sighting.h"

struct run {
	uint64_t first, last;
	uint8_t first_prev[SHA256_BYTES], first_hash[SHA256_BYTES], last_hash[SHA256_BYTES];
	uint64_t last_epoch;       /* 0: that record has no key */
	uint64_t gap_from, gap_to; /* of its first record, where that is a gap record; else 0 */
	bool in_ledger;            /* some record of it was read there */
	bool only_ledger;          /* all were */
	char *where;               /* of the first record */
};

struct runs {
	struct run *v;
	size_t n, size;
	uint32_t *table; /* index + 1 into v, by last_hash; open addressing */
	size_t table_size;
	uint64_t overflow; /* records that found no room */
};
void runs_done(struct runs *runs);

enum run_added {
	RUN_EXTENDED, /* it follows the end of a run */
	RUN_NEW,
	RUN_COPY, /* it is the end of a run */
	RUN_LOST, /* there are too many runs */
};

/*
 * Add a record.
 *
 * where     of it, copied where it begins a run
 * ret_jump  the epoch that the run had before, where the record's does not follow it; else 0
 * Errors    -ENOMEM
 */
int runs_add(struct runs *runs, const struct sighting *sighting, const char *where, size_t most,
	     enum run_added *ret, uint64_t *ret_jump, struct err *err);
/* By first, the longer one before; the table is gone then. */
void runs_sort(struct runs *runs);

#endif
