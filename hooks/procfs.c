/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of procfs.
 */
#include "hooks/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "lib/file.h"

int procfs_open(int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return err_errno(err, errno, "cannot open \"/proc\"");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_system(err, EINVAL, "\"/proc\" is not a proc file system");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_below(int dir, const char *name, uint64_t flags)
{
	const struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

int procfs_open_process(int procfs, const struct process *process, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char name[16];

	(void)snprintf(name, sizeof(name), "%d", (int)process->pid);
	fd = open_below(procfs, name, O_PATH | O_DIRECTORY);
	if ((fd < 0 && errno == ENOENT) || (fd >= 0 && !process_lives(process)))
		return err_system(err, ESRCH, "the container's process %d is gone",
				  (int)process->pid);
	if (fd < 0)
		return err_errno(err, errno, "cannot open \"/proc/%s\"", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

int procfs_read(int dir, const char *name, char **ret_text, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = open_below(dir, name, O_RDONLY | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, errno, "cannot open %s of the process in \"/proc\"", name);
	return fd_read_all(fd, name, PROCFS_MAX_BYTES, ret_text, ret_len, err);
}
