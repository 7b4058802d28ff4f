/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming setup docker: two members of daemon.json.
 *
 * Source: docs.docker.com, dockerd, "Daemon configuration file"
 */
#include <errno.h>
#include <fcntl.h>

#include "cli/ask.h"
#include "cli/setup.h"
#include "lib/edit.h"
#include "lib/file.h"

#define PID_FILE      "/run/docker.pid"
#define PID_MAX_BYTES ((size_t)64)
#define CHECK_SECONDS 30
#define OUT_MAX_BYTES ((size_t)1 << 20)

static const char *const keys[] = { "default-runtime", "runtimes" };

static bool is_blank(const struct setup_text *text)
{
	return !text->data || strspn(text->data, " \t\r\n") == text->len;
}

static int read_document(const struct setup_text *text, struct doc **ret, struct err *err)
{
	static const char *const free_form[] = { "runtimes" };
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *runtimes;
	int r;

	r = is_blank(text) ? doc_parse(&doc, text->path, "{}", 2, err)
			   : doc_parse(&doc, text->path, text->data, text->len, err);
	if (r == 0)
		r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	if (r == 0)
		r = doc_check_folding(doc, keys, ARRAY_SIZE(keys), free_form, ARRAY_SIZE(free_form),
				      err);
	if (r < 0)
		return r;
	runtimes = node_get(doc_root(doc), "runtimes");
	r = runtimes ? node_expect(doc, runtimes, NODE_OBJECT, err) : 0;
	if (r == 0)
		*ret = take_ptr(doc);
	return r;
}

static const char *string_of(const struct node *node)
{
	return node_is(node, NODE_STRING) ? node->string : NULL;
}

const struct node *setup_docker_program(const struct node *runtime)
{
	const struct node *path = node_get(runtime, "path");

	return path ? path : node_path(runtime, "options", "BinaryName", NULL);
}

static const char *path_of(const struct node *runtime)
{
	return string_of(setup_docker_program(runtime));
}

static bool runtime_is_ours(const struct node *runtime)
{
	const char *path = path_of(runtime);

	return path && setup_is_ours(path);
}

static int look(const struct setup *setup, const struct setup_text *text, struct setup_way *ret,
		struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const char *name;
	int r = read_document(text, &doc, err);

	if (r < 0)
		return r;
	*ret = (struct setup_way){ 0 };
	name = string_of(node_get(doc_root(doc), "default-runtime"));
	if (name && streq(name, SETUP_RUNTIME_NAME))
		ret->state = SETUP_DEFAULT;
	node_foreach (runtime, node_get(doc_root(doc), "runtimes"))
		setup_see_runtime(ret, runtime->key, path_of(runtime), name);
	return 0;
}

/* ---- with coaming ---- */

static int add_runtime(struct edit *edit, const struct doc *doc, const char *path, struct err *err)
{
	const struct node *runtimes = node_get(doc_root(doc), "runtimes");
	_cleanup_buf_ struct buf json = { 0 };

	buf_adds(&json, runtimes ? "" : "{\"" SETUP_RUNTIME_NAME "\": ");
	buf_addf(&json, "{\"path\": %s}", path);
	buf_adds(&json, runtimes ? "" : "}");
	if (buf_status(&json) < 0)
		return err_oom(err);
	return edit_add_member_alike(edit, runtimes ? runtimes : doc_root(doc),
				     runtimes ? SETUP_RUNTIME_NAME : "runtimes", json.data, err);
}

static int put_runtime(struct edit *edit, const struct doc *doc, const struct setup_way *way,
		       struct err *err)
{
	const struct node *ours = node_path(doc_root(doc), "runtimes", SETUP_RUNTIME_NAME, NULL);
	_cleanup_free_ char *path = setup_quoted(way->runtime);

	if (!path)
		return err_oom(err);
	if (!ours)
		return add_runtime(edit, doc, path, err);
	if (!runtime_is_ours(ours))
		return err_input(err, EEXIST,
				 "%s: another runtime is called \"" SETUP_RUNTIME_NAME
				 "\" there: give it another name",
				 WHERE_KEY(doc, ours));
	if (streq(path_of(ours), way->runtime))
		return 0;
	return edit_replace(edit, setup_docker_program(ours), path, err);
}

static int put_default(struct setup *setup, struct edit *edit, const struct doc *doc,
		       const struct setup_way *way, struct err *err)
{
	const struct node *node = node_get(doc_root(doc), "default-runtime");
	const char *old = NULL;
	int r = node ? node_read_string(doc, node, &old, err) : 0;

	if (r < 0)
		return r;
	setup_note_default(setup, way, old);
	if (way->state != SETUP_DEFAULT || (old && streq(old, SETUP_RUNTIME_NAME)))
		return 0;
	if (node)
		return edit_replace(edit, node, "\"" SETUP_RUNTIME_NAME "\"", err);
	return edit_add_member_alike(edit, doc_root(doc), "default-runtime",
				     "\"" SETUP_RUNTIME_NAME "\"", err);
}

/* Where there was nothing that a layout could be learned from. */
static int write_new(const struct setup_way *way, struct buf *out, struct err *err)
{
	_cleanup_free_ char *path = setup_quoted(way->runtime);

	if (!path)
		return err_oom(err);
	buf_adds(out, "{\n");
	if (way->state == SETUP_DEFAULT)
		buf_adds(out, "  \"default-runtime\": \"" SETUP_RUNTIME_NAME "\",\n");
	buf_addf(out, "  \"runtimes\": {\"" SETUP_RUNTIME_NAME "\": {\"path\": %s}}\n}\n", path);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

static int add(struct setup *setup, const struct setup_text *text, const struct setup_way *way,
	       struct buf *out, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	int r;

	r = read_document(text, &doc, err);
	if (r < 0)
		return r;
	if (!doc_root(doc)->first) {
		setup_note_default(setup, way, NULL);
		return write_new(way, out, err);
	}
	r = edit_new(&edit, doc, err);
	if (r == 0)
		r = put_default(setup, edit, doc, way, err);
	if (r == 0)
		r = put_runtime(edit, doc, way, err);
	return r < 0 ? r : edit_apply(edit, out, err);
}

/* ---- without it ---- */

static bool is_taken(const struct doc *doc, const char *name)
{
	return streq(name, SETUP_RUNTIME_NAME) ||
	       runtime_is_ours(node_path(doc_root(doc), "runtimes", name, NULL));
}

/* The default goes back to what it was, unless that was coaming as well. */
static int restore_default(struct edit *edit, const struct doc *doc, const struct doc *before,
			   struct err *err)
{
	const struct node *node = node_get(doc_root(doc), "default-runtime");
	const char *name = string_of(node), *old = NULL;
	_cleanup_free_ char *json = NULL;

	if (!name || !is_taken(doc, name))
		return 0;
	if (before)
		old = string_of(node_get(doc_root(before), "default-runtime"));
	if (!old || is_taken(doc, old))
		return edit_remove(edit, node, err);
	json = setup_quoted(old);
	return json ? edit_replace(edit, node, json, err) : err_oom(err);
}

static int remove_runtimes(struct edit *edit, const struct doc *doc, const struct doc *before,
			   struct err *err)
{
	const struct node *runtimes = node_get(doc_root(doc), "runtimes");
	size_t ours = 0;
	int r = 0;

	node_foreach (runtime, runtimes)
		ours += runtime_is_ours(runtime);
	if (ours == 0)
		return 0;
	if (ours == runtimes->count && !(before && node_get(doc_root(before), "runtimes")))
		return edit_remove(edit, runtimes, err);
	node_foreach (runtime, runtimes)
		if (r == 0 && runtime_is_ours(runtime))
			r = edit_remove(edit, runtime, err);
	return r;
}

static int take_out(struct setup *setup, const struct setup_text *text,
		    const struct setup_text *before, struct buf *out, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_doc_ struct doc *old = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	struct err ignored = { 0 };
	int r;

	r = read_document(text, &doc, err);
	if (r < 0)
		return r;
	/* What cannot be read any more tells nothing. */
	if (before->data)
		(void)read_document(before, &old, &ignored);
	r = edit_new(&edit, doc, err);
	if (r == 0)
		r = restore_default(edit, doc, old, err);
	if (r == 0)
		r = remove_runtimes(edit, doc, old, err);
	return r < 0 ? r : edit_apply(edit, out, err);
}

/*
 * A default on dockerd's command line as well as in its file keeps it from starting. The command
 * line is that of the one that runs, if one does.
 */
static int check_flags(struct err *err)
{
	static const char flag[] = "--default-runtime";
	_cleanup_free_ char *pid = NULL;
	_cleanup_free_ char *words = NULL;
	struct err ignored = { 0 };
	char path[64];
	size_t len = 0;

	if (file_read(AT_FDCWD, PID_FILE, PID_MAX_BYTES, &pid, &len, &ignored) < 0)
		return 0;
	pid[strspn(pid, "0123456789")] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	if (!*pid || file_read(AT_FDCWD, path, OUT_MAX_BYTES, &words, &len, &ignored) < 0)
		return 0;
	for (size_t at = 0; at < len; at += strlen(words + at) + 1)
		if (starts_with(words + at, flag))
			return err_input(err, EEXIST,
					 "dockerd runs with %s, and does not start with that and "
					 "\"default-runtime\" in its file: take it off its command "
					 "line (systemctl cat docker)",
					 flag);
	return 0;
}

/* dockerd has --validate from 23.0 on. */
static int check(struct setup *setup, const char *program, const char *path,
		 const struct setup_way *way, struct err *err)
{
	const struct ask dockerd = {
		.program = program,
		.args = { "--validate", "--config-file", path },
		.wait_seconds = CHECK_SECONDS,
		.out_max_bytes = OUT_MAX_BYTES,
	};
	struct err said = { 0 };
	int r = way->state == SETUP_DEFAULT ? check_flags(err) : 0;

	if (r < 0)
		return r;
	if (ask_run(&dockerd, NULL, NULL, &said) == 0)
		return 1;
	if (strstr(said.text, "--validate")) {
		buf_addf(&setup->notes,
			 "not checked by dockerd: this one has no --validate (23.0 has)\n");
		return 0;
	}
	return err_input(err, EINVAL, "dockerd would not take the new file: %s", Q(said.text));
}

const struct engine engine_docker = {
	.name = "docker",
	.title = "Docker",
	.program = "dockerd",
	.file = "/etc/docker/daemon.json",
	.choose = "docker run --runtime " SETUP_RUNTIME_NAME,
	.activate = "systemctl reload docker",
	/* A key that is gone changes nothing at a reload. */
	.deactivate = "systemctl restart docker",
	.remembers = true,
	.look = look,
	.add = add,
	.take_out = take_out,
	.check = check,
};
