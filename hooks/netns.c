/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces.
 *
 * MUST compare on the opened descriptor: a path can lead elsewhere the next time it is followed.
 */
#include "hooks/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "hooks/process.h"
#include "hooks/procfs.h"
#include "lib/file.h"

/* 2 ms each: 5 s in all. */
#define LOCK_TRIES 2500

/* ---- opening and comparing ---- */

static int check_type(int fd, struct err *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC ||
	    ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_system(err, EINVAL, "this is not a network namespace");
	return 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) != 0;
}

int netns_open_of_pid(pid_t pid, int pidfd, int *ret_fd, struct err *err)
{
	_cleanup_close_ int proc = -1, fd = -1;
	char name[32];
	int r;

	r = procfs_open(&proc, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%d/ns/net", (int)pid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "cannot open the network namespace of process %d",
				 (int)pid);
	if (has_ended(pidfd))
		return err_system(err, ESRCH, "the container's process %d is gone", (int)pid);
	r = check_type(fd, err);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

void netns_return(int own)
{
	for (int tries = 0; tries < 10; tries++)
		if (setns(own, CLONE_NEWNET) == 0)
			return;
	/* It cannot even be recorded: what is left to do would be done to a container's network. */
	(void)fprintf(stderr, "%s: cannot return to the host's network namespace: %m\n",
		      program_invocation_short_name);
	_exit(ERR_SYSTEM);
}

int netns_make(int *ret_fd, struct err *err)
{
	static const char path[] = "/proc/thread-self/ns/net";
	_cleanup_close_ int own = open(path, O_RDONLY | O_CLOEXEC), fd = -1;

	if (own < 0 || unshare(CLONE_NEWNET) < 0)
		return err_errno(err, errno, "cannot make a network namespace");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	netns_return(own);
	if (fd < 0)
		return err_errno(err, errno, "cannot open a network namespace");
	*ret_fd = take_fd(&fd);
	return 0;
}

int netns_inode(int fd, uint64_t *ret, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat a network namespace");
	*ret = st.st_ino;
	return 0;
}

/* 1: it is that process's; 0: it is not; -EACCES: the process may not be looked at */
static int same_as(int proc, const char *process, const struct stat *st)
{
	char name[32];
	struct stat other;

	(void)snprintf(name, sizeof(name), "%s/ns/net", process);
	if (fstatat(proc, name, &other, 0) < 0)
		return -errno;
	return st->st_dev == other.st_dev && st->st_ino == other.st_ino;
}

int netns_is_host(int fd, bool *ret, struct err *err)
{
	_cleanup_close_ int proc = -1;
	struct stat st;
	int own, init, r;

	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat a network namespace");
	r = procfs_open(&proc, err);
	if (r < 0)
		return r;
	own = same_as(proc, "self", &st);
	if (own < 0)
		return err_errno(err, -own, "cannot look at the host's network namespace");
	/*
	 * A caller that lacks one of pid 1's capabilities (in an outer container, say) may not look
	 * at it (PTRACE_MODE_READ). For such a one the network it runs in is the host's.
	 */
	init = same_as(proc, "1", &st);
	if (init < 0 && init != -EACCES && init != -EPERM)
		return err_errno(err, -init, "cannot look at the network namespace of pid 1");
	*ret = own > 0 || init > 0;
	return 0;
}

/* ---- pins ---- */

static void pins_path(const char *state_dir, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/netns", state_dir);
}

/* Is the directory a mount of its own? Then its device or its parent's mount id differs. */
static int mount_id(int dirfd, const char *name, uint64_t *ret, struct err *err)
{
	struct statx st;

	if (statx(dirfd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		return err_errno(err, errno, "cannot look at the mount of the pins");
	*ret = st.stx_mnt_id;
	return 0;
}

/*
 * Mounts made in a shared mount propagate into every container's mount namespace that was copied
 * from ours, and could not be removed from there. So the directory is mounted upon itself, private.
 */
static int make_private(int dirfd, const char *path, struct err *err)
{
	uint64_t here = 0, above = 0;
	int r;

	r = mount_id(dirfd, "", &here, err);
	if (r == 0)
		r = mount_id(dirfd, "..", &above, err);
	if (r < 0)
		return r;
	if (here == above && mount(path, path, NULL, MS_BIND, NULL) < 0)
		return err_errno(err, errno, "cannot mount %s upon itself", Q(path));
	/* Always: a hook that was killed between the two has left it shared. */
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		return err_errno(err, errno, "cannot make the mount %s private", Q(path));
	return 0;
}

/* Held for a mount(2) or two; a holder that is stopped must not stop every start for ever. */
static int lock_wait(int fd, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, errno, "cannot lock the pins");
		(void)nanosleep(&pause, NULL);
	}
	return err_system(err, ETIMEDOUT, "the lock of the network namespace pins is not given up");
}

/* Two hooks at once must not mount it twice. The lock goes with the descriptor. */
static int open_pins(const char *state_dir, int *ret_fd, char path[PATH_MAX], struct err *err)
{
	_cleanup_close_ int fd = -1, lock = -1, parent = -1;
	int r;

	pins_path(state_dir, path);
	r = dir_make_open(state_dir, 0700, &parent, err);
	if (r < 0)
		return r;
	lock = openat(parent, "netns.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_errno(err, errno, "cannot open \"netns.lock\" in %s", Q(state_dir));
	r = lock_wait(lock, err);
	if (r == 0)
		r = dir_make_open(path, 0700, &fd, err);
	if (r == 0)
		r = make_private(fd, path, err);
	if (r < 0)
		return r;
	/* Again: the first descriptor is of the directory below the new mount. */
	closep(&fd);
	fd = -1;
	r = dir_make_open(path, 0700, &fd, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 128 && strspn(name, "0123456789abcdef") == len;
}

static int check_name(const char *name, struct err *err)
{
	return name_is_valid(name) ? 0 : err_system(err, EINVAL, "%s is no name of a pin", Q(name));
}

static int remove_pin(const char *dir, const char *name, struct err *err)
{
	char path[PATH_MAX + 160];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* EINVAL: a file without a mount, left by a hook that was killed between the two. */
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno != EINVAL && errno != ENOENT)
		return err_errno(err, errno, "cannot unmount %s", Q(path));
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot remove %s", Q(path));
	return 0;
}

int netns_pin(int fd, const char *state_dir, const char *name, struct err *err)
{
	_cleanup_close_ int dir = -1, file = -1;
	char path[PATH_MAX], target[PATH_MAX + 160], source[64];
	int r;

	r = check_name(name, err);
	if (r == 0)
		r = open_pins(state_dir, &dir, path, err);
	if (r == 0)
		r = remove_pin(path, name, err);
	if (r < 0)
		return r;
	file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return err_errno(err, errno, "cannot make pin %s in %s", name, Q(path));
	(void)snprintf(target, sizeof(target), "%s/%s", path, name);
	(void)snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	if (mount(source, target, NULL, MS_BIND, NULL) < 0) {
		r = err_errno(err, errno, "cannot pin the network namespace at %s", Q(target));
		(void)unlinkat(dir, name, 0);
		return r;
	}
	return 0;
}

int netns_pins_open(const char *state_dir, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	int r;

	pins_path(state_dir, path);
	r = dir_open_trusted(path, ret_fd, err);
	if (r == -ENOENT)
		err_clear(err);
	return r;
}

int netns_pin_open_at(int pins, const char *name, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct err no_pin = { 0 };
	int r;

	r = check_name(name, err);
	if (r < 0)
		return r;
	fd = openat(pins, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_errno(err, errno, "cannot open pin %s", name);
	/* A file without a mount, left by a hook that was killed between the two, is no pin. */
	if (check_type(fd, &no_pin) < 0)
		return -ENOENT;
	*ret_fd = take_fd(&fd);
	return 0;
}

int netns_pin_open(const char *state_dir, const char *name, int *ret_fd, struct err *err)
{
	_cleanup_close_ int pins = -1;
	int r;

	r = netns_pins_open(state_dir, &pins, err);
	return r < 0 ? r : netns_pin_open_at(pins, name, ret_fd, err);
}

/* Fields of proc_pid_mountinfo(5): the fourth is the root, "net:[INODE]", the fifth the place. */
static bool is_other_mount(const char *line, const char *root, const char *pin)
{
	for (int i = 0; line && i < 3; i++) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	if (!line || !starts_with(line, root))
		return false;
	line += strlen(root);
	return strncmp(line, pin, strlen(pin)) != 0 || line[strlen(pin)] != ' ';
}

static int is_mounted_elsewhere(uint64_t inode, const char *pin, bool *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char root[64];
	size_t len;
	int r;

	(void)snprintf(root, sizeof(root), "net:[%llu] ", (unsigned long long)inode);
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", FILE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	*ret = false;
	for (char *line = text, *end; line && *line && !*ret; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		*ret = is_other_mount(line, root, pin);
	}
	return 0;
}

int netns_is_used(int fd, const char *state_dir, const char *name, bool *ret, struct err *err)
{
	char path[PATH_MAX], pin[PATH_MAX];
	uint64_t inode = 0;
	int r;

	pins_path(state_dir, path);
	(void)snprintf(pin, sizeof(pin), "%.*s/%s", PATH_MAX - NAME_MAX - 2, path, name);
	r = netns_inode(fd, &inode, err);
	if (r == 0)
		r = is_mounted_elsewhere(inode, pin, ret, err);
	if (r == 0 && !*ret)
		r = process_shares_netns(inode, 0, 0, ret, err);
	return r;
}

int netns_unpin(const char *state_dir, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r;

	r = check_name(name, err);
	if (r < 0)
		return r;
	pins_path(state_dir, path);
	return remove_pin(path, name, err);
}

int netns_is_pinned(const char *state_dir, int fd, bool *ret, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	char path[PATH_MAX];
	struct stat st, pin;

	*ret = false;
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat a network namespace");
	pins_path(state_dir, path);
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_errno(err, errno, "cannot list %s", Q(path));
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (name_is_valid(entry->d_name) &&
		    fstatat(dirfd(dir), entry->d_name, &pin, AT_SYMLINK_NOFOLLOW) == 0 &&
		    pin.st_dev == st.st_dev && pin.st_ino == st.st_ino)
			*ret = true;
	}
	return 0;
}
