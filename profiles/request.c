/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container asks for.
 */
#include "profiles/request.h"

#include <errno.h>

#include "profiles/caps.h"

/* setuid(2) takes 2^32-1 for "unchanged"; beyond it a runtime's conversion wraps to root
 * (CVE-2024-40635). */
#define UID_LARGEST (UINT32_MAX - 1)
#define MOUNTS_MAX  10000

static const char *const set_names[] = {
	[SET_BOUNDING] = "bounding",       [SET_EFFECTIVE] = "effective",
	[SET_INHERITABLE] = "inheritable", [SET_PERMITTED] = "permitted",
	[SET_AMBIENT] = "ambient",
};
static_assert(ARRAY_SIZE(set_names) == CAP_SETS_, "a name a set");

const char *cap_set_name(enum cap_set set)
{
	return set_names[set];
}

const struct node *present(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node_is(node, NODE_NULL) ? NULL : node;
}

uint64_t request_asked_caps(const struct request *request)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < CAP_SETS_; i++)
		caps |= request->caps[i];
	return caps;
}

/* A member of the given type, or none. */
static int optional(const struct doc *doc, const struct node *object, const char *key,
		    enum node_type type, const struct node **ret, struct err *err)
{
	*ret = present(object, key);
	return *ret ? node_expect(doc, *ret, type, err) : 0;
}

static int read_set(const struct doc *doc, const struct node *list, uint64_t *ret, struct err *err)
{
	int r;

	node_foreach (item, list) {
		const char *name;
		int number;

		r = node_read_string(doc, item, &name, err);
		if (r < 0)
			return r;
		number = cap_number(name);
		if (number < 0)
			return err_input(
				err, EBADMSG,
				"%s: unknown capability %s: what it allows cannot be judged",
				WHERE(doc, item), Q(name));
		*ret |= CAP_MASK(number);
	}
	return 0;
}

static int parse_capabilities(struct request *request, struct err *err)
{
	const struct doc *doc = request->doc;
	int r;

	r = optional(doc, request->process, "capabilities", NODE_OBJECT, &request->capabilities,
		     err);
	for (size_t i = 0; r == 0 && request->capabilities && i < CAP_SETS_; i++) {
		const struct node *list;

		r = optional(doc, request->capabilities, set_names[i], NODE_ARRAY, &list, err);
		if (r == 0)
			r = read_set(doc, list, &request->caps[i], err);
	}
	return r;
}

static int parse_user(struct request *request, struct err *err)
{
	const struct doc *doc = request->doc;
	const struct node *user, *uid;
	int r;

	r = optional(doc, request->process, "user", NODE_OBJECT, &user, err);
	if (r < 0 || !user)
		return r;
	uid = present(user, "uid");
	if (!uid)
		return 0;
	r = node_read_u64(doc, uid, &request->uid, err);
	if (r == 0 && request->uid > UID_LARGEST)
		r = err_input(err, ERANGE, "%s: \"uid\": %llu is no user id", WHERE(doc, uid),
			      (unsigned long long)request->uid);
	return r;
}

static int parse_process(struct request *request, struct err *err)
{
	const struct node *flag;
	int r;

	r = optional(request->doc, request->root, "process", NODE_OBJECT, &request->process, err);
	if (r < 0)
		return r;
	if (!request->process)
		return err_input(err, EBADMSG, "%s: \"process\" is missing: nothing to confine",
				 doc_name(request->doc));
	flag = present(request->process, "noNewPrivileges");
	if (flag)
		r = node_read_bool(request->doc, flag, &request->no_new_privileges, err);
	flag = present(request->process, "terminal");
	if (r == 0 && flag)
		r = node_read_bool(request->doc, flag, &request->terminal, err);
	if (r == 0)
		r = parse_capabilities(request, err);
	if (r == 0)
		r = parse_user(request, err);
	return r;
}

static int parse_rootfs(struct request *request, struct err *err)
{
	const struct node *flag;
	int r;

	r = optional(request->doc, request->root, "root", NODE_OBJECT, &request->rootfs, err);
	if (r < 0)
		return r;
	flag = present(request->rootfs, "readonly");
	return flag ? node_read_bool(request->doc, flag, &request->read_only, err) : 0;
}

static int read_text(const struct doc *doc, const struct node *object, const char *key,
		     const char **ret, struct err *err)
{
	const struct node *node = present(object, key);

	*ret = "";
	return node ? node_read_string(doc, node, ret, err) : 0;
}

static int parse_mount(const struct doc *doc, const struct node *node, struct request_mount *mount,
		       struct err *err)
{
	const struct node *options = NULL;
	int r;

	mount->node = node;
	r = node_expect(doc, node, NODE_OBJECT, err);
	if (r == 0 && !present(node, "destination"))
		r = err_input(err, EBADMSG, "%s: a mount without \"destination\"",
			      WHERE(doc, node));
	if (r == 0)
		r = read_text(doc, node, "destination", &mount->destination, err);
	if (r == 0)
		r = read_text(doc, node, "type", &mount->type, err);
	if (r == 0)
		r = read_text(doc, node, "source", &mount->source, err);
	if (r == 0)
		r = optional(doc, node, "options", NODE_ARRAY, &options, err);
	if (r < 0)
		return r;
	mount->bind = streq(mount->type, "bind");
	node_foreach (option, options) {
		const char *text;

		r = node_read_string(doc, option, &text, err);
		if (r < 0)
			return r;
		mount->bind = mount->bind || streq(text, "bind") || streq(text, "rbind");
	}
	return 0;
}

static int parse_mounts(struct request *request, struct err *err)
{
	int r;

	r = optional(request->doc, request->root, "mounts", NODE_ARRAY, &request->mounts_node, err);
	if (r < 0 || !request->mounts_node)
		return r;
	if (request->mounts_node->count > MOUNTS_MAX)
		return err_input(err, E2BIG, "%s: more than %d mounts",
				 WHERE(request->doc, request->mounts_node), MOUNTS_MAX);
	request->mounts = calloc(request->mounts_node->count + 1, sizeof(*request->mounts));
	if (!request->mounts)
		return err_oom(err);
	node_foreach (item, request->mounts_node) {
		r = parse_mount(request->doc, item, &request->mounts[request->n_mounts++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What is looked up by its type elsewhere: here, that each has one that is known. */
static int check_namespaces(const struct request *request, struct err *err)
{
	static const char *const types[] = { "pid", "network", "mount",  "ipc",
					     "uts", "user",    "cgroup", "time" };
	const struct doc *doc = request->doc;
	bool seen[ARRAY_SIZE(types)] = { 0 };
	const struct node *list;
	int r;

	r = optional(doc, request->linux_node, "namespaces", NODE_ARRAY, &list, err);
	if (r < 0)
		return r;
	node_foreach (entry, list) {
		const char *type = NULL;
		size_t i = 0;

		r = node_expect(doc, entry, NODE_OBJECT, err);
		if (r == 0 && !present(entry, "type"))
			r = err_input(err, EBADMSG, "%s: a namespace without \"type\"",
				      WHERE(doc, entry));
		if (r == 0)
			r = node_read_string(doc, present(entry, "type"), &type, err);
		if (r < 0)
			return r;
		while (i < ARRAY_SIZE(types) && !streq(types[i], type))
			i++;
		if (i == ARRAY_SIZE(types))
			return err_input(err, EBADMSG, "%s: unknown namespace %s",
					 WHERE(doc, entry), Q(type));
		/* runc refuses it; crun joins the one that has a path, wherever it stands. */
		if (seen[i])
			return err_input(err, EBADMSG, "%s: a second namespace %s",
					 WHERE(doc, entry), Q(type));
		seen[i] = true;
	}
	return 0;
}

static int parse_linux(struct request *request, struct err *err)
{
	int r;

	r = optional(request->doc, request->root, "linux", NODE_OBJECT, &request->linux_node, err);
	if (r == 0)
		r = check_namespaces(request, err);
	if (r == 0)
		r = optional(request->doc, request->linux_node, "seccomp", NODE_OBJECT,
			     &request->seccomp_node, err);
	if (r < 0 || !request->seccomp_node)
		return r;
	r = filter_parse(request->doc, request->seccomp_node, &request->seccomp, err);
	request->has_seccomp = r == 0;
	return r;
}

void request_done(struct request *request)
{
	if (request->has_seccomp)
		filter_done(&request->seccomp);
	free(request->mounts);
	*request = (struct request){ 0 };
}

int request_parse_process(const struct doc *doc, struct request *ret, struct err *err)
{
	struct request request = { .doc = doc, .root = doc_root(doc) };
	int r;

	r = node_expect(doc, request.root, NODE_OBJECT, err);
	if (r == 0)
		r = parse_process(&request, err);
	if (r == 0)
		*ret = request;
	return r;
}

int request_parse(const struct doc *doc, struct request *ret, struct err *err)
{
	_cleanup_request_ struct request request = { .doc = doc, .root = doc_root(doc) };
	int r;

	r = node_expect(doc, request.root, NODE_OBJECT, err);
	if (r == 0)
		r = parse_process(&request, err);
	if (r == 0)
		r = parse_rootfs(&request, err);
	if (r == 0)
		r = parse_mounts(&request, err);
	if (r == 0)
		r = parse_linux(&request, err);
	if (r == 0)
		r = optional(doc, request.root, "annotations", NODE_OBJECT, &request.annotations,
			     err);
	if (r < 0)
		return r;
	*ret = request;
	request = (struct request){ 0 };
	return 0;
}
