/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bbolt database, read as podman's and as containerd's. The corpus holds one of each, made by
 * podman 4.3.1 and containerd 1.6.20: what is asked for is in them.
 */
#include "hooks/bolt.h"

#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

#define PODMAN_ID "7241ab738b2d2729fa432db3dc5ef300b993789e71944828dbcdf6f00f0afc9a"

static const char *const values[][7] = {
	{ "ctr", PODMAN_ID, "config", NULL },
	{ "runtime-config", "graph-root", NULL },
	{ "v1", "default", "containers", "c1", "image", NULL },
	{ "v1", "default", "images", "docker.io/library/labelled:1", "target", "digest", NULL },
};

static const char *const buckets[][6] = {
	{ "id-registry", NULL },
	{ "v1", "default", "containers", "c1", "labels", NULL },
};

static void get(int fd, const char *const path[])
{
	_cleanup_free_ char *value = NULL;
	struct err err = { 0 };
	size_t len = 0;
	int r = bolt_get(fd, "fuzz.db", path, &value, &len, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!value);
		return;
	}
	must(value[len] == '\0');
}

static void list(int fd, const char *const path[])
{
	struct bolt_items items = { 0 };
	struct err err = { 0 };
	int r = bolt_list(fd, "fuzz.db", path, &items, &err);

	if (r < 0) {
		must_tell(r, &err);
		must(!items.v && items.n == 0);
		return;
	}
	must(items.n <= BOLT_ITEMS_MAX);
	for (size_t i = 0; i < items.n; i++) {
		must(items.v[i].key[items.v[i].key_len] == '\0');
		must(items.v[i].value[items.v[i].value_len] == '\0');
	}
	bolt_items_done(&items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		get(fd, values[i]);
	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++)
		list(fd, buckets[i]);
	return 0;
}
