/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container between its admission and its end: one file in stateDir/containers.
 *
 * Enforcement never rests on it (that is computed anew from the config at each stage); it lets
 * poststop, `coaming gc` and messages speak of a container whose config may be gone.
 */
#ifndef COAMING_HOOKS_LIVE_H
#define COAMING_HOOKS_LIVE_H

#include <sys/types.h>
#include "hooks/identity.h"
#include "lib/hash.h"
#include "profiles/profile.h"

enum live_state {
	LIVE_DENIED,   /* refused: nothing of it may run */
	LIVE_ADMITTED, /* decided and recorded; the runtime has not made it yet */
	LIVE_CREATED,  /* createRuntime has been through */
	LIVE_STATES_,
};

struct live {
	struct identity identity;
	char *bundle; /* "" where unknown */
	enum live_state state;
	bool by_precreate; /* that door recorded the admission */
	enum mode mode;
	char *break_glass; /* under which it was admitted, as records have it; NULL: none */
	char *exempt;      /* why the host exempts it: no profile applies; NULL: it does not */
	char **profiles;
	size_t n_profiles;
	pid_t pid;                        /* init's, from createRuntime on; else 0 */
	uint64_t start_time;              /* of that pid, proc_pid_stat(5) field 22 */
	uint64_t netns;                   /* inode; 0: none looked at */
	int64_t time;                     /* of the decision, seconds since 1970 */
	bool firewall;                    /* a table of ours is in there, and the netns is pinned */
	bool restored;                    /* from a checkpoint: no program of its is executed */
	bool kill_on_drift;               /* a profile says so, and is enforced */
	char config_digest[SHA256_HEX];   /* of the config that createRuntime saw; "" before */
	char firewall_digest[SHA256_HEX]; /* of the rules that were read back; "": none */
	struct {
		int64_t time;              /* of the last attestation; 0: none yet */
		char *result;              /* attest_result_name() */
		char digest[SHA256_HEX];   /* of what was read then */
		char findings[SHA256_HEX]; /* of what was not as it should be then */
	} attested;
};

/* Write, whole or not at all. The directory is made 0700 where it is missing. */
int live_write(const char *state_dir, const struct live *live, struct err *err);
/* -ENOENT with no error text: none. A damaged one is -EBADMSG. */
int live_read(const char *state_dir, const char *id, struct live *ret, struct err *err);
/*
 * Take a container for oneself, in order to end it: poststop and `coaming gc` may come at once.
 *
 * ret_lock  the claim: held until it is closed, also by a process that is killed
 * Errors    -ENOENT with no error text: there is none, or another has claimed it
 */
int live_claim(const char *state_dir, const char *id, struct live *ret, int *ret_lock,
	       struct err *err);
/*
 * Note an attestation (the members `attested` of `live`). Nothing where the container has ended
 * meanwhile: what was removed does not come back.
 */
int live_note_attested(const char *state_dir, const struct live *live, struct err *err);
/*
 * The firewall's text as it was put in place, beside the live file, with which it goes.
 *
 * ret  free()
 */
#define LIVE_RULES_MAX_BYTES ((size_t)8 << 20)
int live_write_rules(const char *state_dir, const char *id, const char *text, size_t len,
		     struct err *err);
/* -ENOENT with no error text: there is none. */
int live_read_rules(const char *state_dir, const char *id, char **ret, struct err *err);
/*
 * The connections that were recorded, as flow_record.c writes them, likewise beside the live file.
 * Nothing where the container of that time has ended meanwhile.
 */
#define LIVE_FLOWS_MAX_BYTES ((size_t)4 << 20)
int live_note_flows(const char *state_dir, const struct live *live, const char *text, size_t len,
		    struct err *err);
/* -ENOENT with no error text: there are none. */
int live_read_flows(const char *state_dir, const char *id, char **ret, struct err *err);
/* Also where there is none. */
int live_remove(const char *state_dir, const char *id, struct err *err);
/* Remove the temporary files of writers that were killed, for gc. */
int live_remove_leavings(const char *state_dir, struct err *err);
/* The ids of all, for gc. strv_free(). One that cannot be read is left out, and the first of them
 * told in *damaged. */
int live_list(const char *state_dir, char ***ret_ids, size_t *ret_n, struct err *damaged,
	      struct err *err);
void live_done(struct live *live);
#define _cleanup_live_ _cleanup_(live_done)

#endif
