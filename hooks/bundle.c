/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle's config.json. The directory is opened once; reading and replacing go through that
 * descriptor.
 */
#include "hooks/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/file.h"

static int absolute_path(int dirfd, const char *path, char **ret, struct err *err)
{
	char link[64], real[PATH_MAX];
	ssize_t n;

	/* What the kernel calls the opened directory: right also where `path` was relative. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n <= 0)
		return err_errno(err, errno, "cannot find the path of bundle %s", Q(path));
	real[n] = '\0';
	*ret = strdup(real);
	return *ret ? 0 : err_oom(err);
}

static int read_config(struct bundle *bundle, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	char shown[PATH_MAX + NAME_MAX + 2];
	size_t len;
	int r;

	r = file_open(bundle->dirfd, bundle->config_name, &fd, &bundle->st, err);
	if (r < 0)
		return r;
	r = fd_read_all(fd, bundle->config_name, FILE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	(void)snprintf(shown, sizeof(shown), "%s/%s", bundle->path, bundle->config_name);
	return doc_parse(&bundle->config, shown, text, len, err);
}

void bundle_done(struct bundle *bundle)
{
	closep(&bundle->dirfd);
	free(bundle->path);
	free(bundle->config_name);
	doc_free(&bundle->config);
	*bundle = (struct bundle){ .dirfd = -1 };
}

int bundle_open(const char *path, const char *config_name, struct bundle *ret, struct err *err)
{
	_cleanup_bundle_ BUNDLE(bundle);
	int r;

	if (strchr(config_name, '/'))
		return err_input(err, EINVAL,
				 "config name %s: a file of the bundle is wanted, no path",
				 Q(config_name));
	bundle.dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle.dirfd < 0)
		return err_input(err, errno, "cannot open bundle %s: %s", Q(path), strerror(errno));
	r = absolute_path(bundle.dirfd, path, &bundle.path, err);
	if (r < 0)
		return r;
	bundle.config_name = strdup(config_name);
	if (!bundle.config_name)
		return err_oom(err);
	r = read_config(&bundle, err);
	if (r < 0) {
		err_context(err, "bundle %s", Q(path));
		return r;
	}
	*ret = bundle;
	bundle = (struct bundle){ .dirfd = -1 };
	return 0;
}

int bundle_write(const struct bundle *bundle, const char *text, size_t len, struct err *err)
{
	int r;

	r = file_write_atomic(bundle->dirfd, bundle->config_name, text, len,
			      bundle->st.st_mode & 07777, bundle->st.st_uid, bundle->st.st_gid,
			      false, err);
	if (r < 0)
		err_context(err, "bundle %s", Q(bundle->path));
	return r;
}
