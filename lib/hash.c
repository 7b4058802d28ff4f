/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 as hex text.
 */
#include "lib/hash.h"

#include <nettle/sha2.h>
#include <sys/uio.h>

void sha256_hex(char out[SHA256_HEX], const struct iovec *pieces, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < n; i++)
		sha256_update(&ctx, pieces[i].iov_len, pieces[i].iov_base);
	sha256_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[SHA256_HEX - 1] = '\0';
}

void sha256_hex1(char out[SHA256_HEX], const void *data, size_t len)
{
	const struct iovec piece = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };

	sha256_hex(out, &piece, 1);
}
