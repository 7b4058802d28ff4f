/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a graph is made of: the registry of containers that run, the records of connections, and the
 * policy as it is now.
 *
 * MUST NOT change anything.
 */
#ifndef COAMING_CLI_GRAPH_READ_H
#define COAMING_CLI_GRAPH_READ_H

#include "audit/query.h"
#include "cli/graph_model.h"

struct graph_sources {
	const struct host *host;
	struct store *store;
	struct query query;    /* which records; its times are not looked at */
	bool journals;         /* these, and not the host's ledger */
	const char *state_dir; /* whose registry; NULL: none */
	/* They are this host's: whose process is over is none of the registry, and what the kernel
	 * remembers is read too. */
	bool is_own;
	uint64_t since_usec, until_usec; /* when a connection was seen last, or first; 0: open */
};

struct graph_notes {
	size_t records;       /* that tell of connections */
	uint64_t overflowed;  /* packets whose connection found no room in the kernel */
	size_t unverified;    /* records of the journal which the ledger does not have: left out */
	size_t damaged;       /* places of the ledger that cannot be read */
	size_t strange;       /* connections that cannot be understood: left out */
	size_t flows_omitted; /* beyond GRAPH_FLOWS_MAX */
	size_t containers_omitted; /* records of those beyond INTERN_MAX */
	size_t gone;               /* registered, and over */
	struct err registry;       /* a file of the registry that was left out, or nothing */
	struct err kernel;  /* why what a container's firewall remembers is not read, or nothing */
	struct err journal; /* why the journal could not be read, or nothing */
};

/*
 * Read all of it.
 *
 * ret     graph_input_done(); `by` is left NULL; untouched on failure
 * Errors  those of query_run(), peers_read()
 */
int graph_read(const struct graph_sources *sources, struct graph_input *ret,
	       struct graph_notes *notes, struct err *err);

#endif
