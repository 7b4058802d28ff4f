/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container state which a runtime writes to a hook's standard input.
 */
#include "hooks/state.h"

#include <errno.h>
#include <limits.h>

#include "lib/doc.h"
#include "lib/file.h"

/* A 64-bit Linux gives no pid above this (proc(5), pid_max). */
#define PID_LARGEST ((int64_t)4 << 20)

static const char state_name[] = "container state on standard input";

bool container_id_is_valid(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.+-";
	size_t len = strlen(id);

	return len > 0 && len <= CONTAINER_ID_MAX && strspn(id, allowed) == len &&
	       !streq(id, ".") && !streq(id, "..");
}

static int read_member(const struct doc *doc, const char *key, char **ret, struct err *err)
{
	const struct node *node = node_get(doc_root(doc), key);
	const char *text;
	int r;

	if (!node)
		return err_input(err, EBADMSG, "%s: member %s is missing", doc_name(doc), Q(key));
	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : err_oom(err);
}

static int read_pid(const struct doc *doc, pid_t *ret, struct err *err)
{
	const struct node *node = node_get(doc_root(doc), "pid");
	int64_t pid;
	int r;

	*ret = 0;
	if (!node)
		return 0;
	r = node_read_i64(doc, node, &pid, err);
	if (r < 0)
		return r;
	if (pid < 0 || pid > PID_LARGEST)
		return err_input(err, EBADMSG, "%s: %lld is no process id", WHERE(doc, node),
				 (long long)pid);
	*ret = (pid_t)pid;
	return 0;
}

static int check(const struct state *state, struct err *err)
{
	if (!container_id_is_valid(state->id))
		return err_input(err, EBADMSG,
				 "%s: id: %s is no container id: letters, digits and _ . + - only",
				 state_name, Q(state->id));
	if (state->bundle[0] != '/' || strlen(state->bundle) >= PATH_MAX)
		return err_input(err, EBADMSG, "%s: bundle: %s is not an absolute path", state_name,
				 Q(state->bundle));
	return 0;
}

void state_done(struct state *state)
{
	free(state->id);
	free(state->bundle);
	*state = (struct state){ 0 };
}

int state_parse(const char *text, size_t len, struct state *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_state_ struct state state = { 0 };
	int r;

	r = doc_parse(&doc, state_name, text, len, err);
	if (r < 0)
		return r;
	r = node_expect(doc, doc_root(doc), NODE_OBJECT, err);
	if (r < 0)
		return r;
	r = read_member(doc, "id", &state.id, err);
	if (r < 0)
		return r;
	r = read_member(doc, "bundle", &state.bundle, err);
	if (r < 0)
		return r;
	r = read_pid(doc, &state.pid, err);
	if (r < 0)
		return r;
	r = check(&state, err);
	if (r < 0)
		return r;
	*ret = state;
	state = (struct state){ 0 };
	return 0;
}

int state_read(int fd, struct state *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = fd_read_all(fd, state_name, STATE_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	return state_parse(text, len, ret, err);
}
