/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data classes that are kept apart: the host's "separate", coaming.json(5). Containers whose values
 * of such a label differ share nothing and exchange no packets.
 */
#ifndef COAMING_PROFILES_SEPARATE_H
#define COAMING_PROFILES_SEPARATE_H

#include "profiles/labels.h"

/* "apart-" and 16 hex digits; the kernel's sets have the family's digit behind it. */
#define APART_SET_MAX 24

/*
 * The key of a label as "separate" writes it: a word without "." and "/" is one of ours, which no
 * image can set ("data-class": "io.coaming.data-class"). free(); NULL: out of memory.
 */
char *separate_key(const char *word);
/* Whose class a container is of: the label's value; "" where it has none, or its image's alone. */
const char *separate_class(const struct labels *labels, const char *key);
/* The name of the sets that hold the addresses of the other classes of this key. */
const char *separate_set(char out[APART_SET_MAX], const char *key);

#endif
