/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4, as journal files use it for their tables.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012)
 */
#ifndef COAMING_LIB_SIPHASH_H
#define COAMING_LIB_SIPHASH_H

#include "lib/base.h"

/* Of len bytes, under a key of 16. */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);

#endif
