/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/identity.c: what each engine tells of a container's name, and podman's container store.
 */
#include "hooks/identity.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

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

/* ---- podman's store ---- */

struct store {
	char dir[64];
	char bundle[256];
};

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	struct store *store = calloc(1, sizeof(*store));
	char path[256];

	assert_non_null(store);
	memcpy(store->dir, "/var/tmp/coaming-store.XXXXXX",
	       sizeof("/var/tmp/coaming-store.XXXXXX"));
	assert_non_null(mkdtemp(store->dir));
	(void)snprintf(path, sizeof(path), "%s/" ID, store->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(store->bundle, sizeof(store->bundle), "%s/" ID "/userdata", store->dir);
	assert_int_equal(mkdir(store->bundle, 0700), 0);
	*state = store;
	return 0;
}

static int teardown(void **state)
{
	struct store *store = *state;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/containers.json", store->dir);
	(void)remove(path);
	assert_int_equal(rmdir(store->bundle), 0);
	(void)snprintf(path, sizeof(path), "%s/" ID, store->dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(store->dir), 0);
	free(store);
	return 0;
}

static const char podman[] = "{\"annotations\": {\"io.container.manager\": \"libpod\"}}";

/* `wanted` NULL: the store tells nothing, the id stands. */
static void expect(const struct store *store, const char *text, const char *name, const char *image)
{
	struct identity identity = { 0 };

	write_file(store->dir, "containers.json", text);
	find(podman, ID, store->bundle, &identity);
	same(identity.name, name ? name : ID);
	same(identity.image, image);
	identity_done(&identity);
}

static void test_store(void **state)
{
	const struct store *store = *state;

	expect(store,
	       "[{\"id\":\"" OTHER "\",\"names\":[\"no\"],\"metadata\":\"{\\\"id\\\":\\\"" ID
	       "\\\"}\"},{\"id\":\"" ID "\",\"names\":[\"we}b\"],\"x\":{\"y\":\"\\\"}\"},"
	       "\"metadata\":\"{\\\"image-name\\\":\\\"reg/shop:1\\\"}\"},{\"id\":\"e\"}]",
	       "we}b", "reg/shop:1");
	expect(store, "[{\"id\":\"" ID "\"}]", NULL, NULL);
	expect(store, "[{\"id\":\"" ID "\",\"names\":[],\"metadata\":\"no JSON\"}]", NULL, NULL);
	expect(store, "[{\"id\":\"" ID "\",\"names\":[7],\"metadata\":{}}]", NULL, NULL);
	expect(store, "[{\"id\":\"" OTHER "\",\"names\":[\"no\"]}]", NULL, NULL);
	/* Cut off, in each way. */
	expect(store, "[{\"id\":\"" ID "\",\"names\":[\"web\"]", NULL, NULL);
	expect(store, "[{\"id\":\"" ID "\",\"names\":[\"web", NULL, NULL);
	expect(store, "[{\"id\":\"" ID "\",\"names\":[\"web\\", NULL, NULL);
	expect(store, "", NULL, NULL);
}

/* A precreate hook is told no bundle: the config mounts a file from it. */
static void test_store_by_mount(void **state)
{
	const struct store *store = *state;
	struct identity identity = { 0 };
	char config[1024];

	write_file(store->dir, "containers.json", "[{\"id\":\"" ID "\",\"names\":[\"web\"]}]");
	(void)snprintf(config, sizeof(config),
		       "{\"annotations\": {\"io.container.manager\": \"libpod\"}, \"linux\": "
		       "{\"cgroupsPath\": \"/libpod-" ID "\"}, \"mounts\": [{\"source\": \"shm\"}, "
		       "{\"source\": \"/x/" OTHER "/userdata/shm\"}, {\"source\": \"%s/shm\"}]}",
		       store->bundle);
	find(config, NULL, NULL, &identity);
	same(identity.name, "web");
	identity_done(&identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test_setup_teardown(test_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store_by_mount, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
