/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a helper program. Whatever it does but end with 0 in time is a failure: libraries may
 * exit(), hang, or be killed.
 */
#include "hooks/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>

#include "hooks/self.h"
#include "lib/child.h"
#include "lib/file.h"

/* What the helper is given as descriptor. */
#define HELPER_FD 3
/* Ours are moved above those, so that placing one does not overwrite another. */
#define FIRST_OWN_FD 10

/* Anonymous files instead of pipes: nobody ever waits for the other end. */
struct files {
	int in, out, errors, given;
};

static void files_done(struct files *files)
{
	closep(&files->in);
	closep(&files->out);
	closep(&files->errors);
	closep(&files->given);
}

static int make_file(const char *name, const char *text, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(err, errno, "cannot make an anonymous file");
	if (text) {
		r = fd_write_all(fd, name, text, strlen(text), err);
		if (r < 0)
			return r;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return err_errno(err, errno, "cannot rewind an anonymous file");
	}
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
	return *ret_fd < 0 ? err_errno(err, errno, "cannot duplicate a descriptor") : 0;
}

static int files_make(struct files *files, const struct helper *helper, struct err *err)
{
	int r;

	r = make_file("input", helper->input, &files->in, err);
	if (r == 0)
		r = make_file("output", NULL, &files->out, err);
	if (r == 0)
		r = make_file("errors", NULL, &files->errors, err);
	if (r < 0 || helper->fd < 0)
		return r;
	files->given = fcntl(helper->fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
	if (files->given < 0)
		return err_errno(err, errno, "cannot duplicate a descriptor");
	return 0;
}

static int spawn(const struct files *files, const char *program, const struct helper *helper,
		 pid_t *ret_pid, struct err *err)
{
	char *argv[HELPER_ARGS_MAX + 2] = { (char *)(uintptr_t)program };
	char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	int r;

	for (size_t i = 0; i < HELPER_ARGS_MAX && helper->args[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)helper->args[i];
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return err_errno(err, r, "cannot start %s", program);
	r = posix_spawn_file_actions_adddup2(&actions, files->in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, files->out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, files->errors, STDERR_FILENO);
	if (r == 0 && files->given >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, files->given, HELPER_FD);
	if (r == 0)
		r = posix_spawn(ret_pid, program, &actions, NULL, argv, no_environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : err_errno(err, r, "cannot start %s", program);
}

int helper_run(const struct helper *helper, char **ret_out, size_t *ret_len, struct err *err)
{
	_cleanup_(files_done) struct files files = { -1, -1, -1, -1 };
	_cleanup_free_ char *program = NULL;
	int r, status = 0;
	pid_t pid = -1;

	r = self_find(helper->program, &program, err);
	if (r == 0)
		r = files_make(&files, helper, err);
	if (r == 0)
		r = spawn(&files, program, helper, &pid, err);
	if (r == 0)
		r = child_wait(pid, helper->program, helper->wait_seconds, &status, err);
	if (r < 0)
		return r;
	r = child_check(files.errors, helper->program, status, err);
	if (r < 0 || !ret_out)
		return r;
	return child_output(files.out, helper->program, helper->out_max_bytes, ret_out, ret_len,
			    err);
}
