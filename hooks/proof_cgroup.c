/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of control groups, version 1 and 2: none above what the config says.
 *
 * A limit holds for all that is below, so that the lowest one counts from the process's own group
 * up to the root: a container may have made groups below its own.
 *
 * Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst; runtime-spec 1.2, config-linux.md
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "hooks/procfs.h"
#include "lib/file.h"

/* "QUOTA PERIOD", each a number of 64 bits. */
#define VALUE_MAX_BYTES 64
#define PERIOD_DEFAULT  100000
/* systemd rounds a quota up to a hundredth of a processor. */
#define CPU_ROUNDING 100

/* ---- parsing ---- */

/* Does a list "cpu,cpuacct" of len bytes name the controller? */
static bool lists(const char *list, size_t len, const char *controller)
{
	size_t n = strlen(controller);

	for (const char *end = list + len; list < end;) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t word = comma ? (size_t)(comma - list) : (size_t)(end - list);

		if (word == n && strncmp(list, controller, n) == 0)
			return true;
		list += word + 1;
	}
	return false;
}

/* "ID:CONTROLLERS:PATH" of len bytes; a path holds neither ".." nor what the kernel adds to one
 * that was removed. */
static bool take_path(const char *path, size_t len, struct cgroup_place *ret)
{
	if (len == 0 || len >= sizeof(ret->path) || path[0] != '/' || memmem(path, len, "/..", 3))
		return false;
	memcpy(ret->path, path, len);
	ret->path[len] = '\0';
	return true;
}

bool cgroup_find(const char *text, const char *controller, struct cgroup_place *ret)
{
	bool found = false;

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *list = memchr(line, ':', (size_t)(end - line));
		const char *path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;

		if (path && lists(list + 1, (size_t)(path - list - 1), controller)) {
			ret->v2 = false;
			return take_path(path + 1, (size_t)(end - path - 1), ret);
		}
		if (path == list + 1 && path && starts_with(line, "0:")) {
			ret->v2 = true;
			found = take_path(path + 1, (size_t)(end - path - 1), ret);
		}
		line = *end ? end + 1 : end;
	}
	return found;
}

bool cgroup_value(const char *text, uint64_t *ret)
{
	char *end;

	/* Version 1 says "no limit" with -1, or with the largest number of pages. */
	if (starts_with(text, "max") || starts_with(text, "-1")) {
		*ret = UINT64_MAX;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && (*end == '\n' || *end == ' ' || *end == '\0');
}

/* ---- reading ---- */

/* The root of a hierarchy, by the places where every distribution mounts them. */
static int open_root(const char *controller, bool v2, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	struct statfs fs;

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", v2 ? "" : controller);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && v2 && fstatfs(fd, &fs) == 0 && fs.f_type != CGROUP2_SUPER_MAGIC) {
		closep(&fd);
		fd = open("/sys/fs/cgroup/unified", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", path);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return err_system(err, EINVAL, "%s is not a cgroup file system", path);
	return take_fd(&fd);
}

static int read_value(int root, const char *path, const char *file, char **ret, struct err *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	_cleanup_close_ int fd = -1;
	char name[sizeof(((struct cgroup_place *)NULL)->path) + 64];
	size_t len = 0;

	(void)snprintf(name, sizeof(name), "%s/%s", path[1] ? path + 1 : ".", file);
	fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	return fd_read_all(fd, file, VALUE_MAX_BYTES, ret, &len, err);
}

/* ---- comparing ---- */

/* What the config says of one limit. */
struct cgroup_limit {
	const char *controller;
	const char *files[2]; /* of version 1, of version 2 */
	uint64_t most[2];     /* of version 1, of version 2; 0: none is wanted */
	const char *period;   /* of a quota of processor time: version 1 has a second file */
	uint64_t per;         /* and what is wanted of it; `most` is then the quota */
	bool optional;        /* where the kernel does not count it there is no file */
};

struct cgroup_look {
	const struct proof_look *look;
	char *text; /* /proc/PID/cgroup */
	struct buf wanted, is;
	bool differs, unknown, asked;
};

static void cgroup_look_done(struct cgroup_look *c)
{
	free(c->text);
	buf_done(&c->wanted);
	buf_done(&c->is);
}

/* quota / per as no more than wanted, with systemd's rounding. */
static bool is_quota_within(const struct cgroup_limit *limit, bool v2, uint64_t quota, uint64_t per)
{
	uint64_t most = limit->most[v2] < UINT32_MAX ? limit->most[v2] : UINT32_MAX;

	if (per == 0 || quota > UINT32_MAX || per > UINT32_MAX)
		return false;
	return quota * CPU_ROUNDING / per <= (most * CPU_ROUNDING + limit->per - 1) / limit->per;
}

/* 1: keeps the limit; 0: does not; -ENOENT: there is no such file here */
static int keeps(int root, const char *path, const struct cgroup_limit *limit, bool v2,
		 char shown[VALUE_MAX_BYTES + 1], struct err *err)
{
	_cleanup_free_ char *text = NULL, *period = NULL;
	uint64_t value, per;
	int r;

	r = read_value(root, path, limit->files[v2], &text, err);
	if (r < 0)
		return r;
	(void)snprintf(shown, VALUE_MAX_BYTES + 1, "%.*s", (int)strcspn(text, "\n"), text);
	if (!cgroup_value(text, &value))
		return err_system(err, EBADMSG, "%s holds %s, which is no limit", limit->files[v2],
				  Q(shown));
	if (!limit->period)
		return value <= limit->most[v2];
	if (!v2)
		r = read_value(root, path, limit->period, &period, err);
	if (r < 0)
		return r;
	if (!cgroup_value(v2 ? text + strcspn(text, " ") + 1 : period, &per))
		return err_system(err, EBADMSG, "%s holds no period", limit->files[v2]);
	return is_quota_within(limit, v2, value, per);
}

/* From the process's group upwards, until one keeps it. */
static int walk_up(int root, struct cgroup_place *place, const struct cgroup_limit *limit,
		   char shown[VALUE_MAX_BYTES + 1], struct err *err)
{
	bool seen = false;

	for (;;) {
		char here[VALUE_MAX_BYTES + 1] = "";
		int r = keeps(root, place->path, limit, place->v2, here, err);
		char *slash = strrchr(place->path, '/');

		if (r > 0 || !seen)
			(void)snprintf(shown, VALUE_MAX_BYTES + 1, "%s", here);
		if (r > 0 || (r < 0 && r != -ENOENT))
			return r;
		seen = seen || r == 0;
		if (!place->path[1])
			return seen ? 0 : -ENOENT;
		slash[slash == place->path] = '\0';
	}
}

static void say(struct cgroup_look *c, const struct cgroup_limit *limit, bool v2, const char *is)
{
	buf_addf(&c->wanted, "%s%s: at most %llu", c->wanted.len > 0 ? ", " : "", limit->files[v2],
		 (unsigned long long)limit->most[v2]);
	if (limit->period)
		buf_addf(&c->wanted, " of %llu", (unsigned long long)limit->per);
	buf_addf(&c->is, "%s%s: %s", c->is.len > 0 ? ", " : "", limit->files[v2], is);
}

static int compare(struct cgroup_look *c, const struct cgroup_limit *limit, struct err *err)
{
	struct cgroup_place place = { 0 };
	_cleanup_close_ int root = -1;
	char shown[VALUE_MAX_BYTES + 1] = "";
	struct err why = { 0 };
	int r;

	if (limit->most[0] == 0 && limit->most[1] == 0)
		return 0;
	c->asked = true;
	if (!cgroup_find(c->text, limit->controller, &place)) {
		say(c, limit, false, "in no control group that can be seen from here");
		c->unknown = true;
		return 0;
	}
	if (limit->most[place.v2] == 0)
		return 0;
	root = open_root(limit->controller, place.v2, &why);
	r = root < 0 ? root : walk_up(root, &place, limit, shown, &why);
	if (r == -ENOENT && limit->optional)
		return 0;
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0 && r != -ENOENT) {
		say(c, limit, place.v2, why.class != ERR_NONE ? why.text : strerror(-r));
		c->unknown = true;
		return 0;
	}
	say(c, limit, place.v2, r == -ENOENT ? "no limit" : shown);
	c->differs = c->differs || r <= 0;
	return 0;
}

/* ---- what the config wants ---- */

/* A limit above zero; 0: none. The runtimes take 0 and -1 alike for no limit. */
static int read_limit(const struct request *request, const struct node *object, const char *key,
		      uint64_t *ret, struct err *err)
{
	const struct node *node = present(object, key);
	int64_t v = 0;
	int r;

	r = node ? node_read_i64(request->doc, node, &v, err) : 0;
	*ret = v > 0 ? (uint64_t)v : 0;
	return r;
}

/* "unified" is written last, by the names of version 2: what stands there wins. */
static int read_unified(const struct request *request, const struct node *resources,
			const char *file, uint64_t *most, struct err *err)
{
	const struct node *node = present(present(resources, "unified"), file);
	const char *text;
	uint64_t v;
	int r;

	if (!node)
		return 0;
	r = node_read_string(request->doc, node, &text, err);
	if (r == 0 && !cgroup_value(text, &v))
		r = err_input(err, EBADMSG, "%s: %s is no limit", WHERE(request->doc, node),
			      Q(text));
	if (r == 0)
		*most = v == UINT64_MAX ? 0 : v;
	return r;
}

static int compare_simple(struct cgroup_look *c, const struct node *resources,
			  const char *controller, const char *v1, const char *v2, struct err *err)
{
	const struct request *request = c->look->request;
	struct cgroup_limit limit = { .controller = controller, .files = { v1, v2 } };
	int r;

	r = read_limit(request, present(resources, controller), "limit", &limit.most[0], err);
	limit.most[1] = limit.most[0];
	if (r == 0)
		r = read_unified(request, resources, v2, &limit.most[1], err);
	return r < 0 ? r : compare(c, &limit, err);
}

/* The config says memory and swap together; version 2 limits swap alone. */
static int compare_swap(struct cgroup_look *c, const struct node *resources, struct err *err)
{
	const struct node *memory = present(resources, "memory");
	struct cgroup_limit limit = {
		.controller = "memory",
		.files = { "memory.memsw.limit_in_bytes", "memory.swap.max" },
		.optional = true,
	};
	uint64_t swap = 0, without = 0;
	int r;

	r = read_limit(c->look->request, memory, "swap", &swap, err);
	if (r == 0)
		r = read_limit(c->look->request, memory, "limit", &without, err);
	limit.most[0] = swap;
	/* No swap at all is a limit of 0, which stands for none here: one byte is as little. */
	if (swap > 0 && without > 0)
		limit.most[1] = swap > without ? swap - without : 1;
	if (r == 0)
		r = read_unified(c->look->request, resources, limit.files[1], &limit.most[1], err);
	return r < 0 ? r : compare(c, &limit, err);
}

static int compare_cpu(struct cgroup_look *c, const struct node *resources, struct err *err)
{
	const struct node *cpu = present(resources, "cpu");
	struct cgroup_limit limit = {
		.controller = "cpu",
		.files = { "cpu.cfs_quota_us", "cpu.max" },
		.period = "cpu.cfs_period_us",
	};
	int r;

	r = read_limit(c->look->request, cpu, "quota", &limit.most[0], err);
	if (r == 0)
		r = read_limit(c->look->request, cpu, "period", &limit.per, err);
	limit.per = limit.per ? limit.per : PERIOD_DEFAULT;
	limit.most[1] = limit.most[0];
	return r < 0 ? r : compare(c, &limit, err);
}

int proof_cgroup(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	const struct node *resources = present(look->request->linux_node, "resources");
	_cleanup_(cgroup_look_done) struct cgroup_look c = { .look = look };
	size_t len = 0;
	int r;

	if (!resources)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	r = procfs_read(look->dir, "cgroup", &c.text, &len, err);
	if (r == 0)
		r = compare_simple(&c, resources, "memory", "memory.limit_in_bytes", "memory.max",
				   err);
	if (r == 0)
		r = compare_swap(&c, resources, err);
	if (r == 0)
		r = compare_simple(&c, resources, "pids", "pids.max", "pids.max", err);
	if (r == 0)
		r = compare_cpu(&c, resources, err);
	if (r < 0)
		return r;
	if (!c.asked)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	finding_digest(ret, c.is.data ? c.is.data : "", c.is.len);
	return finding_set_bufs(ret,
				c.differs   ? PROOF_MISMATCH
				: c.unknown ? PROOF_NOT_POSSIBLE
					    : PROOF_MATCH,
				&c.wanted, &c.is, err);
}
