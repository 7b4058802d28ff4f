/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For fuzzers of the evidence: a changed record has a wrong hash and is looked at no further, so
 * its hash is made right again.
 */
#ifndef COAMING_TESTS_FUZZ_LEDGER_H
#define COAMING_TESTS_FUZZ_LEDGER_H

#include "audit/entry.h"
#include "tests/fuzz/fuzz.h"

/* A copy of a segment with every COAMING_HASH as it should be; to be freed. */
static inline char *with_good_hashes(struct piece segment)
{
	static const char mark[] = "COAMING_HASH\n\x40\0\0\0\0\0\0\0";
	const size_t mark_len = sizeof(mark) - 1;
	char *copy = malloc(segment.len + 1), *start = copy, *end = copy + segment.len;

	must(copy);
	if (segment.len > 0)
		memcpy(copy, segment.text, segment.len);
	for (;;) {
		char *at = memmem(start, (size_t)(end - start), mark, mark_len);
		char hash[SHA256_HEX];

		if (!at || (size_t)(end - at) < mark_len + 66)
			return copy;
		sha256_hex1(hash, start, (size_t)(at - start));
		memcpy(at + mark_len, hash, 64);
		start = at + mark_len + 66; /* two line feeds */
	}
}

#endif
