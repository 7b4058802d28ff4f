/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof as a whole: read what all points need, then ask each.
 */
#include "hooks/proof.h"

#include <errno.h>

#include "hooks/procfs.h"
#include "hooks/proof_internal.h"

static const struct {
	const char *name;
	proof_fn *look;
} points[] = {
	[PROOF_CAPABILITIES] = { "capabilities", proof_capabilities },
	[PROOF_NO_NEW_PRIVILEGES] = { "no-new-privileges", proof_no_new_privileges },
	[PROOF_SECCOMP] = { "seccomp", proof_seccomp },
	[PROOF_USER] = { "user", proof_user },
	[PROOF_ID_MAPS] = { "id-maps", proof_id_maps },
	[PROOF_ROOT] = { "root", proof_root },
	[PROOF_MOUNTS] = { "mounts", proof_mounts },
	[PROOF_NAMESPACES] = { "namespaces", proof_namespaces },
	[PROOF_CGROUP] = { "cgroup", proof_cgroup },
	[PROOF_RLIMITS] = { "rlimits", proof_rlimits },
	[PROOF_NETWORK] = { "network", proof_network },
};
static_assert(ARRAY_SIZE(points) == PROOF_POINTS_, "a row a point");

static const char *const state_names[] = {
	[PROOF_MISMATCH] = "mismatch",
	[PROOF_MATCH] = "match",
	[PROOF_NOT_ASKED] = "not-asked",
	[PROOF_NOT_POSSIBLE] = "not-possible",
};
static_assert(ARRAY_SIZE(state_names) == PROOF_STATES_, "a name a state");

const char *proof_point_name(enum proof_point point)
{
	return points[point].name;
}

const char *proof_state_name(enum proof_state state)
{
	return state_names[state];
}

int proof_point_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		if (streq(points[i].name, name))
			return (int)i;
	}
	return -ENOENT;
}

/* ---- findings ---- */

int finding_set(struct proof_finding *ret, enum proof_state state, const char *wanted,
		const char *is, struct err *err)
{
	free(ret->wanted);
	free(ret->is);
	ret->state = state;
	ret->wanted = strndup(wanted, PROOF_TEXT_MAX);
	ret->is = strndup(is, PROOF_TEXT_MAX);
	return ret->wanted && ret->is ? 0 : err_oom(err);
}

int finding_set_bufs(struct proof_finding *ret, enum proof_state state, const struct buf *wanted,
		     const struct buf *is, struct err *err)
{
	if (buf_status(wanted) < 0 || buf_status(is) < 0)
		return err_oom(err);
	return finding_set(ret, state, wanted->data ? wanted->data : "", is->data ? is->data : "",
			   err);
}

void finding_digest(struct proof_finding *ret, const void *data, size_t len)
{
	sha256_hex1(ret->digest, data, len);
}

void proof_done(struct proof *proof)
{
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		free(proof->at[i].wanted);
		free(proof->at[i].is);
	}
	*proof = (struct proof){ 0 };
}

size_t proof_count(const struct proof *proof, enum proof_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < PROOF_POINTS_; i++)
		n += proof->at[i].state == state;
	return n;
}

bool proof_holds(const struct proof *proof)
{
	return proof_count(proof, PROOF_MATCH) + proof_count(proof, PROOF_NOT_ASKED) ==
	       PROOF_POINTS_;
}

/* ---- the look ---- */

static int read_status(int dir, struct proof_status *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	r = procfs_read(dir, "status", &text, &len, err);
	return r < 0 ? r : status_parse(text, ret, err);
}

static int read_mounts(int dir, struct mountinfo *ret, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	int r;

	r = procfs_read(dir, "mountinfo", &text, &len, err);
	return r < 0 ? r : mountinfo_parse(text, ret, err);
}

static int look_at_all(const struct proof_look *look, struct proof *ret, struct err *err)
{
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		int r = points[i].look(look, &ret->at[i], err);

		if (r < 0) {
			err_context(err, "%s", points[i].name);
			return r;
		}
	}
	return 0;
}

int proof_take(const struct process *process, const struct proof_wanted *wanted, struct proof *ret,
	       struct err *err)
{
	_cleanup_request_ struct request request = { 0 };
	_cleanup_(status_done) struct proof_status status = { 0 };
	_cleanup_mountinfo_ struct mountinfo mounts = { 0 };
	_cleanup_proof_ struct proof proof = { 0 };
	_cleanup_close_ int procfs = -1, dir = -1;
	int r;

	r = request_parse(wanted->config, &request, err);
	if (r == 0)
		r = procfs_open(&procfs, err);
	if (r == 0)
		r = procfs_open_process(procfs, process, &dir, err);
	if (r == 0)
		r = read_status(dir, &status, err);
	if (r == 0)
		r = read_mounts(dir, &mounts, err);
	if (r == 0)
		r = look_at_all(&(struct proof_look){ process, wanted, &request, &status, &mounts,
						      procfs, dir },
				&proof, err);
	/* Whatever went wrong, or right: was it looked at while it lived? */
	if (!process_lives(process)) {
		err_clear(err);
		r = err_system(err, ESRCH, "the container's process %d has ended",
			       (int)process->pid);
	}
	if (r < 0)
		return r;
	*ret = proof;
	proof = (struct proof){ 0 };
	return 0;
}
