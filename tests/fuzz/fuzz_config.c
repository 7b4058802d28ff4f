/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's config.json, decided upon: by the profiles that ship, and by the one behind a line
 * "---". A decision on its own result changes nothing.
 */
#include "profiles/policy.h"

#include <sys/stat.h>

#include "hooks/facts.h"
#include "tests/fuzz/fuzz.h"

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_input(err, 0, "no file %s here", Q(relative_path));
}

static struct doc *shipped(const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	struct doc *doc = NULL;
	size_t len;

	text = fuzz_file(path, &len);
	must_succeed(doc_parse(&doc, name, text, len, &err), &err);
	return doc;
}

/* Made once. */
static const struct host *the_host(void)
{
	static struct host *host;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (!host) {
		doc = shipped("packaging/coaming.json", "coaming.json");
		must_succeed(host_parse(doc, &host, &err), &err);
	}
	return host;
}

/* A file that a shipped profile names. */
static int shipped_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "profiles/library/%s", relative_path);
	*ret = shipped(path, relative_path);
	return 0;
}

static const struct profile *restricted(void)
{
	static struct profile *profile;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (!profile) {
		doc = shipped("profiles/library/restricted.json", "restricted.json");
		must_succeed(profile_parse(doc, shipped_file, NULL, &profile, &err), &err);
	}
	return profile;
}

static void check_again(const struct selection *selection, const struct facts *facts,
			const struct verdict *first)
{
	_cleanup_verdict_ struct verdict second = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	must_succeed(doc_parse(&doc, "result", first->config.data, first->config.len, &err), &err);
	must_succeed(policy_decide(the_host(), selection, doc, facts, &second, &err), &err);
	must(!second.changed);
	/* What was refused may pass without what a profile took from it: it does not run. */
	must(first->outcome == OUTCOME_REFUSE || second.outcome == OUTCOME_ACCEPT);
}

/*
 * What restricted.json demands, looked up anew in the config that would run: only what a runtime
 * reads, with none of the policy's own functions.
 */
static void check_confined(const struct doc *config)
{
	static const char *const sets[] = { "bounding", "effective", "inheritable", "permitted",
					    "ambient" };
	const struct node *root = doc_root(config), *process = node_get(root, "process");
	const struct node *pids = node_path(root, "linux", "resources", "pids", "limit", NULL);
	struct err err = { 0 };
	int64_t limit = 0;

	must(node_is(node_path(root, "root", "readonly", NULL), NODE_TRUE));
	must(node_read_i64(config, pids, &limit, &err) == 0 && limit > 0 && limit <= 512);
	must(node_is(node_path(root, "linux", "seccomp", NULL), NODE_OBJECT));
	if (!process)
		return;
	must(node_is(node_get(process, "noNewPrivileges"), NODE_TRUE));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		node_foreach (cap, node_path(process, "capabilities", sets[i], NULL))
			must(node_is(cap, NODE_STRING) &&
			     (streq(cap->string, "CAP_NET_BIND_SERVICE") ||
			      streq(cap->string, "NET_BIND_SERVICE")));
	}
}

static void check_result(const struct doc *config, const struct verdict *verdict)
{
	_cleanup_doc_ struct doc *result = NULL;
	struct err err = { 0 };

	if (verdict->changed)
		must_succeed(doc_parse(&result, "result", verdict->config.data, verdict->config.len,
				       &err),
			     &err);
	check_confined(result ? result : config);
}

static void decide(const struct selection *selection, const struct doc *config)
{
	_cleanup_verdict_ struct verdict verdict = { 0 };
	struct facts facts = { 0 };
	struct err err = { 0 };
	int r = facts_from_config(config, &facts, &err);

	must(r == 0);
	r = policy_decide(the_host(), selection, config, &facts, &verdict, &err);
	if (r < 0)
		must_tell(r, &err);
	else if (verdict.changed)
		check_again(selection, &facts, &verdict);
	if (r == 0 && verdict.outcome == OUTCOME_ACCEPT && selection->n > 0 &&
	    selection->v[selection->n - 1].profile == restricted())
		check_result(config, &verdict);
	for (size_t i = 0; i < verdict.changes.n; i++) {
		must(verdict.changes.v[i].what && verdict.changes.v[i].by);
		must(!strchr(verdict.changes.v[i].what, '\n'));
	}
	facts_done(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };
	struct piece text = next_piece(&rest);
	_cleanup_profile_ struct profile *extra = NULL;
	_cleanup_doc_ struct doc *config = NULL, *doc = NULL;
	struct selected selected[2] = { 0 };
	struct selection selection = { .v = selected };
	struct facts facts = { 0 };
	struct err err = { 0 };
	int r = doc_parse(&config, "config.json", text.text, text.len, &err);

	if (r < 0) {
		must_tell(r, &err);
		return 0;
	}
	if (doc_parse(&doc, "extra.json", rest.text, rest.len, &err) == 0 &&
	    profile_parse(doc, no_file, NULL, &extra, &err) == 0)
		selected[selection.n++] =
			(struct selected){ .profile = extra, .mode = extra->mode };
	decide(&selection, config);
	selected[selection.n++] =
		(struct selected){ .profile = restricted(), .mode = MODE_ENFORCE };
	decide(&selection, config);
	err_clear(&err);
	if (facts_from_host(config, "/", 0, &facts, &err) == 0)
		facts_done(&facts);
	return 0;
}
