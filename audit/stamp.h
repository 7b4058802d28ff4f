/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time as text: UTC with microseconds, "2026-11-23T11:18:46.123456Z" (RFC 3339).
 *
 * Not gmtime_r(): glibc's reads TZ and /etc/localtime at its first call, and a hook reads no
 * environment.
 */
#ifndef COAMING_AUDIT_STAMP_H
#define COAMING_AUDIT_STAMP_H

#include "lib/base.h"

#define STAMP_SIZE sizeof("2026-11-23T11:18:46.123456Z")

/* Microseconds since 1970, before the year 10000. */
const char *stamp_format(char out[STAMP_SIZE], uint64_t usec);
/* Exactly that form; 0, or -EINVAL. */
int stamp_parse(const char *text, size_t len, uint64_t *ret_usec);

uint64_t stamp_now(void);           /* CLOCK_REALTIME, microseconds */
uint64_t stamp_now_monotonic(void); /* CLOCK_MONOTONIC, microseconds */

#endif
