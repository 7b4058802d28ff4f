/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel really enforces on a process, held against the config that its runtime was given.
 *
 * A config is what somebody wanted; a runtime that ignores part of it, or somebody who loosened it
 * behind the last door, shows only here. Never wider than wanted is the question: what is more
 * confined (a user that is not root has no effective capabilities, a runtime masks a path of its
 * own accord) is no mismatch.
 *
 * Nothing of the container's own files is looked at, and nothing that it could write: what is read
 * comes from a procfs and a cgroupfs which are checked to be that, by descriptor, and the pidfd is
 * asked afterwards whether the process still lives.
 *
 * Source: proc_pid_status(5), proc_pid_mountinfo(5), user_namespaces(7), cgroups(7), ptrace(2)
 */
#ifndef COAMING_HOOKS_PROOF_H
#define COAMING_HOOKS_PROOF_H

#include "hooks/process.h"
#include "lib/doc.h"
#include "lib/hash.h"

enum proof_point {
	PROOF_CAPABILITIES,
	PROOF_NO_NEW_PRIVILEGES,
	PROOF_SECCOMP,
	PROOF_USER,
	PROOF_ID_MAPS,
	PROOF_ROOT,
	PROOF_MOUNTS,
	PROOF_NAMESPACES,
	PROOF_CGROUP,
	PROOF_RLIMITS,
	PROOF_NETWORK,
	PROOF_POINTS_
};

enum proof_state {
	PROOF_MISMATCH,     /* zero: what runs is wider than what was wanted */
	PROOF_MATCH,        /* read, compared, and no wider */
	PROOF_NOT_ASKED,    /* the config does not confine this: there is nothing to compare */
	PROOF_NOT_POSSIBLE, /* the kernel would not say, or not in a way that can be judged */
	PROOF_STATES_
};

struct proof_finding {
	enum proof_state state;
	/*
	 * One line each, foreign text quoted, at most PROOF_TEXT_MAX bytes, never NULL.
	 *
	 * wanted  what the config asks for, in short; of a mismatch the part that is not kept
	 * is      what the kernel says; of a mismatch that part; of NOT_POSSIBLE the reason
	 */
	char *wanted, *is;
	/*
	 * Of all that was read for this point, as it was compared and without what changes by
	 * itself: another digest later means that something changed since ("drift"). It changes
	 * also where the process has confined itself further. "" where nothing was read.
	 */
	char digest[SHA256_HEX];
};

struct proof {
	struct proof_finding at[PROOF_POINTS_];
};

/* When the process is looked at. */
enum proof_moment {
	/*
	 * It runs its program and may have changed itself within its rights: given up a user id,
	 * raised an ambient capability out of its permitted ones. For the filters it is stopped
	 * (PTRACE_SEIZE, PTRACE_INTERRUPT) for about a millisecond; a system call that waits may
	 * then answer EINTR, as after a SIGSTOP and SIGCONT.
	 */
	PROOF_RUNNING,
	/*
	 * The calling thread traces it and has it stopped at the execve of the user's program, of
	 * which no instruction has run. It stays stopped, and traced.
	 */
	PROOF_AT_EXEC,
};

/* What is wanted. All borrowed. */
struct proof_wanted {
	const struct doc *config; /* config.json as the runtime was given it */
	enum proof_moment moment;
	/*
	 * The firewall; NULL: none is wanted.
	 *
	 * ruleset          the text which ruleset_write() makes for the container
	 * firewall_digest  what firewall_digest() gave right after firewall_apply() had put that
	 *                  text in place: comparing with it takes 0.1 ms; NULL: the text is put in
	 *                  place anew, in a namespace of its own, and the two tables are compared,
	 *                  which takes some 10 ms
	 */
	const char *table, *ruleset, *firewall_digest;
	/*
	 * Its sets of peers are held against the registry too: of a container that runs, since of
	 * one that starts others may not have changed theirs yet. NULL: they are not looked at.
	 */
	const char *state_dir, *id;
};

/*
 * Look, and compare.
 *
 * process  the container's first process, held by its pidfd
 * ret      proof_done(); every point is filled in
 * Limits   PROOF_STOP_MSEC for a process that does not stop (PROOF_RUNNING)
 * Errors   -ESRCH it has ended meanwhile: nothing is proved then; -EBADMSG the config is not one;
 *          ERR_SYSTEM: there is no procfs, out of memory or descriptors. A mismatch is no error.
 */
#define PROOF_TEXT_MAX  1024
#define PROOF_STOP_MSEC 1000
int proof_take(const struct process *process, const struct proof_wanted *wanted, struct proof *ret,
	       struct err *err);
void proof_done(struct proof *proof);
#define _cleanup_proof_ _cleanup_(proof_done)

/* Is every point MATCH or NOT_ASKED? In enforce mode nothing else may run. */
bool proof_holds(const struct proof *proof);
/* How many points are in a state. */
size_t proof_count(const struct proof *proof, enum proof_state state);

const char *proof_point_name(enum proof_point point); /* "seccomp", "no-new-privileges"... */
const char *proof_state_name(enum proof_state state); /* "mismatch", "match", "not-asked"... */
/* The point of a name, for what was written down; -ENOENT. */
int proof_point_of(const char *name);

#endif
