/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/peer.c, selector_logic.c, separate.c and zone.c: one way of writing each selector, whom
 * it fits, what follows from it, and the lists of the host. What is no selector is in
 * tests/bad/profile.
 */
#include "profiles/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/host.h"
#include "profiles/selector_logic.h"
#include "profiles/selector_text.h"
#include "profiles/separate.h"
#include "tests/unit/alloc.h"

static int parse(const char *text, struct peer_selector *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "peer", text, strlen(text), err);

	return r < 0 ? r : peer_selector_parse(doc, doc_root(doc), ret, err);
}

static struct peer_selector parsed(const char *text)
{
	struct peer_selector selector = { 0 };
	struct err err = { 0 };

	if (parse(text, &selector, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return selector;
}

#define NAME             "kubernetes.io/metadata.name"
#define IN(key, values)  "{\"key\":\"" key "\",\"operator\":\"In\",\"values\":[" values "]}"
#define LABELS(list)     "\"labelSelector\":{\"matchExpressions\":[" list "]}"
#define NAMESPACES(list) "\"namespaceSelector\":{\"matchExpressions\":[" list "]}"

/* The digests are sha256sum's of the text. */
static const struct {
	const char *text, *canonical, *set, *words;
} canonical[] = {
	{ "{\"labelSelector\": {}}", "{\"labelSelector\":{}}", "peer-672ea1a1b5a0676d",
	  "every container" },
	{ "{\"labelSelector\": {\"matchLabels\": {\"tier\": \"web\"}}}",
	  "{" LABELS(IN("tier", "\"web\"")) "}", "peer-42cf9913e692dcfa",
	  "containers with tier=web" },
	{ "{\"labelSelector\": {\"matchLabels\": {}, \"matchExpressions\": [{\"values\": "
	  "[\"web\", \"web\"], \"operator\": \"In\", \"key\": \"tier\"}]}, \"ports\": 1}",
	  "{" LABELS(IN("tier", "\"web\"")) "}", "peer-42cf9913e692dcfa",
	  "containers with tier=web" },
	{ "{\"labelSelector\": {\"matchLabels\": {\"z\": \"\", \"a\": \"x y\"}, "
	  "\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"In\", \"values\": [\"x y\"]}, "
	  "{\"key\": \"b\", \"operator\": \"Exists\"}]}}",
	  "{" LABELS(IN("a", "\"x y\"") ",{\"key\":\"b\",\"operator\":\"Exists\"}," IN("z",
										       "\"\"")) "}",
	  NULL, "containers with a=\"x y\", b, z=\"\"" },
	{ "{\"namespaceSelector\": {}}", "{\"namespaceSelector\":{}}", NULL,
	  "every container of any namespace" },
	{ "{\"namespaceSelector\": {}, \"labelSelector\": {}}", "{\"namespaceSelector\":{}}", NULL,
	  "every container of any namespace" },
	{ "{\"namespaceSelector\": {\"matchLabels\": {\"" NAME "\": \"prod\"}}, "
	  "\"labelSelector\": {\"matchLabels\": {\"a\": \"b\"}}}",
	  "{" LABELS(IN("a", "\"b\"")) "," NAMESPACES(IN(NAME, "\"prod\"")) "}", NULL,
	  "containers with a=b of namespace prod" },
	{ "{\"namespaceSelector\": {\"matchExpressions\": [{\"key\": \"" NAME
	  "\", \"operator\": \"NotIn\", \"values\": [\"b\", \"a\"]}]}}",
	  "{\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"" NAME
	  "\",\"operator\":\"NotIn\",\"values\":[\"a\",\"b\"]}]}}",
	  NULL, "every container of namespaces with " NAME " notin (a,b)" },
};

static void test_canonical(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(canonical); i++) {
		struct peer_selector once = parsed(canonical[i].text), again;
		_cleanup_buf_ struct buf words = { 0 };

		assert_string_equal(once.text, canonical[i].canonical);
		if (canonical[i].set)
			assert_string_equal(once.set, canonical[i].set);
		assert_int_equal(strlen(once.set), strlen("peer-") + 16);
		again = parsed(once.text);
		assert_string_equal(again.text, once.text);
		assert_string_equal(again.set, once.set);
		peer_selector_describe(&once, &words);
		assert_string_equal(words.data, canonical[i].words);
		peer_selector_done(&once);
		peer_selector_done(&again);
	}
}

/* Labels as "a=1 b=2"; those of an image behind "!". */
static struct labels labels_of(const char *text)
{
	struct labels labels = { 0 };
	struct err err = { 0 };

	for (const char *at = text; *at; at += strspn(at, " ")) {
		bool image = *at == '!';
		const char *equals;
		char key[16], value[16];
		size_t len;

		at += image;
		equals = strchr(at, '=');
		assert_non_null(equals);
		len = strcspn(equals, " ");
		(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - at), at);
		(void)snprintf(value, sizeof(value), "%.*s", (int)len - 1, equals + 1);
		assert_int_equal(labels_set(&labels, key, value,
					    image ? LABEL_FROM_IMAGE : LABEL_FROM_ENGINE, NULL,
					    &err),
				 0);
		at = equals + len;
	}
	return labels;
}

static void test_fits(void **state)
{
#define OF(selector)                                                                               \
	"{\"labelSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":" selector "}]}}"
#define OF_NAME(selector)                                                                          \
	"{\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"" NAME                           \
	"\",\"operator\":" selector "}]}}"
	static const struct {
		const char *selector, *labels, *namespace;
		bool fits;
	} rows[] = {
		{ "{\"labelSelector\":{}}", "", NULL, true },
		{ "{\"labelSelector\":{}}", "a=1", "prod", true },
		{ OF("\"In\",\"values\":[\"1\"]"), "a=1", NULL, true },
		{ OF("\"In\",\"values\":[\"1\"]"), "a=1", "prod", true },
		{ OF("\"In\",\"values\":[\"1\"]"), "a=2", NULL, false },
		{ OF("\"In\",\"values\":[\"1\"]"), "", NULL, false },
		/* An image opens no door, and keeps some shut. */
		{ OF("\"In\",\"values\":[\"1\"]"), "!a=1", NULL, false },
		{ OF("\"Exists\""), "!a=1", NULL, false },
		{ OF("\"Exists\""), "a=1", NULL, true },
		{ OF("\"NotIn\",\"values\":[\"1\"]"), "!a=1", NULL, false },
		{ OF("\"NotIn\",\"values\":[\"1\"]"), "!a=2", NULL, true },
		{ OF("\"NotIn\",\"values\":[\"1\"]"), "", NULL, true },
		{ OF("\"DoesNotExist\""), "!a=1", NULL, false },
		{ OF("\"DoesNotExist\""), "b=1", NULL, true },
		{ "{\"labelSelector\":{\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}}}", "a=1 b=2",
		  NULL, true },
		{ "{\"labelSelector\":{\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}}}", "a=1", NULL,
		  false },
		/* A namespace is a pod's; a label of that name is none. */
		{ "{\"namespaceSelector\":{}}", "", "prod", true },
		{ "{\"namespaceSelector\":{}}", "", NULL, false },
		{ OF_NAME("\"In\",\"values\":[\"prod\"]"), "", "prod", true },
		{ OF_NAME("\"In\",\"values\":[\"prod\"]"), "", "test", false },
		{ OF_NAME("\"In\",\"values\":[\"prod\"]"), "", NULL, false },
		{ OF_NAME("\"NotIn\",\"values\":[\"prod\"]"), "", "test", true },
		{ OF_NAME("\"NotIn\",\"values\":[\"prod\"]"), "", NULL, false },
		{ OF_NAME("\"DoesNotExist\""), "", "test", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_selector selector = parsed(rows[i].selector);
		struct labels labels = labels_of(rows[i].labels);

		if (peer_selector_fits(&selector, &labels, rows[i].namespace) != rows[i].fits)
			fail_msg("row %zu: %s with %s", i, rows[i].selector, rows[i].labels);
		labels_done(&labels);
		peer_selector_done(&selector);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"ipBlock\": {}}",
		"{\"labelSelector\": null}",
		"{\"labelSelector\": {}, \"namespaceSelector\": null}",
		"{\"labelSelector\": {\"matchLabels\": {\"a\": 1}}}",
		"{\"namespaceSelector\": {\"matchLabels\": {\"team\": \"a\"}}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_selector selector = { .of_namespace = true };
		struct err err = { 0 };

		assert_true(parse(rows[i], &selector, &err) < 0);
		assert_int_equal(err.class, ERR_INPUT);
		assert_true(selector.of_namespace && !selector.text); /* untouched */
	}
}

static int parse_one(void *arg, struct err *err)
{
	struct peer_selector selector = { 0 };
	int r = parse(arg, &selector, err);

	peer_selector_done(&selector);
	return r;
}

static void test_memory(void **state)
{
	static const char text[] =
		"{\"labelSelector\": {\"matchLabels\": {\"b\": \"1\", \"a\": "
		"\"2\"}}, \"namespaceSelector\": {\"matchLabels\": {\"" NAME "\": \"x\"}}}";

	assert_true(alloc_fail_each(parse_one, (void *)(uintptr_t)text) > 10);
}

/* ---- what follows ---- */

static struct selector selector_of(const char *text)
{
	struct selector selector = { 0 };
	struct err err = { 0 };

	if (selector_parse_text(text, &selector, &err) < 0)
		fail_msg("%s", err.text);
	return selector;
}

/* Every requirement on one label with up to two of three values. */
static const char *const requirements[] = {
	"a in (1)",
	"a in (1,2)",
	"a in (2,3)",
	"a in (1,2,3)",
	"a notin (1)",
	"a notin (1,2)",
	"a notin (3)",
	"a notin (2,3)",
	"a notin (1,3)",
	"a",
	"!a",
};

/* The label is absent, or one of these; 4 stands for every other value. */
static const char *const values[] = { NULL, "1", "2", "3", "4" };

static bool holds_all(const struct selector *const *v, size_t n, const char *value)
{
	const struct label label = { .key = (char[]){ "a" },
				     .value = (char *)(uintptr_t)value,
				     .source = LABEL_FROM_ENGINE };

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < v[i]->n; k++) {
			if (!requirement_holds(&v[i]->v[k], value ? &label : NULL))
				return false;
		}
	}
	return true;
}

static void check_logic(const struct selector *const *facts, const struct selector *what,
			bool has_label, size_t *implied, size_t *contradicting)
{
	const struct selector_facts said = { facts, 2, has_label };
	bool possible = false, follows = true;

	for (size_t i = has_label; i < ARRAY_SIZE(values); i++) {
		bool holds = holds_all(facts, 2, values[i]);

		possible = possible || holds;
		follows = follows && (!holds || holds_all(&what, 1, values[i]));
	}
	assert_int_equal(selectors_contradict(&said), !possible);
	assert_int_equal(selectors_contradict_on(&said, "a"), !possible);
	assert_false(selectors_contradict_on(&said, "b"));
	if (possible && selectors_imply(&said, &what->v[0]) != follows)
		fail_msg("%zu", (size_t)(what->v[0].op));
	*contradicting += !possible;
	*implied += possible && follows;
}

/* Of two requirements, against every value that the label can have. */
static void test_logic(void **state)
{
	struct selector all[ARRAY_SIZE(requirements)];
	size_t implied = 0, contradicting = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = selector_of(requirements[i]);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
			const struct selector *facts[] = { &all[i], &all[k] };

			for (size_t w = 0; w < ARRAY_SIZE(all); w++) {
				check_logic(facts, &all[w], false, &implied, &contradicting);
				check_logic(facts, &all[w], true, &implied, &contradicting);
			}
		}
	}
	assert_true(implied > 200 && contradicting > 200);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		selector_done(&all[i]);
}

/* ---- the host's lists ---- */

static struct host *host_of(const char *text)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct host *host = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "coaming.json", text, strlen(text), &err) < 0 ||
	    host_parse(doc, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static void test_zones(void **state)
{
	_cleanup_host_ struct host *host =
		host_of("{\"zones\": {\"b\": [\"10.1.0.0/16\", \"fd00::/8\", \"10.0.0.0/8\", "
			"\"9.0.0.0/8\", \"10.0.0.0/8\", \"10.2.3.4\"], \"a\": [\"::1\"]}}");
	static const char *const wanted[] = { "9.0.0.0/8", "10.0.0.0/8", "fd00::/8" };
	const struct zone *zone = NULL;
	struct err err = { 0 };

	assert_int_equal(host->zones.n, 2);
	assert_string_equal(host->zones.v[0].name, "a");
	assert_int_equal(zones_get(&host->zones, "b", &zone, &err), 0);
	assert_int_equal(zone->n_cidrs, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		char text[CIDR_TEXT_MAX];

		assert_string_equal(cidr_format(text, &zone->cidrs[i]), wanted[i]);
	}
	assert_int_equal(zones_get(&host->zones, "c", &zone, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "zone \"c\""));
}

static void test_separate(void **state)
{
	_cleanup_host_ struct host *host = host_of(
		"{\"separate\": [\"data-class\", \"example.com/x\", \"io.coaming.data-class\", "
		"\"a.b\"], \"separateIgnores\": [\"/etc/localtime\"]}");
	static const char *const wanted[] = { "a.b", "example.com/x", "io.coaming.data-class" };
	struct labels labels = labels_of("a.b=1 !x=2");
	char set[APART_SET_MAX];

	assert_int_equal(host->n_separate, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(host->separate[i], wanted[i]);
	assert_int_equal(host->n_separate_ignores, 1);
	assert_string_equal(separate_class(&labels, "a.b"), "1");
	assert_string_equal(separate_class(&labels, "x"), ""); /* an image chooses no class */
	assert_string_equal(separate_class(&labels, "y"), "");
	assert_string_equal(separate_set(set, "io.coaming.data-class"), "apart-7e036cd82a8dc98d");
	assert_true(host_separates(host));
	host->mode = MODE_AUDIT;
	assert_false(host_separates(host));
	host->audit_spares_floor = true;
	assert_true(host_separates(host));
	labels_done(&labels);
}

/* ---- what keeps a container apart ---- */

static struct profile *profile_of(const char *name, const char *members)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct profile *profile = NULL;
	struct err err = { 0 };
	char file[64], text[512];

	(void)snprintf(file, sizeof(file), "%s.json", name);
	(void)snprintf(text, sizeof(text), "{\"name\": \"%s\", %s}", name, members);
	if (doc_parse(&doc, file, text, strlen(text), &err) < 0 ||
	    profile_parse(doc, NULL, NULL, &profile, &err) < 0)
		fail_msg("%s", err.text);
	return profile;
}

/* "a.b:host c.d:p", in their order. */
static void check_separations(const struct host *host, const struct selection *selection,
			      enum mode mode, const char *wanted)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct separation at = { 0 };

	buf_adds(&text, "");
	while (separation_next(host, selection, mode, &at))
		buf_addf(&text, "%s%s:%s", text.len ? " " : "", at.key, separation_by(&at));
	assert_string_equal(text.data, wanted);
	assert_int_equal(separation_any(host, selection, mode), wanted[0] != '\0');
}

/* The host's, those of enforced profiles and those of audited ones: each key once. */
static void test_separations(void **state)
{
	_cleanup_host_ struct host *host = host_of("{\"separate\": [\"h.b\", \"h.d\"]}");
	_cleanup_profile_ struct profile *p = profile_of("p", "\"separate\": [\"h.b\", \"p.c\"]");
	_cleanup_profile_ struct profile *q =
		profile_of("q", "\"mode\": \"audit\", \"separate\": [\"p.c\", \"a.q\"], "
				"\"limits\": {\"mode\": \"enforce\", \"pids\": 1}");
	struct selected v[] = { { .profile = p, .mode = MODE_ENFORCE },
				{ .profile = q, .mode = MODE_ENFORCE } };
	struct selection both = { .v = v, .n = ARRAY_SIZE(v) };
	const struct selection none = { 0 };

	check_separations(NULL, &none, MODE_ENFORCE, "");
	check_separations(host, &none, MODE_ENFORCE, "h.b:host h.d:host");
	check_separations(host, &none, MODE_AUDIT, "");
	check_separations(NULL, &both, MODE_ENFORCE, "h.b:p p.c:p");
	check_separations(host, &both, MODE_ENFORCE, "h.b:host h.d:host p.c:p");
	check_separations(host, &both, MODE_AUDIT, "a.q:q p.c:q");
	assert_int_equal(separation_count(host, &both, MODE_ENFORCE), 3);
	v[0].mode = MODE_AUDIT;
	check_separations(host, &both, MODE_ENFORCE, "h.b:host h.d:host");
	check_separations(host, &both, MODE_AUDIT, "a.q:q h.b:p p.c:p");
	host->mode = MODE_AUDIT;
	check_separations(host, &both, MODE_AUDIT, "a.q:q h.b:host h.d:host p.c:p");
	both.exempt = &(struct exemption){ 0 };
	check_separations(host, &both, MODE_AUDIT, "");
}

/* A section in audit mode does not take the separation with it, nor the other way round. */
static void test_separation_mode(void **state)
{
	_cleanup_profile_ struct profile *p =
		profile_of("p", "\"separate\": [\"x\"], "
				"\"network\": {\"mode\": \"audit\", \"ingress\": []}");
	struct profile enforced = *p, audited = *p; /* what they point to is its */

	assert_true(profile_has_mode(p, MODE_ENFORCE));
	assert_true(profile_has_mode(p, MODE_AUDIT));
	profile_keep_mode(&enforced, MODE_ENFORCE);
	assert_true(enforced.separate.present && !enforced.network.present);
	profile_keep_mode(&audited, MODE_AUDIT);
	assert_true(!audited.separate.present && audited.network.present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_logic),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_separate),
		cmocka_unit_test(test_separations),
		cmocka_unit_test(test_separation_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
