/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/settings.c: files are merged, and values read, as systemd does it.
 */
#include "cli/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "cli/below.h"
#include "cli/doctor.h"

/* A directory that stands for "/". */
struct tree {
	char dir[64];
	int fd;
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	struct err err = { 0 };

	assert_non_null(t);
	memcpy(t->dir, "/var/tmp/coaming-conf.XXXXXX", sizeof("/var/tmp/coaming-conf.XXXXXX"));
	assert_non_null(mkdtemp(t->dir));
	assert_int_equal(below_root(t->dir, &t->fd, &err), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", t->dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(t->fd);
	free(t);
	return 0;
}

/* The directories above a path. */
static void make_dirs(const struct tree *t, const char *path)
{
	char full[512];

	(void)snprintf(full, sizeof(full), "%s%s", t->dir, path);
	for (char *p = full + strlen(t->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
}

static void put(const struct tree *t, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	make_dirs(t, path);
	(void)snprintf(full, sizeof(full), "%s%s", t->dir, path);
	f = fopen(full, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_link(const struct tree *t, const char *path, const char *target)
{
	char full[512];

	make_dirs(t, path);
	(void)snprintf(full, sizeof(full), "%s%s", t->dir, path);
	assert_int_equal(symlink(target, full), 0);
}

static struct settings parsed(const char *text)
{
	struct settings s = { 0 };
	struct err err = { 0 };

	assert_int_equal(settings_parse(&s, "x.conf", text, strlen(text), "Journal", &err), 0);
	return s;
}

/* The one assignment of a text. */
static const char *only(const char *text)
{
	static char seen[128];
	struct settings s = parsed(text);

	(void)snprintf(seen, sizeof(seen), "%zu", s.n);
	if (s.n == 1)
		(void)snprintf(seen, sizeof(seen), "%s=%s", s.v[0].name, s.v[0].value);
	settings_done(&s);
	return seen;
}

static void the_syntax_is_systemds(void **state)
{
	assert_string_equal(only("[Journal]\nStorage=none\n"), "Storage=none");
	assert_string_equal(only("[Journal]\n\t Storage =  none \t\r\n"), "Storage=none");
	assert_string_equal(only("[Journal]\nStorage=none"), "Storage=none");
	assert_string_equal(only("Storage=none\n"), "0");
	assert_string_equal(only("[Other]\nStorage=none\n"), "0");
	assert_string_equal(only("[Journal]\n[Other]\nStorage=none\n[Journal]\nA=1\n"), "A=1");
	assert_string_equal(only("[Journa]\nA=1\n[Journall]\nA=1\n"), "0");
	assert_string_equal(only("[Journal]\n#A=1\n ; B=2\nC=3\n"), "C=3");
	assert_string_equal(only("[Journal]\nA=x # y\n"), "A=x # y");
	assert_string_equal(only("[Journal]\nA=x\\\n  y\\\n# between\n  z\nonly a word\n"),
			    "A=x y z");
	assert_string_equal(only("[Journal]\nA=1\\"), "A=1\\");
	assert_string_equal(only("[Journal]\nA=\n"), "A=");
	assert_string_equal(only(""), "0");
	assert_string_equal(only("\n\n\\\n[Journal]\nA=1"), "A=1");
}

static uint64_t bytes(const char *value)
{
	char text[128];
	uint64_t n = 77;
	struct settings s;

	(void)snprintf(text, sizeof(text), "[Journal]\nA=%s\n", value);
	s = parsed(text);
	(void)settings_bytes(&s, "A", &n);
	settings_done(&s);
	return n;
}

static void sizes_are_to_the_base_of_1024(void **state)
{
	assert_int_equal(bytes("0"), 0);
	assert_int_equal(bytes("4096"), 4096);
	assert_int_equal(bytes("4096B"), 4096);
	assert_int_equal(bytes("8K"), 8192);
	assert_int_equal(bytes("512M"), 512 << 20);
	assert_int_equal(bytes("8 G"), (uint64_t)8 << 30);
	assert_int_equal(bytes("2T"), (uint64_t)2 << 40);
	assert_in_range(bytes("1.5G"), 1610000000, 1610612736);
	assert_int_equal(bytes(""), 77);
	assert_int_equal(bytes("G"), 77);
	assert_int_equal(bytes("8X"), 77);
	assert_int_equal(bytes("8GB"), 77);
	assert_int_equal(bytes("-8G"), 77);
	assert_int_equal(bytes("99999999999999999999"), 77);
	assert_int_equal(bytes("99E"), 77);
}

static void what_cannot_be_read_is_passed_over(void **state)
{
	static const char *const words[] = { "volatile", "none" };
	struct settings s = parsed("[Journal]\nStorage=none\nStorage=nothing\n"
				   "RateLimitIntervalSec=1min\nRateLimitIntervalSec=often\n"
				   "RateLimitIntervalSec=\nRateLimitBurst=10\nRateLimitBurst=1k\n"
				   "MaxRetentionSec=1month 2days\nSeal=of\nSeal=OFF\n"
				   "MaxLevelStore=warning\nMaxLevelStore=8\nLong=infinity\n");
	uint64_t usec = 0, n = 0;
	size_t word = 9;
	bool seal = true;
	int level = -2;

	assert_non_null(settings_word(&s, "Storage", words, 2, &word));
	assert_int_equal(word, 1);
	assert_non_null(settings_usec(&s, "RateLimitIntervalSec", &usec));
	assert_int_equal(usec, 60000000);
	assert_non_null(settings_number(&s, "RateLimitBurst", &n));
	assert_int_equal(n, 10);
	assert_non_null(settings_usec(&s, "MaxRetentionSec", &usec));
	assert_int_equal(usec, (2629800 + 2 * 86400) * (uint64_t)1000000);
	assert_non_null(settings_usec(&s, "Long", &usec));
	assert_true(usec == UINT64_MAX);
	assert_non_null(settings_bool(&s, "Seal", &seal));
	assert_false(seal);
	assert_non_null(settings_level(&s, "MaxLevelStore", &level));
	assert_int_equal(level, 4);
	assert_null(settings_usec(&s, "MaxFileSec", &usec));
	settings_done(&s);
}

static void levels_have_names_and_numbers(void **state)
{
	struct settings s = parsed("[Journal]\nA=debug\nB=0\nC=notice\nD=5\nD=\n");
	int level = -2;

	(void)settings_level(&s, "A", &level);
	assert_int_equal(level, 7);
	(void)settings_level(&s, "B", &level);
	assert_int_equal(level, 0);
	(void)settings_level(&s, "C", &level);
	assert_int_equal(level, 5);
	(void)settings_level(&s, "D", &level); /* an empty one changes nothing */
	assert_int_equal(level, 5);
	assert_string_equal(level_name(4), "warning");
	settings_done(&s);
}

/* What Storage= is, below the tree. */
static const char *storage(const struct tree *t, const char *name)
{
	static char seen[256];
	struct settings s = { 0 };
	struct err err = { 0 };
	const char *value = "unset";
	const struct setting *at;

	assert_int_equal(settings_read_conf(&s, t->fd, name, "Journal", &err), 0);
	at = settings_text(&s, "Storage", &value);
	(void)snprintf(seen, sizeof(seen), "%s%s%s", value, at ? " " : "", at ? at->file : "");
	settings_done(&s);
	return seen;
}

static void drop_ins_come_after_and_by_name(void **state)
{
	const struct tree *t = *state;

	assert_string_equal(storage(t, "journald.conf"), "unset");
	put(t, "/usr/lib/systemd/journald.conf", "[Journal]\nStorage=lib\n");
	assert_string_equal(storage(t, "journald.conf"), "lib /usr/lib/systemd/journald.conf");
	put(t, "/etc/systemd/journald.conf", "[Journal]\nStorage=main\n");
	assert_string_equal(storage(t, "journald.conf"), "main /etc/systemd/journald.conf");
	put(t, "/usr/lib/systemd/journald.conf.d/50-x.conf", "[Journal]\nStorage=x\n");
	assert_string_equal(storage(t, "journald.conf"),
			    "x /usr/lib/systemd/journald.conf.d/50-x.conf");
	put(t, "/etc/systemd/journald.conf.d/40-y.conf", "[Journal]\nStorage=y\n");
	put(t, "/etc/systemd/journald.conf.d/90-z.conf.bak", "[Journal]\nStorage=z\n");
	put(t, "/etc/systemd/journald.conf.d/.99.conf", "[Journal]\nStorage=z\n");
	assert_string_equal(storage(t, "journald.conf"),
			    "x /usr/lib/systemd/journald.conf.d/50-x.conf");
	/* A namespace has files of its own. */
	assert_string_equal(storage(t, "journald@coaming.conf"), "unset");
	put(t, "/run/systemd/journald@coaming.conf.d/1.conf", "[Journal]\nStorage=ns\n");
	assert_string_equal(storage(t, "journald@coaming.conf"),
			    "ns /run/systemd/journald@coaming.conf.d/1.conf");
}

static void an_earlier_directory_hides_the_name(void **state)
{
	const struct tree *t = *state;

	put(t, "/usr/lib/systemd/journald.conf.d/50.conf", "[Journal]\nStorage=lib\n");
	put(t, "/usr/local/lib/systemd/journald.conf.d/50.conf", "[Journal]\nStorage=local\n");
	assert_string_equal(storage(t, "journald.conf"),
			    "local /usr/local/lib/systemd/journald.conf.d/50.conf");
	put(t, "/run/systemd/journald.conf.d/50.conf", "[Journal]\nStorage=run\n");
	assert_string_equal(storage(t, "journald.conf"),
			    "run /run/systemd/journald.conf.d/50.conf");
	/* A mask: nothing of that name is read, also where there is no /dev here. */
	put_link(t, "/etc/systemd/journald.conf.d/50.conf", "/dev/null");
	assert_string_equal(storage(t, "journald.conf"), "unset");
}

static void links_stay_below_the_root(void **state)
{
	const struct tree *t = *state;

	put(t, "/opt/real.conf", "[Journal]\nStorage=inside\n");
	put_link(t, "/etc/systemd/journald.conf.d/1.conf", "/opt/real.conf");
	assert_string_equal(storage(t, "journald.conf"),
			    "inside /etc/systemd/journald.conf.d/1.conf");
	put_link(t, "/etc/systemd/journald.conf.d/2.conf", "../../../../../../etc/hostname");
	assert_string_equal(storage(t, "journald.conf"),
			    "inside /etc/systemd/journald.conf.d/1.conf");
}

static int unit_level(const struct tree *t, const char *unit)
{
	struct settings s = { 0 };
	struct err err = { 0 };
	int level = -2;
	int r = settings_read_unit(&s, t->fd, unit, "Service", &err);

	assert_true(r >= 0);
	if (r == 0)
		assert_int_equal(s.n, 0);
	(void)settings_level(&s, "LogLevelMax", &level);
	settings_done(&s);
	return r == 0 ? -3 : level;
}

static void units_are_found_and_merged(void **state)
{
	const struct tree *t = *state;

	put(t, "/etc/systemd/system/docker.service.d/x.conf", "[Service]\nLogLevelMax=1\n");
	assert_int_equal(unit_level(t, "docker.service"), -3); /* no unit, whatever drop-ins */
	put(t, "/lib/systemd/system/docker.service", "[Service]\nLogLevelMax=7\n");
	assert_int_equal(unit_level(t, "docker.service"), 1);
	put(t, "/run/systemd/system/docker.service.d/z.conf", "[Service]\nLogLevelMax=2\n");
	assert_int_equal(unit_level(t, "docker.service"), 2);
	put(t, "/usr/lib/systemd/system/service.d/zz.conf", "[Service]\nLogLevelMax=3\n");
	assert_int_equal(unit_level(t, "docker.service"), 3);
	/* The unit's own drop-in hides its type's of the same name. */
	put(t, "/lib/systemd/system/docker.service.d/zz.conf", "[Service]\nLogLevelMax=6\n");
	assert_int_equal(unit_level(t, "docker.service"), 6);
	put(t, "/run/systemd/system.control/docker.service.d/zz.conf", "[Service]\nLogLevelMax=\n");
	assert_int_equal(unit_level(t, "docker.service"), 2);
	put_link(t, "/etc/systemd/system/docker.service", "/dev/null");
	assert_int_equal(unit_level(t, "docker.service"), -3);
}

static void what_is_no_file_is_passed_over(void **state)
{
	const struct tree *t = *state;
	char path[256];

	put(t, "/etc/systemd/journald.conf.d/1.conf", "[Journal]\nStorage=one\n");
	(void)snprintf(path, sizeof(path), "%s/etc/systemd/journald.conf.d/2.conf", t->dir);
	assert_int_equal(mkfifo(path, 0600), 0); /* to open it would block */
	(void)snprintf(path, sizeof(path), "%s/etc/systemd/journald.conf.d/3.conf", t->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(storage(t, "journald.conf"), "one /etc/systemd/journald.conf.d/1.conf");
}

static void amounts_are_readable(void **state)
{
	assert_string_equal(BYTES(0), "0 bytes");
	assert_string_equal(BYTES(1023), "1023 bytes");
	assert_string_equal(BYTES(1536), "1.5 KiB");
	assert_string_equal(BYTES((uint64_t)8 << 30), "8.0 GiB");
	assert_string_equal(SPAN(0), "0 seconds");
	assert_string_equal(SPAN(1000000), "1 second");
	assert_string_equal(SPAN(30000000), "30 seconds");
	assert_string_equal(SPAN(60000000), "1 minute");
	assert_string_equal(SPAN(90000000), "90 seconds");
	assert_string_equal(SPAN((uint64_t)86400000000), "1 day");
	assert_string_equal(SPAN((uint64_t)129600000000), "36 hours");
	assert_string_equal(SPAN((uint64_t)365 * 86400000000), "365 days");
}

static void bursts_need_room(void **state)
{
	const uint64_t sec = 1000000;

	assert_int_equal(doctor_rate_severity(0, 10), FINDING_OK);
	assert_int_equal(doctor_rate_severity(30 * sec, 0), FINDING_OK);
	assert_int_equal(doctor_rate_severity(30 * sec, 10000), FINDING_NOTE);
	assert_int_equal(doctor_rate_severity(30 * sec, 1000), FINDING_WARNING);
	assert_int_equal(doctor_rate_severity(60 * sec, 10), FINDING_ERROR);
	assert_int_equal(doctor_rate_severity(86400 * sec, 20000), FINDING_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_syntax_is_systemds),
		cmocka_unit_test(sizes_are_to_the_base_of_1024),
		cmocka_unit_test(what_cannot_be_read_is_passed_over),
		cmocka_unit_test(levels_have_names_and_numbers),
		cmocka_unit_test_setup_teardown(drop_ins_come_after_and_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(an_earlier_directory_hides_the_name, setup,
						teardown),
		cmocka_unit_test_setup_teardown(links_stay_below_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(units_are_found_and_merged, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_passed_over, setup, teardown),
		cmocka_unit_test(amounts_are_readable),
		cmocka_unit_test(bursts_need_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
