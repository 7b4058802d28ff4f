/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that says who wrote a record, and that nobody has afterwards.
 *
 *	K_0		32 random bytes, shown once to the auditor
 *	K_n		SHA-256(K_(n-1)), n >= 1: of the record whose COAMING_KEY_EPOCH is n
 *	COAMING_KEY_ID	first 16 hex digits of HMAC-SHA-256(K_0, "coaming-key-id")
 *
 * The host holds the key of the next record alone. Whoever takes it over can write further records,
 * as can anybody with root's power; but not alter, nor put between, those that are there: their
 *keys cannot be computed back.
 *
 * Source: Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics" (the evolving key)
 */
#ifndef COAMING_AUDIT_KEY_H
#define COAMING_AUDIT_KEY_H

#include "lib/err.h"
#include "lib/hash.h"

#define KEY_ID_HEX 17
/* No writer skips more keys than that; a larger epoch in a file is no key of ours. */
#define KEY_STEPS_MAX ((uint64_t)1 << 20)

struct key {
	uint8_t bytes[SHA256_BYTES];
	uint64_t epoch; /* 0: K_0, or none at all */
};

/* A new K_0 from the kernel. Errors: errno of getrandom(2). */
int key_generate(struct key *ret, struct err *err);
/* K_0 as the auditor keeps it, 64 hex digits; spaces and dashes between are passed over. */
bool key_parse(struct key *ret, const char *text, size_t len);
/* The id that K_0 has in the records. */
void key_id(char out[KEY_ID_HEX], const struct key *first);
/* The next one; the old bytes are gone. */
void key_next(struct key *key);
/* Go on to an epoch that is not before this one's. */
void key_advance(struct key *key, uint64_t epoch);

#endif
