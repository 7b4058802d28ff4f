/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write JSON into a buffer. Commas and quotes are put in by the writer; a value inside an object
 * needs emit_key() before it. Nesting is the caller's and is not checked.
 */
#ifndef COAMING_LIB_EMIT_H
#define COAMING_LIB_EMIT_H

#include "lib/buf.h"

struct emit {
	struct buf *out;
	bool after_key; /* the next value belongs to a key */
	bool comma;     /* the next value or key needs one before it */
	int indent;     /* spaces a level; 0 writes everything on one line */
	int level;
};

#define EMIT(buf) ((struct emit){ .out = (buf) })

void emit_object(struct emit *e);
void emit_object_end(struct emit *e);
void emit_array(struct emit *e);
void emit_array_end(struct emit *e);
void emit_key(struct emit *e, const char *key);
void emit_string(struct emit *e, const char *text);
/* len bytes; invalid UTF-8 becomes U+FFFD, a NUL \u0000. */
void emit_stringn(struct emit *e, const char *text, size_t len);
void emit_u64(struct emit *e, uint64_t v);
void emit_i64(struct emit *e, int64_t v);
void emit_bool(struct emit *e, bool v);
void emit_null(struct emit *e);
void emit_raw(struct emit *e, const char *json); /* a value's text, as it is */
/* A member of an object whose value is a text; null, or no member at all, where that is NULL. */
void emit_text(struct emit *e, const char *key, const char *text);
void emit_text_if(struct emit *e, const char *key, const char *text);
/* The same of a number. */
void emit_number(struct emit *e, const char *key, uint64_t v);

#endif
