/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several profiles together let a container call, whatever it asks for.
 */
#ifndef COAMING_PROFILES_SECCOMP_MEET_H
#define COAMING_PROFILES_SECCOMP_MEET_H

#include "profiles/profile.h"

/*
 * The meet of all filters of all sections that are there; everything where there is none.
 *
 * bounding, kernel  as for filter_resolve()
 * Errors            as of filter_meet()
 */
int seccomp_meet(const struct seccomp_section *const *sections, size_t n, uint64_t bounding,
		 uint32_t kernel, struct filter *ret, struct err *err);

#endif
