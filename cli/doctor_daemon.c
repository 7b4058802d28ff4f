/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine's daemon that runs, and its command line.
 *
 * Source: proc_pid_cmdline(5), proc_pid_exe(5), proc_pid_root(5)
 */
#include "cli/doctor_daemon.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/file.h"
#include "lib/strv.h"

/* A program that was replaced while it runs. */
static const char deleted[] = " (deleted)";

void daemon_done(struct daemon *daemon)
{
	strv_free(&daemon->args, &daemon->n);
	daemon->pid = 0;
}

static int split(const char *text, size_t len, struct daemon *daemon, struct err *err)
{
	const char *end = text + len;
	int r = 0;

	for (const char *at = text; r == 0 && at < end;) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return err_input(err, EBADMSG, "a command line without an end");
		if (at != text)
			r = strv_add(&daemon->args, &daemon->n, at, err);
		at = nul + 1;
	}
	return r;
}

int daemon_parse(const char *text, size_t len, struct daemon *ret, struct err *err)
{
	struct daemon daemon = { .pid = ret->pid };
	int r = split(text, len, &daemon, err);

	if (r < 0)
		daemon_done(&daemon);
	else
		*ret = daemon;
	return r;
}

/* The value within an argument ("" where it is the next one), or NULL: it is another option. */
static const char *match(const char *arg, const char *name, char letter, bool *ret_next)
{
	size_t len = strlen(name);

	*ret_next = false;
	if (arg[0] != '-')
		return NULL;
	arg++;
	if (letter && arg[0] == letter && (arg[1] == '\0' || arg[1] == '=')) {
		*ret_next = arg[1] == '\0';
		return arg + 1 + (arg[1] == '=');
	}
	arg += *arg == '-';
	if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
		return NULL;
	*ret_next = arg[len] == '\0';
	return arg + len + (arg[len] == '=');
}

const char *daemon_option(const struct daemon *daemon, const char *name, char letter, size_t *at)
{
	while (*at < daemon->n) {
		bool next;
		const char *arg = daemon->args[(*at)++], *value;

		if (streq(arg, "--"))
			break;
		value = match(arg, name, letter, &next);
		if (value && !next)
			return value;
		if (value && *at < daemon->n)
			return daemon->args[(*at)++];
	}
	*at = daemon->n;
	return NULL;
}

const char *daemon_last(const struct daemon *daemon, const char *name, char letter)
{
	const char *last = NULL, *value;

	for (size_t at = 0; (value = daemon_option(daemon, name, letter, &at));)
		last = value;
	return last;
}

/* ---- which process ---- */

static bool executes(int proc, const char *pid, const char *const programs[], size_t n)
{
	char name[32], path[PATH_MAX];
	ssize_t len;

	(void)snprintf(name, sizeof(name), "%.16s/exe", pid);
	len = readlinkat(proc, name, path, sizeof(path) - 1);
	if (len <= 0)
		return false;
	path[len] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (programs[i] && starts_with(path, programs[i]) &&
		    (path[strlen(programs[i])] == '\0' ||
		     streq(path + strlen(programs[i]), deleted)))
			return true;
	}
	return false;
}

/* A container may have a program at the same path. */
static bool is_same(int proc, const char *pid, const char *what, const char *ours)
{
	struct stat theirs, own;
	char name[32];

	(void)snprintf(name, sizeof(name), "%.16s/%s", pid, what);
	return fstatat(proc, name, &theirs, 0) == 0 && stat(ours, &own) == 0 &&
	       theirs.st_dev == own.st_dev && theirs.st_ino == own.st_ino;
}

/* Whoever else executes the program (rootless, or to be taken for the daemon) is not the host's. */
static bool is_roots(int proc, const char *pid)
{
	char name[32];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%.16s", pid);
	return fstatat(proc, name, &st, 0) == 0 && st.st_uid == 0;
}

static int find_pid(int proc, const char *const programs[], size_t n, pid_t *ret, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = fdopendir(fcntl(proc, F_DUPFD_CLOEXEC, 3));
	long lowest = 0;

	if (!dir)
		return err_errno(err, errno, "cannot list /proc");
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		long pid = isdigit((unsigned char)entry->d_name[0])
				   ? strtol(entry->d_name, NULL, 10)
				   : 0;

		if (pid <= 0 || pid > INT_MAX || (lowest && pid > lowest))
			continue;
		if (executes(proc, entry->d_name, programs, n) && is_roots(proc, entry->d_name) &&
		    is_same(proc, entry->d_name, "root", "/") &&
		    is_same(proc, entry->d_name, "ns/pid", "/proc/self/ns/pid"))
			lowest = pid;
	}
	*ret = (pid_t)lowest;
	return 0;
}

int daemon_find(const char *const programs[], size_t n, struct daemon *ret, struct err *err)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	char name[32];
	size_t len;
	int r;

	*ret = (struct daemon){ 0 };
	if (proc < 0)
		return err_errno(err, errno, "cannot open /proc");
	r = find_pid(proc, programs, n, &ret->pid, err);
	if (r < 0 || ret->pid == 0)
		return r;
	(void)snprintf(name, sizeof(name), "%d/cmdline", (int)ret->pid);
	r = file_read(proc, name, DAEMON_ARGS_MAX_BYTES, &text, &len, err);
	if (r == -ENOENT || r == -ESRCH) { /* it has ended meanwhile */
		err_clear(err);
		ret->pid = 0;
		return 0;
	}
	return r < 0 ? r : daemon_parse(text, len, ret, err);
}
