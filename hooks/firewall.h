/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall of one container: rules into a network namespace, and what they counted out of it.
 *
 * The nftables library may exit() its caller and takes a while to load, so it lives in a program
 * of its own, coaming-nft, which is executed before any namespace is entered and executes nothing
 * afterwards. Whatever odd way that ends in is a failure here.
 */
#ifndef COAMING_HOOKS_FIREWALL_H
#define COAMING_HOOKS_FIREWALL_H

#include "lib/err.h"

/* What one base chain let through. */
struct firewall_chain {
	char *name; /* "ingress-web" */
	uint64_t accepted_packets, accepted_bytes;
};

/* One peer that was refused; a repeated attempt adds to its packets. */
struct firewall_flow {
	bool ingress;
	char *address;  /* IPv4 or IPv6: of the other end */
	char *protocol; /* "tcp", "udp", "sctp", "icmp", "ipv6-icmp" and a few more, or a number */
	uint16_t port;  /* the destination's; 0 where the protocol has none */
	uint64_t packets;
};

struct firewall_counters {
	struct firewall_chain *chains;
	size_t n_chains;
	struct firewall_flow *flows;
	size_t n_flows;
	uint64_t refused_packets; /* all, also those whose flow found no place */
	bool overflow;            /* a set of refused flows is full: some are only counted */
};

/*
 * Apply a ruleset in one transaction, read it back from the kernel, and compare: the table must be
 * there with each chain that the text names, and nothing else in it.
 *
 * netns_fd  an open network namespace which has been checked, see netns.h
 * ruleset   nft text of one table `table`
 * Limits    FIREWALL_WAIT_SECONDS, after which the helper is killed
 * Errors    ERR_SYSTEM with nft's own words; nothing of the text is in force then
 */
#define FIREWALL_WAIT_SECONDS 10
int firewall_apply(int netns_fd, const char *table, const char *ruleset, struct err *err);

/* Read the counters. firewall_counters_done() */
int firewall_read(int netns_fd, const char *table, struct firewall_counters *ret, struct err *err);
void firewall_counters_done(struct firewall_counters *counters);

/* Remove the table; also where there is none. */
int firewall_delete(int netns_fd, const char *table, struct err *err);

#endif
