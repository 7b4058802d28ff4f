/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming explain: decide about a container without starting it, see coaming-explain(1).
 *
 * The decision is made by the same functions that coaming-runtime and coaming-hook call. Nothing
 * is written and nothing recorded.
 */
#include "cli/explain.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/compile.h"
#include "cli/options.h"
#include "cli/out.h"
#include "hooks/bundle.h"
#include "hooks/facts.h"
#include "hooks/labels.h"
#include "lib/file.h"
#include "profiles/exec.h"
#include "profiles/ruleset.h"

struct request {
	const char *host_config, *bundle, *config_json, *exec, *image;
	char *bundle_path; /* absolute */
	struct words labels;
	bool json, show_config;
	struct doc *config, *process;
};

static void request_done(struct request *request)
{
	doc_free(&request->process);
	doc_free(&request->config);
	free(request->bundle_path);
	words_done(&request->labels);
}

static void explanation_done(struct explanation *x)
{
	members_done(&x->members);
	peers_done(&x->peers);
	buf_done(&x->ruleset);
	verdict_done(&x->verdict);
	facts_done(&x->facts);
	explained_exec_done(&x->exec);
	selection_done(&x->selection);
	identity_done(&x->identity);
	labels_done(&x->labels);
	store_free(&x->store);
	host_free(&x->host);
}

static int read_bundle(struct request *request, struct err *err)
{
	_cleanup_bundle_ BUNDLE(bundle);
	int r;

	r = bundle_open(request->bundle, "config.json", &bundle, err);
	if (r == 0) {
		request->config = take_ptr(bundle.config);
		request->bundle_path = take_ptr(bundle.path);
	}
	return r;
}

/* "-" is standard input. */
static int read_json(const char *name, struct doc **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (streq(name, "-")) {
		name = "standard input";
		r = fd_read_all(STDIN_FILENO, name, FILE_MAX_BYTES, &text, &len, err);
	} else {
		r = file_read(AT_FDCWD, name, FILE_MAX_BYTES, &text, &len, err);
	}
	return r < 0 ? r : doc_parse(ret, name, text, len, err);
}

static int read_input(struct request *request, struct err *err)
{
	int r;

	if (!request->bundle == !request->config_json)
		return err_input(err, EINVAL, "give either --bundle DIR or --config-json FILE");
	if (request->exec && request->config_json && streq(request->exec, "-") &&
	    streq(request->config_json, "-"))
		return err_input(err, EINVAL,
				 "--config-json and --exec cannot both be standard input");
	r = request->bundle ? read_bundle(request, err)
			    : read_json(request->config_json, &request->config, err);
	return r < 0 || !request->exec ? r : read_json(request->exec, &request->process, err);
}

static int add_label(struct labels *labels, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *key = NULL;

	if (!equals || equals == word)
		return err_input(err, EINVAL, "--label %s: expected KEY=VALUE", Q(word));
	key = strndup(word, (size_t)(equals - word));
	if (!key)
		return err_oom(err);
	return labels_set(labels, key, equals + 1, LABEL_FROM_COMMAND, NULL, err);
}

/* Those of the engine are on the host that has the bundle. */
static int find_labels(const struct request *request, struct explanation *x, struct err *err)
{
	const struct labels_request question = { x->host, request->config, request->bundle_path };
	int r;

	if (request->bundle)
		r = labels_find(&question, &x->identity, &x->labels, err);
	else
		r = labels_from_config(request->config, &x->labels, err);
	for (size_t i = 0; r == 0 && i < request->labels.n; i++)
		r = add_label(&x->labels, request->labels.v[i], err);
	return r;
}

/* Its id names the firewall's table, as far as the config tells it; the image may be matched. */
static int find_identity(const struct request *request, struct explanation *x, struct err *err)
{
	int r;

	r = identity_find(request->config, NULL, request->bundle_path, &x->identity, err);
	if (r == 0)
		r = find_labels(request, x, err);
	if (r < 0 || !request->image)
		return r;
	free(x->identity.image);
	x->identity.image = strdup(request->image);
	return x->identity.image ? 0 : err_oom(err);
}

/* What does not compile is told with the rest: the runtime would start nothing. */
static int compile_result(const struct request *request, struct explanation *x, struct err *err)
{
	_cleanup_doc_ struct doc *changed = NULL;
	int r = 0;

	if (x->verdict.changed)
		r = doc_parse(&changed, "config.json", x->verdict.config.data,
			      x->verdict.config.len, err);
	if (r == 0)
		r = compile_config(changed ? changed : request->config, &x->instructions,
				   &x->not_compiled);
	if (r < 0 && x->not_compiled.class == ERR_INPUT)
		return 0;
	if (r < 0 && x->not_compiled.class != ERR_NONE)
		*err = x->not_compiled;
	return r;
}

/* One that is refused because of its rules (a zone that is not there) has none to show. */
static int write_ruleset(struct explanation *x, struct err *err)
{
	struct err failed = { 0 };
	int r;

	r = ruleset_write(&x->selection, x->host, x->identity.id, NULL, &x->ruleset, &failed);
	if (r < 0 && x->verdict.outcome == OUTCOME_REFUSE) {
		buf_done(&x->ruleset);
		x->ruleset = (struct buf){ 0 };
		return 0;
	}
	if (r < 0)
		*err = failed;
	return r;
}

static int explain_start(const struct request *request, struct explanation *x, struct err *err)
{
	int r;

	if (request->bundle)
		r = facts_from_host(request->config, request->bundle, 0, &x->facts, err);
	else
		r = facts_from_config(request->config, &x->facts, err);
	x->facts.kernel = facts_kernel();
	if (r == 0)
		r = policy_decide(x->host, &x->selection, request->config, &x->facts, &x->verdict,
				  err);
	if (r == 0 && ruleset_is_needed(&x->selection, x->host))
		r = write_ruleset(x, err);
	if (r == 0 && request->bundle)
		r = explain_peers(x, err);
	return r < 0 ? r : compile_result(request, x, err);
}

static int explain(struct request *request, struct explanation *x, struct err *err)
{
	struct metadata metadata;
	int r;

	x->exec.process = take_ptr(request->process);
	r = host_load(request->host_config, &x->host, err);
	if (r == 0)
		r = find_identity(request, x, err);
	if (r == 0)
		r = store_open(x->host, &x->store, err);
	if (r < 0)
		return r;

	metadata = (struct metadata){ &x->labels, x->identity.image };
	r = select_profiles(x->host, x->store, &metadata, &x->selection, &x->refusal);
	if (r < 0 && x->refusal.class == ERR_REFUSED)
		return 0; /* an answer */
	if (r < 0) {
		*err = x->refusal;
		return r;
	}
	return x->exec.process ? explain_exec(request->config, request->bundle_path, x, err)
			       : explain_start(request, x, err);
}

static int print_config(const struct request *request, const struct explanation *x, struct err *err)
{
	const struct doc *asked = x->exec.process ? x->exec.process : request->config;
	_cleanup_buf_ struct buf out = { 0 };
	const char *text;
	size_t len;
	int r = 0;

	text = doc_text(asked, &len);
	if (!x->verdict.changed)
		buf_add(&out, text, len);
	else if (x->exec.process)
		r = exec_process_text(x->verdict.config.data, x->verdict.config.len, &out, err);
	else
		buf_add(&out, x->verdict.config.data, x->verdict.config.len);
	return r < 0 ? r : out_print(&out, err);
}

static int print(const struct request *request, const struct explanation *x, struct err *err)
{
	if (request->json)
		return explain_json(x, err);
	if (!request->show_config)
		return explain_text(x, err);
	return explanation_refuses(x) ? 0 : print_config(request, x, err);
}

static int answer(struct request *request, struct err *err)
{
	struct explanation x = { 0 };
	int r = read_input(request, err);

	if (r == 0)
		r = explain(request, &x, err);
	if (r == 0)
		r = print(request, &x, err);
	if (r == 0 && explanation_refuses(&x))
		r = ERR_REFUSED;
	explanation_done(&x);
	return r;
}

int cmd_explain(int argc, char **argv, struct err *err)
{
	struct request request = { 0 };
	const struct option options[] = {
		{ .letter = 'b',
		  .name = "bundle",
		  .value = "DIR",
		  .text = &request.bundle,
		  .help = "the container's bundle, on the host that would run it" },
		{ .name = "config-json",
		  .value = "FILE",
		  .text = &request.config_json,
		  .help = "its config.json alone, also on another machine; - for standard input" },
		{ .name = "exec",
		  .value = "FILE",
		  .text = &request.exec,
		  .help = "what an exec of this process.json would be; - for standard input" },
		{ .letter = 'l',
		  .name = "label",
		  .value = "KEY=VALUE",
		  .list = &request.labels,
		  .help = "as if the container had this label too" },
		{ .letter = 'i',
		  .name = "image",
		  .value = "NAME",
		  .text = &request.image,
		  .help = "as if it were of this image" },
		{ .name = "show-config",
		  .flag = &request.show_config,
		  .help = "print only the config.json, or process.json, that would run" },
		{ .letter = 'j',
		  .name = "json",
		  .flag = &request.json,
		  .help = "print everything as JSON" },
		OPTION_CONFIG(&request.host_config),
	};
	const struct usage usage = {
		.about = "Say what would happen to a container: which profiles apply and why,\n"
			 "what each takes away, the firewall, and whether it may start; or the\n"
			 "same of a process that is to be executed in it. Exit status: 0 it\n"
			 "may, 1 it is refused, 2 wrong use or bad input.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r == 0)
		r = answer(&request, err);
	else if (r > 0)
		r = 0;
	request_done(&request);
	return r;
}
