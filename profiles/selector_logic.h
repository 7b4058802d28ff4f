/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from label selectors, for containers of which nothing is known but that they fit.
 */
#ifndef COAMING_PROFILES_SELECTOR_LOGIC_H
#define COAMING_PROFILES_SELECTOR_LOGIC_H

#include "profiles/selector.h"

/* Several selectors, all of which fit. Borrowed. */
struct selector_facts {
	const struct selector *const *v;
	size_t n;
	bool has_label; /* there is a label of every key that is asked about */
};

/* Must this hold too? Exact for one key; what keys have to do with each other nobody knows. */
bool selectors_imply(const struct selector_facts *facts, const struct requirement *requirement);
/* Can no value of this label, nor none, fit all of them? */
bool selectors_contradict_on(const struct selector_facts *facts, const char *key);
/* Can nothing fit all of them? */
bool selectors_contradict(const struct selector_facts *facts);

#endif
