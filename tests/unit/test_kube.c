/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/kube*.c where memory is short. What they mean is in tests/integration/import.sh and
 * export.sh.
 */
#include "profiles/kube.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/alloc.h"

static const char policies[] =
	"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": ["
	"{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"ops\","
	" \"labels\": {\"team\": \"blue\"}}},"
	"{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\"},"
	"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\":"
	" {\"name\": \"deny\", \"namespace\": \"shop\"}, \"spec\": {\"podSelector\": {},"
	" \"policyTypes\": [\"Ingress\", \"Egress\"]}},"
	"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\":"
	" {\"name\": \"a.web\", \"namespace\": \"shop\"}, \"spec\": {\"podSelector\":"
	" {\"matchLabels\": {\"app\": \"web\"}}, \"ingress\": [{\"from\": [{\"podSelector\":"
	" {\"matchLabels\": {\"app\": \"proxy\"}}}, {\"namespaceSelector\": {\"matchLabels\":"
	" {\"team\": \"blue\"}}}, {\"ipBlock\": {\"cidr\": \"10.0.0.0/8\", \"except\":"
	" [\"10.1.0.0/16\"]}}], \"ports\": [{\"port\": 80}, {\"port\": \"http\"}]}]}}]}";

static int import(void *arg, struct err *err)
{
	const struct cidr node = { .address = { 10, 0, 0, 1 }, .prefix_len = 32 };
	const struct kube_wishes wishes = {
		.extends = (const char *const[]){ "base" },
		.n_extends = 1,
		.nodes = &node,
		.n_nodes = 1,
	};
	_cleanup_kube_profiles_ struct kube_profiles profiles = { 0 };
	_cleanup_kube_ struct kube kube = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = doc_parse(&doc, "p", policies, strlen(policies), err);
	if (r == 0)
		r = kube_read_namespaces(doc, &kube, err);
	if (r == 0)
		r = kube_read_policies(doc, "default", &kube, err);
	if (r == 0)
		r = kube_import(&kube, &wishes, &profiles, err);
	if (r == 0) {
		assert_int_equal(profiles.n, 2);
		assert_string_equal(profiles.v[0].name, "np-shop-a-web-deny");
		assert_int_equal(kube.n_gaps, 1);
		assert_int_equal(kube.n_others, 1);
	}
	return r;
}

static void test_import(void **state)
{
	assert_true(alloc_fail_each(import, NULL) > 100);
}

/* ---- the other way ---- */

#define SHOP "\"io.kubernetes.pod.namespace\": \"shop\""

static const char web[] =
	"{\"name\": \"web\", \"match\": {\"labelSelector\": {\"matchLabels\":"
	" {\"app\": \"web\", " SHOP "}}}, \"network\": {\"ingress\": [{\"from\": ["
	"{\"labelSelector\": {\"matchLabels\": {\"app\": \"proxy\", " SHOP "}}},"
	" {\"ipBlock\": {\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\"]}},"
	" {\"labelSelector\": {\"matchLabels\": {\"a b\": \"c\"}}}],"
	" \"ports\": [{\"port\": 80, \"endPort\": 90}]}], \"egress\": [{}]}}";
static const char prod[] =
	"{\"name\": \"prod\", \"match\": {\"labelSelector\": {\"matchLabels\":"
	" {\"env\": \"prod\", " SHOP "}}}, \"network\": {\"ingress\": [{\"from\": ["
	"{\"labelSelector\": {\"matchLabels\": {\"env\": \"prod\"}}},"
	" {\"ipBlock\": {\"cidr\": \"10.2.0.0/16\"}}, {\"zone\": \"office\"}],"
	" \"ports\": [{\"port\": 85}]}]}}";

static int parse_profile(const char *text, const char *file, struct profile **ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, file, text, strlen(text), err);

	return r < 0 ? r : profile_parse(doc, NULL, NULL, ret, err);
}

static int export(void *arg, struct err *err)
{
	struct profile *const *profiles = arg;
	struct cidr cidr = { .address = { 10, 1 }, .prefix_len = 16 };
	struct zone zone = { .name = (char[]){ "office" }, .cidrs = &cidr, .n_cidrs = 1 };
	const struct zones zones = { &zone, 1 };
	struct selected selected[2] = { { .profile = profiles[0] }, { .profile = profiles[1] } };
	struct selection selections[2] = { { .v = &selected[0], .n = 1 },
					   { .v = &selected[1], .n = 1 } };
	const struct kube_source sources[2] = {
		{ .profile = profiles[0], .selection = &selections[0] },
		{ .profile = profiles[1], .selection = &selections[1] },
	};
	_cleanup_kube_told_ struct kube_told told = { 0 };
	_cleanup_buf_ struct buf json = { 0 };
	int r;

	r = kube_export(sources, 2, &zones, NULL, 0, &json, &told, err);
	if (r == 0) {
		assert_non_null(strstr(json.data, "\"web-prod\""));
		assert_int_equal(told.n_gaps, 2);
	}
	return r;
}

static void test_export(void **state)
{
	struct profile *profiles[2] = { NULL, NULL };
	struct err err = { 0 };

	if (parse_profile(web, "web.json", &profiles[0], &err) < 0 ||
	    parse_profile(prod, "prod.json", &profiles[1], &err) < 0)
		fail_msg("%s", err.text);
	assert_true(alloc_fail_each(export, profiles) > 100);
	profile_free(&profiles[0]);
	profile_free(&profiles[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_export),
	};

	return cmocka_run_group_tests_name("kube", tests, NULL, NULL);
}
