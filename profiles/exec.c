/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process asks for that is executed in a container which runs.
 */
#include "profiles/exec.h"

#include <linux/capability.h>

#include "lib/edit.h"
#include "profiles/caps.h"
#include "profiles/request.h"

static char *text_of(const struct doc *doc, const struct node *node)
{
	return strndup(doc_text(doc, NULL) + node->start, node->end - node->start);
}

/* Is it absent, null, or an empty list? Go cannot tell these apart. */
static bool says_nothing(const struct node *node)
{
	return !node || (node->type == NODE_ARRAY && node->count == 0);
}

static int inherit(const struct doc *config, const struct doc *process, const char *key,
		   struct edit *edit, struct err *err)
{
	const struct node *own = present(node_get(doc_root(config), "process"), key);
	_cleanup_free_ char *json = NULL;

	if (!says_nothing(present(doc_root(process), key)) || !own)
		return 0;
	json = text_of(config, own);
	return json ? edit_member(edit, doc_root(process), key, json, err) : err_oom(err);
}

/* Which user is root depends on how the container maps them. */
static int write_request(const struct doc *config, const char *process, struct buf *out,
			 struct err *err)
{
	const struct node *linux_node = node_get(doc_root(config), "linux");
	const struct node *mappings = present(linux_node, "uidMappings");
	_cleanup_free_ char *json = mappings ? text_of(config, mappings) : NULL;

	if (mappings && !json)
		return err_oom(err);
	buf_addf(out, "{\"process\":%s", process);
	if (json)
		buf_addf(out, ",\"linux\":{\"uidMappings\":%s}", json);
	buf_adds(out, "}");
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

int exec_request(const struct doc *config, const struct doc *process, unsigned inherits,
		 struct doc **ret, struct err *err)
{
	_cleanup_buf_ struct buf whole = { 0 }, text = { 0 };
	_cleanup_edit_ struct edit *edit = NULL;
	int r;

	r = node_expect(process, doc_root(process), NODE_OBJECT, err);
	if (r == 0)
		r = edit_new(&edit, process, err);
	if (r == 0 && (inherits & INHERITS_CAPABILITIES))
		r = inherit(config, process, "capabilities", edit, err);
	if (r == 0 && (inherits & INHERITS_RLIMITS))
		r = inherit(config, process, "rlimits", edit, err);
	if (r == 0)
		r = edit_apply(edit, &text, err);
	if (r == 0)
		r = write_request(config, text.data, &whole, err);
	if (r < 0)
		return r;
	return doc_parse(ret, doc_name(process), whole.data, whole.len, err);
}

int exec_own_caps(const struct doc *config, uint64_t *ret, struct err *err)
{
	struct request request = { 0 };
	int r;

	r = request_parse_process(config, &request, err);
	if (r == 0)
		*ret = request_asked_caps(&request);
	return r;
}

bool exec_asks_privileged(uint64_t asked, uint64_t own_caps)
{
	const uint64_t kernel = CAP_MASK(CAP_SYS_ADMIN) | CAP_MASK(CAP_SYS_MODULE);

	return asked & kernel & ~own_caps;
}

int exec_process_text(const char *request, size_t len, struct buf *out, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	const struct node *process;
	int r;

	r = doc_parse(&doc, "process.json", request, len, err);
	if (r < 0)
		return r;
	process = node_get(doc_root(doc), "process");
	r = node_expect(doc, process, NODE_OBJECT, err);
	if (r < 0)
		return r;
	buf_add(out, doc_text(doc, NULL) + process->start, process->end - process->start);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}
