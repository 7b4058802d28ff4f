/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/file.c, lib/err.c and lib/buf.c on real files.
 */
#include "lib/file.h"
#include "lib/buf.h"
#include "lib/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

struct place {
	char dir[64];
	int fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memcpy(p->dir, "/var/tmp/coaming-file.XXXXXX", sizeof("/var/tmp/coaming-file.XXXXXX"));
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

static void remove_tree(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int teardown(void **state)
{
	struct place *p = *state;

	close(p->fd);
	remove_tree(p->dir);
	free(p);
	return 0;
}

static void put(struct place *p, const char *name, const char *text, mode_t mode)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void path_of(struct place *p, const char *name, char out[256])
{
	(void)snprintf(out, 256, "%.63s/%.100s", p->dir, name);
}

static void test_read(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t len = 0;

	put(p, "f", "hello", 0644);
	assert_int_equal(file_read(p->fd, "f", 5, &text, &len, &err), 0);
	assert_int_equal(len, 5);
	assert_string_equal(text, "hello");
}

static void test_read_refuses(void **state)
{
	struct place *p = *state;
	char *text = NULL;
	size_t len = 0;
	static const struct {
		const char *name;
		int r;
		const char *text;
	} cases[] = {
		{ "link", -ELOOP, "\"link\" is a symbolic link, which is not followed here" },
		{ "fifo", -EINVAL, "\"fifo\" is not a regular file" },
		{ "dir", -EINVAL, "\"dir\" is not a regular file" },
		{ "none", -ENOENT, "cannot open \"none\": No such file or directory" },
		{ "long", -E2BIG, "\"long\" is longer than 4 bytes" },
	};

	put(p, "long", "12345", 0644);
	assert_int_equal(symlinkat("long", p->fd, "link"), 0);
	assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(file_read(p->fd, cases[i].name, 4, &text, &len, &err), cases[i].r);
		assert_string_equal(err.text, cases[i].text);
		assert_null(text);
	}
}

static void test_trust(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	char path[256];
	size_t len;

	put(p, "good", "1", 0644);
	path_of(p, "good", path);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), 0);

	put(p, "wide", "1", 0666);
	path_of(p, "wide", path);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -EPERM);
	assert_non_null(strstr(err.text, "may be written by others (mode 0666)"));

	/* The directory that holds the file counts as the file does. */
	err_clear(&err);
	assert_int_equal(chmod(p->dir, 0777), 0);
	path_of(p, "good", path);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -EPERM);
	assert_int_equal(chmod(p->dir, 01777), 0);
	err_clear(&err);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -EPERM);
	assert_int_equal(chmod(p->dir, 0755), 0);

	if (geteuid() == 0) {
		err_clear(&err);
		assert_int_equal(fchownat(p->fd, "good", 12345, (gid_t)-1, 0), 0);
		assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -EPERM);
		assert_non_null(strstr(err.text, "is owned by uid 12345"));
	}
}

static void test_trust_of_links_above(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	char path[256];
	size_t len;

	assert_int_equal(mkdirat(p->fd, "real", 0755), 0);
	assert_int_equal(symlinkat("real", p->fd, "alias"), 0);
	put(p, "real/f", "1", 0644);
	path_of(p, "alias/f", path);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -ENOTDIR);
	path_of(p, "real/../real/f", path);
	err_clear(&err);
	assert_int_equal(file_read_trusted(path, 10, &text, &len, &err), -EINVAL);
}

static void test_write_atomic(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	struct stat st;
	size_t len;

	put(p, "f", "old", 0644);
	assert_int_equal(
		file_write_atomic(p->fd, "f", "new!", 4, 0640, (uid_t)-1, (gid_t)-1, true, &err),
		0);
	assert_int_equal(file_read(p->fd, "f", 10, &text, &len, &err), 0);
	assert_string_equal(text, "new!");
	assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_dir_make(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };
	struct stat st;
	char path[256];
	int fd = -1;

	path_of(p, "a/b/c", path);
	assert_int_equal(dir_make_open(path, 0700, &fd, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(fd);
	assert_int_equal(dir_make_open(path, 0700, &fd, &err), 0);
	close(fd);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(dir_make_open(path, 0700, &fd, &err), -EPERM);
}

static void test_error_text(void **state)
{
	struct err err = { 0 };

	assert_int_equal(err_input(&err, EBADMSG, "unknown key %s", Q("a\"\n\x1b[31m\xc3")),
			 -EBADMSG);
	assert_int_equal(err_system(&err, EIO, "later"), -EIO);
	err_context(&err, "profile %s", "web");
	assert_string_equal(err.text, "profile web: unknown key \"a\\\"\\n\\x1b[31m\\xc3\"");
	assert_int_equal(err.class, ERR_INPUT);
}

static void test_quote_is_bounded(void **state)
{
	char big[4096], out[QUOTE_MAX];

	for (int c = 0; c < 256; c++) {
		memset(big, c, sizeof(big));
		quote(out, big, sizeof(big));
		assert_true(strlen(out) < QUOTE_MAX);
		assert_string_equal(out + strlen(out) - 4, "...\"");
		for (const char *s = out; *s; s++)
			assert_true(*s >= 0x20 && *s < 0x7f);
	}
}

static void test_sha256(void **state)
{
	char hex[SHA256_HEX];

	/* FIPS 180-4's example */
	sha256_hex1(hex, "abc", 3);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust_of_links_above, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_atomic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_make, setup, teardown),
		cmocka_unit_test(test_error_text),
		cmocka_unit_test(test_quote_is_bounded),
		cmocka_unit_test(test_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
