/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sections of policy.c share. Each section is one function that compares the request with
 * the profiles that apply, and says what it takes away.
 */
#ifndef COAMING_PROFILES_POLICY_INTERNAL_H
#define COAMING_PROFILES_POLICY_INTERNAL_H

#include "lib/edit.h"
#include "lib/path.h"
#include "profiles/policy.h"
#include "profiles/request.h"

/* One pass: first over the enforced profiles, then over the audited ones and the result. */
struct pass {
	const struct host *host;
	const struct request *request;
	const struct facts *facts;
	const struct profile **profiles; /* sorted by name; behind them the host's own demand */
	size_t n;
	bool separates; /* the last of them is the host's: data classes are kept apart */
	bool audit;
	struct edit *edit; /* of the request's document; the audit pass throws it away */
	struct changes *changes;
};

/* 0 also where something is taken or refused; errors are for what is no decision. */
typedef int section_fn(const struct pass *pass, struct err *err);

/* The sections, in the order in which they are asked. */
int policy_seccomp(const struct pass *pass, struct err *err);
int policy_capabilities(const struct pass *pass, struct err *err);
int policy_rootfs(const struct pass *pass, struct err *err);
int policy_network(const struct pass *pass, struct err *err);
int policy_admission(const struct pass *pass, struct err *err);
int policy_limits(const struct pass *pass, struct err *err);
int policy_annotations(const struct pass *pass, struct err *err);
int policy_config(const struct pass *pass, struct err *err);
/* Part of policy_config(). */
int policy_masks(const struct pass *pass, struct err *err);

/* Who demands something: a bit a profile of the pass; pass->n is bounded by PASS_PROFILES_MAX. */
#define APPLYING_MAX      256
#define PASS_PROFILES_MAX (APPLYING_MAX + 1) /* the host's own demand with them */
struct demand {
	bool by[PASS_PROFILES_MAX];
	bool any;
};
void demand_add(struct demand *demand, size_t profile);

/*
 * Say what is taken, or refused. Texts are copied.
 *
 * demand  NULL: the host
 * remedy  refusals only, else NULL
 */
int change_add(const struct pass *pass, enum section section, const struct demand *demand,
	       const char *what, struct err *err);
int refusal_add(const struct pass *pass, enum section section, const struct demand *demand,
		const char *what, const char *remedy, struct err *err);

/* The capabilities that a profile lets a container keep: also those which its root and its firewall
 * cannot stand are not among them. */
uint64_t profile_keeps(const struct profile *profile);
/* Does it take what a set-uid program would give back? Then noNewPrivileges is set. */
bool profile_confines_privileges(const struct profile *profile);
/* Does a direction of the profile's network section constrain anything? */
bool profile_filters_network(const struct profile *profile);

/*
 * The places of the host that a mount of the request shows, normalised and, where the host can be
 * asked, resolved; "/" where that cannot be told. Free with strv_free(), also where it is empty.
 */
int mount_places(const struct pass *pass, size_t mount, char ***ret, size_t *ret_n,
		 struct err *err);
/* Do its options make it read-only? The last of them holds. */
bool mount_is_read_only(const struct request_mount *mount);

#endif
