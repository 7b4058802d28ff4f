/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine by engine: is coaming really in the path of its containers?
 *
 * What somebody says on a command line (podman --runtime, --hooks-dir) stands in no file: that
 * shows where a container runs that coaming has no decision on.
 */
#include "cli/doctor_engines.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/below.h"
#include "cli/running.h"
#include "lib/doc.h"

#define DOCKER_FILE "/etc/docker/daemon.json"

static doors_fn doors_docker;

static const struct engine {
	const char *name, *title;
	const char *programs[3]; /* it is installed where one of them is */
	doors_fn *look;
	bool has_hooks;
	enum severity unguarded; /* how bad it is where coaming is not in the path */
	const char *setup;       /* what puts coaming into the path of all its containers */
} engines[] = {
	{ "engine-podman",
	  "podman",
	  { "/usr/bin/podman", "/usr/local/bin/podman" },
	  doors_podman,
	  true,
	  FINDING_ERROR,
	  "coaming setup podman --default, see coaming-setup(1)" },
	{ "engine-docker",
	  "Docker",
	  { "/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd" },
	  doors_docker,
	  false,
	  FINDING_ERROR,
	  "coaming setup docker --default, see coaming-setup(1)" },
	{ "engine-containerd",
	  "containerd",
	  { "/usr/bin/containerd", "/usr/local/bin/containerd" },
	  doors_containerd,
	  false,
	  FINDING_WARNING, /* it may be there for Docker alone */
	  "coaming setup containerd --default, see coaming-setup(1); nothing, where it is there "
	  "for Docker alone" },
	{ "engine-crio",
	  "CRI-O",
	  { "/usr/bin/crio", "/usr/local/bin/crio" },
	  doors_crio,
	  true,
	  FINDING_ERROR,
	  "coaming setup crio --default, see coaming-setup(1)" },
};

static const char unguarded_why[] =
	"its containers start without coaming: unconfined, and without a record";
static const char only_registered_why[] =
	"a container that does not name it starts without coaming: unconfined, and without a "
	"record";
static const struct advice half_hooked = {
	.why = "with one of the two alone containers are refused, or their firewall is missing",
	.remedy = "coaming setup podman --hooks puts both there again, see coaming-setup(1)",
};
static const struct advice no_runtime = {
	.why = "the engine starts nothing through it",
	.remedy = "install coaming again, or have coaming setup write its path anew, see "
		  "coaming-setup(1)",
};
static const struct advice broken = {
	.why = "the engine does not start with it",
	.remedy = "mend the file",
};
static const struct advice around = {
	.why = "they run unconfined and without a record: started before coaming was installed, "
	       "with another runtime or --hooks-dir, or around the engine's files",
	.remedy =
		"coaming ps --filter mode=unadmitted names them; start them again through coaming",
};

bool doors_is_ours(const char *path)
{
	const char *slash = strrchr(path, '/');

	return streq(slash ? slash + 1 : path, "coaming-runtime");
}

/* ---- Docker ---- */

static const char *string_of(const struct node *node)
{
	return node_is(node, NODE_STRING) ? node->string : NULL;
}

static int doors_docker(struct doctor *d, struct doors *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err cause = { 0 };
	const char *chosen;
	size_t len = 0;
	int r = below_read(d->root_fd, DOCKER_FILE, &text, &len, &cause);

	if (r > 0)
		r = doc_parse(&doc, DOCKER_FILE, text, len, &cause);
	else if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "engine-file", &broken, err, "%s", cause.text);
	chosen = string_of(node_get(doc_root(doc), "default-runtime"));
	node_foreach (runtime, node_get(doc_root(doc), "runtimes")) {
		const char *path = string_of(node_get(runtime, "path"));

		if (!path || !doors_is_ours(path))
			continue;
		ret->is_registered = true;
		ret->is_default = ret->is_default || (chosen && streq(chosen, runtime->key));
		(void)snprintf(ret->runtime, sizeof(ret->runtime), "%s", path);
	}
	return 0;
}

/* ---- each ---- */

static bool is_installed(const struct doctor *d, const struct engine *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(e->programs); i++) {
		if (e->programs[i] && below_exists(d->root_fd, e->programs[i]))
			return true;
	}
	return false;
}

static bool is_program(const struct doctor *d, const char *path)
{
	_cleanup_close_ int fd = below_open(d->root_fd, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR);
}

static int judge(struct doctor *d, const struct engine *e, const struct doors *doors,
		 struct err *err)
{
	const struct advice unguarded = { .why = unguarded_why, .remedy = e->setup };
	const struct advice only_registered = { .why = only_registered_why, .remedy = e->setup };
	const unsigned both = HOOKED_PRECREATE | HOOKED_CREATE_RUNTIME;

	if (doors->runtime[0] == '/' && !is_program(d, doors->runtime))
		return doctor_add(d, FINDING_ERROR, "engine-runtime", &no_runtime, err,
				  "%s has %s as a runtime, which is not there", e->title,
				  Q(doors->runtime));
	if (doors->is_default)
		return doctor_add(d, FINDING_OK, e->name, NULL, err,
				  "every container of %s goes through coaming-runtime", e->title);
	if (e->has_hooks && (doors->hooked & both) == both)
		return doctor_add(d, FINDING_OK, e->name, NULL, err,
				  "%s calls coaming's hooks for every container", e->title);
	if (e->has_hooks && (doors->hooked & both))
		return doctor_add(d, FINDING_ERROR, e->name, &half_hooked, err,
				  "%s calls coaming's %s hook, and not the %s hook", e->title,
				  doors->hooked & HOOKED_PRECREATE ? "precreate" : "createRuntime",
				  doors->hooked & HOOKED_PRECREATE ? "createRuntime" : "precreate");
	if (doors->is_registered)
		return doctor_add(d, FINDING_WARNING, e->name, &only_registered, err,
				  "coaming-runtime is only one of the runtimes of %s, not the "
				  "default",
				  e->title);
	return doctor_add(d, e->unguarded, e->name, &unguarded, err,
			  "coaming is not in the path of %s", e->title);
}

/* ---- what runs all the same ---- */

static int check_around(struct doctor *d, struct err *err)
{
	_cleanup_running_list_ struct running_list list = { 0 };
	struct err cause = { 0 };
	size_t n = 0;
	int r = running_read(d->host, &list, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add_unread(d, "engine-around", &cause, err);
	for (size_t i = 0; i < list.n; i++)
		n += list.v[i].mode == RUNNING_UNADMITTED;
	if (n > 0)
		return doctor_add(d, FINDING_ERROR, "engine-around", &around, err,
				  "%zu containers run that coaming has no decision on", n);
	return doctor_add(d, FINDING_OK, "engine-around", NULL, err,
			  "of every container that runs there is a decision");
}

int doctor_engines(struct doctor *d, struct err *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(engines); i++) {
		struct doors doors = { 0 };

		if (!is_installed(d, &engines[i]))
			continue;
		n++;
		r = engines[i].look(d, &doors, err);
		if (r == 0)
			r = judge(d, &engines[i], &doors, err);
	}
	if (r == 0 && n == 0)
		r = doctor_add(d, FINDING_OK, "engine-none", NULL, err,
			       "podman, Docker, containerd and CRI-O are not installed");
	if (r == 0 && !*d->root)
		r = check_around(d, err);
	return r;
}
