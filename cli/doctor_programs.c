/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming's own programs: there, root's, static where engines execute them, and of one version.
 *
 * Nothing is executed: what a file is stands in it.
 */
#include "cli/doctor.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "cli/below.h"
#include "lib/file.h"

#define PROGRAM_MAX_BYTES ((size_t)64 << 20)

static const struct program {
	const char *name;
	bool is_static; /* it is to be: engines execute it */
} programs[] = {
	{ "coaming-hook", true },
	{ "coaming-runtime", true },
	{ "coaming-nft", false },
	{ "coaming-sqlite", false },
};

static const char installed[] = LIBEXECDIR "/coaming";
static const char *const directories[] = {
	installed, "/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin",
};

static const struct advice missing = {
	.why = "podman starts containers unconfined where a hook's program is missing; a runtime "
	       "that is missing starts nothing",
	.remedy = "install coaming again",
};
static const struct advice untrusted = {
	.why = "whoever can write it is root: engines execute it",
	.remedy = "look at who was there; install coaming again, and chown root, chmod 0755 it",
};
static const struct advice dynamic = {
	.why = "it loads code before it can clear its environment, and starts slower",
	.remedy = "build it where the static archives of its libraries are",
};
static const struct advice other_version = {
	.why = "programs of two versions may decide differently at two stages of one start, which "
	       "refuses the container",
	.remedy = "install all of coaming from one package",
};

/* Beside the running program, as in a build tree; else where it is installed. */
static int find(const struct doctor *d, const char *name, char out[PATH_MAX])
{
	ssize_t n = *d->root ? 0 : readlink("/proc/self/exe", out, PATH_MAX - 1);

	if (n > 0) {
		char *slash;

		out[n] = '\0';
		slash = strrchr(out, '/');
		(void)snprintf(slash + 1, PATH_MAX - (size_t)(slash + 1 - out), "%s", name);
		if (below_exists(d->root_fd, out))
			return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		(void)snprintf(out, PATH_MAX, "%s/%s", directories[i], name);
		if (below_exists(d->root_fd, out))
			return 0;
	}
	return -ENOENT;
}

/* An interpreter is named in the program headers of every dynamic program. */
static bool has_interpreter(const char *text, size_t len)
{
	Elf64_Ehdr head;
	Elf64_Phdr ph;

	if (len < sizeof(head))
		return true;
	memcpy(&head, text, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ph))
		return true;
	for (size_t i = 0; i < head.e_phnum; i++) {
		size_t at = head.e_phoff + i * sizeof(ph);

		if (at > len || len - at < sizeof(ph))
			return true;
		memcpy(&ph, text + at, sizeof(ph));
		if (ph.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Each prints it for --version, and so holds it as a text of its own. */
static bool holds_version(const char *text, size_t len)
{
	static const char version[] = COAMING_VERSION; /* its NUL is looked for, too */
	const char *end = text + len;

	for (const char *at = text; (at = memmem(at, (size_t)(end - at), version, sizeof(version)));
	     at++) {
		if (at > text && at[-1] != '.' && !(at[-1] >= '0' && at[-1] <= '9'))
			return true;
	}
	return false;
}

static int check_content(struct doctor *d, const struct program *p, const char *path, int fd,
			 struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r = fd_read_all(fd, path, PROGRAM_MAX_BYTES, &text, &len, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add_unread(d, "program", &cause, err);
	if (!holds_version(text, len))
		return doctor_add(d, FINDING_ERROR, "program-version", &other_version, err,
				  "%s is not of version " COAMING_VERSION ", as this program is",
				  Q(path));
	if (p->is_static && has_interpreter(text, len))
		return doctor_add(d, FINDING_WARNING, "program-static", &dynamic, err,
				  "%s is a dynamic program", Q(path));
	return doctor_add(d, FINDING_OK, "program", NULL, err,
			  "%s is root's%s, of version " COAMING_VERSION, Q(path),
			  p->is_static ? ", static" : "");
}

static int check_program(struct doctor *d, const struct program *p, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	struct stat st;

	if (find(d, p->name, path) < 0)
		return doctor_add(d, FINDING_ERROR, "program-missing", &missing, err,
				  "%s is not installed", p->name);
	fd = below_open(d->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
		return doctor_add(d, FINDING_ERROR, "program-missing", &missing, err,
				  "%s is no program that can be read", Q(path));
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return doctor_add(d, FINDING_ERROR, "program-trust", &untrusted, err,
				  "others than root may write %s (user %u, mode %04o)", Q(path),
				  st.st_uid, st.st_mode & 07777);
	return check_content(d, p, path, fd, err);
}

int doctor_programs(struct doctor *d, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(programs); i++)
		r = check_program(d, &programs[i], err);
	return r;
}
