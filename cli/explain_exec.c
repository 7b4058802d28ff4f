/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming explain --exec: what `coaming-runtime exec` would do with a process.
 *
 * Of a container that was admitted on this host what is written of that counts, as it does for the
 * runtime; of any other one the answer is as if it had been started under what applies now.
 */
#include "cli/explain.h"

#include <errno.h>

#include "hooks/exec.h"
#include "hooks/exec_process.h"
#include "hooks/facts.h"
#include "hooks/runtime_find.h"
#include "lib/strv.h"
#include "profiles/exec.h"
#include "profiles/request.h"

void explained_exec_done(struct explained_exec *exec)
{
	free(exec->assumed);
	live_done(&exec->live);
	doc_free(&exec->request);
	doc_free(&exec->process);
	*exec = (struct explained_exec){ 0 };
}

/* The runtime that this host would execute it by; where it has none, as coaming treats any. */
static unsigned what_is_inherited(const struct host *host)
{
	_cleanup_free_ char *path = NULL;
	struct err ignored = { 0 };

	if (runtime_find(host->runtimes, host->n_runtimes, &path, &ignored) < 0)
		return exec_process_inherits(RUNTIME_UNKNOWN);
	return exec_process_inherits(runtime_kind_of(path));
}

static int assume_admitted(struct explanation *x, struct err *err)
{
	const struct selection *selection = &x->selection;
	size_t n = 0;

	x->exec.assumed = calloc(selection->n + 1, sizeof(*x->exec.assumed));
	if (!x->exec.assumed)
		return err_oom(err);
	for (; n < selection->n; n++)
		x->exec.assumed[n] = selection->v[n].profile->name;
	x->exec.facts.admitted = x->exec.assumed;
	x->exec.facts.n_admitted = n;
	return 0;
}

/* One that ended meanwhile is none. */
static int read_live(const struct host *host, const char *id, const char *bundle,
		     struct explained_exec *exec, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	int r = live_read(host->state_dir, id, &live, err);

	if (r == -ENOENT && err->class == ERR_NONE)
		return 0;
	if (r < 0 || live.state == LIVE_DENIED || !streq(live.bundle, bundle))
		return r;
	exec->live = live;
	live = (struct live){ 0 };
	exec->admitted = true;
	return 0;
}

/* A config need not tell its container's id: what tells it for certain is whose the bundle is. */
static int find_live(const char *bundle, struct explanation *x, struct err *err)
{
	struct err damaged = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r = live_list(x->host->state_dir, &ids, &n, &damaged, err);

	for (size_t i = 0; r == 0 && !x->exec.admitted && i < n; i++)
		r = read_live(x->host, ids[i], bundle, &x->exec, err);
	strv_free(&ids, &n);
	return r;
}

/* What it was started under, which holds still. */
static int find_admission(const char *bundle, struct explanation *x, struct err *err)
{
	struct explained_exec *exec = &x->exec;
	int r = bundle ? find_live(bundle, x, err) : 0;

	if (r < 0)
		return r;
	if (!exec->admitted)
		return assume_admitted(x, err);
	exec_facts_of_live(&exec->live, &exec->facts);
	if (x->selection.exempt)
		return 0;
	return select_admitted(x->host, x->store, exec->live.profiles, exec->live.n_profiles,
			       exec->live.mode, &x->selection, err);
}

static int describe(struct explained_exec *exec, struct err *err)
{
	const struct node *args = node_get(doc_root(exec->process), "args");
	struct request request = { 0 };
	int r = request_parse_process(exec->request, &request, err);

	if (r < 0)
		return r;
	exec->uid = request.uid;
	exec->terminal = request.terminal;
	exec->privileged = exec_asks_privileged(request_asked_caps(&request), exec->facts.own_caps);
	if (node_is(args, NODE_ARRAY) && args->count > 0 && node_is(args->first, NODE_STRING)) {
		exec->program = args->first->string;
		exec->n_args = args->count - 1;
	}
	return 0;
}

int explain_exec(const struct doc *config, const char *bundle, struct explanation *x,
		 struct err *err)
{
	struct explained_exec *exec = &x->exec;
	int r;

	r = exec_request(config, exec->process, what_is_inherited(x->host), &exec->request, err);
	if (r == 0)
		r = exec_own_caps(config, &exec->facts.own_caps, err);
	if (r == 0)
		r = describe(exec, err);
	if (r == 0)
		r = find_admission(bundle, x, &x->refusal);
	if (r < 0 && x->refusal.class == ERR_REFUSED)
		return 0; /* an answer */
	if (r < 0 && x->refusal.class != ERR_NONE)
		*err = x->refusal;
	if (r < 0)
		return r;
	facts_of_exec(&exec->facts, &x->facts);
	return policy_decide(x->host, &x->selection, exec->request, &x->facts, &x->verdict, err);
}
