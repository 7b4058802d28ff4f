/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's sandbox.
 */
#include "hooks/sandbox.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "lib/file.h"

#define PID_FILE_MAX_BYTES ((size_t)32)
#define CGROUP_MAX_BYTES   ((size_t)64 << 10)

/* By the name that identity_find() gives an engine. */
static const struct layout {
	const char *engine;
	const char *type_key, *sandbox_key;
	unsigned levels;      /* from a bundle up to where those of all containers are */
	const char *pid_file; /* from a sandbox's directory there */
} layouts[] = {
	{ "containerd", "io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id", 1,
	  "init.pid" },
	{ "cri-o", "io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID", 2,
	  "userdata/pidfile" },
};

static const char *annotation(const struct doc *config, const char *key)
{
	const struct node *node = node_path(doc_root(config), "annotations", key, NULL);

	return node_is(node, NODE_STRING) ? node->string : "";
}

/* A pid whose process has ended may be another's by now: the control group is the sandbox's. */
static bool is_of_group(pid_t pid, const char *id)
{
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	char path[64];
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	return file_read(AT_FDCWD, path, CGROUP_MAX_BYTES, &text, &len, &ignored) == 0 &&
	       strstr(text, id);
}

static const struct layout *layout_of(const char *engine)
{
	for (size_t i = 0; engine && i < ARRAY_SIZE(layouts); i++) {
		if (streq(layouts[i].engine, engine))
			return &layouts[i];
	}
	return NULL;
}

static bool join_path(const struct layout *layout, const char *bundle, const char *id,
		      char out[PATH_MAX])
{
	size_t len = strlen(bundle);
	int n;

	for (unsigned i = 0; i < layout->levels; i++) {
		while (len > 0 && bundle[len - 1] != '/')
			len--;
		if (len == 0)
			return false;
		len--;
	}
	n = snprintf(out, PATH_MAX, "%.*s/%s/%s", (int)len, bundle, id, layout->pid_file);
	return n > 0 && n < PATH_MAX;
}

pid_t sandbox_find(const struct doc *config, const struct identity *identity, const char *bundle)
{
	const struct layout *layout = layout_of(identity->engine);
	const char *id = layout ? annotation(config, layout->sandbox_key) : "";
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	char path[PATH_MAX];
	size_t len;
	long pid;

	if (!layout || !streq(annotation(config, layout->type_key), "container") ||
	    !is_long_id(id) || !join_path(layout, bundle, id, path) ||
	    file_read(AT_FDCWD, path, PID_FILE_MAX_BYTES, &text, &len, &ignored) < 0)
		return 0;
	pid = strtol(text, NULL, 10);
	return pid > 1 && pid <= INT_MAX && is_of_group((pid_t)pid, id) ? (pid_t)pid : 0;
}
