/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the firewall let a connection pass: the model of what ruleset.c writes, for people who ask
 * before a container runs. The tests hold it against nft.
 */
#ifndef COAMING_PROFILES_CONNECTION_H
#define COAMING_PROFILES_CONNECTION_H

#include "profiles/select.h"

/* The first packet of a connection. */
struct connection {
	bool ingress;
	struct cidr peer; /* one address */
	enum protocol protocol;
	uint16_t port; /* of the one that is connected to */
};

/* The profile whose enforced network section refuses it; NULL: it passes. Loopback always does. */
const struct profile *connection_refused_by(const struct selection *selection,
					    const struct connection *connection);

#endif
