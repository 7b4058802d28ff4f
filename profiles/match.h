/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's `match`: to which containers it applies by itself.
 */
#ifndef COAMING_PROFILES_MATCH_H
#define COAMING_PROFILES_MATCH_H

#include "profiles/selector.h"

#define MATCH_IMAGES_MAX 256

/* What is known of a container before its config is looked at. Borrowed. */
struct metadata {
	const struct labels *labels;
	const char *image; /* as the engine calls it; NULL: not known */
};

struct match {
	bool present;
	struct selector selector; /* empty: any labels */
	char **images;            /* patterns, see image.h; none: any image, also an unknown one */
	size_t n_images;
	uint32_t sources; /* bit per enum label_source: whose labels count */
};

/* Fill *match, also in part where it fails; match_done() in either case. */
int match_parse(const struct doc *doc, const struct node *node, struct match *match,
		struct err *err);
/*
 * Everything must hold: the selector, over labels of the sources that count, and one of the image
 * patterns. Where an image's own labels count they can only make a profile apply, never keep it
 * away: NotIn and DoesNotExist do not see them.
 */
bool match_fits(const struct match *match, const struct metadata *metadata);
/* The same, and not for the image's labels alone: only then is it somebody's choice. */
bool match_fits_trusted(const struct match *match, const struct metadata *metadata);
/* A selector by which something is widened: labels of an image never count. */
bool selector_holds_trusted(const struct selector *selector, const struct metadata *metadata);
/* "tier=web, !legacy; only labels of engine; image nginx or httpd"; "every container" */
void match_describe(const struct match *match, struct buf *out);
void match_done(struct match *match);

#endif
