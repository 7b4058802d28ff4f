/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which protocols and ports pass from one end to another.
 */
#ifndef COAMING_CLI_GRAPH_PORTS_H
#define COAMING_CLI_GRAPH_PORTS_H

#include "cli/graph_model.h"

#define GRAPH_PROTOCOLS 4 /* of enum protocol */

/* One end of connections. Borrowed. */
struct graph_end {
	/* Those that share the network namespace; none: it lies outside. */
	const struct graph_container *const *v;
	const struct connection_end *ends; /* the same */
	size_t n;
	const struct cidr *address; /* NULL: not known */
};

/* Ports of one protocol. */
struct stretch {
	enum protocol protocol;
	uint16_t first, last;
};

struct stretches {
	struct stretch *v; /* sorted by protocol and port, none touches another */
	size_t n;
};

void stretches_done(struct stretches *stretches);
/* Add those of another; what touches becomes one. -ENOMEM */
int stretches_add(struct stretches *to, const struct stretches *more, struct err *err);
/* Every protocol and port? */
bool stretches_are_all(const struct stretches *stretches);
bool stretches_equal(const struct stretches *a, const struct stretches *b);

/*
 * Who refuses a connection? As the kernel has it, the policies of all must pass that share the
 * namespaces of both ends.
 *
 * Errors  -EBADMSG a zone that the host does not have
 */
int graph_refused_by(const struct host *host, const struct graph_end *from,
		     const struct graph_end *to, enum protocol protocol, uint16_t port,
		     struct connection_refusal *ret, struct err *err);

/* Does nothing constrain the sender's egress nor the receiver's ingress? */
bool graph_is_open(const struct graph_end *from, const struct graph_end *to);

/*
 * All that passes.
 *
 * ret       stretches_done(); untouched on failure
 * ret_open  graph_is_open()
 * Errors    likewise; -ENOMEM
 */
int graph_passing(const struct host *host, const struct graph_end *from, const struct graph_end *to,
		  struct stretches *ret, bool *ret_open, struct err *err);

#endif
