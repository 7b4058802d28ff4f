/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is legal in a seccomp section but unwise.
 */
#include <errno.h>
#include <seccomp.h>

#include "lib/buf.h"
#include "lib/strv.h"
#include "profiles/advice_internal.h"
#include "profiles/filter_fallback.h"
#include "profiles/filter_words.h"

/*
 * What runc calls between loading the filter and executing the program, where noNewPrivileges is
 * set, as it is wherever a seccomp section applies: it closes descriptors by /proc/self/fd and
 * writes to its fifo; Go's scheduler wakes threads and takes signals. Seen with runc 1.1; without
 * any one of these no container starts, or not every time. crun 1.8 closes one descriptor and does
 * not mind.
 */
static const char *const starting[] = {
	"close", "fstatfs", "futex", "getdents64", "openat", "rt_sigreturn", "write",
};

/*
 * Each does what the others of its row do: to deny one alone denies nothing. The newest of a row
 * may be denied alone, see filter_fallback.h: programs then take an older one, whose arguments a
 * filter can see.
 */
static const char *const siblings[][5] = {
	{ "accept", "accept4" },
	{ "chmod", "fchmod", "fchmodat", "fchmodat2" },
	{ "chown", "fchown", "fchownat", "lchown" },
	{ "clone", "clone3", "fork", "vfork" },
	{ "init_module", "finit_module" },
	{ "ioperm", "iopl" },
	{ "kexec_load", "kexec_file_load" },
	{ "kill", "pidfd_send_signal", "tgkill", "tkill" },
	{ "link", "linkat" },
	{ "mkdir", "mkdirat" },
	{ "mknod", "mknodat" },
	{ "mount", "move_mount" },
	{ "open", "openat", "openat2" },
	{ "quotactl", "quotactl_fd" },
	{ "rename", "renameat", "renameat2" },
	{ "setgid", "setregid", "setresgid" },
	{ "settimeofday", "clock_settime" },
	{ "setuid", "setresuid", "setreuid" },
	{ "setxattr", "fsetxattr", "lsetxattr" },
	{ "symlink", "symlinkat" },
	{ "truncate", "ftruncate" },
	{ "unlink", "unlinkat" },
	{ "utimes", "futimesat", "utime", "utimensat" },
};

#define UNKNOWN_SHOWN 8

static bool lets_pass(struct action action)
{
	return action.kind >= ACT_NOTIFY;
}

/* Whatever the arguments and whatever the container is. */
static bool is_for_all(const struct filter_rule *rule)
{
	const struct filter_when *when = &rule->when;

	return rule->n_args == 0 && !when->caps_in && !when->caps_out && !when->kernel_from &&
	       !when->kernel_until;
}

static bool forbids(const struct filter *filter, const char *name)
{
	bool listed = false;

	for (size_t i = 0; i < filter->n_rules; i++) {
		if (!streq(filter->rules[i].name, name))
			continue;
		if (lets_pass(filter->rules[i].action))
			return false;
		listed = listed || is_for_all(&filter->rules[i]);
	}
	return listed || !lets_pass(filter->default_action);
}

static bool section_forbids(const struct seccomp_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_filters; i++) {
		if (forbids(&section->filters[i], name))
			return true;
	}
	return false;
}

/* "a, b and c", as it grows. */
static void add_name(struct buf *out, size_t *n, const char *name)
{
	buf_addf(out, "%s%s", (*n)++ ? ", " : "", name);
}

static int about_start(struct advising *a)
{
	const struct node *section = node_get(a->root, "seccomp");
	_cleanup_buf_ struct buf names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(starting); i++) {
		if (section_forbids(&a->profile->seccomp, starting[i]))
			add_name(&names, &n, starting[i]);
	}
	if (buf_status(&names) < 0)
		return err_oom(a->err);
	if (n == 0)
		return 0;
	return advise(a, ADVICE_SECCOMP_START, WHERE_KEY(a->doc, section->first),
		      "runc itself calls %s under the filter before it executes the program: let "
		      "%s pass, or silence this where only crun runs",
		      names.data, n > 1 ? "them" : "it");
}

static bool is_native(const char *name)
{
	return seccomp_syscall_resolve_name(name) >= 0;
}

/* Those of its row that are not forbidden: the row's other names are texts of ours. */
static int about_one_denied(struct advising *a, const struct node *item, const char *const row[5])
{
	_cleanup_buf_ struct buf names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < 5 && row[i]; i++) {
		if (is_native(row[i]) && !section_forbids(&a->profile->seccomp, row[i]))
			add_name(&names, &n, row[i]);
	}
	if (buf_status(&names) < 0)
		return err_oom(a->err);
	if (n == 0)
		return 0;
	return advise(a, ADVICE_DENY_SIBLINGS, WHERE(a->doc, item),
		      "%s is denied, and %s, which %s the same, %s not: deny %s too", item->string,
		      names.data, n > 1 ? "do" : "does", n > 1 ? "are" : "is",
		      n > 1 ? "them" : "it");
}

static int about_denied(struct advising *a)
{
	const struct node *deny = node_path(a->root, "seccomp", "deny", NULL);
	int r = 0;

	for (size_t row = 0; row < ARRAY_SIZE(siblings); row++) {
		node_foreach (item, deny) {
			bool member = false;

			for (size_t i = 0; i < 5 && siblings[row][i]; i++)
				member = member || streq(siblings[row][i], item->string);
			if (!member || filter_has_fallback(item->string))
				continue;
			r = about_one_denied(a, item, siblings[row]);
			if (r < 0)
				return r;
			break; /* once a row */
		}
	}
	return 0;
}

static bool is_unknown(const char *name)
{
	return seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR;
}

/* Names that nobody knows, of one list or file. */
static int tell_unknown(struct advising *a, const char *where, char *const *names, size_t n)
{
	const struct scmp_version *version = seccomp_version();
	_cleanup_buf_ struct buf text = { 0 };
	size_t shown = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; names && i < n && i < UNKNOWN_SHOWN; i++)
		add_name(&text, &shown, names[i]);
	if (n > shown)
		buf_addf(&text, " and %zu more", n - shown);
	if (buf_status(&text) < 0)
		return err_oom(a->err);
	return advise(a, ADVICE_UNKNOWN_SYSCALL, where,
		      "libseccomp %u.%u.%u does not know %s: here %s nothing, see that %s spelt "
		      "right",
		      version->major, version->minor, version->micro, text.data,
		      n > 1 ? "these do" : "it does", n > 1 ? "they are" : "it is");
}

static int about_unknown_in_list(struct advising *a, const char *key)
{
	const struct node *list = node_path(a->root, "seccomp", key, NULL), *first = NULL;
	char **unknown = NULL;
	size_t n = 0;
	int r = 0;

	node_foreach (item, list) {
		if (r < 0 || !is_unknown(item->string))
			continue;
		first = first ? first : item;
		r = strv_add(&unknown, &n, item->string, a->err);
	}
	if (r == 0)
		r = tell_unknown(a, WHERE(a->doc, first), unknown, n);
	strv_free(&unknown, &n);
	return r;
}

/* The file's filter is the section's first. */
static int about_unknown_in_file(struct advising *a)
{
	const struct node *file = node_path(a->root, "seccomp", "file", NULL);
	const struct filter *filter = a->profile->seccomp.filters;
	char **unknown = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && file && i < filter->n_rules; i++) {
		const char *name = filter->rules[i].name;

		if (is_unknown(name))
			r = strv_add(&unknown, &n, Q(name), a->err);
	}
	strv_sort_unique(unknown, &n);
	if (r == 0)
		r = tell_unknown(a, WHERE(a->doc, file), unknown, n);
	strv_free(&unknown, &n);
	return r;
}

static int about_architectures(struct advising *a)
{
	const struct node *list = node_path(a->root, "seccomp", "architectures", NULL);

	if (!list)
		return 0;
	node_foreach (item, list) {
		if (streq(item->string, FILTER_ARCH_NATIVE))
			return 0;
	}
	return advise(a, ADVICE_NATIVE_ARCHITECTURE, WHERE_KEY(a->doc, list),
		      "without " FILTER_ARCH_NATIVE " no program of this machine starts: add it");
}

int advise_on_seccomp(struct advising *a)
{
	int r;

	if (!a->profile->seccomp.present)
		return 0;
	r = about_start(a);
	if (r == 0)
		r = about_denied(a);
	if (r == 0)
		r = about_unknown_in_list(a, "allow");
	if (r == 0)
		r = about_unknown_in_list(a, "deny");
	if (r == 0)
		r = about_unknown_in_file(a);
	return r < 0 ? r : about_architectures(a);
}
