/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is gathered while a graph's input is read: graph_records.c takes records, graph_read.c the
 * registry, the kernel and the policy.
 */
#ifndef COAMING_CLI_GRAPH_READING_H
#define COAMING_CLI_GRAPH_READING_H

#include "audit/flow.h"
#include "audit/intern.h"
#include "cli/graph_read.h"

#define USEC_PER_SEC 1000000

/* A flow with what tells it from others of the same container. */
struct read_flow {
	struct graph_flow flow;
	uint64_t life; /* when its container was admitted */
	char protocol[FLOW_PROTOCOL_MAX];
};

struct reading {
	const struct graph_sources *sources;
	struct graph_notes *notes;
	struct intern ids; /* "MACHINE/ID": one less is the container's number */
	struct graph_container *containers;
	size_t n_containers, size;
	struct read_flow *flows;
	size_t n_flows, flows_size;
	char this_machine[BOOT_ID_SIZE];
};

/* A container by its host and id, which is added where it is not there; GRAPH_NONE: there is no
 * room for another. -ENOMEM */
int reading_find(struct reading *r, const char *machine, size_t machine_len, const char *id,
		 size_t id_len, size_t *ret, struct err *err);
/* One of its texts. -ENOMEM */
int reading_set(char **member, const char *text, size_t len, struct err *err);
/* Another address, unless it has it or too many. -ENOMEM */
int reading_add_address(struct graph_container *c, const struct cidr *address, struct err *err);

/* Who was at the other ends, as a record says: a row for each, in the order of its fields. */
struct ends {
	struct {
		struct cidr address;
		size_t container;
	} * v;
	size_t n;
};

/* What a container with this life has seen, if it is of the period that is asked for. -ENOMEM */
int reading_add_flow(struct reading *r, size_t container, uint64_t life, const struct flow *flow,
		     const struct ends *ends, struct err *err);
/* All records. Errors: those of query_run() */
int reading_records(struct reading *r, struct err *err);

#endif
