/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup podman: a drop-in that registers the runtime, and on request names the directory
 * of the precreate hook.
 *
 * A later file of containers.conf.d replaces single keys, and lists as a whole: those that coaming
 * adds to are written out with what the earlier files have.
 *
 * Source: containers.conf(5), containers.conf.d; oci-hooks(5)
 */
#include <errno.h>

#include "cli/ask.h"
#include "cli/below.h"
#include "cli/setup.h"
#include "cli/setup_confs.h"
#include "lib/strv.h"

#define DIR           "/etc/containers/containers.conf.d"
#define PACKAGED_LINK DIR "/50-coaming.conf"
#define HOOKS_DIR     DATADIR "/coaming/hooks.d"
#define CHECK_SECONDS 60
#define OUT_MAX_BYTES ((size_t)1 << 20)

static const char *const files[] = { "/usr/share/containers/containers.conf",
				     "/etc/containers/containers.conf", NULL };
static const char *const default_keys[] = { "engine", "runtime", NULL };
static const char *const own_keys[] = { "engine", "runtimes", SETUP_RUNTIME_NAME, NULL };

/* What podman has of itself, where no file says otherwise. */
static const char *const json_names[] = { "crun", "runc", "kata", "runsc", "youki", "krun" };
static const char *const no_cgroups_names[] = { "crun", "krun" };
static const char *const hook_dirs[] = { "/usr/share/containers/oci/hooks.d",
					 "/etc/containers/oci/hooks.d" };
static const char *const own_names[] = { SETUP_RUNTIME_NAME, SETUP_PROGRAM_NAME };
static const char *const own_dirs[] = { HOOKS_DIR };

/* Lists that coaming adds to. */
static const struct list {
	const char *key;
	const char *const *given;
	size_t n_given;
	const char *const *own;
	size_t n_own;
	bool hooks; /* only with --hooks */
	bool crun;  /* only where crun is behind coaming */
} lists[] = {
	{ "runtime_supports_json", json_names, ARRAY_SIZE(json_names), own_names,
	  ARRAY_SIZE(own_names), false, false },
	{ "runtime_supports_nocgroups", no_cgroups_names, ARRAY_SIZE(no_cgroups_names), own_names,
	  ARRAY_SIZE(own_names), false, true },
	{ "hooks_dir", hook_dirs, ARRAY_SIZE(hook_dirs), own_dirs, ARRAY_SIZE(own_dirs), true,
	  false },
};

static void look_at(const struct toml *toml, struct setup_way *ret)
{
	const struct toml_node *engine = toml_get(toml_root(toml), "engine");
	const char *name = toml_string(toml_get(engine, "runtime"));

	if (name && (streq(name, SETUP_RUNTIME_NAME) || streq(name, SETUP_PROGRAM_NAME) ||
		     setup_is_ours(name)))
		ret->state = SETUP_DEFAULT;
	toml_foreach(runtime, toml_get(engine, "runtimes"))
	{
		toml_foreach(path, runtime)
		{
			if (!toml_string(path) || !setup_is_ours(toml_string(path)))
				continue;
			if (ret->state == SETUP_NONE)
				ret->state = SETUP_REGISTERED;
			(void)snprintf(ret->runtime, sizeof(ret->runtime), "%s", toml_string(path));
		}
	}
	toml_foreach(dir, toml_get(engine, "hooks_dir")) ret->hooks |=
		toml_string(dir) && streq(toml_string(dir), HOOKS_DIR);
}

static const struct confs_way drop_ins = {
	.name = "podman",
	.files = files,
	.dir = DIR,
	.suffix = ".conf",
	/* The file that "make install" brings may be linked to by hand, as it says itself. */
	.packaged = PACKAGED_LINK,
	.packaged_note = " (the hooks; --hooks does it without the link)",
	.own_keys = own_keys,
	.default_keys = default_keys,
	.look_at = look_at,
};

static int look(const struct setup *setup, const struct setup_text *text, struct setup_way *ret,
		struct err *err)
{
	return confs_look(&drop_ins, text, ret, err);
}

/* ---- lists ---- */

static int add_once(char ***v, size_t *n, const char *text, struct err *err)
{
	return strv_contains(*v, *n, text) ? 0 : strv_add(v, n, text, err);
}

static int add_all(char ***v, size_t *n, const char *const from[], size_t n_from, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_from; i++)
		r = add_once(v, n, from[i], err);
	return r;
}

/* What the files before ours make of a list. */
static int effective(const struct confs *confs, const struct list *list, char ***v, size_t *n,
		     struct err *err)
{
	int r = add_all(v, n, list->given, list->n_given, err);

	for (size_t i = 0; r == 0 && i < confs->n; i++) {
		const struct toml_node *array =
			toml_path(toml_root(confs->v[i].toml), "engine", list->key, NULL);

		if (!array || confs->v[i].after)
			continue;
		if (array->type != TOML_ARRAY)
			return err_input(err, EINVAL, "%s: %s is no list",
					 TOML_WHERE(confs->v[i].toml, array->start), list->key);
		if (!confs_appends(array))
			strv_free(v, n);
		toml_foreach(element, array) if (r == 0 && toml_string(element)) r =
			add_once(v, n, toml_string(element), err);
	}
	return r;
}

static int put_list(const struct confs *confs, const struct list *list, struct buf *out,
		    struct err *err)
{
	char **v = NULL;
	size_t n = 0;
	int r;

	r = effective(confs, list, &v, &n, err);
	if (r == 0)
		r = add_all(&v, &n, list->own, list->n_own, err);
	if (r == 0)
		buf_addf(out, "%s = [", list->key);
	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_free_ char *quoted = setup_quoted(v[i]);

		if (!quoted)
			r = err_oom(err);
		else
			buf_addf(out, "%s%s", i ? ", " : "", quoted);
	}
	if (r == 0)
		buf_adds(out, "]\n");
	strv_free(&v, &n);
	return r;
}

/* ---- the file ---- */

static bool is_wanted(const struct setup *setup, const struct list *list,
		      const struct setup_way *way)
{
	return (!list->hooks || way->hooks) && (!list->crun || streq(setup->real, "crun"));
}

static int check_lists(const struct setup *setup, const struct confs *confs,
		       const struct setup_way *way, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++) {
		const char *const keys[] = { "engine", lists[i].key, NULL };

		if (is_wanted(setup, &lists[i], way))
			r = confs_check_after(confs, keys, err);
	}
	return r;
}

static int write_file(const struct setup *setup, const struct confs *confs,
		      const struct setup_way *way, struct buf *out, struct err *err)
{
	_cleanup_free_ char *path = setup_quoted(way->runtime);
	int r = 0;

	if (!path)
		return err_oom(err);
	confs_put_mark(out, drop_ins.name);
	buf_adds(out, "\n[engine]\n");
	if (way->state == SETUP_DEFAULT)
		buf_adds(out, "runtime = \"" SETUP_RUNTIME_NAME "\"\n");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		if (is_wanted(setup, &lists[i], way))
			r = put_list(confs, &lists[i], out, err);
	buf_addf(out, "\n[engine.runtimes]\n" SETUP_RUNTIME_NAME " = [%s]\n", path);
	return r < 0 ? r : buf_status(out) < 0 ? err_oom(err) : 0;
}

/* A hook that is not there is passed over by podman without a word. */
static int check_hooks(const struct setup *setup, struct err *err)
{
	_cleanup_close_ int root_fd = -1;
	int r = below_root(*setup->root ? setup->root : "/", &root_fd, err);

	if (r == 0 && (!below_exists(root_fd, HOOKS_DIR) ||
		       !below_exists(root_fd, LIBEXECDIR "/coaming/coaming-hook")))
		return err_input(err, ENOENT,
				 "--hooks needs " HOOKS_DIR " and " LIBEXECDIR
				 "/coaming/coaming-hook, and they are not both there: install "
				 "coaming");
	return r;
}

static int add(struct setup *setup, const struct setup_text *text, const struct setup_way *way,
	       struct buf *out, struct err *err)
{
	_cleanup_confs_ struct confs confs = { 0 };
	_cleanup_toml_ struct toml *again = NULL;
	int r;

	r = confs_begin(setup, &drop_ins, text, way, &confs, err);
	if (r == 0 && way->hooks)
		r = check_hooks(setup, err);
	if (r == 0)
		r = check_lists(setup, &confs, way, err);
	if (r < 0)
		return r;
	setup_note_default(setup, way, toml_string(confs_get(&confs, default_keys, NULL)));
	r = write_file(setup, &confs, way, out, err);
	return r < 0 ? r : toml_parse(&again, text->path, out->data, out->len, err);
}

/* ---- podman's own word ---- */

static int check(struct setup *setup, const char *program, const char *path,
		 const struct setup_way *way, struct err *err)
{
	const struct ask podman = {
		.program = program,
		.args = { "info", "--format", "{{.Host.OCIRuntime.Path}}" },
		.wait_seconds = CHECK_SECONDS,
		.out_max_bytes = OUT_MAX_BYTES,
	};
	_cleanup_free_ char *text = NULL;
	struct err said = { 0 };
	size_t len = 0;

	if (ask_run(&podman, &text, &len, &said) < 0)
		return err_input(err, EINVAL, "podman info fails: %s", Q(said.text));
	text[strcspn(text, "\n")] = '\0';
	if (way->state == SETUP_DEFAULT && !streq(text, way->runtime))
		return err_input(err, EINVAL,
				 "podman does not take coaming for its runtime but %s: another "
				 "setting goes before the new file",
				 Q(text));
	return 1;
}

static int find_elsewhere(struct setup *setup, const char *own, size_t *ret, struct err *err)
{
	return confs_find_elsewhere(setup, &drop_ins, own, ret, err);
}

const struct engine engine_podman = {
	.name = "podman",
	.title = "podman",
	.program = "podman",
	.file = DIR "/coaming.conf",
	.choose = "podman --runtime " SETUP_RUNTIME_NAME " run",
	.whole_file = true,
	.remembers = true,
	.look = look,
	.add = add,
	.check = check,
	.find_elsewhere = find_elsewhere,
};
