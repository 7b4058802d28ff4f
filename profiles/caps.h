/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability names and masks. Names are libcap's, in capitals, with or without CAP_.
 */
#ifndef COAMING_PROFILES_CAPS_H
#define COAMING_PROFILES_CAPS_H

#include "lib/doc.h"

#define CAP_MASK(cap) (UINT64_C(1) << (cap))
#define CAPS_ALL      ((UINT64_C(1) << 41) - 1) /* up to CAP_CHECKPOINT_RESTORE */

/* Bit number, or -ENOENT. */
int cap_number(const char *name);
/* "CAP_NET_RAW"; NULL beyond the last known one. Static. */
const char *cap_name(int number);
/* The nearest known name without CAP_, or NULL. Static. */
const char *cap_nearest(const char *name);

/* A list of names, or "ALL", as a mask. -EBADMSG with the place and the nearest known name. */
int caps_parse(const struct doc *doc, const struct node *list, uint64_t *ret, struct err *err);

#endif
