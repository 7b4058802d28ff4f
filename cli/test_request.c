/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container of a policy test asks for.
 */
#include "cli/test_request.h"

#include "lib/emit.h"

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
