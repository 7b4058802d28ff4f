/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that engines keep of their containers: found, opened, parsed.
 */
#include "hooks/labels_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <time.h>

#include "lib/file.h"

#define LEVELS_MAX 6
/* Between two looks at a file that is not whole. */
#define PAUSE_MSEC 25

int record_join(char out[PATH_MAX], struct err *err, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(out, PATH_MAX, fmt, args);
	va_end(args);
	if (n < 0 || n >= PATH_MAX)
		return err_system(err, ENAMETOOLONG, "a path of more than %d bytes", PATH_MAX);
	return 0;
}

/* What cannot be looked at is there: opening it will say why. */
static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool record_above(const char *path, const char *name, char out[PATH_MAX])
{
	struct err ignored = { 0 };
	char file[PATH_MAX];
	char *slash;

	if (path[0] != '/' || record_join(out, &ignored, "%s", path) < 0)
		return false;
	for (size_t i = 0; i < LEVELS_MAX; i++) {
		slash = strrchr(out, '/');
		if (!slash || slash == out)
			return false;
		*slash = '\0';
		if (record_join(file, &ignored, "%s/%s", out, name) == 0 && is_there(file))
			return true;
	}
	return false;
}

int record_open(const char *path, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = file_open(AT_FDCWD, path, &fd, &st, err);
	if (r < 0)
		return r;
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_system(err, EPERM,
				  "%s may be written by others than root: what is in it is not "
				  "the engine's word (chown root, chmod go-w)",
				  Q(path));
	*ret_fd = take_fd(&fd);
	return 0;
}

static int parse_once(const char *path, struct doc **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = 0;
	int r;

	r = record_open(path, &fd, err);
	if (r == 0)
		r = fd_read_all(fd, path, FILE_MAX_BYTES, &text, &len, err);
	return r < 0 ? r : doc_parse(ret, path, text, len, err);
}

int record_parse(const char *path, struct doc **ret, struct err *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MSEC * 1000 * 1000 };
	struct err why = { 0 };
	int r = 0;

	for (int waited = 0; waited <= RECORD_WAIT_MSEC; waited += PAUSE_MSEC) {
		err_clear(&why);
		r = parse_once(path, ret, &why);
		if (r != -EBADMSG)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (r < 0)
		*err = why;
	return r;
}

const char *text_of(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_STRING) ? node->string : NULL;
}

const char *digest_hex(const char *text)
{
	const char prefix[] = "sha256:";

	if (!text || !starts_with(text, prefix) || !is_long_id(text + strlen(prefix)))
		return NULL;
	return text + strlen(prefix);
}
