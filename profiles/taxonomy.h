/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is: labels under a few known words, whatever their authors called them. Pure.
 *
 *	function    what it is for others: web, database, cache
 *	app         the application that it is
 *	realm       the system that it is a part of
 *	region      where it is
 *	data-class  which data it has to do with
 *
 * The host's "taxonomy" gives these more names, and adds words of its own.
 */
#ifndef COAMING_PROFILES_TAXONOMY_H
#define COAMING_PROFILES_TAXONOMY_H

#include "lib/doc.h"
#include "profiles/labels.h"

struct taxonomy_word {
	char *word;
	char **keys; /* of labels: the first that a container has counts */
	size_t n_keys;
};

struct taxonomy {
	struct taxonomy_word *v;
	size_t n;
};

/* The words above, each with io.coaming.WORD, WORD and the names that Kubernetes, compose and the
 * OCI have for it. -ENOMEM. */
int taxonomy_init(struct taxonomy *taxonomy, struct err *err);
/*
 * Add the host's, {"WORD": ["KEY"...]}: its keys come behind those that the word has.
 *
 * Errors  -EBADMSG with the place
 */
int taxonomy_parse(const struct doc *doc, const struct node *node, struct taxonomy *taxonomy,
		   struct err *err);
void taxonomy_done(struct taxonomy *taxonomy);

/* The label that says it of a container; NULL: none does, or there is no such word. */
const struct label *taxonomy_label(const struct taxonomy *taxonomy, const struct labels *labels,
				   const char *word);

#endif
