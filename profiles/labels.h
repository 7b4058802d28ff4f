/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, each with where it came from.
 */
#ifndef COAMING_PROFILES_LABELS_H
#define COAMING_PROFILES_LABELS_H

#include "lib/err.h"

/* Zero is the least trusted. */
enum label_source {
	LABEL_FROM_IMAGE,      /* never control input */
	LABEL_FROM_ENGINE,     /* the engine's own record of --label */
	LABEL_FROM_ANNOTATION, /* OCI annotation in config.json */
	LABEL_FROM_COMMAND,    /* coaming explain --label */
	LABEL_SOURCES_,
};

#define LABEL_SOURCE_BIT(source) (1U << (source))
#define LABEL_SOURCES_TRUSTED                                                                      \
	(LABEL_SOURCE_BIT(LABEL_FROM_ENGINE) | LABEL_SOURCE_BIT(LABEL_FROM_ANNOTATION) |           \
	 LABEL_SOURCE_BIT(LABEL_FROM_COMMAND))
/* By which a profile may come to apply: the image's own labels too, since engines keep one list, in
 * which nobody can tell what the user gave and the image has as well. */
#define LABEL_SOURCES_MATCHED (LABEL_SOURCES_TRUSTED | LABEL_SOURCE_BIT(LABEL_FROM_IMAGE))

struct label {
	char *key;
	char *value;
	enum label_source source;
};

struct labels {
	struct label *v; /* sorted by key, unique keys */
	size_t n;
	struct label *dropped; /* an image's, under LABEL_RESERVED_PREFIX; in the order seen */
	size_t n_dropped;
};

#define LABELS_MAX            10000               /* a container with more is refused */
#define LABEL_VALUE_MAX       ((size_t)256 << 10) /* as Kubernetes' limit for all annotations */
#define LABEL_KEY_MAX         512
#define LABEL_RESERVED_PREFIX "io.coaming."
#define LABEL_PROFILE         "io.coaming.profile"

const char *label_source_name(enum label_source source); /* "annotation", ... */

/*
 * Set a label. An existing one of the same key is kept where its source is more trusted, else
 * replaced. Image labels under io.coaming. are dropped: *ret_dropped tells (may be NULL), and
 * labels->dropped keeps them.
 * Errors  -E2BIG beyond the limits above; -ENOMEM
 */
int labels_set(struct labels *labels, const char *key, const char *value, enum label_source source,
	       bool *ret_dropped, struct err *err);
/*
 * The container's image has this label. Engines make it one of the container's own: where theirs
 * has the same value it is taken for the image's, and dropped if it is under io.coaming.
 */
int labels_mark_image(struct labels *labels, const char *key, const char *value, struct err *err);
const struct label *labels_get(const struct labels *labels, const char *key); /* NULL: absent */
void labels_done(struct labels *labels);

#endif
