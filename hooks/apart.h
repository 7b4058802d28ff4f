/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers of different data classes must not share, see "separate" in coaming.json(5) and
 * coaming-profile(5): network, IPC and process namespaces, pods, places of the host. Packets are
 * the firewall's matter.
 */
#ifndef COAMING_HOOKS_APART_H
#define COAMING_HOOKS_APART_H

#include "hooks/peers.h"
#include "profiles/separate.h"

/* A container of another class that one would share something with. */
struct meeting {
	struct buf what;    /* names it, what they would share, and both classes */
	const char *remedy; /* what would make it pass; NULL: there is no such container */
	struct separation separation; /* what keeps either of them apart */
};
void meeting_done(struct meeting *meeting);

/*
 * Is there one?
 *
 * host       as it counts for the container, see decision_host()
 * selection  the container's
 * mode       of what keeps it apart; what keeps the others is enforced, but where the host is in
 *            audit mode
 * ret        borrows from the others; meeting_done(), also on failure
 * Errors     -ENOMEM
 */
int apart_check(const struct host *host, const struct selection *selection, enum mode mode,
		const struct registered *one, const struct peers *peers, struct meeting *ret,
		struct err *err);
/* Is anyone of them kept apart? */
bool apart_any(const struct peers *peers);

struct decision;
struct question;
/*
 * The same of a container that is about to be made, and that is kept apart itself: a violation is a
 * refusal of the verdict; of what is only audited, one that would have been. Nothing where it is
 * exempt, or a process is executed. What keeps others from it is looked at when it is registered,
 * see stage_create_runtime.c: so those that nothing keeps apart need not read the registry twice.
 *
 * Errors  the registry cannot be read, or a file in it is damaged: whose class is not known cannot
 *         be kept from
 */
int apart_judge(const struct host *host, const struct question *question, struct decision *decision,
		struct err *err);

#endif
