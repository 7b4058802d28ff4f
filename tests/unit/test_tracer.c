/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/tracer.c: when it looks, whom it lets run, and whom it ends.
 */
#include "hooks/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <cmocka.h>

/* What the program does that is "the container's": its shell command ends with this status. */
#define RAN 7

/* A process that waits for a byte, and then executes a program. */
struct target {
	pid_t pid;
	int go;   /* written to: on */
	int seen; /* the tracer's looks, one byte each: 'e' at the execve, 'l' lost */
	int told; /* its other end */
	struct process process;
	bool may_run;
};

static void execute(const char *command)
{
	(void)execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void *execute_in_thread(void *arg)
{
	/* Long enough for the tracer to see what has become of it. */
	execute("sleep 0.5; exit 7");
	return NULL;
}

static void handle(int sig)
{
	(void)sig; /* to be told of, not ended by */
}

static void be_target(int go, bool in_thread)
{
	pthread_t thread;
	char byte;

	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	if (!in_thread)
		execute("exit 7");
	(void)pthread_create(&thread, NULL, execute_in_thread, NULL);
	(void)pthread_join(thread, NULL);
	_exit(126);
}

static void target_open(struct target *t, bool in_thread)
{
	struct err err = { 0 };
	int go[2], seen[2];

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(seen, O_CLOEXEC), 0);
	(void)signal(SIGUSR1, handle); /* before the fork: it may come before the child has run */
	t->pid = fork();
	if (t->pid == 0) {
		(void)close(go[1]);
		be_target(go[0], in_thread);
	}
	(void)close(go[0]);
	t->go = go[1];
	t->seen = seen[0];
	t->told = seen[1];
	assert_int_equal(process_open(t->pid, &t->process, &err), 0);
}

static bool look(void *arg, const struct err *lost)
{
	const struct target *t = arg;
	char path[64], exe[64] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->pid);
	/* The program is in place by then. */
	if (!lost && (readlink(path, exe, sizeof(exe) - 1) < 0 || !strstr(exe, "sh")))
		return false;
	return write(t->told, lost ? "l" : "e", 1) == 1 && t->may_run;
}

static int leave(struct target *t, bool kills, struct err *err)
{
	const struct tracer tracer = {
		.kills = kills,
		.look = look,
		.arg = t,
		.keep = { t->told, -1, -1, -1 },
	};

	return tracer_leave(&t->process, &tracer, err);
}

static void go_on(const struct target *t)
{
	assert_int_equal(write(t->go, "x", 1), 1);
}

static int end_of(const struct target *t)
{
	int status;

	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	return status;
}

/* What the tracer saw, once it has ended. */
static const char *looks(struct target *t, char out[8])
{
	ssize_t n;

	(void)close(take_fd(&t->told));
	n = read(t->seen, out, 7);
	out[n > 0 ? n : 0] = '\0';
	while (waitpid(-1, NULL, 0) > 0) /* it is this process's own, other than a hook's */
		;
	return out;
}

static void target_close(struct target *t)
{
	closep(&t->go);
	closep(&t->seen);
	closep(&t->told);
	process_done(&t->process);
}

static void one(bool kills, bool may_run, bool in_thread, int status, const char *seen)
{
	struct target t = { .may_run = may_run };
	struct err err = { 0 };
	char saw[8];

	target_open(&t, in_thread);
	assert_int_equal(leave(&t, kills, &err), 0);
	go_on(&t);
	assert_int_equal(end_of(&t), status);
	assert_string_equal(looks(&t, saw), seen);
	target_close(&t);
}

static void test_looks(void **state)
{
	const int ran = RAN << 8;

	one(true, true, false, ran, "e");
	one(true, false, false, SIGKILL, "e");
	one(false, true, false, ran, "e");
	/* In audit mode nobody is killed, whatever was seen. */
	one(false, false, false, ran, "e");
}

/* The kernel hands the number to the thread, which nobody traces. */
static void test_lost(void **state)
{
	one(true, true, true, SIGKILL, "l");
	one(false, true, true, RAN << 8, "l");
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[512] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	(void)close(fd);
	return strstr(text, ") T ") || strstr(text, ") t ");
}

/* Signals are the process's own, stops of job control stay stops. */
static void test_signals(void **state)
{
	struct target t = { .may_run = true };
	struct err err = { 0 };
	char saw[8];

	target_open(&t, false);
	assert_int_equal(leave(&t, true, &err), 0);
	assert_int_equal(kill(t.pid, SIGUSR1), 0);
	assert_int_equal(kill(t.pid, SIGSTOP), 0);
	while (!is_stopped(t.pid))
		(void)usleep(1000);
	go_on(&t);
	(void)usleep(20000);
	while (!is_stopped(t.pid)) /* from one kind of stop to the other it runs for a moment */
		(void)usleep(1000);
	assert_int_equal(kill(t.pid, SIGCONT), 0);
	assert_int_equal(end_of(&t), RAN << 8);
	assert_string_equal(looks(&t, saw), "e");
	target_close(&t);

	t = (struct target){ .may_run = true };
	target_open(&t, false);
	assert_int_equal(leave(&t, true, &err), 0);
	assert_int_equal(kill(t.pid, SIGTERM), 0);
	assert_int_equal(end_of(&t), SIGTERM);
	assert_string_equal(looks(&t, saw), "");
	target_close(&t);
}

static pid_t tracer_of(pid_t pid)
{
	char path[64], text[4096] = "";
	const char *line;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	line = strstr(text, "TracerPid:");
	return line ? (pid_t)strtol(line + strlen("TracerPid:"), NULL, 10) : 0;
}

/* Who kills the tracer kills what may not run unseen, and in audit mode nobody. */
static void test_killed(void **state)
{
	for (int kills = 0; kills < 2; kills++) {
		struct target t = { .may_run = true };
		struct err err = { 0 };
		char saw[8];

		target_open(&t, false);
		assert_int_equal(leave(&t, kills, &err), 0);
		assert_int_equal(kill(tracer_of(t.pid), SIGKILL), 0);
		if (!kills)
			go_on(&t);
		assert_int_equal(end_of(&t), kills ? SIGKILL : RAN << 8);
		assert_string_equal(looks(&t, saw), "");
		target_close(&t);
	}
}

static void test_cannot(void **state)
{
	struct target t = { .may_run = true };
	struct err err = { 0 };

	target_open(&t, false);
	assert_int_equal(ptrace(PTRACE_SEIZE, t.pid, NULL, NULL), 0);
	assert_int_equal(leave(&t, true, &err), -EPERM);
	assert_non_null(strstr(err.text, "another process traces it"));
	assert_true(tracer_is_left(&t.process)); /* it is this very program that does */
	assert_int_equal(kill(t.pid, SIGKILL), 0);
	(void)end_of(&t);
	err_clear(&err);
	/* It is gone: its number may be another's by now. */
	assert_int_equal(leave(&t, true, &err), -ESRCH);
	target_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),   cmocka_unit_test(test_lost),
		cmocka_unit_test(test_signals), cmocka_unit_test(test_killed),
		cmocka_unit_test(test_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
