/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that a state file names.
 */
#include "hooks/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "lib/file.h"

/* One line of numbers and a name of at most 64 bytes. */
#define STAT_MAX_BYTES 4096
/* Groups may be thousands. */
#define STATUS_MAX_BYTES ((size_t)1 << 20)
/* Fields between the name's closing parenthesis and starttime. */
#define FIELDS_TO_START_TIME 20

void process_done(struct process *process)
{
	closep(&process->pidfd);
	process->pidfd = -1;
}

bool process_lives(const struct process *process)
{
	struct pollfd poll_fd = { .fd = process->pidfd, .events = POLLIN };

	/* Readable: it has ended. */
	return poll(&poll_fd, 1, 0) == 0;
}

int process_start_time(pid_t pid, uint64_t *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	char path[64];
	size_t len;
	char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, STAT_MAX_BYTES, &text, &len, &ignored) < 0)
		return err_system(err, ESRCH, "process %d is gone", (int)pid);
	/* The name may hold anything, also ") ": the last parenthesis ends it. */
	at = strrchr(text, ')');
	for (int i = 0; at && i < FIELDS_TO_START_TIME; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return err_system(err, EBADMSG, "%s has no start time", path);
	*ret = strtoull(at + 1, NULL, 10);
	return 0;
}

pid_t process_tracer(pid_t pid)
{
	static const char key[] = "\nTracerPid:";
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	const char *line;
	char path[64];
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(AT_FDCWD, path, STATUS_MAX_BYTES, &text, &len, &ignored) < 0)
		return 0;
	/* The name, which may hold anything but a newline, stands before it. */
	line = strstr(text, key);
	return line ? (pid_t)strtol(line + strlen(key), NULL, 10) : 0;
}

int process_open(pid_t pid, struct process *ret, struct err *err)
{
	_cleanup_process_ struct process process = { .pid = pid, .pidfd = -1 };
	int r;

	if (pid <= 1 || pid == getpid())
		return err_input(err, EINVAL, "pid %d is not a container's init process", (int)pid);
	process.pidfd = pidfd_open(pid, 0);
	if (process.pidfd < 0 && errno == ESRCH)
		return err_system(err, ESRCH, "the container's process %d is gone", (int)pid);
	if (process.pidfd < 0)
		return err_errno(err, errno, "cannot take hold of process %d", (int)pid);
	r = process_start_time(pid, &process.start_time, err);
	if (r < 0)
		return r;
	if (!process_lives(&process))
		return err_system(err, ESRCH, "the container's process %d is gone", (int)pid);
	*ret = process;
	process.pidfd = -1;
	return 0;
}

int process_shares_netns(uint64_t inode, pid_t pid, pid_t other, bool *ret, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = opendir("/proc");

	if (!dir)
		return err_errno(err, errno, "cannot list \"/proc\"");
	*ret = false;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char path[sizeof(entry->d_name) + sizeof("/ns/net")];
		struct stat st;
		long seen;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		seen = strtol(entry->d_name, NULL, 10);
		if (seen == pid || seen == other)
			continue;
		(void)snprintf(path, sizeof(path), "%s/ns/net", entry->d_name);
		/* One that ends meanwhile, or is a kernel thread's, is nobody's. */
		if (fstatat(dirfd(dir), path, &st, 0) == 0 && st.st_ino == inode) {
			*ret = true;
			return 0;
		}
	}
	return 0;
}
