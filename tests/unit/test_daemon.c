/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/doctor_daemon.c: options on a daemon's command line, as Go's programs read them.
 */
#include "cli/doctor_daemon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/err.h"

#define LINE(text) (text), sizeof(text)

static const struct {
	const char *text;
	size_t len;
	const char *values[4]; /* of --add-runtime, -a */
} lines[] = {
	{ LINE("dockerd"), { NULL } },
	{ LINE("dockerd\0--add-runtime\0x=/y"), { "x=/y" } },
	{ LINE("dockerd\0--add-runtime=x=/y\0-D\0-add-runtime\0z"), { "x=/y", "z" } },
	{ LINE("dockerd\0-a\0x\0-a=y\0-ab\0-b\0z"), { "x", "y" } },
	{ LINE("dockerd\0--add-runtimes\0x\0--add-runtim=y\0add-runtime\0z"), { NULL } },
	{ LINE("dockerd\0--add-runtime"), { NULL } },
	{ LINE("dockerd\0--add-runtime="), { "" } },
	{ LINE("dockerd\0--add-runtime\0"), { "" } },
	{ LINE("dockerd\0--\0--add-runtime=x"), { NULL } },
	{ LINE("--add-runtime=x"), { NULL } },
};

static void reads_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_daemon_ struct daemon daemon = { .pid = 7 };
		struct err err = { 0 };
		const char *value, *last = NULL;
		size_t n = 0;

		assert_int_equal(daemon_parse(lines[i].text, lines[i].len, &daemon, &err), 0);
		assert_int_equal(daemon.pid, 7);
		for (size_t at = 0; (value = daemon_option(&daemon, "add-runtime", 'a', &at));) {
			assert_non_null(lines[i].values[n]);
			assert_string_equal(value, lines[i].values[n]);
			last = value;
			n++;
		}
		assert_null(lines[i].values[n]);
		assert_ptr_equal(daemon_last(&daemon, "add-runtime", 'a'), last);
	}
}

static void refuses_half_a_line(void **state)
{
	_cleanup_daemon_ struct daemon daemon = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(daemon_parse("dockerd\0-D", 10, &daemon, &err), -EBADMSG);
	assert_int_equal(daemon.n, 0);
	assert_int_equal(daemon_parse("", 0, &daemon, &(struct err){ 0 }), 0);
	assert_int_equal(daemon.n, 0);
}

static void finds_what_runs(void **state)
{
	static const char *const none[] = { NULL, "/nowhere/dockerd" };
	char self[256] = "";
	const char *const programs[] = { "/nowhere/dockerd", self };
	_cleanup_daemon_ struct daemon daemon = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(daemon_find(none, ARRAY_SIZE(none), &daemon, &err), 0);
	assert_int_equal(daemon.pid, 0);
	assert_int_equal(daemon_find(programs, ARRAY_SIZE(programs), &daemon, &err), 0);
	assert_int_not_equal(daemon.pid, 0);
	self[strlen(self) - 1] = '\0'; /* only a whole path is one */
	daemon_done(&daemon);
	assert_int_equal(daemon_find(programs, ARRAY_SIZE(programs), &daemon, &err), 0);
	assert_int_equal(daemon.pid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options),
		cmocka_unit_test(refuses_half_a_line),
		cmocka_unit_test(finds_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
