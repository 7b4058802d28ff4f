/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper program takes from itself before it calls a library of others.
 */
#ifndef COAMING_LIB_OWN_H
#define COAMING_LIB_OWN_H

#include <sys/resource.h>
#include "lib/err.h"

struct own_limit {
	__rlimit_resource_t resource;
	rlim_t value;
};

/* Both limits of each resource, where they are not lower already. Errors: errno of setrlimit(2) */
int own_limits(const struct own_limit *v, size_t n, struct err *err);

/*
 * Keep these capabilities alone, in the effective and the permitted set, and no program gives more.
 *
 * keep    a bit a capability, of the first 32
 * Errors  errno of prctl(2), capset(2)
 */
int own_capabilities(uint32_t keep, struct err *err);

#endif
