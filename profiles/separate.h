/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data classes that are kept apart: "separate" of the host, coaming.json(5), and of profiles,
 * coaming-profile(5). Containers whose values of such a label differ share nothing and exchange no
 * packets: all of this host, or one to which the profile applies and any other.
 */
#ifndef COAMING_PROFILES_SEPARATE_H
#define COAMING_PROFILES_SEPARATE_H

#include "profiles/select.h"

/* "apart-" and 16 hex digits; the kernel's sets have the family's digit behind it. */
#define APART_SET_MAX 24

/*
 * The key of a label as "separate" writes it: a word without "." and "/" is one of ours, which no
 * image can set ("data-class": "io.coaming.data-class"). free(); NULL: out of memory.
 */
char *separate_key(const char *word);
/*
 * A list of such words.
 *
 * keys    added to; sorted, unique; strv_free(), also on failure
 * Errors  -EBADMSG; -E2BIG
 */
int separate_parse(const struct doc *doc, const struct node *list, char ***keys, size_t *n,
		   struct err *err);
/* Whose class a container is of: the label's value; "" where it has none, or its image's alone. */
const char *separate_class(const struct labels *labels, const char *key);
/* The name of the sets that hold the addresses of the other classes of this key. */
const char *separate_set(char out[APART_SET_MAX], const char *key);

/* By how many labels one container is kept apart at most: each is two sets of its table. */
#define SEPARATIONS_MAX 64

/* One label by whose values a container is kept apart. Borrowed. */
struct separation {
	const char *key;
	const char *profile; /* whose "separate" has it; NULL: the host's, which goes first */
};

/*
 * The labels by which a container is kept apart, each once, in the order of their keys: a loop
 * starts with an empty one.
 *
 * host  as it counts for the container; NULL: it is not known, and keeps nothing apart
 * mode  MODE_ENFORCE: what is enforced; MODE_AUDIT: what is only recorded
 */
bool separation_next(const struct host *host, const struct selection *selection, enum mode mode,
		     struct separation *at);
/* Is there one? */
bool separation_any(const struct host *host, const struct selection *selection, enum mode mode);
size_t separation_count(const struct host *host, const struct selection *selection, enum mode mode);
/* Who demands it, for people: a profile's name, or "host". */
const char *separation_by(const struct separation *separation);

#endif
