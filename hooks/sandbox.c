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

pid_t sandbox_find(const struct doc *config, const struct identity *identity, const char *bundle)
{
	const char *id = annotation(config, "io.kubernetes.cri.sandbox-id");
	const char *slash = strrchr(bundle, '/');
	_cleanup_free_ char *text = NULL;
	struct err ignored = { 0 };
	char path[PATH_MAX];
	size_t len;
	long pid;
	int n;

	if (!identity->engine || !streq(identity->engine, "containerd") || !slash ||
	    !streq(annotation(config, "io.kubernetes.cri.container-type"), "container") ||
	    !is_long_id(id))
		return 0;
	n = snprintf(path, sizeof(path), "%.*s/%s/init.pid", (int)(slash - bundle), bundle, id);
	if (n < 0 || n >= (int)sizeof(path) ||
	    file_read(AT_FDCWD, path, PID_FILE_MAX_BYTES, &text, &len, &ignored) < 0)
		return 0;
	pid = strtol(text, NULL, 10);
	return pid > 1 && pid <= INT_MAX && is_of_group((pid_t)pid, id) ? (pid_t)pid : 0;
}
