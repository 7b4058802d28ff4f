/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a chain, from K_0 on, for records in any order.
 */
#ifndef COAMING_AUDIT_CHAIN_KEYS_H
#define COAMING_AUDIT_CHAIN_KEYS_H

#include "audit/key.h"

struct chain_keys;

/* n first keys. ret is set, and to be freed, also on failure. Errors: -ENOMEM. */
int chain_keys_new(const struct key *first, size_t n, struct chain_keys **ret, struct err *err);
void chain_keys_free(struct chain_keys **keys);

/*
 * Was that code made with the key of this epoch, of any of the first keys?
 *
 * Returns 1 yes, 0 no
 * Errors  -ENOMEM
 */
int chain_keys_check(struct chain_keys *keys, uint64_t epoch, const void *data, size_t len,
		     const char mac[SHA256_HEX], struct err *err);
/* Is a key with this COAMING_KEY_ID among them? */
bool chain_keys_has(const struct chain_keys *keys, const char *id, size_t len);

#endif
