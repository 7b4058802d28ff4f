/* SPDX-License-Identifier: Apache-2.0 */
/*
 * precreate: the whole config in, the whole confined config out.
 *
 * podman shows nothing of a precreate hook but its exit status. So a refusal does not fail here:
 * it travels on in the config, which is made unable to start anything, and createRuntime says the
 * reason. Losing either hook leaves nothing running.
 */
#include "hooks/stages.h"

#include <errno.h>
#include <limits.h>

#include "hooks/outcome.h"
#include "lib/edit.h"
#include "lib/emit.h"
#include "lib/file.h"

/*
 * What a refused container is to execute. The image may hold any file, also one of this name: what
 * no image can hold is a path longer than the kernel takes (ENAMETOOLONG, path_resolution(7)).
 */
#define REFUSED_PROGRAM "/.coaming/refused"
#define NO_CAPABILITIES                                                                            \
	"{\"bounding\":[],\"effective\":[],\"inheritable\":[],\"permitted\":[],"                   \
	"\"ambient\":[]}"

static int add_annotation(struct edit *edit, const struct node *root, const char *reason,
			  struct err *err)
{
	const struct node *annotations = node_get(root, "annotations");
	bool is_object = node_is(annotations, NODE_OBJECT);
	_cleanup_buf_ struct buf json = { 0 };
	struct emit e = EMIT(&json);

	if (!is_object) {
		emit_object(&e);
		emit_key(&e, REFUSED_ANNOTATION);
	}
	emit_string(&e, reason);
	if (!is_object)
		emit_object_end(&e);
	if (buf_status(&json) < 0)
		return err_oom(err);
	if (is_object)
		return edit_member(edit, annotations, REFUSED_ANNOTATION, json.data, err);
	return edit_member(edit, root, "annotations", json.data, err);
}

static int write_refused_args(struct buf *out)
{
	buf_adds(out, "[\"" REFUSED_PROGRAM);
	for (size_t n = strlen(REFUSED_PROGRAM); n <= PATH_MAX; n += 2)
		buf_adds(out, "/x");
	buf_adds(out, "\"]");
	return buf_status(out);
}

/* A config that cannot start by itself, and says why. */
static int write_refused(const struct doc *config, const char *reason, struct buf *out,
			 struct err *err)
{
	const struct node *process = node_get(doc_root(config), "process");
	_cleanup_edit_ struct edit *edit = NULL;
	_cleanup_buf_ struct buf args = { 0 };
	int r;

	if (write_refused_args(&args) < 0)
		return err_oom(err);
	if (!node_is(process, NODE_OBJECT))
		return err_input(err, EBADMSG, "%s: no \"process\" in the config",
				 doc_name(config));
	r = edit_new(&edit, config, err);
	if (r == 0)
		r = edit_member(edit, process, "args", args.data, err);
	if (r == 0)
		r = edit_member(edit, process, "capabilities", NO_CAPABILITIES, err);
	if (r == 0)
		r = add_annotation(edit, doc_root(config), reason, err);
	if (r == 0)
		r = edit_apply(edit, out, err);
	return r;
}

static int read_config(struct doc **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = fd_read_all(STDIN_FILENO, "standard input", FILE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	r = doc_parse(ret, "config on standard input", text, len, err);
	if (r < 0)
		return r;
	return node_expect(*ret, doc_root(*ret), NODE_OBJECT, err);
}

/* Decide and record; `out` gets what is to run, `why` stays empty where it may. */
static int answer(const struct host *host, const struct doc *config, struct buf *out,
		  struct err *why)
{
	const struct question question = {
		.stage = "precreate",
		.config = config,
		.break_glass = BREAK_GLASS_ASKED,
		.inherits_from = getppid(), /* the engine, whose child the runtime will be */
	};
	_cleanup_decision_ struct decision decision = { 0 };
	const char *text;
	size_t len;
	int r;

	text = doc_text(config, &len);
	r = decide(host, &question, &decision, why);
	if (r < 0) {
		r = outcome_of_error(host, &decision, &question, why);
		if (r == 0)
			buf_add(out, text, len);
		return r;
	}
	r = outcome_check(&decision, &question, why);
	if (r < 0) {
		outcome_refuse(host, &decision, &question, why);
		return r;
	}
	if (decision.verdict.changed) {
		text = decision.verdict.config.data;
		len = decision.verdict.config.len;
	}
	buf_add(out, text, len);
	r = outcome_accept(host, &decision, &question, text, len, LIVE_ADMITTED, why);
	if (r < 0)
		outcome_refuse(host, &decision, &question, why);
	return r;
}

int stage_precreate(const struct host *host, struct err *err)
{
	_cleanup_doc_ struct doc *config = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct err why = { 0 };
	int r;

	r = read_config(&config, err);
	if (r < 0)
		return outcome_of_unread(host, &(struct question){ .stage = "precreate" }, err);
	r = answer(host, config, &out, &why);
	if (r < 0) {
		buf_done(&out);
		r = write_refused(config, why.text, &out, err);
		if (r < 0)
			return r;
	}
	if (buf_status(&out) < 0)
		return err_oom(err);
	return fd_write_all(STDOUT_FILENO, "standard output", out.data, out.len, err);
}
