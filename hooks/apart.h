/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers of different data classes must not share, see "separate" in coaming.json(5):
 * network, IPC and process namespaces, pods, places of the host. Packets are the firewall's matter.
 */
#ifndef COAMING_HOOKS_APART_H
#define COAMING_HOOKS_APART_H

#include "hooks/peers.h"
#include "profiles/host.h"

/*
 * Is there a container of another class that this one would share something with?
 *
 * ret_what    names it, what they would share and both classes; empty: there is none
 * ret_remedy  what would make it pass; untouched where there is none
 * Errors      -ENOMEM
 */
int apart_check(const struct host *host, const struct registered *one, const struct peers *peers,
		struct buf *ret_what, const char **ret_remedy, struct err *err);

struct decision;
struct question;
/*
 * The same of a container that is about to be made: a violation is a refusal of the verdict; in
 * audit mode, one that would have been. Nothing where the host keeps nothing apart, or exempts it,
 * or a process is executed.
 *
 * Errors  the registry cannot be read, or a file in it is damaged: whose class is not known cannot
 *         be kept from
 */
int apart_judge(const struct host *host, const struct question *question, struct decision *decision,
		struct err *err);

#endif
