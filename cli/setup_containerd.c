/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup containerd: a runtime of the CRI plugin in config.toml.
 *
 * containerd reads no directory of drop-ins by itself, and an imported file takes the place of a
 * plugin's whole section: so the file that has the section is edited. What comes of the edit is
 * read again and compared: nothing but coaming's own keys may differ.
 *
 * A file that names one runtime takes away the "runc" that containerd has by itself, and without
 * its default runtime the CRI plugin does not start: where the file names none, "runc" is written,
 * too.
 *
 * Source: containerd, docs/cri/config.md and docs/PLUGINS.md; RELEASES.md for the versions
 */
#include <errno.h>
#include <glob.h>

#include "cli/ask.h"
#include "cli/below.h"
#include "cli/setup.h"
#include "cli/splice.h"
#include "lib/file.h"
#include "lib/toml.h"

#define CHECK_SECONDS   30
#define DUMP_MAX_BYTES  ((size_t)4 << 20)
#define IMPORTS_MAX     256
#define RUNC_SHIM_START "io.containerd.runc.v"
#define BUILT_IN_NAME   "runc"
#define BUILT_IN_TYPE   "io.containerd.runc.v2"
/* The annotations of pods, and of containers in them, that containerd is to hand down. */
#define ANNOTATIONS "io.coaming.*"

/* How the section is called, by the version of the file. */
static const struct {
	const char *version; /* NULL: where the file says none */
	const char *plugin;
	const char *header; /* as a part of a header */
} versions[] = {
	{ NULL, "cri", "cri" },
	{ "1", "cri", "cri" },
	{ "2", "io.containerd.grpc.v1.cri", "\"io.containerd.grpc.v1.cri\"" },
	{ "3", "io.containerd.cri.v1.runtime", "\"io.containerd.cri.v1.runtime\"" },
};
#define NEW_FILE_VERSION 2 /* every containerd since 1.3 reads it */

static const char *const plugins[] = {
	"cri",
	"io.containerd.grpc.v1.cri",
	"io.containerd.cri.v1.runtime",
};

static const struct toml_node *section_of(const struct toml *toml, const char *plugin)
{
	return toml_path(toml_root(toml), "plugins", plugin, "containerd", NULL);
}

static const struct toml_node *binary_of(const struct toml_node *runtime)
{
	return toml_path(runtime, "options", "BinaryName", NULL);
}

static bool runtime_is_ours(const struct toml_node *runtime)
{
	const char *binary = toml_string(binary_of(runtime));

	return binary && setup_is_ours(binary);
}

/* Where a table that no header names is first seen. */
static size_t seen_at(const struct toml_node *node)
{
	while (node->origin != TOML_VALUE && node->origin != TOML_HEADER && node->first)
		node = node->first;
	return node->start;
}

/* ---- what there is ---- */

static void look_at(const struct toml_node *section, struct setup_way *ret)
{
	const char *name = toml_string(toml_get(section, "default_runtime_name"));

	if (name && streq(name, SETUP_RUNTIME_NAME))
		ret->state = SETUP_DEFAULT;
	toml_foreach(runtime, toml_get(section, "runtimes"))
		setup_see_runtime(ret, runtime->key, toml_string(binary_of(runtime)), name);
}

static int look(const struct setup *setup, const struct setup_text *text, struct setup_way *ret,
		struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;
	int r = toml_parse(&toml, text->path, text->data, text->len, err);

	if (r < 0)
		return r;
	*ret = (struct setup_way){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++)
		look_at(section_of(toml, plugins[i]), ret);
	return 0;
}

/* ---- nothing else may change ---- */

static bool is_at(const struct toml_node *node, const char *const keys[], size_t n)
{
	for (; n > 0 && node && node->key; n--, node = node->parent)
		if (!streq(node->key, keys[n - 1]))
			return false;
	return n == 0;
}

/* What else an edit writes, or takes out, than the keys that are coaming's in every file. */
struct own {
	bool version;
	bool built_in; /* the runtime "runc" */
};

static bool is_own_key(const struct toml_node *node, const void *arg)
{
	static const char *const name[] = { "containerd", "default_runtime_name" };
	static const char *const own[] = { "containerd", "runtimes", SETUP_RUNTIME_NAME };
	static const char *const binary[] = { "options", "BinaryName" };
	static const char *const built_in[] = { "containerd", "runtimes", BUILT_IN_NAME };
	const struct own *also = arg;

	if (is_at(node, name, ARRAY_SIZE(name)) || is_at(node, own, ARRAY_SIZE(own)))
		return true;
	if (is_at(node, binary, ARRAY_SIZE(binary)) && toml_string(node))
		return setup_is_ours(toml_string(node));
	if (is_at(node, built_in, ARRAY_SIZE(built_in)))
		return also->built_in;
	return also->version && node->parent && !node->parent->key && streq(node->key, "version");
}

static int apply(const struct splice *splice, const struct toml *toml, const char *path,
		 bool built_in, struct buf *out, struct err *err)
{
	_cleanup_toml_ struct toml *after = NULL;
	const struct own also = { .version = !toml_root(toml)->first, .built_in = built_in };
	const char *text;
	size_t len;
	int r;

	text = toml_text(toml, &len);
	r = splice_apply(splice, text, len, out, err);
	if (r == 0)
		r = toml_parse(&after, path, out->data ? out->data : "", out->len, err);
	if (r < 0) {
		err_context(err, "the edited text");
		return r;
	}
	if (!toml_equal(toml_root(toml), toml_root(after), is_own_key, &also))
		return err_system(err, EBADMSG,
				  "%s: the edit would change more than coaming's keys", Q(path));
	return 0;
}

/* ---- with coaming ---- */

struct place {
	const struct toml *toml;
	const char *header;
	const struct toml_node *section; /* "containerd" of the plugin, or NULL */
	const struct toml_node *ours;    /* its runtime, or NULL */
};

static int find_version(const struct toml *toml, size_t *ret, struct err *err)
{
	const struct toml_node *version = toml_get(toml_root(toml), "version");

	if (!version) {
		*ret = toml_root(toml)->first ? 0 : NEW_FILE_VERSION;
		return 0;
	}
	for (size_t i = 1; version->type == TOML_INTEGER && i < ARRAY_SIZE(versions); i++) {
		if (streq(version->string, versions[i].version)) {
			*ret = i;
			return 0;
		}
	}
	return err_input(err, EINVAL,
			 "%s: this version of containerd's configuration is not known "
			 "(1, 2 and 3 are)",
			 TOML_WHERE(toml, version->start));
}

/* Every table on the way must be one that a header may add to. */
static int find_place(const struct toml *toml, struct place *ret, struct err *err)
{
	const struct toml_node *node = toml_root(toml);
	size_t version = 0;
	int r = find_version(toml, &version, err);
	const char *const way[] = { "plugins", versions[version].plugin, "containerd", "runtimes",
				    SETUP_RUNTIME_NAME };

	if (r < 0)
		return r;
	*ret = (struct place){ .toml = toml, .header = versions[version].header };
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		node = toml_get(node, way[i]);
		if (!node)
			return 0;
		if (node->type != TOML_TABLE || node->origin == TOML_VALUE)
			return err_input(err, EINVAL,
					 "%s: %s is written as a value, to which no [table] can be "
					 "added: write it as [table]",
					 TOML_WHERE(toml, seen_at(node)), Q(way[i]));
		if (i == 2)
			ret->section = node;
	}
	ret->ours = node;
	return 0;
}

static const char *const annotation_lists[] = { "pod_annotations", "container_annotations" };

/* Members that make a runtime another one, or are written otherwise, and are not taken over. */
static bool is_left_behind(const char *key)
{
	static const char *const left[] = {
		"runtime_type", "runtime_path", "runtime_engine",
		"runtime_root", "options",      "BinaryName",
	};

	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (streq(key, left[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(annotation_lists); i++)
		if (streq(key, annotation_lists[i]))
			return true;
	return false;
}

/* "key = value" of each member as it is written: SystemdCgroup, above all, must be the same. */
static int copy_members(const struct toml *toml, const struct toml_node *table, const char *indent,
			struct buf *out, struct err *err)
{
	const char *text = toml_text(toml, NULL);

	toml_foreach(member, table)
	{
		_cleanup_free_ char *quoted = NULL;

		if (is_left_behind(member->key) || member->origin != TOML_VALUE)
			continue;
		quoted = setup_quoted(member->key);
		if (!quoted)
			return err_oom(err);
		buf_addf(out, "%s%s = ", indent,
			 strspn(member->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789_-") == strlen(member->key) &&
					 *member->key
				 ? member->key
				 : quoted);
		buf_add(out, text + member->start, member->end - member->start);
		buf_addc(out, '\n');
	}
	return 0;
}

/* The runtime of which coaming takes over how pods are run. */
static const struct toml_node *find_model(const struct place *place)
{
	const char *name = toml_string(toml_get(place->section, "default_runtime_name"));
	const struct toml_node *model =
		toml_path(place->section, "runtimes", name ? name : "runc", NULL);
	const char *type = toml_string(toml_get(model, "runtime_type"));

	return type && starts_with(type, RUNC_SHIM_START) ? model : NULL;
}

static bool is_text_of(const struct toml_node *array, const char *text)
{
	toml_foreach(item, array)
	{
		if (toml_string(item) && streq(toml_string(item), text))
			return true;
	}
	return false;
}

/* What the model lets through, and coaming's own. */
static void write_annotations(const struct place *place, const struct toml_node *model,
			      const char *key, struct buf *out)
{
	const struct toml_node *list = toml_get(model, key);
	const char *text = toml_text(place->toml, NULL);

	buf_addf(out, "  %s = [", key);
	if (!list || list->type != TOML_ARRAY || list->origin != TOML_VALUE || !list->first) {
		buf_addf(out, "\"%s\"]\n", ANNOTATIONS);
		return;
	}
	if (!is_text_of(list, ANNOTATIONS) && !is_text_of(list, "*"))
		buf_addf(out, "\"%s\", ", ANNOTATIONS);
	buf_add(out, text + list->start + 1, list->end - list->start - 1); /* without its [ */
	buf_addc(out, '\n');
}

/* Where the file names a runtime, containerd forgets its own. */
static bool needs_built_in(const struct place *place)
{
	return !toml_get(place->section, "runtimes");
}

static void write_built_in(const struct place *place, struct buf *out)
{
	buf_addf(out,
		 "\n[plugins.%s.containerd.runtimes." BUILT_IN_NAME "]\n"
		 "  # containerd's own, which it forgets where its file names a runtime\n"
		 "  runtime_type = \"" BUILT_IN_TYPE "\"\n",
		 place->header);
}

static int write_runtime(const struct place *place, const struct setup_way *way, struct buf *out,
			 struct err *err)
{
	const struct toml_node *model = find_model(place);
	const char *type = toml_string(toml_get(model, "runtime_type"));
	_cleanup_free_ char *binary = setup_quoted(way->runtime);
	int r;

	if (!binary)
		return err_oom(err);
	if (needs_built_in(place))
		write_built_in(place, out);
	buf_addf(out, "\n[plugins.%s.containerd.runtimes." SETUP_RUNTIME_NAME "]\n", place->header);
	buf_addf(out, "  runtime_type = \"%s\"\n",
		 type && streq(type, "io.containerd.runc.v1") ? type : BUILT_IN_TYPE);
	for (size_t i = 0; i < ARRAY_SIZE(annotation_lists); i++)
		write_annotations(place, model, annotation_lists[i], out);
	r = copy_members(place->toml, model, "  ", out, err);
	buf_addf(out, "\n  [plugins.%s.containerd.runtimes." SETUP_RUNTIME_NAME ".options]\n",
		 place->header);
	buf_addf(out, "    BinaryName = %s\n", binary);
	if (r == 0)
		r = copy_members(place->toml, toml_get(model, "options"), "    ", out, err);
	return r;
}

static int put_runtime(struct splice *splice, const struct place *place,
		       const struct setup_way *way, struct buf *end, struct err *err)
{
	const struct toml_node *binary = binary_of(place->ours);
	_cleanup_free_ char *path = NULL;

	if (!place->ours)
		return write_runtime(place, way, end, err);
	if (!runtime_is_ours(place->ours))
		return err_input(err, EEXIST,
				 "%s: another runtime is called \"" SETUP_RUNTIME_NAME
				 "\" there: give it another name",
				 TOML_WHERE(place->toml, seen_at(place->ours)));
	if (streq(toml_string(binary), way->runtime))
		return 0;
	path = setup_quoted(way->runtime);
	return path ? splice_add(splice, binary->start, binary->end, path, err) : err_oom(err);
}

/* Into the section where that has a header of its own; else with such a header at the end. */
static int put_new_default(struct splice *splice, const struct place *place, struct buf *end,
			   struct err *err)
{
	static const char line[] = "default_runtime_name = \"" SETUP_RUNTIME_NAME "\"\n";
	const struct toml_node *section = place->section;
	const char *text = toml_text(place->toml, NULL);
	_cleanup_buf_ struct buf with = { 0 };

	if (!section || section->origin == TOML_IMPLICIT) {
		buf_addf(end, "\n[plugins.%s.containerd]\n  %s", place->header, line);
		return 0;
	}
	if (section->origin != TOML_HEADER)
		return err_input(err, EINVAL,
				 "%s: \"containerd\" is written by dotted keys: add there "
				 "default_runtime_name = \"" SETUP_RUNTIME_NAME "\" by hand",
				 TOML_WHERE(place->toml, seen_at(section)));
	buf_add(&with, text + section->line_start, section->start - section->line_start);
	buf_addf(&with, "  %s", line);
	return buf_status(&with) < 0
		       ? err_oom(err)
		       : splice_add(splice, section->line_end, section->line_end, with.data, err);
}

static int put_default(struct setup *setup, struct splice *splice, const struct place *place,
		       const struct setup_way *way, struct buf *end, struct err *err)
{
	const struct toml_node *name = toml_get(place->section, "default_runtime_name");
	const struct toml_node *legacy =
		toml_path(place->section, "default_runtime", "runtime_type", NULL);
	const char *old = toml_string(name);

	if (name && !old)
		return err_input(err, EINVAL, "%s: expected a string",
				 TOML_WHERE(place->toml, name->start));
	setup_note_default(setup, way, old);
	if (way->state != SETUP_DEFAULT)
		return 0;
	if (legacy && toml_string(legacy) && *toml_string(legacy))
		return err_input(err, EEXIST,
				 "%s: \"default_runtime\" goes before default_runtime_name: write "
				 "it as a runtime of \"runtimes\"",
				 TOML_WHERE(place->toml, legacy->start));
	if (!name)
		return put_new_default(splice, place, end, err);
	if (streq(old, SETUP_RUNTIME_NAME))
		return 0;
	return splice_add(splice, name->start, name->end, "\"" SETUP_RUNTIME_NAME "\"", err);
}

/* ---- what goes before the file ---- */

static int check_import(const struct setup *setup, const char *path, const char *shown,
			struct err *err)
{
	_cleanup_close_ int root_fd = -1;
	_cleanup_free_ char *text = NULL;
	_cleanup_toml_ struct toml *toml = NULL;
	size_t len = 0;
	int r;

	r = below_root(*setup->root ? setup->root : "/", &root_fd, err);
	if (r == 0)
		r = below_read(root_fd, path + strlen(setup->root), &text, &len, err);
	if (r == 0)
		return 0;
	if (r > 0)
		r = toml_parse(&toml, path, text, len, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++) {
		const struct toml_node *node =
			toml_path(toml_root(toml), "plugins", plugins[i], NULL);

		if (node)
			return err_input(
				err, EEXIST,
				"%s: the section of plugin %s there takes the place of the "
				"one in %s, which imports that file: name it with --file",
				TOML_WHERE(toml, seen_at(node)), plugins[i], Q(shown));
	}
	return 0;
}

static int check_pattern(const struct setup *setup, const char *pattern,
			 const struct setup_text *text, struct err *err)
{
	const char *slash = strrchr(text->path, '/');
	_cleanup_free_ char *full = NULL;
	glob_t found = { 0 };
	int r = 0;

	/* One that is not absolute begins at the directory of the file that imports it. */
	if ((*pattern == '/' ? asprintf(&full, "%s%s", setup->root, pattern)
			     : asprintf(&full, "%.*s/%s", (int)(slash - text->path), text->path,
					pattern)) < 0) {
		full = NULL;
		return err_oom(err);
	}
	if (glob(full, 0, NULL, &found) == GLOB_NOSPACE)
		r = err_oom(err);
	if (r == 0 && found.gl_pathc > IMPORTS_MAX)
		r = err_input(err, E2BIG, "%s: imports more than %d files", Q(text->path),
			      IMPORTS_MAX);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		if (!streq(found.gl_pathv[i], text->path))
			r = check_import(setup, found.gl_pathv[i], text->path, err);
	globfree(&found);
	return r;
}

static int check_around(struct setup *setup, const struct toml *toml, const struct setup_text *text,
			struct err *err)
{
	int r = 0;

	toml_foreach(pattern,
		     toml_get(toml_root(toml), "imports")) if (r == 0 && toml_string(pattern)) r =
		check_pattern(setup, toml_string(pattern), text, err);
	toml_foreach(plugin, toml_get(toml_root(toml),
				      "disabled_plugins")) for (size_t i = 0;
								i < ARRAY_SIZE(plugins);
								i++) if (toml_string(plugin) &&
									 streq(toml_string(plugin),
									       plugins[i]))
		buf_addf(&setup->notes,
			 "\"disabled_plugins\" has %s: nothing goes through coaming "
			 "while containerd's CRI plugin is off\n",
			 plugins[i]);
	return r;
}

static int add(struct setup *setup, const struct setup_text *text, const struct setup_way *way,
	       struct buf *out, struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;
	_cleanup_splice_ struct splice splice = { 0 };
	_cleanup_buf_ struct buf end = { 0 };
	struct place place = { 0 };
	size_t len = text->len, ending;
	int r;

	r = toml_parse(&toml, text->path, text->data ? text->data : "", len, err);
	if (r == 0)
		r = check_around(setup, toml, text, err);
	if (r == 0)
		r = find_place(toml, &place, err);
	if (r < 0)
		return r;
	/* The last line may be without its end. */
	if (text->data && len > 0 && text->data[len - 1] != '\n')
		r = splice_add(&splice, len, len, "\n", err);
	ending = splice.n;
	if (!toml_root(toml)->first)
		buf_addf(&end, "version = %d\n", NEW_FILE_VERSION);
	if (r == 0)
		r = put_default(setup, &splice, &place, way, &end, err);
	if (r == 0)
		r = put_runtime(&splice, &place, way, &end, err);
	if (r == 0 && buf_status(&end) < 0)
		r = err_oom(err);
	if (r == 0 && end.len > 0)
		r = splice_add(&splice, len, len, end.data, err);
	if (r == 0 && splice.n == ending) /* that alone is no change */
		splice_done(&splice);
	return r < 0 ? r : apply(&splice, toml, text->path, needs_built_in(&place), out, err);
}

/* ---- without it ---- */

/*
 * The lines of a table and of all below it. `covered`: they are within a header's that goes.
 *
 * What has no lines of its own stands within an inline table, and nothing is taken from there.
 */
static int remove_lines(struct splice *splice, const struct toml *toml,
			const struct toml_node *node, bool covered, struct err *err)
{
	const char *text = toml_text(toml, NULL);
	bool is_header = node->origin == TOML_HEADER;
	int r = 0;

	if (is_header || (node->origin == TOML_VALUE && !covered)) {
		size_t start = node->line_start;

		if (node->line_end == 0)
			return err_input(err, EINVAL,
					 "%s: %s stands within a value: take coaming out by hand",
					 TOML_WHERE(toml, node->start), Q(node->key));
		/* The empty line that coaming put before its header. */
		if (is_header && start > 1 && text[start - 1] == '\n' && text[start - 2] == '\n')
			start--;
		r = splice_add(splice, start, is_header ? node->body_end : node->line_end, "", err);
	}
	if (node->origin == TOML_VALUE)
		return r;
	toml_foreach(child, node) if (r == 0) r =
		remove_lines(splice, toml, child,
			     child->origin != TOML_HEADER && child->origin != TOML_IMPLICIT &&
				     (covered || is_header),
			     err);
	return r;
}

static bool is_taken(const struct toml_node *section, const char *name)
{
	return streq(name, SETUP_RUNTIME_NAME) ||
	       runtime_is_ours(toml_path(section, "runtimes", name, NULL));
}

static int restore_default(struct splice *splice, const struct toml *toml,
			   const struct toml_node *section, const struct toml_node *before,
			   struct err *err)
{
	const struct toml_node *name = toml_get(section, "default_runtime_name");
	const char *old = toml_string(toml_get(before, "default_runtime_name"));
	_cleanup_free_ char *quoted = NULL;

	if (!toml_string(name) || !is_taken(section, toml_string(name)))
		return 0;
	if (!old || is_taken(section, old))
		return remove_lines(splice, toml, name, false, err);
	quoted = setup_quoted(old);
	return quoted ? splice_add(splice, name->start, name->end, quoted, err) : err_oom(err);
}

/*
 * The "runc" that coaming wrote, where no runtime but it and coaming's is left: as it is, it is
 * the one that containerd has by itself then. NULL: there is none that may go.
 */
static const struct toml_node *find_built_in(const struct toml_node *section,
					     const struct toml_node *before)
{
	const struct toml_node *runtimes = toml_get(section, "runtimes");
	const struct toml_node *runc = toml_get(runtimes, BUILT_IN_NAME);
	const char *type = toml_string(toml_get(runc, "runtime_type"));

	if (!runc || runc->origin != TOML_HEADER || toml_path(before, "runtimes", NULL) || !type ||
	    !streq(type, BUILT_IN_TYPE) || runc->first != runc->last)
		return NULL;
	toml_foreach(runtime, runtimes)
	{
		if (runtime != runc &&
		    !(streq(runtime->key, SETUP_RUNTIME_NAME) && runtime_is_ours(runtime)))
			return NULL;
	}
	return runc;
}

static int remove_from(struct splice *splice, const struct toml *toml,
		       const struct toml_node *section, const struct toml_node *before,
		       bool *built_in, struct err *err)
{
	const struct toml_node *runc = find_built_in(section, before);
	int r = 0;

	if (runc) {
		r = remove_lines(splice, toml, runc, false, err);
		*built_in = true;
	}
	toml_foreach(runtime, toml_get(section, "runtimes"))
	{
		if (r < 0 || !runtime_is_ours(runtime))
			continue;
		/* Another name: somebody's own runtime, which goes back to its default program. */
		r = remove_lines(splice, toml,
				 streq(runtime->key, SETUP_RUNTIME_NAME) ? runtime
									 : binary_of(runtime),
				 false, err);
	}
	return r;
}

static int take_out(struct setup *setup, const struct setup_text *text,
		    const struct setup_text *before, struct buf *out, struct err *err)
{
	_cleanup_toml_ struct toml *toml = NULL;
	_cleanup_toml_ struct toml *old = NULL;
	_cleanup_splice_ struct splice splice = { 0 };
	struct err ignored = { 0 };
	bool built_in = false;
	int r;

	r = toml_parse(&toml, text->path, text->data, text->len, err);
	/* What cannot be read any more tells nothing. */
	if (r == 0 && before->data)
		(void)toml_parse(&old, before->path, before->data, before->len, &ignored);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(plugins); i++) {
		const struct toml_node *section = section_of(toml, plugins[i]);
		const struct toml_node *then = old ? section_of(old, plugins[i]) : NULL;

		r = restore_default(&splice, toml, section, then, err);
		if (r == 0)
			r = remove_from(&splice, toml, section, then, &built_in, err);
	}
	return r < 0 ? r : apply(&splice, toml, text->path, built_in, out, err);
}

/* ---- containerd's own word ---- */

/* Without its default runtime the CRI plugin does not start; versions 2 and 3 of its section. */
static bool default_is_there(const struct toml_node *section)
{
	const char *name = toml_string(toml_get(section, "default_runtime_name"));

	return name && toml_path(section, "runtimes", name, NULL);
}

static bool dump_has(const struct toml *dump, const struct setup_way *way)
{
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++) {
		const struct toml_node *section = section_of(dump, plugins[i]);
		const char *name = toml_string(toml_get(section, "default_runtime_name"));
		const char *binary = toml_string(
			binary_of(toml_path(section, "runtimes", SETUP_RUNTIME_NAME, NULL)));

		if (binary && streq(binary, way->runtime) && default_is_there(section) &&
		    (way->state != SETUP_DEFAULT || (name && streq(name, SETUP_RUNTIME_NAME))))
			return true;
	}
	return false;
}

static int check(struct setup *setup, const char *program, const char *path,
		 const struct setup_way *way, struct err *err)
{
	const struct ask containerd = {
		.program = program,
		.args = { "-c", path, "config", "dump" },
		.wait_seconds = CHECK_SECONDS,
		.out_max_bytes = DUMP_MAX_BYTES,
	};
	_cleanup_free_ char *text = NULL;
	_cleanup_toml_ struct toml *dump = NULL;
	struct err said = { 0 };
	size_t len = 0;

	if (ask_run(&containerd, &text, &len, &said) < 0)
		return err_input(err, EINVAL, "containerd would not take the new file: %s",
				 Q(said.text));
	if (toml_parse(&dump, "containerd config dump", text, len, &said) < 0) {
		buf_addf(&setup->notes,
			 "containerd takes the file; what it makes of it cannot be read: %s\n",
			 said.text);
		return 0;
	}
	if (!dump_has(dump, way))
		return err_input(
			err, EINVAL,
			"containerd takes the new file, and does not see coaming's runtime, or its "
			"own default runtime, in it: another file or section goes before it (see "
			"containerd config dump)");
	return 1;
}

const struct engine engine_containerd = {
	.name = "containerd",
	.title = "containerd",
	.program = "containerd",
	.file = "/etc/containerd/config.toml",
	.choose = "a RuntimeClass with the handler \"" SETUP_RUNTIME_NAME "\"",
	.activate = "systemctl restart containerd",
	.deactivate = "systemctl restart containerd",
	.look = look,
	.add = add,
	.take_out = take_out,
	.check = check,
};
