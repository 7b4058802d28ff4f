/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of a draft share: generate_draft.c and generate_network.c alone include this.
 */
#ifndef COAMING_CLI_GENERATE_DRAFT_H
#define COAMING_CLI_GENERATE_DRAFT_H

#include "cli/generate.h"
#include "lib/emit.h"

/* A profile that is being written. */
struct drafting {
	const struct subjects *all;
	const struct subject *s;
	const struct model *m; /* NULL: not recognised */
	const struct models *models;
	const struct taxonomy *taxonomy;
	struct emit e;
	struct draft *draft;
	bool records; /* reasons are kept: in the first of two passes */
	struct err *err;
};

/* Keep the reason of a line. Memory that is short is told by draft_status(). */
int draft_say(struct drafting *d, bool guessed, const char *where, const char *what,
	      const char *why) __attribute__((nonnull));
/* The member "network", or nothing where the container has no network of its own. */
int draft_network(struct drafting *d);
/* "model nginx" or, of one that is not sure, "model nginx (a guess: 25 points)". */
const char *draft_model_why(char out[128], const struct drafting *d);
/* Was its model found with few points, or not at all? */
bool draft_is_guess(const struct drafting *d);

#endif
