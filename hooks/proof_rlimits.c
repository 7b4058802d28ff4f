/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource limits of the process: none above what the config says.
 *
 * Source: getrlimit(2); runtime-spec 1.2, config.md, "rlimits"
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	__rlimit_resource_t resource;
} kinds[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

struct rlimit_look {
	const struct proof_look *look;
	struct buf wanted, is;
	bool differs, unknown;
};

static void rlimit_look_done(struct rlimit_look *l)
{
	buf_done(&l->wanted);
	buf_done(&l->is);
}

static void say(struct buf *out, const char *name, uint64_t soft, uint64_t hard)
{
	const uint64_t values[] = { soft, hard };

	buf_addf(out, "%s%s", out->len > 0 ? ", " : "", name);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		buf_adds(out, i == 0 ? " " : "/");
		if (values[i] == RLIM_INFINITY)
			buf_adds(out, "unlimited");
		else
			buf_addf(out, "%llu", (unsigned long long)values[i]);
	}
}

/*
 * A process may raise its soft limit up to the hard one, and that too where the config lets it
 * have CAP_SYS_RESOURCE.
 */
static int compare(struct rlimit_look *l, size_t kind, uint64_t soft, uint64_t hard,
		   struct err *err)
{
	const struct proof_look *look = l->look;
	bool running = look->wanted->moment == PROOF_RUNNING;
	struct rlimit is;

	/* By pid: proof_take() asks the pidfd afterwards. */
	if (prlimit(look->process->pid, kinds[kind].resource, NULL, &is) < 0)
		return err_errno(err, errno, "cannot read %s of process %d", kinds[kind].name,
				 (int)look->process->pid);
	say(&l->wanted, kinds[kind].name, soft, hard);
	say(&l->is, kinds[kind].name, is.rlim_cur, is.rlim_max);
	if (running && proof_may_have(look->request, CAP_SYS_RESOURCE))
		return 0;
	l->differs = l->differs || is.rlim_max > hard || is.rlim_cur > (running ? hard : soft);
	return 0;
}

static int compare_entry(struct rlimit_look *l, const struct node *entry, struct err *err)
{
	const struct doc *doc = l->look->request->doc;
	const struct node *soft = present(entry, "soft"), *hard = present(entry, "hard");
	uint64_t soft_value = 0, hard_value = 0;
	const char *type = "";
	int r;

	r = node_expect(doc, entry, NODE_OBJECT, err);
	if (r == 0 && present(entry, "type"))
		r = node_read_string(doc, present(entry, "type"), &type, err);
	if (r == 0 && soft)
		r = node_read_u64(doc, soft, &soft_value, err);
	if (r == 0 && hard)
		r = node_read_u64(doc, hard, &hard_value, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (streq(kinds[i].name, type))
			return compare(l, i, soft_value, hard_value, err);
	}
	buf_addf(&l->wanted, "%s%s", l->wanted.len > 0 ? ", " : "", Q(type));
	buf_addf(&l->is, "%snot a limit that is known", l->is.len > 0 ? ", " : "");
	l->unknown = true;
	return 0;
}

int proof_rlimits(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	const struct node *list = present(look->request->process, "rlimits");
	_cleanup_(rlimit_look_done) struct rlimit_look l = { .look = look };
	int r = 0;

	if (!list || list->count == 0)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = node_expect_list(look->request->doc, list, ARRAY_SIZE(kinds), err);
	if (r < 0)
		return r;
	node_foreach (entry, list) {
		r = compare_entry(&l, entry, err);
		if (r < 0)
			return r;
	}
	finding_digest(ret, l.is.data ? l.is.data : "", l.is.len);
	return finding_set_bufs(ret,
				l.differs   ? PROOF_MISMATCH
				: l.unknown ? PROOF_NOT_POSSIBLE
					    : PROOF_MATCH,
				&l.wanted, &l.is, err);
}
