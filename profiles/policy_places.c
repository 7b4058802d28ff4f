/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which places of the host a mount shows: a bind mount its source, an overlay the directories that
 * its options name (podman run -v /etc:/h:O), a disk all that is on it.
 *
 * MUST NOT leave one out for being written in another way: what cannot be told is "/".
 *
 * Source: Linux, Documentation/filesystems/overlayfs.rst
 */
#include "lib/strv.h"
#include "profiles/policy_internal.h"

struct places {
	const struct pass *pass;
	char ***v;
	size_t *n;
	struct err *err;
};

/* As it is written, and as the host resolves it. */
static int add_path(const struct places *places, const char *path)
{
	_cleanup_free_ char *written = path_normalise(path), *real = NULL;
	int r;

	if (!written)
		return err_oom(places->err);
	if (places->pass->facts->resolve)
		real = places->pass->facts->resolve(path);
	r = strv_add(places->v, places->n, written, places->err);
	if (r == 0 && real && !streq(real, written))
		r = strv_add(places->v, places->n, real, places->err);
	return r;
}

static int add_bind(const struct places *places, size_t mount)
{
	const struct facts *facts = places->pass->facts;
	_cleanup_free_ char *written = path_normalise(places->pass->request->mounts[mount].source);
	int r;

	if (!written)
		return err_oom(places->err);
	r = strv_add(places->v, places->n, written, places->err);
	if (r == 0 && mount < facts->n_mount_sources && facts->mount_sources[mount])
		r = strv_add(places->v, places->n, facts->mount_sources[mount], places->err);
	if (r < 0 || mount >= facts->n_mount_sources || !facts->mount_names)
		return r;
	for (size_t i = 0; r == 0 && i < facts->mount_names[mount].n; i++)
		r = strv_add(places->v, places->n, facts->mount_names[mount].v[i], places->err);
	return r;
}

/* A backslash takes the next byte for what it is; returns where the next piece starts. */
static const char *take_piece(const char *at, const char *separators, char *piece)
{
	while (*at && !strchr(separators, *at)) {
		if (*at == '\\' && at[1])
			at++;
		*piece++ = *at++;
	}
	*piece = '\0';
	return *at ? at + 1 : at;
}

/* "lowerdir=/a:/b,upperdir=/c". A relative directory is relative to what only the runtime knows. */
static int add_option(const struct places *places, const char *option, bool overlay)
{
	_cleanup_free_ char *piece = malloc(strlen(option) + 1);
	int r = 0;

	if (!piece)
		return err_oom(places->err);
	while (*option && r == 0) {
		bool is_dir;

		option = take_piece(option, "=,", piece);
		if (option[-1] != '=')
			continue;
		is_dir = overlay && strstr(piece, "dir");
		do {
			option = take_piece(option, ":,", piece);
			if (piece[0] == '/')
				r = add_path(places, piece);
			else if (piece[0] && is_dir)
				r = strv_add(places->v, places->n, "/", places->err);
		} while (r == 0 && *option && option[-1] == ':');
	}
	return r;
}

/* The kernel's own file systems have any word for a source. */
static bool has_word_for_source(const char *type)
{
	static const char *const types[] = {
		"",       "cgroup",  "cgroup2", "devpts", "fusectl",
		"mqueue", "overlay", "ramfs",   "tmpfs",  "hugetlbfs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (streq(type, types[i]))
			return true;
	}
	return false;
}

/* What a disk holds is not known, and may be the host's own root. */
static int add_device(const struct places *places, const struct request_mount *mount)
{
	const char *kernel = kernel_place(mount->type);
	size_t first = *places->n;
	bool device = streq(mount->type, "devtmpfs");
	int r = 0;

	if (device)
		r = strv_add(places->v, places->n, "/dev", places->err);
	/* The others are the host's own; these two are made for the container's namespaces. */
	if (kernel && !streq(mount->type, "proc") && !streq(mount->type, "sysfs"))
		r = strv_add(places->v, places->n, kernel, places->err);
	if (r < 0 || device || kernel || mount->source[0] != '/')
		return r;
	r = add_path(places, mount->source);
	for (size_t i = first; r == 0 && i < *places->n; i++)
		device = device || path_is_within((*places->v)[i], "/dev");
	if (r == 0 && device)
		return strv_add(places->v, places->n, "/", places->err);
	/* Any other type may show what it is given (ecryptfs). */
	if (r < 0 || !has_word_for_source(mount->type))
		return r;
	while (*places->n > first)
		free((*places->v)[--*places->n]);
	return 0;
}

int mount_places(const struct pass *pass, size_t mount, char ***ret, size_t *ret_n, struct err *err)
{
	const struct request_mount *asked = &pass->request->mounts[mount];
	const struct places places = { .pass = pass, .v = ret, .n = ret_n, .err = err };
	int r;

	*ret = NULL;
	*ret_n = 0;
	if (asked->bind)
		return add_bind(&places, mount);
	r = add_device(&places, asked);
	node_foreach (option, present(asked->node, "options")) {
		if (r == 0)
			r = add_option(&places, option->string, streq(asked->type, "overlay"));
	}
	if (r < 0)
		strv_free(ret, ret_n);
	return r;
}
