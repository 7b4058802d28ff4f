/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces that the config wants apart from the host's.
 *
 * Compared by device and inode of what /proc/PID/ns leads to. That file is a magic link, which
 * openat2() would not follow under RESOLVE_NO_MAGICLINKS: it is reached through the descriptor of
 * the process's own directory, and made by the kernel.
 *
 * Source: namespaces(7); runtime-spec 1.2, config-linux.md, "Namespaces"
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const struct {
	const char *type; /* in the config */
	const char *file; /* in /proc/PID */
} kinds[] = {
	{ "pid", "ns/pid" },       { "network", "ns/net" }, { "mount", "ns/mnt" },
	{ "ipc", "ns/ipc" },       { "uts", "ns/uts" },     { "user", "ns/user" },
	{ "cgroup", "ns/cgroup" }, { "time", "ns/time" },
};

struct comparison {
	const struct proof_look *look;
	struct buf wanted, is, seen;
	bool differs, unknown;
};

static void comparison_done(struct comparison *c)
{
	buf_done(&c->wanted);
	buf_done(&c->is);
	buf_done(&c->seen);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * Is it this program's own, or that of pid 1? A caller that lacks one of pid 1's capabilities (in
 * an outer container, say) may not look at it: for such a one its own is the host's.
 */
static int is_hosts(const struct proof_look *look, const char *file, const struct stat *st,
		    bool *ret, struct err *err)
{
	static const char *const hosts[] = { "self", "1" };

	*ret = false;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		char name[32];
		struct stat host;

		(void)snprintf(name, sizeof(name), "%s/%s", hosts[i], file);
		if (fstatat(look->procfs, name, &host, 0) == 0)
			*ret = *ret || same(&host, st);
		else if (i == 0 || (errno != EACCES && errno != EPERM))
			return err_errno(err, errno, "cannot look at the host's \"/proc/%s\"",
					 name);
	}
	return 0;
}

/*
 * A path below /proc names another process, which may have ended since, and another have its
 * number: once the container runs that says nothing.
 */
static bool path_still_holds(const struct proof_look *look, const char *path)
{
	return look->wanted->moment == PROOF_AT_EXEC || !starts_with(path, "/proc/");
}

static void say(struct comparison *c, const char *type, const char *wanted, const char *is)
{
	buf_addf(&c->wanted, "%s%s: %s", c->wanted.len > 0 ? ", " : "", type, wanted);
	buf_addf(&c->is, "%s%s: %s", c->is.len > 0 ? ", " : "", type, is);
}

static int compare_joined(struct comparison *c, size_t kind, const struct stat *st,
			  const char *path, struct err *err)
{
	struct stat joined;
	bool host = false;
	int r;

	if (stat(path, &joined) < 0 || !path_still_holds(c->look, path)) {
		/* Where it led is gone with the path. That it is not the host's can still be said.
		 */
		r = is_hosts(c->look, kinds[kind].file, st, &host, err);
		if (r == 0 && host) {
			say(c, kinds[kind].type, Q(path), "the host's");
			c->differs = true;
		}
		return r;
	}
	if (!same(&joined, st)) {
		say(c, kinds[kind].type, Q(path), "another");
		c->differs = true;
	}
	return 0;
}

static int compare(struct comparison *c, size_t kind, const struct node *entry, struct err *err)
{
	const struct node *path = present(entry, "path");
	struct stat st;
	bool host = false;
	int r;

	if (fstatat(c->look->dir, kinds[kind].file, &st, 0) < 0) {
		if (errno != ENOENT || !process_lives(c->look->process))
			return err_errno(err, errno, "cannot look at %s of the process",
					 kinds[kind].file);
		say(c, kinds[kind].type, "its own", "not known to this kernel");
		c->unknown = true;
		return 0;
	}
	buf_addf(&c->seen, "%s %llu\n", kinds[kind].type, (unsigned long long)st.st_ino);
	if (node_is(path, NODE_STRING) && path->string_len > 0)
		return compare_joined(c, kind, &st, path->string, err);
	r = is_hosts(c->look, kinds[kind].file, &st, &host, err);
	if (r == 0 && host) {
		say(c, kinds[kind].type, "its own", "the host's");
		c->differs = true;
	}
	return r;
}

static int compare_all(struct comparison *c, const struct node *list, struct err *err)
{
	node_foreach (entry, list) {
		const struct node *type = present(entry, "type");

		for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
			int r;

			if (!node_is(type, NODE_STRING) || !streq(type->string, kinds[kind].type))
				continue;
			r = compare(c, kind, entry, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int proof_namespaces(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	const struct node *list = present(look->request->linux_node, "namespaces");
	_cleanup_(comparison_done) struct comparison c = { .look = look };
	char wanted[64];
	int r;

	if (!list || list->count == 0)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = compare_all(&c, list, err);
	if (r < 0)
		return r;
	if (buf_status(&c.seen) < 0)
		return err_oom(err);
	finding_digest(ret, c.seen.data ? c.seen.data : "", c.seen.len);
	if (c.differs || c.unknown)
		return finding_set_bufs(ret, c.differs ? PROOF_MISMATCH : PROOF_NOT_POSSIBLE,
					&c.wanted, &c.is, err);
	(void)snprintf(wanted, sizeof(wanted), "%zu apart from the host's", list->count);
	return finding_set(ret, PROOF_MATCH, wanted, "as wanted", err);
}
