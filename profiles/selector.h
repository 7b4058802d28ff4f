/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes label selectors: matchLabels and matchExpressions, all of which must hold.
 *
 * Source: Kubernetes API, LabelSelector. An empty selector matches everything, as there.
 */
#ifndef COAMING_PROFILES_SELECTOR_H
#define COAMING_PROFILES_SELECTOR_H

#include "lib/buf.h"
#include "lib/doc.h"
#include "lib/emit.h"
#include "profiles/labels.h"

enum selector_op { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_DOES_NOT_EXIST };

struct requirement {
	char *key;
	enum selector_op op;
	char **values; /* In, NotIn: at least one */
	size_t n_values;
};

struct selector {
	struct requirement *v; /* matchLabels first, as In with one value */
	size_t n;
};

/* Parse the object that holds matchLabels and matchExpressions. */
int selector_parse(const struct doc *doc, const struct node *node, struct selector *ret,
		   struct err *err);
/*
 * One requirement, for the container's label of its key; NULL: it has none. NotIn holds then too,
 * which is Kubernetes' rule.
 */
bool requirement_holds(const struct requirement *requirement, const struct label *label);
/* As kubectl writes it: "tier=web", "tier in (a,b)", "tier notin (a)", "tier", "!tier"; what is not
 * plain is quoted. */
void requirement_describe(const struct requirement *requirement, struct buf *out);
/* A key or a value: as it is where it is plain, else quoted. */
void label_word_describe(const char *word, struct buf *out);
/* The same as one of matchExpressions. */
void requirement_write(const struct requirement *requirement, struct emit *e);
/* Sort the requirements and their values and drop what is there twice: it means the same. */
void selector_normalise(struct selector *selector);
void selector_done(struct selector *selector);

#endif
