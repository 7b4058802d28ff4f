/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of this host's containers: of those that run as the kernel has them, of those
 * that ran as the records have them.
 *
 * MUST NOT change anything, nor believe a record that coaming did not write.
 */
#ifndef COAMING_CLI_FLOW_LIST_H
#define COAMING_CLI_FLOW_LIST_H

#include "audit/flow.h"
#include "audit/intern.h"
#include "hooks/addresses.h"
#include "profiles/host.h"

/* Who is at an end. */
struct flow_party {
	char *id, *name;
	char *function; /* NULL: not known */
	struct labels labels;
};

/* One life of a container: it may come again with the same id. */
struct flow_container {
	struct flow_party party;
	struct addresses addresses; /* where the registry knew them */
	char *admitted;             /* when, as records have it */
	bool runs;
	uint64_t seen_usec; /* of the last that is known of it */
	struct flow_overflow overflows[4];
	size_t n_overflows;
};

#define FLOW_NOBODY SIZE_MAX

struct listed_flow {
	struct flow flow;
	size_t container; /* in list->containers */
	/* Who is at the other end: in list->others, or in list->containers where the flow's address
	 * was that container's at the time; FLOW_NOBODY: it is not known. */
	size_t other, other_container;
};

struct flow_list {
	struct flow_container *containers;
	size_t n_containers, containers_size;
	struct flow_party *others;
	size_t n_others, others_size;
	struct listed_flow *flows; /* by container, then flow_compare(); each once */
	size_t n_flows, flows_size;
	struct intern container_keys, other_keys; /* number - 1: their place */

	size_t not_believed;  /* records that are not in the ledger, which are left out */
	size_t not_read;      /* fields in another form */
	struct err not_asked; /* why a container that runs could not be asked; the first of them */
	struct err journal;   /* why the journal could not be read, or nothing */
};

/* More are an error: let --since leave some out. */
#define FLOW_LIST_MAX 2000000

/*
 * Read them.
 *
 * since_usec  records before that are not read, flows that were last seen before it left out; 0
 * ret         flow_list_done(), also on failure
 * Errors      -E2BIG more than FLOW_LIST_MAX; those of query_run()
 */
int flow_list_read(const struct host *host, uint64_t since_usec, struct flow_list *ret,
		   struct err *err);
void flow_list_done(struct flow_list *list);
#define _cleanup_flow_list_ _cleanup_(flow_list_done)

/* The other end; NULL: it is not known. */
const struct flow_party *flow_list_other(const struct flow_list *list,
					 const struct listed_flow *flow);

#endif
