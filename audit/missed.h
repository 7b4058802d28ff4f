/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the ledger could not take because nothing could be written there, counted where
 * something can: stateDir/missed, a byte each. The ledger's next writer tells of them.
 */
#ifndef COAMING_AUDIT_MISSED_H
#define COAMING_AUDIT_MISSED_H

#include "lib/err.h"

/* One more. Where that cannot be counted either nobody knows of it but who started the container.
 */
void missed_count(const char *state_dir);
/* How many they are, which are forgotten by this; 0 where none, or state_dir is NULL. */
uint64_t missed_take(const char *state_dir);

#endif
