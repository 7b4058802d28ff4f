/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does before anything else when an engine has started it. Whatever is inherited
 * may have been shaped by the image: environment, descriptors, working directory, signals, limits.
 */
#include "hooks/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const struct {
	__rlimit_resource_t resource;
	rlim_t value;
	const char *name;
} limits[] = {
	/* A decision takes a few milliseconds: 10 s of computing is an attack or an error. */
	{ RLIMIT_CPU, 10, "RLIMIT_CPU" },
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory is 20 TiB of address space */
	/* FILE_MAX_BYTES of JSON become at most some 200 MiB of nodes, copies and text. */
	{ RLIMIT_AS, (rlim_t)1 << 30, "RLIMIT_AS" },
#endif
	{ RLIMIT_CORE, 0, "RLIMIT_CORE" },
	{ RLIMIT_NOFILE, 256, "RLIMIT_NOFILE" },
};

/* The meet of two filters takes some 300 KiB: the kernel grants what is asked for as it is used. */
#define STACK_BYTES ((rlim_t)1 << 20)

int harden_stack(struct rlimit *ret_old, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0)
		return err_errno(err, errno, "cannot read RLIMIT_STACK");
	if (ret_old)
		*ret_old = limit;
	if (limit.rlim_cur >= STACK_BYTES)
		return 0;
	limit.rlim_cur = STACK_BYTES;
	if (limit.rlim_max < STACK_BYTES)
		limit.rlim_max = STACK_BYTES;
	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		return err_errno(err, errno, "cannot raise RLIMIT_STACK to 1 MiB");
	return 0;
}

int harden_standard_fds(struct err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is taken, which is fd: those below exist by now. */
		if (open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			return err_errno(err, errno, "cannot open \"/dev/null\"");
	}
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own */
	/* A write to an engine that has gone, or beyond a limit, is an error to be told. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_limits(struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit old, new;

		if (getrlimit(limits[i].resource, &old) < 0)
			return err_errno(err, errno, "cannot read %s", limits[i].name);
		new.rlim_max = old.rlim_max < limits[i].value ? old.rlim_max : limits[i].value;
		new.rlim_cur = old.rlim_cur < new.rlim_max ? old.rlim_cur : new.rlim_max;
		if (setrlimit(limits[i].resource, &new) < 0)
			return err_errno(err, errno, "cannot set %s", limits[i].name);
	}
	return 0;
}

int harden_hook(struct err *err)
{
	int r;

	r = harden_standard_fds(err);
	if (r < 0)
		return r;
	if (close_range(3, ~0U, 0) < 0)
		return err_errno(err, errno, "cannot close inherited descriptors");
	if (clearenv() != 0)
		return err_errno(err, ENOMEM, "cannot clear the environment");
	(void)umask(077);
	if (chdir("/") < 0)
		return err_errno(err, errno, "cannot change to \"/\"");
	reset_signals();
	r = harden_stack(NULL, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, errno, "cannot give up privileges through exec");
	return set_limits(err);
}
