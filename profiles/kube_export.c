/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NetworkPolicies from profiles: one for each part of the pods to which the same profiles apply. It
 * allows what all of them allow; no two of these policies select one pod, so that in Kubernetes,
 * too, nothing else is allowed.
 */
#include "profiles/kube_internal.h"

#include <errno.h>

#include "lib/strv.h"

#define POLICY_NAME_MAX 253

struct exporting {
	const struct kube_source *sources;
	size_t n;
	const struct zones *zones;
	const char *const *namespaces;
	size_t n_namespaces;
	struct kube_told *told;
	struct emit *e;
	char **names; /* "NAMESPACE/NAME" of what was written */
	size_t n_names;
	struct err *err;
};

/* ---- whom a profile is for ---- */

static int of_label(const char *key, char *value, struct region *ret, struct err *err)
{
	struct key_rule rule = {
		.key = strdup(key), .listed = true, .values = &value, .n_values = 1
	};
	int r;

	r = rule.key ? region_meet(ret, &(struct region){ .v = &rule, .n = 1 }, err) : err_oom(err);
	free(rule.key);
	return r;
}

/* What no pod has: not to have it asks for nothing, to have it asks for nobody. */
static void make_rule_legal(struct region *pods, struct key_rule *rule)
{
	bool legal = kube_key_is_legal(rule->key);
	size_t kept = 0;

	for (size_t k = 0; k < rule->n_values; k++) {
		if (legal && kube_value_is_legal(rule->values[k]))
			rule->values[kept++] = rule->values[k];
		else
			free(rule->values[k]);
	}
	rule->n_values = kept;
	if (!legal && rule->absent)
		region_forget(pods, rule->key);
	else if (!legal)
		rule->listed = true; /* and nothing is on the list */
}

static int make_legal(const struct exporting *x, const struct profile *profile, struct region *pods)
{
	if (region_is_nothing(pods))
		return 0; /* as it says itself */
	for (size_t i = pods->n; i > 0; i--) {
		struct key_rule *rule = &pods->v[i - 1];

		if (streq(rule->key, KUBE_POD_NAMESPACE))
			continue;
		if (kube_is_kubelets(rule->key))
			return err_input(x->err, ENOTSUP,
					 "profile %s is for what has certain labels %s, which the "
					 "kubelet gives: in a cluster no policy can ask for them",
					 profile->name, rule->key);
		make_rule_legal(pods, rule);
	}
	if (!region_is_nothing(pods))
		return 0;
	return kube_tell(x->told, x->err,
			 "%s: match: no pod can have such labels: no policy is of it",
			 profile->name);
}

/*
 * What a policy cannot ask a pod for is not asked: it is about more pods then. They are allowed
 * less, and no other policy of these selects them.
 */
static int region_of_source(const struct exporting *x, const struct kube_source *source,
			    struct region *ret)
{
	const struct profile *profile = source->profile;
	const struct match *match = &profile->match;
	int r;

	if (source->everywhere)
		return 0;
	if (!match->present)
		return of_label(LABEL_PROFILE, profile->name, ret, x->err);
	r = region_of(&match->selector, ret, x->err);
	if (r == 0)
		r = make_legal(x, profile, ret);
	if (r == 0 && match->n_images > 0)
		r = kube_tell(
			x->told, x->err,
			"%s: match.image: a policy cannot ask for a pod's images: this one is "
			"for any",
			profile->name);
	if (r == 0 && !(match->sources & LABEL_SOURCE_BIT(LABEL_FROM_ENGINE)))
		r = kube_tell(x->told, x->err,
			      "%s: match.sources: a policy asks for a pod's labels, which are "
			      "the engine's: this one does",
			      profile->name);
	return r;
}

/* ---- one policy ---- */

/* All network sections that hold in a part: those of its profiles, and of what those extend. */
static int meet_sections(const struct exporting *x, const struct cell *cell, bool ingress,
			 struct kube_direction *ret)
{
	char **seen = NULL;
	size_t n_seen = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->n; i++) {
		const struct selection *selection = x->sources[i].selection;

		for (size_t k = 0; r == 0 && cell->in[i] && k < selection->n; k++) {
			const struct selected *s = &selection->v[k];

			if (!s->profile->network.present ||
			    !selected_enforces(s, s->profile->network.mode) ||
			    strv_contains(seen, n_seen, s->profile->name))
				continue;
			r = strv_add(&seen, &n_seen, s->profile->name, x->err);
			if (r == 0)
				r = kube_direction_meet(ret, s->profile, ingress, x->zones, x->told,
							x->err);
		}
	}
	strv_free(&seen, &n_seen);
	return r;
}

static int add_name(struct exporting *x, const struct cell *cell, const struct region *pods,
		    const char *namespace, struct buf *out)
{
	_cleanup_buf_ struct buf plain = { 0 }, whom = { 0 }, full = { 0 };
	struct emit e = EMIT(&whom);
	int r = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (cell->in[i])
			buf_addf(&plain, "%s%s", plain.len ? "-" : "", x->sources[i].profile->name);
	}
	region_write(pods, &e);
	buf_addf(&full, "%s/%s", namespace ? namespace : "", plain.data ? plain.data : "");
	if (buf_status(&plain) < 0 || buf_status(&whom) < 0 || buf_status(&full) < 0)
		return err_oom(x->err);
	if (plain.len > POLICY_NAME_MAX || strv_contains(x->names, x->n_names, full.data))
		r = kube_hashed_name(plain.data, whom.data, POLICY_NAME_MAX, out, x->err);
	else
		buf_adds(out, plain.data);
	return r < 0 ? r : strv_add(&x->names, &x->n_names, full.data, x->err);
}

static void write_types(const struct kube_direction *in, const struct kube_direction *out,
			struct emit *e)
{
	emit_key(e, "policyTypes");
	emit_array(e);
	if (in->present)
		emit_string(e, "Ingress");
	if (out->present)
		emit_string(e, "Egress");
	emit_array_end(e);
}

static int write_policy(struct exporting *x, const struct cell *cell, const struct region *pods,
			const char *namespace, const struct kube_direction *in,
			const struct kube_direction *out)
{
	_cleanup_buf_ struct buf name = { 0 };
	struct emit *e = x->e;
	int r = add_name(x, cell, pods, namespace, &name);

	if (r == 0 && buf_status(&name) < 0)
		r = err_oom(x->err);
	if (r < 0)
		return r;
	emit_object(e);
	emit_key(e, "apiVersion");
	emit_string(e, "networking.k8s.io/v1");
	emit_key(e, "kind");
	emit_string(e, "NetworkPolicy");
	emit_key(e, "metadata");
	emit_object(e);
	emit_key(e, "name");
	emit_string(e, name.data);
	if (namespace) {
		emit_key(e, "namespace");
		emit_string(e, namespace);
	}
	emit_object_end(e);
	emit_key(e, "spec");
	emit_object(e);
	emit_key(e, "podSelector");
	region_write(pods, e);
	write_types(in, out, e);
	kube_direction_write(in, true, e);
	kube_direction_write(out, false, e);
	emit_object_end(e);
	emit_object_end(e);
	return 0;
}

/* ---- its namespaces ---- */

static bool is_in(const struct key_rule *rule, const char *namespace)
{
	return !rule || strv_contains(rule->values, rule->n_values, namespace) == rule->listed;
}

/* To leave the policy out would allow more: this is no matter of parts. */
static int refuse_all_but(const struct exporting *x, const struct cell *cell)
{
	size_t i = 0;

	while (i + 1 < x->n && !cell->in[i])
		i++;
	return err_input(x->err, EINVAL,
			 "profile %s is for every namespace but some, and a policy is of one: say "
			 "which namespaces there are with --namespace",
			 x->sources[i].profile->name);
}

/* The rule is on the pods' namespace; NULL: any. */
static int write_in_namespaces(struct exporting *x, const struct cell *cell,
			       const struct region *pods, const struct key_rule *rule,
			       const struct kube_direction *in, const struct kube_direction *out)
{
	int r = 0;

	if (x->n_namespaces == 0 && rule && !rule->listed && rule->n_values > 0)
		return refuse_all_but(x, cell);
	for (size_t i = 0; r == 0 && i < x->n_namespaces; i++) {
		if (is_in(rule, x->namespaces[i]))
			r = write_policy(x, cell, pods, x->namespaces[i], in, out);
	}
	if (x->n_namespaces > 0)
		return r;
	if (!rule || !rule->listed) {
		x->told->unnamed = true;
		return write_policy(x, cell, pods, NULL, in, out);
	}
	for (size_t i = 0; r == 0 && i < rule->n_values; i++)
		r = write_policy(x, cell, pods, rule->values[i], in, out);
	return r;
}

static int write_cell(struct exporting *x, const struct cell *cell)
{
	struct kube_direction in = { 0 }, out = { 0 };
	_cleanup_region_ struct region pods = { 0 };
	const struct key_rule *rule = region_get(&cell->region, KUBE_POD_NAMESPACE);
	int r;

	r = region_copy(&cell->region, &pods, x->err);
	if (r < 0)
		return r;
	region_forget(&pods, KUBE_POD_NAMESPACE);
	r = meet_sections(x, cell, true, &in);
	if (r == 0)
		r = meet_sections(x, cell, false, &out);
	if (r == 0 && (in.present || out.present))
		r = write_in_namespaces(x, cell, &pods, rule, &in, &out);
	kube_direction_done(&in);
	kube_direction_done(&out);
	return r;
}

/* ---- all of them ---- */

static int make_cells(const struct exporting *x, struct cells *ret)
{
	struct region *regions = calloc(x->n + 1, sizeof(*regions));
	int r = regions ? 0 : err_oom(x->err);

	for (size_t i = 0; r == 0 && i < x->n; i++)
		r = region_of_source(x, &x->sources[i], &regions[i]);
	if (r == 0)
		r = region_cells(regions, x->n, KUBE_CELLS_MAX, ret, x->err);
	if (r == -E2BIG)
		r = err_input(x->err, E2BIG,
			      "the profiles overlap in more than %d ways: in Kubernetes what one "
			      "policy of a pod allows is allowed, so that each way would be a "
			      "policy of its own (export fewer of them)",
			      KUBE_CELLS_MAX);
	for (size_t i = 0; regions && i < x->n; i++)
		region_done(&regions[i]);
	free(regions);
	return r;
}

int kube_export(const struct kube_source *sources, size_t n, const struct zones *zones,
		const char *const *namespaces, size_t n_namespaces, struct buf *ret_json,
		struct kube_told *ret_told, struct err *err)
{
	struct emit e = EMIT(ret_json);
	struct exporting x = {
		.sources = sources,
		.n = n,
		.zones = zones,
		.namespaces = namespaces,
		.n_namespaces = n_namespaces,
		.told = ret_told,
		.e = &e,
		.err = err,
	};
	_cleanup_cells_ struct cells cells = { 0 };
	int r;

	e.indent = 2;
	emit_array(&e);
	r = make_cells(&x, &cells);
	for (size_t i = 0; r == 0 && i < cells.n; i++)
		r = write_cell(&x, &cells.v[i]);
	emit_array_end(&e);
	strv_free(&x.names, &x.n_names);
	return r == 0 && buf_status(ret_json) < 0 ? err_oom(err) : r;
}
