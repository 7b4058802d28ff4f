/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry: which containers of this host have which labels and addresses, whose addresses each
 * of them lets in, and what else it must not share. One file a container in stateDir/peers, written
 * whole by the container's own createRuntime.
 *
 * It says what should be; what is, the kernel's sets say. Whoever has changed a file then changes
 * the sets that it concerns, see peers_sync.h.
 */
#ifndef COAMING_HOOKS_PEERS_H
#define COAMING_HOOKS_PEERS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "hooks/addresses.h"
#include "lib/hash.h"
#include "profiles/labels.h"
#include "profiles/peer.h"

/* A set of its table, without the family's digit, and who belongs into it. */
struct peer_set {
	char *name;
	/* One of the two. Containers that fit; borrowed, of a profile or of `struct peers`: */
	const struct peer_selector *selector;
	/* ...or those that are of another class than this one ("apart-..."). */
	char *key, *class;
	char *by; /* the profile that keeps them apart; NULL: the host does */
};

void peer_set_done(struct peer_set *set);

/* A place of the host that it has mounted, or its root. */
struct shared_place {
	char *path; /* resolved */
	/* By device and inode: the place itself, and the directories above it up to the root. */
	struct place {
		uint64_t device, inode;
	} * v;
	size_t n;
};

/* The file as it was read: another one has another. */
struct file_stamp {
	uint64_t device, inode;
	int64_t size, mtime_nsec, ctime_nsec;
};

struct registered {
	char *id, *name;
	char *pod_uid, *pod_namespace; /* NULL: in no pod */
	bool infra;                    /* holds a pod's namespaces, and is none of its containers */
	pid_t pid;
	uint64_t start_time;        /* of that pid */
	uint64_t netns, ipc, pidns; /* inodes; 0: not known */
	bool firewall;              /* a table of ours is in its netns, which is pinned */
	char **profiles;
	size_t n_profiles;
	struct labels labels;
	struct addresses addresses; /* none in the host's network */
	struct peer_set *sets;      /* of its table */
	size_t n_sets;
	struct shared_place *places; /* others may have to keep away from them */
	size_t n_places;
	char file[SHA256_HEX + 8]; /* its name */
	struct file_stamp stamp;
};

struct peers {
	struct registered *v; /* sorted by `file` */
	size_t n;
	/* Every selector of theirs once, sorted by its set; each has its own memory. */
	struct peer_selector **selectors;
	size_t n_selectors;
	size_t n_damaged;  /* files that were left out when it was read last */
	uint64_t revision; /* another one where reading has found anything changed */
};

#define REGISTERED_MAX_BYTES ((size_t)4 << 20)
#define PEERS_MAX            65536

/* Write, whole or not at all. The directory is made 0700 where it is missing. */
int peers_write(const char *state_dir, const struct registered *registered, struct err *err);
/* Also where there is none. */
int peers_remove(const char *state_dir, const char *id, struct err *err);

/*
 * Read all of them; or, where *peers holds them already, those alone that have been written since.
 *
 * peers    peers_done(), also on failure
 * damaged  a file that cannot be read, trusted or understood is left out, and the first such told
 *          here; may be set already
 * Errors   -E2BIG more than PEERS_MAX; the directory cannot be read. One that is not there is empty
 */
int peers_read(const char *state_dir, struct peers *peers, struct err *damaged, struct err *err);
/*
 * One alone.
 *
 * ret     the one, or none; peers_done(), also on failure
 * Errors  it is damaged
 */
int peers_read_one(const char *state_dir, const char *id, struct peers *ret, struct err *err);
void peers_done(struct peers *peers);
#define _cleanup_peers_ _cleanup_(peers_done)

/* NULL: there is none. */
const struct registered *peers_find(const struct peers *peers, const char *id);
/* Is its process no more? Then its poststop has not come yet, or never will. */
bool registered_is_gone(const struct registered *registered);
void registered_done(struct registered *registered);
#define _cleanup_registered_ _cleanup_(registered_done)

/* The name of a container's file. */
void peers_file_name(const char *id, char out[SHA256_HEX + 8]);
/* The names of all files, also of those that are damaged; strv_free(). Temporary files that killed
 * writers have left are removed. For `coaming reconcile`. */
int peers_files(const char *state_dir, char ***ret, size_t *ret_n, struct err *err);
/* Remove a file by its name. */
int peers_remove_file(const char *state_dir, const char *file, struct err *err);

#endif
