/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NetworkPolicies, YAML or JSON: what is accepted becomes profiles, which become policies again,
 * and those are accepted as well.
 */
#include "profiles/kube.h"

#include <errno.h>

#include "lib/yaml.h"
#include "lib/yaml_write.h"
#include "tests/fuzz/fuzz.h"

#define PROFILES_MAX 20

static int read_doc(const char *text, size_t len, struct doc **ret, struct err *err)
{
	size_t space = 0;

	while (space < len && strchr(" \t\r\n", text[space]) && text[space])
		space++;
	if (space < len && text[space] == '{')
		return doc_parse(ret, "p", text, len, err);
	return doc_parse_yaml_all(ret, "p", text, len, err);
}

static int import(const struct doc *doc, struct kube_profiles *ret, size_t *ret_gaps,
		  struct err *err)
{
	const struct kube_wishes wishes = { 0 };
	_cleanup_kube_ struct kube kube = { 0 };
	int r;

	r = kube_read_namespaces(doc, &kube, err);
	if (r == 0)
		r = kube_read_policies(doc, "default", &kube, err);
	if (r == 0)
		r = kube_import(&kube, &wishes, ret, err);
	*ret_gaps = kube.n_gaps;
	return r;
}

static void parse_profile(const struct kube_profile *from, struct profile **ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	char file[PROFILE_NAME_MAX + sizeof(".json")];
	struct err err = { 0 };

	(void)snprintf(file, sizeof(file), "%s.json", from->name);
	must_succeed(doc_parse(&doc, file, from->json, strlen(from->json), &err), &err);
	must_succeed(profile_parse(doc, NULL, NULL, ret, &err), &err);
}

/* What came of an import has nothing that Kubernetes cannot say. */
static void check_again(const struct buf *json)
{
	_cleanup_kube_profiles_ struct kube_profiles profiles = { 0 };
	_cleanup_doc_ struct doc *doc = NULL, *yaml = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	size_t gaps;
	int r;

	must_succeed(doc_parse(&doc, "again", json->data, json->len, &err), &err);
	must_succeed(yaml_write(doc_root(doc), &text, &err), &err);
	must_succeed(doc_parse_yaml(&yaml, "again", text.data, text.len, &err), &err);
	r = import(yaml, &profiles, &gaps, &err);
	if (r == -E2BIG) /* parts of parts */
		return;
	must_succeed(r, &err);
	must(gaps == 0);
}

static void export(const struct kube_profiles *profiles)
{
	struct profile *parsed[PROFILES_MAX] = { NULL };
	struct selected selected[PROFILES_MAX] = { 0 };
	struct selection selections[PROFILES_MAX] = { 0 };
	struct kube_source sources[PROFILES_MAX] = { 0 };
	const struct zones zones = { 0 };
	_cleanup_kube_told_ struct kube_told told = { 0 };
	_cleanup_buf_ struct buf json = { 0 };
	struct err err = { 0 };
	int r;

	for (size_t i = 0; i < profiles->n; i++) {
		parse_profile(&profiles->v[i], &parsed[i]);
		selected[i].profile = parsed[i];
		selections[i] = (struct selection){ .v = &selected[i], .n = 1 };
		sources[i] =
			(struct kube_source){ .profile = parsed[i], .selection = &selections[i] };
	}
	r = kube_export(sources, profiles->n, &zones, NULL, 0, &json, &told, &err);
	if (r == 0 && told.n_gaps == 0)
		check_again(&json);
	if (r < 0)
		must_tell(r, &err);
	for (size_t i = 0; i < profiles->n; i++)
		profile_free(&parsed[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_kube_profiles_ struct kube_profiles profiles = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	size_t gaps;
	int r = read_doc((const char *)data, size, &doc, &err);

	if (r == 0)
		r = import(doc, &profiles, &gaps, &err);
	if (r < 0) {
		must_tell(r, &err);
		must(profiles.n == 0);
		return 0;
	}
	if (profiles.n <= PROFILES_MAX)
		export(&profiles);
	return 0;
}
