/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs, run to their end.
 */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/file.h"

#define ERRORS_MAX_BYTES ((size_t)64 << 10)

static int64_t now_msec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool ends_in_time(int pidfd, int seconds)
{
	int64_t deadline = now_msec() + (int64_t)seconds * 1000;
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - now_msec();
		int r = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;

		if (r > 0)
			return true;
		if (r == 0 || errno != EINTR)
			return false;
	}
}

int child_wait(pid_t pid, const char *what, int seconds, int *ret_status, struct err *err)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	bool ended = pidfd >= 0 && ends_in_time(pidfd, seconds);

	if (!ended)
		(void)kill(pid, SIGKILL); /* our own child, not reaped: the number is its own */
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, errno, "cannot wait for %s", what);
	}
	if (!ended)
		return err_system(err, ETIMEDOUT, "%s did not end within %d seconds", what,
				  seconds);
	return 0;
}

int child_output(int fd, const char *what, size_t max_bytes, char **ret, size_t *ret_len,
		 struct err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, errno, "cannot rewind an anonymous file");
	return fd_read_all(fd, what, max_bytes, ret, ret_len, err);
}

int child_check(int errors_fd, const char *what, int status, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	size_t len = 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (child_output(errors_fd, "errors", ERRORS_MAX_BYTES, &text, &len, &ignored) == 0 &&
	    len > 0) {
		text[strcspn(text, "\n")] = '\0';
		return err_system(err, EIO, "%.1000s", text);
	}
	if (WIFSIGNALED(status))
		return err_system(err, EIO, "%s was killed by signal %d", what, WTERMSIG(status));
	return err_system(err, EIO, "%s failed with status %d", what, WEXITSTATUS(status));
}

static int spawn(char *const argv[], int out, pid_t *ret_pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return err_errno(err, r, "cannot start %s", Q(argv[0]));
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret_pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : err_errno(err, r, "cannot start %s", Q(argv[0]));
}

int child_read(char *const argv[], int seconds, size_t max_bytes, char **ret_text, size_t *ret_len,
	       struct err *err)
{
	_cleanup_close_ int out = memfd_create("output", MFD_CLOEXEC);
	int r, status = 0;
	pid_t pid = -1;

	if (out < 0)
		return err_errno(err, errno, "cannot make an anonymous file");
	r = spawn(argv, out, &pid, err);
	if (r == 0)
		r = child_wait(pid, argv[0], seconds, &status, err);
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -ECHILD;
	return child_output(out, argv[0], max_bytes, ret_text, ret_len, err);
}
