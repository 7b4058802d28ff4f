/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that journald compressed. The libraries are those that libsystemd itself uses; they are
 * opened when the first such value comes, so that nothing else depends on them.
 *
 * MUST NOT be linked into the static programs.
 */
#ifndef COAMING_AUDIT_INFLATE_H
#define COAMING_AUDIT_INFLATE_H

#include "audit/journal_file.h"

struct inflate {
	void *zstd, *lz4; /* of dlopen() */
	size_t (*zstd_decompress)(void *to, size_t to_size, const void *from, size_t from_size);
	int (*lz4_decompress)(const char *from, char *to, int from_size, int to_size);
	char *text;
};

void inflate_done(struct inflate *inflate);

/*
 * The plain payload of a DATA object; it lives until the next call.
 *
 * Limits   INFLATE_MAX bytes
 * Returns  whether it could be read; not what xz compressed, nor where a library is missing
 */
#define INFLATE_MAX ((size_t)256 << 10)
bool inflate_payload(struct inflate *inflate, struct journal_file *file, uint64_t offset,
		     const char **ret, size_t *ret_len);

#endif
