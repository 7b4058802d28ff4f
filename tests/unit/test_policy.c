/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/policy*.c: the cases of tests/golden/policy. Each says what a request becomes under some
 * profiles, to the byte, and which changes and refusals are told; and again with every profile in
 * audit mode, where the config stays and the same is told as what would have been.
 *
 * A case: "request", "profiles", and "config" (null: stays as it is), "changes" ("SECTION: WHAT
 * (BY)", or "refusal: SECTION: WHAT (BY) [REMEDY]"; "audited" where audit mode tells others), or
 * "error" instead, a part of the sentence; "host" where the host's configuration matters.
 */
#include "profiles/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/file.h"
#include "lib/strv.h"

static const char cases_dir[] = "tests/golden/policy";

#define PROFILES_MAX 8

/* What one case works on. */
struct run {
	const char *name;
	struct host *host;
	struct profile *profiles[PROFILES_MAX];
	struct selected selected[PROFILES_MAX];
	struct selection selection;
	struct doc *request;
	struct facts facts;
	struct verdict verdict;
};

static void run_done(struct run *run)
{
	verdict_done(&run->verdict);
	facts_done(&run->facts);
	doc_free(&run->request);
	for (size_t i = 0; i < PROFILES_MAX; i++)
		profile_free(&run->profiles[i]);
	host_free(&run->host);
}

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_errno(err, ENOENT, "cannot open %s", Q(relative_path));
}

/* The value's own bytes as a document. */
static struct doc *document_of(const struct doc *doc, const struct node *node, const char *name)
{
	struct doc *ret = NULL;
	struct err err = { 0 };

	assert_non_null(node);
	if (doc_parse(&ret, name, doc_text(doc, NULL) + node->start, node->end - node->start,
		      &err) < 0)
		fail_msg("%s", err.text);
	return ret;
}

static void load_host(struct run *run, const struct doc *doc, const struct node *node)
{
	static const char plain[] = "{\"defaultProfile\": null}";
	_cleanup_doc_ struct doc *text = NULL;
	struct err err = { 0 };

	if (node)
		text = document_of(doc, node, "coaming.json");
	else
		assert_int_equal(doc_parse(&text, "coaming.json", plain, strlen(plain), &err), 0);
	if (host_parse(text, &run->host, &err) < 0)
		fail_msg("%s: %s", run->name, err.text);
}

static void load_profiles(struct run *run, const struct doc *doc, const struct node *list)
{
	node_foreach (node, list) {
		const struct node *name = node_get(node, "name");
		size_t i = run->selection.n++;
		_cleanup_doc_ struct doc *text = NULL;
		struct err err = { 0 };
		char file[128];

		assert_true(i < PROFILES_MAX);
		(void)snprintf(file, sizeof(file), "%s.json", name->string);
		text = document_of(doc, node, file);
		if (profile_parse(text, no_file, NULL, &run->profiles[i], &err) < 0)
			fail_msg("%s: %s", run->name, err.text);
		run->selected[i] = (struct selected){ .profile = run->profiles[i],
						      .why = WHY_NAMED,
						      .mode = run->profiles[i]->mode };
	}
	run->selection.v = run->selected;
}

static void check_changes(const struct run *run, const struct node *wanted, bool audit)
{
	const struct node *line = wanted ? wanted->first : NULL;

	for (size_t i = 0; i < run->verdict.changes.n; i++) {
		const struct change *change = &run->verdict.changes.v[i];
		char text[1024];

		(void)snprintf(text, sizeof(text), "%s%s: %s (%s)%s%s%s",
			       change->refusal ? "refusal: " : "", section_name(change->section),
			       change->what, change->by, change->remedy ? " [" : "",
			       change->remedy ? change->remedy : "", change->remedy ? "]" : "");
		assert_int_equal(change->audit, audit);
		if (!line || !streq(line->string, text))
			fail_msg("%s:\n  told   %s\n  wanted %s", run->name, text,
				 line ? line->string : "nothing more");
		line = line->next;
	}
	if (line)
		fail_msg("%s: not told: %s", run->name, line->string);
}

static bool any_refusal(const struct run *run)
{
	for (size_t i = 0; i < run->verdict.changes.n; i++) {
		if (run->verdict.changes.v[i].refusal)
			return true;
	}
	return false;
}

static void check_config(const struct run *run, const struct doc *doc, const struct node *wanted)
{
	const struct buf *config = &run->verdict.config;
	size_t len = wanted ? wanted->end - wanted->start : 0;

	if (!wanted || wanted->type == NODE_NULL) {
		if (run->verdict.changed)
			fail_msg("%s: changed to %s", run->name, config->data);
		return;
	}
	if (!run->verdict.changed)
		fail_msg("%s: not changed", run->name);
	if (config->len != len ||
	    memcmp(config->data, doc_text(doc, NULL) + wanted->start, len) != 0)
		fail_msg("%s:\n  became %s\n  wanted %.*s", run->name, config->data, (int)len,
			 doc_text(doc, NULL) + wanted->start);
}

/* What came out must be accepted as it is: so createRuntime checks it. */
static void check_second_pass(struct run *run)
{
	_cleanup_doc_ struct doc *again = NULL;
	struct verdict verdict = { 0 };
	struct err err = { 0 };

	if (!run->verdict.changed)
		return;
	assert_int_equal(doc_parse(&again, "config.json", run->verdict.config.data,
				   run->verdict.config.len, &err),
			 0);
	if (policy_decide(run->host, &run->selection, again, &run->facts, &verdict, &err) < 0)
		fail_msg("%s: again: %s", run->name, err.text);
	if (verdict.changed)
		fail_msg("%s: a second time it becomes %s", run->name, verdict.config.data);
	verdict_done(&verdict);
}

/* "mountNames": by which other names the host has what mount i shows; a list a mount. */
static void load_names(struct run *run, const struct node *list)
{
	struct facts *facts = &run->facts;
	struct err err = { 0 };
	size_t i = 0;

	if (!list)
		return;
	assert_int_equal(facts->n_mount_sources, 0);
	facts->mount_sources = calloc(list->count, sizeof(*facts->mount_sources));
	facts->mount_names = calloc(list->count, sizeof(*facts->mount_names));
	assert_true(facts->mount_sources && facts->mount_names);
	facts->n_mount_sources = list->count;
	node_foreach (names, list) {
		node_foreach (name, names)
			assert_int_equal(strv_add(&facts->mount_names[i].v,
						  &facts->mount_names[i].n, name->string, &err),
					 0);
		i++;
	}
}

static void run_case(const struct doc *doc, const struct node *node, const char *name, bool audit)
{
	const struct node *error = node_get(node, "error");
	_cleanup_(run_done) struct run run = { .name = name };
	struct err err = { 0 };
	int r;

	load_host(&run, doc, node_get(node, "host"));
	load_profiles(&run, doc, node_get(node, "profiles"));
	if (audit)
		run.host->mode = MODE_AUDIT;
	for (size_t i = 0; audit && i < run.selection.n; i++)
		run.selected[i].mode = MODE_AUDIT;
	run.request = document_of(doc, node_get(node, "request"), "config.json");
	assert_int_equal(facts_from_config(run.request, &run.facts, &err), 0);
	load_names(&run, node_get(node, "mountNames"));
	r = policy_decide(run.host, &run.selection, run.request, &run.facts, &run.verdict, &err);
	if (error && audit) {
		/* It cannot be judged: said, and let through. */
		assert_int_equal(r, 0);
		assert_true(run.verdict.would_refuse);
		return;
	}
	if (error) {
		if (r >= 0 || !strstr(err.text, error->string))
			fail_msg("%s:\n  said   %s\n  wanted %s", name, err.text, error->string);
		return;
	}
	if (r < 0)
		fail_msg("%s: %s", name, err.text);
	check_changes(&run,
		      node_get(node, audit && node_get(node, "audited") ? "audited" : "changes"),
		      audit);
	assert_int_equal(run.verdict.would_refuse, audit && any_refusal(&run));
	assert_int_equal(run.verdict.outcome,
			 !audit && any_refusal(&run) ? OUTCOME_REFUSE : OUTCOME_ACCEPT);
	assert_int_equal(run.verdict.mode, audit ? MODE_AUDIT : MODE_ENFORCE);
	check_config(&run, doc, audit ? NULL : node_get(node, "config"));
	check_second_pass(&run);
}

static void run_file(const char *file)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	char path[512];
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", cases_dir, file);
	if (file_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &len, &err) < 0 ||
	    doc_parse(&doc, file, text, len, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(doc_root(doc)->count > 0);
	node_foreach (node, doc_root(doc)) {
		char name[256];

		(void)snprintf(name, sizeof(name), "%s: %s", file, node->key);
		run_case(doc, node, name, false);
		run_case(doc, node, name, true);
	}
}

static void test_cases(void **state)
{
	char **names = NULL;
	struct err err = { 0 };
	DIR *dir = opendir(cases_dir);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (strstr(entry->d_name, ".json"))
			assert_int_equal(strv_add(&names, &n, entry->d_name, &err), 0);
	}
	closedir(dir);
	strv_sort_unique(names, &n);
	assert_true(n > 5);
	for (size_t i = 0; i < n; i++)
		run_file(names[i]);
	strv_free(&names, &n);
}

/* Without a profile nothing is looked at. */
static void test_nobody_applies(void **state)
{
	static const char text[] = "{\"process\": 7, \"linux\": \"none\"}";
	_cleanup_(run_done) struct run run = { .name = "nobody" };
	struct err err = { 0 };

	load_host(&run, NULL, NULL);
	assert_int_equal(doc_parse(&run.request, "config.json", text, strlen(text), &err), 0);
	assert_int_equal(policy_decide(run.host, &run.selection, run.request, &run.facts,
				       &run.verdict, &err),
			 0);
	assert_int_equal(run.verdict.outcome, OUTCOME_ACCEPT);
	assert_false(run.verdict.changed);
}

/* More than a decision has room for: refused, none is left out. */
static void test_too_many(void **state)
{
	static const char profile[] = "{\"name\": \"p\", \"limits\": {\"pids\": 1}}";
	static const char config[] = "{\"process\": {}, \"linux\": {}}";
	static const size_t most = 256;
	_cleanup_(run_done) struct run run = { .name = "too many" };
	_cleanup_doc_ struct doc *text = NULL;
	_cleanup_free_ struct selected *many = calloc(most + 1, sizeof(*many));
	struct err err = { 0 };

	assert_non_null(many);
	load_host(&run, NULL, NULL);
	assert_int_equal(doc_parse(&text, "p.json", profile, strlen(profile), &err), 0);
	assert_int_equal(profile_parse(text, no_file, NULL, &run.profiles[0], &err), 0);
	assert_int_equal(doc_parse(&run.request, "config.json", config, strlen(config), &err), 0);
	assert_int_equal(facts_from_config(run.request, &run.facts, &err), 0);
	for (size_t i = 0; i <= most; i++)
		many[i] = (struct selected){ .profile = run.profiles[0], .why = WHY_MATCH };
	run.selection = (struct selection){ .v = many, .n = most + 1 };
	assert_int_equal(policy_decide(run.host, &run.selection, run.request, &run.facts,
				       &run.verdict, &err),
			 -E2BIG);
	assert_string_equal(err.text, "more than 256 profiles apply");
	assert_int_equal(run.verdict.outcome, OUTCOME_REFUSE);
	err_clear(&err);
	run.selection.n = most;
	assert_int_equal(policy_decide(run.host, &run.selection, run.request, &run.facts,
				       &run.verdict, &err),
			 0);
	assert_int_equal(run.verdict.changes.n, 1);
	assert_true(run.verdict.changed);
}

/* Each is two sets of its table: those of eight profiles, and one of the host. */
static void test_separations_are_bounded(void **state)
{
	for (size_t last = 0; last < 2; last++) {
		_cleanup_(run_done) struct run run = { .name = "bounds" };
		_cleanup_buf_ struct buf text = { 0 };
		_cleanup_doc_ struct doc *doc = NULL;
		struct err err = { 0 };
		int r;

		buf_addf(&text, "{\"host\": {\"defaultProfile\": null%s}, ",
			 last ? ", \"separate\": [\"one-more\"]" : "");
		buf_adds(&text, "\"request\": {\"process\": {}, \"linux\": {\"namespaces\": "
				"[{\"type\": \"network\"}]}}, \"profiles\": [");
		for (size_t i = 0; i < 8; i++) {
			buf_addf(&text, "%s{\"name\": \"p%zu\", \"separate\": [", i ? ", " : "", i);
			for (size_t k = 0; k < 8; k++)
				buf_addf(&text, "%s\"key%zu\"", k ? ", " : "", 8 * i + k);
			buf_adds(&text, "]}");
		}
		buf_adds(&text, "]}");
		assert_int_equal(doc_parse(&doc, "bounds", text.data, text.len, &err), 0);
		load_host(&run, doc, node_get(doc_root(doc), "host"));
		load_profiles(&run, doc, node_get(doc_root(doc), "profiles"));
		run.request = document_of(doc, node_get(doc_root(doc), "request"), "config.json");
		assert_int_equal(facts_from_config(run.request, &run.facts, &err), 0);
		r = policy_decide(run.host, &run.selection, run.request, &run.facts, &run.verdict,
				  &err);
		assert_int_equal(r, last ? -E2BIG : 0);
		assert_int_equal(strstr(err.text, "more than 64 labels") != NULL, last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nobody_applies),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_separations_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
