/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of the TOML reader share: toml.c has tables and lines, toml_value.c what
 * stands behind "=".
 */
#ifndef COAMING_LIB_TOML_INTERNAL_H
#define COAMING_LIB_TOML_INTERNAL_H

#include "lib/toml.h"

struct toml_parser {
	struct toml *toml;
	const char *text; /* of the document */
	size_t len;
	size_t pos;
	char *out; /* where the next decoded string goes: there is room for all of them */
	unsigned depth;
	struct toml_node *section; /* of the last header; the root before any */
	struct err *err;
};

/* The error of a byte: "NAME:LINE:COLUMN: what", -EBADMSG. */
int toml_bad(struct toml_parser *p, size_t offset, const char *what);

/* The byte at pos, or -1 at the end. */
int toml_peek(const struct toml_parser *p);
bool toml_ahead(const struct toml_parser *p, const char *text);
/* Blanks and tabs. */
void toml_skip_blanks(struct toml_parser *p);
/* Blanks, and a comment up to its newline. */
int toml_skip_comment(struct toml_parser *p);
/* "\n" or "\r\n". */
bool toml_skip_newline(struct toml_parser *p);

/* A new node below `parent`, after its other members; NULL with the error set. */
struct toml_node *toml_new(struct toml_parser *p, struct toml_node *parent, enum toml_type type,
			   enum toml_origin origin, const char *key);

/* A dotted key up to its last part, which goes to *ret_key; *table becomes what the parts before
 * name, made where it is not there. */
int toml_read_dotted(struct toml_parser *p, struct toml_node **table, const char **ret_key);
/* "key = value" into a table. */
int toml_read_pair(struct toml_parser *p, struct toml_node *table, struct toml_node **ret);

/* "..." or '...' on one line, or with `multi` also in three quotes. */
int toml_read_string(struct toml_parser *p, bool multi, const char **ret, size_t *ret_len);
/* What stands at pos, into a node of which the type is not known yet. */
int toml_read_value(struct toml_parser *p, struct toml_node *node);

#endif
