/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels that a selector fits, as a set with which one can reckon: meet, take away, cut a
 * space of labels into parts that do not overlap. Exact: nothing is approximated.
 */
#ifndef COAMING_PROFILES_REGION_H
#define COAMING_PROFILES_REGION_H

#include "lib/emit.h"
#include "profiles/selector.h"

/* What is said of one label. */
struct key_rule {
	char *key;
	bool absent;   /* may it be missing? */
	bool listed;   /* `values` are the only ones it may have; else those it may not have */
	char **values; /* sorted, unique */
	size_t n_values;
};

/* All must hold; of other labels nothing is said. Empty: every set of labels. */
struct region {
	struct key_rule *v; /* sorted by key, unique */
	size_t n;
};

/* The labels that a selector fits. region_done() in either case. -ENOMEM */
int region_of(const struct selector *selector, struct region *ret, struct err *err);
int region_copy(const struct region *from, struct region *ret, struct err *err);
/* Keep of a region what is in the other one too. */
int region_meet(struct region *region, const struct region *other, struct err *err);
/* Does no set of labels fit? */
bool region_is_nothing(const struct region *region);
/* What is said of a key, or NULL. */
const struct key_rule *region_get(const struct region *region, const char *key);
/* Rename a key, where there is a rule on it and none on the new one. */
int region_rename(struct region *region, const char *key, const char *to, struct err *err);
/* Say no more of a key. */
void region_forget(struct region *region, const char *key);
/* As a selector, always the same text for the same set: {"matchLabels": ...}. */
void region_write(const struct region *region, struct emit *e);
void region_done(struct region *region);
#define _cleanup_region_ _cleanup_(region_done)

/* A part of all sets of labels, and which of some regions it lies in; it lies in each of them
 * wholly or not at all. */
struct cell {
	struct region region;
	bool *in; /* one for each of the regions */
};

struct cells {
	struct cell *v;
	size_t n;
};

/*
 * Cut the space into parts that do not overlap and that together hold every set of labels which
 * lies in one of the regions.
 *
 * ret     cells_done(); untouched on failure; each lies in one region at least
 * most    cells
 * Errors  -E2BIG, without a text: there would be more; -ENOMEM
 */
int region_cells(const struct region *regions, size_t n, size_t most, struct cells *ret,
		 struct err *err);
void cells_done(struct cells *cells);
#define _cleanup_cells_ _cleanup_(cells_done)

#endif
