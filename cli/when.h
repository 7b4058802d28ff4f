/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time as people write them: the simple ones of systemd.time(7).
 */
#ifndef COAMING_CLI_WHEN_H
#define COAMING_CLI_WHEN_H

#include "lib/err.h"

/*
 * "now", "today", "yesterday", "tomorrow"; "2026-11-23", "2026-11-23 10:00", "10:00:30" (today),
 * each with " UTC" behind it or in local time; "@1795432726"; "-1h", "+5min", "2 hours ago",
 * "1h30min ago".
 *
 * now_usec  what "now" is
 * Errors    -EINVAL with the forms that are understood
 */
int when_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec, struct err *err);

/* A span alone: "1h 30min", "5" as seconds, "infinity" as UINT64_MAX; false where it is none. */
bool when_span(const char *text, uint64_t *ret_usec);

#endif
