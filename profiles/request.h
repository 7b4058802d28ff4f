/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container asks for: the parts of its OCI config.json that the policy governs, parsed and
 * checked, with the nodes they came from kept for editing.
 *
 * Source: runtime-spec 1.2, config.md and config-linux.md
 */
#ifndef COAMING_PROFILES_REQUEST_H
#define COAMING_PROFILES_REQUEST_H

#include "profiles/filter.h"

enum cap_set {
	SET_BOUNDING,
	SET_EFFECTIVE,
	SET_INHERITABLE,
	SET_PERMITTED,
	SET_AMBIENT,
	CAP_SETS_
};

struct request_mount {
	const char *destination; /* as it is written */
	const char *type;        /* "" where absent */
	const char *source;      /* "" where absent */
	bool bind;
	const struct node *node;
};

struct request {
	const struct doc *doc;
	const struct node *root;         /* the whole */
	const struct node *process;      /* NULL: none (and nothing runs) */
	const struct node *capabilities; /* NULL or null: no set at all */
	uint64_t caps[CAP_SETS_];
	bool no_new_privileges;
	bool terminal;
	uint64_t uid;
	const struct node *rootfs; /* "root" */
	bool read_only;
	struct request_mount *mounts;
	size_t n_mounts;
	const struct node *mounts_node;
	const struct node *linux_node;
	const struct node *seccomp_node;
	bool has_seccomp;
	struct filter seccomp;
	const struct node *annotations;
};

const char *cap_set_name(enum cap_set set); /* "bounding"... */

/*
 * Parse. All nodes and texts are the document's and must not outlive it.
 *
 * Errors  -EBADMSG with file, line, column: a member of another type than the specification's, an
 *         unknown capability, a user id beyond 2^32-2; -ENOMEM
 */
int request_parse(const struct doc *doc, struct request *ret, struct err *err);
/* Its "process" alone: nothing else of *ret is set, and there is nothing to free. */
int request_parse_process(const struct doc *doc, struct request *ret, struct err *err);
void request_done(struct request *request);
#define _cleanup_request_ _cleanup_(request_done)

/* All sets together: root's execve(2) takes from the inheritable set as from the bounding set. */
uint64_t request_asked_caps(const struct request *request);

/* A member that is there and is not null. Go writes null for what is empty. */
const struct node *present(const struct node *object, const char *key);

#endif
