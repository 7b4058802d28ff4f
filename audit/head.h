/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger's writers remember from one run to the next: where the chain ends, what the
 * journal has got, and what is still to be told of losses.
 *
 * The head is a hint with a memory. Where it is missing, damaged or older than the segments it is
 * made again from them; where it remembers more than they hold, something was taken away.
 */
#ifndef COAMING_AUDIT_HEAD_H
#define COAMING_AUDIT_HEAD_H

#include "audit/key.h"

/* After a record: `end` bytes into the segment that begins with SEQ `segment`. */
struct position {
	uint64_t segment, end, seq;
};

enum gap_reason {
	GAP_TORN,         /* a writer died within a record */
	GAP_SHORT,        /* the segment ends before what the head remembers */
	GAP_GONE,         /* the segment is not there any more */
	GAP_HEAD_MISSING, /* records cut from the end would not be seen */
	GAP_HEAD_DAMAGED,
	GAP_BROKEN,     /* SEQ or PREV do not follow */
	GAP_MISSED,     /* the ledger could not be written at the time */
	GAP_SPOOL,      /* a waiting record could not be read */
	GAP_UNREADABLE, /* records that the journal was to get could not be read */
	GAP_REASONS_,
};

/* Losses that no record tells yet. */
struct gap {
	uint64_t from, to; /* SEQs that are passed over; 0: none */
	uint64_t missed;   /* records without a SEQ that never came into the ledger */
	uint32_t reasons;  /* bit per enum gap_reason */
	uint32_t unused;
};

struct head {
	struct position last;
	struct position sent;      /* the journal was given everything up to here */
	struct position marks[2];  /* older places of `sent`, see evidence.c */
	struct position confirmed; /* a journal on disk was seen to hold everything up to here */
	struct gap gap;
	uint64_t journal_id;       /* whose journal that was, journal_open() */
	uint64_t reserve_bytes;    /* what is left of the reserve */
	uint64_t bytes;            /* of all segments */
	uint64_t space_state;      /* what was last told of it, see space.c */
	uint64_t told_day;         /* when the last head record was written, days since 1970 */
	uint64_t told_boot;        /* and in which boot: the id's first 16 digits */
	char boot_id[40];          /* of the boot in which `sent` was */
	char hash[SHA256_HEX + 7]; /* of the last record */
	struct key key;            /* of the next record; epoch 0: none */
	char key_id[KEY_ID_HEX + 7];
};

enum head_state { HEAD_DAMAGED, HEAD_MISSING, HEAD_GOOD };

/* Read the head. ret_fd is open for head_store(), or -1. ret untouched unless HEAD_GOOD. */
int head_load(int dirfd, int *ret_fd, struct head *ret, enum head_state *ret_state,
	      struct err *err);
/* Write it in place, or make it where *fd is -1. Without a sync: it is made again after a crash. */
int head_store(int dirfd, int *fd, const struct head *head, struct err *err);

const char *gap_reason_name(enum gap_reason reason); /* "torn", a value of COAMING_GAP_REASON */
const char *gap_reason_text(enum gap_reason reason); /* a half sentence */

#endif
