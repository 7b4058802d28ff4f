/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON document that keeps its text.
 *
 * Three things are needed here which no packaged C library gives together: the line and column
 * of every key and value (for errors), the exact text of every number (OCI configs hold unsigned
 * 64-bit values, jansson stops at 2^63-1), and the byte span of every value (what the policy does
 * not change keeps its text). The grammar is RFC 8259 and nothing more: UTF-8 only, no byte
 * order mark, no comments, no duplicate key, no NUL (raw or escaped), no lone surrogate, nothing
 * after the value. The tests hold it against jansson.
 */
#ifndef COAMING_LIB_DOC_H
#define COAMING_LIB_DOC_H

#include "lib/err.h"

enum node_type {
	NODE_NULL,
	NODE_FALSE,
	NODE_TRUE,
	NODE_NUMBER,
	NODE_STRING,
	NODE_ARRAY,
	NODE_OBJECT,
};

struct node {
	enum node_type type;
	const char *key;    /* decoded, NUL-terminated; NULL for the root and array elements */
	const char *string; /* NODE_STRING: decoded, NUL-terminated, no NUL inside; NODE_NUMBER:
			       the number's own text */
	size_t string_len;
	size_t key_start;   /* byte offset of the key's opening quote */
	size_t start, end;  /* byte span of the value: text[start..end) */
	size_t count;       /* NODE_ARRAY, NODE_OBJECT: members */
	struct node *first; /* first member */
	struct node *next;  /* next sibling */
	struct node *parent;
};

struct doc;

/* Largest depth of nesting: runtime-spec configs stay below 12. */
#define DOC_DEPTH_MAX 64
/* Largest number of values: a config with 50,000 of them is not a container's. */
#define DOC_NODES_MAX 1000000

/*
 * Parse a text.
 *
 * name      how errors call it (a path, "standard input"); copied
 * text      copied; len bytes, need not be NUL-terminated
 * ret_doc   doc_free(); untouched on failure
 * Errors    -EBADMSG "NAME:LINE:COLUMN: what"; -E2BIG deeper or larger than above; -ENOMEM
 */
int doc_parse(struct doc **ret_doc, const char *name, const char *text, size_t len,
	      struct err *err);
void doc_free(struct doc **doc);
#define _cleanup_doc_ _cleanup_(doc_free)

const struct node *doc_root(const struct doc *doc);
const char *doc_name(const struct doc *doc);
/* The text as it was parsed; *ret_len may be NULL. Lives as long as the document. */
const char *doc_text(const struct doc *doc, size_t *ret_len);

/*
 * Refuse keys that another parser would take for a known one. Go's encoding/json (runc, podman,
 * Docker) matches keys under Unicode simple folding and lets the later one win, so that "Root" or
 * "pro\u017fess" overrides what we read. Every key of the document, at any depth outside the
 * members of `free_form` objects, is compared with every name of the sorted list.
 *
 * known      names of the schema; n of them
 * free_form  names of the members whose own keys are data, not schema ("annotations", "sysctl");
 *            compared byte for byte; n_free of them
 * Errors     -EBADMSG naming line, column, the key and the known one
 */
int doc_check_folding(const struct doc *doc, const char *const known[], size_t n,
		      const char *const free_form[], size_t n_free, struct err *err);

/* "NAME:LINE:COLUMN" of a value (of its key with doc_where_key), for error texts. Columns count
 * characters from 1. */
#define WHERE_MAX 512
const char *doc_where(char out[WHERE_MAX], const struct doc *doc, const struct node *node);
const char *doc_where_key(char out[WHERE_MAX], const struct doc *doc, const struct node *node);
/* The name alone, without what a terminal would obey. */
const char *doc_shown_name(char out[WHERE_MAX], const struct doc *doc);
#define WHERE(doc, node)     doc_where((char[WHERE_MAX]){ 0 }, (doc), (node))
#define WHERE_KEY(doc, node) doc_where_key((char[WHERE_MAX]){ 0 }, (doc), (node))

/* Member of an object by its key; NULL where there is none or `object` is NULL or no object. */
const struct node *node_get(const struct node *object, const char *key);
/* Walk several keys: node_path(root, "process", "capabilities", NULL). */
const struct node *node_path(const struct node *object, ...) __attribute__((sentinel));
bool node_is(const struct node *node, enum node_type type); /* false for NULL */

#define node_foreach(child, parent_node)                                                           \
	for (const struct node *child = (parent_node) ? (parent_node)->first : NULL; child;        \
	     child = child->next)

/*
 * Typed reads. Each gives -EBADMSG with "NAME:LINE:COLUMN: KEY: expected ..." on another type, and
 * -ERANGE where the number is no integer of that range (1.0 and 1e3 are not integers here, as in
 * Go's decoder).
 */
int node_read_string(const struct doc *doc, const struct node *node, const char **ret,
		     struct err *err);
int node_read_bool(const struct doc *doc, const struct node *node, bool *ret, struct err *err);
int node_read_u64(const struct doc *doc, const struct node *node, uint64_t *ret, struct err *err);
int node_read_i64(const struct doc *doc, const struct node *node, int64_t *ret, struct err *err);
int node_expect(const struct doc *doc, const struct node *node, enum node_type type,
		struct err *err);
/* An array of at most `most` elements; -E2BIG where it has more. */
int node_expect_list(const struct doc *doc, const struct node *node, size_t most, struct err *err);

/*
 * Refuse members that are not in the list, with the nearest known key:
 * "web.json:9:3: unknown key "capabilites" (did you mean "capabilities"?)".
 */
int node_check_keys(const struct doc *doc, const struct node *object, const char *const known[],
		    size_t n, struct err *err);

/* The nearest of n words by edit distance, or NULL where none is near enough to be a typing error.
 */
const char *nearest_word(const char *word, const char *const known[], size_t n);
/* " (did you mean NEAREST?)" for the end of a message, in out; "" where no word is near. */
#define SUGGESTION_MAX 128
const char *suggestion(char out[SUGGESTION_MAX], const char *word, const char *const known[],
		       size_t n);
#define SUGGESTION(word, known, n) suggestion((char[SUGGESTION_MAX]){ 0 }, (word), (known), (n))

#endif
