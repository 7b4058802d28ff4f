/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may talk to whom, and who did: a graph of groups of containers and of what lies outside of
 * them. A pure function of containers, of the policy as it is now, and of connections that were
 * recorded.
 *
 * Whether a connection may be is asked of profiles/connection.h for each stretch of ports that no
 * rule tells apart, between containers and with each part of the address space that no rule tells
 * apart: nothing is approximated but this. An edge between two groups is there where it is between
 * two containers of theirs.
 */
#ifndef COAMING_CLI_GRAPH_MODEL_H
#define COAMING_CLI_GRAPH_MODEL_H

#include "profiles/connection.h"

/* Beyond these nobody could read it. */
#define GRAPH_NODES_MAX 1024
#define GRAPH_FLOWS_MAX ((size_t)1 << 20)
/* Of a line, of each: ports and addresses that were seen; the rest is counted. */
#define GRAPH_SEEN_MAX 64

#define GRAPH_NONE SIZE_MAX

struct graph_container {
	char *machine;   /* id of its host; "": this one */
	char *id, *name; /* "": not known */
	char *image;     /* NULL: not known */
	char *namespace; /* of its pod; NULL: in none */
	struct labels labels;
	char **profiles; /* under which it was admitted; strv */
	size_t n_profiles;
	struct cidr *addresses; /* one each */
	size_t n_addresses;
	uint64_t netns;       /* inode; 0: not known */
	bool running;         /* registered: its addresses are all that it has */
	bool subject;         /* whom it may talk to is asked; else only what it did is told */
	uint64_t first, last; /* records; 0: none */
	struct selection selection; /* of the policy as it is now */
	char *undecided;            /* why there is none; NULL */
};

/* A connection that one end recorded: new ones of one kind since `first`. */
struct graph_flow {
	size_t container; /* whose record it is */
	bool ingress, refused;
	size_t other; /* the other end's container; GRAPH_NONE: it is none that is known */
	bool has_address;
	struct cidr address; /* of the other end */
	enum protocol protocol;
	uint16_t port;
	uint64_t count;       /* accepted: connections; refused: packets */
	uint64_t first, last; /* microseconds; 0: not known */
};

struct graph_input {
	const struct host *host;
	const char *by; /* a word of the taxonomy or a label's key; NULL: app, else the name */
	struct graph_container *containers;
	size_t n_containers;
	struct graph_flow *flows;
	size_t n_flows;
};

void graph_input_done(struct graph_input *input);
#define _cleanup_graph_input_ _cleanup_(graph_input_done)

enum graph_kind {
	GRAPH_CONTAINERS, /* a group of containers */
	GRAPH_UNLABELLED, /* those that lack the label */
	GRAPH_ZONE,       /* of the host's configuration */
	GRAPH_BLOCK,      /* addresses that a profile names, without those of a smaller one */
	GRAPH_ANYWHERE,   /* all other addresses */
	GRAPH_KINDS_,
};

struct graph_node {
	enum graph_kind kind;
	char *id;   /* unique, the same each time: "containers:web", "zone:office", "anywhere" */
	char *name; /* as shown */
	size_t *containers; /* of graph_input.containers */
	size_t n_containers;
	/* Of addresses: the smaller blocks in it that some container may reach, or be reached from,
	 * otherwise; strv. */
	char **without;
	size_t n_without;
	/* Of its containers: how many no enforced profile constrains in that direction. */
	size_t open_egress, open_ingress;
};

/* The worse, the higher. */
enum graph_state {
	GRAPH_UNUSED,    /* allowed, and never seen */
	GRAPH_USED,      /* allowed, and seen */
	GRAPH_REFUSED,   /* not allowed, and refused */
	GRAPH_WITHDRAWN, /* seen, and no longer allowed */
	GRAPH_STATES_,
};

/* A port on which something was seen. */
struct graph_seen {
	uint16_t port;
	uint64_t accepted, refused; /* connections; packets */
	uint64_t first, last;
};

/* One kind of connection of an edge. */
struct graph_line {
	enum graph_state state;
	enum protocol protocol;
	bool all; /* whatever protocol and port */
	uint16_t first_port, last_port;
	bool allowed;
	bool open; /* no enforced profile constrains the one end's egress or the other's ingress */
	uint64_t accepted, refused;
	uint64_t first, last; /* when; 0: never, or not known */
	char *by;             /* who refuses it now: "profile db", "data class data-class"; NULL */
	struct graph_seen *seen; /* sorted by port */
	size_t n_seen, seen_omitted;
	char **addresses; /* outside ones that were seen; strv */
	size_t n_addresses, addresses_omitted;
};

struct graph_edge {
	size_t from, to;        /* of graph.nodes: who opens the connection, and with whom */
	enum graph_state state; /* the worst of its lines */
	bool open;              /* all its lines are, and nothing was seen */
	struct graph_line *lines;
	size_t n_lines;
};

struct graph {
	struct graph_node *nodes; /* sorted by kind and name; none that stands alone outside */
	size_t n_nodes;
	struct graph_edge *edges; /* sorted by from and to */
	size_t n_edges;
	size_t lines[GRAPH_STATES_]; /* how many; without those that are only open */
	size_t open_lines;
	uint64_t accepted, refused;
};

/*
 * Compute it.
 *
 * ret     graph_done(); untouched on failure
 * Errors  -E2BIG more than GRAPH_NODES_MAX nodes; -EBADMSG a zone that the host does not have;
 *         -ENOMEM
 */
int graph_build(const struct graph_input *input, struct graph *ret, struct err *err);
void graph_done(struct graph *graph);
#define _cleanup_graph_ _cleanup_(graph_done)

/* Does an enforced profile of the container say anything of that direction? */
bool graph_constrains(const struct graph_container *container, bool ingress);

const char *graph_state_name(enum graph_state state); /* "used", "unused", ... */
const char *graph_state_text(enum graph_state state); /* "allowed, never seen", ... */
const char *graph_kind_name(enum graph_kind kind);
const char *graph_protocol_name(enum protocol protocol); /* "TCP"; "other" */
/* "TCP 5432", "UDP 8000-8010", "TCP", "other protocols", "anything" */
void graph_line_describe(const struct graph_line *line, struct buf *out);

#endif
