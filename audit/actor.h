/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asked for the container: as far as the kernel says, which nobody below us can forge.
 *
 * Source: proc(5) loginuid, sessionid, status. Command names are the callers' own words and are
 * quoted; user ids are the kernel's.
 */
#ifndef COAMING_AUDIT_ACTOR_H
#define COAMING_AUDIT_ACTOR_H

#include "audit/record.h"

/* Add ACTOR_LOGINUID, ACTOR_UID, ACTOR_SESSION, ACTOR_CHAIN ("0:podman < 0:sudo < 1000:bash"), or
 * "unknown (daemon)" for what cannot be known. */
int actor_add(struct record *record, struct err *err);

#endif
