/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation: what was read back from the kernel, as one result, and the record of it.
 */
#ifndef COAMING_HOOKS_ATTEST_H
#define COAMING_HOOKS_ATTEST_H

#include "audit/record.h"
#include "hooks/live.h"
#include "hooks/proof.h"

enum attest_result {
	ATTEST_MISMATCH, /* zero: what runs is wider than what was admitted */
	ATTEST_UNPROVEN, /* a point could not be read, or not even the process */
	ATTEST_MATCH,
	ATTEST_RESULTS_,
};

/* "mismatch", "unproven", "match": COAMING_OUTCOME, and in the live file. */
const char *attest_result_name(enum attest_result result);

struct attestation {
	enum attest_result result;
	struct proof proof;      /* where `why` is empty */
	char digest[SHA256_HEX]; /* of what was read, all points together; "" where nothing was */
	struct err why;          /* why nothing could be read at all, or what else is not right */
	int64_t usec;            /* how long it took */
};

/*
 * Look at a process. What goes wrong makes it unproven, which is a result.
 *
 * ret     attestation_done(), also on failure
 * Errors  -ESRCH with no error text: the process has ended
 */
int attest_take(const struct process *process, const struct proof_wanted *wanted,
		struct attestation *ret);
void attestation_done(struct attestation *attestation);
#define _cleanup_attestation_ _cleanup_(attestation_done)

/* The first thing that is not as it should be, "seccomp: wanted ..., is ..."; "" where all is. */
int attest_reason(const struct attestation *attestation, struct buf *out);
/* A digest over what is not as it should be: another one, other findings. */
void attest_findings_digest(const struct attestation *attestation, char out[SHA256_HEX]);

/* Whom a record speaks of. All borrowed. */
struct attest_subject {
	const struct live *live; /* identity, mode, profiles, digests, netns */
	const char *stage;       /* "start", "attest" */
	const char *table;       /* of the firewall, or NULL */
	bool killed;
};

/*
 * The record: EVENT_ATTEST, or EVENT_DRIFT of a container that differs although it did not at its
 * start.
 */
int attest_record(const struct attest_subject *subject, const struct attestation *attestation,
		  enum event event, struct record *ret, struct err *err);

#endif
