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

/* A label under which the kubelet has the engine start what is in a pod, whatever its author says.
 */
bool kube_is_kubelets(const char *key);

/* Cut a name to `most` characters that end in a part of the hash of whom it is for. */
int kube_hashed_name(const char *plain, const char *whom, size_t most, struct buf *out,
		     struct err *err);

/* ---- rules on the way out ---- */

struct kube_peer {
	bool by_label;
	struct cidr cidr;
	struct cidr *except; /* each within the block, none of them all of it */
	size_t n_except;
	struct region pods, namespaces;
};

struct kube_rule {
	struct kube_peer *peers; /* none: anybody */
	size_t n_peers;
	struct port *ports; /* none: any */
	size_t n_ports;
};

/* One direction of a policy. */
struct kube_direction {
	bool present;
	struct kube_rule *v;
	size_t n;
};

/*
 * Meet a direction with that of a profile: both must allow. What cannot be said is noted under the
 * profile's name, and not allowed.
 */
int kube_direction_meet(struct kube_direction *direction, const struct profile *profile,
			bool ingress, const struct zones *zones, struct kube_told *told,
			struct err *err);
void kube_direction_write(const struct kube_direction *direction, bool ingress, struct emit *e);
void kube_direction_done(struct kube_direction *direction);

/* Note, once. */
int kube_tell(struct kube_told *told, struct err *err, const char *fmt, ...) _printf_(3, 4);

/* Can a pod have a label of this key; can it have this value? */
bool kube_key_is_legal(const char *key);
bool kube_value_is_legal(const char *value);

#endif
