/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ask journald to take in what waits for it and to write its files to disk, and wait until it says
 * that it has.
 *
 * Source: varlink interface io.systemd.Journal of systemd-journald.service(8), since systemd 247;
 * https://varlink.org/Service
 */
#ifndef COAMING_AUDIT_JOURNAL_SYNC_H
#define COAMING_AUDIT_JOURNAL_SYNC_H

#include "lib/err.h"
#include "lib/keeping.h"

/*
 * keeping       of which journal
 * timeout_usec  for all of it
 * Errors        -ETIMEDOUT journald hangs, or has too much to do; -ENOENT, -ECONNREFUSED there is
 *               no journald, or an old one; -EPROTO it answered with an error
 */
int journal_sync(const struct keeping *keeping, uint64_t timeout_usec, struct err *err);
/* The same with the socket named, for tests. */
int journal_sync_at(const char *socket, uint64_t timeout_usec, struct err *err);

#endif
