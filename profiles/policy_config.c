/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What in a config goes around the other sections, so that no profile can stand it.
 *
 * Each is refused under a profile that takes something, and no container needs it.
 */
#include "lib/strv.h"
#include "profiles/policy_internal.h"

/* By all profiles for which this holds; 0 also where it holds for none. */
static int refuse(const struct pass *pass, bool (*minds)(const struct profile *profile),
		  const char *what, const char *remedy, struct err *err)
{
	struct demand demand = { 0 };

	for (size_t i = 0; i < pass->n; i++) {
		if (minds(pass->profiles[i]))
			demand_add(&demand, i);
	}
	return demand.any ? refusal_add(pass, SECTION_CONFIG, &demand, what, remedy, err) : 0;
}

static bool takes_anything(const struct profile *profile)
{
	return profile->capabilities.present || profile->seccomp.present ||
	       profile->rootfs.present || profile->network.present || profile->limits.present ||
	       profile->separate.present;
}

/*
 * A restored process has the capabilities, the filter, the limits and the mounts of its checkpoint,
 * whatever the config says. Source: CRIU, "What is saved"; runtimes give it no part of `process`.
 */
static int check_restore(const struct pass *pass, struct err *err)
{
	if (!pass->facts->restored)
		return 0;
	return refuse(pass, takes_anything,
		      "it is restored from a checkpoint, which brings back what the profile takes",
		      "start it anew", err);
}

/* /proc/PID/fd/7, /dev/fd/7: what is behind it is an open descriptor, which may be the host's. */
static bool is_descriptor(const char *path)
{
	static const char *const links[] = { "cwd", "fd", "map_files", "root", "task" };
	const char *below;

	if (starts_with(path, "/dev/fd/"))
		return true;
	if (!starts_with(path, "/proc/"))
		return false;
	below = strchr(path + strlen("/proc/"), '/');
	for (size_t i = 0; below && i < ARRAY_SIZE(links); i++) {
		size_t len = strlen(links[i]);

		if (strncmp(below + 1, links[i], len) == 0 &&
		    (below[1 + len] == '/' || below[1 + len] == '\0'))
			return true;
	}
	return false;
}

/* A runtime that has leaked a descriptor would start the process outside (CVE-2024-21626). */
static int check_cwd(const struct pass *pass, struct err *err)
{
	const struct node *cwd = present(pass->request->process, "cwd");
	_cleanup_free_ char *path = NULL;

	if (!node_is(cwd, NODE_STRING))
		return 0;
	path = path_normalise(cwd->string);
	if (!path)
		return err_oom(err);
	if (!is_descriptor(path))
		return 0;
	return refuse(
		pass, takes_anything,
		"its working directory is an open file of a process, which can be one of the host",
		"give it a working directory of its own", err);
}

/* "net.netfilter.nf_conntrack_helper", or with slashes: sysctl(8) takes both. */
static bool is_helper(const char *key)
{
	static const char name[] = "net.netfilter.nf_conntrack_helper";
	size_t i = 0;

	for (; name[i]; i++) {
		if (key[i] != name[i] && !(name[i] == '.' && key[i] == '/'))
			return false;
	}
	return key[i] == '\0';
}

/* With it the kernel opens ports that a connection's own text asks for, as "related". */
static int check_helper(const struct pass *pass, struct err *err)
{
	node_foreach (sysctl, present(pass->request->linux_node, "sysctl")) {
		if (!is_helper(sysctl->key) ||
		    (node_is(sysctl, NODE_STRING) && streq(sysctl->string, "0")))
			continue;
		return refuse(pass, profile_filters_network,
			      "sysctl net.netfilter.nf_conntrack_helper lets traffic open ports",
			      "take that sysctl out of the config", err);
	}
	return 0;
}

/* What the kernel keeps for each namespace, and so for each container. */
static const struct {
	const char *key; /* a closing dot means: and all that begin so */
	enum namespace_kind kind;
} own_sysctls[] = {
	{ "fs.mqueue.", NS_IPC },      { "kernel.domainname", NS_UTS },
	{ "kernel.hostname", NS_UTS }, { "kernel.msgmax", NS_IPC },
	{ "kernel.msgmnb", NS_IPC },   { "kernel.msgmni", NS_IPC },
	{ "kernel.sem", NS_IPC },      { "kernel.shm_rmid_forced", NS_IPC },
	{ "kernel.shmall", NS_IPC },   { "kernel.shmmax", NS_IPC },
	{ "kernel.shmmni", NS_IPC },   { "net.", NS_NETWORK },
};

/* With dots or slashes, as above; of a mixture the first separator decides, as in sysctl(8). */
static bool is_sysctl(const char *key, const char *pattern)
{
	for (; *pattern; key++, pattern++) {
		if (*key != *pattern && !(*pattern == '.' && *key == '/'))
			return false;
	}
	return pattern[-1] == '.' || *key == '\0';
}

static bool is_own_sysctl(const struct pass *pass, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_sysctls); i++) {
		if (is_sysctl(key, own_sysctls[i].key))
			return pass->facts->ns[own_sysctls[i].kind] != NS_HOST;
	}
	return false;
}

/* Any other is the host's: a core_pattern is a program that the host runs (CVE-2022-0811), and what
 * was meant for a pod's network was set in the host's (CVE-2022-0532). */
static int check_sysctls(const struct pass *pass, struct err *err)
{
	node_foreach (sysctl, present(pass->request->linux_node, "sysctl")) {
		_cleanup_buf_ struct buf what = { 0 };
		int r;

		if (is_own_sysctl(pass, sysctl->key))
			continue;
		buf_addf(&what, "sysctl %s would be set for the whole host", Q(sysctl->key));
		if (buf_status(&what) < 0)
			return err_oom(err);
		r = refuse(pass, takes_anything, what.data, "take that sysctl out of the config",
			   err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool limits_resources(const struct profile *profile)
{
	return profile->limits.present && (profile->limits.pids || profile->limits.memory_bytes);
}

/* systemd's own hierarchy of version 1 limits nothing: a container with systemd is given it. */
static bool shows_cgroups(const struct pass *pass, size_t i)
{
	const struct request_mount *mount = &pass->request->mounts[i];
	struct err ignored = { 0 };
	char **places = NULL;
	bool found = false;
	size_t n = 0;

	if (!mount->bind)
		return streq(mount->type, "cgroup") || streq(mount->type, "cgroup2");
	if (mount_places(pass, i, &places, &n, &ignored) < 0)
		return true; /* out of memory: not the weaker answer */
	for (size_t p = 0; p < n && !found; p++)
		found = path_is_within(places[p], "/sys/fs/cgroup") &&
			!path_is_within(places[p], "/sys/fs/cgroup/systemd");
	strv_free(&places, &n);
	return found;
}

/* Its root could write the limits anew: the files ask for no capability. */
static int check_cgroups(const struct pass *pass, struct err *err)
{
	for (size_t i = 0; i < pass->request->n_mounts; i++) {
		if (!shows_cgroups(pass, i) || mount_is_read_only(&pass->request->mounts[i]))
			continue;
		return refuse(pass, limits_resources,
			      "it could write its own control groups, and so undo its limits",
			      "have /sys/fs/cgroup mounted read-only, as engines do by default",
			      err);
	}
	return 0;
}

static bool is_admitted(const struct exec_facts *exec, const char *name)
{
	return strv_contains(exec->admitted, exec->n_admitted, name);
}

/* What only the start of a container can give: its filter, its root, its firewall. */
static bool confines_start(const struct profile *profile)
{
	return profile->seccomp.present || (profile->rootfs.present && profile->rootfs.read_only) ||
	       profile_filters_network(profile);
}

/*
 * A process that is executed gets the filter and the root that its container has. Where that was
 * started without the profile, it would have what the profile takes.
 */
static int check_admitted(const struct pass *pass, struct err *err)
{
	size_t n = pass->n - pass->separates; /* the host's part has no name there */
	struct demand demand = { 0 };

	for (size_t i = 0; pass->facts->exec && i < n; i++) {
		if (confines_start(pass->profiles[i]) &&
		    !is_admitted(pass->facts->exec, pass->profiles[i]->name))
			demand_add(&demand, i);
	}
	return demand.any ? refusal_add(pass, SECTION_CONFIG, &demand,
					"the container was started without it, so that a process "
					"executed in it would have what it takes",
					"start the container anew", err)
			  : 0;
}

int policy_config(const struct pass *pass, struct err *err)
{
	static section_fn *const parts[] = { check_restore, check_cwd,     check_helper,
					     check_sysctls, check_cgroups, policy_masks };
	int r = 0;

	/* The rest is the container's, which was judged when it was started. */
	if (pass->facts->exec) {
		r = check_admitted(pass, err);
		return r < 0 ? r : check_cwd(pass, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](pass, err);
	return r;
}
