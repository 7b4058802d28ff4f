/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep apart what libseccomp 2.5 would put together.
 *
 * Where two calls end in the same comparisons, it generates these once for both. They begin without
 * loading the argument if the one call has it loaded; the other, which comes from a comparison of
 * another argument, then compares that one: socket(16, x, 1) is allowed by rules that allow
 * socket(1, x, y) and socket(16, x, 9), where personality(1) is allowed. With a rule more at its
 * end, which never holds and whose action is its own, no part of a call is as another's.
 */
#ifndef COAMING_PROFILES_FILTER_APART_H
#define COAMING_PROFILES_FILTER_APART_H

#include "profiles/filter_mux.h"

/* No argument is free for that. */
#define APART_CANNOT UINT8_MAX

/*
 * Set `apart` in the rules of the calls that need it, or to APART_CANNOT: then the call must be
 * denied as a whole. In the others it is 0.
 *
 * filter     in the normal form of filter_meet()
 * ret_muxes  names of the multiplexers that must be denied, too; static texts
 */
int filter_keep_apart(struct filter *filter, const char *ret_muxes[MULTIPLEXERS],
		      size_t *ret_n_muxes, struct err *err);
/* The one half of such a rule: a condition more at its end. `args` is room for six. */
struct filter_rule filter_half(const struct filter_rule *rule, bool is_set,
			       struct filter_arg args[6]);
/* Is the second the other half of the first? Then they are the first without its last condition. */
bool filter_are_halves(const struct filter_rule *first, const struct filter_rule *second);

#endif
