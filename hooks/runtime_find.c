/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real runtime behind coaming-runtime: root's own program, found without the environment.
 */
#include "hooks/runtime_find.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "lib/buf.h"

static const char *const directories[] = {
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
};

static bool is_ourselves(const struct stat *st)
{
	struct stat self;

	return stat("/proc/self/exe", &self) == 0 && self.st_dev == st->st_dev &&
	       self.st_ino == st->st_ino;
}

/* 1: this is it; 0: not there */
static int look(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_errno(err, errno, "cannot look at runtime %s", Q(path));
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return 0;
	if (is_ourselves(&st))
		return err_input(err, EPERM,
				 "runtime %s is coaming-runtime itself: name the real one in "
				 "\"runtimes\" of coaming.json",
				 Q(path));
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_input(err, EPERM,
				 "runtime %s may be changed by others than root (chown root, "
				 "chmod go-w)",
				 Q(path));
	return 1;
}

static int look_for_name(const char *name, char **ret_path, struct err *err)
{
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directories[i], name);
		r = look(path, err);
		if (r < 0)
			return r;
		if (r > 0) {
			*ret_path = strdup(path);
			return *ret_path ? 1 : err_oom(err);
		}
	}
	return 0;
}

int runtime_find(char *const *names, size_t n, char **ret_path, struct err *err)
{
	_cleanup_buf_ struct buf tried = { 0 };
	int r;

	for (size_t i = 0; i < n; i++) {
		if (names[i][0] == '/') {
			r = look(names[i], err);
			if (r > 0) {
				*ret_path = strdup(names[i]);
				return *ret_path ? 0 : err_oom(err);
			}
		} else {
			r = look_for_name(names[i], ret_path, err);
			if (r > 0)
				return 0;
		}
		if (r < 0)
			return r;
		buf_addf(&tried, "%s%s", i ? ", " : "", names[i]);
	}
	if (buf_status(&tried) < 0)
		return err_oom(err);
	return err_system(err, ENOENT,
			  "no OCI runtime found (tried %s): install crun or runc, or name one in "
			  "\"runtimes\" of coaming.json",
			  tried.data ? tried.data : "none");
}
