/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profiles apply to a container, and why.
 */
#ifndef COAMING_PROFILES_SELECT_H
#define COAMING_PROFILES_SELECT_H

#include "profiles/store.h"

enum why { WHY_FLOOR, WHY_MATCH, WHY_NAMED, WHY_DEFAULT, WHYS_ };

struct selected {
	const struct profile *profile; /* the store's */
	enum why why;                  /* the first that holds, in the order of the enum */
	enum mode mode;                /* after the host's override */
};

struct selection {
	struct selected *v; /* sorted by name, unique */
	size_t n;
	const struct exemption *exempt; /* the host's; not NULL: nothing applies */
};

/*
 * Select: an exemption first; else the floor, the matching and the named ones, or the default.
 * Labels of the image count for nothing here.
 *
 * Errors  -EPERM (refused) a name in io.coaming.profile that does not exist, with unknownProfile
 *         "deny", or that is no name; -EBADMSG a floor or default profile that is missing or broken
 */
int select_profiles(const struct host *host, struct store *store, const struct labels *labels,
		    struct selection *ret, struct err *err);
void selection_done(struct selection *selection);
const char *why_name(enum why why); /* "floor", "match", "label", "default" */

#endif
