/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand the ledger's records to journald, in their order, without waiting.
 */
#ifndef COAMING_AUDIT_DELIVER_H
#define COAMING_AUDIT_DELIVER_H

#include "audit/ledger.h"
#include "lib/keeping.h"

#define JOURNAL_SOCKET_MAX 108
/* Where journald, or that of the namespace, takes entries. */
const char *journal_socket(char out[JOURNAL_SOCKET_MAX], const struct keeping *keeping);

/*
 * Send what the journal has not got, up to and with `until`; the ledger is locked.
 *
 * socket         journal_socket(), but in tests; NULL: that
 * deadline_usec  of CLOCK_MONOTONIC
 * Errors         -EAGAIN not all this time; what journal_open() and journal_send() give
 */
int deliver(struct ledger *ledger, const struct keeping *keeping, const char *socket,
	    struct position until, uint64_t deadline_usec, struct err *err);

#endif
