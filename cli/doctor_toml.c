/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engines that are configured in TOML: podman, containerd and CRI-O.
 *
 * Source: containers.conf(5); containerd-config.toml(5); crio.conf(5), crio.conf.d(5)
 */
#include "cli/doctor_engines.h"

#include <errno.h>

#include "cli/below.h"
#include "cli/setup_confs.h"
#include "lib/strv.h"
#include "lib/toml.h"

static const struct advice broken = {
	.why = "the engine does not start with it",
	.remedy = "mend the file",
};

/* The directories of hooks that podman and CRI-O read without being told, and both of them. */
static const char *const shared_hooks[] = { "/usr/share/containers/oci/hooks.d",
					    "/etc/containers/oci/hooks.d" };

typedef int take_fn(const struct toml_node *root, void *arg, struct err *err);

/* A file, if it is there. One that is broken is a finding. */
static int take_file(struct doctor *d, const char *path, take_fn *take, void *arg, struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;
	_cleanup_free_ char *text = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r = below_read(d->root_fd, path, &text, &len, &cause);

	if (r == 0)
		return 0;
	if (r > 0)
		r = toml_parse(&toml, path, text, len, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "engine-file", &broken, err, "%s", cause.text);
	return take(toml_root(toml), arg, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The drop-ins of a directory, in the order of their names. */
static int take_directory(struct doctor *d, const char *dir, const char *suffix, take_fn *take,
			  void *arg, struct err *err)
{
	struct err cause = { 0 };
	char **names = NULL;
	size_t n = 0;
	int r = below_list(d->root_fd, dir, suffix, &names, &n, &cause);

	if (r < 0 && r != -ENOMEM)
		r = doctor_add_unread(d, "engine-file", &cause, err);
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; r == 0 && i < n; i++) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		r = take_file(d, path, take, arg, err);
	}
	strv_free(&names, &n);
	return r == -ENOMEM ? err_oom(err) : r;
}

/* What several files say together. */
struct said {
	const struct doctor *doctor;
	char *runtime; /* the default one's name, or path; NULL: not said */
	char **ours;   /* names under which coaming-runtime is registered */
	size_t n_ours;
	char path[PATH_MAX];
	char **hooks; /* directories */
	size_t n_hooks;
	bool has_hooks; /* said, also where there are none */
};

static void said_done(struct said *said)
{
	free(said->runtime);
	strv_free(&said->ours, &said->n_ours);
	strv_free(&said->hooks, &said->n_hooks);
}

static int say_runtime(struct said *said, const char *text, struct err *err)
{
	if (!text)
		return 0;
	free(said->runtime);
	said->runtime = strdup(text);
	return said->runtime ? 0 : err_oom(err);
}

/* What one name stands for: the last file that says so is right. */
static int say_program(struct said *said, const char *name, const char *path, struct err *err)
{
	size_t kept = 0;

	if (!path)
		return 0;
	for (size_t i = 0; i < said->n_ours; i++) {
		if (streq(said->ours[i], name))
			free(said->ours[i]);
		else
			said->ours[kept++] = said->ours[i];
	}
	said->n_ours = kept;
	if (!doors_is_ours(path))
		return 0;
	(void)snprintf(said->path, sizeof(said->path), "%s", path);
	return strv_add(&said->ours, &said->n_ours, name, err);
}

/* A later list replaces an earlier one, or says that it adds to it. */
static int say_hooks(struct said *said, const struct toml_node *list, struct err *err)
{
	int r = 0;

	if (!list || list->type != TOML_ARRAY)
		return 0;
	if (!confs_appends(list)) {
		strv_free(&said->hooks, &said->n_hooks);
		said->has_hooks = true;
	}
	toml_foreach(item, list)
	{
		if (toml_string(item) && r == 0)
			r = strv_add(&said->hooks, &said->n_hooks, toml_string(item), err);
	}
	return r;
}

static bool is_shared(const char *directory)
{
	size_t len = strlen(directory);

	while (len > 1 && directory[len - 1] == '/')
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(shared_hooks); i++) {
		if (strlen(shared_hooks[i]) == len && memcmp(shared_hooks[i], directory, len) == 0)
			return true;
	}
	return false;
}

static int conclude(struct doctor *d, const struct said *said, struct doors *ret, struct err *err)
{
	int r = 0;

	ret->is_registered = said->n_ours > 0;
	ret->is_default =
		said->runtime && (strv_contains(said->ours, said->n_ours, said->runtime) ||
				  doors_is_ours(said->runtime));
	(void)snprintf(ret->runtime, sizeof(ret->runtime), "%s",
		       said->runtime && doors_is_ours(said->runtime) && said->runtime[0] == '/'
			       ? said->runtime
			       : said->path);
	if (!said->has_hooks) {
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(shared_hooks); i++)
			r = doctor_hooks(d, shared_hooks[i], true, &ret->hooked, err);
	}
	for (size_t i = 0; r == 0 && i < said->n_hooks; i++)
		r = doctor_hooks(d, said->hooks[i], is_shared(said->hooks[i]), &ret->hooked, err);
	return r;
}

/* ---- podman ---- */

/* Of several paths the first that is there; where none is, the first is what is missing. */
static const char *find_path(const struct said *said, const struct toml_node *paths)
{
	const char *first = NULL;

	toml_foreach(path, paths)
	{
		const char *text = toml_string(path);

		if (text && below_exists(said->doctor->root_fd, text))
			return text;
		first = first ? first : text;
	}
	return first;
}

static int take_podman(const struct toml_node *root, void *arg, struct err *err)
{
	const struct toml_node *engine = toml_get(root, "engine");
	struct said *said = arg;
	int r;

	r = say_runtime(said, toml_string(toml_get(engine, "runtime")), err);
	if (r == 0)
		r = say_hooks(said, toml_get(engine, "hooks_dir"), err);
	toml_foreach(runtime, toml_get(engine, "runtimes"))
	{
		if (r == 0)
			r = say_program(said, runtime->key, find_path(said, runtime), err);
	}
	return r;
}

int doors_podman(struct doctor *d, struct doors *ret, struct err *err)
{
	_cleanup_(said_done) struct said said = { .doctor = d };
	int r;

	r = take_file(d, "/usr/share/containers/containers.conf", take_podman, &said, err);
	if (r == 0)
		r = take_file(d, "/etc/containers/containers.conf", take_podman, &said, err);
	if (r == 0)
		r = take_directory(d, "/etc/containers/containers.conf.d", ".conf", take_podman,
				   &said, err);
	return r < 0 ? r : conclude(d, &said, ret, err);
}

/* ---- CRI-O ---- */

static int take_crio(const struct toml_node *root, void *arg, struct err *err)
{
	const struct toml_node *runtime = toml_get(toml_get(root, "crio"), "runtime");
	struct said *said = arg;
	int r;

	r = say_runtime(said, toml_string(toml_get(runtime, "default_runtime")), err);
	if (r == 0)
		r = say_hooks(said, toml_get(runtime, "hooks_dir"), err);
	toml_foreach(one, toml_get(runtime, "runtimes"))
	{
		if (r == 0)
			r = say_program(said, one->key, toml_string(toml_get(one, "runtime_path")),
					err);
	}
	return r;
}

/* "NAME:PATH[:ROOT[:TYPE...]]" */
static int say_crio_runtime(struct said *said, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	_cleanup_free_ char *name = colon ? strndup(text, (size_t)(colon - text)) : NULL;
	_cleanup_free_ char *path = colon ? strndup(colon + 1, strcspn(colon + 1, ":,")) : NULL;

	if (!colon)
		return 0;
	return name && path ? say_program(said, name, path, err) : err_oom(err);
}

/* The command line goes before the files. */
static int say_crio_line(struct said *said, const struct daemon *daemon, struct err *err)
{
	const char *value;
	int r = say_runtime(said, daemon_last(daemon, "default-runtime", 0), err);

	for (size_t at = 0; r == 0 && (value = daemon_option(daemon, "runtimes", 0, &at));)
		r = say_crio_runtime(said, value, err);
	return r;
}

/* CRI-O calls no precreate hooks: there the runtime is the only door that rewrites. */
int doors_crio(struct doctor *d, struct doors *ret, struct err *err)
{
	const char *file = daemon_last(ret->daemon, "config", 'c');
	const char *dir = daemon_last(ret->daemon, "config-dir", 'd');
	_cleanup_(said_done) struct said said = { .doctor = d };
	int r;

	r = take_file(d, file ? file : "/etc/crio/crio.conf", take_crio, &said, err);
	if (r == 0)
		r = take_directory(d, dir ? dir : "/etc/crio/crio.conf.d", "", take_crio, &said,
				   err);
	if (r == 0)
		r = say_crio_line(&said, ret->daemon, err);
	r = r < 0 ? r : conclude(d, &said, ret, err);
	ret->hooked = 0;
	return r;
}

/* ---- containerd ---- */

static int take_containerd(const struct toml_node *root, void *arg, struct err *err)
{
	/* Configuration versions 1, 2 and 3. */
	static const char *const plugins[] = { "cri", "io.containerd.grpc.v1.cri",
					       "io.containerd.cri.v1.runtime" };
	struct said *said = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(plugins); i++) {
		const struct toml_node *cri =
			toml_get(toml_get(toml_get(root, "plugins"), plugins[i]), "containerd");

		r = say_runtime(said, toml_string(toml_get(cri, "default_runtime_name")), err);
		toml_foreach(one, toml_get(cri, "runtimes"))
		{
			const char *binary =
				toml_string(toml_get(toml_get(one, "options"), "BinaryName"));

			if (r == 0)
				r = say_program(said, one->key, binary, err);
		}
	}
	return r;
}

int doors_containerd(struct doctor *d, struct doors *ret, struct err *err)
{
	/* Of hooks it knows none. */
	_cleanup_(said_done) struct said said = { .doctor = d, .has_hooks = true };
	int r = take_file(d, "/etc/containerd/config.toml", take_containerd, &said, err);

	/* What it takes where none is named. */
	if (r == 0 && !said.runtime)
		r = say_runtime(&said, "runc", err);
	return r < 0 ? r : conclude(d, &said, ret, err);
}
