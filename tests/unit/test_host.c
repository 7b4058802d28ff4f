/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/host.c: every file of tests/bad/host gives exactly the sentence beside it; the good
 * forms, the defaults, and which files are trusted.
 *
 * Source of the defaults and forms: coaming.json(5). The sentences were written by hand.
 */
#include "profiles/host.h"

#include <dirent.h>

#include "lib/file.h"
#include "lib/hash.h"
#include "lib/strv.h"
#include "tests/unit/place.h"

static const char bad_dir[] = "tests/bad/host";

static int parse(const char *text, struct host **ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "coaming.json", text, strlen(text), err);

	return r < 0 ? r : host_parse(doc, ret, err);
}

static struct host *good(const char *text)
{
	struct host *host = NULL;
	struct err err = { 0 };

	if (parse(text, &host, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(err.class, ERR_NONE);
	return host;
}

static char *slurp(const char *name, const char *suffix)
{
	struct err err = { 0 };
	char path[512];
	char *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s%s", bad_dir, name, suffix);
	if (file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

static void check_bad(const char *name)
{
	_cleanup_free_ char *text = slurp(name, ".json"), *expected = slurp(name, ".error");
	struct host *host = NULL;
	struct err err = { 0 };

	if (parse(text, &host, &err) >= 0)
		fail_msg("%s is accepted", name);
	assert_null(host);
	assert_int_equal(err.class, ERR_INPUT);
	expected[strcspn(expected, "\n")] = '\0';
	if (!streq(expected, err.text))
		fail_msg("%s:\n  said   %s\n  wanted %s", name, err.text, expected);
}

static void test_bad(void **state)
{
	DIR *d = opendir(bad_dir);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		char name[256];
		size_t len = strlen(entry->d_name);

		if (len <= 5 || !streq(entry->d_name + len - 5, ".json"))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(len - 5), entry->d_name);
		check_bad(name);
		n++;
	}
	closedir(d);
	assert_true(n >= 60);
}

static void assert_defaults(const struct host *h)
{
	assert_int_equal(h->n_profile_dirs, 3);
	assert_string_equal(h->profile_dirs[0], SYSCONFDIR "/coaming/profiles");
	assert_string_equal(h->profile_dirs[1], RUNSTATEDIR "/coaming/profiles");
	assert_string_equal(h->profile_dirs[2], DATADIR "/coaming/profiles");
	assert_string_equal(h->state_dir, RUNSTATEDIR "/coaming");
	assert_string_equal(h->audit_dir, LOCALSTATEDIR "/lib/coaming");
	assert_int_equal(h->n_floor, 0);
	assert_string_equal(h->default_profile, "baseline");
	assert_true(h->default_audits);
	assert_int_equal(h->unknown_profile, UNKNOWN_DENY);
	assert_int_equal(h->mode, MODE_ENFORCE);
	assert_int_equal(h->n_runtimes, 2);
	assert_string_equal(h->runtimes[0], "crun");
	assert_string_equal(h->runtimes[1], "runc");
	assert_int_equal(h->n_exempt, 0);
	assert_int_equal(h->unsafe_annotations, UNSAFE_DENY);
}

static void test_defaults(void **state)
{
	_cleanup_host_ struct host *host = good("{}");
	_cleanup_host_ struct host *schema = good("{\"$schema\": \"anything\"}");

	assert_defaults(host);
	assert_defaults(schema);
	assert_string_equal(host->file, "coaming.json");
}

/* One setting leaves all others at their defaults. */
static void test_one_setting(void **state)
{
	_cleanup_host_ struct host *host = good("{\"stateDir\": \"/run/elsewhere\"}");

	assert_string_equal(host->state_dir, "/run/elsewhere");
	assert_string_equal(host->audit_dir, LOCALSTATEDIR "/lib/coaming");
	assert_int_equal(host->n_profile_dirs, 3);
	assert_string_equal(host->default_profile, "baseline");
	assert_true(host->default_audits);
}

static const char whole[] =
	"{\"$schema\": \"s\", \"profileDirs\": [\"/b\", \"/a\"], \"stateDir\": \"/s\","
	" \"auditDir\": \"/l\", \"floor\": [\"zz\", \"a-1\"], \"defaultProfile\": \"restricted\","
	" \"unknownProfile\": \"default\", \"mode\": \"audit\","
	" \"runtimes\": [\"/opt/runc\", \"crun\"],"
	" \"exempt\": [{\"reason\": \"one\", \"labelSelector\": {\"matchLabels\": {\"a\": \"b\"}}},"
	"   {\"reason\": \"two\", \"labelSelector\": {\"matchExpressions\":"
	"     [{\"key\": \"c\", \"operator\": \"Exists\"}]}}],"
	" \"unsafeAnnotations\": \"strip\"}";

static void test_whole(void **state)
{
	_cleanup_host_ struct host *h = good(whole);
	char digest[SHA256_HEX];

	assert_int_equal(h->n_profile_dirs, 2); /* instead of the defaults, in their order */
	assert_string_equal(h->profile_dirs[0], "/b");
	assert_string_equal(h->profile_dirs[1], "/a");
	assert_string_equal(h->state_dir, "/s");
	assert_string_equal(h->audit_dir, "/l");
	assert_int_equal(h->n_floor, 2);
	assert_string_equal(h->floor[0], "zz");
	assert_string_equal(h->floor[1], "a-1");
	assert_string_equal(h->default_profile, "restricted");
	assert_false(h->default_audits); /* that belonged to the default's default */
	assert_int_equal(h->unknown_profile, UNKNOWN_DEFAULT);
	assert_int_equal(h->mode, MODE_AUDIT);
	assert_int_equal(h->n_runtimes, 2);
	assert_string_equal(h->runtimes[0], "/opt/runc");
	assert_int_equal(h->n_exempt, 2);
	assert_string_equal(h->exempt[0].reason, "one");
	assert_string_equal(h->exempt[1].reason, "two");
	assert_int_equal(h->exempt[1].selector.v[0].op, SELECTOR_EXISTS);
	assert_int_equal(h->unsafe_annotations, UNSAFE_STRIP);
	sha256_hex1(digest, whole, strlen(whole));
	assert_string_equal(h->digest, digest);
}

static void test_default_profile(void **state)
{
	static const struct {
		const char *text, *name;
		bool audits;
	} rows[] = {
		{ "{\"defaultProfile\": \"web\"}", "web", false },
		{ "{\"defaultProfile\": {\"name\": \"web\"}}", "web", false },
		{ "{\"defaultProfile\": {\"mode\": \"enforce\", \"name\": \"web\"}}", "web",
		  false },
		{ "{\"defaultProfile\": {\"name\": \"web\", \"mode\": \"audit\"}}", "web", true },
		{ "{\"defaultProfile\": null}", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_host_ struct host *host = good(rows[i].text);

		assert_int_equal(host->default_audits, rows[i].audits);
		if (rows[i].name)
			assert_string_equal(host->default_profile, rows[i].name);
		else
			assert_null(host->default_profile);
	}
}

/* The limits themselves are good; one more is in tests/bad/host. */
static void test_bounds(void **state)
{
	char text[8192] = "{\"floor\": [\"p0\"";
	struct host *host;
	size_t len = strlen(text);

	for (int i = 1; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", \"p%d\"", i);
	(void)snprintf(text + len, sizeof(text) - len, ", \"%063d\"]}", 0);
	assert_int_equal(parse(text, &host, &(struct err){ 0 }), -E2BIG);
	(void)snprintf(text + len, sizeof(text) - len, "]}");
	host = good(text);
	assert_int_equal(host->n_floor, 64);
	host_free(&host);
	(void)snprintf(text, sizeof(text),
		       "{\"floor\": [\"%063d\", \"0\", \"a-0\"], \"exempt\": []}", 0);
	host = good(text); /* 63 bytes; digits only; a list that is empty exempts nobody */
	assert_int_equal(host->n_floor, 3);
	assert_int_equal(host->n_exempt, 0);
	host_free(&host);
	host = good("{\"floor\": []}");
	assert_int_equal(host->n_floor, 0);
	host_free(&host);
}

/* ---- the file ---- */

static void put(const struct place *p, const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(dirfd, name, text, strlen(text), mode, (uid_t)-1,
					   (gid_t)-1, false, &err),
			 0);
}

/* Refused, with a sentence that names the file and holds `part`. */
static void refused(const struct place *p, const char *name, int errnum, const char *part)
{
	struct host *host = NULL;
	struct err err = { 0 };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(host_load(path, &host, &err), -errnum);
	assert_null(host);
	assert_int_equal(err.class, ERR_INPUT);
	assert_int_equal(strncmp(err.text, "host configuration: ", 20), 0);
	if (!strstr(err.text, p->dir) || !strstr(err.text, part))
		fail_msg("%s: said %s", name, err.text);
}

static void test_load(void **state)
{
	const struct place *p = *state;
	_cleanup_host_ struct host *host = NULL;
	struct err err = { 0 };
	char path[128];

	put(p, "c.json", whole, 0644);
	(void)snprintf(path, sizeof(path), "%s/c.json", p->dir);
	assert_int_equal(host_load(path, &host, &err), 0);
	assert_string_equal(host->file, path);
	assert_string_equal(host->state_dir, "/s");
}

static void test_untrusted(void **state)
{
	const struct place *p = *state;
	char path[128], other[128];

	refused(p, "missing", ENOENT, "cannot open");
	put(p, "group", "{}", 0664);
	refused(p, "group", EPERM, "may be written by others (mode 0664)");
	put(p, "others", "{}", 0602);
	refused(p, "others", EPERM, "may be written by others (mode 0602)");
	put(p, "empty", "", 0600);
	refused(p, "empty", EBADMSG, "/empty:1:1: the text ends where a value is expected");
	put(p, "half", "{\"mode\":", 0600);
	refused(p, "half", EBADMSG, "/half:1:9: the text ends where a value is expected");
	(void)snprintf(path, sizeof(path), "%s/link", p->dir);
	(void)snprintf(other, sizeof(other), "%s/good", p->dir);
	put(p, "good", "{}", 0600);
	assert_int_equal(symlink(other, path), 0);
	refused(p, "link", ELOOP, "is a symbolic link");
	assert_int_equal(unlink(other), 0); /* dangling: there, hence not "missing" */
	refused(p, "link", ELOOP, "is a symbolic link");
	(void)snprintf(path, sizeof(path), "%s/fifo", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(p, "fifo", EINVAL, "is not a regular file"); /* and does not wait for a writer */
	(void)snprintf(path, sizeof(path), "%s/directory", p->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(p, "directory", EINVAL, "is not a regular file");
	if (geteuid() == 0) {
		put(p, "foreign", "{}", 0600);
		(void)snprintf(path, sizeof(path), "%s/foreign", p->dir);
		assert_int_equal(chown(path, 4321, 0), 0);
		refused(p, "foreign", EPERM, "is owned by uid 4321");
	}
}

/* The directory that holds it: whoever may write there may replace the file. */
static void test_untrusted_directory(void **state)
{
	const struct place *p = *state;
	char path[128];

	put(p, "c.json", "{}", 0600);
	assert_int_equal(chmod(p->dir, 0777), 0);
	refused(p, "c.json", EPERM, "may be written by others (mode 0777)");
	assert_int_equal(chmod(p->dir, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/sub", p->dir);
	assert_int_equal(symlink(p->dir, path), 0);
	refused(p, "sub/c.json", ENOTDIR, "/sub\" is a symbolic link or no directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_one_setting),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_default_profile),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test_setup_teardown(test_load, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_untrusted, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_untrusted_directory, place_setup,
						place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
