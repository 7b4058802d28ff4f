/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's filter in the reading that its author means: a condition on an argument that the
 * kernel takes as 32 bits is one on these 32 bits.
 */
#ifndef COAMING_PROFILES_FILTER_NARROW_H
#define COAMING_PROFILES_FILTER_NARROW_H

#include "profiles/filter.h"

/*
 * Rules that one call may come to, where one of its conditions is said by more than one rule.
 * "Not this value" needs 32, and what engines say of socket 65.
 */
#define NARROW_RULES_MAX 128

/*
 * Make every condition on such an argument (filter_arg_bits()) one that compares these bits only,
 * by masked equality. A range comes to as many rules as it has prefixes. A call that would have
 * more than NARROW_RULES_MAX gets the strictest action that it has for all arguments, by a rule
 * that is `coarse`.
 *
 * node    the `seccomp` object that *filter was parsed from
 * Errors  -EBADMSG with the place of a value that needs more bits; a negative number in 64 bits
 *         is cut; -ENOMEM. *filter can still be given to filter_done() only
 */
int filter_narrow(const struct doc *doc, const struct node *node, struct filter *filter,
		  struct err *err);

#endif
