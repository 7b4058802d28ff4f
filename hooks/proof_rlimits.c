/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource limits of the process: none above what the config says.
 *
 * Source: getrlimit(2); proc_pid_limits(5); runtime-spec 1.2, config.md, "rlimits"
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include "hooks/procfs.h"

/* As a config and as the kernel name them. */
static const struct {
	const char *name, *line;
} kinds[] = {
	{ "RLIMIT_AS", "Max address space" },
	{ "RLIMIT_CORE", "Max core file size" },
	{ "RLIMIT_CPU", "Max cpu time" },
	{ "RLIMIT_DATA", "Max data size" },
	{ "RLIMIT_FSIZE", "Max file size" },
	{ "RLIMIT_LOCKS", "Max file locks" },
	{ "RLIMIT_MEMLOCK", "Max locked memory" },
	{ "RLIMIT_MSGQUEUE", "Max msgqueue size" },
	{ "RLIMIT_NICE", "Max nice priority" },
	{ "RLIMIT_NOFILE", "Max open files" },
	{ "RLIMIT_NPROC", "Max processes" },
	{ "RLIMIT_RSS", "Max resident set" },
	{ "RLIMIT_RTPRIO", "Max realtime priority" },
	{ "RLIMIT_RTTIME", "Max realtime timeout" },
	{ "RLIMIT_SIGPENDING", "Max pending signals" },
	{ "RLIMIT_STACK", "Max stack size" },
};

/* ---- parsing ---- */

/* A number or "unlimited", and the blanks behind it. */
static bool next_limit(const char **at, uint64_t *ret)
{
	static const char unlimited[] = "unlimited";
	char *end;

	*at += strspn(*at, " ");
	if (starts_with(*at, unlimited)) {
		*ret = RLIM_INFINITY;
		*at += strlen(unlimited);
		return **at == ' ';
	}
	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*ret = strtoull(*at, &end, 10);
	*at = end;
	return errno == 0 && *end == ' ';
}

bool rlimit_find(const char *text, const char *name, uint64_t *ret_soft, uint64_t *ret_hard)
{
	const char *line = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !line; i++)
		line = streq(kinds[i].name, name) ? kinds[i].line : NULL;
	for (const char *at = line ? text : NULL; at && *at; at = *at ? at + 1 : at) {
		if (starts_with(at, line)) {
			at += strlen(line);
			return *at == ' ' && next_limit(&at, ret_soft) && next_limit(&at, ret_hard);
		}
		at = strchrnul(at, '\n');
	}
	return false;
}

/* ---- comparing ---- */

struct rlimit_look {
	const struct proof_look *look;
	char *text; /* /proc/PID/limits */
	struct buf wanted, is;
	bool differs, unknown;
};

static void rlimit_look_done(struct rlimit_look *l)
{
	free(l->text);
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
static void compare(struct rlimit_look *l, const char *name, uint64_t soft, uint64_t hard)
{
	bool running = l->look->wanted->moment == PROOF_RUNNING;
	uint64_t is_soft, is_hard;

	if (!rlimit_find(l->text, name, &is_soft, &is_hard)) {
		buf_addf(&l->wanted, "%s%s", l->wanted.len > 0 ? ", " : "", Q(name));
		buf_addf(&l->is, "%s%s is not known to the kernel", l->is.len > 0 ? ", " : "",
			 Q(name));
		l->unknown = true;
		return;
	}
	say(&l->wanted, name, soft, hard);
	say(&l->is, name, is_soft, is_hard);
	if (running && proof_may_have(l->look->request, CAP_SYS_RESOURCE))
		return;
	l->differs = l->differs || is_hard > hard || is_soft > (running ? hard : soft);
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
	compare(l, type, soft_value, hard_value);
	return 0;
}

int proof_rlimits(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	const struct node *list = present(look->request->process, "rlimits");
	_cleanup_(rlimit_look_done) struct rlimit_look l = { .look = look };
	size_t len = 0;
	int r;

	if (!list || list->count == 0)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = node_expect_list(look->request->doc, list, ARRAY_SIZE(kinds), err);
	if (r == 0)
		r = procfs_read(look->dir, "limits", &l.text, &len, err);
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
