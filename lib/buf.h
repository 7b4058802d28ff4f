/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte string. Once an append has failed the buffer stays failed, so that a long run of
 * appends is checked once, at its end.
 */
#ifndef COAMING_LIB_BUF_H
#define COAMING_LIB_BUF_H

#include "lib/base.h"

struct buf {
	char *data; /* NUL-terminated when not NULL */
	size_t len; /* without the NUL */
	size_t size;
	bool failed; /* out of memory; data is unusable */
};

void buf_done(struct buf *buf);
#define _cleanup_buf_ _cleanup_(buf_done)

/* Append. Where memory is short the buffer remembers it: ask buf_status() once, at the end. */
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *fmt, ...) _printf_(2, 3);

/* 0, or -ENOMEM where any append has failed. */
int buf_status(const struct buf *buf);

/* Hand the text to the caller (never NULL on success; free()), or NULL where an append failed. */
char *buf_take(struct buf *buf);

#endif
