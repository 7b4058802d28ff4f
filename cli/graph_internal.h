/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the graph's model work on: graph_nodes.c makes nodes and edges, graph_may.c
 * asks the policy, graph_did.c takes what was seen, graph_model.c puts it together.
 */
#ifndef COAMING_CLI_GRAPH_INTERNAL_H
#define COAMING_CLI_GRAPH_INTERNAL_H

#include "cli/graph_model.h"
#include "cli/graph_ports.h"
#include "cli/graph_space.h"

/* Containers that share a network namespace, and so addresses. */
struct graph_place {
	const struct graph_container **v;
	struct connection_end *ends; /* the same */
	size_t *containers;          /* of the input */
	size_t n;
	const char *machine;
	uint64_t netns;
	const struct cidr *addresses;
	size_t n_addresses;
	bool known; /* these are all that there are */
	size_t class;
};

/* What passes between the places of two classes is the same. */
struct passing {
	bool asked, open;
	struct stretches stretches;
};

struct work {
	const struct graph_input *input;
	const struct profile **profiles; /* of all containers, each once */
	size_t n_profiles;
	struct space space;
	struct graph_place *places;
	size_t n_places;
	size_t *place_of; /* of each container; GRAPH_NONE */
	char **keys;      /* of labels that a rule asks for */
	size_t n_keys;
	char **classes; /* what tells them apart, in the order found */
	size_t n_classes;
	size_t *class_place;     /* one of its places */
	struct passing *passing; /* [from class][to class] */
	size_t *node_of;         /* of each container; GRAPH_NONE */
	size_t *node_of_part;    /* of each part of the space; GRAPH_NONE until it is needed */
	/* [class][part][direction]: does the same pass as with the part around it? */
	bool *same;
	struct graph_node *nodes;
	size_t n_nodes;
	uint32_t *edge_of; /* [from node][to node], 1 more than its index */
	size_t edge_rows;  /* nodes for which there is room in it */
	struct building {
		struct graph_edge edge;
		struct stretches passing;
		bool open;
		const struct passing *last; /* which was added: most repeat */
	} * edges;
	size_t n_edges;
	struct err *err;
};

/* The groups, of all whose policy is asked or of whom something is told. -E2BIG, -ENOMEM */
int graph_groups(struct work *w);
/* The node of a part of the address space, which is made where it is not there. -E2BIG, -ENOMEM */
int graph_node_of_part(struct work *w, size_t part, size_t *ret);
/* An edge, which is made where it is not there; good until the next is made. -ENOMEM */
int graph_get_edge(struct work *w, size_t from, size_t to, struct building **ret);
/* A line of an edge; good until the next is added. -ENOMEM */
int graph_add_line(struct graph_edge *edge, const struct graph_line *line, struct graph_line **ret,
		   struct err *err);

/* What the policy names: parts of the address space, keys of labels. -EBADMSG, -ENOMEM */
int graph_policy(struct work *w);
/* Ask the policy: edges, and lines of what may pass. -EBADMSG, -E2BIG, -ENOMEM */
int graph_may(struct work *w);
/* Of that: does the same pass as with the part around it? */
bool *graph_same(const struct work *w, size_t class, size_t part, bool ingress);
/* All who share the namespace, as an end. address NULL: not known */
struct graph_end graph_end_of(const struct graph_place *place, const struct cidr *address);

/* Take what was seen, into lines that are there and into others. -E2BIG, -ENOMEM */
int graph_did(struct work *w);

#endif
