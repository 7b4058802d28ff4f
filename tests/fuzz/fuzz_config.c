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

static const struct profile *restricted(void)
{
	static struct profile *profile;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (!profile) {
		doc = shipped("profiles/library/restricted.json", "restricted.json");
		must_succeed(profile_parse(doc, no_file, NULL, &profile, &err), &err);
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
	must(second.outcome == first->outcome);
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
	if (facts_from_host(config, "/", &facts, &err) == 0)
		facts_done(&facts);
	return 0;
}
