/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes' NetworkPolicy objects, from and to profiles. Pure: documents in, text out.
 *
 * In Kubernetes what one of the policies that select a pod allows is allowed; of coaming's profiles
 * all must let a packet pass. So policies do not become profiles one by one: the labels that pods
 * can have are cut into parts in which the same policies hold, and each part gets one profile. The
 * way back is the same with "all" for "one".
 *
 * Source: Kubernetes API, networking.k8s.io/v1; pkg/apis/networking/v1/defaults.go and
 * pkg/apis/networking/validation of Kubernetes 1.31
 */
#ifndef COAMING_PROFILES_KUBE_H
#define COAMING_PROFILES_KUBE_H

#include "profiles/region.h"
#include "profiles/select.h"
#include "profiles/zone.h"

/* As the kubelet labels what it has the engine start; peers say LABEL_NAMESPACE for it. */
#define KUBE_POD_NAMESPACE "io.kubernetes.pod.namespace"

/* Profiles that one namespace may need: more could not be reviewed. */
#define KUBE_CELLS_MAX 1024

/* What one direction of a policy allows: each rule's text in coaming's words. */
struct kube_rules {
	bool applies; /* the policy isolates its pods in this direction */
	char **v;
	size_t n;
};

struct kube_policy {
	char *namespace, *name;
	struct region pods; /* over the labels of pods of that namespace */
	struct kube_rules ingress, egress;
};

struct kube_namespace {
	char *name;
	struct labels labels;
};

/* What was read. */
struct kube {
	struct kube_policy *policies; /* in the order read */
	size_t n_policies;
	struct kube_namespace
		*namespaces; /* of the input; none: nothing is known of their labels */
	size_t n_namespaces;
	char **gaps; /* "shop/web: spec.ingress[0].from[1]: what cannot be said, and why" */
	size_t n_gaps;
	char **others; /* kinds that are none of ours */
	size_t n_others;
	size_t n_label_peers,
		n_blind; /* peers by label; policies whose `egress: []` says nothing */
};

/*
 * Read the Namespace objects of a document (an object, a List of them, or an array of objects);
 * then, when those of all documents are known, its NetworkPolicies.
 *
 * namespace  of policies that name none
 * Errors     -EBADMSG with file, line and column: what Kubernetes itself would refuse, or a policy
 *            of another kind (CiliumNetworkPolicy), without which the rest would mean something
 * else
 */
int kube_read_namespaces(const struct doc *doc, struct kube *kube, struct err *err);
int kube_read_policies(const struct doc *doc, const char *namespace, struct kube *kube,
		       struct err *err);
void kube_done(struct kube *kube);
#define _cleanup_kube_ _cleanup_(kube_done)

/* The beginning of what profiles say of themselves that were made of policies. */
#define KUBE_DESCRIPTION "Imported from NetworkPolicy "

/* What profiles are to have besides. */
struct kube_wishes {
	const char *const *extends;
	size_t n_extends;
	const struct cidr *nodes; /* from where Kubernetes lets everything reach a pod: its node */
	size_t n_nodes;
};

struct kube_profile {
	char *name;
	char *json; /* with a newline at its end */
};

struct kube_profiles {
	struct kube_profile *v; /* sorted by name */
	size_t n;
};

/*
 * Make profiles of the policies. Each is parsed again before it is given out: what is written is a
 * profile.
 *
 * ret     kube_profiles_done(); untouched on failure
 * Errors  -E2BIG a namespace whose selectors overlap in more than KUBE_CELLS_MAX ways, or a profile
 *         with more rules than one may have
 */
int kube_import(const struct kube *kube, const struct kube_wishes *wishes,
		struct kube_profiles *ret, struct err *err);
void kube_profiles_done(struct kube_profiles *profiles);
#define _cleanup_kube_profiles_ _cleanup_(kube_profiles_done)

/* ---- the other way ---- */

/* A profile that is to become policies. Borrowed. */
struct kube_source {
	const struct profile *profile;
	const struct selection *selection; /* it, and all that it extends */
	bool everywhere;                   /* it is of the host's floor: its `match` is not asked */
};

/* What of them Kubernetes cannot say, and what is to be known of what it can. */
struct kube_told {
	char **gaps; /* "shop-web: network.egress[1].to[0]: what, and why": left out */
	size_t n_gaps;
	bool unnamed; /* there are policies without a namespace, for any */
};

/*
 * Make policies of profiles: an array of objects, as JSON. Rules that allow become narrower where a
 * part is left out; so do policies, where they are about more pods than the profile is.
 *
 * zones       the host's, which become blocks
 * namespaces  to write policies of, for profiles that are of no particular one; none: such a policy
 *             has no namespace
 * ret_told    kube_told_done(), in either case
 * Errors      -E2BIG profiles that overlap in more than KUBE_CELLS_MAX ways, or rules that multiply
 *             to more than KUBE_RULES_MAX; -EBADMSG a zone that the host does not have
 */
#define KUBE_RULES_MAX 4096
int kube_export(const struct kube_source *sources, size_t n, const struct zones *zones,
		const char *const *namespaces, size_t n_namespaces, struct buf *ret_json,
		struct kube_told *ret_told, struct err *err);
void kube_told_done(struct kube_told *told);
#define _cleanup_kube_told_ _cleanup_(kube_told_done)

#endif
