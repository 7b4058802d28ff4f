/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put coaming's own hooks into a config.
 *
 * "env" is given and empty: a hook without it inherits the runtime's environment, which an engine
 * may have filled from the image (CVE-2025-23266).
 */
#include "hooks/inject.h"

#include <errno.h>

#include "lib/edit.h"
#include "lib/emit.h"

static const char *const stages[] = { "createRuntime", "poststop" };

static int write_entry(const char *program, const char *config_file, const char *stage,
		       struct buf *out)
{
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_key(&e, "path");
	emit_string(&e, program);
	emit_key(&e, "args");
	emit_array(&e);
	emit_string(&e, "coaming-hook");
	if (config_file) {
		emit_string(&e, "--config");
		emit_string(&e, config_file);
	}
	emit_string(&e, stage);
	emit_array_end(&e);
	emit_key(&e, "env");
	emit_array(&e);
	emit_array_end(&e);
	emit_key(&e, "timeout");
	emit_u64(&e, HOOK_TIMEOUT_SECONDS);
	emit_object_end(&e);
	return buf_status(out);
}

/* [NAME, "--config", FILE, STAGE]: the very arguments; another configuration is another policy. */
static bool has_args(const struct node *args, const char *config_file, const char *stage)
{
	const char *const with_config[] = { NULL, "--config", config_file, stage };
	const char *const without[] = { NULL, stage };
	const char *const *wanted = config_file ? with_config : without;
	const size_t n = config_file ? ARRAY_SIZE(with_config) : ARRAY_SIZE(without);
	size_t i = 0;

	if (!node_is(args, NODE_ARRAY) || args->count != n)
		return false;
	node_foreach (arg, args) {
		if (i >= n || !node_is(arg, NODE_STRING) ||
		    (wanted[i] && !streq(arg->string, wanted[i])))
			return false;
		i++;
	}
	return true;
}

/* Ours already, put in by another pass or by hooks.d. "env" must stand there, see above. */
static bool has_entry(const struct node *list, const char *program, const char *config_file,
		      const char *stage)
{
	node_foreach (entry, list) {
		const struct node *path = node_get(entry, "path");

		if (node_is(path, NODE_STRING) && streq(path->string, program) &&
		    node_is(node_get(entry, "env"), NODE_ARRAY) &&
		    has_args(node_get(entry, "args"), config_file, stage))
			return true;
	}
	return false;
}

static int write_list(struct edit *edit, const struct doc *config, const char *stage,
		      const char *entry, struct err *err)
{
	const struct node *hooks = node_get(doc_root(config), "hooks");
	const struct node *list = node_get(hooks, stage);
	_cleanup_buf_ struct buf text = { 0 };
	int r;

	if (list && list->type != NODE_NULL) {
		r = node_expect(config, list, NODE_ARRAY, err);
		return r < 0 ? r : edit_add_element(edit, list, entry, err);
	}
	buf_addf(&text, "[%s]", entry);
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (list)
		return edit_replace(edit, list, text.data, err);
	return edit_add_member(edit, hooks, stage, text.data, err);
}

/* A config without "hooks", or with null there. */
static int add_hooks(struct edit *edit, const struct doc *config, const char *program,
		     const char *config_file, struct err *err)
{
	const struct node *hooks = node_get(doc_root(config), "hooks");
	_cleanup_buf_ struct buf text = { 0 };

	buf_addc(&text, '{');
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		buf_addf(&text, "%s\"%s\":[", i ? "," : "", stages[i]);
		write_entry(program, config_file, stages[i], &text);
		buf_addc(&text, ']');
	}
	buf_addc(&text, '}');
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (hooks)
		return edit_replace(edit, hooks, text.data, err);
	return edit_add_member(edit, doc_root(config), "hooks", text.data, err);
}

static int extend_hooks(struct edit *edit, const struct doc *config, const char *program,
			const char *config_file, struct err *err)
{
	const struct node *hooks = node_get(doc_root(config), "hooks");
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		_cleanup_buf_ struct buf entry = { 0 };

		if (has_entry(node_get(hooks, stages[i]), program, config_file, stages[i]))
			continue;
		if (write_entry(program, config_file, stages[i], &entry) < 0)
			return err_oom(err);
		r = write_list(edit, config, stages[i], entry.data, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int inject_hooks(const struct doc *config, const char *program, const char *config_file,
		 struct buf *out, bool *ret_changed, struct err *err)
{
	const struct node *hooks = node_get(doc_root(config), "hooks");
	_cleanup_edit_ struct edit *edit = NULL;
	int r;

	r = edit_new(&edit, config, err);
	if (r < 0)
		return r;
	if (hooks && hooks->type != NODE_NULL) {
		r = node_expect(config, hooks, NODE_OBJECT, err);
		if (r == 0)
			r = extend_hooks(edit, config, program, config_file, err);
	} else {
		r = add_hooks(edit, config, program, config_file, err);
	}
	if (r < 0)
		return r;
	*ret_changed = !edit_is_empty(edit);
	return edit_apply(edit, out, err);
}
