/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the ledger could not take.
 *
 * MUST NOT lose a count between who counts and who takes: the file is moved away before it is read.
 */
#include "audit/missed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "lib/file.h"

#define MISSED_NAME "missed"

void missed_count(const char *state_dir)
{
	_cleanup_close_ int dir = -1, fd = -1;
	struct err ignored = { 0 };

	if (!state_dir || dir_make_open(state_dir, 0700, &dir, &ignored) < 0)
		return;
	fd = openat(dir, MISSED_NAME,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		    0600);
	if (fd >= 0)
		(void)fd_write_all(fd, MISSED_NAME, "1", 1, &ignored);
}

uint64_t missed_take(const char *state_dir)
{
	_cleanup_close_ int dir = -1;
	char taken[64];
	struct stat st;

	if (!state_dir)
		return 0;
	dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	(void)snprintf(taken, sizeof(taken), MISSED_NAME ".%d", (int)getpid());
	if (renameat(dir, MISSED_NAME, dir, taken) < 0)
		return 0;
	if (fstatat(dir, taken, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	(void)unlinkat(dir, taken, 0);
	return (uint64_t)st.st_size;
}
