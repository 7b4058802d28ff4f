/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a host below any directory.
 *
 * MUST NOT follow a link out of that directory, nor block on what is no file.
 */
#include "cli/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "lib/file.h"
#include "lib/strv.h"

int below_root(const char *path, int *ret_fd, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		(void)err_input(err, errno, "%s is no directory to look below", Q(path));
		return -EINVAL;
	}
	*ret_fd = fd;
	return 0;
}

int below_open(int root_fd, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int below_read(int root_fd, const char *path, char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = below_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ENXIO)
		return 0;
	if (fd < 0)
		return err_errno(err, -fd, "cannot open %s", Q(path));
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(path));
	if (!S_ISREG(st.st_mode))
		return 0;
	r = fd_read_all(fd, path, BELOW_MAX_BYTES, ret_text, ret_len, err);
	return r < 0 ? r : 1;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && streq(text + n - m, suffix);
}

int below_list(int root_fd, const char *path, const char *suffix, char ***v, size_t *n,
	       struct err *err)
{
	int fd = below_open(root_fd, path, O_RDONLY | O_DIRECTORY);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int r = 0;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return err_errno(err, -fd, "cannot read the directory %s", Q(path));
	if (!dir) {
		(void)close(fd);
		return err_oom(err);
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !ends_with(entry->d_name, suffix))
			continue;
		if (*n >= BELOW_MAX_FILES)
			return err_input(err, E2BIG, "%s: over %d files", Q(path), BELOW_MAX_FILES);
		r = strv_add(v, n, entry->d_name, err);
	}
	return r;
}

bool below_exists(int root_fd, const char *path)
{
	_cleanup_close_ int fd = below_open(root_fd, path, O_PATH | O_NOFOLLOW);

	return fd >= 0;
}
