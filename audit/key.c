/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evolving key.
 *
 * MUST NOT leave a key behind in memory that was used.
 */
#include "audit/key.h"

#include <errno.h>
#include <sys/random.h>

int key_generate(struct key *ret, struct err *err)
{
	ssize_t n;

	*ret = (struct key){ 0 };
	do
		n = getrandom(ret->bytes, sizeof(ret->bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(ret->bytes)) /* so few bytes come whole */
		return err_errno(err, n < 0 ? errno : EIO, "cannot get a key from the kernel");
	return 0;
}

bool key_parse(struct key *ret, const char *text, size_t len)
{
	char digits[SHA256_HEX];
	size_t n = 0;
	bool good;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '-')
			continue;
		if (n == SHA256_HEX - 1)
			return false;
		digits[n++] = text[i];
	}
	ret->epoch = 0;
	good = hex_decode(ret->bytes, sizeof(ret->bytes), digits, n);
	explicit_bzero(digits, sizeof(digits));
	return good;
}

void key_id(char out[KEY_ID_HEX], const struct key *first)
{
	static const char what[] = "coaming-key-id";
	char hex[SHA256_HEX];

	hmac_sha256_hex(hex, first->bytes, what, sizeof(what) - 1);
	memcpy(out, hex, KEY_ID_HEX - 1);
	out[KEY_ID_HEX - 1] = '\0';
}

void key_next(struct key *key)
{
	uint8_t next[SHA256_BYTES];

	sha256_raw(next, key->bytes, sizeof(key->bytes));
	memcpy(key->bytes, next, sizeof(next));
	explicit_bzero(next, sizeof(next));
	key->epoch++;
}

void key_advance(struct key *key, uint64_t epoch)
{
	while (key->epoch < epoch)
		key_next(key);
}
