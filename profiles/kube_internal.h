/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For profiles/kube*.c alone.
 */
#ifndef COAMING_PROFILES_KUBE_INTERNAL_H
#define COAMING_PROFILES_KUBE_INTERNAL_H

#include "profiles/kube.h"

/* The policy that is being read. */
struct kube_place {
	struct kube *kube;
	const struct doc *doc;
	const struct node *object;
	const struct kube_policy *policy;
};

/* Note what cannot be said: its place is told as the path from the object. */
int kube_gap(const struct kube_place *place, const struct node *node, const char *why,
	     struct err *err);

/*
 * Read one direction's rules into coaming's words. What a host cannot know is left out, and noted:
 * a rule allows, so that without a part it allows less.
 */
int kube_read_rules(const struct kube_place *place, const struct node *list, bool ingress,
		    struct kube_rules *ret, struct err *err);

/* Read a selector of pods' labels. *ret_known: false where it asks for what the kubelet sets. */
int kube_read_pods(const struct doc *doc, const struct node *node, struct region *ret,
		   bool *ret_known, struct err *err);

#endif
