/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Kubernetes' objects: namespaces, and policies with their selectors and defaults.
 */
#include "profiles/kube_internal.h"

#include <errno.h>

#include "lib/strv.h"

#define NETWORKING "networking.k8s.io/v1"

/* Objects of one file, also in lists of lists. */
#define LISTS_MAX 4

static void rules_done(struct kube_rules *rules)
{
	strv_free(&rules->v, &rules->n);
}

static void policy_done(struct kube_policy *policy)
{
	free(policy->namespace);
	free(policy->name);
	region_done(&policy->pods);
	rules_done(&policy->ingress);
	rules_done(&policy->egress);
}

void kube_done(struct kube *kube)
{
	for (size_t i = 0; i < kube->n_policies; i++)
		policy_done(&kube->policies[i]);
	free(kube->policies);
	for (size_t i = 0; i < kube->n_namespaces; i++) {
		free(kube->namespaces[i].name);
		labels_done(&kube->namespaces[i].labels);
	}
	free(kube->namespaces);
	strv_free(&kube->gaps, &kube->n_gaps);
	strv_free(&kube->others, &kube->n_others);
	*kube = (struct kube){ 0 };
}

/* ---- places ---- */

static void add_path(const struct node *node, const struct node *top, struct buf *out)
{
	size_t at = 0;

	if (node == top || !node->parent)
		return;
	add_path(node->parent, top, out);
	if (node->key) {
		char quoted[QUOTE_MAX];

		/* Quoted like any foreign text, without the quotes where nothing was escaped. */
		quote(quoted, node->key, strlen(node->key));
		buf_addf(out, "%s%.*s", out->len ? "." : "", (int)strlen(quoted) - 2, quoted + 1);
		return;
	}
	for (const struct node *n = node->parent->first; n && n != node; n = n->next)
		at++;
	buf_addf(out, "[%zu]", at);
}

int kube_gap(const struct kube_place *place, const struct node *node, const char *why,
	     struct err *err)
{
	_cleanup_buf_ struct buf path = { 0 }, text = { 0 };

	add_path(node, place->object, &path);
	buf_addf(&text, "%s/%s: %s: %s", place->policy->namespace, place->policy->name,
		 buf_status(&path) < 0 ? "" : path.data, why);
	if (buf_status(&path) < 0 || buf_status(&text) < 0)
		return err_oom(err);
	return strv_add(&place->kube->gaps, &place->kube->n_gaps, text.data, err);
}

/* ---- objects ---- */

typedef int object_fn(const struct doc *doc, const struct node *object, const char *version,
		      const char *kind, void *arg, struct err *err);

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && streq(text + len - n, end);
}

/* "apiVersion" and "kind", where an element of a NetworkPolicyList may leave both out. */
static int read_kind(const struct doc *doc, const struct node *object, const char **version,
		     const char **kind, struct err *err)
{
	int r = node_expect(doc, object, NODE_OBJECT, err);

	if (r == 0 && !*kind && !node_get(object, "kind"))
		return err_input(err, EBADMSG,
				 "%s: an object of Kubernetes has \"apiVersion\" and \"kind\"",
				 WHERE(doc, object));
	if (r == 0 && node_get(object, "kind"))
		r = node_read_string(doc, node_get(object, "kind"), kind, err);
	if (r == 0 && node_get(object, "apiVersion"))
		r = node_read_string(doc, node_get(object, "apiVersion"), version, err);
	return r;
}

static int each_object(const struct doc *doc, const struct node *object, const char *version,
		       const char *kind, unsigned depth, object_fn *fn, void *arg, struct err *err)
{
	const char *item_kind = NULL;
	int r;

	r = read_kind(doc, object, &version, &kind, err);
	if (r < 0)
		return r;
	assert(kind);
	if (!ends_with(kind, "List") || !node_get(object, "items"))
		return fn(doc, object, version ? version : "", kind, arg, err);
	if (depth == 0)
		return err_input(err, E2BIG, "%s: lists in lists", WHERE(doc, object));
	r = node_expect(doc, node_get(object, "items"), NODE_ARRAY, err);
	if (streq(kind, "NetworkPolicyList"))
		item_kind = "NetworkPolicy";
	if (streq(kind, "NamespaceList"))
		item_kind = "Namespace";
	if (r < 0)
		return r;
	node_foreach (item, node_get(object, "items")) {
		r = each_object(doc, item, item_kind ? version : NULL, item_kind, depth - 1, fn,
				arg, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A name as Kubernetes' objects have it: it becomes part of texts and of names. */
static bool is_object_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 253 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

/* metadata.NAME; *ret is left as it is where it is absent. */
static int read_meta(const struct doc *doc, const struct node *object, const char *key,
		     const char **ret, struct err *err)
{
	const struct node *node = node_path(object, "metadata", key, NULL);
	int r;

	if (!node && *ret)
		return 0;
	if (!node)
		return err_input(err, EBADMSG, "%s: the object has no \"metadata\" with \"%s\"",
				 WHERE(doc, object), key);
	r = node_read_string(doc, node, ret, err);
	if (r == 0 && !is_object_name(*ret))
		r = err_input(err, EBADMSG, "%s: %s is no name of an object in Kubernetes",
			      WHERE(doc, node), Q(*ret));
	return r;
}

/* ---- namespaces ---- */

static int add_namespace(const struct doc *doc, const struct node *object, const char *name,
			 struct kube *kube, struct err *err)
{
	const struct node *labels = node_path(object, "metadata", "labels", NULL);
	struct kube_namespace *grown, *new;
	int r = 0;

	grown = reallocarray(kube->namespaces, kube->n_namespaces + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	kube->namespaces = grown;
	new = &grown[kube->n_namespaces++];
	*new = (struct kube_namespace){ .name = strdup(name) };
	if (!new->name)
		return err_oom(err);
	if (labels)
		r = node_expect(doc, labels, NODE_OBJECT, err);
	if (r < 0)
		return r;
	node_foreach (label, labels) {
		const char *value;

		r = node_read_string(doc, label, &value, err);
		if (r == 0)
			r = labels_set(&new->labels, label->key, value, LABEL_FROM_COMMAND, NULL,
				       err);
		if (r < 0)
			return r;
	}
	return labels_set(&new->labels, LABEL_NAMESPACE, name, LABEL_FROM_COMMAND, NULL, err);
}

static int take_namespace(const struct doc *doc, const struct node *object, const char *version,
			  const char *kind, void *arg, struct err *err)
{
	struct kube *kube = arg;
	const char *name = NULL;
	int r;

	if (!streq(version, "v1") || !streq(kind, "Namespace"))
		return 0;
	r = read_meta(doc, object, "name", &name, err);
	for (size_t i = 0; r == 0 && i < kube->n_namespaces; i++) {
		if (streq(kube->namespaces[i].name, name))
			return 0; /* the same again, as lists that were joined have it */
	}
	return r < 0 ? r : add_namespace(doc, object, name, kube, err);
}

/* The documents of one file, as doc_parse_yaml_all() has them, or one object. */
static int each_root(const struct doc *doc, object_fn *fn, void *arg, struct err *err)
{
	const struct node *root = doc_root(doc);
	int r = 0;

	if (!node_is(root, NODE_ARRAY))
		return each_object(doc, root, NULL, NULL, LISTS_MAX, fn, arg, err);
	node_foreach (object, root) {
		r = each_object(doc, object, NULL, NULL, LISTS_MAX, fn, arg, err);
		if (r < 0)
			break;
	}
	return r;
}

int kube_read_namespaces(const struct doc *doc, struct kube *kube, struct err *err)
{
	return each_root(doc, take_namespace, kube, err);
}

/* ---- policies ---- */

bool kube_is_kubelets(const char *key)
{
	return starts_with(key, "io.kubernetes.pod.") ||
	       starts_with(key, "io.kubernetes.container.");
}

int kube_read_pods(const struct doc *doc, const struct node *node, struct region *ret,
		   bool *ret_known, struct err *err)
{
	struct selector selector = { 0 };
	int r;

	*ret_known = true;
	if (!node || node->type == NODE_NULL)
		return 0;
	r = selector_parse(doc, node, &selector, err);
	if (r == 0)
		r = region_of(&selector, ret, err);
	for (size_t i = 0; i < selector.n; i++)
		*ret_known = *ret_known && !kube_is_kubelets(selector.v[i].key);
	selector_done(&selector);
	return r;
}

static bool has_elements(const struct node *list)
{
	return node_is(list, NODE_ARRAY) && list->count > 0;
}

/*
 * Without policyTypes every policy is about ingress, and about egress where it has rules for it:
 * an empty list is none, as Kubernetes' own defaulting has it.
 */
static int read_types(const struct doc *doc, const struct node *spec, struct kube_policy *policy,
		      struct err *err)
{
	static const char *const names[] = { "Ingress", "Egress" };
	const struct node *types = node_get(spec, "policyTypes");
	int r = 0;

	if (types && types->type != NODE_NULL)
		r = node_expect_list(doc, types, ARRAY_SIZE(names), err);
	if (r < 0)
		return r;
	if (!has_elements(types)) {
		policy->ingress.applies = true;
		policy->egress.applies = has_elements(node_get(spec, "egress"));
		return 0;
	}
	node_foreach (node, types) {
		const char *text;

		r = node_read_string(doc, node, &text, err);
		if (r < 0)
			return r;
		if (!streq(text, names[0]) && !streq(text, names[1]))
			return err_input(err, EBADMSG,
					 "%s: unknown policy type %s: expected Ingress or Egress%s",
					 WHERE(doc, node), Q(text),
					 SUGGESTION(text, names, ARRAY_SIZE(names)));
		policy->ingress.applies |= streq(text, names[0]);
		policy->egress.applies |= streq(text, names[1]);
	}
	return 0;
}

static int read_spec(struct kube_place *place, struct kube_policy *policy, struct err *err)
{
	static const char *const keys[] = { "podSelector", "policyTypes", "ingress", "egress" };
	const struct doc *doc = place->doc;
	const struct node *spec = node_get(place->object, "spec");
	bool known = true;
	int r;

	if (!spec)
		return err_input(err, EBADMSG, "%s: a NetworkPolicy needs \"spec\"",
				 WHERE(doc, place->object));
	r = node_expect(doc, spec, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(doc, spec, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = kube_read_pods(doc, node_get(spec, "podSelector"), &policy->pods, &known, err);
	if (r == 0 && !known)
		r = err_input(err, EBADMSG,
			      "%s: it asks for a label under io.kubernetes.: on a node the kubelet "
			      "sets those, so that no pod can be told by its own",
			      WHERE(doc, node_get(spec, "podSelector")));
	if (r == 0)
		r = read_types(doc, spec, policy, err);
	/* Rules of a direction that the policy is not about mean nothing there either. */
	if (r == 0 && policy->ingress.applies)
		r = kube_read_rules(place, node_get(spec, "ingress"), true, &policy->ingress, err);
	if (r == 0 && policy->egress.applies)
		r = kube_read_rules(place, node_get(spec, "egress"), false, &policy->egress, err);
	if (r == 0 && !policy->egress.applies && node_is(node_get(spec, "egress"), NODE_ARRAY) &&
	    !node_get(spec, "policyTypes"))
		place->kube->n_blind++;
	return r;
}

static int add_policy(const struct doc *doc, const struct node *object, const char *namespace,
		      const char *name, struct kube *kube, struct err *err)
{
	struct kube_place place = { .kube = kube, .doc = doc, .object = object };
	struct kube_policy *grown, *new;

	for (size_t i = 0; i < kube->n_policies; i++) {
		if (streq(kube->policies[i].namespace, namespace) &&
		    streq(kube->policies[i].name, name))
			return err_input(err, EEXIST,
					 "%s: the policy %s/%s is given twice: which of both "
					 "holds is not known here",
					 WHERE(doc, object), namespace, name);
	}
	grown = reallocarray(kube->policies, kube->n_policies + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	kube->policies = grown;
	new = &grown[kube->n_policies++];
	*new = (struct kube_policy){ .namespace = strdup(namespace), .name = strdup(name) };
	if (!new->namespace || !new->name)
		return err_oom(err);
	place.policy = new;
	return read_spec(&place, new, err);
}

struct reading {
	struct kube *kube;
	const char *namespace;
};

static int take_policy(const struct doc *doc, const struct node *object, const char *version,
		       const char *kind, void *arg, struct err *err)
{
	static const char *const keys[] = { "apiVersion", "kind", "metadata", "spec", "status" };
	const struct reading *reading = arg;
	struct kube *kube = reading->kube;
	const char *name = NULL, *namespace = reading->namespace;
	int r;

	if (streq(kind, "Namespace") && streq(version, "v1"))
		return 0;
	if (!ends_with(kind, "NetworkPolicy"))
		return strv_contains(kube->others, kube->n_others, kind)
			       ? 0
			       : strv_add(&kube->others, &kube->n_others, kind, err);
	if (!streq(kind, "NetworkPolicy") || !streq(version, NETWORKING))
		return err_input(
			err, ENOTSUP,
			"%s: a %s of %s is not understood, only NetworkPolicy of " NETWORKING
			": without it the others would mean something else",
			WHERE(doc, object), Q(kind), Q(version));
	r = node_check_keys(doc, object, keys, ARRAY_SIZE(keys), err);
	if (r == 0)
		r = read_meta(doc, object, "name", &name, err);
	if (r == 0)
		r = read_meta(doc, object, "namespace", &namespace, err);
	return r < 0 ? r : add_policy(doc, object, namespace, name, kube, err);
}

int kube_read_policies(const struct doc *doc, const char *namespace, struct kube *kube,
		       struct err *err)
{
	struct reading reading = { .kube = kube, .namespace = namespace };

	if (!is_object_name(namespace))
		return err_input(err, EINVAL, "%s is no name of a namespace", Q(namespace));
	return each_root(doc, take_policy, &reading, err);
}
