/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errno numbers by name, as seccomp files and tests write them. Source: errno(3)
 */
#ifndef COAMING_PROFILES_ERRNO_NAME_H
#define COAMING_PROFILES_ERRNO_NAME_H

#include "lib/base.h"

/* "EPERM": 0 and its number; -ENOENT */
int errno_number(const char *name, uint32_t *ret);
/* The name of a number, or NULL. Static. */
const char *errno_name(uint32_t number);
/* The nearest known name, or NULL. Static. */
const char *errno_nearest(const char *name);

#endif
