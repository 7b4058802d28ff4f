/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/match.c and image.c: to which containers a profile applies by itself; select.c: what it
 * brings along.
 *
 * Source: coaming-profile(5), "match", "extends", "selectable", "mode"
 */
#include "tests/unit/shop.h"

#include "profiles/image.h"
#include "profiles/policy.h"

/* ---- images ---- */

static const struct {
	const char *pattern, *name;
	bool fits;
} images[] = {
	/* A short name and its long forms are one. */
	{ "nginx", "nginx", true },
	{ "nginx", "docker.io/library/nginx:latest", true },
	{ "docker.io/library/nginx", "nginx", true },
	{ "library/nginx", "nginx:1.27", true },
	{ "team/app", "docker.io/team/app:3", true },
	{ "nginx", "quay.io/nginx", false },
	{ "nginx", "docker.io/team/nginx", false },
	{ "nginx", "nginx-unprivileged", false },
	{ "localhost/app", "localhost/app:1", true },
	{ "localhost/app", "app", false },
	{ "registry:5000/app", "registry:5000/app", true },
	{ "registry:5000/app", "registry:5000/app:2", true },
	{ "registry:5000/app", "registry/app", false },
	/* Without tag and digest: any. With: that one. */
	{ "nginx:1.27", "nginx:1.27", true },
	{ "nginx:1.27", "nginx:1.26", false },
	{ "nginx:1.27", "nginx", false },
	{ "nginx:latest", "nginx", true },
	{ "nginx:latest", "nginx@sha256:aa", false },
	{ "nginx:1.*", "nginx:1.27", true },
	{ "nginx:1.*", "nginx:1", false },
	{ "nginx", "nginx@sha256:aa", true },
	{ "nginx@sha256:aa", "nginx@sha256:aa", true },
	{ "nginx@sha256:aa", "nginx:1.27@sha256:aa", true },
	{ "nginx@sha256:aa", "nginx@sha256:ab", false },
	{ "nginx@sha256:aa", "nginx", false },
	{ "nginx:1.27@sha256:a*", "nginx:1.27@sha256:ab", true },
	{ "nginx:1.26@sha256:a*", "nginx:1.27@sha256:ab", false },
	/* Wildcards go across slashes, and may stand for the registry. */
	{ "*", "quay.io/a/b/c:1", true },
	{ "*/nginx", "quay.io/a/nginx:1", true },
	{ "*/nginx", "quay.io/a/nginx-x:1", false },
	{ "registry.example.com/pci/*", "registry.example.com/pci/shop/web:2", true },
	{ "registry.example.com/pci/*", "registry.example.com/pci", false },
	{ "registry.example.com/pci/*", "registry.example.com/pcix/web", false },
	{ "registry.example.com/pci/*", "evil.example/registry.example.com/pci/web", false },
	{ "ngin?", "nginx", true },
	{ "ngin?", "ngin", false },
	{ "*a*b*c", "x/aXbXbXc", true },
	{ "*a*b*c", "x/aXcXb", false },
	{ "**", "x", true },
	/* What is no name fits nothing that is. */
	{ "nginx", "", false },
	{ "nginx", ":", false },
	{ "nginx", "@", false },
	{ "nginx", "/nginx", false },
};

static void test_images(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		assert_true(image_pattern_is_valid(images[i].pattern));
		if (image_matches(images[i].pattern, images[i].name) != images[i].fits)
			fail_msg("%s on %s: not %d", images[i].pattern, images[i].name,
				 images[i].fits);
	}
}

/* A name that costs a naive matcher years, and one that is too long. */
static void test_hostile_image(void **state)
{
	char name[IMAGE_NAME_MAX + 2] = "";

	memset(name, 'a', IMAGE_NAME_MAX);
	assert_false(image_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
	assert_true(image_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a", name));
	name[IMAGE_NAME_MAX] = 'a';
	assert_false(image_matches("*", name));
}

/* ---- match ---- */

#define S(members) "\"labelSelector\": {" members "}"
#define HAS(key)   S("\"matchExpressions\": [{\"key\": \"" key "\", \"operator\": \"Exists\"}]")
#define HASNT(key)                                                                                 \
	S("\"matchExpressions\": [{\"key\": \"" key "\", \"operator\": \"DoesNotExist\"}]")
#define FROM(names) ", \"sources\": [" names "]"

static const struct {
	const char *match; /* of a container with the labels i, e and a of those sources */
	const char *image;
	bool fits;
	bool by_image; /* and only since the image's own labels count */
} matches[] = {
	{ HAS("a"), NULL, true },
	{ HAS("e"), NULL, true },
	{ HAS("i"), NULL, true, true },
	{ HAS("i") FROM("\"engine\", \"annotation\""), NULL, false },
	{ HASNT("a"), NULL, false },
	{ HASNT("i"), NULL, true },
	{ HAS("a") FROM("\"annotation\""), NULL, true },
	{ HAS("e") FROM("\"annotation\""), NULL, false },
	{ HAS("a") FROM("\"engine\""), NULL, false },
	{ HAS("e") FROM("\"engine\", \"annotation\""), NULL, true },
	{ HAS("i") FROM("\"image\""), NULL, true, true },
	{ HAS("a") FROM("\"image\""), NULL, false },
	/* What an image says never keeps a profile away. */
	{ HASNT("i") FROM("\"image\""), NULL, true },
	{ HASNT("i") FROM("\"image\", \"engine\""), NULL, true },
	{ HASNT("e") FROM("\"image\", \"engine\""), NULL, false },
	/* The command's own, as `coaming explain --label` gives it, always counts. */
	{ HAS("c") FROM("\"engine\""), NULL, true },
	{ HASNT("c") FROM("\"engine\""), NULL, false },
	/* Both must hold; an image that is not known is none that was meant. */
	{ "\"image\": [\"nginx\"]", "nginx:1", true },
	{ "\"image\": [\"httpd\", \"nginx\"]", "nginx:1", true },
	{ "\"image\": [\"httpd\"]", "nginx:1", false },
	{ "\"image\": [\"*\"]", NULL, false },
	{ HAS("a") ", \"image\": [\"nginx\"]", "nginx:1", true },
	{ HAS("a") ", \"image\": [\"nginx\"]", "httpd", false },
	{ HAS("x") ", \"image\": [\"nginx\"]", "nginx:1", false },
};

static void test_match(void **state)
{
	struct labels labels = { 0 };
	struct err err = { 0 };

	for (int source = 0; source < LABEL_SOURCES_; source++) {
		static const char *const keys[] = { "i", "e", "a", "c" };

		assert_int_equal(labels_set(&labels, keys[source], "1", (enum label_source)source,
					    NULL, &err),
				 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct match match = { 0 };
		struct metadata metadata;
		char text[512];

		(void)snprintf(text, sizeof(text), "{%s}", matches[i].match);
		if (doc_parse(&doc, "match", text, strlen(text), &err) < 0 ||
		    match_parse(doc, doc_root(doc), &match, &err) < 0)
			fail_msg("%s: %s", text, err.text);
		metadata = (struct metadata){ &labels, matches[i].image };
		if (match_fits(&match, &metadata) != matches[i].fits)
			fail_msg("%s on %s: not %d", text, matches[i].image, matches[i].fits);
		if (match_fits_trusted(&match, &metadata) !=
		    (matches[i].fits && !matches[i].by_image))
			fail_msg("%s on %s: by the image", text, matches[i].image);
		match_done(&match);
	}
	labels_done(&labels);
}

/* ---- extends, selectable, sections in another mode ---- */

/* "name:why:by[:audit] ..." of what a label selects. */
static int selected(const struct place *p, const char *host_rest, const char *names,
		    char out[ERR_TEXT_MAX], struct err *err)
{
	_cleanup_host_ struct host *host = shop_host(p, host_rest);
	_cleanup_store_ struct store *store = NULL;
	struct selection selection = { 0 };
	struct labels labels = { 0 };
	int r;

	assert_int_equal(labels_set(&labels, LABEL_PROFILE, names, LABEL_FROM_ENGINE, NULL, err),
			 0);
	r = store_open(host, &store, err);
	if (r == 0)
		r = select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection,
				    err);
	out[0] = '\0';
	for (size_t i = 0; i < selection.n; i++) {
		const struct selected *s = &selection.v[i];

		(void)snprintf(out + strlen(out), ERR_TEXT_MAX - strlen(out), "%s%s:%s%s%s%s",
			       i ? " " : "", s->profile->name, why_name(s->why), s->by ? ":" : "",
			       s->by ? s->by : "", s->mode == MODE_AUDIT ? ":audit" : "");
	}
	selection_done(&selection);
	labels_done(&labels);
	return r;
}

#define EXTENDS(names) ", \"extends\": [" names "]"
#define AUDIT          ", \"mode\": \"audit\""

static const struct {
	const char *names, *expected;
} extended[] = {
	{ "base", "base:label" },
	{ "web", "base:extends:web web:label" },
	{ "pci", "base:extends:web pci:label web:extends:pci" },
	/* Named and extended: once, for the first reason. */
	{ "base,web", "base:label web:label" },
	{ "web,base", "base:extends:web web:label" },
	{ "web,pci", "base:extends:web pci:label web:label" },
	/* Both ways lead to the same. */
	{ "diamond", "base:extends:web diamond:label other:extends:diamond web:extends:diamond" },
	/* Who only audits makes nobody enforce, and does not keep anybody from it. */
	{ "trial", "base:extends:web:audit trial:label:audit web:extends:trial:audit" },
	{ "trial,base", "base:extends:web trial:label:audit web:extends:trial:audit" },
	{ "trial,web", "base:extends:web trial:label:audit web:extends:trial" },
	{ "base,trial", "base:label trial:label:audit web:extends:trial:audit" },
	/* A section of its own mode says nothing of what is extended. */
	{ "partial", "base:extends:partial:audit partial:label" },
	{ "mixed", "base:extends:mixed mixed:label:audit" },
};

static void stock(const struct place *p)
{
	shop_profile(p, "lo", "base", "");
	shop_profile(p, "lo", "web", EXTENDS("\"base\""));
	shop_profile(p, "lo", "other", EXTENDS("\"base\""));
	shop_profile(p, "lo", "pci", EXTENDS("\"web\""));
	shop_profile(p, "lo", "diamond", EXTENDS("\"web\", \"other\""));
	shop_profile(p, "lo", "trial", EXTENDS("\"web\"") AUDIT);
	shop_profile(p, "lo", "partial",
		     EXTENDS("\"base\"") AUDIT
		     ", \"limits\": {\"mode\": \"enforce\", \"pids\": 5}");
	shop_profile(p, "lo", "mixed",
		     EXTENDS("\"base\"") ", \"limits\": {\"mode\": \"audit\", \"pids\": 5}");
	shop_profile(p, "lo", "hidden", ", \"selectable\": false");
	shop_profile(p, "lo", "on-hidden", EXTENDS("\"hidden\""));
	shop_profile(p, "lo", "a", EXTENDS("\"b\""));
	shop_profile(p, "lo", "b", EXTENDS("\"c\""));
	shop_profile(p, "lo", "c", EXTENDS("\"base\", \"b\""));
	shop_profile(p, "lo", "orphan", EXTENDS("\"web\", \"none\""));
}

static void test_extends(void **state)
{
	const struct place *p = *state;

	stock(p);
	for (size_t i = 0; i < ARRAY_SIZE(extended); i++) {
		struct err err = { 0 };
		char out[ERR_TEXT_MAX];

		if (selected(p, "", extended[i].names, out, &err) < 0)
			fail_msg("%s: %s", extended[i].names, err.text);
		if (!streq(out, extended[i].expected))
			fail_msg("%s:\n  selects %s\n  wanted  %s", extended[i].names, out,
				 extended[i].expected);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *names;
		int errnum;
		enum err_class class;
		const char *sentence;
	} rows[] = {
		{ "a", ELOOP, ERR_INPUT,
		  "profile a extends b extends c extends b: profiles cannot extend each other in a "
		  "circle" },
		{ "c", ELOOP, ERR_INPUT,
		  "profile c extends b extends c: profiles cannot extend each other in a circle" },
		{ "orphan", EBADMSG, ERR_INPUT,
		  "profile orphan extends none: the last one is in none of the profile "
		  "directories" },
		{ "hidden", EPERM, ERR_REFUSED, "which no label may name" },
		{ "web,hidden", EPERM, ERR_REFUSED, "which no label may name" },
	};
	struct err err = { 0 };
	char out[ERR_TEXT_MAX];

	stock(*state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err_clear(&err);
		assert_int_equal(selected(*state, "", rows[i].names, out, &err), -rows[i].errnum);
		assert_int_equal(err.class, rows[i].class);
		assert_string_equal(out, "");
		if (!strstr(err.text, rows[i].sentence))
			fail_msg("%s: %s", rows[i].names, err.text);
	}
	/* Others may bring it. */
	err_clear(&err);
	assert_int_equal(selected(*state, "", "on-hidden", out, &err), 0);
	assert_string_equal(out, "hidden:extends:on-hidden on-hidden:label");
	assert_int_equal(selected(*state, ", \"floor\": [\"hidden\"]", "base", out, &err), 0);
	assert_string_equal(out, "base:label hidden:floor");
}

/* A chain that is too long, though it has no circle. */
static void test_long_chain(void **state)
{
	struct err err = { 0 };
	char out[ERR_TEXT_MAX], name[16], rest[64];

	for (int i = 0; i <= 17; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		(void)snprintf(rest, sizeof(rest), EXTENDS("\"p%d\""), i + 1);
		shop_profile(*state, "lo", name, i < 17 ? rest : "");
	}
	assert_int_equal(selected(*state, "", "p1", out, &err), 0);
	assert_int_equal(selected(*state, "", "p0", out, &err), -ELOOP);
	assert_non_null(strstr(err.text, "too many profiles extend each other"));
}

/* ---- sections of another mode ---- */

static const char request[] =
	"{\"process\": {\"capabilities\": {\"bounding\": [\"CAP_CHOWN\", \"CAP_KILL\"]}}, "
	"\"root\": {\"path\": \"/r\"}, \"linux\": {}}";

/* Every change, "would: " before those of audit. */
static void decided(const char *profile_text, struct buf *out, struct verdict *verdict)
{
	_cleanup_doc_ struct doc *doc = NULL, *config = NULL;
	_cleanup_profile_ struct profile *profile = NULL;
	struct selected one = { .why = WHY_NAMED };
	const struct selection selection = { .v = &one, .n = 1 };
	const struct host host = { 0 };
	struct facts facts = { 0 };
	struct err err = { 0 };

	if (doc_parse(&doc, "p.json", profile_text, strlen(profile_text), &err) < 0 ||
	    profile_parse(doc, NULL, NULL, &profile, &err) < 0 ||
	    doc_parse(&config, "config.json", request, strlen(request), &err) < 0)
		fail_msg("%s", err.text);
	one.profile = profile;
	one.mode = profile_has_mode(profile, MODE_ENFORCE) ? MODE_ENFORCE : MODE_AUDIT;
	assert_int_equal(facts_from_config(config, &facts, &err), 0);
	if (policy_decide(&host, &selection, config, &facts, verdict, &err) < 0)
		fail_msg("%s", err.text);
	buf_adds(out, "");
	for (size_t i = 0; i < verdict->changes.n; i++) {
		const struct change *c = &verdict->changes.v[i];

		buf_addf(out, "%s%s: %s\n", c->audit ? "would: " : "", section_name(c->section),
			 c->what);
	}
	facts_done(&facts);
}

#define NO_NEW                                                                                     \
	"sets noNewPrivileges: no program gains privileges by its set-uid bit or file "            \
	"capabilities"

static const struct {
	const char *profile, *changes;
	enum mode mode;
} modes[] = {
	{ "{\"name\": \"p\", \"rootfs\": {\"readOnly\": true, \"mode\": \"audit\"}, "
	  "\"capabilities\": {\"allow\": [\"CHOWN\"]}}",
	  "capabilities: takes CAP_KILL from bounding\n"
	  "capabilities: " NO_NEW "\n"
	  "would: rootfs: makes the root read-only\n",
	  MODE_ENFORCE },
	{ "{\"name\": \"p\", \"mode\": \"audit\", \"rootfs\": {\"readOnly\": true}, "
	  "\"limits\": {\"pids\": 5, \"mode\": \"enforce\"}}",
	  "limits: limits it to 5 processes\n"
	  "would: capabilities: " NO_NEW "\n"
	  "would: rootfs: makes the root read-only\n",
	  MODE_ENFORCE },
	{ "{\"name\": \"p\", \"limits\": {\"pids\": 5, \"mode\": \"audit\"}}",
	  "would: limits: limits it to 5 processes\n", MODE_AUDIT },
	{ "{\"name\": \"p\", \"admission\": {\"deny\": [\"hostPID\"], \"mode\": \"audit\"}, "
	  "\"limits\": {\"pids\": 5}}",
	  "limits: limits it to 5 processes\n"
	  "would: admission: hostPID is denied: it asks for the host's process namespace\n",
	  MODE_ENFORCE },
};

static void test_section_modes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		_cleanup_verdict_ struct verdict verdict = { 0 };
		_cleanup_buf_ struct buf out = { 0 };

		decided(modes[i].profile, &out, &verdict);
		if (!streq(out.data, modes[i].changes))
			fail_msg("%s:\n%s\nwanted\n%s", modes[i].profile, out.data,
				 modes[i].changes);
		assert_int_equal(verdict.mode, modes[i].mode);
		assert_int_equal(verdict.outcome, OUTCOME_ACCEPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_hostile_image),
		cmocka_unit_test(test_match),
		in_shop(test_extends),
		in_shop(test_refused),
		in_shop(test_long_chain),
		cmocka_unit_test(test_section_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
