/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What in a config goes around the other sections, so that no profile can stand it.
 *
 * Each is refused under a profile that takes something, and no container needs it.
 */
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
	       profile->rootfs.present || profile->network.present || profile->limits.present;
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

int policy_config(const struct pass *pass, struct err *err)
{
	int r;

	r = check_restore(pass, err);
	if (r == 0)
		r = check_cwd(pass, err);
	return r < 0 ? r : check_helper(pass, err);
}
