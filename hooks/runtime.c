/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming-runtime: an OCI runtime in front of the real one, see coaming-runtime(8).
 *
 * What makes a container is confined first; everything else is handed over at once. The process
 * becomes the real runtime by exec: its descriptors, environment, working directory and limits
 * are the engine's business and stay as they are, and nothing here reads the environment.
 */
#include <errno.h>
#include <signal.h>

#include "hooks/bundle.h"
#include "hooks/ending.h"
#include "hooks/exec.h"
#include "hooks/harden.h"
#include "hooks/inject.h"
#include "hooks/outcome.h"
#include "hooks/register.h"
#include "hooks/runtime_find.h"
#include "hooks/self.h"
#include "hooks/state.h"
#include "hooks/tell.h"
#include "lib/file.h"

/* What may be handed to the real runtime: everything about this invocation. */
struct runtime {
	struct runtime_args args;
	struct host *host;
	char *path;              /* of the real one */
	struct exec_result exec; /* of COMMAND_EXEC */
};

static void runtime_done(struct runtime *runtime)
{
	runtime_args_done(&runtime->args);
	host_free(&runtime->host);
	free(runtime->path);
	free(runtime->exec.argv);
}

/*
 * Put coaming's hooks into the text that is to run. An exempt container gets them too, and nothing
 * else: its end is recorded as its start is.
 */
static int with_hooks(const struct runtime *runtime, const struct bundle *bundle, const char *text,
		      size_t len, struct buf *out, struct err *err)
{
	_cleanup_doc_ struct doc *again = NULL;
	_cleanup_free_ char *program = NULL;
	const struct doc *config = bundle->config;
	bool changed;
	int r;

	if (text != doc_text(config, NULL)) {
		r = doc_parse(&again, "rewritten config.json", text, len, err);
		if (r < 0)
			return r;
		config = again;
	}
	r = self_find("coaming-hook", &program, err);
	if (r < 0)
		return r;
	return inject_hooks(config, program, runtime->args.own_config, out, &changed, err);
}

/* Has another door admitted this very start? It is not recorded again then. */
static bool read_admission(const struct host *host, const char *id, struct live *ret)
{
	struct err ignored = { 0 };

	return live_read(host->state_dir, id, ret, &ignored) == 0 && ret->state == LIVE_ADMITTED &&
	       ret->by_precreate;
}

/* Write the config that is to run, where it is another. `out` gets its text. */
static int put_in_place(const struct runtime *runtime, const struct verdict *verdict,
			const struct bundle *bundle, struct buf *out, struct err *err)
{
	const char *text;
	size_t len;
	int r;

	text = doc_text(bundle->config, &len);
	r = with_hooks(runtime, bundle, verdict->changed ? verdict->config.data : text,
		       verdict->changed ? verdict->config.len : len, out, err);
	if (r < 0 || (out->len == len && memcmp(out->data, text, len) == 0))
		return r;
	return bundle_write(bundle, out->data, out->len, err);
}

static int admit(const struct runtime *runtime, const struct decision *decision,
		 const struct question *question, const struct bundle *bundle, bool is_admitted,
		 struct err *err)
{
	const struct verdict *verdict = &decision->verdict;
	_cleanup_buf_ struct buf out = { 0 };
	const char *text;
	size_t len;
	int r;

	text = doc_text(bundle->config, &len);
	if (decision->selection.exempt || register_is_needed(runtime->host, decision)) {
		r = put_in_place(runtime, verdict, bundle, &out, err);
		if (r < 0)
			return outcome_of_error(runtime->host, decision, question, err);
		text = out.data;
		len = out.len;
	}
	/* The config is in place: from here on a failure leaves a container that is confined more
	 * than it asked for, and not started. */
	if (is_admitted && !verdict->changed)
		return 0;
	r = outcome_accept(runtime->host, decision, question, text, len, LIVE_ADMITTED, err);
	/* What keeps the start of a container from being recorded lets its refusal be. */
	if (r < 0)
		outcome_refuse(runtime->host, decision, question, err);
	return r;
}

static int confine_bundle(const struct runtime *runtime, const struct bundle *bundle,
			  struct err *err)
{
	struct question question = {
		.stage = runtime->args.name,
		.id = runtime->args.id,
		.bundle = bundle->path,
		.runtime = runtime->path,
		.config = bundle->config,
	};
	_cleanup_decision_ struct decision decision = { 0 };
	_cleanup_live_ struct live live = { 0 };
	bool is_admitted = read_admission(runtime->host, question.id, &live);
	int r;

	r = outcome_follow(is_admitted ? &live : NULL, &question, err);
	if (r < 0)
		return outcome_of_unread(runtime->host, &question, err);
	r = decide(runtime->host, &question, &decision, err);
	if (r < 0)
		return outcome_of_error(runtime->host, &decision, &question, err);
	r = outcome_check(&decision, &question, err);
	if (r < 0) {
		outcome_refuse(runtime->host, &decision, &question, err);
		return r;
	}
	return admit(runtime, &decision, &question, bundle, is_admitted, err);
}

static int confine_created(const struct runtime *runtime, struct err *err)
{
	const struct question question = { .stage = runtime->args.name, .id = runtime->args.id };
	_cleanup_bundle_ BUNDLE(bundle);
	int r = 0;

	if (!container_id_is_valid(runtime->args.id))
		r = err_input(err, EINVAL,
			      "%s is no container id: letters, digits and _ . + - only",
			      Q(runtime->args.id));
	if (r == 0)
		r = bundle_open(runtime->args.bundle, "config.json", &bundle, err);
	return r < 0 ? outcome_of_call(runtime->host, &question, err)
		     : confine_bundle(runtime, &bundle, err);
}

/* fault: what was wrong with the command line */
static int confine(struct runtime *runtime, char **argv, const struct err *fault, struct err *err)
{
	const struct exec_call call = {
		.host = runtime->host,
		.args = &runtime->args,
		.runtime = runtime->path,
		.argv = argv,
	};
	const struct question question = {
		.stage = runtime->args.name ? runtime->args.name : "unknown",
		.id = runtime->args.id,
		.runtime = runtime->path,
	};

	if (fault->class != ERR_NONE) {
		*err = *fault;
		return outcome_of_call(runtime->host, &question, err);
	}
	return runtime->args.command == COMMAND_EXEC ? exec_confine(&call, &runtime->exec, err)
						     : confine_created(runtime, err);
}

static int fail(const struct runtime_args *args, const struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text, "coaming-runtime%s%s: %s", args->name ? " " : "",
		 args->name ? args->name : "", err->text);
	if (buf_status(&text) == 0) {
		(void)fprintf(stderr, "%s\n", text.data);
		if (args->log)
			tell_log(args->log, args->log_json, text.data);
	}
	return err->class == ERR_NONE ? ERR_SYSTEM : (int)err->class;
}

/*
 * The host's configuration says which runtime is the real one. A broken one refuses new containers
 * and new processes, and nothing else: those that run must still be stopped and deleted.
 */
static int load(struct runtime *runtime, bool confines, struct err *err)
{
	char crun[] = "crun", runc[] = "runc";
	char *const fallback[] = { crun, runc };
	struct err why = { 0 };
	int r;

	r = host_load(runtime->args.own_config, &runtime->host, &why);
	if (r < 0 && confines) {
		*err = why;
		return r;
	}
	if (r < 0) {
		(void)fprintf(stderr, "coaming-runtime: %s\n", why.text);
		return runtime_find(fallback, ARRAY_SIZE(fallback), &runtime->path, err);
	}
	return runtime_find(runtime->host->runtimes, runtime->host->n_runtimes, &runtime->path,
			    err);
}

/* `delete` ends also what was admitted and then not made. What fails here, gc does later. */
static void forget(const struct runtime *runtime)
{
	struct err ignored = { 0 };

	(void)container_forget_unmade(runtime->host, runtime->args.deleted, &ignored);
}

/* Docker gives a container its addresses between `create` and `start`. Where that cannot be told,
 * others do not let it in. */
static void complete(const struct runtime *runtime)
{
	struct err told = { 0 }, why = { 0 };
	int r = 0;

	if (container_id_is_valid(runtime->args.started))
		r = register_refresh(runtime->host->state_dir, runtime->args.started, false, &told,
				     &why);
	if (r < 0 || told.class != ERR_NONE)
		outcome_warn(runtime->args.started, r < 0 ? &why : &told);
}

/* A write beyond a limit, or to an engine that has gone, is an error of ours to be told. The real
 * runtime gets signals and the stack's limit as the engine has set them. */
static int confine_undisturbed(struct runtime *runtime, char **argv, const struct err *fault,
			       struct err *err)
{
	void (*pipe)(int) = signal(SIGPIPE, SIG_IGN);
	void (*size)(int) = signal(SIGXFSZ, SIG_IGN);
	struct rlimit stack;
	int r;

	r = harden_stack(&stack, err);
	if (r == 0)
		r = confine(runtime, argv, fault, err);
	if (r < 0)
		return r; /* it has yet to be told */
	(void)setrlimit(RLIMIT_STACK, &stack);
	(void)signal(SIGPIPE, pipe);
	(void)signal(SIGXFSZ, size);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(runtime_done) struct runtime runtime = { 0 };
	struct err err = { 0 }, fault = { 0 };
	bool confines;
	int r;

	r = harden_standard_fds(&err);
	if (r == 0)
		(void)runtime_args_parse(&argc, argv, &runtime.args, &fault);
	confines = fault.class != ERR_NONE ||
		   (runtime.args.command != COMMAND_OTHER && !runtime.args.asks_help);
	if (r == 0)
		r = load(&runtime, confines, &err);
	if (r == 0 && confines)
		r = confine_undisturbed(&runtime, argv, &fault, &err);
	if (r < 0)
		return fail(&runtime.args, &err);
	if (runtime.host && runtime.args.deleted)
		forget(&runtime);
	if (runtime.host && runtime.args.started)
		complete(&runtime);
	if (runtime.exec.argv)
		argv = runtime.exec.argv;
	argv[0] = runtime.path;
	(void)execv(runtime.path, argv);
	(void)err_errno(&err, errno, "cannot execute %s", Q(runtime.path));
	return fail(&runtime.args, &err);
}
