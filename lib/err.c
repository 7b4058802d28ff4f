/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error, told once. Nothing here allocates.
 */
#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>

static int set(struct err *err, enum err_class class, int errnum, const char *fmt, va_list ap)
{
	if (err && err->class == ERR_NONE) {
		err->class = class;
		/* What is longer is cut: the cause stands at the beginning. */
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	}
	return errnum > 0 ? -errnum : -EINVAL;
}

int err_refuse(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set(err, ERR_REFUSED, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_input(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set(err, ERR_INPUT, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_system(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set(err, ERR_SYSTEM, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
	bool first = err && err->class == ERR_NONE;
	va_list ap;
	size_t len;
	int r;

	va_start(ap, fmt);
	r = set(err, ERR_SYSTEM, errnum, fmt, ap);
	va_end(ap);
	if (first) {
		len = strlen(err->text);
		(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(errnum));
	}
	return r;
}

int err_oom(struct err *err)
{
	return err_system(err, ENOMEM, "out of memory");
}

void err_context(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	size_t len;
	va_list ap;

	if (!err || err->class == ERR_NONE)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	(void)snprintf(text + len, sizeof(text) - len, ": %.*s", (int)(sizeof(text) - len),
		       err->text);
	memcpy(err->text, text, sizeof(err->text));
}

void err_hint(struct err *err, const char *hint)
{
	size_t len = strlen(err->text);

	if (err->class != ERR_NONE && len + strlen(hint) + sizeof(" ()") <= sizeof(err->text))
		(void)snprintf(err->text + len, sizeof(err->text) - len, " (%s)", hint);
}

void err_clear(struct err *err)
{
	err->class = ERR_NONE;
	err->text[0] = '\0';
}

/* Room that is always kept: the longest escape, the mark of a cut and the closing quote. */
#define QUOTE_TAIL (sizeof("\\x00...\""))

const char *quote(char out[QUOTE_MAX], const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t o = 0, i;

	out[o++] = '"';
	for (i = 0; i < len && o + QUOTE_TAIL < QUOTE_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			out[o++] = '\\';
			out[o++] = (char)c;
		} else if (c == '\n') {
			out[o++] = '\\';
			out[o++] = 'n';
		} else if (c == '\t') {
			out[o++] = '\\';
			out[o++] = 't';
		} else if (c >= 0x20 && c < 0x7f) {
			out[o++] = (char)c;
		} else {
			out[o++] = '\\';
			out[o++] = 'x';
			out[o++] = hex[c >> 4];
			out[o++] = hex[c & 15];
		}
	}
	if (i < len) {
		memcpy(out + o, "...", 3);
		o += 3;
	}
	out[o++] = '"';
	out[o] = '\0';
	return out;
}
