/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to a document's text. Everything outside the edited spans keeps its bytes.
 */
#ifndef COAMING_LIB_EDIT_H
#define COAMING_LIB_EDIT_H

#include "lib/buf.h"
#include "lib/doc.h"

struct edit; /* the pending changes of one document */

/* The document must outlive it. -ENOMEM. */
int edit_new(struct edit **ret, const struct doc *doc, struct err *err);
void edit_free(struct edit **edit);
#define _cleanup_edit_ _cleanup_(edit_free)

/* Each takes JSON text (copied). Two edits of one place are a bug, as is an addition to what is
 * removed or replaced: -EEXIST at apply. */
int edit_replace(struct edit *edit, const struct node *node, const char *json, struct err *err);
/* Add a member as the last of an object; several additions to one object keep their order. What is
 * no object (for an element: no array) is an error as node_expect() gives it. */
int edit_add_member(struct edit *edit, const struct node *object, const char *key, const char *json,
		    struct err *err);
/* The same, laid out as the object's first member is, where it has one: for files that people read.
 * `json` is put in as it is. */
int edit_add_member_alike(struct edit *edit, const struct node *object, const char *key,
			  const char *json, struct err *err);
/* Add an element as the last of an array. */
int edit_add_element(struct edit *edit, const struct node *array, const char *json,
		     struct err *err);
/* Replace a member, or add it where it is absent. */
int edit_member(struct edit *edit, const struct node *object, const char *key, const char *json,
		struct err *err);
/* Take out a member or an element, with one comma. Also all of them, one after another. */
int edit_remove(struct edit *edit, const struct node *node, struct err *err);

bool edit_is_empty(const struct edit *edit);
/* The new text, into an empty buffer. It is parsed again before it is given out: what is written
 * is JSON. On failure the buffer holds rubbish. */
int edit_apply(const struct edit *edit, struct buf *out, struct err *err);

#endif
