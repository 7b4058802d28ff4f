/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's firewall remembers of connections with one other address, and its text in a
 * record, see coaming-journal-fields(7). Pure.
 *
 *	ingress accepted tcp 10.88.0.7 5432 packets=3 first=2026-11-27T12:00:00Z last=...
 */
#ifndef COAMING_AUDIT_FLOW_H
#define COAMING_AUDIT_FLOW_H

#include <netinet/in.h>

#include "lib/buf.h"

#define FLOW_PROTOCOL_MAX 16
#define FLOW_TIME_SIZE    sizeof("2026-11-27T12:00:00Z")

struct flow {
	bool accepted;                    /* else refused */
	bool ingress;                     /* the other end began it */
	char protocol[FLOW_PROTOCOL_MAX]; /* "tcp", "udp", "sctp", "icmp", "ipv6-icmp" and a few
					   * more, or a number */
	char address[INET6_ADDRSTRLEN];   /* of the other end */
	uint16_t port;                    /* the destination's; 0 where the protocol has none */
	/* Accepted: new connections, each once. Refused: all packets, repeated attempts too. */
	uint64_t packets;
	/* Seconds since 1970, give or take one, by the clock as it was when they were read. */
	int64_t first, last;
};

/* Packets whose flow found no place, since as many were remembered already. */
struct flow_overflow {
	bool accepted, ingress;
	uint64_t packets;
};

/* Refused before accepted, egress before ingress, then protocol, address and port. */
int flow_compare(const struct flow *a, const struct flow *b);

/* "2026-11-27T12:00:00Z" */
const char *flow_time(char out[FLOW_TIME_SIZE], int64_t seconds);

void flow_write(const struct flow *flow, struct buf *out);
/* The same without its times. */
void flow_write_count(const struct flow *flow, struct buf *out);
/* Exactly what flow_write() makes; -EINVAL anything else. */
int flow_parse(const char *text, size_t len, struct flow *ret);

/* "ingress accepted packets=12" */
void flow_overflow_write(const struct flow_overflow *overflow, struct buf *out);
int flow_overflow_parse(const char *text, size_t len, struct flow_overflow *ret);

#endif
