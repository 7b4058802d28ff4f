/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML, read into the same tree as JSON (doc.h): libyaml has the grammar, this has the meaning.
 *
 * What a text says is what the core schema of YAML 1.2 says, kept to what JSON can say:
 * null, ~ and nothing at all are null; true and false are booleans; a plain scalar in the form of
 * a JSON number is a number; all else is text, also yes, 0x1f, 0440 and 22:22, which readers of
 * YAML 1.1 turn into something else. Keys are scalars, each once. Anchors, aliases and merge keys
 * (<<) work, within a limit of copies, so that a short text cannot become a huge tree. Tags other
 * than those of text, maps and lists are refused: what they would do is not known.
 *
 * Positions are those of the YAML text; of what an alias stands for, those of its anchor.
 */
#ifndef COAMING_LIB_YAML_H
#define COAMING_LIB_YAML_H

#include "lib/doc.h"

/* Values in one text: the largest compose files and policies of a cluster have some thousands. */
#define YAML_NODES_MAX 100000
/* Values that aliases and merge keys may copy, all together. */
#define YAML_COPIES_MAX 10000
/* Anchors of one document. */
#define YAML_ANCHORS_MAX 1000

/*
 * Parse a text of exactly one document.
 *
 * name     how errors call it; copied
 * text     copied; len bytes of UTF-8
 * ret      doc_free(); untouched on failure
 * Errors   -EBADMSG "NAME:LINE:COLUMN: what"; -E2BIG deeper than DOC_DEPTH_MAX, or larger than
 *          above; -ENOMEM
 * Source   YAML 1.2.2, 10.3 "Core Schema"; yaml.org/type/merge.html
 */
int doc_parse_yaml(struct doc **ret, const char *name, const char *text, size_t len,
		   struct err *err);
/* The same of any number of documents ("---" between them): the root is an array of them, without
 * those that are empty. */
int doc_parse_yaml_all(struct doc **ret, const char *name, const char *text, size_t len,
		       struct err *err);

#endif
