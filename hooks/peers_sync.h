/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's sets follow the registry.
 *
 * There is no daemon and no lock, so that a hook that is stopped or killed stops no other. Each
 * call does this: change the registry's file; read the registry; change every set that the change
 * may concern, to what the registry says; read the registry again, and start over where it now says
 * something else of one of these. So the last to change a set has always seen the registry as it
 * was afterwards, and whoever changes a file later changes the set later. Of two that start at once
 * at least one sees the other's file, and puts both right. What a kill leaves half done
 * `coaming reconcile` does.
 */
#ifndef COAMING_HOOKS_PEERS_SYNC_H
#define COAMING_HOOKS_PEERS_SYNC_H

#include "hooks/members.h"

/*
 * Enter a container, or enter it anew, and put its addresses into the sets of all whom it concerns.
 * Registered containers which claim its addresses or its network namespace and whose process is
 * gone are taken out.
 *
 * peers    what was read of the registry, at the end: of the container's own sets these say what
 *          is in them; peers_done(), also on failure
 * damaged  see peers_read()
 * Errors   it cannot be written or read; a set cannot be changed, which is told of the first
 */
int peers_enter(const char *state_dir, const struct registered *registered, struct peers *peers,
		struct err *damaged, struct err *err);

/* Take a container out, and its addresses out of the others' sets. Also one that is not there. */
int peers_leave(const char *state_dir, const char *id, struct err *damaged, struct err *err);

/*
 * Its own sets, whose table was made from what *peers said: is that still so? What has come or gone
 * meanwhile is put in or taken out.
 */
int peers_settle(const char *state_dir, const char *id, struct peers *peers, struct err *damaged,
		 struct err *err);

/*
 * The sets of one container against the registry. A container that starts has its file before it is
 * in the others' sets: what counts is a difference that is still there PEERS_PATIENCE_MSEC later.
 *
 * peers   as read before; repairing reads it again
 * repair  make them right
 * wrong   a line for each element that is missing or should not be there is added: "peer-HASH lacks
 *         10.88.0.2"
 * ret     how many
 * Errors  -ENOENT without an error text: the container has no table
 */
#define PEERS_PATIENCE_MSEC 100
int peers_compare(const char *state_dir, struct peers *peers, const char *id, bool repair,
		  struct buf *wrong, size_t *ret, struct err *err);

#endif
