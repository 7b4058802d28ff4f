/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process left behind that sees the container's program at its execve.
 *
 * MUST hold neither the engine's descriptors nor its session, so that nobody waits for it.
 * MUST NOT outlive the container's process, nor let that go on by dying where it may not run.
 */
#include "hooks/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What the child tells of its attempt: 0 or an errno. */
struct answer {
	int errnum;
};

/* ---- the tracer ---- */

/* The lowest of those kept from `from` on; -1: there is none. */
static int next_kept(const struct tracer *tracer, const struct process *process, int pipe, int from)
{
	int least = -1;

	for (size_t i = 0; i < TRACER_KEEPS + 2; i++) {
		int fd = i < TRACER_KEEPS    ? tracer->keep[i]
			 : i == TRACER_KEEPS ? process->pidfd
					     : pipe;

		if (fd >= from && (least < 0 || fd < least))
			least = fd;
	}
	return least;
}

static int close_others(const struct tracer *tracer, const struct process *process, int pipe)
{
	int from = 3, kept;

	while ((kept = next_kept(tracer, process, pipe, from)) >= 0) {
		if (kept > from && close_range((unsigned)from, (unsigned)kept - 1, 0) < 0)
			return -errno;
		from = kept + 1;
	}
	return close_range((unsigned)from, ~0U, 0) < 0 ? -errno : 0;
}

/* Whoever has started the hook waits for the ends of its pipes, and the container's runtime may
 * unmount what a descriptor lies on. */
static int let_go(const struct tracer *tracer, const struct process *process, int pipe)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++) {
		if (dup3(null, fd, O_CLOEXEC) < 0)
			return -errno;
	}
	if (setsid() < 0)
		return -errno;
	return close_others(tracer, process, pipe);
}

static int seize(const struct tracer *tracer, const struct process *process)
{
	const long options = PTRACE_O_TRACEEXEC | (tracer->kills ? PTRACE_O_EXITKILL : 0);

	if (ptrace(PTRACE_SEIZE, process->pid, NULL, options) < 0)
		return -errno;
	/* Was it that process, and not one that has got its number since? */
	return process_lives(process) ? 0 : -ESRCH;
}

/* 1: at its execve; 0: it has ended; else a negative errno. */
static int wait_for_exec(pid_t pid)
{
	for (;;) {
		int status, event, sig;

		/* For any child, of which there is this one: where another thread executes the
		 * program, the kernel wakes nobody who waits for the number (Linux 6.18). */
		if (waitpid(-1, &status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!WIFSTOPPED(status))
			return 0;
		event = status >> 16;
		sig = WSTOPSIG(status);
		if (event == PTRACE_EVENT_EXEC)
			return 1;
		/* A stop of the whole group stays one until SIGCONT; a stop for a signal is left
		 * with that signal. What fails here has been killed meanwhile. */
		if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
			(void)ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		else
			(void)ptrace(PTRACE_CONT, pid, NULL, event == 0 ? (long)sig : 0L);
	}
}

/* Until its parent can see the end, which the kernel keeps back while it is traced. */
static void wait_for_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) >= 0 || errno == EINTR) {
		if (errno != EINTR && !WIFSTOPPED(status))
			return;
	}
}

static void stop_it(const struct process *process)
{
	(void)pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
	wait_for_end(process->pid);
}

static void trace(const struct tracer *tracer, const struct process *process)
{
	struct err lost = { 0 };
	int r;

	if (tracer->prepare)
		tracer->prepare(tracer->arg);
	r = wait_for_exec(process->pid);
	if (r == 1) {
		if (!tracer->look(tracer->arg, NULL) && tracer->kills)
			stop_it(process);
		else
			(void)ptrace(PTRACE_DETACH, process->pid, NULL, NULL);
		return;
	}
	if (r == 0 || !process_lives(process))
		return;
	/* Another thread has executed the program: the kernel keeps the number and not the tracer.
	 */
	if (tracer->kills)
		stop_it(process);
	(void)err_system(&lost, -r, "its program was executed by a thread that was not traced");
	(void)tracer->look(tracer->arg, &lost);
}

static void run(const struct tracer *tracer, const struct process *process, int pipe)
{
	struct answer answer = { 0 };
	int r = let_go(tracer, process, pipe);

	if (r == 0)
		r = seize(tracer, process);
	answer.errnum = -r;
	/* Nobody reads it any more: then nobody has let the container start either. */
	if (write(pipe, &answer, sizeof(answer)) != sizeof(answer) || r < 0)
		return;
	(void)close(pipe);
	trace(tracer, process);
}

/* ---- who leaves it behind ---- */

static int read_answer(int pipe, struct err *err)
{
	struct pollfd poll_fd = { .fd = pipe, .events = POLLIN };
	struct answer answer;
	int r;

	do {
		r = poll(&poll_fd, 1, TRACER_WAIT_MSEC);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return err_system(err, ETIMEDOUT, "its tracer did not take hold within %d s",
				  TRACER_WAIT_MSEC / 1000);
	if (read(pipe, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		return err_system(err, EIO, "its tracer has ended");
	if (answer.errnum == EPERM)
		return err_system(err, EPERM,
				  "it may not be traced: another process traces it, or "
				  "kernel.yama.ptrace_scope is 3, or a security module forbids it");
	if (answer.errnum != 0)
		return err_errno(err, answer.errnum, "it cannot be traced");
	return 0;
}

bool tracer_is_left(const struct process *process)
{
	struct stat own, its;
	char path[64];
	pid_t pid = process_tracer(process->pid);

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return pid > 0 && stat("/proc/self/exe", &own) == 0 && stat(path, &its) == 0 &&
	       own.st_dev == its.st_dev && own.st_ino == its.st_ino && process_lives(process);
}

int tracer_leave(const struct process *process, const struct tracer *tracer, struct err *err)
{
	_cleanup_close_ int in = -1, out = -1;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot make a pipe");
	in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid < 0)
		return err_errno(err, errno, "cannot start the tracer");
	if (pid == 0) {
		run(tracer, process, out);
		_exit(0);
	}
	(void)close(take_fd(&out));
	r = read_answer(in, err);
	if (r < 0) {
		(void)kill(pid, SIGKILL); /* our own child, not reaped: the number is its own */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return r;
}
