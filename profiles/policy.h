/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: request and profiles in, the confined config and every change out.
 *
 * Nothing here touches the world. What only the host knows comes in as `struct facts`. Deciding a
 * second time on the result changes nothing: that is how createRuntime checks the config which
 * the runtime was really given.
 */
#ifndef COAMING_PROFILES_POLICY_H
#define COAMING_PROFILES_POLICY_H

#include "lib/buf.h"
#include "profiles/select.h"

enum namespace_kind { NS_NETWORK, NS_PID, NS_IPC, NS_UTS, NS_USER, NS_MOUNT, NS_CGROUP, NS_KINDS_ };

/* Zero is what admission rules deny. */
enum namespace_state {
	NS_HOST,    /* none in the config, or a path that is the host's */
	NS_JOINED,  /* a path to another namespace (an engine's netns, a pod's) */
	NS_PRIVATE, /* made new for this container */
};

/*
 * A process that is executed in a container that runs. The request is then {"process": ...} alone,
 * see exec.h: what the other sections govern is the container's, which has it already.
 */
struct exec_facts {
	uint64_t own_caps; /* of the container's own process, all its sets together */
	char **admitted;   /* the profiles that confine the container, in any order */
	size_t n_admitted;
};

struct facts {
	const struct exec_facts *exec; /* NULL: a container is started. Borrowed */
	enum namespace_state ns[NS_KINDS_];
	char **mount_sources; /* resolved host path of bind mount i of `mounts`; NULL: not a bind */
	size_t n_mount_sources;
	/* Of bind mount i: by which other names the host has what it shows, itself or below it. */
	struct names {
		char **v;
		size_t n;
	} * mount_names; /* as many as mount_sources; NULL: the host was not asked */
	char *root;      /* resolved root.path; NULL: as it is written */
	struct names root_names;
	/* A profile's hostPath prefix with the host's symbolic links resolved; NULL: lexical only.
	 * Returns malloc()ed text or NULL where it does not resolve. */
	char *(*resolve)(const char *path);
	/* RLIMIT_NOFILE that a container inherits whose config sets none; 0: not known. */
	uint64_t nofile_soft, nofile_hard;
	uint32_t kernel; /* FILTER_KERNEL(); 0: not known */
	bool restored;   /* from a checkpoint, which holds what the process may do */
};

/* Facts as far as the config alone tells: for explain on another machine, and for tests. */
int facts_from_config(const struct doc *config, struct facts *ret, struct err *err);
void facts_done(struct facts *facts);

enum section {
	SECTION_SECCOMP,
	SECTION_CAPABILITIES,
	SECTION_ROOTFS,
	SECTION_NETWORK,
	SECTION_ADMISSION,
	SECTION_LIMITS,
	SECTION_ANNOTATIONS,
	SECTION_CONFIG,   /* the config itself: ambiguous, malformed */
	SECTION_SEPARATE, /* data classes, of which the host's other containers decide */
	SECTIONS_,
};
const char *section_name(enum section section);

/* One thing taken away, or one reason to refuse. */
struct change {
	enum section section;
	bool refusal;
	bool audit;   /* would have been: only an audit-mode profile demands it */
	char *what;   /* "takes CAP_NET_RAW from the bounding set"; one line, already quoted */
	char *by;     /* who demanded it: profile names, sorted, ", " between; or "host" */
	char *remedy; /* refusals: what would make it pass; else NULL */
};

struct changes {
	struct change *v; /* in the order of enum section, then as demanded */
	size_t n;
};

enum outcome {
	OUTCOME_REFUSE, /* zero refuses */
	OUTCOME_ACCEPT,
};

struct verdict {
	enum outcome outcome;
	bool would_refuse; /* accepted, but only because the refusing profile is in audit mode */
	enum mode mode;    /* enforce where at least one applied profile is enforced */
	struct changes changes;
	bool changed;                            /* config differs from the request */
	struct buf config;                       /* the whole new config where `changed` */
	char policy_digest[PROFILE_DIGEST_SIZE]; /* over host configuration and applied profiles */
};

/*
 * Decide.
 *
 * config     the request; its ambiguous keys are refused here
 * selection  may be empty: accepted, nothing changed
 * Errors     only for what is no decision: -EBADMSG a config that cannot be understood (which the
 *            caller refuses), -ENOMEM. A refusal by policy is a verdict, not an error.
 */
int policy_decide(const struct host *host, const struct selection *selection,
		  const struct doc *config, const struct facts *facts, struct verdict *ret,
		  struct err *err);
void verdict_done(struct verdict *verdict);
/*
 * Refuse, for what is known elsewhere alone: it counts whatever applies.
 *
 * audit    it would be refused, and is not
 * profile  which demands it, of this container or another; NULL: the host
 */
int verdict_refuse(struct verdict *verdict, enum section section, bool audit, const char *what,
		   const char *remedy, const char *profile, struct err *err);
#define _cleanup_verdict_ _cleanup_(verdict_done)

/* Where a host has a file system of the kernel's own of this type; NULL: it is none. */
const char *kernel_place(const char *type);

/* Keys of OCI runtime-spec, sorted, and the free-form members, for doc_check_folding(). */
int config_check_keys(const struct doc *config, struct err *err);

#endif
