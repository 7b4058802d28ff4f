/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of the host, to tell by which other names a directory is known there.
 *
 * A volume need not be what its path says: an engine's local driver mounts any directory or disk at
 * /var/lib/.../_data (podman volume create --opt type=none --opt o=bind --opt device=/etc).
 */
#ifndef COAMING_HOOKS_MOUNTED_H
#define COAMING_HOOKS_MOUNTED_H

#include <stddef.h>

#include "profiles/policy.h"

struct mounted_entry {
	unsigned long id;
	const char *device; /* MAJOR:MINOR */
	const char *root;   /* of what is mounted, within its file system */
	const char *point;
	const char *type;
};

struct mounted {
	char *text; /* all of them point into it */
	struct mounted_entry *v;
	size_t n;
};

/*
 * Parse what mountinfo holds.
 *
 * text    malloc()ed, NUL-terminated; taken, also on failure
 * Errors  -EBADMSG a line that is no mount
 * Source  proc_pid_mountinfo(5)
 */
int mounted_parse(char **text, struct mounted *ret, struct err *err);
/*
 * Read the mounts of our own namespace, which is the host's.
 *
 * Limits  FILE_MAX_BYTES
 * Errors  those of mounted_parse(); -E2BIG; what open and read give
 */
int mounted_read(struct mounted *ret, struct err *err);
void mounted_done(struct mounted *mounted);
#define _cleanup_mounted_ _cleanup_(mounted_done)

/*
 * The other names of a path, and of what is mounted below it: where else the host has the same
 * directory of the same file system, and the usual place of a file system of the kernel's own.
 *
 * path  absolute and resolved
 * ret   is added to, also on failure
 */
int mounted_names(const struct mounted *mounted, const char *path, struct names *ret,
		  struct err *err);

#endif
