/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file as an input of a fuzzer: a sparse one, in pieces, each its offset (32 bits), its length
 * (16 bits, both little-endian) and its bytes; the rest is zeros. So what is changed is what is
 * used.
 */
#ifndef COAMING_TESTS_SPARSE_H
#define COAMING_TESTS_SPARSE_H

#include <endian.h>

#include "tests/fuzz/fuzz.h"

#define SPARSE_FILE_BYTES ((size_t)9 << 20)

/* Write the file that the input says. */
static inline void sparse_expand(int fd, const uint8_t *data, size_t size)
{
	size_t at = 0;

	must(fd >= 0);
	while (size - at >= 6) {
		uint32_t offset;
		uint16_t len;

		memcpy(&offset, data + at, 4);
		memcpy(&len, data + at + 4, 2);
		offset = le32toh(offset);
		len = le16toh(len);
		at += 6;
		if (len > size - at)
			len = (uint16_t)(size - at);
		if (offset < SPARSE_FILE_BYTES)
			must(pwrite(fd, data + at, len, offset) == len);
		at += len;
	}
}

#endif
