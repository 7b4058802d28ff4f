/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference between two profiles in what they mean: what a container may do under the one and
 * not under the other.
 */
#ifndef COAMING_PROFILES_COMPARE_H
#define COAMING_PROFILES_COMPARE_H

#include "profiles/select.h"

enum way {
	WAY_WIDER,    /* may under the new one, and could not before */
	WAY_NARROWER, /* the other way round */
	WAY_OTHER,    /* neither: the text of a reason, an errno, a control */
};

struct difference {
	const char *section; /* "seccomp"..., "match", "profile" */
	enum way way;
	char *what;
};

struct differences {
	struct difference *v;
	size_t n;
	size_t wider, narrower, other;
};

/*
 * Compare a profile with all that it extends, old and new. Sections in audit mode take nothing.
 *
 * old, now  from select_extended(); the profile itself is the one whose `why` is WHY_NAMED
 * Errors    -E2BIG network sections that are too large to be compared; -ENOMEM
 */
int compare_profiles(const struct selection *old, const struct selection *now,
		     struct differences *ret, struct err *err);
int difference_add(struct differences *out, const char *section, enum way way, const char *what,
		   struct err *err);
void differences_done(struct differences *differences);

#endif
