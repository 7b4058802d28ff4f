/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attestation can prove, by the names that records have in COAMING_PROVED and frameworks in
 * "points".
 */
#ifndef COAMING_AUDIT_POINTS_H
#define COAMING_AUDIT_POINTS_H

#include "lib/base.h"

#define POINTS_MAX 32 /* bits of a mask */

/* Its bit; 0: there is none of that name. */
uint32_t point_bit(const char *name, size_t len);
/* The names, for messages. */
extern const char *const point_names[];
extern const size_t n_point_names;

#endif
