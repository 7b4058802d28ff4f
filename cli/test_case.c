/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of policy tests, parsed.
 *
 * A misspelt expectation would be one that never fails: nothing unknown is passed over, and a test
 * that expects nothing is an error.
 */
#include "cli/test_case.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/errno_name.h"
#include "profiles/seccomp_parse.h"

#define TESTS_MAX 10000
#define LIST_MAX  10000

/* What all the functions of one file share. */
struct parse {
	const struct doc *doc;
	struct err *err;
};

static int read_string(const struct parse *p, const struct node *node, const char **ret)
{
	return node ? node_read_string(p->doc, node, ret, p->err) : 0;
}

static int expect_object(const struct parse *p, const struct node *node, const char *const keys[],
			 size_t n)
{
	int r;

	r = node_expect(p->doc, node, NODE_OBJECT, p->err);
	return r < 0 ? r : node_check_keys(p->doc, node, keys, n, p->err);
}

/* A short list is said whole. */
#define WORDS_SAID_MAX 5

static int unknown_word(const struct parse *p, const struct node *node, const char *what,
			const char *const words[], size_t n)
{
	const char *near = nearest_word(node->string, words, n);
	_cleanup_buf_ struct buf all = { 0 };

	for (size_t i = 0; i < n && n <= WORDS_SAID_MAX; i++)
		buf_addf(&all, "%s%s",
			 i == 0      ? ": expected "
			 : i + 1 < n ? ", "
				     : " or ",
			 words[i]);
	buf_adds(&all, "");
	return err_input(p->err, EBADMSG, "%s: unknown %s %s%s%s%s%s", WHERE(p->doc, node), what,
			 Q(node->string), buf_status(&all) < 0 ? "" : all.data,
			 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int read_word(const struct parse *p, const struct node *node, const char *what,
		     const char *const words[], size_t n, size_t *ret)
{
	int r;

	r = node_expect(p->doc, node, NODE_STRING, p->err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (streq(node->string, words[i])) {
			*ret = i;
			return 0;
		}
	}
	return r < 0 ? r : unknown_word(p, node, what, words, n);
}

/* An array of texts, at least one. */
static int check_texts(const struct parse *p, const struct node *node)
{
	int r;

	if (!node)
		return 0;
	r = node_expect_list(p->doc, node, LIST_MAX, p->err);
	node_foreach (item, node) {
		if (r == 0)
			r = node_expect(p->doc, item, NODE_STRING, p->err);
	}
	return r;
}

/* ---- expect.syscalls ---- */

static const struct {
	const char *word;
	enum filter_action kind;
} actions[] = {
	{ "kill-process", ACT_KILL_PROCESS },
	{ "kill-thread", ACT_KILL_THREAD },
	{ "trap", ACT_TRAP },
	{ "errno", ACT_ERRNO },
	{ "notify", ACT_NOTIFY },
	{ "trace", ACT_TRACE },
	{ "log", ACT_LOG },
};

static int read_errno(const struct parse *p, const struct node *node, struct expected_call *call)
{
	const char *name = node->string + strlen("errno:");

	call->has_kind = call->has_errno = true;
	call->kind = ACT_ERRNO;
	if (errno_number(name, &call->number) == 0)
		return 0;
	return err_input(p->err, EBADMSG,
			 "%s: %s: an errno's name is expected, such as "
			 "\"errno:EPERM\"",
			 WHERE(p->doc, node), Q(node->string));
}

static int read_action(const struct parse *p, const struct node *node, struct expected_call *call)
{
	const char *words[ARRAY_SIZE(actions) + 3] = { "allow", "deny", "errno:EPERM" };
	int r;

	r = node_expect(p->doc, node, NODE_STRING, p->err);
	if (r < 0)
		return r;
	call->action = node->string;
	call->allowed = streq(node->string, "allow");
	call->denied = streq(node->string, "deny");
	if (call->allowed || call->denied)
		return 0;
	if (starts_with(node->string, "errno:"))
		return read_errno(p, node, call);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (streq(node->string, actions[i].word)) {
			call->has_kind = true;
			call->kind = actions[i].kind;
			return 0;
		}
		words[i + 3] = actions[i].word;
	}
	return unknown_word(p, node, "action", words, ARRAY_SIZE(words));
}

static int read_args(const struct parse *p, const struct node *node, uint64_t args[6])
{
	size_t n = 0;
	int r;

	if (!node)
		return 0;
	r = node_expect_list(p->doc, node, 6, p->err);
	node_foreach (item, node) {
		if (r == 0)
			r = node_read_u64(p->doc, item, &args[n++], p->err);
	}
	return r;
}

static int read_call(const struct parse *p, const struct node *node, struct expected_call *call)
{
	static const char *const keys[] = { "name", "args", "action" };
	const struct node *name = node_get(node, "name"), *action = node_get(node, "action");
	int r;

	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!name || !action)
		return err_input(p->err, EBADMSG, "%s: a system call needs \"name\" and \"action\"",
				 WHERE(p->doc, node));
	call->node = node;
	r = read_string(p, name, &call->name);
	if (r == 0)
		r = seccomp_check_name(p->doc, name, p->err);
	if (r == 0)
		r = read_args(p, node_get(node, "args"), call->args);
	return r < 0 ? r : read_action(p, action, call);
}

static int read_calls(const struct parse *p, const struct node *list, struct expect *expect)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(p->doc, list, LIST_MAX, p->err);
	if (r < 0)
		return r;
	expect->calls = calloc(list->count + 1, sizeof(*expect->calls));
	if (!expect->calls)
		return err_oom(p->err);
	node_foreach (node, list) {
		r = read_call(p, node, &expect->calls[expect->n_calls++]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- labels ---- */

static int read_label(const struct parse *p, const struct node *node, struct labels *labels)
{
	static const char *const keys[] = { "key", "value", "source" };
	static const enum label_source sources[] = { LABEL_FROM_ANNOTATION, LABEL_FROM_ENGINE,
						     LABEL_FROM_IMAGE };
	const char *names[ARRAY_SIZE(sources)];
	const char *key = NULL, *value = NULL;
	size_t source = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		names[i] = label_source_name(sources[i]);
	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r == 0 && (!node_get(node, "key") || !node_get(node, "value")))
		r = err_input(p->err, EBADMSG, "%s: a label needs \"key\" and \"value\"",
			      WHERE(p->doc, node));
	if (r == 0)
		r = read_string(p, node_get(node, "key"), &key);
	if (r == 0)
		r = read_string(p, node_get(node, "value"), &value);
	if (r == 0 && node_get(node, "source"))
		r = read_word(p, node_get(node, "source"), "source of labels", names,
			      ARRAY_SIZE(names), &source);
	return r < 0 ? r : labels_set(labels, key, value, sources[source], NULL, p->err);
}

/* {"key": "value"}, or a list that says the source too. */
static int read_labels(const struct parse *p, const struct node *node, struct labels *labels)
{
	int r = 0;

	if (!node)
		return 0;
	if (node->type != NODE_ARRAY)
		r = node_expect(p->doc, node, NODE_OBJECT, p->err);
	node_foreach (item, node) {
		const char *value = NULL;

		if (r == 0 && node->type == NODE_ARRAY) {
			r = read_label(p, item, labels);
			continue;
		}
		if (r == 0)
			r = read_string(p, item, &value);
		if (r == 0)
			r = labels_set(labels, item->key, value, LABEL_FROM_ANNOTATION, NULL,
				       p->err);
	}
	return r;
}

/* ---- expect.connections ---- */

static int read_address(const struct parse *p, const struct node *node, struct cidr *ret)
{
	const char *text;
	int r;

	r = node_read_string(p->doc, node, &text, p->err);
	if (r < 0)
		return r;
	if (strchr(text, '/') || cidr_parse(text, ret) < 0)
		return err_input(p->err, EBADMSG, "%s: %s is no IPv4 or IPv6 address",
				 WHERE(p->doc, node), Q(text));
	return 0;
}

/* A container of this host, wherever it is where no address is said. */
static int read_container(const struct parse *p, const struct node *node,
			  struct expected_connection *c)
{
	static const char *const keys[] = { "labels", "namespace", "address" };
	int r;

	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!node_get(node, "labels"))
		return err_input(p->err, EBADMSG,
				 "%s: a container needs \"labels\" ({}: it has none)",
				 WHERE(p->doc, node));
	r = read_labels(p, node_get(node, "labels"), &c->other_labels);
	if (r == 0)
		r = read_string(p, node_get(node, "namespace"), &c->connection.other.namespace);
	if (r == 0 && node_get(node, "address"))
		r = read_address(p, node_get(node, "address"), &c->connection.peer);
	c->connection.no_address = !node_get(node, "address");
	c->connection.other.labels = &c->other_labels;
	return r;
}

static int read_peer(const struct parse *p, const struct node *node, struct expected_connection *c)
{
	return node->type == NODE_OBJECT ? read_container(p, node, c)
					 : read_address(p, node, &c->connection.peer);
}

static int read_port(const struct parse *p, const struct node *node, uint16_t *ret)
{
	uint64_t port = 0;
	int r;

	r = node_read_u64(p->doc, node, &port, p->err);
	if (r == 0 && (port < 1 || port > UINT16_MAX))
		r = err_input(p->err, ERANGE, "%s: a port from 1 to 65535 is expected",
			      WHERE(p->doc, node));
	*ret = (uint16_t)port;
	return r;
}

static int read_connection(const struct parse *p, const struct node *node,
			   struct expected_connection *c)
{
	static const char *const keys[] = { "direction", "peer", "protocol", "port", "result" };
	static const char *const directions[] = { "ingress", "egress" };
	static const char *const protocols[] = { "TCP", "UDP", "SCTP" };
	static const char *const results[] = { "allowed", "refused" };
	size_t direction = 0, protocol = 0, result = 0;
	int r;

	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (i != 2 && !node_get(node, keys[i]))
			return err_input(p->err, EBADMSG, "%s: a connection needs \"%s\"",
					 WHERE(p->doc, node), keys[i]);
	}
	c->node = node;
	r = read_word(p, node_get(node, "direction"), "direction", directions,
		      ARRAY_SIZE(directions), &direction);
	if (r == 0 && node_get(node, "protocol"))
		r = read_word(p, node_get(node, "protocol"), "protocol", protocols,
			      ARRAY_SIZE(protocols), &protocol);
	if (r == 0)
		r = read_word(p, node_get(node, "result"), "result", results, ARRAY_SIZE(results),
			      &result);
	if (r == 0)
		r = read_peer(p, node_get(node, "peer"), c);
	if (r == 0)
		r = read_port(p, node_get(node, "port"), &c->connection.port);
	c->connection.ingress = direction == 0;
	c->connection.protocol = (enum protocol)(PROTOCOL_TCP + protocol);
	c->passes = result == 0;
	return r;
}

static int read_connections(const struct parse *p, const struct node *list, struct expect *expect)
{
	int r;

	if (!list)
		return 0;
	r = node_expect_list(p->doc, list, LIST_MAX, p->err);
	if (r < 0)
		return r;
	expect->connections = calloc(list->count + 1, sizeof(*expect->connections));
	if (!expect->connections)
		return err_oom(p->err);
	node_foreach (node, list) {
		r = read_connection(p, node, &expect->connections[expect->n_connections++]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the rest of expect ---- */

static int read_caps(const struct parse *p, const struct node *node, struct expect *expect)
{
	static const char *const keys[] = { "allowed", "refused" };
	int r;

	if (!node)
		return 0;
	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	expect->caps_allowed = node_get(node, "allowed");
	expect->caps_refused = node_get(node, "refused");
	if (expect->caps_allowed)
		r = caps_parse(p->doc, expect->caps_allowed, &expect->allowed_mask, p->err);
	if (r == 0 && expect->caps_refused)
		r = caps_parse(p->doc, expect->caps_refused, &expect->refused_mask, p->err);
	return r;
}

static int read_paths(const struct parse *p, const struct node *node, struct expect *expect)
{
	static const char *const keys[] = { "writable", "readOnly" };
	int r;

	if (!node)
		return 0;
	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	expect->writable = node_get(node, "writable");
	expect->read_only = node_get(node, "readOnly");
	r = check_texts(p, expect->writable);
	return r < 0 ? r : check_texts(p, expect->read_only);
}

static int read_size(const struct parse *p, const struct node *node, uint64_t *ret)
{
	if (!node_is(node, NODE_STRING))
		return node_read_u64(p->doc, node, ret, p->err);
	if (size_parse(node->string, ret) < 0)
		return err_input(p->err, EBADMSG,
				 "%s: %s is no size: bytes, or a number and K, M, "
				 "G or T",
				 WHERE(p->doc, node), Q(node->string));
	return 0;
}

static int read_limits(const struct parse *p, const struct node *node, struct expect *expect)
{
	static const char *const keys[] = { "pids", "memory", "nofile" };
	uint64_t *const to[] = { &expect->pids, &expect->memory_bytes, &expect->nofile };
	int r;

	if (!node)
		return 0;
	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		const struct node *limit = node_get(node, keys[i]);

		if (limit)
			r = read_size(p, limit, to[i]);
		if (r == 0 && limit && *to[i] == 0)
			r = err_input(p->err, ERANGE, "%s: 0 is no limit", WHERE(p->doc, limit));
	}
	return r;
}

static int read_outcome(const struct parse *p, const struct node *node, struct expect *expect)
{
	static const char *const outcomes[] = { "accept", "would-refuse", "exempt", "refuse" };
	size_t i = 0;
	int r;

	if (!node)
		return 0;
	r = read_word(p, node, "outcome", outcomes, ARRAY_SIZE(outcomes), &i);
	expect->outcome = outcomes[i];
	return r;
}

static int read_expect(const struct parse *p, const struct node *node, struct expect *expect)
{
	static const char *const keys[] = { "profiles", "outcome",      "reason",
					    "changes",  "syscalls",     "connections",
					    "paths",    "capabilities", "noNewPrivileges",
					    "limits" };
	const struct node *nnp = node_get(node, "noNewPrivileges");
	int r;

	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r == 0 && node->count == 0)
		r = err_input(p->err, EBADMSG, "%s: a test that expects nothing cannot fail",
			      WHERE(p->doc, node));
	if (r < 0)
		return r;
	expect->profiles = node_get(node, "profiles");
	expect->changes = node_get(node, "changes");
	expect->has_no_new_privileges = nnp != NULL;
	r = check_texts(p, expect->profiles);
	if (r == 0)
		r = check_texts(p, expect->changes);
	if (r == 0)
		r = read_outcome(p, node_get(node, "outcome"), expect);
	if (r == 0)
		r = read_string(p, node_get(node, "reason"), &expect->reason);
	if (r == 0 && nnp)
		r = node_read_bool(p->doc, nnp, &expect->no_new_privileges, p->err);
	if (r == 0)
		r = read_calls(p, node_get(node, "syscalls"), expect);
	if (r == 0)
		r = read_connections(p, node_get(node, "connections"), expect);
	if (r == 0)
		r = read_caps(p, node_get(node, "capabilities"), expect);
	if (r == 0)
		r = read_paths(p, node_get(node, "paths"), expect);
	return r < 0 ? r : read_limits(p, node_get(node, "limits"), expect);
}

/* ---- a test ---- */

/* A path in the file is relative to it. free() */
static char *path_beside(const struct parse *p, const char *path)
{
	const char *name = doc_name(p->doc), *slash = strrchr(name, '/');
	char *out = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	return asprintf(&out, "%.*s/%s", (int)(slash - name), name, path) < 0 ? NULL : out;
}

static int read_config(const struct parse *p, const struct node *node, struct doc **ret)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	const char *name;
	size_t len = 0;
	int r;

	r = node_read_string(p->doc, node, &name, p->err);
	if (r < 0)
		return r;
	path = path_beside(p, name);
	if (!path)
		return err_oom(p->err);
	r = file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, p->err);
	if (r == 0)
		r = doc_parse(ret, path, text, len, p->err);
	if (r < 0)
		err_context(p->err, "%s", WHERE(p->doc, node));
	return r;
}

static int read_request(const struct parse *p, const struct node *node, struct test *test)
{
	const struct node *patch = node_get(node, "request"), *config = node_get(node, "config");
	int r;

	if (patch && config)
		return err_input(p->err, EBADMSG, "%s: give either \"request\" or \"config\"",
				 WHERE_KEY(p->doc, config));
	if (config)
		return read_config(p, config, &test->request);
	r = patch ? node_expect(p->doc, patch, NODE_OBJECT, p->err) : 0;
	return r < 0 ? r : test_request(p->doc, patch, &test->request, p->err);
}

static int read_flag(const struct parse *p, const struct node *node, bool *ret)
{
	return node ? node_read_bool(p->doc, node, ret, p->err) : 0;
}

static int read_exec(const struct parse *p, const struct node *node, struct test_exec *exec)
{
	static const char *const keys[] = { "privileged", "tty", "user" };
	const struct node *user = node_get(node, "user");
	int r;

	if (!node)
		return 0;
	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	exec->asked = true;
	exec->has_user = user != NULL;
	if (r == 0)
		r = read_flag(p, node_get(node, "privileged"), &exec->privileged);
	if (r == 0)
		r = read_flag(p, node_get(node, "tty"), &exec->terminal);
	if (r == 0 && user)
		r = node_read_u64(p->doc, user, &exec->user, p->err);
	if (r == 0 && exec->user >= UINT32_MAX)
		r = err_input(p->err, ERANGE, "%s: a user's number is up to 4294967294",
			      WHERE(p->doc, user));
	return r;
}

static int read_test(const struct parse *p, const struct node *node, struct test *test)
{
	static const char *const keys[] = { "name",   "description", "labels", "image",
					    "config", "request",     "exec",   "expect" };
	const char *ignored;
	int r;

	r = expect_object(p, node, keys, ARRAY_SIZE(keys));
	if (r < 0)
		return r;
	if (!node_get(node, "name") || !node_get(node, "expect"))
		return err_input(p->err, EBADMSG, "%s: a test needs \"name\" and \"expect\"",
				 WHERE(p->doc, node));
	r = read_string(p, node_get(node, "name"), &test->name);
	if (r == 0)
		r = read_string(p, node_get(node, "description"), &ignored);
	if (r == 0)
		r = read_string(p, node_get(node, "image"), &test->image);
	if (r == 0)
		r = read_labels(p, node_get(node, "labels"), &test->labels);
	if (r == 0)
		r = read_request(p, node, test);
	if (r == 0)
		r = read_exec(p, node_get(node, "exec"), &test->exec);
	return r < 0 ? r : read_expect(p, node_get(node, "expect"), &test->expect);
}

/* ---- the file ---- */

/*
 * The host's part as a document of its own, in which every line and column is the file's: what is
 * around it is blank.
 */
static int host_document(const struct parse *p, const struct node *node, struct doc **ret)
{
	_cleanup_buf_ struct buf text = { 0 };
	size_t len;
	const char *whole = doc_text(p->doc, &len);

	for (size_t i = 0; i < len; i++) {
		bool inside = i >= node->start && i < node->end;

		buf_addc(&text, inside || whole[i] == '\n' ? whole[i] : ' ');
	}
	if (buf_status(&text) < 0)
		return err_oom(p->err);
	return doc_parse(ret, doc_name(p->doc), text.data, text.len, p->err);
}

static int read_dirs(const struct parse *p, const struct node *list, struct host *host)
{
	int r;

	r = check_texts(p, list);
	if (r == 0 && list->count == 0)
		r = err_input(p->err, EBADMSG, "%s: empty: name a directory of profiles",
			      WHERE_KEY(p->doc, list));
	strv_free(&host->profile_dirs, &host->n_profile_dirs);
	node_foreach (item, list) {
		_cleanup_free_ char *path = r == 0 ? path_beside(p, item->string) : NULL;

		if (r == 0)
			r = path ? strv_add(&host->profile_dirs, &host->n_profile_dirs, path,
					    p->err)
				 : err_oom(p->err);
	}
	return r;
}

/* Profiles of the file's own: then nothing of this host counts, no default either. */
static int read_host(const struct parse *p, const struct node *root, const char *config,
		     struct test_file *file)
{
	static const char nothing[] = "{\"defaultProfile\": null}";
	const struct node *host = node_get(root, "host"), *dirs = node_get(root, "profiles");
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	file->installed = !dirs;
	if (!dirs && host)
		return err_input(p->err, EBADMSG,
				 "%s: \"host\" needs \"profiles\", the directories",
				 WHERE_KEY(p->doc, host));
	if (!dirs)
		return host_load(config, &file->host, p->err);
	r = host ? host_document(p, host, &doc)
		 : doc_parse(&doc, doc_name(p->doc), nothing, strlen(nothing), p->err);
	if (r == 0)
		r = host_parse(doc, &file->host, p->err);
	return r < 0 ? r : read_dirs(p, dirs, file->host);
}

static int read_tests(const struct parse *p, const struct node *list, struct test_file *file)
{
	int r;

	r = node_expect_list(p->doc, list, TESTS_MAX, p->err);
	if (r < 0)
		return r;
	if (list->count == 0)
		return err_input(p->err, EBADMSG, "%s: there is no test in it",
				 WHERE_KEY(p->doc, list));
	file->tests = calloc(list->count, sizeof(*file->tests));
	if (!file->tests)
		return err_oom(p->err);
	node_foreach (node, list) {
		r = read_test(p, node, &file->tests[file->n++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_file(const char *path, const char *config, struct test_file *file, struct err *err)
{
	static const char *const keys[] = { "$schema", "description", "profiles", "host", "tests" };
	_cleanup_free_ char *text = NULL;
	struct parse p = { .err = err };
	const struct node *root;
	const char *ignored;
	size_t len = 0;
	int r;

	r = file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&file->doc, path, text, len, err);
	if (r < 0)
		return r;
	p.doc = file->doc;
	root = doc_root(file->doc);
	r = expect_object(&p, root, keys, ARRAY_SIZE(keys));
	if (r == 0 && !node_get(root, "tests"))
		r = err_input(err, EBADMSG, "%s: \"tests\" is missing", WHERE(file->doc, root));
	if (r == 0)
		r = read_string(&p, node_get(root, "$schema"), &ignored);
	if (r == 0)
		r = read_string(&p, node_get(root, "description"), &ignored);
	if (r == 0)
		r = read_host(&p, root, config, file);
	return r < 0 ? r : read_tests(&p, node_get(root, "tests"), file);
}

static void connections_done(struct expect *expect)
{
	for (size_t i = 0; i < expect->n_connections; i++)
		labels_done(&expect->connections[i].other_labels);
	free(expect->connections);
}

void test_file_done(struct test_file *file)
{
	for (size_t i = 0; i < file->n; i++) {
		labels_done(&file->tests[i].labels);
		doc_free(&file->tests[i].request);
		free(file->tests[i].expect.calls);
		connections_done(&file->tests[i].expect);
	}
	free(file->tests);
	host_free(&file->host);
	doc_free(&file->doc);
	*file = (struct test_file){ 0 };
}

int test_file_load(const char *path, const char *config, struct test_file *ret, struct err *err)
{
	struct test_file file = { 0 };
	int r;

	r = read_file(path, config, &file, err);
	if (r < 0) {
		test_file_done(&file);
		return r;
	}
	*ret = file;
	return 0;
}
