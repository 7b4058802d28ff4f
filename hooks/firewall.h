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

#include "audit/flow.h"
#include "lib/err.h"

/* What one base chain let through. */
struct firewall_chain {
	char *name; /* "ingress-web" */
	uint64_t accepted_packets, accepted_bytes;
};

/* Of each direction, what was let through and what was refused. */
#define FIREWALL_OVERFLOWS 4

struct firewall_counters {
	struct firewall_chain *chains;
	size_t n_chains;
	struct flow *flows; /* sorted, by flow_compare() */
	size_t n_flows;
	uint64_t refused_packets; /* all, also those whose flow found no place */
	struct flow_overflow overflows[FIREWALL_OVERFLOWS]; /* also those of no packet */
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

/*
 * Read the counters, and the connections that are remembered, by netlink alone. The kernel counts
 * their age without the time for which the machine was suspended.
 *
 * ret     firewall_counters_done()
 * Errors  ERR_SYSTEM with what the kernel says; there is no such table
 */
int firewall_read(int netns_fd, const char *table, struct firewall_counters *ret, struct err *err);
void firewall_counters_done(struct firewall_counters *counters);

/* Remove the table; also where there is none. */
int firewall_delete(int netns_fd, const char *table, struct err *err);

#endif
