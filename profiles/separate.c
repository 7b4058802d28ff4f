/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data classes that are kept apart.
 */
#include "profiles/separate.h"

#include "lib/hash.h"

#define SET_DIGITS 16
static_assert(sizeof("apart-") + SET_DIGITS <= APART_SET_MAX, "its name and NUL");

char *separate_key(const char *word)
{
	char *key;

	if (strpbrk(word, "./"))
		return strdup(word);
	return asprintf(&key, LABEL_RESERVED_PREFIX "%s", word) < 0 ? NULL : key;
}

const char *separate_class(const struct labels *labels, const char *key)
{
	const struct label *label = labels_get(labels, key);

	/* Whoever builds an image does not choose whose data it may see. */
	return label && (LABEL_SOURCES_TRUSTED & LABEL_SOURCE_BIT(label->source)) ? label->value
										  : "";
}

const char *separate_set(char out[APART_SET_MAX], const char *key)
{
	char digest[SHA256_HEX];

	sha256_hex1(digest, key, strlen(key));
	(void)snprintf(out, APART_SET_MAX, "apart-%.*s", SET_DIGITS, digest);
	return out;
}
