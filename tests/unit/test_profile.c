/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/profile.c and what it calls: every file of tests/bad/profile gives exactly the sentence
 * beside it, every profile that ships is good.
 *
 * With the argument "write" the sentences are written anew: read the difference before committing.
 */
#include "profiles/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/caps.h"

static const char bad_dir[] = "tests/bad/profile";
static const char library[] = "profiles/library";

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_errno(err, ENOENT, "cannot open %s", Q(relative_path));
}

static char *slurp(const char *dir, const char *name, size_t *len)
{
	struct err err = { 0 };
	char path[512];
	char *text = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, len, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

static int parse_with(profile_fetch_fn *fetch, const char *shown, const char *text, size_t len,
		      struct profile **ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	r = doc_parse(&doc, shown, text, len, err);
	return r < 0 ? r : profile_parse(doc, fetch, NULL, ret, err);
}

static int parse(const char *shown, const char *text, size_t len, struct profile **ret,
		 struct err *err)
{
	return parse_with(no_file, shown, text, len, ret, err);
}

static int library_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;

	text = slurp(library, relative_path, &len);
	return doc_parse(ret, relative_path, text, len, err);
}

static void list(const char *dir, char ***names, size_t *n)
{
	DIR *d = opendir(dir);
	struct err err = { 0 };

	assert_non_null(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && streq(entry->d_name + len - 5, ".json"))
			assert_int_equal(strv_add(names, n, entry->d_name, &err), 0);
	}
	closedir(d);
	strv_sort_unique(*names, n);
}

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };
	char line[ERR_TEXT_MAX + 2];

	(void)snprintf(line, sizeof(line), "%s\n", text);
	assert_int_equal(file_write_atomic(fd, name, line, strlen(line), 0644, (uid_t)-1, (gid_t)-1,
					   false, &err),
			 0);
}

static void check_bad(const char *name, bool write)
{
	_cleanup_free_ char *text = NULL, *expected = NULL;
	struct profile *profile = NULL;
	struct err err = { 0 };
	char error_file[256];
	size_t len = 0, expected_len = 0;

	text = slurp(bad_dir, name, &len);
	if (parse("web.json", text, len, &profile, &err) >= 0)
		fail_msg("%s is accepted", name);
	assert_null(profile);
	assert_int_equal(err.class,
			 streq(name, "seccomp-file-missing.json") ? ERR_SYSTEM : ERR_INPUT);
	(void)snprintf(error_file, sizeof(error_file), "%.*s.error", (int)(strlen(name) - 5), name);
	if (write) {
		put(bad_dir, error_file, err.text);
		return;
	}
	expected = slurp(bad_dir, error_file, &expected_len);
	expected[strcspn(expected, "\n")] = '\0';
	if (!streq(expected, err.text))
		fail_msg("%s:\n  said   %s\n  wanted %s", name, err.text, expected);
}

static bool writing;

static void test_bad(void **state)
{
	char **names = NULL;
	size_t n = 0;

	list(bad_dir, &names, &n);
	assert_true(n >= 60);
	for (size_t i = 0; i < n; i++)
		check_bad(names[i], writing);
	strv_free(&names, &n);
}

static void test_library(void **state)
{
	char **names = NULL;
	size_t n = 0;

	list(library, &names, &n);
	assert_int_equal(n, 16);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_profile_ struct profile *profile = NULL;
		struct err err = { 0 };
		size_t len = 0;

		text = slurp(library, names[i], &len);
		if (parse_with(library_file, names[i], text, len, &profile, &err) < 0)
			fail_msg("%s", err.text);
		assert_non_null(profile->description);
		assert_true(profile->n_controls > 0);
	}
	strv_free(&names, &n);
}

static const char whole[] =
	"{\"name\": \"web\", \"mode\": \"audit\", \"description\": \"d\","
	" \"match\": {\"labelSelector\": {\"matchLabels\": {\"a\": \"b\"}}},"
	" \"capabilities\": {\"deny\": [\"CAP_NET_RAW\", \"SYS_ADMIN\"]},"
	" \"seccomp\": {\"deny\": [\"mount\", \"clone3\"]},"
	" \"rootfs\": {\"readOnly\": true,"
	"   \"writable\": [{\"path\": \"/tmp\", \"size\": \"64M\"}]},"
	" \"network\": {\"ingress\": [], \"egress\": [{\"to\": [{\"ipBlock\": {\"cidr\":"
	"   \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\"]}}], \"ports\": [{\"protocol\": \"UDP\","
	"   \"port\": 53, \"endPort\": 54}]}]},"
	" \"admission\": {\"deny\": [\"hostPID\", \"hostPath:/etc\"]},"
	" \"limits\": {\"pids\": 5, \"memory\": 8388608, \"nofile\": 7},"
	" \"controls\": [\"PCI-DSS-4.0:1.3.2\"]}";

static void test_whole(void **state)
{
	_cleanup_profile_ struct profile *p = NULL;
	struct err err = { 0 };
	const struct network_rule *rule;

	if (parse("web.json", whole, strlen(whole), &p, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(p->mode, MODE_AUDIT);
	assert_true(p->match.present && p->match.selector.n == 1);
	assert_true(p->capabilities.present);
	assert_int_equal(p->capabilities.allowed & CAPS_ALL,
			 CAPS_ALL & ~(CAP_MASK(13) | CAP_MASK(21)));
	assert_int_equal(p->seccomp.n_filters, 1);
	assert_int_equal(p->seccomp.filters[0].default_action.kind, ACT_ALLOW);
	assert_int_equal(p->seccomp.filters[0].rules[0].action.ret, EPERM);
	assert_int_equal(p->seccomp.filters[0].rules[1].action.ret, ENOSYS);
	assert_int_equal(p->rootfs.writable[0].size_bytes, 64 << 20);
	assert_true(p->network.ingress.present && p->network.ingress.n_rules == 0);
	rule = &p->network.egress.rules[0];
	assert_int_equal(rule->peers[0].n_except, 1);
	assert_int_equal(rule->ports[0].last, 54);
	assert_int_equal(p->admission.denied, 1U << DENY_HOST_PID);
	assert_string_equal(p->admission.host_paths[0], "/etc");
	assert_int_equal(p->limits.memory_bytes, 8 << 20);
}

static void test_digest_changes(void **state)
{
	_cleanup_profile_ struct profile *a = NULL, *b = NULL;
	static const char one[] = "{\"name\":\"web\"}", two[] = "{\"name\":\"web\" }";
	struct err err = { 0 };

	assert_int_equal(parse("web.json", one, strlen(one), &a, &err), 0);
	assert_int_equal(parse("web.json", two, strlen(two), &b, &err), 0);
	assert_string_not_equal(a->digest, b->digest);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} rows[] = {
		{ "1", 0, 1 },
		{ "1K", 0, 1024 },
		{ "8388607T", 0, UINT64_C(8388607) << 40 },
		{ "8388608T", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "1k", -EINVAL, 0 },
		{ "1KB", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "18446744073709551616", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 0;

		assert_int_equal(size_parse(rows[i].text, &bytes), rows[i].r);
		assert_int_equal(bytes, rows[i].bytes);
	}
}

static void test_containment(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool in;
	} rows[] = {
		{ "0.0.0.0/0", "1.2.3.4", true },     { "10.0.0.0/8", "10.255.0.0/16", true },
		{ "10.0.0.0/8", "10.0.0.0/8", true }, { "10.0.0.0/9", "10.128.0.0/16", false },
		{ "10.0.0.0/8", "0.0.0.0/0", false }, { "::/0", "10.0.0.0/8", false },
		{ "fc00::/7", "fdff::/16", true },    { "fc00::/7", "fe00::/16", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr outer, inner;

		assert_int_equal(cidr_parse(rows[i].outer, &outer), 0);
		assert_int_equal(cidr_parse(rows[i].inner, &inner), 0);
		assert_int_equal(cidr_contains(&outer, &inner), rows[i].in);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),   cmocka_unit_test(test_library),
		cmocka_unit_test(test_whole), cmocka_unit_test(test_digest_changes),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_containment),
	};

	writing = argc > 1 && streq(argv[1], "write");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
