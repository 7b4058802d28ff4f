/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from label selectors.
 */
#include "profiles/selector_logic.h"

#include "lib/strv.h"

static const struct requirement *find(const struct selector_facts *facts, const char *key,
				      enum selector_op op)
{
	for (size_t s = 0; s < facts->n; s++) {
		for (size_t i = 0; i < facts->v[s]->n; i++) {
			const struct requirement *one = &facts->v[s]->v[i];

			if (one->op == op && streq(one->key, key))
				return one;
		}
	}
	return NULL;
}

/* Does a requirement leave this value to the label, where it is there? */
static bool leaves(const struct requirement *one, const char *key, const char *value)
{
	if (!streq(one->key, key) || (one->op != SELECTOR_IN && one->op != SELECTOR_NOT_IN))
		return true;
	return strv_contains(one->values, one->n_values, value) == (one->op == SELECTOR_IN);
}

static bool may_be(const struct selector_facts *facts, const char *key, const char *value)
{
	for (size_t s = 0; s < facts->n; s++) {
		for (size_t i = 0; i < facts->v[s]->n; i++) {
			if (!leaves(&facts->v[s]->v[i], key, value))
				return false;
		}
	}
	return true;
}

/* Of the values that one In leaves, is each that the others leave too among these, or none? */
static bool all_are(const struct selector_facts *facts, const struct requirement *in,
		    const struct requirement *these, bool among)
{
	for (size_t i = 0; i < in->n_values; i++) {
		if (may_be(facts, in->key, in->values[i]) &&
		    strv_contains(these->values, these->n_values, in->values[i]) != among)
			return false;
	}
	return true;
}

static bool excludes_all(const struct selector_facts *facts, const struct requirement *these)
{
	for (size_t i = 0; i < these->n_values; i++) {
		if (may_be(facts, these->key, these->values[i]))
			return false;
	}
	return true;
}

bool selectors_imply(const struct selector_facts *facts, const struct requirement *requirement)
{
	const char *key = requirement->key;
	const struct requirement *in = find(facts, key, SELECTOR_IN);
	bool absent = find(facts, key, SELECTOR_DOES_NOT_EXIST);

	switch (requirement->op) {
	case SELECTOR_IN:
		return in && all_are(facts, in, requirement, true);
	case SELECTOR_NOT_IN:
		return absent || (in && all_are(facts, in, requirement, false)) ||
		       excludes_all(facts, requirement);
	case SELECTOR_EXISTS:
		return in || facts->has_label || find(facts, key, SELECTOR_EXISTS);
	case SELECTOR_DOES_NOT_EXIST:
		return absent;
	}
	return false;
}

bool selectors_contradict_on(const struct selector_facts *facts, const char *key)
{
	const struct requirement *in = find(facts, key, SELECTOR_IN);

	if (find(facts, key, SELECTOR_DOES_NOT_EXIST) &&
	    (in || facts->has_label || find(facts, key, SELECTOR_EXISTS)))
		return true;
	return in && excludes_all(facts, in);
}

bool selectors_contradict(const struct selector_facts *facts)
{
	for (size_t s = 0; s < facts->n; s++) {
		for (size_t i = 0; i < facts->v[s]->n; i++) {
			if (selectors_contradict_on(facts, facts->v[s]->v[i].key))
				return true;
		}
	}
	return false;
}
