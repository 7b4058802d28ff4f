/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error, told once where the fact is known, with context added on the way up.
 *
 * A function that can fail returns 0 or a negative errno and fills `struct err`. Nothing here
 * allocates, so that running out of memory can be told too.
 */
#ifndef COAMING_LIB_ERR_H
#define COAMING_LIB_ERR_H

#include "lib/base.h"

/* Whose matter it is. The values are the exit statuses of all three programs. */
enum err_class {
	ERR_NONE = 0,
	ERR_REFUSED = 1,  /* the policy says no */
	ERR_INPUT = 2,    /* wrong use, or a file that is not right */
	ERR_SYSTEM = 111, /* the system failed: memory, descriptors, disk, a missing program */
};

#define ERR_TEXT_MAX 2048
/* Room for one quoted foreign text, see quote(). */
#define QUOTE_MAX 200

struct err {
	enum err_class class;
	char text[ERR_TEXT_MAX];
};

/*
 * Set the cause, unless one is set already: the first cause wins.
 *
 * errnum    positive errno, or 0 where none fits (EINVAL is returned then)
 * fmt       one sentence without a full stop; foreign text goes through Q()
 * Returns   -errnum, so that `return err_input(err, EBADMSG, ...)` reads naturally
 */
int err_refuse(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);
int err_input(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);
int err_system(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);

/* As err_system(), with ": " and strerror(errnum) appended. errnum is positive. */
int err_errno(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);

/* Out of memory; returns -ENOMEM. */
int err_oom(struct err *err);

/* Put "CONTEXT: " before the text of a set error; a no-op on an empty one. */
void err_context(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* Put " (HINT)" behind the text of a set error, where there is room: what to do about it. */
void err_hint(struct err *err, const char *hint);

/* Forget the error, for a caller that has dealt with it. */
void err_clear(struct err *err);

/*
 * Quote text from outside so that it cannot reach a terminal, a log or a rule as anything else.
 *
 * out       QUOTE_MAX bytes; the result is "..." with control characters, quotes, backslashes,
 *           bytes above 0x7e and what does not fit escaped (\n, \xNN) or cut with "..."
 * Returns   out
 */
const char *quote(char out[QUOTE_MAX], const char *text, size_t len);

#define Q(text)          quote((char[QUOTE_MAX]){ 0 }, (text), strlen(text))
#define QN(text, length) quote((char[QUOTE_MAX]){ 0 }, (text), (length))

#endif
