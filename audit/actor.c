/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asked for the container.
 *
 * MUST take user ids from the kernel alone, and quote what callers say of themselves.
 * MUST read the real /proc, whatever is mounted on that path.
 */
#include "audit/actor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include "lib/buf.h"

/* A shell in a sudo in a shell in a session is below this; more is a loop or a game. */
#define CHAIN_MAX    16
#define STATUS_BYTES 4096
/* What the kernel says where nobody has logged in: (uid_t)-1. */
#define UNSET   "4294967295"
#define UNKNOWN "unknown (daemon)"

struct caller {
	char name[64];
	unsigned long uid, parent;
};

static int open_proc(struct err *err)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return err_errno(err, errno, "cannot open /proc");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		closep(&fd);
		return err_system(err, ENODEV, "/proc is not the kernel's");
	}
	return fd;
}

static bool read_small(int proc, const char *name, char *out, size_t size)
{
	_cleanup_close_ int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;

	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool read_number(const char *status, const char *key, unsigned long *ret)
{
	const char *p = strstr(status, key);
	char *end;

	if (!p)
		return false;
	p += strlen(key);
	errno = 0;
	*ret = strtoul(p, &end, 10);
	return end != p && errno == 0;
}

/* "Name:\tpodman\n": the kernel has escaped backslash and line feed, so that one line it stays. */
static void read_name(const char *status, char *out, size_t size)
{
	const char *p = starts_with(status, "Name:\t") ? status + strlen("Name:\t") : "?\n";
	size_t o = 0;

	for (; *p && *p != '\n' && o + 1 < size; p++)
		out[o++] = *p > ' ' && *p < 0x7f && *p != '<' ? *p : '?';
	out[o] = '\0';
}

static bool read_caller(int proc, unsigned long pid, struct caller *ret)
{
	char path[32], status[STATUS_BYTES];

	(void)snprintf(path, sizeof(path), "%lu/status", pid);
	if (!read_small(proc, path, status, sizeof(status)))
		return false;
	read_name(status, ret->name, sizeof(ret->name));
	return read_number(status, "\nUid:\t", &ret->uid) &&
	       read_number(status, "\nPPid:\t", &ret->parent);
}

/* The callers from our own parent up to, and without, the first process. */
static int add_chain(struct record *record, int proc, struct err *err)
{
	_cleanup_buf_ struct buf chain = { 0 };
	unsigned long pid = (unsigned long)getppid(), user = 0;
	unsigned n = 0;
	int r;

	for (struct caller c; n < CHAIN_MAX && pid > 1 && read_caller(proc, pid, &c); n++) {
		buf_addf(&chain, "%s%lu:%s", n > 0 ? " < " : "", c.uid, c.name);
		/* The nearest caller who is not root asked root to do it. */
		if (user == 0)
			user = c.uid;
		pid = c.parent;
	}
	if (buf_status(&chain) < 0)
		return err_oom(err);
	if (n == 0) {
		r = record_add(record, "COAMING_ACTOR_UID", UNKNOWN, err);
		return r < 0 ? r : record_add(record, "COAMING_ACTOR_CHAIN", UNKNOWN, err);
	}
	r = record_addf(record, err, "COAMING_ACTOR_UID", "%lu", user);
	return r < 0 ? r : record_addn(record, "COAMING_ACTOR_CHAIN", chain.data, chain.len, err);
}

/* Set once by pam_loginuid, inherited by every child, and not to be changed by them. */
static int add_login(struct record *record, int proc, const char *field, const char *file,
		     struct err *err)
{
	char text[32];
	bool known = read_small(proc, file, text, sizeof(text));

	text[strcspn(text, "\n")] = '\0';
	return record_add(record, field, known && !streq(text, UNSET) ? text : UNKNOWN, err);
}

int actor_add(struct record *record, struct err *err)
{
	_cleanup_close_ int proc = open_proc(err);
	int r;

	if (proc < 0)
		return proc;
	r = add_login(record, proc, "COAMING_ACTOR_LOGINUID", "self/loginuid", err);
	r = r < 0 ? r : add_login(record, proc, "COAMING_ACTOR_SESSION", "self/sessionid", err);
	return r < 0 ? r : add_chain(record, proc, err);
}
