/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy test: decide as for a real container, and compare.
 *
 * The decision is made by the functions that enforce; what it comes to is read from the config that
 * would run, so that a test fails where the config does not hold what the changes say.
 *
 * What is executed in a container is met once that has been decided on, with what it would be.
 */
#include "cli/test_run.h"

#include <errno.h>
#include <stdarg.h>

#include "hooks/facts.h"
#include "lib/strv.h"
#include "profiles/caps.h"
#include "profiles/errno_name.h"
#include "profiles/exec.h"
#include "profiles/filter_words.h"
#include "profiles/policy.h"
#include "profiles/request.h"

struct run {
	const struct test_file *file;
	const struct test *test;
	struct selection selection;
	struct facts facts;
	struct verdict verdict;
	struct err refusal;     /* of the selection itself */
	struct doc *result;     /* the config that would run; NULL: as it was asked for */
	struct request request; /* parsed from it; of an exec, the process is that one's */
	struct exec_facts exec;
	struct doc *asked, *executed; /* {"process": ...} as it is asked for, and as it would run */
	bool nowhere;                 /* there is no container to execute anything in */
	struct failures *failures;
	struct err *err;
};

_printf_(2, 3) static int failed(struct run *run, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		return err_oom(run->err);
	}
	return strv_add(&run->failures->v, &run->failures->n, text, run->err);
}

/* ---- the decision ---- */

static const char *outcome_of(const struct run *run)
{
	if (run->refusal.class != ERR_NONE || run->verdict.outcome == OUTCOME_REFUSE)
		return "refuse";
	if (run->selection.exempt)
		return "exempt";
	return run->verdict.would_refuse ? "would-refuse" : "accept";
}

static bool is_refused(const struct run *run)
{
	return streq(outcome_of(run), "refuse");
}

/* Why, in one line. */
static int write_reasons(const struct run *run, struct buf *out)
{
	const struct changes *changes = &run->verdict.changes;

	buf_adds(out, run->refusal.class != ERR_NONE ? run->refusal.text : "");
	for (size_t i = 0; i < changes->n; i++) {
		if (changes->v[i].refusal)
			buf_addf(out, "%s%s [%s]", out->len ? "; " : "", changes->v[i].what,
				 changes->v[i].by);
	}
	if (run->selection.exempt)
		buf_adds(out, run->selection.exempt->reason);
	return buf_status(out);
}

/* The config that would run, or the one that was asked for. */
static const struct doc *config_of(const struct run *run)
{
	return run->result ? run->result : run->test->request;
}

static int decide_container(struct run *run, struct store *store)
{
	const struct test *test = run->test;
	const struct metadata metadata = { &test->labels, test->image };
	int r;

	r = select_profiles(run->file->host, store, &metadata, &run->selection, &run->refusal);
	if (r < 0 && run->refusal.class == ERR_REFUSED)
		return 0;
	if (r < 0) {
		*run->err = run->refusal;
		return r;
	}
	r = facts_from_config(test->request, &run->facts, run->err);
	run->facts.kernel = facts_kernel();
	if (r == 0)
		r = policy_decide(run->file->host, &run->selection, test->request, &run->facts,
				  &run->verdict, run->err);
	if (r == 0 && run->verdict.changed)
		r = doc_parse(&run->result, "the config that would run", run->verdict.config.data,
			      run->verdict.config.len, run->err);
	if (r == 0)
		r = request_parse(config_of(run), &run->request, run->err);
	return r;
}

/* What the container would have been admitted under, as a start writes it down. */
static int read_admission(struct run *run)
{
	int r = 0;

	for (size_t i = 0; run->verdict.mode == MODE_ENFORCE && r == 0 && i < run->selection.n; i++)
		r = strv_add(&run->exec.admitted, &run->exec.n_admitted,
			     run->selection.v[i].profile->name, run->err);
	return r < 0 ? r : exec_own_caps(config_of(run), &run->exec.own_caps, run->err);
}

/* The process takes the place of the container's own; what it does not have itself stays. */
static int take_process(struct run *run)
{
	struct request process = { 0 };
	int r = 0;

	if (run->verdict.changed)
		r = doc_parse(&run->executed, "the process that would run",
			      run->verdict.config.data, run->verdict.config.len, run->err);
	if (r == 0)
		r = request_parse_process(run->executed ? run->executed : run->asked, &process,
					  run->err);
	if (r < 0)
		return r;
	memcpy(run->request.caps, process.caps, sizeof(process.caps));
	run->request.no_new_privileges = process.no_new_privileges;
	run->request.process = process.process;
	return 0;
}

static int decide_exec(struct run *run)
{
	const struct facts facts = { .exec = &run->exec, .kernel = facts_kernel() };
	_cleanup_doc_ struct doc *process = NULL;
	int r;

	r = read_admission(run);
	if (r == 0)
		r = test_exec_process(run->test->request, &run->test->exec, &process, run->err);
	if (r == 0)
		r = exec_request(config_of(run), process, INHERITS_CAPABILITIES | INHERITS_RLIMITS,
				 &run->asked, run->err);
	if (r < 0)
		return r;
	verdict_done(&run->verdict);
	run->verdict = (struct verdict){ 0 };
	r = policy_decide(run->file->host, &run->selection, run->asked, &facts, &run->verdict,
			  run->err);
	return r < 0 ? r : take_process(run);
}

static int tell_nowhere(struct run *run)
{
	_cleanup_buf_ struct buf reasons = { 0 };

	run->nowhere = true;
	if (write_reasons(run, &reasons) < 0)
		return err_oom(run->err);
	return failed(run, "the container is refused, so that nothing is executed in it: %s",
		      reasons.data);
}

static int decide(struct run *run, struct store *store)
{
	int r;

	r = decide_container(run, store);
	if (r < 0 || !run->test->exec.asked)
		return r;
	return is_refused(run) ? tell_nowhere(run) : decide_exec(run);
}

/* ---- what is compared ---- */

static int check_outcome(struct run *run, const struct expect *expect)
{
	_cleanup_buf_ struct buf reasons = { 0 };
	int r = 0;

	if (write_reasons(run, &reasons) < 0)
		return err_oom(run->err);
	if (expect->outcome && !streq(expect->outcome, outcome_of(run)))
		r = failed(run, "outcome: expected %s, got %s%s%s", expect->outcome,
			   outcome_of(run), reasons.len ? ": " : "", reasons.data);
	if (r == 0 && expect->reason && !strstr(reasons.data, expect->reason))
		r = failed(run, "reason: expected one with %s, got %s", Q(expect->reason),
			   reasons.len ? reasons.data : "none");
	return r;
}

static bool is_named(const struct node *list, const char *name)
{
	node_foreach (item, list) {
		if (streq(item->string, name))
			return true;
	}
	return false;
}

static bool is_selected(const struct selection *selection, const char *name)
{
	for (size_t i = 0; i < selection->n; i++) {
		if (streq(selection->v[i].profile->name, name))
			return true;
	}
	return false;
}

static int check_profiles(struct run *run, const struct node *list)
{
	int r = 0;

	node_foreach (item, list) {
		if (r == 0 && !is_selected(&run->selection, item->string))
			r = failed(run, "profiles: %s does not apply", Q(item->string));
	}
	for (size_t i = 0; list && r == 0 && i < run->selection.n; i++) {
		const struct selected *s = &run->selection.v[i];

		if (!is_named(list, s->profile->name))
			r = failed(run, "profiles: %s applies too (%s%s%s)", s->profile->name,
				   why_name(s->why), s->by ? " of " : "", s->by ? s->by : "");
	}
	return r;
}

static int check_changes(struct run *run, const struct node *list)
{
	const struct changes *changes = &run->verdict.changes;
	int r = 0;

	node_foreach (item, list) {
		bool found = false;

		for (size_t i = 0; i < changes->n && !found; i++) {
			_cleanup_buf_ struct buf line = { 0 };

			buf_addf(&line, "%s: %s [%s]", section_name(changes->v[i].section),
				 changes->v[i].what, changes->v[i].by);
			if (buf_status(&line) < 0)
				return err_oom(run->err);
			found = strstr(line.data, item->string);
		}
		if (r == 0 && !found)
			r = failed(run, "changes: none holds %s", Q(item->string));
	}
	return r;
}

static void describe_action(const struct action *action, struct buf *out)
{
	const char *name = errno_name(action->ret);

	buf_adds(out, filter_action_word(action->kind));
	if (action->kind != ACT_ERRNO)
		return;
	if (name)
		buf_addf(out, " %s", name);
	else
		buf_addf(out, " %u", action->ret);
}

static bool runs(enum filter_action kind)
{
	return kind == ACT_ALLOW || kind == ACT_LOG;
}

static bool call_is_as_expected(const struct expected_call *call, const struct action *got)
{
	if (call->allowed)
		return runs(got->kind);
	if (call->denied)
		return !runs(got->kind);
	return got->kind == call->kind && (!call->has_errno || got->ret == call->number);
}

static int check_calls(struct run *run, const struct expect *expect)
{
	static const struct action allow = { .kind = ACT_ALLOW };
	int r = 0;

	for (size_t i = 0; r == 0 && i < expect->n_calls; i++) {
		const struct expected_call *call = &expect->calls[i];
		const struct action got =
			run->request.has_seccomp
				? filter_eval(&run->request.seccomp, call->name, call->args)
				: allow;
		_cleanup_buf_ struct buf text = { 0 };

		if (call_is_as_expected(call, &got))
			continue;
		describe_action(&got, &text);
		if (buf_status(&text) < 0)
			return err_oom(run->err);
		r = failed(run, "%s: %s: expected %s, got %s", WHERE(run->file->doc, call->node),
			   call->name, call->action, text.data);
	}
	return r;
}

static int tell_caps(struct run *run, uint64_t caps, const char *what)
{
	int r = 0;

	for (int i = 0; r == 0 && cap_name(i); i++) {
		if (caps & CAP_MASK(i))
			r = failed(run, "capabilities: %s %s", cap_name(i), what);
	}
	return r;
}

static int check_caps(struct run *run, const struct expect *expect)
{
	uint64_t any = 0;
	int r;

	for (size_t i = 0; i < CAP_SETS_; i++)
		any |= run->request.caps[i];
	r = tell_caps(run, expect->allowed_mask & ~run->request.caps[SET_BOUNDING],
		      "is not in the bounding set");
	return r < 0 ? r : tell_caps(run, expect->refused_mask & any, "is still there");
}

static bool has_option(const struct node *mount, const char *option)
{
	node_foreach (item, node_get(mount, "options")) {
		if (item->type == NODE_STRING && streq(item->string, option))
			return true;
	}
	return false;
}

/* The longest mount around the path decides, else the root; of two on one place the later. */
static bool is_writable(const struct run *run, const char *path)
{
	bool writable = !run->request.read_only;
	size_t longest = 0;

	for (size_t i = 0; i < run->request.n_mounts; i++) {
		const struct request_mount *mount = &run->request.mounts[i];
		size_t len = strlen(mount->destination);

		if (len < longest || strncmp(path, mount->destination, len) != 0 ||
		    (path[len] != '/' && path[len] != '\0'))
			continue;
		longest = len;
		writable = !has_option(mount->node, "ro");
	}
	return writable;
}

static int check_paths(struct run *run, const struct node *list, bool writable)
{
	int r = 0;

	node_foreach (item, list) {
		if (r == 0 && is_writable(run, item->string) != writable)
			r = failed(run, "paths: %s is %s", Q(item->string),
				   writable ? "read-only" : "writable");
	}
	return r;
}

/* What a runtime would set; 0: no limit. */
static uint64_t number_at(const struct doc *doc, const struct node *node)
{
	struct err ignored = { 0 };
	int64_t v = 0;

	if (!node || node_read_i64(doc, node, &v, &ignored) < 0 || v < 0)
		return 0;
	return (uint64_t)v;
}

static uint64_t nofile_of(const struct run *run)
{
	node_foreach (limit, node_get(run->request.process, "rlimits")) {
		const struct node *type = node_get(limit, "type");

		if (node_is(type, NODE_STRING) && streq(type->string, "RLIMIT_NOFILE"))
			return number_at(run->request.doc, node_get(limit, "hard"));
	}
	return 0;
}

static int check_limit(struct run *run, const char *name, uint64_t expected, uint64_t got)
{
	if (!expected || expected == got)
		return 0;
	if (!got)
		return failed(run, "limits: %s is not limited", name);
	return failed(run, "limits: %s: expected %llu, got %llu", name,
		      (unsigned long long)expected, (unsigned long long)got);
}

static int check_limits(struct run *run, const struct expect *expect)
{
	const struct node *resources = node_get(run->request.linux_node, "resources");
	int r;

	r = check_limit(run, "pids", expect->pids,
			number_at(run->request.doc, node_path(resources, "pids", "limit", NULL)));
	if (r == 0)
		r = check_limit(
			run, "memory", expect->memory_bytes,
			number_at(run->request.doc, node_path(resources, "memory", "limit", NULL)));
	return r < 0 ? r : check_limit(run, "nofile", expect->nofile, nofile_of(run));
}

static int check_connections(struct run *run, const struct expect *expect)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < expect->n_connections; i++) {
		const struct expected_connection *c = &expect->connections[i];
		struct connection connection = c->connection;
		struct connection_refusal by = { 0 };

		connection.own.labels = &run->test->labels;
		r = connection_refused_by(&run->selection, run->file->host, &connection, &by,
					  run->err);
		if (r < 0 || (!by.profile && !by.class_key) == c->passes)
			continue;
		if (by.profile)
			r = failed(run, "%s: expected allowed, refused by %s",
				   WHERE(run->file->doc, c->node), by.profile->name);
		else if (by.class_key)
			r = failed(
				run, "%s: expected allowed, refused by %s: the values of %s differ",
				WHERE(run->file->doc, c->node),
				by.class_profile ? by.class_profile : "the host", Q(by.class_key));
		else
			r = failed(run, "%s: expected refused, every profile lets it pass",
				   WHERE(run->file->doc, c->node));
	}
	return r;
}

/* What is asked of a container that runs. */
static int check_running(struct run *run, const struct expect *expect)
{
	int r;

	r = check_calls(run, expect);
	if (r == 0)
		r = check_caps(run, expect);
	if (r == 0)
		r = check_paths(run, expect->writable, true);
	if (r == 0)
		r = check_paths(run, expect->read_only, false);
	if (r == 0 && expect->has_no_new_privileges &&
	    expect->no_new_privileges != run->request.no_new_privileges)
		r = failed(run, "noNewPrivileges is %s",
			   run->request.no_new_privileges ? "set" : "not set");
	if (r == 0)
		r = check_limits(run, expect);
	return r < 0 ? r : check_connections(run, expect);
}

static bool asks_of_running(const struct expect *expect)
{
	return expect->n_calls || expect->caps_allowed || expect->caps_refused ||
	       expect->writable || expect->read_only || expect->has_no_new_privileges ||
	       expect->pids || expect->memory_bytes || expect->nofile || expect->n_connections;
}

static int check_all(struct run *run)
{
	const struct expect *expect = &run->test->expect;
	int r;

	r = check_outcome(run, expect);
	if (r == 0)
		r = check_profiles(run, expect->profiles);
	if (r == 0)
		r = check_changes(run, expect->changes);
	if (r < 0 || !asks_of_running(expect))
		return r;
	if (is_refused(run))
		return failed(run, "the %s is refused, so that nothing of it can run",
			      run->test->exec.asked ? "process" : "container");
	return check_running(run, expect);
}

int test_run(const struct test_file *file, struct store *store, const struct test *test,
	     struct failures *ret, struct err *err)
{
	struct run run = { .file = file, .test = test, .failures = ret, .err = err };
	int r;

	r = decide(&run, store);
	if (r == 0 && !run.nowhere)
		r = check_all(&run);
	request_done(&run.request);
	strv_free(&run.exec.admitted, &run.exec.n_admitted);
	doc_free(&run.executed);
	doc_free(&run.asked);
	doc_free(&run.result);
	verdict_done(&run.verdict);
	facts_done(&run.facts);
	selection_done(&run.selection);
	return r;
}
