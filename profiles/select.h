/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles apply to a container, and why.
 */
#ifndef COAMING_PROFILES_SELECT_H
#define COAMING_PROFILES_SELECT_H

#include "profiles/store.h"

enum why {
	WHY_FLOOR,
	WHY_MATCH,
	WHY_NAMED,
	WHY_DEFAULT,
	WHY_EXTENDED,
	WHY_ADMITTED, /* the container was started under it */
	WHYS_,
};

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
const char *why_name(enum why why); /* "floor", "match", "label", "default", ... */

/*
 * A profile and all that it extends, as if it had been selected by name: for those who look at
 * profiles and not at containers. Errors as above.
 */
int select_extended(const struct host *host, struct store *store, const struct profile *profile,
		    struct selection *ret, struct err *err);

/*
 * Add the profiles under which a container was started to those that are selected for it now: what
 * has been taken out of its labels, or of a `match`, since then still holds for it.
 *
 * mode    MODE_AUDIT: nothing of them was enforced
 * Errors  -EPERM (refused) one is in none of the profile directories any more; those of a profile
 *         that is broken
 */
int select_admitted(const struct host *host, struct store *store, char *const *names, size_t n,
		    enum mode mode, struct selection *selection, struct err *err);

#endif
