/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles apply to a container, and why.
 */
#ifndef COAMING_PROFILES_SELECT_H
#define COAMING_PROFILES_SELECT_H

#include "profiles/store.h"

enum why { WHY_FLOOR, WHY_MATCH, WHY_NAMED, WHY_DEFAULT, WHY_EXTENDED, WHYS_ };

struct selected {
	const struct profile *profile; /* the store's */
	enum why why;                  /* the first that was found to hold */
	const char *by;                /* WHY_EXTENDED: the profile that extends it; else NULL */
	/* MODE_AUDIT: all of it, whatever its sections say, since the host, the default or the
	 * profile that extends it says so, or since none of its sections is enforced. */
	enum mode mode;
};

struct selection {
	struct selected *v; /* sorted by name, unique */
	size_t n;
	const struct exemption *exempt; /* the host's; not NULL: nothing applies */
};

/*
 * Select: an exemption first; else the floor, the matching and the named ones, or the default, and
 * all that those extend. A profile that applies for several reasons is enforced where one of them
 * enforces it.
 *
 * An image's labels exempt nobody, and count only in a `match` that says so.
 *
 * Errors  -EPERM (refused) a name in io.coaming.profile that does not exist, with unknownProfile
 *         "deny", that is no name, or whose profile is not selectable; -EBADMSG a floor or default
 *         profile, or one that another extends, that is missing or broken; -ELOOP they extend each
 *         other
 */
int select_profiles(const struct host *host, struct store *store, const struct metadata *metadata,
		    struct selection *ret, struct err *err);
void selection_done(struct selection *selection);
/* Is a section of this mode enforced? */
bool selected_enforces(const struct selected *selected, enum mode section);
const char *why_name(enum why why); /* "floor", "match", "label", "default", "extends" */

/*
 * A profile and all that it extends, as if it had been selected by name: for those who look at
 * profiles and not at containers. Errors as above.
 */
int select_extended(const struct host *host, struct store *store, const struct profile *profile,
		    struct selection *ret, struct err *err);

#endif
