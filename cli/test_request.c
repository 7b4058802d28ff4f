/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container of a policy test asks for, and what is executed in it.
 */
#include "cli/test_request.h"

#include <errno.h>

#include "lib/emit.h"
#include "profiles/caps.h"

#define CAPS                                                                                       \
	"[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\",\"CAP_FSETID\",\"CAP_KILL\","          \
	"\"CAP_NET_BIND_SERVICE\",\"CAP_SETFCAP\",\"CAP_SETGID\",\"CAP_SETPCAP\",\"CAP_SETUID\","  \
	"\"CAP_SYS_CHROOT\"]"

/* podman's, in the parts that a policy looks at. */
static const char by_default[] =
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"/bin/app\"],\"cwd\":\"/\",\"user\":"
	"{\"uid\":0,\"gid\":0},\"capabilities\":{\"bounding\":" CAPS ",\"effective\":" CAPS
	",\"permitted\":" CAPS "}},\"root\":{\"path\":\"rootfs\",\"readonly\":false},\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"ro\"]}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
	"{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"}]}}";

/* Two documents, since a node's text is in its own. */
struct source {
	const struct doc *doc;
	const struct node *node; /* NULL: absent */
};

static void emit_whole(struct emit *e, const struct source *from)
{
	_cleanup_buf_ struct buf text = { 0 };
	const struct node *node = from->node;

	buf_add(&text, doc_text(from->doc, NULL) + node->start, node->end - node->start);
	emit_raw(e, buf_status(&text) < 0 ? "null" : text.data);
}

static void emit_merged(struct emit *e, const struct source *base, const struct source *patch)
{
	if (!patch->node) {
		emit_whole(e, base);
		return;
	}
	if (!node_is(base->node, NODE_OBJECT) || !node_is(patch->node, NODE_OBJECT)) {
		emit_whole(e, patch);
		return;
	}
	emit_object(e);
	node_foreach (member, base->node) {
		const struct source below = { base->doc, member };
		const struct source over = { patch->doc, node_get(patch->node, member->key) };

		if (node_is(over.node, NODE_NULL))
			continue;
		emit_key(e, member->key);
		emit_merged(e, &below, &over);
	}
	node_foreach (member, patch->node) {
		const struct source over = { patch->doc, member };

		if (node_get(base->node, member->key) || member->type == NODE_NULL)
			continue;
		emit_key(e, member->key);
		emit_whole(e, &over);
	}
	emit_object_end(e);
}

int test_request(const struct doc *doc, const struct node *patch, struct doc **ret, struct err *err)
{
	_cleanup_doc_ struct doc *base = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	int r;

	r = doc_parse(&base, "the default request", by_default, strlen(by_default), err);
	if (r < 0)
		return r;
	emit_merged(&e, &(struct source){ base, doc_root(base) }, &(struct source){ doc, patch });
	if (buf_status(&text) < 0)
		return err_oom(err);
	return doc_parse(ret, "config.json", text.data, text.len, err);
}

static void emit_all_caps(struct emit *e)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	emit_key(e, "capabilities");
	emit_object(e);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		emit_key(e, sets[i]);
		emit_array(e);
		for (int cap = 0; cap_name(cap); cap++)
			emit_string(e, cap_name(cap));
		emit_array_end(e);
	}
	emit_object_end(e);
}

static void emit_exec(struct emit *e, const struct test_exec *exec)
{
	emit_object(e);
	emit_key(e, "terminal");
	emit_bool(e, exec->terminal);
	if (exec->has_user) {
		emit_key(e, "user");
		emit_object(e);
		emit_key(e, "uid");
		emit_u64(e, exec->user);
		emit_object_end(e);
	}
	if (exec->privileged)
		emit_all_caps(e);
	emit_object_end(e);
}

int test_exec_process(const struct doc *config, const struct test_exec *exec, struct doc **ret,
		      struct err *err)
{
	const struct node *process = node_get(doc_root(config), "process");
	_cleanup_doc_ struct doc *patch = NULL;
	_cleanup_buf_ struct buf over = { 0 }, text = { 0 };
	struct emit e = EMIT(&over), merged = EMIT(&text);
	int r;

	if (!node_is(process, NODE_OBJECT))
		return err_input(err, EBADMSG,
				 "%s: a container without a process: nothing is executed in it",
				 WHERE(config, doc_root(config)));
	emit_exec(&e, exec);
	if (buf_status(&over) < 0)
		return err_oom(err);
	r = doc_parse(&patch, "what is executed", over.data, over.len, err);
	if (r < 0)
		return r;
	emit_merged(&merged, &(struct source){ config, process },
		    &(struct source){ patch, doc_root(patch) });
	if (buf_status(&text) < 0)
		return err_oom(err);
	return doc_parse(ret, "process.json", text.data, text.len, err);
}
