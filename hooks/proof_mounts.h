/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparison of mounts, apart from what it asks the host: for proof.c and for the tests.
 */
#ifndef COAMING_HOOKS_PROOF_MOUNTS_H
#define COAMING_HOOKS_PROOF_MOUNTS_H

#include <limits.h>
#include "hooks/mountinfo.h"
#include "hooks/proof_internal.h"

/* Masked or read-only paths of a config. */
#define PATHS_MAX 10000

/* One entry of the config's "mounts". */
struct wanted_mount {
	const struct request_mount *request;
	char *place;        /* the destination, normalised */
	unsigned int flags; /* enum mount_flag: those that the options ask for */
	bool recursive;     /* what is mounted below its source comes along */
	bool shared;        /* it asks to be shared with the host */
	bool hidden;        /* a later entry is mounted over it */
};

struct wanted_mounts {
	struct wanted_mount *v;
	size_t n;
	bool root_shared;
};

/* Read them. wanted_mounts_done() */
int wanted_mounts_read(const struct request *request, struct wanted_mounts *ret, struct err *err);
void wanted_mounts_done(struct wanted_mounts *wanted);

/* Where the source of a bind mount is on the host. */
struct bind_source {
	bool known;
	uint32_t major, minor;
	uint64_t mount;       /* id of the host's mount that it is in */
	char top[PATH_MAX];   /* where that is mounted; "" is the root */
	char below[PATH_MAX]; /* the path in there, from that place on; "" is it itself */
};

struct mounts_look {
	const struct request *request;
	enum proof_moment moment;
	const struct mountinfo *mounts; /* of the process */
	const struct wanted_mounts *asked;
	int procfs;
	struct mountinfo host; /* of this program: read when it is first needed */
	bool host_read;
	/* `source` holds the last answer, which may help */
	void (*find_source)(const char *path, struct bind_source *source);
	struct bind_source source;
	/* Does the kernel have this path below /proc or /sys? */
	bool (*kernel_has)(int procfs, const char *path);
	bool *claimed; /* a mount that an entry of the config has asked for */
	struct buf wanted, is;
	bool differs;
};

/* Compare. mounts_look_done(); what differs is in `wanted` and `is`. -ENOMEM, -EBADMSG the config
 */
int mounts_compare(struct mounts_look *l, struct err *err);
void mounts_look_done(struct mounts_look *l);

/* Compare the root alone. */
int root_compare(const struct request *request, const struct mountinfo *mounts,
		 struct proof_finding *ret, struct err *err);

#endif
