/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/actor.c on the real /proc: what the kernel says is told, names cannot pretend.
 */
#include "audit/actor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <cmocka.h>

/* actor_add() in a grandchild whose parent has the name and uid given. */
static void ask(const char *name, uid_t uid, char *out, size_t size)
{
	int pipes[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		pid_t child = 0;

		if (prctl(PR_SET_NAME, name) < 0 || (child = fork()) < 0)
			_exit(1);
		if (child == 0) {
			struct record r = { 0 };
			const char *chain;

			usleep(100000); /* the parent drops its uid */
			if (actor_add(&r, NULL) < 0)
				_exit(1);
			chain = record_get(&r, "COAMING_ACTOR_CHAIN");
			dprintf(pipes[1], "%s|%s|%s|%s", record_get(&r, "COAMING_ACTOR_UID"),
				record_get(&r, "COAMING_ACTOR_LOGINUID"),
				record_get(&r, "COAMING_ACTOR_SESSION"), chain);
			_exit(0);
		}
		if (uid != 0 && setresuid(uid, uid, uid) < 0)
			_exit(1);
		_exit(waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 1);
	}
	close(pipes[1]);
	while ((got = read(pipes[0], out + n, size - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_callers_are_named(void **state)
{
	char out[2048], expected[64];

	ask("podman", geteuid(), out, sizeof(out));
	(void)snprintf(expected, sizeof(expected), "|%u:podman < %u:test_actor", geteuid(),
		       geteuid());
	assert_non_null(strstr(out, expected));
}

static void the_nearest_user_is_the_actor(void **state)
{
	char out[2048];

	if (geteuid() != 0)
		skip();
	ask("podman", 4711, out, sizeof(out));
	assert_int_equal(strncmp(out, "4711|", 5), 0);
	assert_non_null(strstr(out, "|4711:podman < 0:"));
}

static void a_name_cannot_pretend(void **state)
{
	char out[2048];

	ask("x\n< 0:sudo", geteuid(), out, sizeof(out));
	assert_null(strstr(out, "< 0:sudo <"));
	assert_null(strchr(out, '\n'));
	ask("\033[2J", geteuid(), out, sizeof(out));
	assert_null(strchr(out, '\033'));
}

static void nobody_logged_in_is_said(void **state)
{
	_cleanup_record_ struct record r = { 0 };
	_cleanup_fclose_ FILE *f = fopen("/proc/self/loginuid", "re");
	char text[32] = "";

	assert_int_equal(actor_add(&r, NULL), 0);
	if (f && fgets(text, sizeof(text), f) && strcmp(text, "4294967295") != 0)
		assert_string_equal(record_get(&r, "COAMING_ACTOR_LOGINUID"), text);
	else
		assert_string_equal(record_get(&r, "COAMING_ACTOR_LOGINUID"), "unknown (daemon)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_callers_are_named),
		cmocka_unit_test(the_nearest_user_is_the_actor),
		cmocka_unit_test(a_name_cannot_pretend),
		cmocka_unit_test(nobody_logged_in_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
