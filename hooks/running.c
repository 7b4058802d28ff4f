/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that runs, as its runtime knows it.
 *
 * MUST answer for the container that the real runtime will find under that id, and for no other:
 * runtimes of several roots may each have one of the same id.
 */
#include "hooks/running.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "hooks/state.h"
#include "lib/child.h"
#include "lib/doc.h"
#include "lib/file.h"

/* runc takes 20 ms for it, on an idle machine. */
#define STATE_WAIT_SECONDS 20

static int read_runc(const struct doc *state, const char **ret, struct err *err);
static int read_crun(const struct doc *state, const char **ret, struct err *err);

static const struct {
	const char *name; /* what its file is called */
	const char *root; /* as root, where no --root is given */
	const char *file;
	int (*read)(const struct doc *state, const char **ret, struct err *err);
} kinds[] = {
	[RUNTIME_RUNC] = { "runc", "/run/runc", "state.json", read_runc },
	[RUNTIME_CRUN] = { "crun", "/run/crun", "status", read_crun },
};

/*
 * libcontainer keeps annotations and the bundle in one list. An annotation may be called "bundle":
 * runc appends its own one, and lets the last one count.
 */
static int read_runc(const struct doc *state, const char **ret, struct err *err)
{
	const struct node *labels = node_path(doc_root(state), "config", "labels", NULL);

	node_foreach (label, labels) {
		if (node_is(label, NODE_STRING) && starts_with(label->string, "bundle="))
			*ret = label->string + strlen("bundle=");
	}
	return *ret ? 0
		    : err_input(err, EBADMSG, "%s: no \"bundle\" in config.labels",
				doc_name(state));
}

static int read_crun(const struct doc *state, const char **ret, struct err *err)
{
	const struct node *bundle = node_get(doc_root(state), "bundle");

	if (!bundle)
		return err_input(err, EBADMSG, "%s: \"bundle\" is missing", doc_name(state));
	return node_read_string(state, bundle, ret, err);
}

static int keep(const char *bundle, struct running *running, struct err *err)
{
	if (!bundle || bundle[0] != '/' || strlen(bundle) >= PATH_MAX)
		return err_input(err, EBADMSG, "bundle %s is not an absolute path",
				 Q(bundle ? bundle : ""));
	running->bundle = strdup(bundle);
	return running->bundle ? 0 : err_oom(err);
}

/* By its file, and not by what links to it: /usr/bin/runtime may be either. */
enum runtime_kind runtime_kind_of(const char *runtime)
{
	_cleanup_free_ char *real = realpath(runtime, NULL);
	const char *name = strrchr(real ? real : runtime, '/');

	for (size_t i = RUNTIME_RUNC; i < ARRAY_SIZE(kinds); i++) {
		if (name && streq(name + 1, kinds[i].name))
			return (enum runtime_kind)i;
	}
	return RUNTIME_UNKNOWN;
}

/*
 * The one question that is asked of the environment: would the runtime look elsewhere than in /run?
 * The answer only has it asked, in the same environment; so nothing that stands there can lead us
 * to another container than the runtime.
 */
static bool looks_elsewhere(void)
{
	for (char **e = environ; *e; e++) {
		if (starts_with(*e, "XDG_RUNTIME_DIR="))
			return true;
	}
	return geteuid() != 0;
}

static int read_file(enum runtime_kind kind, const char *root, const char *id,
		     struct running *running, struct err *err)
{
	_cleanup_doc_ struct doc *state = NULL;
	_cleanup_free_ char *text = NULL;
	const char *bundle = NULL;
	char path[PATH_MAX];
	size_t len;
	int r;

	r = snprintf(path, sizeof(path), "%s/%s/%s", root ? root : kinds[kind].root, id,
		     kinds[kind].file);
	if (r >= (int)sizeof(path))
		return err_input(err, ENAMETOOLONG, "--root %s is too long", Q(root));
	r = file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&state, path, text, len, err);
	if (r == 0)
		r = kinds[kind].read(state, &bundle, err);
	return r < 0 ? r : keep(bundle, running, err);
}

static int ask(const char *runtime, const char *root, const char *id, struct running *running,
	       struct err *err)
{
	char *const with_root[] = { (char *)(uintptr_t)runtime, (char *)(uintptr_t) "--root",
				    (char *)(uintptr_t)root,    (char *)(uintptr_t) "state",
				    (char *)(uintptr_t)id,      NULL };
	char *const without[] = { with_root[0], with_root[3], with_root[4], NULL };
	_cleanup_state_ struct state state = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = child_read(root ? with_root : without, STATE_WAIT_SECONDS, STATE_MAX_BYTES, &text, &len,
		       err);
	if (r == -ECHILD)
		return -ENOENT;
	if (r == 0)
		r = state_parse(text, len, &state, err);
	if (r < 0) {
		err_context(err, "%s state", runtime);
		return r;
	}
	return keep(state.bundle, running, err);
}

void running_done(struct running *running)
{
	free(running->bundle);
	*running = (struct running){ 0 };
}

int running_find(const char *runtime, const char *root, const char *id, struct running *ret,
		 struct err *err)
{
	_cleanup_running_ struct running running = { .kind = runtime_kind_of(runtime) };
	int r = -ENOENT;

	if (running.kind != RUNTIME_UNKNOWN && (root || !looks_elsewhere()))
		r = read_file(running.kind, root, id, &running, err);
	if (r == -ENOENT) {
		err_clear(err);
		r = ask(runtime, root, id, &running, err);
	}
	if (r < 0)
		return r;
	*ret = running;
	running = (struct running){ 0 };
	return 0;
}
