/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `exec`: a process is executed in a container that runs.
 *
 * MUST take the container's profiles from its own config, as its runtime knows it, and from what
 * was written of its admission: both are root's.
 * MUST give the runtime the very process that was met: a copy that nobody else can write.
 */
#include "hooks/exec.h"

#include <errno.h>
#include <sys/uio.h>

#include "hooks/bundle.h"
#include "hooks/exec_process.h"
#include "hooks/facts.h"
#include "hooks/outcome.h"
#include "hooks/running.h"
#include "hooks/state.h"
#include "profiles/exec.h"
#include "profiles/request.h"

/* What one call works on. */
struct work {
	const struct exec_call *call;
	const struct exec_args *args;
	struct running running;
	struct bundle bundle;
	struct doc *process; /* as it is asked for; NULL: not read */
	struct doc *request; /* {"process": ...} */
	struct live live;
	struct exec_facts facts;
	struct executed executed;
	struct question question;
	struct decision decision;
};

static void work_done(struct work *work)
{
	decision_done(&work->decision);
	live_done(&work->live);
	doc_free(&work->request);
	doc_free(&work->process);
	bundle_done(&work->bundle);
	running_done(&work->running);
}

/* ---- what is told of the process ---- */

/* Every argument with the NUL behind it, so that no two lists give one digest. */
static void digest_args(const struct node *args, char out[SHA256_HEX])
{
	_cleanup_buf_ struct buf all = { 0 };

	node_foreach (arg, args) {
		if (arg->type == NODE_STRING)
			buf_add(&all, arg->string, arg->string_len + 1);
	}
	sha256_hex1(out, buf_status(&all) < 0 ? "" : all.data, all.len);
}

static bool is_privileged(const struct work *work, const struct request *request)
{
	return exec_asks_privileged(request_asked_caps(request), work->facts.own_caps);
}

/* Not understood is not told; that it is understood is asked elsewhere. */
static void describe(struct work *work)
{
	const struct node *args = node_get(doc_root(work->process), "args");
	struct request request = { 0 };
	struct err ignored = { 0 };

	if (!node_is(args, NODE_ARRAY) || !node_is(args->first, NODE_STRING) ||
	    request_parse_process(work->request, &request, &ignored) < 0)
		return;
	work->executed = (struct executed){
		.program = args->first->string,
		.n_args = args->count - 1,
		.terminal = request.terminal,
		.privileged = is_privileged(work, &request),
		.given = true, /* as long as nothing is taken */
		.uid = request.uid,
	};
	digest_args(args, work->executed.digest);
	work->question.executed = &work->executed;
}

/* ---- the decision ---- */

void exec_facts_of_live(const struct live *live, struct exec_facts *facts)
{
	if (live->mode != MODE_ENFORCE)
		return;
	facts->admitted = live->profiles;
	facts->n_admitted = live->n_profiles;
}

/*
 * Break-glass counts for a container that was started under it, and as long as it is open: whoever
 * opens one gets no further into what is confined.
 */
static int read_admission(struct work *work, struct err *err)
{
	int r;

	r = live_read(work->call->host->state_dir, work->args->id, &work->live, err);
	if (r < 0)
		return r == -ENOENT && err->class == ERR_NONE ? 0 : r;
	if (work->live.break_glass)
		work->question.break_glass = BREAK_GLASS_ASKED;
	exec_facts_of_live(&work->live, &work->facts);
	return 0;
}

/* What it was started under holds still. */
static int add_admitted(struct work *work, struct err *err)
{
	if (work->decision.selection.exempt)
		return 0;
	return select_admitted(work->call->host, work->decision.store, work->live.profiles,
			       work->live.n_profiles,
			       work->decision.break_glass ? MODE_AUDIT : work->live.mode,
			       &work->decision.selection, err);
}

static int read_process(struct work *work, struct err *err)
{
	unsigned inherits = exec_process_inherits(work->running.kind);
	int r;

	r = exec_process(work->args, work->running.kind, work->bundle.config, &work->process, err);
	if (r == 0)
		r = exec_request(work->bundle.config, work->process, inherits, &work->request, err);
	if (r == 0)
		r = exec_own_caps(work->bundle.config, &work->facts.own_caps, err);
	if (r == 0)
		describe(work);
	return r;
}

/* "--cgroup ../.." would leave the limits of the container, if its runtime let it. */
static int check_cgroup(const struct exec_args *args, struct err *err)
{
	for (size_t i = 0; i < args->n; i++) {
		const char *at = args->given[i].value;

		if (args->given[i].option != EXEC_CGROUP)
			continue;
		for (at = strstr(at, ".."); at; at = strstr(at + 1, ".."))
			return err_refuse(err, EPERM,
					  "--cgroup %s leads out of the container's control group "
					  "(name one below it)",
					  Q(args->given[i].value));
	}
	return 0;
}

static int decide_process(struct work *work, struct err *err)
{
	struct facts *facts = &work->decision.facts;
	int r;

	r = check_cgroup(work->args, err);
	if (r == 0)
		r = read_process(work, err);
	if (r < 0)
		return r;
	facts_of_exec(&work->facts, facts);
	return policy_decide(work->call->host, &work->decision.selection, work->request, facts,
			     &work->decision.verdict, err);
}

static bool is_enforced(const struct selection *selection)
{
	for (size_t i = 0; i < selection->n; i++) {
		if (selection->v[i].mode == MODE_ENFORCE)
			return true;
	}
	return false;
}

/* Where every profile that applies only records, what cannot be understood is no refusal. */
static int give_up(const struct work *work, struct err *err)
{
	struct host host = *work->call->host;

	if (work->decision.selection.n > 0 && !is_enforced(&work->decision.selection))
		host.mode = MODE_AUDIT;
	return outcome_of_error(&host, &work->decision, &work->question, err);
}

/* ---- what the runtime gets ---- */

/* Our own words up to "exec", what is about the call, our process, the id. */
static int make_argv(const struct work *work, struct exec_result *ret, struct err *err)
{
	char **argv = work->call->argv, **out;
	int n = 0, at = work->call->args->exec_at;
	size_t words = (size_t)at + 1;

	for (size_t i = 0; i < work->args->n; i++)
		words += (size_t)work->args->given[i].n;
	out = calloc(words + 4, sizeof(*out));
	if (!out)
		return err_oom(err);
	for (; n <= at; n++)
		out[n] = argv[n];
	for (size_t i = 0; i < work->args->n; i++) {
		const struct exec_given *given = &work->args->given[i];

		for (int w = 0; exec_option_is_kept(given->option) && w < given->n; w++)
			out[n++] = argv[given->at + w];
	}
	out[n++] = (char *)(uintptr_t) "--process";
	out[n++] = ret->process;
	out[n] = (char *)(uintptr_t)work->args->id;
	ret->argv = out;
	return 0;
}

static int hand_over(const struct work *work, const char *text, size_t len, struct exec_result *ret,
		     struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = exec_process_file(text, len, &fd, err);
	if (r < 0)
		return r;
	(void)snprintf(ret->process, sizeof(ret->process), "/proc/self/fd/%d", fd);
	r = make_argv(work, ret, err);
	if (r == 0)
		(void)take_fd(&fd); /* the runtime reads it */
	return r;
}

/*
 * Where anything is enforced the runtime reads no option of the process: crun takes no
 * noNewPrivileges from its container, and what another one would take is not known. And what was
 * read from a file is never read again by somebody else.
 */
static int put_in_place(const struct work *work, struct exec_result *ret, struct err *err)
{
	const struct verdict *verdict = &work->decision.verdict;
	_cleanup_buf_ struct buf text = { 0 };
	const char *asked;
	size_t len;
	int r;

	if (!exec_args_last(work->args, EXEC_PROCESS) && !is_enforced(&work->decision.selection))
		return 0;
	if (!verdict->changed) {
		asked = doc_text(work->process, &len);
		return hand_over(work, asked, len, ret, err);
	}
	r = exec_process_text(verdict->config.data, verdict->config.len, &text, err);
	return r < 0 ? r : hand_over(work, text.data, text.len, ret, err);
}

/* Read from what the runtime is given, and not from what the decision says that it took. */
static int tell_privileges(struct work *work, struct err *err)
{
	const struct verdict *verdict = &work->decision.verdict;
	_cleanup_doc_ struct doc *doc = NULL;
	struct request request = { 0 };
	int r;

	if (!work->executed.privileged || !verdict->changed)
		return 0;
	r = doc_parse(&doc, "process.json", verdict->config.data, verdict->config.len, err);
	if (r == 0)
		r = request_parse_process(doc, &request, err);
	if (r == 0)
		work->executed.given = is_privileged(work, &request);
	return r;
}

static int accept(struct work *work, struct exec_result *ret, struct err *err)
{
	const struct host *host = work->call->host;
	int r;

	r = tell_privileges(work, err);
	if (r == 0)
		r = put_in_place(work, ret, err);
	if (r < 0)
		return give_up(work, err);
	r = outcome_accept(host, &work->decision, &work->question, NULL, 0, LIVE_CREATED, err);
	/* What keeps it from being recorded lets its refusal be. */
	if (r < 0)
		outcome_refuse(host, &work->decision, &work->question, err);
	return r;
}

static int confine(struct work *work, struct exec_result *ret, struct err *err)
{
	int r;

	r = decide_process(work, err);
	if (r < 0)
		return give_up(work, err);
	r = outcome_check(&work->decision, &work->question, err);
	if (r < 0) {
		outcome_refuse(work->call->host, &work->decision, &work->question, err);
		return r;
	}
	return accept(work, ret, err);
}

/* No profile applies, or the container is exempt: recorded as far as it is understood. */
static int record_only(struct work *work, struct err *err)
{
	struct err ignored = { 0 };

	if (exec_process_is_repeatable(work->args))
		(void)read_process(work, &ignored);
	return outcome_accept(work->call->host, &work->decision, &work->question, NULL, 0,
			      LIVE_CREATED, err);
}

static int decide_and_confine(struct work *work, struct exec_result *ret, struct err *err)
{
	int r;

	r = decide_profiles(work->call->host, &work->question, &work->decision, err);
	if (r == 0)
		r = add_admitted(work, err);
	if (r < 0)
		return give_up(work, err);
	if (work->decision.selection.n == 0)
		return record_only(work, err);
	return confine(work, ret, err);
}

/* The container, and what its config says; 1: there is no such container. */
static int find_container(struct work *work, struct err *err)
{
	const struct exec_call *call = work->call;
	int r;

	if (!container_id_is_valid(work->args->id))
		return err_input(err, EINVAL,
				 "%s is no container id: letters, digits and _ . + - only",
				 Q(work->args->id));
	r = running_find(call->runtime, call->args->root, work->args->id, &work->running, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return 1;
	if (r == 0)
		r = bundle_open(work->running.bundle, "config.json", &work->bundle, err);
	if (r == 0)
		r = read_admission(work, err);
	return r;
}

int exec_confine(const struct exec_call *call, struct exec_result *ret, struct err *err)
{
	_cleanup_(work_done) struct work work = {
		.call = call,
		.args = &call->args->exec,
		.bundle.dirfd = -1,
		.question = { .stage = "exec", .id = call->args->id, .runtime = call->runtime },
	};
	int r;

	r = find_container(&work, err);
	if (r > 0) /* so says the runtime: let it say so */
		return 0;
	if (r < 0)
		return outcome_of_call(call->host, &work.question, err);
	work.question.bundle = work.bundle.path;
	work.question.config = work.bundle.config;
	return decide_and_confine(&work, ret, err);
}
