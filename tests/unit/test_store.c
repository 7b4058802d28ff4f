/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/store.c and profiles/match_index.c on real directories: which file counts, which is not
 * trusted, and an index that is never believed where it could be wrong.
 *
 * Source: coaming.json(5), profileDirs
 */
#include "profiles/match_index.h"

#include <sys/wait.h>

#include "tests/unit/shop.h"

/* ---- asking, each time as a new process would ---- */

static int get(const struct place *p, const char *name, char description[64], struct err *err)
{
	_cleanup_host_ struct host *host = shop_host(p, "");
	_cleanup_store_ struct store *store = NULL;
	const struct profile *profile;
	int r;

	r = store_open(host, &store, err);
	if (r == 0)
		r = store_get(store, name, &profile, err);
	if (r == 0)
		(void)snprintf(description, 64, "%s",
			       profile->description ? profile->description : "");
	return r;
}

static int match_image(const struct place *p, const char *labels_text, const char *image,
		       char names[1024], struct err *err)
{
	_cleanup_host_ struct host *host = shop_host(p, "");
	_cleanup_store_ struct store *store = NULL;
	struct labels labels = { 0 };
	char **found = NULL;
	size_t n = 0;
	int r;

	shop_labels(&labels, labels_text);
	r = store_open(host, &store, err);
	if (r == 0)
		r = store_match(store, &(struct metadata){ &labels, image }, &found, &n, err);
	if (r == 0)
		shop_join(names, found, n);
	strv_free(&found, &n);
	labels_done(&labels);
	return r;
}

static int match(const struct place *p, const char *labels, char names[1024], struct err *err)
{
	return match_image(p, labels, NULL, names, err);
}

static void matches(const struct place *p, const char *labels, const char *expected)
{
	struct err err = { 0 };
	char names[1024];

	if (match(p, labels, names, &err) < 0)
		fail_msg("%s: %s", labels, err.text);
	if (!streq(names, expected))
		fail_msg("%s: matches \"%s\" and not \"%s\"", labels, names, expected);
}

/* By name and by labels alike: a file that is there is never passed over. */
static void refused(const struct place *p, const char *name, int errnum, const char *part)
{
	struct err err = { 0 };
	char out[1024];

	assert_int_equal(get(p, name, out, &err), -errnum);
	if (!strstr(err.text, part) || !strstr(err.text, p->dir))
		fail_msg("%s: said %s", name, err.text);
	assert_int_equal(err.class, ERR_INPUT);
	err_clear(&err);
	assert_int_equal(match(p, "any=1", out, &err), -errnum);
	if (!strstr(err.text, part))
		fail_msg("%s by labels: said %s", name, err.text);
}

/* ---- names and directories ---- */

static void test_override(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };
	char out[64];

	shop_profile(p, "lo", "web", ", \"description\": \"low\"");
	shop_profile(p, "lo", "db", ", \"description\": \"only low\"");
	assert_int_equal(get(p, "web", out, &err), 0);
	assert_string_equal(out, "low");
	shop_profile(p, "hi", "web", ", \"description\": \"high\"");
	assert_int_equal(get(p, "web", out, &err), 0);
	assert_string_equal(out, "high");
	assert_int_equal(get(p, "db", out, &err), 0);
	assert_string_equal(out, "only low");
	assert_int_equal(unlink(shop_path(p, "hi/web.json")), 0);
	assert_int_equal(get(p, "web", out, &err), 0);
	assert_string_equal(out, "low");
	assert_int_equal(get(p, "none", out, &err), -ENOENT);
	assert_int_equal(err.class, ERR_NONE);
}

/* An override takes the selector too: one without `match` ends the matching. */
static void test_override_of_match(void **state)
{
	const struct place *p = *state;

	shop_profile(p, "lo", "web", MATCH("a", "1"));
	matches(p, "a=1", "web");
	shop_profile(p, "hi", "web", "");
	matches(p, "a=1", "");
	shop_profile(p, "hi", "web", MATCH("a", "2"));
	matches(p, "a=1", "");
	matches(p, "a=2", "web");
	assert_int_equal(unlink(shop_path(p, "hi/web.json")), 0);
	matches(p, "a=1", "web");
}

static void test_names(void **state)
{
	const struct place *p = *state;
	_cleanup_host_ struct host *host = shop_host(p, "");
	_cleanup_store_ struct store *store = NULL;
	struct err err = { 0 };
	char **names = NULL, out[1024];
	size_t n = 0;

	shop_profile(p, "lo", "b", "");
	shop_profile(p, "hi", "c", "");
	shop_profile(p, "lo", "c", "");
	shop_profile(p, "hi", "a-1", "");
	/* No profiles: documentation, an editor's leavings, the directory of seccomp files. */
	shop_put(p, "hi/README", "Text");
	shop_put(p, "hi/.b.json", "{");
	shop_put(p, "hi/a-1.json~", "{");
	shop_put(p, "hi/a-1.JSON", "{");
	assert_int_equal(mkdir(shop_path(p, "hi/seccomp"), 0755), 0);
	assert_int_equal(store_open(host, &store, &err), 0);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(store_names(store, &names, &n, &err), 0);
		shop_join(out, names, n);
		assert_string_equal(out, "a-1 b c");
		strv_free(&names, &n);
	}
}

/* A profile that no name can reach would never apply, and nobody would notice. */
static void test_bad_file_names(void **state)
{
	static const char *const files[] = {
		"Web.json",
		"we b.json",
		"-web.json",
		"web-.json",
		"web.x.json",
		"w\xc3\xa9.json",
		"a\nb.json",
		"_.json",
		"0123456789012345678901234567890123456789012345678901234567890123.json", /* 64 */
	};
	const struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct err err = { 0 };
		char path[256], out[1024];

		(void)snprintf(path, sizeof(path), "lo/%s", files[i]);
		shop_put(p, path, "{}");
		if (match(p, "a=1", out, &err) != -EINVAL)
			fail_msg("%s is passed over", files[i]);
		assert_non_null(strstr(err.text, "no profile name"));
		assert_null(strchr(err.text, '\n'));
		assert_int_equal(unlink(shop_path(p, path)), 0);
	}
}

/* What is no name is never made a path. */
static void test_hostile_names(void **state)
{
	static const char *const names[] = {
		"",
		"../lo/web",
		"../web",
		"./web",
		"/etc/passwd",
		"web.json",
		"web/",
		"sub/web",
		".",
		"..",
		"web\n",
		"WEB",
		"web%00",
		"-web",
		"we b",
		"seccomp/web",
		"\xff",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	const struct place *p = *state;

	assert_int_equal(mkdir(shop_path(p, "hi/sub"), 0755), 0);
	shop_profile(p, "lo", "web", "");
	shop_profile(p, "hi/sub", "web", "");
	shop_put(p, "web.json", "{\"name\": \"web\"}");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err err = { 0 };
		char out[64];

		assert_int_equal(get(p, names[i], out, &err), -ENOENT);
		assert_int_equal(err.class, ERR_NONE);
	}
}

/* ---- trust ---- */

/* In every case a good one of the same name lies in the lower directory: it must not step in. */
static void test_untrusted_file(void **state)
{
	const struct place *p = *state;
	char web[128], other[128];

	shop_profile(p, "lo", "web", "");
	(void)snprintf(web, sizeof(web), "%s/hi/web.json", p->dir);
	(void)snprintf(other, sizeof(other), "%s/other", p->dir);
	shop_profile(p, "hi", "web", "");
	assert_int_equal(chmod(web, 0664), 0);
	refused(p, "web", EPERM, "may be written by others (mode 0664)");
	assert_int_equal(chmod(web, 0646), 0);
	refused(p, "web", EPERM, "may be written by others (mode 0646)");
	shop_put(p, "hi/web.json", "");
	refused(p, "web", EBADMSG, "/hi/web.json:1:1: the text ends where a value is expected");
	shop_put(p, "hi/web.json", "{\"name\": \"db\"}");
	refused(p, "web", EBADMSG, "must be in a file of its name: db.json");
	assert_int_equal(unlink(web), 0);
	shop_put(p, "other", "{\"name\": \"web\"}");
	assert_int_equal(symlink(other, web), 0);
	refused(p, "web", ELOOP, "is a symbolic link");
	assert_int_equal(unlink(other), 0);
	refused(p, "web", ELOOP, "is a symbolic link");
	assert_int_equal(unlink(web), 0);
	assert_int_equal(mkfifo(web, 0644), 0);
	refused(p, "web", EINVAL, "is not a regular file");
	assert_int_equal(unlink(web), 0);
	assert_int_equal(mkdir(web, 0755), 0);
	refused(p, "web", EINVAL, "is not a regular file");
}

/* Another user's file, also by a second name of it. One's own second name is as good as the first:
 * owner and mode are the file's and not the name's. */
static void test_hard_link(void **state)
{
	const struct place *p = *state;
	char web[128], other[128], out[64];
	struct err err = { 0 };

	(void)snprintf(web, sizeof(web), "%s/hi/web.json", p->dir);
	(void)snprintf(other, sizeof(other), "%s/other", p->dir);
	shop_put(p, "other", "{\"name\": \"web\", \"description\": \"linked\"}");
	assert_int_equal(link(other, web), 0);
	assert_int_equal(get(p, "web", out, &err), 0);
	assert_string_equal(out, "linked");
	assert_int_equal(chmod(other, 0666), 0);
	refused(p, "web", EPERM, "may be written by others (mode 0666)");
	assert_int_equal(chmod(other, 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(other, 4321, 4321), 0);
		refused(p, "web", EPERM, "is owned by uid 4321");
	}
}

static void directory_refused(const struct place *p, const char *part)
{
	struct err err = { 0 };
	char out[64];

	assert_true(get(p, "web", out, &err) < 0);
	assert_int_equal(strncmp(err.text, "profile directory: ", 19), 0);
	if (!strstr(err.text, part) || !strstr(err.text, "/hi\""))
		fail_msg("said %s", err.text);
}

static void test_untrusted_directory(void **state)
{
	const struct place *p = *state;
	char hi[128], out[64];
	struct err err = { 0 };

	(void)snprintf(hi, sizeof(hi), "%s/hi", p->dir);
	shop_profile(p, "lo", "web", "");
	assert_int_equal(chmod(hi, 0775), 0);
	directory_refused(p, "may be written by others (mode 0775)");
	assert_int_equal(chmod(hi, 01777), 0); /* sticky does not keep others from adding one */
	directory_refused(p, "may be written by others (mode 1777)");
	assert_int_equal(chmod(hi, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(hi, 4321, 0), 0);
		directory_refused(p, "is owned by uid 4321");
	}
	assert_int_equal(rmdir(hi), 0);
	assert_int_equal(get(p, "web", out, &err), 0); /* not there: holds nothing */
	assert_int_equal(symlink("lo", hi), 0);
	directory_refused(p, "is a symbolic link or no directory");
	assert_int_equal(unlink(hi), 0);
	shop_put(p, "hi", "");
	directory_refused(p, "is a symbolic link or no directory");
}

/* ---- the index ---- */

/* Changes one upon the other, faster than the clock of the files ticks. */
static void test_changes(void **state)
{
	const struct place *p = *state;

	for (int i = 0; i < 50; i++) {
		shop_profile(p, "lo", "web", MATCH("a", "1"));
		matches(p, "a=1", "web");
		matches(p, "a=2", "");
		shop_profile(p, "lo", "web", MATCH("a", "2")); /* as long as before */
		matches(p, "a=1", "");
		matches(p, "a=2", "web");
		shop_profile(p, "lo", "db", MATCH("a", "2"));
		matches(p, "a=2", "db web");
		shop_profile(p, "hi", "db", MATCH_UNLESS("b"));
		matches(p, "a=2", "db web");
		matches(p, "b=1", "");
		matches(p, "", "db");
		assert_int_equal(unlink(shop_path(p, "hi/db.json")), 0);
		assert_int_equal(unlink(shop_path(p, "lo/web.json")), 0);
		matches(p, "a=2", "db");
		matches(p, "", "");
		assert_int_equal(unlink(shop_path(p, "lo/db.json")), 0);
		matches(p, "a=2", "");
	}
}

/* A directory that comes and goes. */
static void test_directory_appears(void **state)
{
	const struct place *p = *state;

	shop_profile(p, "lo", "web", MATCH("a", "1"));
	matches(p, "a=1", "web");
	assert_int_equal(mkdir(shop_path(p, "none"), 0755), 0);
	shop_profile(p, "none", "db", MATCH("a", "1"));
	matches(p, "a=1", "db web");
	assert_int_equal(unlink(shop_path(p, "none/db.json")), 0);
	assert_int_equal(rmdir(shop_path(p, "none")), 0);
	matches(p, "a=1", "web");
}

/* Where there are more than are stamped, what appears and goes is still seen at once. */
static void test_many(void **state)
{
	const struct place *p = *state;
	char name[32];

	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		shop_profile(p, "lo", name, i % 100 == 7 ? MATCH("a", "1") : MATCH("a", "2"));
	}
	matches(p, "a=1", "p107 p207 p7");
	shop_profile(p, "lo", "one-more", MATCH("a", "1"));
	matches(p, "a=1", "one-more p107 p207 p7");
	assert_int_equal(unlink(shop_path(p, "lo/p107.json")), 0);
	matches(p, "a=1", "one-more p207 p7");
	shop_profile(p, "hi", "p7", "");
	matches(p, "a=1", "one-more p207");
}

/* An index entry of each kind: a key with a value, a key alone, no key at all. */
static void test_kinds_of_selectors(void **state)
{
	const struct place *p = *state;

	shop_profile(p, "lo", "some", MATCH("a", "1"));
	shop_profile(p, "lo", "any",
		     ", \"match\": {\"labelSelector\": {\"matchExpressions\": "
		     "[{\"key\": \"a\", \"operator\": \"Exists\"}]}}");
	shop_profile(p, "lo", "unless", MATCH_UNLESS("a"));
	shop_profile(p, "lo", "two",
		     ", \"match\": {\"labelSelector\": {\"matchExpressions\": "
		     "[{\"key\": \"a\", \"operator\": \"In\", \"values\": [\"2\", \"3\"]}]}}");
	for (int twice = 0; twice < 2; twice++) {
		matches(p, "a=1", "any some");
		matches(p, "a=2", "any two");
		matches(p, "a=3 b=1", "any two");
		matches(p, "a=", "any");
		matches(p, "b=1", "unless");
		matches(p, "", "unless");
	}
}

static void matches_image(const struct place *p, const char *image, const char *expected)
{
	struct err err = { 0 };
	char names[1024];

	/* Built, and read. */
	for (int twice = 0; twice < 2; twice++) {
		if (match_image(p, "a=1", image, names, &err) < 0)
			fail_msg("%s: %s", image, err.text);
		if (!streq(names, expected))
			fail_msg("%s: matches \"%s\" and not \"%s\"", image, names, expected);
	}
}

#define IMAGES(list) ", \"match\": {\"image\": [" list "]}"

static void test_images(void **state)
{
	const struct place *p = *state;

	shop_profile(p, "lo", "nginx", IMAGES("\"nginx\""));
	shop_profile(p, "lo", "one-tag", IMAGES("\"docker.io/library/nginx:1.2*\""));
	shop_profile(p, "lo", "two", IMAGES("\"quay.io/a/b\", \"nginx@sha256:*\""));
	shop_profile(p, "lo", "wild", IMAGES("\"quay.io/a/b\", \"*/nginx\""));
	shop_profile(p, "lo", "port", IMAGES("\"localhost:5000/web\""));
	shop_profile(p, "lo", "label",
		     ", \"match\": {\"image\": [\"redis\"], \"labelSelector\": "
		     "{\"matchLabels\": {\"a\": \"1\"}}}");
	shop_profile(p, "lo", "no-label",
		     ", \"match\": {\"image\": [\"redis\"], \"labelSelector\": "
		     "{\"matchExpressions\": [{\"key\": \"b\", \"operator\": \"DoesNotExist\"}]}}");
	(void)usleep(50000);
	matches_image(p, "nginx", "nginx wild");
	matches_image(p, "docker.io/library/nginx:1.27", "nginx one-tag wild");
	matches_image(p, "nginx@sha256:0123", "nginx two wild");
	matches_image(p, "quay.io/a/b:9", "two wild");
	matches_image(p, "quay.io/x/nginx", "wild");
	matches_image(p, "localhost:5000/web:2", "port");
	matches_image(p, "redis:7", "label no-label");
	matches_image(p, "", "");
	matches_image(p, NULL, "");
}

/* What is proposed, and so read: the one that is meant, and what may be meant always. */
static void test_images_proposed(void **state)
{
	static char *literal[] = { (char *)"nginx", (char *)"quay.io/a/b:1" };
	static char *wild[] = { (char *)"quay.io/a/b", (char *)"quay.io/*/c" };
	const struct match of_literal = { .present = true, .images = literal, .n_images = 2 };
	const struct match of_wild = { .present = true, .images = wild, .n_images = 2 };
	_cleanup_(match_index_free) struct match_index *index = NULL;
	const struct match_stamp stamp = { .digest = "" };
	struct labels labels = { 0 };
	struct err err = { 0 };
	static const struct {
		const char *image, *names;
	} rows[] = { { "docker.io/library/nginx:9", "literal wild" },
		     { "quay.io/a/b:2", "literal wild" },
		     { "quay.io/a/c", "wild" },
		     { NULL, "wild" } };

	assert_int_equal(match_index_new(&stamp, &index, &err), 0);
	assert_int_equal(match_index_add(index, "literal", &of_literal, &err), 0);
	assert_int_equal(match_index_add(index, "wild", &of_wild, &err), 0);
	assert_int_equal(match_index_finish(index, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct metadata metadata = { &labels, rows[i].image };
		char **names = NULL;
		char joined[1024];
		size_t n = 0;

		assert_int_equal(match_index_candidates(index, &metadata, &names, &n, &err), 0);
		shop_join(joined, names, n);
		assert_string_equal(joined, rows[i].names);
		strv_free(&names, &n);
	}
}

static const char index_name[] = "state/profiles.index";

static size_t index_read(const struct place *p, char **ret)
{
	struct err err = { 0 };
	size_t len;

	if (file_read(AT_FDCWD, shop_path(p, index_name), FILE_MAX_BYTES, ret, &len, &err) < 0)
		fail_msg("%s", err.text);
	return len;
}

static void index_write(const struct place *p, const char *text, size_t len, mode_t mode)
{
	int fd;

	(void)unlink(shop_path(p, index_name));
	fd = open(shop_path(p, index_name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* An index that has settled: made well after the last change. */
static char *settled(const struct place *p, size_t *ret_len)
{
	char *text = NULL;

	shop_profile(p, "lo", "web", MATCH("a", "1"));
	shop_profile(p, "lo", "db", MATCH("b", "1"));
	shop_profile(p, "lo", "all", MATCH_UNLESS("c"));
	(void)usleep(50000);
	matches(p, "a=1", "all web");
	*ret_len = index_read(p, &text);
	assert_true(*ret_len > 100);
	return text;
}

/* The inode of a file that nobody had to write again stays. */
static ino_t inode(const struct place *p)
{
	struct stat st;

	assert_int_equal(stat(shop_path(p, index_name), &st), 0);
	return st.st_ino;
}

static void test_index_used(void **state)
{
	const struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;
	ino_t before;

	text = settled(p, &len);
	before = inode(p);
	matches(p, "a=1", "all web");
	matches(p, "b=1", "all db");
	assert_int_equal(inode(p), before);
	assert_int_equal(stat(shop_path(p, index_name), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(shop_path(p, "state"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

/* Whatever byte is damaged, the answer is right. */
static void test_index_damaged(void **state)
{
	const struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	size_t len;

	text = settled(p, &len);
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)(text[i] ^ (1 << (i % 8)));
		index_write(p, text, len, 0600);
		matches(p, "a=1", "all web");
		text[i] = (char)(text[i] ^ (1 << (i % 8)));
	}
	for (size_t i = 0; i < len; i++) {
		index_write(p, text, i, 0600);
		matches(p, "a=1", "all web");
	}
	index_write(p, text, len, 0600);
	matches(p, "a=1", "all web");
}

/* An index that lies, and proves it: it has every right stamp and sum, but not the profile web. */
static char *lying(const struct place *p, size_t *ret_len)
{
	static const size_t entries =
		128; /* sorted by hash; the one that is always proposed first */
	char *text = settled(p, ret_len);

	for (size_t i = entries + 16; i < entries + 48; i += 16)
		text[i] = (char)(text[i] ^ 1);
	index_write(p, text, *ret_len, 0600);
	matches(p, "a=1", "all web"); /* the sum is wrong */
	memset(text + MATCH_SUM_AT, 0, sizeof(uint64_t));
	memcpy(text + MATCH_SUM_AT, &(uint64_t){ match_index_sum(text, *ret_len) },
	       sizeof(uint64_t));
	index_write(p, text, *ret_len, 0600);
	matches(p, "a=1", "all");
	return text;
}

static void test_index_foreign(void **state)
{
	const struct place *p = *state;
	_cleanup_free_ char *text = NULL;
	char index[128], other[128];
	struct stat st;
	size_t len;

	text = lying(p, &len);
	(void)snprintf(index, sizeof(index), "%s/%s", p->dir, index_name);
	(void)snprintf(other, sizeof(other), "%s/other", p->dir);
	index_write(p, text, len, 0644);
	matches(p, "a=1", "all web");
	index_write(p, text, len, 0620);
	matches(p, "a=1", "all web");
	if (geteuid() == 0) {
		index_write(p, text, len, 0600);
		assert_int_equal(chown(index, 4321, 0), 0);
		matches(p, "a=1", "all web");
	}
	index_write(p, text, len, 0600);
	assert_int_equal(rename(index, other), 0);
	assert_int_equal(symlink(other, index), 0);
	matches(p, "a=1", "all web");
	assert_int_equal(lstat(index, &st), 0);
	assert_true(S_ISREG(st.st_mode)); /* replaced, and not written through */
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(mkfifo(index, 0600), 0);
	matches(p, "a=1", "all web");
	assert_int_equal(unlink(index), 0);
	assert_int_equal(mkdir(index, 0700), 0);
	matches(p, "a=1", "all web"); /* cannot be written: costs time only */
}

/* One that was made in the same tick as a change; one of before a change, put back. */
static void test_index_stale(void **state)
{
	static const size_t taken = MATCH_SUM_AT + 8, settled_at = MATCH_SUM_AT + 16;
	const struct place *p = *state;
	_cleanup_free_ char *text = NULL, *old = NULL;
	uint64_t sum, early;
	size_t len;

	text = lying(p, &len);
	memcpy(&early, text + settled_at, sizeof(early));
	early--;
	memcpy(text + taken, &early, sizeof(early));
	memset(text + MATCH_SUM_AT, 0, sizeof(sum));
	sum = match_index_sum(text, len);
	memcpy(text + MATCH_SUM_AT, &sum, sizeof(sum));
	index_write(p, text, len, 0600);
	matches(p, "a=1", "all web");
	assert_int_equal(index_read(p, &old), len);
	shop_profile(p, "lo", "web", MATCH("a", "2"));
	matches(p, "a=2", "all web");
	index_write(p, old, len, 0600);
	matches(p, "a=2", "all web");
	matches(p, "a=1", "all");
}

/* late: which profile is said to have been seen too late; NULL: none. */
static void refresh(const struct place *p, const char *late)
{
	_cleanup_host_ struct host *host = shop_host(p, "");
	_cleanup_store_ struct store *store = NULL;
	struct err err = { 0 };

	assert_int_equal(store_open(host, &store, &err), 0);
	if (store_refresh(store, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(!late, !store_late(store));
	if (late)
		assert_string_equal(store_late(store), late);
}

#define MANY 700

/* Of many files a start looks at some: an edit in place is seen by one of the next, for good. */
static void test_many_edited_in_place(void **state)
{
	const struct place *p = *state;
	char names[1024] = "", name[32];
	struct err err = { 0 };
	size_t starts = 0;
	ino_t before;

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		shop_profile(p, "lo", name, MATCH("a", "0"));
	}
	(void)usleep(50000);
	matches(p, "a=1", "");
	before = inode(p);
	matches(p, "a=1", "");
	assert_int_equal(inode(p), before);
	shop_profile(p, "lo", "p400", MATCH("a", "1"));
	for (; !*names && starts < 1000; starts++)
		assert_int_equal(match(p, "a=1", names, &err), 0);
	print_message("seen by start %zu\n", starts);
	assert_string_equal(names, "p400");
	(void)usleep(50000);
	for (size_t i = 0; i < 20; i++)
		matches(p, "a=1", "p400");
	/* Those who have time look at all. */
	before = inode(p);
	refresh(p, NULL);
	assert_int_equal(inode(p), before);
	shop_profile(p, "lo", "p650", MATCH("a", "1"));
	refresh(p, "p650");
	matches(p, "a=1", "p400 p650");
	(void)usleep(50000);
	refresh(p, NULL);
}

/* Several make it at once while files change; each answers for what was there when it began. */
static void test_made_at_once(void **state)
{
	const struct place *p = *state;

	for (int round = 0; round < 40; round++) {
		char from[512];
		pid_t pids[4];

		shop_profile(p, "lo", "web", round % 2 ? MATCH("a", "1") : MATCH("a", "2"));
		shop_put(p, "lo/new",
			 round % 3 ? "{\"name\": \"db\"" MATCH("a", "1") "}"
				   : "{\"name\": \"db\"" MATCH("a", "2") "}");
		(void)snprintf(from, sizeof(from), "%s", shop_path(p, "lo/new"));
		assert_int_equal(rename(from, shop_path(p, "lo/db.json")), 0);
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				char names[1024];
				struct err err = { 0 };
				const char *wanted = round % 2 ? (round % 3 ? "db web" : "web")
							       : (round % 3 ? "db" : "");

				_exit(match(p, "a=1", names, &err) < 0 || !streq(names, wanted));
			}
		}
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		(void)usleep((useconds_t)(round % 4 * 8000));
	}
}

/* Without a place for the index everything works, but a reload says so. */
static void test_no_state(void **state)
{
	const struct place *p = *state;
	_cleanup_host_ struct host *host = shop_host(p, "");
	_cleanup_store_ struct store *store = NULL;
	struct err err = { 0 };

	shop_profile(p, "lo", "web", MATCH("a", "1"));
	shop_put(p, "state", "");
	matches(p, "a=1", "web");
	assert_int_equal(store_open(host, &store, &err), 0);
	assert_true(store_reindex(store, &err) < 0);
	assert_non_null(strstr(err.text, "/state\""));
	assert_int_equal(unlink(shop_path(p, "state")), 0);
	assert_int_equal(mkdir(shop_path(p, "state"), 0777), 0);
	assert_int_equal(chmod(shop_path(p, "state"), 0777), 0);
	matches(p, "a=1", "web");
	assert_int_equal(access(shop_path(p, index_name), F_OK), -1);
	err_clear(&err);
	assert_true(store_reindex(store, &err) < 0);
	assert_int_equal(chmod(shop_path(p, "state"), 0700), 0);
	err_clear(&err);
	assert_int_equal(store_reindex(store, &err), 0);
	assert_int_equal(access(shop_path(p, index_name), F_OK), 0);
	matches(p, "a=1", "web");
}

/* A profile that cannot be read might have matched: nothing starts until that is known. */
static void test_broken_beside(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };
	char out[1024];

	shop_profile(p, "lo", "web", MATCH("a", "1"));
	matches(p, "a=1", "web");
	shop_put(p, "hi/broken.json", "{\"name\": \"broken\", \"mach\": {}}");
	for (int twice = 0; twice < 2; twice++) {
		err_clear(&err);
		assert_int_equal(match(p, "a=1", out, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "unknown key \"mach\""));
		assert_int_equal(strncmp(err.text, "profile broken: ", 16), 0);
	}
	assert_int_equal(mkdir(shop_path(p, "hi/seccomp"), 0755), 0);
	shop_put(p, "hi/broken.json",
		 "{\"name\": \"broken\", \"seccomp\": {\"file\": \"seccomp/no.json\"}}");
	err_clear(&err);
	assert_int_equal(match(p, "a=1", out, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "seccomp/no.json"));
	assert_int_equal(unlink(shop_path(p, "hi/broken.json")), 0);
	matches(p, "a=1", "web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_shop(test_override),      in_shop(test_override_of_match),
		in_shop(test_names),         in_shop(test_bad_file_names),
		in_shop(test_hostile_names), in_shop(test_untrusted_file),
		in_shop(test_hard_link),     in_shop(test_untrusted_directory),
		in_shop(test_changes),       in_shop(test_directory_appears),
		in_shop(test_many),          in_shop(test_index_used),
		in_shop(test_index_damaged), in_shop(test_index_foreign),
		in_shop(test_index_stale),   in_shop(test_no_state),
		in_shop(test_broken_beside), in_shop(test_kinds_of_selectors),
		in_shop(test_images),        in_shop(test_images_proposed),
		in_shop(test_made_at_once),  in_shop(test_many_edited_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
