/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/identity.c: what each engine tells of a container's name, and which engine it is.
 */
#include "hooks/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *config, *id, *bundle;
	const char *wanted_id, *name, *image, *engine;
} cases[] = {
	{ "{}", "c1", NULL, "c1", "c1", NULL, NULL },
	{ "{\"linux\": {\"cgroupsPath\": \"/libpod_parent/libpod-" ID "\"}}", NULL, NULL, ID, ID,
	  NULL, NULL },
	{ "{\"linux\": {\"cgroupsPath\": \"machine.slice:libpod:" ID "\"}}", NULL, NULL, ID, ID,
	  NULL, NULL },
	{ "{\"linux\": {\"cgroupsPath\": \"/short\"}}", NULL, NULL, "", "", NULL, NULL },
	{ "{\"annotations\": {\"io.container.manager\": \"libpod\"}}", "x", NULL, "x", "x", NULL,
	  "podman" },
	{ "{\"annotations\": {\"io.container.manager\": \"cri-o\", \"io.kubernetes.cri-o.Name\": "
	  "\"k8s_a\", \"io.kubernetes.cri-o.ImageName\": \"reg/a:1\"}}",
	  "x", NULL, "x", "k8s_a", "reg/a:1", "cri-o" },
	{ "{\"annotations\": {\"io.kubernetes.cri.container-type\": \"container\", "
	  "\"io.kubernetes.cri.container-name\": \"shop\", \"io.kubernetes.cri.image-name\": "
	  "\"reg/b\"}}",
	  "x", NULL, "x", "shop", "reg/b", "containerd" },
	{ "{\"annotations\": {\"io.kubernetes.cri.container-type\": \"container\", "
	  "\"io.kubernetes.cri.container-name\": \"shop\", \"io.kubernetes.cri.sandbox-name\": "
	  "\"web-0\"}}",
	  "x", NULL, "x", "shop", NULL, "containerd" },
	{ "{\"annotations\": {\"io.kubernetes.cri.container-type\": \"sandbox\", "
	  "\"io.kubernetes.cri.sandbox-name\": \"web-0\"}}",
	  "x", NULL, "x", "web-0", NULL, "containerd" },
	{ "{\"annotations\": {\"nerdctl/name\": \"n\"}}", "x", NULL, "x", "n", NULL, "containerd" },
	{ "{}", "x", "/run/containerd/io.containerd.runtime.v2.task/moby/x", "x", "x", NULL,
	  "docker" },
	{ "{}", "x", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x", "x", "x", NULL,
	  "containerd" },
	{ "{\"annotations\": {\"io.container.manager\": 7, \"org.opencontainers.image.ref.name\": "
	  "\"reg/c\"}}",
	  "x", NULL, "x", "x", "reg/c", NULL },
};

static void same(const char *seen, const char *wanted)
{
	if (!wanted) {
		assert_null(seen);
		return;
	}
	assert_non_null(seen);
	assert_string_equal(seen, wanted);
}

static void find(const char *config, const char *id, const char *bundle, struct identity *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "config.json", config, strlen(config), &err), 0);
	assert_int_equal(identity_find(doc, id, bundle, ret, &err), 0);
}

static void test_engines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct identity identity = { 0 };

		find(cases[i].config, cases[i].id, cases[i].bundle, &identity);
		same(identity.id, cases[i].wanted_id);
		same(identity.name, cases[i].name);
		same(identity.image, cases[i].image);
		same(identity.engine, cases[i].engine);
		identity_done(&identity);
	}
}

/* Where the bundle lies goes before an annotation, which whoever starts a container may choose. */
static void test_place_first(void **state)
{
	struct identity identity = { 0 };

	find("{\"annotations\": {\"io.container.manager\": \"libpod\", \"nerdctl/name\": \"n\"}}",
	     "x", "/run/containerd/io.containerd.runtime.v2.task/moby/x", &identity);
	same(identity.engine, "docker");
	same(identity.name, "x");
	identity_done(&identity);
	find("{\"annotations\": {\"io.container.manager\": \"cri-o\"}}", "x",
	     "/run/containers/storage/overlay-containers/x/userdata", &identity);
	same(identity.engine, "cri-o");
	identity_done(&identity);
	find("{}", "x", "/srv/my-containers/x", &identity);
	same(identity.engine, NULL);
	identity_done(&identity);
}

static void test_set(void **state)
{
	struct err err = { 0 };
	char *text = NULL;

	assert_int_equal(identity_set(&text, NULL, &err), 0);
	assert_null(text);
	assert_int_equal(identity_set(&text, "a", &err), 0);
	assert_int_equal(identity_set(&text, "", &err), 0);
	same(text, "a");
	assert_int_equal(identity_set(&text, "b", &err), 0);
	same(text, "b");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_place_first),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
