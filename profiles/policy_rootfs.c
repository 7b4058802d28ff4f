/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system: read-only if the request or any profile says so. Where a profile makes it
 * so, a path that every such profile grants is given back as a tmpfs. Where it was read-only
 * already nothing is given: that would widen the request.
 */
#include <errno.h>

#include "profiles/policy_internal.h"

static bool demands_read_only(const struct profile *profile)
{
	return profile->rootfs.present && profile->rootfs.read_only;
}

/* The entry that grants a path, itself or an ancestor; NULL: not granted. The nearest one. */
static const struct writable *grant_of(const struct profile *profile, const char *path)
{
	const struct writable *best = NULL;

	for (size_t i = 0; i < profile->rootfs.n_writable; i++) {
		const struct writable *entry = &profile->rootfs.writable[i];

		if (path_is_within(path, entry->path) &&
		    (!best || strlen(entry->path) > strlen(best->path)))
			best = entry;
	}
	return best;
}

/* Granted by all, with the smallest size that any of them gives; 0: none gives one. */
static bool is_granted(const struct pass *pass, const char *path, uint64_t *ret_size)
{
	uint64_t size = 0;

	for (size_t i = 0; i < pass->n; i++) {
		const struct writable *grant;

		if (!demands_read_only(pass->profiles[i]))
			continue;
		grant = grant_of(pass->profiles[i], path);
		if (!grant)
			return false;
		if (grant->size_bytes && (size == 0 || grant->size_bytes < size))
			size = grant->size_bytes;
	}
	*ret_size = size;
	return true;
}

/* A mount of the request at the path itself keeps its place. */
static int is_mounted(const struct request *request, const char *path, bool *ret, struct err *err)
{
	*ret = false;
	for (size_t i = 0; i < request->n_mounts && !*ret; i++) {
		_cleanup_free_ char *destination = path_normalise(request->mounts[i].destination);

		if (!destination)
			return err_oom(err);
		*ret = streq(destination, path);
	}
	return 0;
}

static int write_tmpfs(const struct writable *tmpfs, struct buf *text, struct err *err)
{
	struct emit e = EMIT(text);
	char size[40];

	emit_object(&e);
	emit_key(&e, "destination");
	emit_string(&e, tmpfs->path);
	emit_key(&e, "type");
	emit_string(&e, "tmpfs");
	emit_key(&e, "source");
	emit_string(&e, "tmpfs");
	emit_key(&e, "options");
	emit_array(&e);
	emit_string(&e, "nosuid");
	emit_string(&e, "nodev");
	emit_string(&e, "noexec");
	emit_string(&e, "mode=1777");
	if (tmpfs->size_bytes) {
		(void)snprintf(size, sizeof(size), "size=%llu",
			       (unsigned long long)tmpfs->size_bytes);
		emit_string(&e, size);
	}
	emit_array_end(&e);
	emit_object_end(&e);
	return buf_status(text) < 0 ? err_oom(err) : 0;
}

/*
 * Before all other mounts: a volume of the request that lies inside a granted path is mounted into
 * the tmpfs and not hidden by it.
 */
static int insert_mounts(const struct pass *pass, const char *list, struct err *err)
{
	const struct node *mounts = pass->request->mounts_node;
	_cleanup_buf_ struct buf text = { 0 };

	if (mounts && mounts->first) {
		const char *whole = doc_text(pass->request->doc, NULL);
		const struct node *first = mounts->first;

		buf_addf(&text, "%s,", list);
		buf_add(&text, whole + first->start, first->end - first->start);
		if (buf_status(&text) < 0)
			return err_oom(err);
		return edit_replace(pass->edit, first, text.data, err);
	}
	buf_addf(&text, "[%s]", list);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return edit_member(pass->edit, pass->request->root, "mounts", text.data, err);
}

/* Only the outermost of nested paths: a tmpfs on /var covers /var/tmp. Sorted parents first. */
static bool is_below_another(const struct writable *granted, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (!streq(granted[i].path, path) && path_is_within(path, granted[i].path))
			return true;
	}
	return false;
}

static int by_path(const void *a, const void *b)
{
	const struct writable *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Every path that all grant, once; borrowed texts. */
static int collect(const struct pass *pass, struct writable **ret, size_t *ret_n, struct err *err)
{
	struct writable *granted = NULL;
	size_t n = 0;

	for (size_t i = 0; i < pass->n; i++) {
		const struct rootfs_section *rootfs = &pass->profiles[i]->rootfs;

		for (size_t w = 0; demands_read_only(pass->profiles[i]) && w < rootfs->n_writable;
		     w++) {
			struct writable entry = { .path = rootfs->writable[w].path }, *grown;
			bool known = false;

			for (size_t g = 0; g < n; g++)
				known = known || streq(granted[g].path, entry.path);
			if (known || !is_granted(pass, entry.path, &entry.size_bytes))
				continue;
			grown = reallocarray(granted, n + 1, sizeof(*grown));
			if (!grown) {
				free(granted);
				return err_oom(err);
			}
			granted = grown;
			granted[n++] = entry;
		}
	}
	if (n > 1)
		qsort(granted, n, sizeof(*granted), by_path);
	*ret = granted;
	*ret_n = n;
	return 0;
}

static int grant(const struct pass *pass, struct buf *what, struct err *err)
{
	_cleanup_free_ struct writable *granted = NULL;
	_cleanup_buf_ struct buf list = { 0 };
	size_t n = 0;
	int r;

	r = collect(pass, &granted, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool mounted = false;

		r = is_mounted(pass->request, granted[i].path, &mounted, err);
		if (r < 0 || mounted || is_below_another(granted, n, granted[i].path))
			continue;
		buf_addf(what, "%s%s", list.len ? ", " : "; a tmpfs on ", Q(granted[i].path));
		if (list.len)
			buf_addc(&list, ',');
		r = write_tmpfs(&granted[i], &list, err);
	}
	if (r < 0 || list.len == 0)
		return r;
	return insert_mounts(pass, list.data, err);
}

static int make_read_only(const struct pass *pass, const struct demand *demand, struct err *err)
{
	_cleanup_buf_ struct buf what = { 0 };
	int r;

	buf_adds(&what, "makes the root read-only");
	r = edit_member(pass->edit, pass->request->rootfs, "readonly", "true", err);
	if (r == 0)
		r = grant(pass, &what, err);
	if (r < 0)
		return r;
	if (buf_status(&what) < 0)
		return err_oom(err);
	return change_add(pass, SECTION_ROOTFS, demand, what.data, err);
}

/* A mount on the root itself would stand before the root that is made read-only. */
static int refuse_mount_on_root(const struct pass *pass, const struct demand *demand,
				struct err *err)
{
	bool mounted;
	int r;

	r = is_mounted(pass->request, "/", &mounted, err);
	if (r < 0 || !mounted)
		return r;
	return refusal_add(pass, SECTION_ROOTFS, demand,
			   "the root must be read-only, and a mount of the config covers it",
			   "mount it elsewhere than on /", err);
}

int policy_rootfs(const struct pass *pass, struct err *err)
{
	struct demand demand = { 0 };
	int r;

	for (size_t i = 0; i < pass->n; i++) {
		if (demands_read_only(pass->profiles[i]))
			demand_add(&demand, i);
	}
	if (!demand.any)
		return 0;
	if (!pass->request->rootfs)
		return err_input(err, EBADMSG,
				 "%s: there is no \"root\" that could be made read-only",
				 doc_name(pass->request->doc));
	r = refuse_mount_on_root(pass, &demand, err);
	if (r < 0 || pass->request->read_only)
		return r;
	return make_read_only(pass, &demand, err);
}
