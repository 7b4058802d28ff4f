/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TOML document that keeps its text.
 *
 * containerd, podman and CRI-O are configured in TOML. What is edited there must keep every other
 * byte, so that each value and each line has its span here; no packaged C library reads TOML, and
 * none of another language gives spans that an edit could rest on. The grammar is TOML 1.0.0 and
 * nothing more: no byte order mark, no NUL (raw or escaped). Numbers and times keep their text.
 * The tests hold it against Python's tomllib.
 *
 * Source: toml.io/en/v1.0.0
 */
#ifndef COAMING_LIB_TOML_H
#define COAMING_LIB_TOML_H

#include "lib/err.h"

enum toml_type {
	TOML_TABLE,
	TOML_ARRAY,
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOL,
	TOML_TIME, /* date, time, both, with an offset or without */
};

/* How a table or an array came to be, which decides what may still be added to it. */
enum toml_origin {
	TOML_VALUE,    /* a value: a scalar, an array, an inline table */
	TOML_IMPLICIT, /* a table that only a longer header names */
	TOML_HEADER,   /* [table], or an element of [[table]]; the root */
	TOML_DOTTED,   /* a table that only a dotted key names */
	TOML_TABLES,   /* the array of [[table]] */
};

struct toml_node {
	enum toml_type type;
	enum toml_origin origin;
	const char *key;    /* decoded; NULL for the root and for elements */
	const char *string; /* TOML_STRING: decoded, no NUL inside; other scalars: their text */
	size_t string_len;
	size_t start, end; /* TOML_VALUE: byte span of the value; TOML_HEADER: the header's */
	size_t line_start, line_end;    /* the whole lines of its "key = value" or its [header], the
					   newline too; 0, 0 where it has none */
	size_t body_end;                /* TOML_HEADER: end of the last line below the header */
	struct toml_node *first, *last; /* members or elements, in the order of the text */
	struct toml_node *next;
	struct toml_node *parent;
};

struct toml;

/* Largest depth of nesting; largest number of values: containerd's whole default is 400. */
#define TOML_DEPTH_MAX 64
#define TOML_NODES_MAX 20000

/*
 * Parse a text.
 *
 * name      how errors call it; copied
 * text      copied; len bytes, need not be NUL-terminated
 * ret_toml  toml_free(); untouched on failure
 * Errors    -EBADMSG "NAME:LINE:COLUMN: what"; -E2BIG deeper or larger than above; -ENOMEM
 */
int toml_parse(struct toml **ret_toml, const char *name, const char *text, size_t len,
	       struct err *err);
void toml_free(struct toml **toml);
#define _cleanup_toml_ _cleanup_(toml_free)

const struct toml_node *toml_root(const struct toml *toml);
/* The text as it was parsed; *ret_len may be NULL. Lives as long as the document. */
const char *toml_text(const struct toml *toml, size_t *ret_len);

/* "NAME:LINE:COLUMN" of a byte of the text, for error texts. */
#define TOML_WHERE_MAX 512
const char *toml_where(char out[TOML_WHERE_MAX], const struct toml *toml, size_t offset);
#define TOML_WHERE(toml, offset) toml_where((char[TOML_WHERE_MAX]){ 0 }, (toml), (offset))

/* Member of a table by its key; NULL where there is none or `table` is NULL or no table. */
const struct toml_node *toml_get(const struct toml_node *table, const char *key);
/* Walk several keys: toml_path(root, "engine", "runtimes", NULL). */
const struct toml_node *toml_path(const struct toml_node *table, ...) __attribute__((sentinel));
/* The text of a string; NULL for what is none. */
const char *toml_string(const struct toml_node *node);

#define toml_foreach(child, parent_node)                                                           \
	for (const struct toml_node *child = (parent_node) ? (parent_node)->first : NULL; child;   \
	     child = child->next)

/*
 * Do two documents say the same? Members of tables are compared by key, wherever they stand and
 * however they are written; scalars by their text, strings decoded.
 *
 * left_out  asked of every member of a table of either side; true: it is not compared. May be NULL
 */
typedef bool toml_left_out_fn(const struct toml_node *node, const void *arg);
bool toml_equal(const struct toml_node *a, const struct toml_node *b, toml_left_out_fn *left_out,
		const void *arg);

#endif
