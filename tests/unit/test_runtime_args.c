/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/runtime_args.c: the command lines that engines really use, and those that must not slip
 * through.
 */
#include "hooks/runtime_args.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define WORDS 20

static const struct {
	const char *argv[WORDS];
	enum runtime_command command;
	const char *id, *bundle, *log, *config;
	bool json;
	int argc_after;
} good[] = {
	/* podman through conmon */
	{ { "r", "--log", "/l", "--log-format=json", "--systemd-cgroup", "create", "--bundle", "/b",
	    "--pid-file", "/p", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  "/b",
	  "/l",
	  NULL,
	  true,
	  11 },
	/* containerd's shim */
	{ { "r", "--root", "/run/x", "--log", "/l", "--log-format", "json", "create", "--bundle",
	    "/b", "--pid-file", "/p", "--console-socket", "/s", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  "/b",
	  "/l",
	  NULL,
	  true,
	  15 },
	{ { "r", "run", "ctr" }, COMMAND_CREATE, "ctr", ".", NULL, NULL, false, 3 },
	{ { "r", "run", "ctr", "-b", "/b", "-d" },
	  COMMAND_CREATE,
	  "ctr",
	  "/b",
	  NULL,
	  NULL,
	  false,
	  6 },
	{ { "r", "run", "--bundle=/b", "--", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  "/b",
	  NULL,
	  NULL,
	  false,
	  5 },
	{ { "r", "run", "-b", "/a", "-b", "/b", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  "/b",
	  NULL,
	  NULL,
	  false,
	  7 },
	{ { "r", "restore", "--image-path", "/i", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  ".",
	  NULL,
	  NULL,
	  false,
	  5 },
	{ { "r", "--config", "/c", "--log=/l", "create", "ctr" },
	  COMMAND_CREATE,
	  "ctr",
	  ".",
	  "/l",
	  "/c",
	  false,
	  4 },
	{ { "r", "--config=/c", "state", "ctr" }, COMMAND_OTHER, NULL, NULL, NULL, "/c", false, 3 },
	/* the id may be called like a command, and a value like one */
	{ { "r", "--log", "create", "state", "run" },
	  COMMAND_OTHER,
	  NULL,
	  NULL,
	  "create",
	  NULL,
	  false,
	  5 },
	{ { "r", "create", "run" }, COMMAND_CREATE, "run", ".", NULL, NULL, false, 3 },
	{ { "r", "kill", "--all", "ctr", "9" }, COMMAND_OTHER, NULL, NULL, NULL, NULL, false, 5 },
	{ { "r", "--root", "/x", "exec", "--process", "/p", "ctr" },
	  COMMAND_EXEC,
	  "ctr",
	  NULL,
	  NULL,
	  NULL,
	  false,
	  7 },
	{ { "r", "exec", "-e", "-x", "ctr", "sh", "--help" },
	  COMMAND_EXEC,
	  "ctr",
	  NULL,
	  NULL,
	  NULL,
	  false,
	  7 },
	{ { "r", "exec", "--help" }, COMMAND_EXEC, NULL, NULL, NULL, NULL, false, 3 },
	{ { "r", "--version" }, COMMAND_OTHER, NULL, NULL, NULL, NULL, false, 2 },
	{ { "r" }, COMMAND_OTHER, NULL, NULL, NULL, NULL, false, 1 },
	{ { "r", "--what", "state", "x" }, COMMAND_OTHER, NULL, NULL, NULL, NULL, false, 4 },
};

static const struct {
	const char *argv[WORDS];
	const char *error;
} bad[] = {
	{ { "r", "--what", "create", "x" }, "unknown option \"--what\"" },
	{ { "r", "--what=1", "run", "x" }, "unknown option \"--what=1\"" },
	{ { "r", "create", "--bun", "/b", "x" }, "unknown option \"--bun\"" },
	{ { "r", "create", "x", "--config", "other.json" }, "unknown option \"--config\"" },
	{ { "r", "create", "-f", "other.json", "x" }, "unknown option \"-f\"" },
	{ { "r", "create", "-bundle", "/b", "x" }, "unknown option \"-bundle\"" },
	{ { "r", "create", "-b=/b", "x" }, "unknown option \"-b=/b\"" },
	{ { "r", "-log", "/l", "create", "x" }, "unknown option \"-log\"" },
	{ { "r", "create", "--bundle" }, "option \"--bundle\" needs a value" },
	{ { "r", "--log" }, "option \"--log\" needs a value" },
	{ { "r", "create" }, "create: no container id given" },
	{ { "r", "run", "-d" }, "run: no container id given" },
	/* which makes a container, and executes a process */
	{ { "r", "create", "--help=false", "x" }, "unknown option \"--help=false\"" },
	{ { "r", "exec", "--help=false", "x", "sh" }, "unknown option \"--help=false\"" },
	{ { "r", "--what", "exec", "x", "sh" }, "unknown option \"--what\"" },
	{ { "r", "exec", "-td", "x", "sh" }, "unknown option \"-td\"" },
	{ { "r", "exec", "-tty", "x", "sh" }, "unknown option \"-tty\"" },
	{ { "r", "exec", "--tt", "x", "sh" }, "unknown option \"--tt\"" },
	{ { "r", "exec", "-u=5", "x", "sh" }, "unknown option \"-u=5\"" },
	{ { "r", "exec", "--tty=no", "x", "sh" }, "option \"--tty=no\": neither true nor false" },
	{ { "r", "exec", "--user" }, "option \"--user\" needs a value" },
	{ { "r", "exec", "-t" }, "exec: no container id given" },
};

static int count(const char *const *argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

static void same(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_true(a == b);
}

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *argv[WORDS];
		struct runtime_args args;
		struct err err = { 0 };
		int argc = count(good[i].argv);

		memcpy(argv, good[i].argv, sizeof(argv));
		assert_int_equal(runtime_args_parse(&argc, (char **)(uintptr_t)argv, &args, &err),
				 0);
		assert_int_equal(args.command, good[i].command);
		same(args.id, good[i].id);
		if (good[i].bundle)
			same(args.bundle, good[i].bundle);
		same(args.log, good[i].log);
		same(args.own_config, good[i].config);
		assert_int_equal(args.log_json, good[i].json);
		assert_int_equal(argc, good[i].argc_after);
		assert_null(argv[argc]);
		runtime_args_done(&args);
	}
}

/* The options of exec, as they stand there, and the program behind the id. */
static void test_exec(void **state)
{
	const char *argv[] = { "r",   "exec",      "-t",     "--tty=false", "-e",
			       "A=b", "--env=C=d", "--user", "1:2",         "--",
			       "ctr", "program",   "-e",     "x",           NULL };
	struct runtime_args args;
	struct err err = { 0 };
	int argc = count(argv);

	assert_int_equal(runtime_args_parse(&argc, (char **)(uintptr_t)argv, &args, &err), 0);
	assert_int_equal(args.exec_at, 1);
	assert_int_equal(args.exec.n, 5);
	assert_true(exec_args_last(&args.exec, EXEC_TTY)->off);
	assert_string_equal(exec_args_last(&args.exec, EXEC_ENV)->value, "C=d");
	assert_int_equal(exec_args_last(&args.exec, EXEC_ENV)->n, 1);
	assert_int_equal(exec_args_last(&args.exec, EXEC_USER)->n, 2);
	assert_null(exec_args_last(&args.exec, EXEC_PROCESS));
	assert_string_equal(args.id, "ctr");
	assert_int_equal(args.exec.n_args, 3);
	assert_string_equal(args.exec.args[0], "program");
	runtime_args_done(&args);
}

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *argv[WORDS];
		struct runtime_args args;
		struct err err = { 0 };
		int argc = count(bad[i].argv);

		memcpy(argv, bad[i].argv, sizeof(argv));
		assert_int_equal(runtime_args_parse(&argc, (char **)(uintptr_t)argv, &args, &err),
				 -EINVAL);
		assert_int_equal(err.class, ERR_INPUT);
		if (!strstr(err.text, bad[i].error))
			fail_msg("case %zu: %s", i, err.text);
		runtime_args_done(&args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
