/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/sandbox.c: what is not surely a pod's sandbox is none. That a real one is found is tested
 * with the real containerd, in tests/integration/cri.sh.
 */
#include "hooks/sandbox.h"

#include <limits.h>

#include "tests/unit/place.h"

#define ID      "7241ab738b2d2729fa432db3dc5ef300b993789e71944828dbcdf6f00f0afc9a"
#define SANDBOX "b13ef0b69e1bf63a4e1244a4422126aed511d8f5fc84bbe1576db64a017c64a1"
#define IN_POD(type, id)                                                                           \
	"{\"annotations\": {\"io.kubernetes.cri.container-type\": \"" type                         \
	"\", \"io.kubernetes.cri.sandbox-id\": \"" id "\"}}"

static pid_t find(const struct place *place, const char *config, const char *engine)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct identity identity = { .engine = (char *)(uintptr_t)engine };
	char bundle[PATH_MAX];
	struct err err = { 0 };

	(void)snprintf(bundle, sizeof(bundle), "%s/" ID, place->dir);
	assert_int_equal(doc_parse(&doc, "config.json", config, strlen(config), &err), 0);
	return sandbox_find(doc, &identity, bundle);
}

static void put_pid(const struct place *place, const char *id, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", place->dir, id);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	(void)snprintf(path, sizeof(path), "%s/%s/init.pid", place->dir, id);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_none(void **state)
{
	const struct place *place = *state;
	static const char *const pids[] = { "",        "x",   "0",
					    "1",       "-1",  "99999999999999999999",
					    "4194305", "self" };
	char self[32];

	assert_int_equal(find(place, IN_POD("container", SANDBOX), "containerd"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		put_pid(place, SANDBOX, pids[i]);
		assert_int_equal(find(place, IN_POD("container", SANDBOX), "containerd"), 0);
	}
	/* A process that lives, and is in another control group. */
	(void)snprintf(self, sizeof(self), "%d", getpid());
	put_pid(place, SANDBOX, self);
	assert_int_equal(find(place, IN_POD("container", SANDBOX), "containerd"), 0);
}

/* Of these no file is even looked for. */
static void test_not_asked(void **state)
{
	static const struct {
		const char *config, *engine;
	} rows[] = {
		{ "{}", "containerd" },
		{ IN_POD("sandbox", SANDBOX), "containerd" },
		{ IN_POD("container", ".."), "containerd" },
		{ IN_POD("container", "/"), "containerd" },
		{ IN_POD("container", ""), "containerd" },
		{ IN_POD("container", SANDBOX), NULL },
		{ IN_POD("container", SANDBOX), "docker" },
		{ IN_POD("container", SANDBOX), "cri-o" },
	};
	const struct place *place = *state;
	char self[32];

	(void)snprintf(self, sizeof(self), "%d", getpid());
	put_pid(place, SANDBOX, self);
	put_pid(place, ".", self);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(find(place, rows[i].config, rows[i].engine), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_not_asked, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
