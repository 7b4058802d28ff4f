/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories, opened once and then worked on by descriptor.
 *
 * MUST check what it opened, never a name it opened before or will open later.
 * MUST NOT follow a symbolic link in a last component, nor block on a FIFO.
 */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define READ_FIRST 4096

int fd_read_all(int fd, const char *what, size_t max_bytes, char **ret_text, size_t *ret_len,
		struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0, size = READ_FIRST;
	struct stat st;

	/* A regular file tells its size: one allocation, and one read() more to see its end. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (size_t)st.st_size <= max_bytes)
		size = (size_t)st.st_size + 2;
	for (;;) {
		char *grown = realloc(text, size);
		ssize_t n;

		if (!grown) {
			return err_oom(err);
		}
		text = grown;
		while (len + 1 < size) {
			n = read(fd, text + len, size - len - 1);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return err_errno(err, errno, "cannot read %s", Q(what));
			if (n == 0)
				goto end;
			len += (size_t)n;
			if (len > max_bytes)
				return err_input(err, E2BIG, "%s is longer than %zu bytes", Q(what),
						 max_bytes);
		}
		size *= 2;
	}
end:
	text[len] = '\0';
	*ret_text = take_ptr(text);
	*ret_len = len;
	return 0;
}

int fd_write_all(int fd, const char *what, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot write %s", Q(what));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* O_NONBLOCK: a FIFO opens at once and is then refused by its type. */
static int open_shown(int dirfd, const char *name, const char *shown, int *ret_fd,
		      struct stat *ret_st, struct err *err)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ELOOP)
		return err_input(err, ELOOP, "%s is a symbolic link, which is not followed here",
				 Q(shown));
	if (fd < 0 && errno == ENXIO)
		return err_input(err, ENXIO, "%s is not a regular file", Q(shown));
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG))
		return err_input(err, errno, "cannot open %s: %s", Q(shown), strerror(errno));
	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", Q(shown));
	if (fstat(fd, ret_st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(shown));
	if (!S_ISREG(ret_st->st_mode))
		return err_input(err, EINVAL, "%s is not a regular file", Q(shown));
	*ret_fd = take_fd(&fd);
	return 0;
}

int file_open(int dirfd, const char *name, int *ret_fd, struct stat *ret_st, struct err *err)
{
	return open_shown(dirfd, name, name, ret_fd, ret_st, err);
}

int file_read(int dirfd, const char *name, size_t max_bytes, char **ret_text, size_t *ret_len,
	      struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = file_open(dirfd, name, &fd, &st, err);
	if (r < 0)
		return r;
	return fd_read_all(fd, name, max_bytes, ret_text, ret_len, err);
}

/*
 * A directory above a trusted file may be writable by others only when it is sticky (/tmp,
 * /var/tmp): there nobody can rename or replace what another owns. The directory that holds the
 * file itself may not, since anyone could add a file to it.
 */
static int check_trust(const struct stat *st, const char *shown, bool above, struct err *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_input(err, EPERM,
				 "%s is owned by uid %u: whatever has root's power must be root's "
				 "(chown root)",
				 Q(shown), st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(above && (st->st_mode & S_ISVTX)))
		return err_input(err, EPERM,
				 "%s may be written by others (mode %04o): whatever has root's "
				 "power must be root's alone (chmod go-w)",
				 Q(shown), st->st_mode & 07777);
	return 0;
}

/* Open one component below dirfd and check it on the descriptor. */
static int descend(int *dirfd, const char *path, const char *name, size_t end, bool last,
		   struct err *err)
{
	char shown[4096];
	struct stat st;
	int fd, r;

	(void)snprintf(shown, sizeof(shown), "%.*s", (int)end, path);
	fd = openat(*dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		int e = errno;

		if (e == ELOOP || e == ENOTDIR) {
			return err_input(err, e,
					 "%s is a symbolic link or no directory, which is not "
					 "followed to what has root's power: name its real path",
					 Q(shown));
		}
		return err_errno(err, e, "cannot open directory %s", Q(shown));
	}
	closep(dirfd);
	*dirfd = fd;
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(shown));
	r = check_trust(&st, shown, !last, err);
	return r;
}

/* Walk every component of path[0..len) from the root. */
static int walk_trusted(const char *path, size_t len, int *ret_fd, struct err *err)
{
	_cleanup_close_ int dirfd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i = 0;
	int r;

	if (path[0] != '/')
		return err_input(err, EINVAL, "%s is not an absolute path", Q(path));
	if (dirfd < 0)
		return err_errno(err, errno, "cannot open \"/\"");
	while (i < len) {
		char name[256];
		size_t n;

		while (i < len && path[i] == '/')
			i++;
		n = strcspn(path + i, "/");
		if (n > len - i)
			n = len - i;
		if (n == 0)
			break;
		if (n >= sizeof(name))
			return err_input(err, ENAMETOOLONG, "%s has a component of over 255 bytes",
					 Q(path));
		memcpy(name, path + i, n);
		name[n] = '\0';
		if (streq(name, "..") || streq(name, "."))
			return err_input(err, EINVAL, "%s is not a normalised path", Q(path));
		i += n;
		r = descend(&dirfd, path, name, i,
			    path[i + strspn(path + i, "/")] == '\0' || i >= len, err);
		if (r < 0)
			return r;
	}
	*ret_fd = take_fd(&dirfd);
	return 0;
}

int dir_open_trusted(const char *path, int *ret_fd, struct err *err)
{
	return walk_trusted(path, strlen(path), ret_fd, err);
}

int file_read_trusted_at(int dirfd, const char *dir_path, const char *name, size_t max_bytes,
			 char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char shown[4096];
	struct stat st;
	int r;

	(void)snprintf(shown, sizeof(shown), "%s%s%s", dir_path,
		       dir_path[0] && dir_path[strlen(dir_path) - 1] == '/' ? "" : "/", name);
	r = open_shown(dirfd, name, shown, &fd, &st, err);
	if (r < 0)
		return r;
	r = check_trust(&st, shown, false, err);
	if (r < 0)
		return r;
	return fd_read_all(fd, shown, max_bytes, ret_text, ret_len, err);
}

int file_read_trusted(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len,
		      struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	const char *slash = strrchr(path, '/');
	char dir[4096];
	int r;

	if (!slash || slash[1] == '\0')
		return err_input(err, EINVAL, "%s is not the absolute path of a file", Q(path));
	r = walk_trusted(path, (size_t)(slash - path), &dirfd, err);
	if (r < 0)
		return r;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return file_read_trusted_at(dirfd, dir, slash + 1, max_bytes, ret_text, ret_len, err);
}

/* A name nobody else uses at the same time: pid and the clock; O_EXCL decides. */
static void temporary_name(char *out, size_t size, const char *name, unsigned attempt)
{
	(void)snprintf(out, size, ".%.200s.%d.%u.tmp", name, (int)getpid(), attempt);
}

static int write_new(int fd, const char *name, const void *data, size_t len, mode_t mode, uid_t uid,
		     gid_t gid, bool sync, struct err *err)
{
	int r;

	r = fd_write_all(fd, name, data, len, err);
	if (r < 0)
		return r;
	/* The owner first: changing it afterwards would clear mode bits. */
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) < 0)
		return err_errno(err, errno, "cannot give %s its owner", Q(name));
	if (fchmod(fd, mode) < 0)
		return err_errno(err, errno, "cannot give %s its mode", Q(name));
	if (sync && fdatasync(fd) < 0)
		return err_errno(err, errno, "cannot write %s to disk", Q(name));
	return 0;
}

int file_write_atomic(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		      uid_t uid, gid_t gid, bool sync, struct err *err)
{
	char tmp[256];
	_cleanup_close_ int fd = -1;
	int r;

	for (unsigned attempt = 0; attempt < 16; attempt++) {
		temporary_name(tmp, sizeof(tmp), name, attempt);
		fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd < 0)
		return err_errno(err, errno, "cannot make a file beside %s", Q(name));
	r = write_new(fd, name, data, len, mode, uid, gid, sync, err);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = err_errno(err, errno, "cannot put %s in its place", Q(name));
	if (r < 0)
		(void)unlinkat(dirfd, tmp, 0);
	return r;
}

static int make_one(const char *path, size_t len, mode_t mode, struct err *err)
{
	char part[4096];

	if (len >= sizeof(part))
		return err_input(err, ENAMETOOLONG, "%s is too long", Q(path));
	memcpy(part, path, len);
	part[len] = '\0';
	if (mkdir(part, mode) == 0)
		return chmod(part, mode) < 0
			       ? err_errno(err, errno, "cannot set mode of %s", Q(part))
			       : 0;
	if (errno != EEXIST)
		return err_errno(err, errno, "cannot make directory %s", Q(part));
	return 0;
}

int dir_make_open(const char *path, mode_t mode, int *ret_fd, struct err *err)
{
	struct err ignored = { 0 };
	size_t len = strlen(path);
	int r;

	/* The common case costs only the walk that has to check it anyway. */
	r = walk_trusted(path, len, ret_fd, &ignored);
	if (r != -ENOENT) {
		if (r < 0)
			*err = ignored;
		return r;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		r = make_one(path, i, i == len ? mode : 0755, err);
		if (r < 0)
			return r;
	}
	return walk_trusted(path, len, ret_fd, err);
}
