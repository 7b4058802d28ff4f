/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/bolt.c: databases that podman and containerd have made, damaged ones, large ones, and one
 * that is written to all the time.
 */
#include "hooks/bolt.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "lib/file.h"

#define PODMAN     "tests/fuzz/corpus/bolt/podman.db"
#define CONTAINERD "tests/fuzz/corpus/bolt/containerd.db"
#define PODMAN_ID  "7241ab738b2d2729fa432db3dc5ef300b993789e71944828dbcdf6f00f0afc9a"
#define PAGE       4096

static int open_copy(const char *path, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	int fd = memfd_create("bolt", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, ret_len, &err), 0);
	assert_int_equal(write(fd, text, *ret_len), *ret_len);
	if (ret_text)
		*ret_text = take_ptr(text);
	return fd;
}

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int get(int fd, const char *const path[], char **ret)
{
	struct err err = { 0 };
	size_t len;
	int r = bolt_get(fd, "test.db", path, ret, &len, &err);

	if (r < 0) {
		assert_true(err.text[0]);
		assert_null(*ret);
	} else {
		assert_int_equal(strlen(*ret), len);
	}
	return r;
}

static void test_podman(void **state)
{
	_cleanup_free_ char *config = NULL, *other = NULL;
	size_t len;
	_cleanup_close_ int fd = open_copy(PODMAN, NULL, &len);

	assert_int_equal(get(fd, PATH("ctr", PODMAN_ID, "config"), &config), 0);
	assert_non_null(strstr(config, "\"id\":\"" PODMAN_ID "\""));
	assert_non_null(strstr(config, "\"labels\":{\"n\":\"1\",\"tier\":\"web\"}"));
	assert_int_equal(get(fd, PATH("id-registry", PODMAN_ID), &other), 0);
	assert_string_equal(other, "c1");
	freep(&other);
	other = NULL;
	assert_int_equal(get(fd, PATH("ctr", "0000", "config"), &other), -ENOENT);
	assert_int_equal(get(fd, PATH("nothing", "0000"), &other), -ENOENT);
	assert_int_equal(get(fd, PATH("ctr", PODMAN_ID), &other), -EBADMSG);
	assert_int_equal(get(fd, PATH("ctr", PODMAN_ID, "config", "x"), &other), -EBADMSG);
}

static void test_containerd(void **state)
{
	static const char *const wanted[][2] = {
		{ "io.coaming.profile", "evil" },
		{ "io.containerd.image.config.stop-signal", "SIGTERM" },
		{ "n", "2" },
		{ "tier", "web" },
		{ "vendor", "x" },
	};
	_cleanup_free_ char *image = NULL, *digest = NULL;
	_cleanup_(bolt_items_done) struct bolt_items items = { 0 };
	struct err err = { 0 };
	size_t len;
	_cleanup_close_ int fd = open_copy(CONTAINERD, NULL, &len);

	assert_int_equal(bolt_list(fd, "x", PATH("v1", "default", "containers", "c2", "labels"),
				   &items, &err),
			 0);
	assert_int_equal(items.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < items.n; i++) {
		assert_string_equal(items.v[i].key, wanted[i][0]);
		assert_string_equal(items.v[i].value, wanted[i][1]);
	}
	assert_int_equal(get(fd, PATH("v1", "default", "containers", "c2", "image"), &image), 0);
	assert_int_equal(
		get(fd, PATH("v1", "default", "images", image, "target", "digest"), &digest), 0);
	assert_int_equal(strncmp(digest, "sha256:", 7), 0);
	assert_int_equal(strlen(digest), 7 + 64);
	assert_int_equal(bolt_list(fd, "x", PATH("v1", "default", "containers", "c9", "labels"),
				   &items, &err),
			 -ENOENT);
}

/* ---- damage ---- */

static void test_cut_short(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t len, found = 0;
	_cleanup_close_ int fd = open_copy(PODMAN, &text, &len);

	for (size_t at = len; at > 0; at -= at > 512 ? 512 : at) {
		_cleanup_free_ char *config = NULL;

		assert_int_equal(ftruncate(fd, (off_t)at), 0);
		found += get(fd, PATH("ctr", PODMAN_ID, "config"), &config) == 0;
	}
	assert_in_range(found, 1, len / 512 - 1);
}

/* The meta page that was torn is passed over; with both of them nothing is believed. */
static void test_torn_meta(void **state)
{
	_cleanup_free_ char *first = NULL, *second = NULL, *none = NULL;
	char zero[64] = "torn";
	size_t len;
	_cleanup_close_ int fd = open_copy(PODMAN, NULL, &len);
	_cleanup_close_ int other = open_copy(PODMAN, NULL, &len);

	assert_int_equal(pwrite(fd, zero, sizeof(zero), 16), sizeof(zero));
	assert_int_equal(pwrite(other, zero, sizeof(zero), PAGE + 16), sizeof(zero));
	assert_int_equal(get(fd, PATH("ctr", PODMAN_ID, "config"), &first), 0);
	assert_int_equal(get(other, PATH("ctr", PODMAN_ID, "config"), &second), 0);
	assert_string_equal(first, second);
	assert_int_equal(pwrite(fd, zero, sizeof(zero), PAGE + 16), sizeof(zero));
	assert_int_equal(get(fd, PATH("ctr", PODMAN_ID, "config"), &none), -EBADMSG);
}

static void test_no_database(void **state)
{
	_cleanup_free_ char *none = NULL;
	_cleanup_close_ int fd = memfd_create("empty", MFD_CLOEXEC);

	assert_int_equal(get(fd, PATH("ctr"), &none), -EBADMSG);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(get(fd, PATH("ctr"), &none), -EBADMSG);
}

/* ---- databases of our own making, as bbolt lays them out ---- */

struct page {
	uint64_t id;
	uint16_t flags, count;
	uint32_t overflow;
	unsigned char data[PAGE - 16];
};
static_assert(sizeof(struct page) == PAGE, "a page");

static uint64_t fnv1a(const unsigned char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (n-- > 0)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}

static void put_page(int fd, const struct page *page)
{
	assert_int_equal(pwrite(fd, page, PAGE, (off_t)(page->id * PAGE)), PAGE);
}

static void put_meta(int fd, uint64_t transaction, uint64_t root, uint64_t pages)
{
	struct page page = { .id = transaction & 1, .flags = 4 };
	struct {
		uint32_t magic, version, page_size, flags;
		uint64_t root, sequence, freelist, pages, transaction, checksum;
	} meta = { 0xED0CDAED, 2, PAGE, 0, root, 0, 2, pages, transaction, 0 };

	meta.checksum = fnv1a((unsigned char *)&meta, offsetof(typeof(meta), checksum));
	memcpy(page.data, &meta, sizeof(meta));
	put_page(fd, &page);
}

/* Add one element to a page that holds `most` of them. */
static void put_item(struct page *page, size_t most, uint32_t flags, const char *key,
		     const void *value, size_t value_len, uint64_t child)
{
	size_t at = page->count * 16U, end = most * 16;
	uint32_t leaf[4] = { flags, 0, (uint32_t)strlen(key), (uint32_t)value_len };
	struct {
		uint32_t pos, key_size;
		uint64_t child;
	} branch = { 0, leaf[2], child };

	for (size_t i = 0; i < page->count; i++) {
		uint32_t old[4];

		memcpy(old, page->data + i * 16, sizeof(old));
		end += page->flags == 1 ? old[1] : (size_t)old[2] + old[3];
	}
	leaf[1] = branch.pos = (uint32_t)(end - at);
	memcpy(page->data + at, page->flags == 1 ? (void *)&branch : leaf, 16);
	memcpy(page->data + end, key, strlen(key));
	if (value_len > 0)
		memcpy(page->data + end + strlen(key), value, value_len);
	page->count++;
}

#define KEYS     100000
#define PER_PAGE 100

static void key_of(size_t i, char out[16])
{
	(void)snprintf(out, 16, "c%06zu", i);
}

/* A bucket "ctr" of 100,000 keys: a branch of branches of leaves. */
static int make_large(void)
{
	int fd = memfd_create("large", MFD_CLOEXEC);
	uint64_t next = 4, leaves = KEYS / PER_PAGE, middles = leaves / PER_PAGE;
	struct page top = { .id = 3, .flags = 2 };
	struct page branch = { .id = next++, .flags = 1 };
	uint64_t bucket[2] = { branch.id, 0 };
	char key[16];

	put_item(&top, 1, 1, "ctr", bucket, sizeof(bucket), 0);
	put_page(fd, &top);
	for (size_t m = 0; m < middles; m++) {
		struct page middle = { .id = next++, .flags = 1 };

		key_of(m * PER_PAGE * PER_PAGE, key);
		put_item(&branch, middles, 0, key, NULL, 0, middle.id);
		for (size_t l = 0; l < PER_PAGE; l++) {
			struct page leaf = { .id = next++, .flags = 2 };

			key_of((m * PER_PAGE + l) * PER_PAGE, key);
			put_item(&middle, PER_PAGE, 0, key, NULL, 0, leaf.id);
			for (size_t i = 0; i < PER_PAGE; i++) {
				key_of((m * PER_PAGE + l) * PER_PAGE + i, key);
				put_item(&leaf, PER_PAGE, 0, key, key + 1, 6, 0);
			}
			put_page(fd, &leaf);
		}
		put_page(fd, &middle);
	}
	put_page(fd, &branch);
	put_meta(fd, 6, 3, next);
	put_meta(fd, 7, 3, next);
	return fd;
}

/* F58: what is looked for is found, and no page is read that does not lead there. */
static void test_large(void **state)
{
	_cleanup_close_ int fd = make_large();
	_cleanup_free_ char *value = NULL;
	const struct page zero = { 0 };
	size_t pages = 0;
	char key[16];

	for (size_t i = 0; i < KEYS; i += 997) {
		key_of(i, key);
		assert_int_equal(get(fd, PATH("ctr", key), &value), 0);
		assert_string_equal(value, key + 1);
		freep(&value);
		value = NULL;
	}
	assert_int_equal(get(fd, PATH("ctr", "c"), &value), -ENOENT);
	assert_int_equal(get(fd, PATH("ctr", "c0000005"), &value), -ENOENT);
	assert_int_equal(get(fd, PATH("ctr", "d"), &value), -ENOENT);
	for (size_t id = 4; id < 4 + 1 + KEYS / PER_PAGE + KEYS / PER_PAGE / PER_PAGE; id++) {
		struct page page;

		assert_int_equal(pread(fd, &page, PAGE, (off_t)(id * PAGE)), PAGE);
		assert_int_equal(pwrite(fd, &zero, PAGE, (off_t)(id * PAGE)), PAGE);
		key_of(54321, key);
		if (get(fd, PATH("ctr", key), &value) == 0) {
			freep(&value);
			value = NULL;
			continue;
		}
		pages++;
		put_page(fd, &page);
	}
	assert_int_equal(pages, 3); /* a branch, a branch, a leaf */
}

/* Pages that lead back to themselves, to each other, and out of the file. */
static void test_circles(void **state)
{
	_cleanup_close_ int fd = memfd_create("circle", MFD_CLOEXEC);
	_cleanup_free_ char *value = NULL;
	struct page self = { .id = 3, .flags = 1 };
	struct bolt_items items = { 0 };
	struct err err = { 0 };

	put_item(&self, 2, 0, "a", NULL, 0, 3);
	put_item(&self, 2, 0, "b", NULL, 0, 3);
	put_page(fd, &self);
	put_meta(fd, 6, 3, 4);
	put_meta(fd, 7, 3, 4);
	assert_int_equal(get(fd, PATH("a"), &value), -EBADMSG);
	assert_int_equal(bolt_list(fd, "x", (const char *const[]){ NULL }, &items, &err), -EBADMSG);
	assert_int_equal(items.n, 0);
	put_meta(fd, 9, UINT64_MAX / PAGE, UINT64_MAX);
	assert_int_equal(get(fd, PATH("a"), &value), -EBADMSG);
}

/* ---- while another writes ---- */

/* Each transaction fills a page with its own digit: the one that the last but one used. */
static _Noreturn void write_for_ever(int fd)
{
	for (uint64_t transaction = 8;; transaction++) {
		struct page leaf = { .id = 3 + transaction % 2, .flags = 2 };
		char value[2000];

		memset(value, '0' + (char)(transaction % 10), sizeof(value));
		put_item(&leaf, 1, 0, "k", value, sizeof(value), 0);
		put_page(fd, &leaf);
		put_meta(fd, transaction, leaf.id, 5);
	}
}

static void test_overtaken(void **state)
{
	_cleanup_close_ int fd = memfd_create("busy", MFD_CLOEXEC);
	struct page leaf = { .id = 3, .flags = 2 };
	size_t seen = 0;
	pid_t pid;

	put_item(&leaf, 1, 0, "k", "00", 2, 0);
	put_page(fd, &leaf);
	put_meta(fd, 6, 3, 5);
	put_meta(fd, 7, 3, 5);
	assert_int_equal(ftruncate(fd, 5 * PAGE), 0);
	pid = fork();
	if (pid == 0)
		write_for_ever(fd);
	for (size_t i = 0; i < 200; i++) {
		_cleanup_free_ char *value = NULL;
		int r = get(fd, PATH("k"), &value);

		if (r == -EBUSY)
			continue;
		assert_int_equal(r, 0);
		assert_int_equal(strspn(value, (char[]){ value[0], '\0' }), strlen(value));
		seen++;
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_in_range(seen, 1, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_podman),      cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_cut_short),   cmocka_unit_test(test_torn_meta),
		cmocka_unit_test(test_no_database), cmocka_unit_test(test_large),
		cmocka_unit_test(test_circles),     cmocka_unit_test(test_overtaken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
