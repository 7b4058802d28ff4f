/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root and the mounts: from the kernel's list of them, held against what the config asks for.
 *
 * MUST NOT look at a file of the container: a path in there leads where the container wants. What
 * is compared is the list alone, what a bind mount shows by the place of its source on the host,
 * and whether the kernel has a file below /proc or /sys is asked of the host's own.
 *
 * Source: proc_pid_mountinfo(5); runtime-spec 1.2, config.md "Mounts", config-linux.md "Masked
 * Paths", "Readonly Paths", "Rootfs Mount Propagation"
 */
#include "hooks/proof_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hooks/procfs.h"
#include "lib/path.h"

/* What the kernel adds to a place that was removed. */
#define DELETED "//deleted"

/* ---- what a mount's options want ---- */

static const struct {
	const char *name;
	unsigned int set, clear;
	bool shares, unshares;
} options[] = {
	{ "ro", MOUNT_RO, 0, false, false },
	{ "rro", MOUNT_RO, 0, false, false },
	{ "rw", 0, MOUNT_RO, false, false },
	{ "nosuid", MOUNT_NOSUID, 0, false, false },
	{ "rnosuid", MOUNT_NOSUID, 0, false, false },
	{ "suid", 0, MOUNT_NOSUID, false, false },
	{ "nodev", MOUNT_NODEV, 0, false, false },
	{ "rnodev", MOUNT_NODEV, 0, false, false },
	{ "dev", 0, MOUNT_NODEV, false, false },
	{ "noexec", MOUNT_NOEXEC, 0, false, false },
	{ "rnoexec", MOUNT_NOEXEC, 0, false, false },
	{ "exec", 0, MOUNT_NOEXEC, false, false },
	{ "defaults", 0, 0, false, false },
	{ "shared", 0, 0, true, false },
	{ "rshared", 0, 0, true, false },
	{ "private", 0, 0, false, true },
	{ "rprivate", 0, 0, false, true },
	{ "slave", 0, 0, false, true },
	{ "rslave", 0, 0, false, true },
};

static void apply_option(const char *option, struct wanted_mount *mount)
{
	mount->recursive = mount->recursive || streq(option, "rbind");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!streq(option, options[i].name))
			continue;
		mount->flags = (mount->flags & ~options[i].clear) | options[i].set;
		mount->shared = (mount->shared && !options[i].unshares) || options[i].shares;
	}
}

/* request_parse() has found these to be texts. */
static void apply_options(const struct node *list, struct wanted_mount *mount)
{
	node_foreach (option, list)
		apply_option(option->string, mount);
}

void wanted_mounts_done(struct wanted_mounts *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		free(wanted->v[i].place);
	free(wanted->v);
	*wanted = (struct wanted_mounts){ 0 };
}

/* Over this one another is mounted later, at its place or above. */
static bool is_hidden(const struct wanted_mounts *wanted, size_t at)
{
	for (size_t i = at + 1; i < wanted->n; i++) {
		if (path_is_within(wanted->v[at].place, wanted->v[i].place))
			return true;
	}
	return false;
}

static bool is_shared(const char *propagation)
{
	return streq(propagation, "shared") || streq(propagation, "rshared");
}

int wanted_mounts_read(const struct request *request, struct wanted_mounts *ret, struct err *err)
{
	_cleanup_(wanted_mounts_done) struct wanted_mounts wanted = { 0 };
	const struct node *propagation = present(request->linux_node, "rootfsPropagation");

	wanted.root_shared = node_is(propagation, NODE_STRING) && is_shared(propagation->string);
	wanted.v = calloc(request->n_mounts + 1, sizeof(*wanted.v));
	if (!wanted.v)
		return err_oom(err);
	for (size_t i = 0; i < request->n_mounts; i++) {
		struct wanted_mount *mount = &wanted.v[i];

		mount->request = &request->mounts[i];
		mount->place = path_normalise(request->mounts[i].destination);
		if (!mount->place)
			return err_oom(err);
		wanted.n++;
		apply_options(present(request->mounts[i].node, "options"), mount);
	}
	for (size_t i = 0; i < wanted.n; i++)
		wanted.v[i].hidden = is_hidden(&wanted, i);
	*ret = wanted;
	wanted = (struct wanted_mounts){ 0 };
	return 0;
}

/* ---- telling ---- */

static void list_flags(struct buf *out, unsigned int flags)
{
	static const struct {
		unsigned int flag;
		const char *set, *clear;
	} names[] = {
		{ MOUNT_RO, "ro", "rw" },
		{ MOUNT_NOSUID, "nosuid", NULL },
		{ MOUNT_NODEV, "nodev", NULL },
		{ MOUNT_NOEXEC, "noexec", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *word = flags & names[i].flag ? names[i].set : names[i].clear;

		if (word)
			buf_addf(out, "%s%s", i > 0 ? "," : "", word);
	}
}

/* One difference. The texts are cut by finding_set(): the first ones are told. */
static void differ(struct mounts_look *l, const char *place, const char *wanted, const char *is)
{
	l->differs = true;
	buf_addf(&l->wanted, "%s%s: %s", l->wanted.len > 0 ? ", " : "", Q(place), wanted);
	buf_addf(&l->is, "%s%s: %s", l->is.len > 0 ? ", " : "", Q(place), is);
}

static void differ_flags(struct mounts_look *l, const char *place, unsigned int wanted,
			 unsigned int is)
{
	_cleanup_buf_ struct buf a = { 0 }, b = { 0 };

	list_flags(&a, wanted);
	list_flags(&b, is);
	if (buf_status(&a) < 0 || buf_status(&b) < 0)
		l->is.failed = true;
	else
		differ(l, place, a.data, b.data);
}

/* ---- the host's own mounts ---- */

static int read_host(struct mounts_look *l, struct err *err)
{
	char *text = NULL, name[32];
	size_t len = 0;
	int r;

	if (l->host_read)
		return 0;
	(void)snprintf(name, sizeof(name), "%d/mountinfo", (int)getpid());
	r = procfs_read(l->procfs, name, &text, &len, err);
	if (r == 0)
		r = mountinfo_parse(text, &l->host, err);
	l->host_read = r == 0;
	return r;
}

/* ---- is this mount that one? ---- */

/* Without the kernel's mark of a place that was removed. */
static size_t root_len(const struct mount *mount)
{
	size_t n = strlen(mount->root), m = strlen(DELETED);

	return n >= m && streq(mount->root + n - m, DELETED) ? n - m : n;
}

static bool root_ends_with(const struct mount *mount, const char *end)
{
	size_t n = root_len(mount), m = strlen(end);

	return n >= m && strncmp(mount->root + n - m, end, m) == 0;
}

/* Is the last part of the path that of what is mounted? */
static bool same_last(const char *path, const struct mount *mount)
{
	const char *last = strrchr(path, '/');

	return root_ends_with(mount, last ? last : path);
}

/* The file systems that stand for a type: version 1 of cgroup is a tmpfs with some below it. */
static bool is_type(const struct mount *mount, const char *type)
{
	if (streq(type, "cgroup"))
		return streq(mount->type, "cgroup") || streq(mount->type, "cgroup2") ||
		       streq(mount->type, "tmpfs");
	return streq(mount->type, type);
}

/* A file system made anew is mounted as a whole; but for cgroup, from the container's own group on,
 * and btrfs, whose volumes are parts of one. */
static bool is_new(const struct mount *mount, const char *type)
{
	return is_type(mount, type) &&
	       (streq(mount->root, "/") || streq(type, "cgroup") || streq(type, "btrfs"));
}

/*
 * btrfs and overlayfs give files other device numbers than their mounts have: then the mount of the
 * source is looked up in the host's own list.
 */
static bool same_device(struct mounts_look *l, const struct bind_source *source,
			const struct mount *mount)
{
	struct err ignored = { 0 };

	if (source->major == mount->major && source->minor == mount->minor)
		return true;
	if (read_host(l, &ignored) < 0)
		return false;
	for (size_t i = 0; i < l->host.n; i++) {
		const struct mount *m = &l->host.v[i];

		if (m->id == source->mount)
			return m->major == mount->major && m->minor == mount->minor;
	}
	return false;
}

static bool is_source(struct mounts_look *l, const struct wanted_mount *wanted,
		      const struct mount *mount)
{
	l->find_source(wanted->request->source, &l->source);
	/* What is gone, or was never a path of the host's: its name is all there is. */
	if (!l->source.known)
		return same_last(wanted->request->source, mount) || streq(mount->root, "/");
	if (!same_device(l, &l->source, mount))
		return false;
	return root_ends_with(mount, l->source.below);
}

static bool shows_wanted(struct mounts_look *l, const struct wanted_mount *wanted,
			 const struct mount *mount)
{
	return wanted->request->bind ? is_source(l, wanted, mount)
				     : is_new(mount, wanted->request->type);
}

/* ---- the mounts that the config asks for ---- */

/*
 * A destination may be a symbolic link of the image, and the mount is then where that leads: it is
 * found by what it shows, among those that nobody else asked for.
 */
static size_t find_elsewhere(struct mounts_look *l, const struct wanted_mount *wanted)
{
	size_t found = l->mounts->n;

	for (size_t i = 0; i < l->mounts->n; i++) {
		const struct mount *mount = &l->mounts->v[i];

		if (l->claimed[i] || !shows_wanted(l, wanted, mount))
			continue;
		/* One that would be a mismatch only where there is no better one. */
		if (found == l->mounts->n || (wanted->flags & ~mount->flags) == 0)
			found = i;
	}
	return found;
}

/* The runtimes leave the tmpfs writable that holds the hierarchies of version 1: it holds no more.
 */
static unsigned int flags_of(const struct wanted_mount *wanted, const struct mount *mount)
{
	bool holder = streq(wanted->request->type, "cgroup") && streq(mount->type, "tmpfs");

	return holder ? wanted->flags & ~(unsigned int)MOUNT_RO : wanted->flags;
}

static void check_found(struct mounts_look *l, const struct wanted_mount *wanted,
			const struct mount *mount)
{
	char shown[2 * QUOTE_MAX];

	l->claimed[mount - l->mounts->v] = true;
	if (flags_of(wanted, mount) & ~mount->flags)
		differ_flags(l, wanted->place, wanted->flags, mount->flags);
	if (shows_wanted(l, wanted, mount))
		return;
	(void)snprintf(shown, sizeof(shown), "%s of %s", Q(mount->root), Q(mount->type));
	differ(l, wanted->place,
	       wanted->request->bind ? Q(wanted->request->source) : Q(wanted->request->type),
	       shown);
}

/* May the process have mounted and unmounted within its rights? */
static bool may_mount(const struct mounts_look *l)
{
	return l->moment == PROOF_RUNNING && proof_may_have(l->request, CAP_SYS_ADMIN);
}

/* File systems through which the kernel itself is reached. */
static bool is_kernels(const struct mount *mount)
{
	static const char *const types[] = { "proc",      "sysfs",    "cgroup",     "cgroup2",
					     "debugfs",   "tracefs",  "securityfs", "efivarfs",
					     "bpf",       "configfs", "pstore",     "devtmpfs",
					     "selinuxfs", "fusectl",  "binfmt_misc" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (streq(mount->type, types[i]))
			return true;
	}
	return false;
}

static bool lists_path(const struct node *list, const char *place, const char *key)
{
	node_foreach (item, list) {
		const struct node *path = key ? node_get(item, key) : item;

		if (node_is(path, NODE_STRING) && streq(path->string, place))
			return true;
	}
	return false;
}

/* Something else than the kernel's own file is there: an empty directory, or /dev/null. */
static bool is_masked(const struct mounts_look *l, const char *path)
{
	const struct mount *mount = mountinfo_at(l->mounts, path);

	return mount && !streq(mount->place, "/") &&
	       (!is_kernels(mount) || root_ends_with(mount, "/null"));
}

/* The mount that is wanted lies below what masks it. */
static bool is_masked_over(const struct mounts_look *l, const struct wanted_mount *wanted)
{
	return lists_path(present(l->request->linux_node, "maskedPaths"), wanted->place, NULL) &&
	       is_masked(l, wanted->place);
}

/*
 * The one that counts at a place is the last one there. What is wanted may lie below it: a runtime
 * mounts a read-only path over itself once more, and a mask over what was mounted.
 */
static void claim_wanted(struct mounts_look *l)
{
	for (size_t i = 0; i < l->asked->n; i++) {
		const struct wanted_mount *wanted = &l->asked->v[i];
		const struct mount *top = mountinfo_at(l->mounts, wanted->place);

		for (size_t k = 0; top && k < l->mounts->n; k++) {
			const struct mount *mount = &l->mounts->v[k];

			if (streq(mount->place, wanted->place) &&
			    (mount == top || shows_wanted(l, wanted, mount)))
				l->claimed[k] = true;
		}
	}
}

static void check_wanted(struct mounts_look *l)
{
	claim_wanted(l);
	for (size_t i = 0; i < l->asked->n; i++) {
		const struct wanted_mount *wanted = &l->asked->v[i];
		const struct mount *mount = mountinfo_at(l->mounts, wanted->place);
		size_t elsewhere;

		if (wanted->hidden || is_masked_over(l, wanted))
			continue;
		if (mount && streq(mount->place, wanted->place)) {
			check_found(l, wanted, mount);
			continue;
		}
		elsewhere = find_elsewhere(l, wanted);
		if (elsewhere < l->mounts->n)
			check_found(l, wanted, &l->mounts->v[elsewhere]);
		else if (!may_mount(l))
			differ(l, wanted->place, "mounted", "not mounted");
	}
}

/* ---- masked and read-only paths ---- */

static bool is_read_only(const struct mounts_look *l, const char *path)
{
	const struct mount *mount = mountinfo_at(l->mounts, path);

	return mount && (mount->flags & MOUNT_RO);
}

/* Does the container have this file? It can be told of /proc and /sys only, where they are. */
static bool is_there(struct mounts_look *l, const char *path)
{
	static const struct {
		const char *top, *type;
	} kernels[] = { { "/proc", "proc" }, { "/sys", "sysfs" } };

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		const struct mount *mount;

		if (!path_is_within(path, kernels[i].top))
			continue;
		mount = mountinfo_at(l->mounts, kernels[i].top);
		return mount && streq(mount->type, kernels[i].type) &&
		       l->kernel_has(l->procfs, path);
	}
	return false;
}

static int check_list(struct mounts_look *l, const char *key,
		      bool (*keeps)(const struct mounts_look *l, const char *path),
		      const char *wanted, struct err *err)
{
	const struct node *list = present(l->request->linux_node, key);
	int r = list ? node_expect_list(l->request->doc, list, PATHS_MAX, err) : 0;

	node_foreach (item, r < 0 ? NULL : list) {
		_cleanup_free_ char *path = NULL;
		const char *text;

		r = node_read_string(l->request->doc, item, &text, err);
		if (r < 0)
			return r;
		path = path_normalise(text);
		if (!path)
			return err_oom(err);
		if (!keeps(l, path) && is_there(l, path))
			differ(l, path, wanted, "not so");
	}
	return r;
}

/* ---- mounts that nobody asked for ---- */

/* A device that every container has, or that the config names: bound where it cannot be made. */
static bool is_device(const struct mounts_look *l, const struct mount *mount)
{
	static const char *const own[] = { "/dev/null",    "/dev/zero",    "/dev/full",
					   "/dev/random",  "/dev/urandom", "/dev/tty",
					   "/dev/console", "/dev/ptmx" };
	bool known = false;

	if (!streq(mount->type, "devtmpfs") && !streq(mount->type, "devpts") &&
	    !streq(mount->type, "tmpfs"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		known = known || streq(mount->place, own[i]);
	known = known ||
		lists_path(present(l->request->linux_node, "devices"), mount->place, "path");
	return known && !streq(mount->root, "/");
}

/* /dev/null over a file: it can be written, and nothing comes of it. */
static bool is_mask(const struct mounts_look *l, const struct mount *mount)
{
	return lists_path(present(l->request->linux_node, "maskedPaths"), mount->place, NULL) &&
	       root_ends_with(mount, "/null");
}

/* Below a mount that shows all that is mounted at its source too. */
static bool is_below_wanted(const struct mounts_look *l, const struct mount *mount)
{
	for (size_t i = 0; i < l->asked->n; i++) {
		const struct wanted_mount *wanted = &l->asked->v[i];

		if (wanted->recursive && path_is_within(mount->place, wanted->place))
			return true;
		/* The hierarchies of version 1, in the one tmpfs: as writable as the config says.
		 */
		if (streq(wanted->request->type, "cgroup") && streq(mount->type, "cgroup") &&
		    path_is_within(mount->place, wanted->place))
			return !(wanted->flags & MOUNT_RO) || (mount->flags & MOUNT_RO);
	}
	return false;
}

/* Another part of the file system that the root is on, within the root: the container's own. */
static bool is_of_root(const struct mounts_look *l, const struct mount *mount)
{
	const struct mount *root = mountinfo_root(l->mounts);

	return root && root->major == mount->major && root->minor == mount->minor &&
	       path_is_within(mount->root, root->root);
}

/* A file system that the host has mounted too. */
static int is_on_host(struct mounts_look *l, const struct mount *mount, bool *ret, struct err *err)
{
	int r = read_host(l, err);

	*ret = false;
	for (size_t i = 0; r == 0 && i < l->host.n; i++)
		*ret = *ret ||
		       (l->host.v[i].major == mount->major && l->host.v[i].minor == mount->minor);
	return r;
}

static int check_extra(struct mounts_look *l, const struct mount *mount, struct err *err)
{
	char shown[2 * QUOTE_MAX];
	bool hosts = false;
	int r;

	if ((mount->flags & MOUNT_RO) || is_below_wanted(l, mount) || is_device(l, mount) ||
	    is_mask(l, mount) || is_of_root(l, mount))
		return 0;
	if (!is_kernels(mount)) {
		r = is_on_host(l, mount, &hosts, err);
		if (r < 0 || !hosts)
			return r;
	} else if (may_mount(l)) {
		return 0;
	}
	(void)snprintf(shown, sizeof(shown), "%s of %s, writable", Q(mount->root), Q(mount->type));
	differ(l, mount->place, "not asked for", shown);
	return 0;
}

static int check_extras(struct mounts_look *l, struct err *err)
{
	const struct mount *root = mountinfo_root(l->mounts);

	for (size_t i = 0; i < l->mounts->n; i++) {
		int r;

		if (l->claimed[i] || &l->mounts->v[i] == root)
			continue;
		r = check_extra(l, &l->mounts->v[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- sharing with the host ---- */

static bool may_share(const struct mounts_look *l, const struct mount *mount)
{
	if (l->asked->root_shared)
		return true;
	for (size_t i = 0; i < l->asked->n; i++) {
		if (l->asked->v[i].shared && path_is_within(mount->place, l->asked->v[i].place))
			return true;
	}
	return false;
}

static int shares_with_host(struct mounts_look *l, const struct mount *mount, bool *ret,
			    struct err *err)
{
	int r = read_host(l, err);

	*ret = false;
	for (size_t i = 0; r == 0 && i < l->host.n; i++)
		*ret = *ret || l->host.v[i].peer_group == mount->peer_group;
	return r;
}

/* What is mounted in a peer group that the host is in appears on the host. */
static int check_sharing(struct mounts_look *l, struct err *err)
{
	for (size_t i = 0; i < l->mounts->n; i++) {
		const struct mount *mount = &l->mounts->v[i];
		bool shares = false;
		int r;

		if (mount->peer_group == 0 || may_share(l, mount))
			continue;
		r = shares_with_host(l, mount, &shares, err);
		if (r < 0)
			return r;
		if (shares)
			differ(l, mount->place, "its own", "shared with the host");
	}
	return 0;
}

/* ---- the whole ---- */

void mounts_look_done(struct mounts_look *l)
{
	mountinfo_done(&l->host);
	free(l->claimed);
	buf_done(&l->wanted);
	buf_done(&l->is);
}

int mounts_compare(struct mounts_look *l, struct err *err)
{
	int r;

	l->claimed = calloc(l->mounts->n + 1, sizeof(*l->claimed));
	if (!l->claimed)
		return err_oom(err);
	check_wanted(l);
	r = check_list(l, "maskedPaths", is_masked, "masked", err);
	if (r == 0)
		r = check_list(l, "readonlyPaths", is_read_only, "read-only", err);
	if (r == 0)
		r = check_extras(l, err);
	if (r == 0)
		r = check_sharing(l, err);
	return r;
}

/* What a later look is held against. Numbers of mounts and devices are other ones each time. */
static int digest_mounts(const struct mountinfo *mounts, struct proof_finding *ret, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	for (size_t i = 0; i < mounts->n; i++)
		buf_addf(&text, "%s %s %s %u\n", mounts->v[i].place, mounts->v[i].type,
			 mounts->v[i].root, mounts->v[i].flags);
	if (buf_status(&text) < 0)
		return err_oom(err);
	finding_digest(ret, text.data ? text.data : "", text.len);
	return 0;
}

/* ---- the root ---- */

int root_compare(const struct request *request, const struct mountinfo *mounts,
		 struct proof_finding *ret, struct err *err)
{
	const struct mount *root = mountinfo_root(mounts);
	bool read_only = root && (root->flags & MOUNT_RO);
	const char *is = read_only ? "read-only" : "writable";

	/* It has changed its root to a place that is no mount. */
	if (!root)
		return finding_set(ret, PROOF_NOT_POSSIBLE,
				   request->read_only ? "read-only" : "a root of its own",
				   "the process's root is not a mount", err);
	finding_digest(ret, is, strlen(is));
	if (!request->read_only)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", is, err);
	return finding_set(ret, read_only ? PROOF_MATCH : PROOF_MISMATCH, "read-only", is, err);
}

int proof_root(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	return root_compare(look->request, look->mounts, ret, err);
}

/* ---- what only the host knows ---- */

/*
 * The path is the host's, as the engine wrote it into the config. Upwards from it as long as it is
 * the same mount: what is above that is where this one is mounted. The next source is mostly below
 * the same place and on the same mount, where that need not be asked again.
 */
static size_t find_top(char *real, const struct statx *st, const struct bind_source *last)
{
	size_t top = strlen(real);

	if (last->known && last->mount == st->stx_mnt_id &&
	    path_is_within(real, last->top[0] ? last->top : "/"))
		return strlen(last->top);
	while (top > 0) {
		const char *slash = memrchr(real, '/', top);
		size_t up = slash ? (size_t)(slash - real) : 0;
		struct statx above;
		char saved = real[up];
		int r;

		real[up] = '\0';
		r = statx(AT_FDCWD, up > 0 ? real : "/", AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &above);
		real[up] = saved;
		if (r < 0 || above.stx_mnt_id != st->stx_mnt_id)
			break;
		top = up;
	}
	return top;
}

/* Where a path leads now, without "." and links; false: nowhere. */
static bool resolve(const char *path, char real[PATH_MAX], struct statx *st)
{
	_cleanup_close_ int fd = path[0] == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
	char name[64];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", fd);
	n = fd >= 0 ? readlink(name, real, PATH_MAX - 1) : -1;
	if (n <= 0 || real[0] != '/' || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, st) < 0)
		return false;
	real[n] = '\0';
	if (n == 1) /* the root: "" is where every path of it begins */
		real[0] = '\0';
	return true;
}

static void find_source(const char *path, struct bind_source *source)
{
	char real[PATH_MAX];
	struct statx st;
	size_t top;
	bool found = resolve(path, real, &st);

	top = found ? find_top(real, &st, source) : 0;
	source->known = found;
	if (!found)
		return;
	source->major = st.stx_dev_major;
	source->minor = st.stx_dev_minor;
	source->mount = st.stx_mnt_id;
	(void)snprintf(source->below, sizeof(source->below), "%s", real + top);
	real[top] = '\0';
	(void)snprintf(source->top, sizeof(source->top), "%s", real);
}

/* What belongs to one process is not asked of another; nor is what a link leads to. */
static bool kernel_has(int procfs, const char *path)
{
	static const char proc[] = "/proc/";
	struct stat st;
	int r;

	if (starts_with(path, proc)) {
		const char *name = path + strlen(proc);

		if ((*name >= '0' && *name <= '9') || path_is_within(name, "self") ||
		    path_is_within(name, "thread-self"))
			return false;
		r = fstatat(procfs, name, &st, AT_SYMLINK_NOFOLLOW);
	} else {
		r = fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	}
	return r == 0 && !S_ISLNK(st.st_mode);
}

int proof_mounts(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_(wanted_mounts_done) struct wanted_mounts asked = { 0 };
	_cleanup_(mounts_look_done) struct mounts_look l = {
		.request = look->request,
		.moment = look->wanted->moment,
		.mounts = look->mounts,
		.asked = &asked,
		.procfs = look->procfs,
		.find_source = find_source,
		.kernel_has = kernel_has,
	};
	char wanted[64], is[64];
	int r;

	r = wanted_mounts_read(look->request, &asked, err);
	if (r == 0)
		r = digest_mounts(look->mounts, ret, err);
	if (r == 0)
		r = mounts_compare(&l, err);
	if (r < 0)
		return r;
	if (l.differs || l.is.failed)
		return finding_set_bufs(ret, PROOF_MISMATCH, &l.wanted, &l.is, err);
	(void)snprintf(wanted, sizeof(wanted), "%zu mounts as the config has them", asked.n);
	(void)snprintf(is, sizeof(is), "%zu mounts, none wider", look->mounts->n);
	return finding_set(ret, PROOF_MATCH, wanted, is, err);
}
