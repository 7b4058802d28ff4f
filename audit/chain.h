/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold records against the rules of the chain, whatever they came from and in whatever order, with
 * memory that does not grow with their number.
 *
 * Records that follow one another become one run: of it only both ends are kept. What is found
 * missing, altered, inserted, forked or cut off shows in how runs meet. Where two runs cover the
 * same SEQs it takes further readings to tell a copy from a fork, and where that begins:
 * chains_wants_again().
 */
#ifndef COAMING_AUDIT_CHAIN_H
#define COAMING_AUDIT_CHAIN_H

#include "audit/sighting.h"

/* Runs of one host's chain; beyond it what is broken is counted, not located. */
#define CHAIN_RUNS_MAX  65536
#define CHAIN_HOSTS_MAX 4096
#define CHAIN_KEYS_MAX  64
#define CHAIN_HEADS_MAX 4096

enum finding_kind {
	FOUND_ALTERED,    /* the hash does not fit, or the next record names another one */
	FOUND_MISSING,    /* SEQs that no record and no gap record has */
	FOUND_DUPLICATED, /* twice in the ledger */
	FOUND_REORDERED,
	FOUND_INSERTED,  /* a record that no other one leads to */
	FOUND_FORGED,    /* not sent by root, or not written with the host's key */
	FOUND_TRUNCATED, /* a kept head is beyond the last record */
	FOUND_FORKED,    /* two chains from one point: a snapshot was restored */
	FOUND_BEGINNING, /* the first record is not the chain's first, and nothing says why */
	FOUND_UNREADABLE,
	FOUND_GAP,       /* what the ledger itself says is missing */
	FOUND_UNCHAINED, /* a record that has no place: the ledger could not take it */
	FOUND_UNPROVEN,  /* the key at hand does not reach it */
	FINDING_KINDS_,
};

struct finding {
	enum finding_kind kind;
	bool is_note; /* to be known, but nothing wrong by itself */
	char machine[33];
	uint64_t from, to; /* SEQs; 0: none */
	char where[320];   /* file and offset, or cursor */
	char text[256];    /* one half sentence: what, and what it means */
};
const char *finding_kind_name(enum finding_kind kind); /* "altered" */

struct chain_head {
	char machine[33];
	uint64_t seq;
	char hash[SHA256_HEX];
	const char *from; /* which file; borrowed */
};

struct chain_summary {
	char machine[33], host[256];
	uint64_t records;     /* that were seen, copies too */
	uint64_t copies;      /* of these, seen before: another source, or sent again */
	uint64_t first, last; /* SEQ */
	uint64_t missing;     /* that nothing tells of */
	uint64_t told;        /* that gap records tell of */
	uint64_t proven;      /* with a code that the key at hand confirms */
	uint64_t keyed;       /* with a code at all */
	uint64_t shown;       /* SEQ from which on the first key was not on the host; 0: never */
	uint64_t first_usec, last_usec;
};

struct chains;
typedef int finding_fn(void *arg, const struct finding *finding, struct err *err);
typedef int chain_summary_fn(void *arg, const struct chain_summary *summary, struct err *err);

/* keys: K_0s, n of them at most CHAIN_KEYS_MAX; heads: that were kept. Both borrowed. */
int chains_new(const struct key *keys, size_t n_keys, const struct chain_head *heads,
	       size_t n_heads, finding_fn *fn, void *arg, struct chains **ret, struct err *err);
void chains_free(struct chains **chains);
#define _cleanup_chains_ _cleanup_(chains_free)

/* One record. Errors: what the finding_fn gives; -ENOMEM; -E2BIG too many hosts. */
int chains_feed(struct chains *chains, const struct sighting *sighting, struct err *err);
/* After the last record: has everything to be read once more, with chains_again()? Then ask again.
 */
bool chains_wants_again(struct chains *chains);
int chains_again(struct chains *chains, const struct sighting *sighting, struct err *err);
/* Findings that only all records together show, then a summary of each host. */
int chains_end(struct chains *chains, chain_summary_fn *fn, struct err *err);

#endif
