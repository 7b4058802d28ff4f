/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a document is built: for the readers of a notation, doc.c (JSON) and yaml.c, alone.
 *
 * Nodes are given out in blocks that never move, so that pointers to them hold.
 */
#ifndef COAMING_LIB_DOC_INTERNAL_H
#define COAMING_LIB_DOC_INTERNAL_H

#include "lib/doc.h"

struct doc_block;

struct doc {
	char *name;
	char *text;
	size_t len;
	char *strings; /* decoded strings, one after another, each with its NUL */
	struct doc_block *blocks;
	size_t n_nodes;
	struct node *root;
};

/* A document without nodes; text copied, room for strings_bytes of decoded strings. */
int doc_new(struct doc **ret, const char *name, const char *text, size_t len, size_t strings_bytes,
	    struct err *err);
/*
 * A node, null, linked to nothing but its parent.
 *
 * offset   of the text, for the error
 * most     nodes that the document may have
 * Returns  NULL with *err set: no memory (ERR_SYSTEM), or too many
 */
struct node *doc_new_node(struct doc *doc, struct node *parent, size_t offset, size_t most,
			  struct err *err);
/* "NAME:LINE:COLUMN" of a byte of the text. */
const char *doc_where_offset(char out[WHERE_MAX], const struct doc *doc, size_t offset);
/* -EBADMSG "NAME:LINE:COLUMN: key "K" stands twice in one object". */
int doc_check_duplicates(const struct doc *doc, const struct node *object, struct err *err);

#endif
