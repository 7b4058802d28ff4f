/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the connections that a container's firewall remembers: event "flow", see
 * coaming-journal-fields(7).
 *
 * The counts in them are those since the container's start, so that one which is recorded twice, by
 * a run that was killed, counts once.
 */
#ifndef COAMING_HOOKS_FLOW_RECORD_H
#define COAMING_HOOKS_FLOW_RECORD_H

#include "audit/record.h"
#include "hooks/firewall.h"
#include "hooks/live.h"
#include "hooks/peers.h"
#include "lib/buf.h"
#include "profiles/host.h"

/* Whose connections. */
struct flows_of {
	const struct live *live;
	const struct registered *own; /* NULL: the registry does not have it */
	const struct peers *peers;    /* as read of the registry; NULL: read where it is needed */
};

/*
 * Record what has changed since it was last noted; nothing where nothing has.
 *
 * stage      "poststop", "gc" or "flows"
 * ret_lines  what live_note_flows() is to note; buf_done(); untouched on failure
 * ret_n      how many records it came to
 * Errors     it can be recorded nowhere
 */
int flows_keep(const struct host *host, const struct flows_of *of,
	       const struct firewall_counters *counters, const char *stage, struct buf *ret_lines,
	       size_t *ret_n, struct err *err);

/*
 * The same of every container that runs. One that ends meanwhile is none.
 *
 * ret_n   how many records
 * Errors  the first of them; it keeps no other from being recorded
 */
int flows_keep_all(const struct host *host, size_t *ret_n, struct err *err);

/* Read the table of a container that runs, or that has ended and is pinned yet. -ENOENT: it is
 * not there. */
int flows_read(const struct host *host, const struct live *live, struct firewall_counters *ret,
	       struct err *err);

/* The fields that tell of a container which has been admitted, and in which life of it. */
int record_live(struct record *record, const struct live *live, const char *stage, struct err *err);

#endif
