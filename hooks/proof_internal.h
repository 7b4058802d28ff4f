/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the points of proof.c share: one file a subject, each in two halves. What parses and
 * compares is a function of texts and builds without privileges; what reads is short.
 */
#ifndef COAMING_HOOKS_PROOF_INTERNAL_H
#define COAMING_HOOKS_PROOF_INTERNAL_H

#include "hooks/mountinfo.h"
#include "hooks/proof.h"
#include "lib/buf.h"
#include "profiles/request.h"

/* proc_pid_status(5), the lines that are of interest. */
struct proof_status {
	uint64_t caps[CAP_SETS_];
	bool no_new_privileges;
	unsigned int seccomp;         /* 0: none, 1: strict, 2: filters */
	unsigned int seccomp_filters; /* 0 also where the kernel does not say (before 5.9) */
	uint32_t uid[4], gid[4];      /* real, effective, saved, of the file system */
	uint32_t *groups;
	size_t n_groups;
};

/* What one look works on. All borrowed. */
struct proof_look {
	const struct process *process;
	const struct proof_wanted *wanted;
	const struct request *request; /* of wanted->config */
	const struct proof_status *status;
	const struct mountinfo *mounts;
	int procfs; /* /proc */
	int dir;    /* /proc/PID */
};

/* One point: fills the finding in. A mismatch is no error. */
typedef int proof_fn(const struct proof_look *look, struct proof_finding *ret, struct err *err);
/* Those of enum proof_point. */
int proof_capabilities(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_no_new_privileges(const struct proof_look *look, struct proof_finding *ret,
			    struct err *err);
int proof_seccomp(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_user(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_id_maps(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_root(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_mounts(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_namespaces(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_cgroup(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_rlimits(const struct proof_look *look, struct proof_finding *ret, struct err *err);
int proof_network(const struct proof_look *look, struct proof_finding *ret, struct err *err);

/* ---- findings ---- */

/* Fill it in. The texts are copied, cut at PROOF_TEXT_MAX. -ENOMEM */
int finding_set(struct proof_finding *ret, enum proof_state state, const char *wanted,
		const char *is, struct err *err);
/* The same with what a buffer holds; -ENOMEM also where an append to one has failed. */
int finding_set_bufs(struct proof_finding *ret, enum proof_state state, const struct buf *wanted,
		     const struct buf *is, struct err *err);
/* The digest of all that was read, see proof.h. */
void finding_digest(struct proof_finding *ret, const void *data, size_t len);

/* ---- status ---- */

/*
 * Errors  -EBADMSG a line that this kernel must have is missing or has another form; -ENOMEM
 */
int status_parse(const char *text, struct proof_status *ret, struct err *err);
void status_done(struct proof_status *status);

/* May the process take what the config lets it take only later: a set-uid program, a capability
 * of a file? Everything up to the bounding set, then. */
uint64_t proof_held(const struct request *request);
/* Does the config hand the process this capability, now or by a program that it may run? */
bool proof_may_have(const struct request *request, int capability);

/* ---- ids ---- */

/* One line of a map: `count` ids from `inside` on are those from `outside` on. */
struct id_range {
	uint32_t inside, outside, count;
};
/* user_namespaces(7): 340 lines since Linux 4.15. */
#define ID_RANGES_MAX 340

/* Errors  -EBADMSG another form; -E2BIG more than ID_RANGES_MAX */
int id_map_parse(const char *text, struct id_range ret[ID_RANGES_MAX], size_t *ret_n,
		 struct err *err);
/* Where an id of the container is outside; false: nowhere. */
bool id_map_find(const struct id_range *map, size_t n, uint32_t inside, uint32_t *ret);
/* Does every id that `map` maps come from the same place in `wanted`? */
bool id_map_is_within(const struct id_range *map, size_t n, const struct id_range *wanted,
		      size_t n_wanted);

/* ---- control groups ---- */

/* Where a controller has the process: a line of proc_pid_cgroup(5). */
struct cgroup_place {
	bool v2;
	char path[4096]; /* below the root of the hierarchy, "/" first */
};
/*
 * controller  "memory": a line of version 1 that names it, else the one of version 2
 * Returns     false where there is neither, or the path is none that leads downwards
 */
bool cgroup_find(const char *text, const char *controller, struct cgroup_place *ret);
/* The limits of a name, "RLIMIT_NOFILE", in proc_pid_limits(5); false: not there. */
bool rlimit_find(const char *text, const char *name, uint64_t *ret_soft, uint64_t *ret_hard);
/* The content of a limit's file: a number, or "max" as UINT64_MAX; false for anything else. */
bool cgroup_value(const char *text, uint64_t *ret);

#endif
