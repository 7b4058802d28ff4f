/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the firewall let a connection pass: the model of what ruleset.c writes, for people who ask
 * before a container runs. The tests hold it against nft.
 */
#ifndef COAMING_PROFILES_CONNECTION_H
#define COAMING_PROFILES_CONNECTION_H

#include "profiles/select.h"

/* A container of this host at an end. Borrowed. */
struct connection_end {
	const struct labels *labels; /* NULL: it is no container of this host, or not known */
	const char *namespace;       /* of its pod; NULL: it is in none */
};

/* The first packet of a connection. */
struct connection {
	bool ingress;
	bool no_address;  /* nothing but labels is known of the other end: no block, no zone fits */
	struct cidr peer; /* one address */
	struct connection_end own, other;
	/* Who shares the network namespace of the other end: an address is a peer's only where all
	 * of them fit, and is of another class where one of them is. Borrowed. */
	const struct connection_end *beside;
	size_t n_beside;
	enum protocol protocol;
	uint16_t port; /* of the one that is connected to */
};

/* Who refuses it; profile and class_key NULL: it passes. */
struct connection_refusal {
	const struct profile *profile; /* whose enforced network section does */
	/* A label by whose values the own end is kept apart: the ends are of different classes. */
	const char *class_key;
	const char *class_profile; /* whose "separate" has it; NULL: the host's */
};

/*
 * Who refuses it? Loopback always passes.
 *
 * host    whose zones and classes are meant; NULL: it has none
 * Errors  -EBADMSG a zone that the host does not have
 */
int connection_refused_by(const struct selection *selection, const struct host *host,
			  const struct connection *connection, struct connection_refusal *ret,
			  struct err *err);

#endif
