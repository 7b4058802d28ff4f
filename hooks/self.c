/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where coaming's own programs are. Found through /proc/self/exe, which is the kernel's word and
 * not argv's.
 */
#include "hooks/self.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static const char installed[] = LIBEXECDIR "/coaming";

static int beside(const char *program, char path[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return err_errno(err, errno, "cannot read \"/proc/self/exe\"");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + strlen(program) + 2 > PATH_MAX)
		return err_system(err, ENAMETOOLONG, "%s is too long a path", Q(path));
	memcpy(slash + 1, program, strlen(program) + 1);
	return 0;
}

int self_find(const char *program, char **ret_path, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = beside(program, path, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		(void)snprintf(path, sizeof(path), "%s/%s", installed, program);
	if (stat(path, &st) < 0)
		return err_errno(err, errno, "%s of coaming's own installation is missing",
				 Q(path));
	if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_system(err, EPERM, "%s may be changed by others than root", Q(path));
	*ret_path = strdup(path);
	return *ret_path ? 0 : err_oom(err);
}
