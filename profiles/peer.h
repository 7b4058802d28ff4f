/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of this host as the other end of a network rule, chosen by their labels.
 *
 * A rule lets somebody in, so an image's own labels never make a container fit: whoever builds an
 * image is not the one who may open a door. They do keep it away, under NotIn and DoesNotExist.
 *
 * Source: Kubernetes API, networking/v1 NetworkPolicyPeer
 */
#ifndef COAMING_PROFILES_PEER_H
#define COAMING_PROFILES_PEER_H

#include "profiles/selector.h"

/* The one label of a namespace that a node knows: its name. */
#define LABEL_NAMESPACE "kubernetes.io/metadata.name"

/* "peer-" and 16 hex digits; the kernel's sets have the family's digit behind it. */
#define PEER_SET_MAX 24

struct peer_selector {
	bool of_namespace; /* is there a namespaceSelector? Then only pods fit. */
	struct selector namespaces;
	struct selector labels; /* empty, or absent in the text: any */
	/* The same selector in one way of writing it, as a JSON object that
	 * peer_selector_parse() takes: equal for equal selectors, whatever their order. */
	char *text;
	char set[PEER_SET_MAX]; /* named after the text's SHA-256 */
};

/*
 * Parse "labelSelector" and "namespaceSelector" of an object; its other members are not looked at.
 *
 * ret     peer_selector_done(); untouched on failure
 * Errors  -EBADMSG one of them is none, both are missing, or namespaceSelector asks for a label
 *         other than LABEL_NAMESPACE; -ENOMEM
 */
int peer_selector_parse(const struct doc *doc, const struct node *node, struct peer_selector *ret,
			struct err *err);
void peer_selector_done(struct peer_selector *selector);

/*
 * Is a container with these labels one of them?
 *
 * namespace  of its pod; NULL: it is in none
 */
bool peer_selector_fits(const struct peer_selector *selector, const struct labels *labels,
			const char *namespace);

/* "containers with tier=web, !legacy of namespace prod"; "every container". */
void peer_selector_describe(const struct peer_selector *selector, struct buf *out);

#endif
