/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 as hex text (nettle).
 */
#ifndef COAMING_LIB_HASH_H
#define COAMING_LIB_HASH_H

#include "lib/base.h"

#define SHA256_HEX 65

struct iovec;
/* Digest of n pieces, as 64 lower-case hex digits and NUL. */
void sha256_hex(char out[SHA256_HEX], const struct iovec *pieces, size_t n);
void sha256_hex1(char out[SHA256_HEX], const void *data, size_t len);

#endif
