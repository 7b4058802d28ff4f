/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte string.
 */
#include "lib/buf.h"

#include <errno.h>
#include <stdarg.h>

static bool reserve(struct buf *buf, size_t more)
{
	size_t need, size = buf->size ? buf->size : 256;
	char *data;

	if (buf->failed || __builtin_add_overflow(buf->len, more, &need) || need > SIZE_MAX / 4) {
		buf->failed = true;
		return false;
	}
	if (need < buf->size)
		return true;
	while (size <= need)
		size *= 2;
	data = realloc(buf->data, size);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!reserve(buf, len + 1))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

int buf_status(const struct buf *buf)
{
	return buf->failed ? -ENOMEM : 0;
}

char *buf_take(struct buf *buf)
{
	char *data;

	buf_add(buf, "", 0); /* an empty buffer gives an empty text, not NULL */
	if (buf->failed)
		return NULL;
	data = buf->data;
	*buf = (struct buf){ 0 };
	return data;
}
