/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text with a few spans of it exchanged; all other bytes are kept.
 */
#ifndef COAMING_CLI_SPLICE_H
#define COAMING_CLI_SPLICE_H

#include "lib/buf.h"
#include "lib/err.h"

#define SPLICES_MAX 64

struct splice {
	struct {
		size_t start, end;
		char *text;
	} v[SPLICES_MAX];
	size_t n;
};

void splice_done(struct splice *splice);
#define _cleanup_splice_ _cleanup_(splice_done)

/*
 * Exchange text[start..end) for `text` (copied); equal ends: put it in. -E2BIG beyond SPLICES_MAX.
 */
int splice_add(struct splice *splice, size_t start, size_t end, const char *text, struct err *err);

/*
 * The new text, into an empty buffer. Additions at one place keep their order.
 *
 * Errors  -EEXIST two spans overlap; -ENOMEM
 */
int splice_apply(const struct splice *splice, const char *text, size_t len, struct buf *out,
		 struct err *err);

#endif
