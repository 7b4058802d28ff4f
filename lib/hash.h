/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 and HMAC-SHA-256 (nettle), mostly as hex text.
 */
#ifndef COAMING_LIB_HASH_H
#define COAMING_LIB_HASH_H

#include "lib/base.h"

#define SHA256_BYTES 32
#define SHA256_HEX   65

struct iovec;
/* Digest of n pieces, as 64 lower-case hex digits and NUL. */
void sha256_hex(char out[SHA256_HEX], const struct iovec *pieces, size_t n);
void sha256_hex1(char out[SHA256_HEX], const void *data, size_t len);
void sha256_raw(uint8_t out[SHA256_BYTES], const void *data, size_t len);
/* HMAC-SHA-256 (RFC 2104) under a key of 32 bytes. */
void hmac_sha256_hex(char out[SHA256_HEX], const uint8_t key[SHA256_BYTES], const void *data,
		     size_t len);

/* n bytes as 2n lower-case hex digits and NUL. */
void hex_encode(char *out, const uint8_t *bytes, size_t n);
/* Exactly 2n hex digits of either case; false for anything else. */
bool hex_decode(uint8_t *out, size_t n, const char *text, size_t len);

#endif
