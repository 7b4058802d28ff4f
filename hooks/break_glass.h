/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break-glass as it is kept: one file in stateDir, of root, which holds what profiles/break_glass.h
 * says. Opening, closing and expiry are recorded.
 */
#ifndef COAMING_HOOKS_BREAK_GLASS_H
#define COAMING_HOOKS_BREAK_GLASS_H

#include "audit/record.h"
#include "profiles/break_glass.h"
#include "profiles/host.h"

#define BREAK_GLASS_FILE "break-glass.json"
/*
 * A container that was admitted under it is made under it, also where it ended in between: the
 * runtime takes milliseconds from the one to the other, a busy host a few seconds.
 */
#define BREAK_GLASS_GRACE_SECONDS 60

enum break_glass_state {
	BREAK_GLASS_NONE,
	BREAK_GLASS_OVER, /* the file is there, and does not hold any more */
	BREAK_GLASS_OPEN,
};

/*
 * What the host has open. Where there is nothing this costs one lstat(2).
 *
 * ret     break_glass_done(); filled where *ret_state is not BREAK_GLASS_NONE
 * Errors  the file cannot be read, trusted or parsed: nothing is open then
 */
int break_glass_read(const struct host *host, struct break_glass *ret,
		     enum break_glass_state *ret_state, struct err *err);

/*
 * Open it, recorded first: what cannot be recorded is not opened. `glass` has reason, match and
 * selector, and gets the rest.
 *
 * minutes  1 to host->break_glass.max_minutes
 * Errors   -EEXIST one is open; -EPERM the host forbids it; others as evidence_keep()
 */
int break_glass_open(const struct host *host, uint64_t minutes, struct break_glass *glass,
		     struct err *err);

/* Close what is open, or what has expired, and record which it was. -ENOENT with no error text:
 * there is none. */
int break_glass_end(const struct host *host, struct err *err);

/* For whoever came across one that is over: record the expiry, once, and remove the file. What
 * fails is told on standard error, and the next one tries again. */
void break_glass_expire(const struct host *host);

/* "4f2a91c3 until 2026-11-27T04:00:00Z for tier=web, by WHO: REASON", for records and people. */
void break_glass_describe(const struct break_glass *glass, struct buf *out);

/* The field that every record of a container under it has, and its priority. text NULL: it is not.
 */
int record_break_glass(struct record *record, const char *text, struct err *err);

#endif
