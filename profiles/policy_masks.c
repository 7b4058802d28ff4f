/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own files. Many of them ask for no capability, but for uid 0: whoever can write
 * /proc/sys/kernel/core_pattern has a program of his run on the host, with every privilege. So a
 * profile that takes CAP_SYS_ADMIN has them covered wherever a mount of the config shows them; an
 * engine does the same, unless its user has it leave that out (podman run --security-opt
 * unmask=ALL, docker run --security-opt systempaths=unconfined).
 *
 * MUST NOT ask for more than podman, Docker, containerd, CRI-O, runc and crun do by themselves:
 * what they start without an option is to stay as it is.
 *
 * Source: runtime-spec 1.2, config-linux.md, "Masked Paths", "Readonly Paths"
 */
#include <errno.h>
#include <linux/capability.h>

#include "lib/path.h"
#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/policy_internal.h"

/* Zero is the stronger one. */
enum cover { COVER_MASKED, COVER_READ_ONLY, COVERS_ };

static const char *const members[] = {
	[COVER_MASKED] = "maskedPaths",
	[COVER_READ_ONLY] = "readonlyPaths",
};
static_assert(ARRAY_SIZE(members) == COVERS_, "a member of `linux` a cover");

/* By their names on the host. */
static const struct {
	const char *path;
	enum cover cover;
	bool or_read_only; /* a mount of it that is read-only will do */
	bool own_type;     /* a mount of its own: what is mounted anew above it does not show it */
} guarded[] = {
	{ "/proc/acpi", COVER_MASKED, false, false },
	{ "/proc/bus", COVER_READ_ONLY, true, false },
	{ "/proc/fs", COVER_READ_ONLY, true, false },
	{ "/proc/irq", COVER_READ_ONLY, true, false },
	{ "/proc/kcore", COVER_MASKED, false, false },
	{ "/proc/keys", COVER_MASKED, false, false },
	{ "/proc/latency_stats", COVER_MASKED, false, false },
	{ "/proc/sched_debug", COVER_MASKED, false, false },
	{ "/proc/scsi", COVER_MASKED, false, false },
	{ "/proc/sys", COVER_READ_ONLY, true, false },
	{ "/proc/sysrq-trigger", COVER_READ_ONLY, true, false },
	{ "/proc/timer_list", COVER_MASKED, false, false },
	{ "/sys", COVER_READ_ONLY, true, false },
	{ "/sys/firmware", COVER_MASKED, false, false },
	{ "/sys/fs/bpf", COVER_MASKED, false, true },
	{ "/sys/fs/pstore", COVER_MASKED, false, true },
	{ "/sys/kernel/config", COVER_MASKED, false, true },
	{ "/sys/kernel/debug", COVER_MASKED, false, true },
	{ "/sys/kernel/security", COVER_MASKED, false, true },
	{ "/sys/kernel/tracing", COVER_MASKED, false, true },
};

/* A container of systemd's is given a part of them, and policy_config.c says which none may have.
 */
static const char cgroups[] = "/sys/fs/cgroup";

/* Where the kernel's file systems have their place on a host, whatever a mount calls its source. */
static const struct {
	const char *type, *place;
} kernel_types[] = {
	{ "binfmt_misc", "/proc/sys/fs/binfmt_misc" },
	{ "bpf", "/sys/fs/bpf" },
	{ "configfs", "/sys/kernel/config" },
	{ "debugfs", "/sys/kernel/debug" },
	{ "efivarfs", "/sys/firmware/efi/efivars" },
	{ "proc", "/proc" },
	{ "pstore", "/sys/fs/pstore" },
	{ "securityfs", "/sys/kernel/security" },
	{ "sysfs", "/sys" },
	{ "tracefs", "/sys/kernel/tracing" },
};

const char *kernel_place(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_types); i++) {
		if (streq(type, kernel_types[i].type))
			return kernel_types[i].place;
	}
	return NULL;
}

/* What is to be covered, by its path in the container. */
struct covers {
	const struct pass *pass;
	char **missing[COVERS_];
	size_t n[COVERS_];
	char **mounts; /* which get the option "ro" */
	size_t n_mounts;
	const struct request_mount *made; /* the last of them: two may be at one place */
};

static void covers_done(struct covers *covers)
{
	for (size_t i = 0; i < COVERS_; i++)
		strv_free(&covers->missing[i], &covers->n[i]);
	strv_free(&covers->mounts, &covers->n_mounts);
}

static const struct node *list_of(const struct pass *pass, enum cover cover)
{
	return present(pass->request->linux_node, members[cover]);
}

/* 1: by an entry of one list, itself or above; masked is read-only too. */
static int is_covered(const struct pass *pass, const char *path, enum cover cover, struct err *err)
{
	for (size_t list = 0; list < COVERS_ && list <= (size_t)cover; list++) {
		node_foreach (item, list_of(pass, (enum cover)list)) {
			_cleanup_free_ char *entry = NULL;
			const char *text = NULL;
			int r;

			r = node_read_string(pass->request->doc, item, &text, err);
			if (r < 0)
				return r;
			entry = path_normalise(text);
			if (!entry)
				return err_oom(err);
			if (path_is_within(path, entry))
				return 1;
		}
	}
	return 0;
}

static int cover(struct covers *covers, const char *path, enum cover cover, struct err *err)
{
	int r = is_covered(covers->pass, path, cover, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return strv_add(&covers->missing[cover], &covers->n[cover], path, err);
}

bool mount_is_read_only(const struct request_mount *mount)
{
	bool read_only = false;

	node_foreach (option, present(mount->node, "options")) {
		if (streq(option->string, "ro") || streq(option->string, "rro"))
			read_only = true;
		else if (streq(option->string, "rw") || streq(option->string, "rrw"))
			read_only = false;
	}
	return read_only;
}

static int add_read_only(const struct pass *pass, const struct request_mount *mount,
			 struct err *err)
{
	const struct node *options = present(mount->node, "options");

	if (options)
		return edit_add_element(pass->edit, options, "\"ro\"", err);
	return edit_member(pass->edit, mount->node, "options", "[\"ro\"]", err);
}

/*
 * The mount itself is what is guarded. The first of all mounts may be rewritten for tmpfs that are
 * put before it (policy_rootfs.c): that one is covered from outside.
 */
static int cover_whole(struct covers *covers, const struct request_mount *mount, size_t guard,
		       const char *at, struct err *err)
{
	const struct pass *pass = covers->pass;
	int r;

	if (guarded[guard].cover == COVER_MASKED || mount == pass->request->mounts)
		return cover(covers, at, guarded[guard].cover, err);
	if (covers->made == mount)
		return 0;
	r = is_covered(pass, at, COVER_READ_ONLY, err);
	if (r != 0)
		return r < 0 ? r : 0;
	covers->made = mount;
	r = strv_add(&covers->mounts, &covers->n_mounts, at, err);
	return r < 0 ? r : add_read_only(pass, mount, err);
}

static bool is_read_only_enough(const struct request_mount *mount, size_t guard, const char *place)
{
	return guarded[guard].or_read_only &&
	       (mount_is_read_only(mount) || path_is_within(place, cgroups));
}

static int cover_below(struct covers *covers, size_t guard, const char *place, const char *at,
		       struct err *err)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_addf(&path, "%s%s", streq(at, "/") ? "" : at,
		 guarded[guard].path + (streq(place, "/") ? 0 : strlen(place)));
	return buf_status(&path) < 0 ? err_oom(err)
				     : cover(covers, path.data, guarded[guard].cover, err);
}

/* A mount shows `place` of the host at `at`: whatever is guarded there is covered. */
static int cover_place(struct covers *covers, const struct request_mount *mount, const char *place,
		       const char *at, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(guarded); i++) {
		if (path_is_within(place, guarded[i].path)) {
			if (!is_read_only_enough(mount, i, place))
				r = cover_whole(covers, mount, i, at, err);
		} else if (path_is_within(guarded[i].path, place) &&
			   (mount->bind || !guarded[i].own_type)) {
			r = cover_below(covers, i, place, at, err);
		}
	}
	return r;
}

static int cover_mount(struct covers *covers, size_t i, struct err *err)
{
	const struct request_mount *mount = &covers->pass->request->mounts[i];
	_cleanup_free_ char *at = path_normalise(mount->destination);
	const char *kernel = mount->bind ? NULL : kernel_place(mount->type);
	char **places = NULL;
	size_t n = 0;
	int r = 0;

	if (!at)
		return err_oom(err);
	if (kernel)
		return cover_place(covers, mount, kernel, at, err);
	if (mount->bind)
		r = mount_places(covers->pass, i, &places, &n, err);
	for (size_t p = 0; r == 0 && p < n; p++)
		r = cover_place(covers, mount, places[p], at, err);
	strv_free(&places, &n);
	return r;
}

static int write_list(const struct pass *pass, enum cover cover, char *const *paths, size_t n,
		      struct err *err)
{
	const struct node *list = list_of(pass, cover);
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	int r;

	if (!list) {
		emit_array(&e);
		for (size_t i = 0; i < n; i++)
			emit_string(&e, paths[i]);
		emit_array_end(&e);
		if (buf_status(&text) < 0)
			return err_oom(err);
		return edit_member(pass->edit, pass->request->linux_node, members[cover], text.data,
				   err);
	}
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf one = { 0 };
		struct emit element = EMIT(&one);

		emit_string(&element, paths[i]);
		if (buf_status(&one) < 0)
			return err_oom(err);
		r = edit_add_element(pass->edit, list, one.data, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void tell(struct buf *what, const char *verb, char *const *paths, size_t n)
{
	if (n == 0)
		return;
	buf_addf(what, "%s%s ", what->len ? "; " : "", verb);
	for (size_t i = 0; i < n; i++)
		buf_addf(what, "%s%s", i ? ", " : "", Q(paths[i]));
}

static int apply(const struct covers *covers, const struct demand *demand, struct err *err)
{
	const struct pass *pass = covers->pass;
	_cleanup_buf_ struct buf what = { 0 };
	int r = 0;

	if (!pass->request->linux_node)
		return err_input(err, EBADMSG, "%s: there is no \"linux\" to mask paths in",
				 doc_name(pass->request->doc));
	for (size_t i = 0; r == 0 && i < COVERS_; i++) {
		if (covers->n[i] > 0)
			r = write_list(pass, (enum cover)i, covers->missing[i], covers->n[i], err);
	}
	if (r < 0)
		return r;
	tell(&what, "masks", covers->missing[COVER_MASKED], covers->n[COVER_MASKED]);
	tell(&what, "makes read-only", covers->missing[COVER_READ_ONLY],
	     covers->n[COVER_READ_ONLY]);
	tell(&what, "mounts read-only", covers->mounts, covers->n_mounts);
	if (buf_status(&what) < 0)
		return err_oom(err);
	return change_add(pass, SECTION_CONFIG, demand, what.data, err);
}

int policy_masks(const struct pass *pass, struct err *err)
{
	_cleanup_(covers_done) struct covers covers = { .pass = pass };
	struct demand demand = { 0 };
	int r = 0;

	for (size_t i = 0; i < pass->n; i++) {
		if (!(profile_keeps(pass->profiles[i]) & CAP_MASK(CAP_SYS_ADMIN)))
			demand_add(&demand, i);
	}
	if (!demand.any)
		return 0;
	for (size_t i = 0; r == 0 && i < pass->request->n_mounts; i++)
		r = cover_mount(&covers, i, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COVERS_; i++)
		strv_sort_unique(covers.missing[i], &covers.n[i]);
	if (covers.n[COVER_MASKED] + covers.n[COVER_READ_ONLY] + covers.n_mounts == 0)
		return 0;
	return apply(&covers, &demand, err);
}
