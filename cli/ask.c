/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to another program, whose answer and complaint go to anonymous files: nobody ever
 * waits for the other end of a pipe.
 */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>

#include "lib/child.h"
#include "lib/file.h"

static int spawn(const struct ask *ask, int out, int errors, pid_t *ret_pid, struct err *err)
{
	char *argv[ASK_ARGS_MAX + 2] = { (char *)(uintptr_t)ask->program };
	char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	int r;

	for (size_t i = 0; i < ASK_ARGS_MAX && ask->args[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)ask->args[i];
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return err_errno(err, r, "cannot start %s", Q(ask->program));
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(ret_pid, ask->program, &actions, NULL, argv, no_environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : err_errno(err, r, "cannot start %s", Q(ask->program));
}

int ask_run(const struct ask *ask, char **ret_out, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int out = memfd_create("output", MFD_CLOEXEC);
	_cleanup_close_ int errors = memfd_create("errors", MFD_CLOEXEC);
	int r, status = 0;
	pid_t pid = -1;

	if (out < 0 || errors < 0)
		return err_errno(err, errno, "cannot make an anonymous file");
	r = spawn(ask, out, errors, &pid, err);
	if (r == 0)
		r = child_wait(pid, ask->program, ask->wait_seconds, &status, err);
	if (r < 0)
		return r;
	r = child_check(errors, Q(ask->program), status, err);
	if (r < 0 || !ret_out)
		return r;
	return child_output(out, ask->program, ask->out_max_bytes, ret_out, ret_len, err);
}
