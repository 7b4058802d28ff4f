/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send entries to journald by its native protocol, without ever waiting.
 *
 * Not sd_journal_send(): that answers 0 where no journal is, and blocks for ever where journald
 * hangs; and libsystemd cannot be linked into a static program.
 *
 * Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
 */
#ifndef COAMING_AUDIT_JOURNAL_H
#define COAMING_AUDIT_JOURNAL_H

#include "lib/err.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
	int fd;           /* -1: could not be made */
	const char *path; /* borrowed */
};

/*
 * path     JOURNAL_SOCKET, but in tests
 * ret_id   changes when the socket has been made anew: what waited in it is lost; 0: no socket
 */
int journal_open(const char *path, struct journal *ret, uint64_t *ret_id, struct err *err);
void journal_close(struct journal *journal);
#define _cleanup_journal_ _cleanup_(journal_close)

/*
 * Hand over one entry: fields, each NAME LF, 64 bit little-endian length, bytes, LF.
 *
 * Errors  any negative errno means that journald does not have it: -ENOENT, -ECONNREFUSED no
 *         journald, -EAGAIN its queue is full. All are for the caller to try again later.
 */
int journal_send(const struct journal *journal, const char *entry, size_t len, struct err *err);

#endif
