/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the two ends of a container's connections, as far as the registry knows it.
 */
#ifndef COAMING_HOOKS_FLOW_ENDS_H
#define COAMING_HOOKS_FLOW_ENDS_H

#include "audit/flow.h"
#include "audit/record.h"
#include "hooks/peers.h"
#include "profiles/host.h"

/* Of the other end, in a record that has many of them. */
#define FLOW_END_LABELS_MAX 32
#define FLOW_END_VALUE_MAX  128

/*
 * Is this the container which a flow is with? It has the address, and was there when the flow was
 * last seen: an address is given to others in turn.
 *
 * address  the flow's, parsed once for many of them
 */
bool flow_end_is(const struct registered *registered, const struct cidr *address,
		 const struct flow *flow);

/* The fields of the container itself: its labels, function and addresses. own NULL: not known. */
int record_own_end(struct record *record, const struct host *host, const struct registered *own,
		   struct err *err);

/*
 * COAMING_FLOW_PEER: the containers at the other ends of some flows, each once.
 *
 * id  of the container itself
 */
int record_other_ends(struct record *record, const struct host *host, const struct peers *peers,
		      const char *id, const struct flow *const *flows, size_t n, struct err *err);

/* {"address": ..., "id": ..., "name": ..., "function": ..., "labels": {...}} */
void flow_end_write(const struct host *host, const struct registered *registered,
		    const char *address, struct buf *out);

#endif
