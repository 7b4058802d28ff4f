/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/policy*.c: the laws of the meet, for generated configs and profiles. What comes out is
 * never wider than what was asked for, in no section, nor than what each profile gives; the order
 * of the profiles and saying one twice make no difference; one profile after the other is as both
 * at once; deciding again changes nothing; audit mode changes nothing.
 */
#include "profiles/policy.h"

#include <errno.h>
#include <linux/capability.h>

#include "profiles/caps.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/says.h"

#if defined(__SANITIZE_ADDRESS__)
#define ROUNDS 1000
#else
#define ROUNDS 2000
#endif

/* ---- one decision ---- */

#define PROFILES 3

struct world {
	uint64_t seed; /* of this round */
	struct host *host;
	struct buf config, text[PROFILES], file[PROFILES];
	struct profile *profile[PROFILES];
};

static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct buf *file = arg;

	return doc_parse(ret, relative_path, file->data, file->len, err);
}

static struct doc *parsed(const char *name, const char *text)
{
	struct err err = { 0 };
	struct doc *doc = NULL;

	if (doc_parse(&doc, name, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", err.text, text);
	return doc;
}

static void world_make(struct world *w, uint64_t *seed)
{
	static const char *const names[PROFILES] = { "a", "b", "c" };
	_cleanup_doc_ struct doc *host = parsed("coaming.json", "{\"defaultProfile\":null}");
	struct err err = { 0 };

	*w = (struct world){ .seed = *seed };
	assert_int_equal(host_parse(host, &w->host, &err), 0);
	random_config(seed, &w->config);
	for (size_t i = 0; i < PROFILES; i++) {
		bool file = one_in(seed, 3);
		_cleanup_doc_ struct doc *doc = NULL;
		char name[8];

		random_fitting_filter(seed, &w->file[i], 4);
		random_profile(seed, &w->text[i], names[i], file);
		(void)snprintf(name, sizeof(name), "%s.json", names[i]);
		doc = parsed(name, w->text[i].data);
		if (profile_parse(doc, fetch, &w->file[i], &w->profile[i], &err) < 0)
			fail_msg("%s: %s", err.text, w->text[i].data);
	}
}

static void world_done(struct world *w)
{
	host_free(&w->host);
	buf_done(&w->config);
	for (size_t i = 0; i < PROFILES; i++) {
		buf_done(&w->text[i]);
		buf_done(&w->file[i]);
		profile_free(&w->profile[i]);
	}
}

static void world_fail(const struct world *w, const char *why, const char *one, const char *other)
{
	(void)fprintf(stderr, "config %s\n", w->config.data);
	for (size_t i = 0; i < PROFILES; i++)
		(void)fprintf(stderr, "%s\n  file %s\n", w->text[i].data, w->file[i].data);
	(void)fprintf(stderr, "one    %s\nother  %s\n", one, other);
	fail_msg("seed %llu: %s", (unsigned long long)w->seed, why);
}

struct result {
	char *config; /* NULL: it could not be judged, or the filters have nothing in common */
	bool changed, refused, coarse;
	struct facts facts;
};

static void result_done(struct result *result)
{
	free(result->config);
}

/* The profiles with these numbers, in this order ("ab"). */
static struct result decide(const struct world *w, const char *config, const char *which,
			    enum mode mode)
{
	_cleanup_doc_ struct doc *doc = parsed("config.json", config);
	_cleanup_verdict_ struct verdict verdict = { 0 };
	struct selected selected[2 * PROFILES];
	struct selection selection = { .v = selected };
	struct result result = { 0 };
	struct facts facts = { 0 };
	struct err err = { 0 };

	for (; *which; which++)
		selected[selection.n++] =
			(struct selected){ .profile = w->profile[*which - 'a'], .mode = mode };
	assert_int_equal(facts_from_config(doc, &facts, &err), 0);
	if (policy_decide(w->host, &selection, doc, &facts, &verdict, &err) < 0) {
		if (!strstr(err.text, "no architecture in common"))
			world_fail(w, err.text, "", "");
		return result;
	}
	facts_done(&facts);
	result.changed = verdict.changed;
	result.refused = verdict.outcome == OUTCOME_REFUSE;
	for (size_t i = 0; i < verdict.changes.n; i++)
		result.coarse |= strstr(verdict.changes.v[i].what, "as a whole") ||
				 strstr(verdict.changes.v[i].what, "those bits only");
	result.config = strdup(verdict.changed ? verdict.config.data : config);
	assert_non_null(result.config);
	return result;
}

/* ---- never wider ---- */

static const json_t *at(const json_t *json, const char *a, const char *b, const char *c)
{
	const char *const keys[] = { a, b, c };

	for (size_t i = 0; i < ARRAY_SIZE(keys) && keys[i] && json; i++)
		json = json_object_get(json, keys[i]);
	return json;
}

static bool holds_text(const json_t *array, const char *text)
{
	const json_t *each;
	size_t i;

	json_array_foreach(array, i, each)
	{
		if (streq(json_string_value(each), text))
			return true;
	}
	return false;
}

static const char *wider_capabilities(const json_t *request, const json_t *result)
{
	static const char *const sets[] = { "bounding", "effective", "inheritable", "permitted",
					    "ambient" };
	const json_t *each;
	size_t k;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		const json_t *was = at(request, "process", "capabilities", sets[i]);

		json_array_foreach(at(result, "process", "capabilities", sets[i]), k, each)
		{
			if (!holds_text(was, json_string_value(each)))
				return "a capability more";
		}
	}
	if (json_is_true(at(request, "process", "noNewPrivileges", NULL)) &&
	    !json_is_true(at(result, "process", "noNewPrivileges", NULL)))
		return "noNewPrivileges is lost";
	return NULL;
}

/* Absent, 0 and negative are no limit. */
static uint64_t limit_of(const json_t *limit)
{
	const char *text = json_string_value(limit);
	long long v = text && !streq(text, "max") ? strtoll(text, NULL, 10) : 0;

	return v <= 0 ? UINT64_MAX : (uint64_t)v;
}

static const char *wider_limits(const json_t *request, const json_t *result)
{
	static const char *const groups[] = { "pids", "memory" };
	const json_t *was = at(request, "linux", "resources", NULL);
	const json_t *is = at(result, "linux", "resources", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (limit_of(at(is, groups[i], "limit", NULL)) >
		    limit_of(at(was, groups[i], "limit", NULL)))
			return "a limit is wider";
	}
	if (limit_of(at(is, "unified", "pids.max", NULL)) >
	    limit_of(at(was, "unified", "pids.max", NULL)))
		return "a unified limit is wider";
	if (was && !json_equal(at(was, "cpu", NULL, NULL), at(is, "cpu", NULL, NULL)))
		return "what is not limited has changed";
	return NULL;
}

/* What is masked stays so. */
static const char *wider_masks(const json_t *request, const json_t *result)
{
	static const char *const lists[] = { "maskedPaths", "readonlyPaths" };
	const json_t *each;
	size_t k;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		json_array_foreach(at(request, "linux", lists[i], NULL), k, each)
		{
			if (!holds_text(at(result, "linux", lists[i], NULL),
					json_string_value(each)))
				return "a path is masked no more";
		}
	}
	return NULL;
}

/* New mounts are tmpfs that nothing can be run from, where the root was writable. */
static const char *wider_rootfs(const json_t *request, const json_t *result)
{
	bool was = json_is_true(at(request, "root", "readonly", NULL));
	bool is = json_is_true(at(result, "root", "readonly", NULL));
	const json_t *before = at(request, "mounts", NULL, NULL);
	const json_t *after = at(result, "mounts", NULL, NULL);
	size_t added = json_array_size(after) - json_array_size(before);

	if (was && !is)
		return "the root is writable";
	if (added > 0 && (was || !is))
		return "mounts are added";
	for (size_t i = 0; i < json_array_size(after); i++) {
		const json_t *mount = json_array_get(after, i), *options;

		if (i >= added) {
			if (!json_equal(mount, json_array_get(before, i - added)))
				return "a mount has changed";
			continue;
		}
		options = json_object_get(mount, "options");
		if (!streq(oci_text(mount, "type"), "tmpfs") || !holds_text(options, "nosuid") ||
		    !holds_text(options, "nodev") || !holds_text(options, "noexec"))
			return "a mount that is no bare tmpfs";
	}
	return NULL;
}

/* is_profile: what comes first is a profile's file, not a request. */
static const char *wider_seccomp(const json_t *request, const json_t *result, bool is_profile,
				 uint64_t *seed)
{
	const json_t *was = at(request, "linux", "seccomp", NULL);
	const json_t *is = at(result, "linux", "seccomp", NULL);
	struct says *before = calloc(2, sizeof(*before)), *after = before + 1;
	const char *why = NULL;

	assert_non_null(before);
	before->fallback = SCMP_ACT_ALLOW;
	before->is_profile = is_profile;
	if (was)
		says_read(before, was);
	if (is)
		says_read(after, is);
	else if (was)
		why = "the filter is lost";
	for (size_t i = 0; is && i < ARRAY_SIZE(arches); i++) {
		if (was && after->has_arch[i] && !before->has_arch[i])
			why = "an architecture more";
	}
	for (size_t i = 0; is && !why && i < ARRAY_SIZE(random_calls) * 16; i++) {
		const char *name = random_calls[i % ARRAY_SIZE(random_calls)];
		uint64_t args[6];

		for (size_t k = 0; k < 6; k++)
			args[k] = random_value(seed);
		if (rank(says_of(after, name, args, UINT64_MAX)) >
		    rank(says_of(before, name, args, UINT64_MAX)))
			why = "a system call is laxer";
	}
	free(before);
	return why;
}

/* What the profile does not give. */
static const char *keeps_capabilities(const struct profile *profile, const json_t *result)
{
	static const char *const sets[] = { "bounding", "effective", "inheritable", "permitted",
					    "ambient" };
	const json_t *each;
	size_t k;

	for (size_t i = 0; profile->capabilities.present && i < ARRAY_SIZE(sets); i++) {
		json_array_foreach(at(result, "process", "capabilities", sets[i]), k, each)
		{
			int number = cap_number(json_string_value(each));

			if (!(profile->capabilities.allowed & CAP_MASK(number)))
				return "a capability is kept that a profile does not allow";
		}
	}
	return NULL;
}

static const char *keeps_limits(const struct profile *profile, const json_t *result)
{
	const json_t *is = at(result, "linux", "resources", NULL);

	if (!profile->limits.present)
		return NULL;
	return limit_of(at(is, "pids", "limit", NULL)) > profile->limits.pids ||
			       limit_of(at(is, "memory", "limit", NULL)) >
				       profile->limits.memory_bytes
		       ? "a limit is above a profile's"
		       : NULL;
}

static const char *keeps_masks(const struct profile *profile, const json_t *result)
{
	const json_t *each;
	size_t i;

	if (!profile->capabilities.present ||
	    (profile->capabilities.allowed & CAP_MASK(CAP_SYS_ADMIN)))
		return NULL;
	json_array_foreach(at(result, "mounts", NULL, NULL), i, each)
	{
		if (streq(oci_text(each, "type"), "proc") &&
		    (!holds_text(at(result, "linux", "readonlyPaths", NULL), "/proc/sys") ||
		     !holds_text(at(result, "linux", "maskedPaths", NULL), "/proc/kcore")))
			return "the kernel's files lie open";
	}
	return NULL;
}

static const char *keeps(const struct world *w, size_t i, const json_t *result, uint64_t *seed)
{
	const struct profile *profile = w->profile[i];
	const char *why = keeps_capabilities(profile, result);
	json_t *file, *open;

	why = why ? why : keeps_limits(profile, result);
	why = why ? why : keeps_masks(profile, result);
	if (profile->rootfs.present && !json_is_true(at(result, "root", "readonly", NULL)))
		why = "the root is writable under a profile that forbids it";
	if (why || profile->seccomp.file_digest[0] == '\0')
		return why;
	file = json_pack("{s:{s:o}}", "linux", "seccomp", oci_load(w->file[i].data));
	open = json_pack("{s:{s:{s:s}}}", "linux", "seccomp", "defaultAction", "SCMP_ACT_ALLOW");
	assert_true(file && open);
	/* A file that forbids nothing adds no filter. */
	why = wider_seccomp(file, at(result, "linux", "seccomp", NULL) ? result : open, true, seed);
	json_decref(file);
	json_decref(open);
	return why;
}

/* Everything that no section governs. */
static const char *touched(const json_t *request, const json_t *result)
{
	static const char *const whole[] = { "ociVersion", "annotations" };
	const json_t *namespaces = at(request, "linux", "namespaces", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		if (!json_equal(at(request, whole[i], NULL, NULL),
				at(result, whole[i], NULL, NULL)))
			return whole[i];
	}
	if (namespaces && !json_equal(namespaces, at(result, "linux", "namespaces", NULL)))
		return "namespaces";
	return NULL;
}

/* Than the request, and than the profiles a and b. */
static void check_not_wider(const struct world *w, const struct result *result, uint64_t *seed)
{
	json_t *request = oci_load(w->config.data), *now = oci_load(result->config);
	const char *why;

	assert_non_null(request);
	assert_non_null(now);
	why = wider_capabilities(request, now);
	why = why ? why : wider_limits(request, now);
	why = why ? why : wider_rootfs(request, now);
	why = why ? why : wider_masks(request, now);
	why = why ? why : wider_seccomp(request, now, false, seed);
	why = why ? why : touched(request, now);
	for (size_t i = 0; i < 2; i++)
		why = why ? why : keeps(w, i, now, seed);
	if (why)
		world_fail(w, why, w->config.data, result->config);
	json_decref(request);
	json_decref(now);
}

/* ---- the laws ---- */

static void check_again(const struct world *w, const struct result *first, const char *which)
{
	_cleanup_(result_done) struct result again = decide(w, first->config, which, MODE_ENFORCE);

	if (!again.config || again.changed)
		world_fail(w, "deciding again changes it", first->config, again.config);
	if (again.refused && !first->refused)
		world_fail(w, "deciding again refuses it", first->config, again.config);
}

/* A filter can be said in two ways: by what it says. All else to the letter. */
static bool same_config(const char *one, const char *other, bool coarse, bool mounts,
			uint64_t *seed)
{
	json_t *a = oci_load(one), *b = oci_load(other);
	bool same;

	assert_non_null(a);
	assert_non_null(b);
	/* How a call is denied as a whole may differ, and is told each time. */
	same = coarse || (!wider_seccomp(a, b, false, seed) && !wider_seccomp(b, a, false, seed));
	(void)json_object_del(json_object_get(a, "linux"), "seccomp");
	(void)json_object_del(json_object_get(b, "linux"), "seccomp");
	if (!mounts) {
		(void)json_object_del(a, "mounts");
		(void)json_object_del(b, "mounts");
	}
	same = same && json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return same;
}

static void check_same(const struct world *w, const struct result *first, const char *which,
		       const char *why, uint64_t *seed)
{
	_cleanup_(result_done) struct result other = decide(w, w->config.data, which, MODE_ENFORCE);

	if (!first->config != !other.config || first->refused != other.refused ||
	    (first->config &&
	     !same_config(first->config, other.config, first->coarse || other.coarse, true, seed)))
		world_fail(w, why, first->config, other.config);
}

/*
 * One after the other as all at once. Only tmpfs may differ: what the first has mounted, the next
 * finds mounted.
 */
static void check_steps(const struct world *w, const char *first_step, const char *next_step,
			uint64_t *seed)
{
	_cleanup_(result_done) struct result all = decide(w, w->config.data, "abc", MODE_ENFORCE);
	_cleanup_(result_done) struct result first =
		decide(w, w->config.data, first_step, MODE_ENFORCE);
	_cleanup_(result_done) struct result next = { 0 };

	if (!all.config || !first.config)
		return;
	next = decide(w, first.config, next_step, MODE_ENFORCE);
	if (!next.config || !same_config(all.config, next.config,
					 all.coarse || first.coarse || next.coarse, false, seed))
		world_fail(w, "one after the other is not as all at once", all.config, next.config);
}

/* Refused where either refuses. */
static void check_refusal(const struct world *w, const struct result *both)
{
	_cleanup_(result_done) struct result a = decide(w, w->config.data, "a", MODE_ENFORCE);
	_cleanup_(result_done) struct result b = decide(w, w->config.data, "b", MODE_ENFORCE);

	if (both->config && (!a.config || !b.config || both->refused != (a.refused || b.refused)))
		world_fail(w, "a refusal of one is not one of both", "", "");
}

static void check_audit(const struct world *w, const struct result *enforced)
{
	_cleanup_(result_done) struct result audit = decide(w, w->config.data, "ab", MODE_AUDIT);

	if (!audit.config || audit.changed || audit.refused)
		world_fail(w, "audit mode changes something", enforced->config, audit.config);
}

static void test_laws(void **state)
{
	uint64_t seed = random_seed();
	size_t changed = 0, refused = 0, accepted = 0, coarse = 0;

	print_message("seed %llu, %d rounds\n", (unsigned long long)seed, ROUNDS);
	for (size_t i = 0; i < ROUNDS; i++) {
		_cleanup_(world_done) struct world w = { 0 };
		_cleanup_(result_done) struct result both = { 0 };

		world_make(&w, &seed);
		both = decide(&w, w.config.data, "ab", MODE_ENFORCE);
		check_same(&w, &both, "ba", "the order of profiles matters", &seed);
		check_same(&w, &both, "aab", "a profile twice is not as once", &seed);
		check_refusal(&w, &both);
		check_steps(&w, "ab", "c", &seed);
		check_steps(&w, "a", "bc", &seed);
		if (!both.config)
			continue;
		check_not_wider(&w, &both, &seed);
		check_again(&w, &both, "ab");
		check_audit(&w, &both);
		changed += both.changed;
		refused += both.refused;
		accepted += !both.refused;
		coarse += both.coarse;
	}
	print_message("%zu changed, %zu refused, %zu accepted, %zu with a call denied as a whole\n",
		      changed, refused, accepted, coarse);
	assert_true(changed > ROUNDS / 2 && refused > ROUNDS / 10 && accepted > ROUNDS / 10);
	assert_true(coarse < ROUNDS / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_laws),
	};

	(void)seccomp_api_set(6);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
