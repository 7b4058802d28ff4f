/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the host knows about a request. Namespaces are compared by device and inode of the
 * file that the path leads to, never by its name.
 */
#include "hooks/facts.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "hooks/mounted.h"

static const struct {
	const char *type; /* runtime-spec, config-linux.md, "Namespaces" */
	const char *file; /* below /proc/PID/ns */
} namespaces[] = {
	[NS_NETWORK] = { "network", "net" },  [NS_PID] = { "pid", "pid" },
	[NS_IPC] = { "ipc", "ipc" },          [NS_UTS] = { "uts", "uts" },
	[NS_USER] = { "user", "user" },       [NS_MOUNT] = { "mount", "mnt" },
	[NS_CGROUP] = { "cgroup", "cgroup" },
};
static_assert(ARRAY_SIZE(namespaces) == NS_KINDS_, "a row a kind of namespace");

static bool same_file(const struct stat *st, const char *process, const char *file)
{
	char path[64];
	struct stat other;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, file);
	return stat(path, &other) == 0 && st->st_dev == other.st_dev && st->st_ino == other.st_ino;
}

static int state_of_path(const char *path, enum namespace_kind kind, enum namespace_state *ret,
			 struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, errno,
				 "the %s namespace %s of config.json cannot be looked at",
				 namespaces[kind].type, Q(path));
	*ret = same_file(&st, "self", namespaces[kind].file) ||
			       same_file(&st, "1", namespaces[kind].file)
		       ? NS_HOST
		       : NS_JOINED;
	return 0;
}

static const struct node *path_of(const struct node *entry)
{
	const struct node *path = node_get(entry, "path");

	return node_is(path, NODE_STRING) && path->string_len > 0 ? path : NULL;
}

static int look_at_namespaces(const struct doc *config, struct facts *facts, struct err *err)
{
	const struct node *list = node_path(doc_root(config), "linux", "namespaces", NULL);
	int r;

	for (enum namespace_kind kind = 0; kind < NS_KINDS_; kind++) {
		facts->ns[kind] = NS_HOST;
		node_foreach (entry, list) {
			const struct node *type = node_get(entry, "type");

			if (!node_is(type, NODE_STRING) ||
			    !streq(type->string, namespaces[kind].type))
				continue;
			facts->ns[kind] = NS_PRIVATE;
			if (!path_of(entry))
				continue;
			r = state_of_path(path_of(entry)->string, kind, &facts->ns[kind], err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool is_bind(const struct node *mount)
{
	const struct node *type = node_get(mount, "type");

	if (node_is(type, NODE_STRING) && streq(type->string, "bind"))
		return true;
	node_foreach (option, node_get(mount, "options")) {
		if (node_is(option, NODE_STRING) &&
		    (streq(option->string, "bind") || streq(option->string, "rbind")))
			return true;
	}
	return false;
}

static int resolve_source(const char *bundle, const char *source, char **ret, struct err *err)
{
	char path[PATH_MAX];
	char *real;

	if (source[0] == '/' || !bundle)
		(void)snprintf(path, sizeof(path), "%s", source);
	else
		(void)snprintf(path, sizeof(path), "%s/%s", bundle, source);
	real = realpath(path, NULL);
	if (!real && errno == ENOMEM)
		return err_oom(err);
	/* What does not resolve is compared as it is written. */
	*ret = real ? real : strdup(path);
	return *ret ? 0 : err_oom(err);
}

static int look_at_mounts(const struct doc *config, const char *bundle,
			  const struct mounted *mounted, struct facts *facts, struct err *err)
{
	const struct node *mounts = node_get(doc_root(config), "mounts");
	size_t i = 0;
	int r;

	if (!node_is(mounts, NODE_ARRAY) || mounts->count == 0)
		return 0;
	facts->mount_sources = calloc(mounts->count, sizeof(*facts->mount_sources));
	facts->mount_names = calloc(mounts->count, sizeof(*facts->mount_names));
	if (!facts->mount_sources || !facts->mount_names)
		return err_oom(err);
	facts->n_mount_sources = mounts->count;
	node_foreach (mount, mounts) {
		const struct node *source = node_get(mount, "source");

		if (is_bind(mount) && node_is(source, NODE_STRING)) {
			r = resolve_source(bundle, source->string, &facts->mount_sources[i], err);
			if (r == 0)
				r = mounted_names(mounted, facts->mount_sources[i],
						  &facts->mount_names[i], err);
			if (r < 0)
				return r;
		}
		i++;
	}
	return 0;
}

static int look_at_root(const struct doc *config, const char *bundle, const struct mounted *mounted,
			struct facts *facts, struct err *err)
{
	const struct node *path = node_path(doc_root(config), "root", "path", NULL);
	int r;

	if (!node_is(path, NODE_STRING))
		return 0;
	r = resolve_source(bundle, path->string, &facts->root, err);
	return r < 0 ? r : mounted_names(mounted, facts->root, &facts->root_names, err);
}

static char *resolve(const char *path)
{
	return realpath(path, NULL);
}

const char *facts_network_path(const struct doc *config)
{
	const struct node *list = node_path(doc_root(config), "linux", "namespaces", NULL);

	node_foreach (entry, list) {
		const struct node *type = node_get(entry, "type");

		if (node_is(type, NODE_STRING) && streq(type->string, "network") && path_of(entry))
			return path_of(entry)->string;
	}
	return NULL;
}

/* Where it cannot be asked it stays unknown, and the profile's limit is written down. */
static void look_at_limits(pid_t runtime, struct facts *facts)
{
	struct rlimit limit;

	if (prlimit(runtime, RLIMIT_NOFILE, NULL, &limit) < 0)
		return;
	facts->nofile_soft = limit.rlim_cur;
	facts->nofile_hard = limit.rlim_max;
}

uint32_t facts_kernel(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%3u.%4u", &major, &minor) != 2)
		return 0;
	return FILTER_KERNEL(major, minor);
}

void facts_of_exec(const struct exec_facts *exec, struct facts *ret)
{
	*ret = (struct facts){ .exec = exec, .kernel = facts_kernel() };
	look_at_limits(0, ret);
}

int facts_from_host(const struct doc *config, const char *bundle, pid_t runtime, struct facts *ret,
		    struct err *err)
{
	struct facts facts = { .resolve = resolve, .kernel = facts_kernel() };
	_cleanup_mounted_ struct mounted mounted = { 0 };
	int r;

	look_at_limits(runtime, &facts);
	r = look_at_namespaces(config, &facts, err);
	if (r == 0)
		r = mounted_read(&mounted, err);
	if (r == 0)
		r = look_at_mounts(config, bundle, &mounted, &facts, err);
	if (r == 0)
		r = look_at_root(config, bundle, &mounted, &facts, err);
	if (r < 0) {
		facts_done(&facts);
		return r;
	}
	*ret = facts;
	return 0;
}
