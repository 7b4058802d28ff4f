/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that libc tries first and for which it has another way on ENOSYS.
 */
#ifndef COAMING_PROFILES_FILTER_FALLBACK_H
#define COAMING_PROFILES_FILTER_FALLBACK_H

#include "profiles/filter.h"

/* Is it one of them? To deny it, ENOSYS is the answer that programs understand. */
bool filter_has_fallback(const char *name);

/*
 * Where a filter's default is another errno and it does not name them, make them fail with ENOSYS.
 * -ENOMEM
 */
int filter_add_fallbacks(struct filter *filter, struct err *err);

#endif
