/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine by engine: is coaming really in the path of its containers?
 *
 * What a daemon was told on its command line goes before its files, and is read of the one that
 * runs. What somebody says on podman's (--runtime, --hooks-dir) stands nowhere: that shows where a
 * container runs that coaming has no decision on.
 */
#include "cli/doctor_engines.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/below.h"
#include "cli/running.h"
#include "cli/setup.h"
#include "lib/doc.h"

#define DOCKER_FILE "/etc/docker/daemon.json"

static doors_fn doors_docker;

static const struct engine_check {
	const char *name, *title;
	const char *programs[3]; /* it is installed where one of them is */
	doors_fn *look;
	bool has_hooks;
	enum severity unguarded; /* how bad it is where coaming is not in the path */
	const char *setup;       /* what puts coaming into the path of all its containers */
	struct line_option {
		const char *name;
		char letter; /* 0: none */
	} line[5];           /* options of its daemon that its files are not all of; NULL ends */
} engines[] = {
	{ "engine-podman",
	  "podman",
	  { "/usr/bin/podman", "/usr/local/bin/podman" },
	  doors_podman,
	  true,
	  FINDING_ERROR,
	  "coaming setup podman --default, see coaming-setup(1)",
	  { { 0 } } },
	{ "engine-docker",
	  "Docker",
	  { "/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd" },
	  doors_docker,
	  false,
	  FINDING_ERROR,
	  "coaming setup docker --default, see coaming-setup(1)",
	  { { "config-file", 0 },
	    { "default-runtime", 0 },
	    { "add-runtime", 0 },
	    { "data-root", 0 } } },
	{ "engine-containerd",
	  "containerd",
	  { "/usr/bin/containerd", "/usr/local/bin/containerd" },
	  doors_containerd,
	  false,
	  FINDING_WARNING, /* it may be there for Docker alone */
	  "coaming setup containerd --default, see coaming-setup(1); nothing, where it is there "
	  "for Docker alone",
	  { { 0 } } },
	{ "engine-crio",
	  "CRI-O",
	  { "/usr/bin/crio", "/usr/local/bin/crio" },
	  doors_crio,
	  true,
	  FINDING_ERROR,
	  "coaming setup crio --default, see coaming-setup(1)",
	  { { "config", 'c' },
	    { "config-dir", 'd' },
	    { "default-runtime", 0 },
	    { "runtimes", 0 } } },
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
static const struct advice other_root = {
	.why = "coaming looks there for the labels that Docker keeps: it finds none, and refuses "
	       "the container",
	.remedy = "correct engines.docker.dataRoot in coaming.json, or leave it out: coaming finds "
		  "the data root by itself, see coaming.json(5)",
};
static const struct advice by_line = {
	.why = "what stands there is in no file of the engine, and goes before them: coaming setup "
	       "does not see it, and it is gone when the daemon is started in another way",
	.remedy =
		"move it from the daemon's unit into the engine's file; for another file, coaming "
		"setup --file",
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

static void register_docker(struct doors *ret, const char *name, const char *path,
			    const char *chosen)
{
	if (!path || !doors_is_ours(path))
		return;
	ret->is_registered = true;
	ret->is_default = ret->is_default || (chosen && streq(chosen, name));
	(void)snprintf(ret->runtime, sizeof(ret->runtime), "%s", path);
}

/* "NAME=PATH" of --add-runtime. */
static int register_from_line(struct doors *ret, const char *chosen, struct err *err)
{
	const char *value;

	for (size_t at = 0; (value = daemon_option(ret->daemon, "add-runtime", 0, &at));) {
		const char *equals = strchr(value, '=');
		_cleanup_free_ char *name = strndup(value, strcspn(value, "="));

		if (!name)
			return err_oom(err);
		register_docker(ret, name, equals ? equals + 1 : NULL, chosen);
	}
	return 0;
}

/* Labels are looked for below the root that coaming.json names. */
static int check_data_root(struct doctor *d, const char *root, struct err *err)
{
	const char *ours = d->host->engines.docker_data_root;
	size_t len;

	root = root ? root : "/var/lib/docker";
	len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		len--;
	/* With userns-remap there is one of its own within. */
	if (!ours || (strncmp(ours, root, len) == 0 && strchr("/", ours[len])))
		return 0;
	return doctor_add(d, FINDING_ERROR, "engine-data-root", &other_root, err,
			  "Docker's data root is %s, and coaming.json says %s", Q(root), Q(ours));
}

static int doors_docker(struct doctor *d, struct doors *ret, struct err *err)
{
	const char *file = daemon_last(ret->daemon, "config-file", 0), *chosen, *root;
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r;

	file = file ? file : DOCKER_FILE;
	r = below_read(d->root_fd, file, &text, &len, &cause);
	if (r >= 0)
		r = doc_parse(&doc, file, r > 0 ? text : "{}", r > 0 ? len : 2, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "engine-file", &broken, err, "%s", cause.text);
	chosen = daemon_last(ret->daemon, "default-runtime", 0);
	chosen = chosen ? chosen : string_of(node_get(doc_root(doc), "default-runtime"));
	root = daemon_last(ret->daemon, "data-root", 0);
	root = root ? root : string_of(node_get(doc_root(doc), "data-root"));
	node_foreach (runtime, node_get(doc_root(doc), "runtimes"))
		register_docker(ret, runtime->key, string_of(setup_docker_program(runtime)),
				chosen);
	r = register_from_line(ret, chosen, err);
	return r < 0 ? r : check_data_root(d, root, err);
}

/* ---- each ---- */

static bool is_installed(const struct doctor *d, const struct engine_check *e)
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

static int judge(struct doctor *d, const struct engine_check *e, const struct doors *doors,
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

/* ---- one engine ---- */

static void write_line(const struct engine_check *e, const struct daemon *daemon, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(e->line) && e->line[i].name; i++) {
		const struct line_option *option = &e->line[i];
		const char *value;

		for (size_t at = 0;
		     (value = daemon_option(daemon, option->name, option->letter, &at));)
			buf_addf(out, "%s--%s %s", out->len ? " " : "", option->name, Q(value));
	}
}

/* What its daemon was told on the command line, and not in a file. */
static int tell_line(struct doctor *d, const struct engine_check *e, const struct daemon *daemon,
		     struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	write_line(e, daemon, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (text.len == 0)
		return 0;
	return doctor_add(d, FINDING_NOTE, "engine-command-line", &by_line, err,
			  "the daemon of %s, process %d, was started with %s", e->title,
			  (int)daemon->pid, text.data);
}

static int find_daemon(struct doctor *d, const struct engine_check *e, struct daemon *ret,
		       struct err *err)
{
	struct err cause = { 0 };
	int r;

	if (*d->root || !e->line[0].name)
		return 0;
	r = daemon_find(e->programs, ARRAY_SIZE(e->programs), ret, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	return r < 0 ? doctor_add_unread(d, "engine-command-line", &cause, err) : 0;
}

static int check_engine(struct doctor *d, const struct engine_check *e, struct err *err)
{
	_cleanup_daemon_ struct daemon daemon = { 0 };
	struct doors doors = { .daemon = &daemon };
	int r = find_daemon(d, e, &daemon, err);

	if (r == 0)
		r = e->look(d, &doors, err);
	if (r == 0)
		r = judge(d, e, &doors, err);
	return r < 0 ? r : tell_line(d, e, &daemon, err);
}

int doctor_engines(struct doctor *d, struct err *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(engines); i++) {
		if (!is_installed(d, &engines[i]))
			continue;
		n++;
		r = check_engine(d, &engines[i], err);
	}
	if (r == 0 && n == 0)
		r = doctor_add(d, FINDING_OK, "engine-none", NULL, err,
			       "podman, Docker, containerd and CRI-O are not installed");
	if (r == 0 && !*d->root)
		r = check_around(d, err);
	return r;
}
