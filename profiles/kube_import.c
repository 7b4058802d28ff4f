/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles from NetworkPolicies: one for each part of a namespace's pods in which the same policies
 * hold. It allows what one of them allows, in each direction that one of them is about.
 */
#include "profiles/kube_internal.h"

#include <errno.h>

#include "lib/hash.h"
#include "lib/strv.h"

#define NAME_PREFIX "np-"
#define HASH_CHARS  8

/* The policies of one namespace, and a part of its pods. */
struct part {
	const struct kube_policy *const *policies;
	size_t n;
	const struct cell *cell;
};

void kube_profiles_done(struct kube_profiles *profiles)
{
	for (size_t i = 0; i < profiles->n; i++) {
		free(profiles->v[i].name);
		free(profiles->v[i].json);
	}
	free(profiles->v);
	*profiles = (struct kube_profiles){ 0 };
}

/* ---- names ---- */

/* "np-shop-deny-web", of any length; of a name's characters dots alone are not for a profile. */
static void add_plain_name(const struct part *part, struct buf *out)
{
	buf_addf(out, NAME_PREFIX "%s", part->policies[0]->namespace);
	for (size_t i = 0; i < part->n; i++) {
		if (part->cell->in[i])
			buf_addf(out, "-%s", part->policies[i]->name);
	}
	for (size_t i = 0; out->data && i < out->len; i++) {
		if (out->data[i] == '.')
			out->data[i] = '-';
	}
}

int kube_hashed_name(const char *plain, const char *whom, size_t most, struct buf *out,
		     struct err *err)
{
	size_t len = strlen(plain);
	char digest[SHA256_HEX];

	most -= HASH_CHARS + 1;
	sha256_hex1(digest, whom, strlen(whom));
	buf_addf(out, "%.*s-%.*s", (int)(len < most ? len : most), plain, HASH_CHARS, digest);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

/* ---- one profile ---- */

static void write_match(const struct part *part, const struct region *region, struct emit *e)
{
	emit_object(e);
	emit_key(e, "labelSelector");
	region_write(region, e);
	emit_object_end(e);
}

/* Of which pods, the namespace among it. */
static int region_of_part(const struct part *part, struct region *ret, struct err *err)
{
	char *value = part->policies[0]->namespace;
	struct key_rule own = { .key = (char[]){ KUBE_POD_NAMESPACE },
				.listed = true,
				.values = &value,
				.n_values = 1 };
	const struct region namespace = { .v = &own, .n = 1 };
	int r = region_copy(&part->cell->region, ret, err);

	return r < 0 ? r : region_meet(ret, &namespace, err);
}

static void write_description(const struct part *part, struct emit *e)
{
	_cleanup_buf_ struct buf text = { 0 };
	const char *comma = "";

	buf_adds(&text, KUBE_DESCRIPTION);
	for (size_t i = 0; i < part->n; i++) {
		if (!part->cell->in[i])
			continue;
		buf_addf(&text, "%s%s/%s", comma, part->policies[i]->namespace,
			 part->policies[i]->name);
		comma = ", ";
	}
	emit_string(e, buf_status(&text) < 0 ? "" : text.data);
}

/* Kubernetes lets what comes from a pod's own node reach it, whatever policies say. */
static void write_nodes(const struct kube_wishes *wishes, struct emit *e)
{
	if (wishes->n_nodes == 0)
		return;
	emit_object(e);
	emit_key(e, "from");
	emit_array(e);
	for (size_t i = 0; i < wishes->n_nodes; i++) {
		char text[CIDR_TEXT_MAX];

		emit_object(e);
		emit_key(e, "ipBlock");
		emit_object(e);
		emit_key(e, "cidr");
		emit_string(e, cidr_format(text, &wishes->nodes[i]));
		emit_object_end(e);
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_object_end(e);
}

static void write_value(const struct node *node, struct emit *e);

static void write_members(const struct node *node, struct emit *e)
{
	node_foreach (child, node) {
		if (child->key)
			emit_key(e, child->key);
		write_value(child, e);
	}
}

/* A rule's own text, laid out as the rest is. */
static void write_value(const struct node *node, struct emit *e)
{
	if (node->type == NODE_OBJECT) {
		emit_object(e);
		write_members(node, e);
		emit_object_end(e);
	} else if (node->type == NODE_ARRAY) {
		emit_array(e);
		write_members(node, e);
		emit_array_end(e);
	} else if (node->type == NODE_STRING) {
		emit_string(e, node->string);
	} else {
		emit_raw(e, node->string);
	}
}

static int write_rule(const char *rule, struct emit *e, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "rule", rule, strlen(rule), err);

	if (r == 0)
		write_value(doc_root(doc), e);
	return r;
}

static const struct kube_rules *rules_of(const struct part *part, size_t i, bool ingress)
{
	const struct kube_policy *policy = part->policies[i];
	const struct kube_rules *rules = ingress ? &policy->ingress : &policy->egress;

	return part->cell->in[i] && rules->applies ? rules : NULL;
}

/* What one of them allows; a rule that several have is written once. */
static int write_rules(const struct part *part, bool ingress, const struct kube_wishes *wishes,
		       struct emit *e, struct err *err)
{
	char **seen = NULL;
	size_t n_seen = 0;
	int r = 0;

	emit_key(e, ingress ? "ingress" : "egress");
	emit_array(e);
	for (size_t i = 0; r == 0 && i < part->n; i++) {
		const struct kube_rules *rules = rules_of(part, i, ingress);

		for (size_t k = 0; r == 0 && rules && k < rules->n; k++) {
			if (strv_contains(seen, n_seen, rules->v[k]))
				continue;
			r = strv_add(&seen, &n_seen, rules->v[k], err);
			if (r == 0)
				r = write_rule(rules->v[k], e, err);
		}
	}
	if (ingress)
		write_nodes(wishes, e);
	emit_array_end(e);
	strv_free(&seen, &n_seen);
	return r;
}

static int write_network(const struct part *part, const struct kube_wishes *wishes, struct emit *e,
			 struct err *err)
{
	int r = 0;

	emit_object(e);
	for (int ingress = 1; r == 0 && ingress >= 0; ingress--) {
		bool applies = false;

		for (size_t i = 0; i < part->n; i++)
			applies = applies || rules_of(part, i, ingress);
		if (applies)
			r = write_rules(part, ingress, wishes, e, err);
	}
	emit_object_end(e);
	return r;
}

static int write_profile(const struct part *part, const char *name, const struct region *region,
			 const struct kube_wishes *wishes, struct buf *out, struct err *err)
{
	struct emit e = EMIT(out);
	int r;

	e.indent = 2;
	emit_object(&e);
	emit_key(&e, "$schema");
	emit_string(&e, DATADIR "/coaming/profile.schema.json");
	emit_key(&e, "name");
	emit_string(&e, name);
	emit_key(&e, "description");
	write_description(part, &e);
	emit_key(&e, "match");
	write_match(part, region, &e);
	if (wishes->n_extends > 0) {
		emit_key(&e, "extends");
		emit_array(&e);
		for (size_t i = 0; i < wishes->n_extends; i++)
			emit_string(&e, wishes->extends[i]);
		emit_array_end(&e);
	}
	emit_key(&e, "network");
	r = write_network(part, wishes, &e, err);
	emit_object_end(&e);
	buf_addc(out, '\n');
	return r < 0 ? r : buf_status(out) < 0 ? err_oom(err) : 0;
}

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_input(err, ENOENT, "%s is not there", Q(relative_path));
}

/* What is written is read again: nothing goes out that is no profile. */
static int check_profile(const char *name, const struct buf *json, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	char file[PROFILE_NAME_MAX + sizeof(".json")];
	int r;

	(void)snprintf(file, sizeof(file), "%s.json", name);
	if (json->len > PROFILE_MAX_BYTES)
		return err_input(err, E2BIG, "%s would have more than %zu bytes", file,
				 PROFILE_MAX_BYTES);
	r = doc_parse(&doc, file, json->data, json->len, err);
	if (r == 0)
		r = profile_parse(doc, no_file, NULL, &profile, err);
	if (r < 0)
		err_context(err, "what the policies come to is no profile");
	return r;
}

/* ---- all of them ---- */

struct making {
	const struct kube_wishes *wishes;
	char **names; /* that were given, sorted out below */
	size_t n_names;
	struct kube_profiles *profiles;
};

static int add_profile(struct making *making, const struct part *part, struct err *err)
{
	_cleanup_buf_ struct buf plain = { 0 }, match = { 0 }, hashed = { 0 }, json = { 0 };
	_cleanup_region_ struct region region = { 0 };
	struct kube_profiles *profiles = making->profiles;
	struct kube_profile *grown;
	struct emit e = EMIT(&match);
	const char *name;
	int r;

	r = region_of_part(part, &region, err);
	if (r < 0)
		return r;
	region_write(&region, &e);
	add_plain_name(part, &plain);
	if (buf_status(&plain) < 0 || buf_status(&match) < 0)
		return err_oom(err);
	name = plain.data;
	/* Too long, another's too, or with an end that a profile's name may not have. */
	if (!profile_name_is_valid(name) || strv_contains(making->names, making->n_names, name)) {
		r = kube_hashed_name(plain.data, match.data, PROFILE_NAME_MAX, &hashed, err);
		name = hashed.data;
	}
	if (r == 0)
		r = strv_add(&making->names, &making->n_names, plain.data, err);
	if (r == 0)
		r = write_profile(part, name, &region, making->wishes, &json, err);
	if (r == 0)
		r = check_profile(name, &json, err);
	if (r < 0)
		return r;
	grown = reallocarray(profiles->v, profiles->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	profiles->v = grown;
	grown[profiles->n] = (struct kube_profile){ .name = strdup(name), .json = buf_take(&json) };
	profiles->n++;
	return grown[profiles->n - 1].name && grown[profiles->n - 1].json ? 0 : err_oom(err);
}

static int import_namespace(struct making *making, const struct kube_policy *const *policies,
			    size_t n, struct err *err)
{
	struct region *regions = calloc(n + 1, sizeof(*regions)); /* borrowed contents */
	_cleanup_cells_ struct cells cells = { 0 };
	int r;

	if (!regions)
		return err_oom(err);
	for (size_t i = 0; i < n; i++)
		regions[i] = policies[i]->pods;
	r = region_cells(regions, n, KUBE_CELLS_MAX, &cells, err);
	free(regions);
	if (r == -E2BIG)
		return err_input(err, E2BIG,
				 "the pod selectors of namespace %s overlap in more than %d ways: "
				 "in Kubernetes a pod may do what one of its policies allows, and "
				 "each way would be a profile (select pods by fewer labels)",
				 policies[0]->namespace, KUBE_CELLS_MAX);
	for (size_t i = 0; r == 0 && i < cells.n; i++)
		r = add_profile(making,
				&(struct part){ .policies = policies, .n = n, .cell = &cells.v[i] },
				err);
	return r;
}

static int by_place(const void *left, const void *right)
{
	const struct kube_policy *const *a = left, *const *b = right;
	int order = strcmp((*a)->namespace, (*b)->namespace);

	return order ? order : strcmp((*a)->name, (*b)->name);
}

static int by_name(const void *left, const void *right)
{
	const struct kube_profile *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int import_sorted(struct making *making, const struct kube_policy **sorted, size_t n,
			 struct err *err)
{
	int r = 0;

	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i; end < n && streq(sorted[end]->namespace, sorted[i]->namespace);)
			end++;
		r = import_namespace(making, &sorted[i], end - i, err);
	}
	return r;
}

int kube_import(const struct kube *kube, const struct kube_wishes *wishes,
		struct kube_profiles *ret, struct err *err)
{
	const struct kube_policy **sorted = calloc(kube->n_policies + 1, sizeof(*sorted));
	struct kube_profiles profiles = { 0 };
	struct making making = { .wishes = wishes, .profiles = &profiles };
	int r;

	if (!sorted)
		return err_oom(err);
	for (size_t i = 0; i < kube->n_policies; i++)
		sorted[i] = &kube->policies[i];
	qsort(sorted, kube->n_policies, sizeof(*sorted), by_place);
	r = import_sorted(&making, sorted, kube->n_policies, err);
	free(sorted);
	strv_free(&making.names, &making.n_names);
	if (r < 0) {
		kube_profiles_done(&profiles);
		return r;
	}
	if (profiles.n > 1)
		qsort(profiles.v, profiles.n, sizeof(*profiles.v), by_name);
	*ret = profiles;
	return 0;
}
