/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 and HMAC-SHA-256.
 */
#include "lib/hash.h"

#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sys/uio.h>

static_assert(SHA256_BYTES == SHA256_DIGEST_SIZE, "nettle's");
static_assert(SHA256_HEX == 2 * SHA256_BYTES + 1, "two digits a byte, and NUL");

void hex_encode(char *out, const uint8_t *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[bytes[i] >> 4];
		out[2 * i + 1] = hex[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(uint8_t *out, size_t n, const char *text, size_t len)
{
	if (len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void sha256_hex(char out[SHA256_HEX], const struct iovec *pieces, size_t n)
{
	uint8_t digest[SHA256_BYTES];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < n; i++)
		sha256_update(&ctx, pieces[i].iov_len, pieces[i].iov_base);
	sha256_digest(&ctx, sizeof(digest), digest);
	hex_encode(out, digest, sizeof(digest));
}

void sha256_hex1(char out[SHA256_HEX], const void *data, size_t len)
{
	const struct iovec piece = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };

	sha256_hex(out, &piece, 1);
}

void sha256_raw(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	sha256_digest(&ctx, SHA256_BYTES, out);
}

void hmac_sha256_hex(char out[SHA256_HEX], const uint8_t key[SHA256_BYTES], const void *data,
		     size_t len)
{
	uint8_t digest[SHA256_BYTES];
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, SHA256_BYTES, key);
	hmac_sha256_update(&ctx, len, data);
	hmac_sha256_digest(&ctx, sizeof(digest), digest);
	hex_encode(out, digest, sizeof(digest));
	explicit_bzero(&ctx, sizeof(ctx)); /* it holds the key */
}
