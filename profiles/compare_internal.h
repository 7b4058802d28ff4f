/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of compare.c share.
 */
#ifndef COAMING_PROFILES_COMPARE_INTERNAL_H
#define COAMING_PROFILES_COMPARE_INTERNAL_H

#include "lib/buf.h"
#include "profiles/compare.h"

/* The profiles of one side, each with its enforced sections only. */
struct side {
	struct profile *v;
	size_t n;
};

struct comparison {
	struct side old, now;
	const struct profile *old_profile, *now_profile; /* the one that is compared, whole */
	struct differences *out;
	struct err *err;
};

/* One section, or what selects. Each adds its differences. */
int compare_match(const struct comparison *c);
int compare_seccomp(const struct comparison *c);
int compare_network(const struct comparison *c);

/* Add what has been written. */
int difference_take(const struct comparison *c, const char *section, enum way way,
		    struct buf *text);

#endif
