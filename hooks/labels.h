/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, from where each engine keeps them.
 */
#ifndef COAMING_HOOKS_LABELS_H
#define COAMING_HOOKS_LABELS_H

#include "hooks/identity.h"
#include "profiles/host.h"
#include "profiles/labels.h"

/* Borrowed. */
struct labels_request {
	const struct host *host;
	const struct doc *config;
	const char *bundle; /* NULL where unknown: a precreate hook is not told */
};

/*
 * All labels of a container: its annotations, and what the engine that identity_find() has
 * recognised keeps of it. Labels that its image has too are of source "image".
 *
 * identity  name, image and Kubernetes' names are completed from the engine's record
 * ret       labels_done(); untouched on failure
 * Limits    LABELS_MAX; those of each source's own files
 * Errors    any: labels that should be there and cannot be read are no empty set
 */
int labels_find(const struct labels_request *request, struct identity *identity, struct labels *ret,
		struct err *err);

/*
 * From the config alone: every OCI annotation is a label of source "annotation"; the labels and
 * annotations which CRI-O keeps as JSON in annotations are labels of source "engine".
 *
 * ret     labels_done(); untouched on failure
 * Errors  -EBADMSG an annotation is no string, or CRI-O's JSON is broken; -E2BIG beyond LABELS_MAX
 */
int labels_from_config(const struct doc *config, struct labels *ret, struct err *err);

#endif
