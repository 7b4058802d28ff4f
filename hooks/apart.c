/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers of different data classes must not share.
 */
#include "hooks/apart.h"

#include <errno.h>

#include "hooks/decision.h"
#include "hooks/register.h"

/* ---- what is shared ---- */

/* One is the other, or lies within or around it, by whatever name. */
static bool meet(const struct shared_place *a, const struct shared_place *b)
{
	for (size_t i = 0; a->n > 0 && i < b->n; i++) {
		if (a->v[0].device == b->v[i].device && a->v[0].inode == b->v[i].inode)
			return true;
	}
	for (size_t i = 0; b->n > 0 && i < a->n; i++) {
		if (b->v[0].device == a->v[i].device && b->v[0].inode == a->v[i].inode)
			return true;
	}
	return false;
}

static const struct shared_place *shared_place(const struct registered *one,
					       const struct registered *other)
{
	for (size_t i = 0; i < one->n_places; i++) {
		for (size_t o = 0; o < other->n_places; o++) {
			if (meet(&one->places[i], &other->places[o]))
				return &one->places[i];
		}
	}
	return NULL;
}

static bool same(uint64_t a, uint64_t b)
{
	return a != 0 && a == b;
}

static bool is_hosts_pidns(uint64_t inode)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == inode;
}

static bool shares_network(const struct registered *one, const struct registered *other)
{
	return same(one->netns, other->netns);
}

static bool shares_ipc(const struct registered *one, const struct registered *other)
{
	return same(one->ipc, other->ipc);
}

/* From the host's all processes are seen. */
static bool shares_processes(const struct registered *one, const struct registered *other)
{
	return same(one->pidns, other->pidns) || is_hosts_pidns(one->pidns) ||
	       is_hosts_pidns(other->pidns);
}

static bool shares_pod(const struct registered *one, const struct registered *other)
{
	return one->pod_uid && other->pod_uid && streq(one->pod_uid, other->pod_uid);
}

static const struct {
	bool (*holds)(const struct registered *one, const struct registered *other);
	const char *what, *remedy;
} rules[] = {
	{ shares_pod, "is in the same pod as", "put it into a pod of its own class" },
	{ shares_network, "shares the network namespace of", "give it a network of its own" },
	{ shares_ipc, "shares the IPC namespace of", "give it an IPC namespace of its own" },
	{ shares_processes, "sees, or lets see, the processes of",
	  "give it a process namespace of its own" },
};

/* ---- with whom ---- */

static bool differ(const struct registered *one, const struct registered *other, const char *key)
{
	return !streq(separate_class(&one->labels, key), separate_class(&other->labels, key));
}

/* Who is kept apart by what. */
struct keeping_apart {
	const struct host *host;
	const struct selection *selection; /* of the one that is asked about */
	enum mode mode;
};

/*
 * The first key by which they are of different classes and one of them is kept apart: what keeps
 * the other is in the registry, as far as it is enforced.
 */
static bool find_separation(const struct keeping_apart *by, const struct registered *one,
			    const struct registered *other, struct separation *ret)
{
	struct separation at = { 0 };

	while (separation_next(by->host, by->selection, by->mode, &at)) {
		if (differ(one, other, at.key)) {
			*ret = at;
			return true;
		}
	}
	if (host_enforces(by->host) != (by->mode == MODE_ENFORCE))
		return false;
	for (size_t i = 0; i < other->n_sets; i++) {
		const struct peer_set *set = &other->sets[i];

		if (set->key && differ(one, other, set->key)) {
			*ret = (struct separation){ set->key, set->by };
			return true;
		}
	}
	return false;
}

bool apart_any(const struct peers *peers)
{
	for (size_t i = 0; i < peers->n; i++) {
		for (size_t k = 0; k < peers->v[i].n_sets; k++) {
			if (peers->v[i].sets[k].key)
				return true;
		}
	}
	return false;
}

void meeting_done(struct meeting *meeting)
{
	buf_done(&meeting->what);
	*meeting = (struct meeting){ 0 };
}

static void describe_class(const struct registered *one, const char *key, struct buf *out)
{
	const char *class = separate_class(&one->labels, key);

	if (class[0])
		buf_addf(out, "%s=%s", key, Q(class));
	else
		buf_addf(out, "no %s", key);
}

/* shares: "shares the network namespace of", as it stands before "container \"db\"". */
static void describe(const struct registered *one, const struct registered *other, const char *key,
		     const char *shares, struct buf *out)
{
	buf_addf(out, "data classes are kept apart: it %s container %s, which has ", shares,
		 Q(other->name));
	describe_class(other, key, out);
	buf_adds(out, ", and it has ");
	describe_class(one, key, out);
}

static bool check_pair(const struct registered *one, const struct registered *other,
		       const char *key, struct buf *what, const char **ret_remedy)
{
	const struct shared_place *shared;
	char mounts[QUOTE_MAX + 64];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rules[i].holds(one, other))
			continue;
		describe(one, other, key, rules[i].what, what);
		*ret_remedy = rules[i].remedy;
		return true;
	}
	shared = shared_place(one, other);
	if (!shared)
		return false;
	(void)snprintf(mounts, sizeof(mounts), "mounts %s, in whole or in part a volume of",
		       Q(shared->path));
	describe(one, other, key, mounts, what);
	*ret_remedy = "give it a volume of its own, or list the place in \"separateIgnores\" of "
		      "coaming.json where all classes may see it";
	return true;
}

int apart_check(const struct host *host, const struct selection *selection, enum mode mode,
		const struct registered *one, const struct peers *peers, struct meeting *ret,
		struct err *err)
{
	const struct keeping_apart by = { host, selection, mode };

	for (size_t i = 0; i < peers->n && !one->infra; i++) {
		const struct registered *other = &peers->v[i];
		_cleanup_buf_ struct buf what = { 0 };
		struct separation separation;
		const char *remedy;

		if (other->infra || streq(other->id, one->id) ||
		    !find_separation(&by, one, other, &separation) ||
		    !check_pair(one, other, separation.key, &what, &remedy) ||
		    registered_is_gone(other))
			continue;
		if (buf_status(&what) < 0)
			return err_oom(err);
		*ret = (struct meeting){ .what = what, .remedy = remedy, .separation = separation };
		what = (struct buf){ 0 };
		return 0;
	}
	return 0;
}

/* Of one mode, which keeps it apart. */
static int judge(const struct host *host, enum mode mode, const struct registered *one,
		 const struct peers *peers, struct decision *decision, struct err *err)
{
	_cleanup_(meeting_done) struct meeting meeting = { 0 };
	int r;

	r = apart_check(host, &decision->selection, mode, one, peers, &meeting, err);
	if (r < 0 || !meeting.remedy)
		return r;
	return verdict_refuse(&decision->verdict, SECTION_SEPARATE, mode == MODE_AUDIT,
			      meeting.what.data, meeting.remedy, meeting.separation.profile, err);
}

int apart_judge(const struct host *host, const struct question *question, struct decision *decision,
		struct err *err)
{
	const struct host effective = decision_host(host, decision);
	const bool enforced = separation_any(&effective, &decision->selection, MODE_ENFORCE);
	const bool audited = separation_any(&effective, &decision->selection, MODE_AUDIT);
	_cleanup_registered_ struct registered one = { 0 };
	_cleanup_peers_ struct peers peers = { 0 };
	struct err damaged = { 0 };
	int r;

	if (question_is_exec(question) || (!enforced && !audited))
		return 0;
	r = peers_read(host->state_dir, &peers, &damaged, err);
	if (r == 0 && damaged.class != ERR_NONE && enforced) {
		*err = damaged;
		err_context(err, "whose data class is not known cannot be kept apart");
		err_hint(err, "run coaming reconcile");
		return -EBADMSG;
	}
	if (r == 0)
		r = register_make(host, decision, question->config, NULL, -1, &one, err);
	if (r == 0)
		r = judge(&effective, MODE_ENFORCE, &one, &peers, decision, err);
	if (r == 0 && audited)
		r = judge(&effective, MODE_AUDIT, &one, &peers, decision, err);
	return r;
}
