/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of OCI hooks, as podman and CRI-O read it: each *.json of it is a hook, and one that
 * is broken stops every container.
 *
 * Source: oci-hooks(5)
 */
#include "cli/doctor_engines.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/below.h"
#include "lib/doc.h"
#include "lib/strv.h"

#define HOOK_PROGRAM "coaming-hook"

static const struct {
	const char *name;
	unsigned bit;
} stages[] = {
	{ "precreate", HOOKED_PRECREATE },     { "createRuntime", HOOKED_CREATE_RUNTIME },
	{ "prestart", HOOKED_CREATE_RUNTIME }, { "poststart", HOOKED_POSTSTART },
	{ "poststop", HOOKED_POSTSTOP },
};

static const struct advice broken = {
	.why = "one file that is not right keeps every container of the engine from starting",
	.remedy = "mend it or take it away; coaming's own come with its package",
};
static const struct advice not_called = {
	.why = "the engine does not call coaming where it should",
	.remedy = "coaming setup podman --hooks, see coaming-setup(1); or the packaged file: "
		  "\"version\", \"hook\" with \"path\", \"when\" with \"always\": true, \"stages\"",
};
static const struct advice no_program = {
	.why = "podman leaves a hook out whose program is missing, and says nothing: its "
	       "containers start unconfined",
	.remedy = "install coaming again, or take the file away",
};
static const struct advice shared_precreate = {
	.why = "podman build fails, and CRI-O does not start, where they find one there",
	.remedy = "take it away; coaming setup podman --hooks names a directory of its own for it, "
		  "see coaming-setup(1)",
};
static const struct advice untrusted = {
	.why = "whoever can write there has root execute what they like",
	.remedy = "chown root and chmod go-w it",
};

/* What is looked at. */
struct hook_file {
	struct doctor *doctor;
	const char *path;
	const struct doc *doc;
	bool shared;
};

static const char *text_of(const struct node *node)
{
	return node_is(node, NODE_STRING) ? node->string : NULL;
}

static bool is_ours(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;

	return program && streq(slash ? slash + 1 : program, HOOK_PROGRAM);
}

static bool is_program(const struct doctor *d, const char *path)
{
	_cleanup_close_ int fd = below_open(d->root_fd, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR);
}

/* The stages that the file names and its own argument agree with. */
static unsigned stages_of(const struct hook_file *f)
{
	const struct node *args = node_path(doc_root(f->doc), "hook", "args", NULL);
	const struct node *named = node_get(doc_root(f->doc), "stages");
	const char *last = NULL;
	unsigned hooked = 0;

	args = node_is(args, NODE_ARRAY) ? args : NULL;
	named = node_is(named, NODE_ARRAY) ? named : NULL;
	node_foreach (arg, args)
		last = text_of(arg);
	node_foreach (stage, named) {
		for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
			if (text_of(stage) && streq(text_of(stage), stages[i].name) && last &&
			    streq(last, stages[i].name))
				hooked |= stages[i].bit;
		}
	}
	return hooked;
}

static bool is_always(const struct hook_file *f)
{
	const struct node *always = node_path(doc_root(f->doc), "when", "always", NULL);
	const char *version = text_of(node_get(doc_root(f->doc), "version"));
	struct err ignored = { 0 };
	bool value = false;

	return version && streq(version, "1.0.0") && always &&
	       node_read_bool(f->doc, always, &value, &ignored) == 0 && value;
}

static int check_ours(const struct hook_file *f, const char *program, unsigned *hooked,
		      struct err *err)
{
	struct doctor *d = f->doctor;
	unsigned found = stages_of(f);

	if (!is_program(d, program))
		return doctor_add(d, FINDING_ERROR, "hooks-program", &no_program, err,
				  "%s calls %s, which is not there", Q(f->path), Q(program));
	if (found == 0 || !is_always(f))
		return doctor_add(d, FINDING_ERROR, "hooks-file", &not_called, err,
				  "%s is coaming's, and is not called always, or for no stage of "
				  "its own",
				  Q(f->path));
	*hooked |= found;
	if ((found & HOOKED_PRECREATE) && f->shared)
		return doctor_add(d, FINDING_ERROR, "hooks-precreate", &shared_precreate, err,
				  "%s is a precreate hook in a directory that others read",
				  Q(f->path));
	return 0;
}

static int check_text(struct doctor *d, const char *path, const char *text, size_t len, bool shared,
		      unsigned *hooked, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err cause = { 0 };
	struct hook_file f = { .doctor = d, .path = path, .shared = shared };
	const char *program;
	int r = doc_parse(&doc, path, text, len, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	f.doc = doc;
	program = r < 0 ? NULL : text_of(node_path(doc_root(doc), "hook", "path", NULL));
	if (r < 0 || !program)
		return doctor_add(d, FINDING_ERROR, "hooks-json", &broken, err, "%s%s",
				  r < 0 ? cause.text : path,
				  r < 0 ? "" : ": no \"path\" in a \"hook\"");
	return is_ours(program) ? check_ours(&f, program, hooked, err) : 0;
}

static int check_file(struct doctor *d, const char *directory, const char *name, bool shared,
		      unsigned *hooked, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	struct err cause = { 0 };
	size_t len = 0;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	r = below_read(d->root_fd, path, &text, &len, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add_unread(d, "hooks-file", &cause, err);
	return r == 0 ? 0 : check_text(d, path, text, len, shared, hooked, err);
}

static int check_mode(struct doctor *d, const char *directory, struct err *err)
{
	_cleanup_close_ int fd = below_open(d->root_fd, directory, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH))))
		return 0;
	return doctor_add(d, FINDING_ERROR, "hooks-trust", &untrusted, err,
			  "others than root may write to %s (user %u, mode %04o)", Q(directory),
			  st.st_uid, st.st_mode & 07777);
}

int doctor_hooks(struct doctor *d, const char *directory, bool shared, unsigned *hooked,
		 struct err *err)
{
	struct err cause = { 0 };
	char **names = NULL;
	size_t n = 0;
	int r;

	r = below_list(d->root_fd, directory, ".json", &names, &n, &cause);
	if (r < 0 && r != -ENOMEM)
		r = doctor_add_unread(d, "hooks-directory", &cause, err);
	else if (r < 0)
		r = err_oom(err);
	else
		r = check_mode(d, directory, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_file(d, directory, names[i], shared, hooked, err);
	strv_free(&names, &n);
	return r;
}
