/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's labels, from where each engine puts them in the config.
 */
#ifndef COAMING_HOOKS_LABELS_H
#define COAMING_HOOKS_LABELS_H

#include "lib/doc.h"
#include "profiles/labels.h"

/*
 * Every OCI annotation is a label of source "annotation"; the labels which CRI-O keeps as JSON in
 * an annotation are labels of source "engine".
 *
 * ret     labels_done(); untouched on failure
 * Errors  -EBADMSG an annotation is no string, or CRI-O's JSON is broken; -E2BIG beyond LABELS_MAX
 */
int labels_from_config(const struct doc *config, struct labels *ret, struct err *err);

#endif
