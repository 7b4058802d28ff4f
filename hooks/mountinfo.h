/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a process, as the kernel lists them.
 *
 * Source: proc_pid_mountinfo(5)
 */
#ifndef COAMING_HOOKS_MOUNTINFO_H
#define COAMING_HOOKS_MOUNTINFO_H

#include "lib/err.h"

enum mount_flag {
	MOUNT_RO = 1,
	MOUNT_NOSUID = 2,
	MOUNT_NODEV = 4,
	MOUNT_NOEXEC = 8,
};

struct mount {
	uint32_t id, parent;
	uint32_t major, minor; /* of the file system */
	const char *root;      /* what of the file system is mounted; may end with "//deleted" */
	const char *place;     /* below the process's root */
	const char *type;
	unsigned int flags;  /* of the mount; MOUNT_RO also where the whole file system is so */
	uint32_t peer_group; /* which it is shared in; 0: none */
};

struct mountinfo {
	char *text; /* which the others point into */
	struct mount *v;
	size_t n;
};

/* The kernel's own bound on the mounts of a namespace (sysctl fs.mount-max) is as large. */
#define MOUNTINFO_MAX 100000

/*
 * Parse; octal escapes become what they stand for.
 *
 * text    malloc()ed; taken over, also on failure
 * Errors  -EBADMSG a line of another form; -E2BIG more than MOUNTINFO_MAX; -ENOMEM
 */
int mountinfo_parse(char *text, struct mountinfo *ret, struct err *err);
void mountinfo_done(struct mountinfo *mounts);
#define _cleanup_mountinfo_ _cleanup_(mountinfo_done)

/* The mount that is seen at "/"; NULL: the process's root is no mount. */
const struct mount *mountinfo_root(const struct mountinfo *mounts);
/*
 * The mount that a path leads to: what is mounted over others wins, and hides what is below it.
 *
 * path    normalised, without symbolic links: a link of the container's file system is not followed
 */
const struct mount *mountinfo_at(const struct mountinfo *mounts, const char *path);

#endif
