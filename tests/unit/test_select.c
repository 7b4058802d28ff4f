/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/select.c: which profiles apply, for which reason and in which mode, and whose labels
 * count for what.
 *
 * Source: coaming.json(5); README.md, how profiles are chosen
 */
#include "tests/unit/shop.h"

static const char config[] =
	"{\"exempt\": [{\"labelSelector\": {\"matchLabels\": {\"tier\": \"infra\"}}, "
	"\"reason\": \"r\"}], \"profileDirs\": [\"/nonexistent\"], \"defaultProfile\": null}";

static void write_config(const struct place *p, char path[128])
{
	_cleanup_close_ int dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	(void)snprintf(path, 128, "%s/coaming.json", p->dir);
	assert_int_equal(file_write_atomic(dirfd, "coaming.json", config, strlen(config), 0600,
					   (uid_t)-1, (gid_t)-1, false, &err),
			 0);
}

static bool is_exempt(const char *path, enum label_source source)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_store_ struct store *store = NULL;
	struct labels labels = { 0 };
	struct selection selection = { 0 };
	struct err err = { 0 };
	bool exempt;

	assert_int_equal(host_load(path, &host, &err), 0);
	assert_int_equal(store_open(host, &store, &err), 0);
	assert_int_equal(labels_set(&labels, "tier", "infra", source, NULL, &err), 0);
	assert_int_equal(labels_set(&labels, "z", "1", LABEL_FROM_ANNOTATION, NULL, &err), 0);
	assert_int_equal(
		select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection, &err),
		0);
	exempt = selection.exempt;
	selection_done(&selection);
	labels_done(&labels);
	return exempt;
}

static void test_exempt(void **state)
{
	char path[128];

	write_config(*state, path);
	assert_true(is_exempt(path, LABEL_FROM_ANNOTATION));
	assert_true(is_exempt(path, LABEL_FROM_ENGINE));
	assert_false(is_exempt(path, LABEL_FROM_IMAGE));
}

/* ---- which profiles ---- */

/* "name:why:mode ..." of what is selected, or the error's sentence and its errno. */
static int selected(const struct place *p, const char *config_rest, const char *labels_text,
		    char out[ERR_TEXT_MAX], struct err *err)
{
	_cleanup_host_ struct host *host = shop_host(p, config_rest);
	_cleanup_store_ struct store *store = NULL;
	struct selection selection = { 0 };
	struct labels labels = { 0 };
	int r;

	shop_labels(&labels, labels_text);
	r = store_open(host, &store, err);
	if (r == 0)
		r = select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection,
				    err);
	out[0] = '\0';
	if (selection.exempt)
		(void)snprintf(out, ERR_TEXT_MAX, "exempt: %s", selection.exempt->reason);
	for (size_t i = 0; i < selection.n; i++) {
		const struct selected *s = &selection.v[i];

		(void)snprintf(out + strlen(out), ERR_TEXT_MAX - strlen(out), "%s%s:%s%s",
			       i ? " " : "", s->profile->name, why_name(s->why),
			       s->mode == MODE_AUDIT ? ":audit" : "");
	}
	selection_done(&selection);
	labels_done(&labels);
	return r;
}

static void selects(const struct place *p, const char *config_rest, const char *labels,
		    const char *expected)
{
	struct err err = { 0 };
	char out[ERR_TEXT_MAX];

	if (selected(p, config_rest, labels, out, &err) < 0)
		fail_msg("%s on %s: %s", config_rest, labels, err.text);
	if (!streq(out, expected))
		fail_msg("%s on %s:\n  selects %s\n  wanted  %s", config_rest, labels, out,
			 expected);
}

static void refuses(const struct place *p, const char *config_rest, const char *labels, int errnum,
		    enum err_class class, const char *sentence)
{
	struct err err = { 0 };
	char out[ERR_TEXT_MAX];

	assert_int_equal(selected(p, config_rest, labels, out, &err), -errnum);
	assert_string_equal(out, ""); /* nothing half selected */
	assert_int_equal(err.class, class);
	if (!streq(err.text, sentence))
		fail_msg("%s on %s:\n  said   %s\n  wanted %s", config_rest, labels, err.text,
			 sentence);
}

static void stock(const struct place *p)
{
	shop_profile(p, "lo", "baseline", "");
	shop_profile(p, "lo", "strict", "");
	shop_profile(p, "lo", "web", MATCH("tier", "web"));
	shop_profile(p, "lo", "pci", MATCH("data", "pci"));
	shop_profile(p, "lo", "trial", ", \"mode\": \"audit\"" MATCH("trial", "1"));
}

#define FLOOR   ", \"floor\": [\"strict\"]"
#define DEFAULT ", \"defaultProfile\": \"baseline\""
#define NAMED   "io.coaming.profile="

static const struct {
	const char *config, *labels, *expected;
} choices[] = {
	/* Nothing asks for anything: the default; the built-in one only records. */
	{ "", "", "baseline:default:audit" },
	{ DEFAULT, "", "baseline:default" },
	{ DEFAULT, "tier=db", "baseline:default" },
	{ ", \"defaultProfile\": null", "", "" },
	{ ", \"defaultProfile\": {\"name\": \"web\", \"mode\": \"audit\"}", "",
	  "web:default:audit" },
	{ ", \"defaultProfile\": \"trial\"", "", "trial:default:audit" },
	/* The floor is added always, and does not stand for a choice. */
	{ FLOOR DEFAULT, "", "baseline:default strict:floor" },
	{ FLOOR ", \"defaultProfile\": null", "", "strict:floor" },
	{ FLOOR DEFAULT, "tier=web", "strict:floor web:match" },
	{ FLOOR DEFAULT, NAMED "pci", "pci:label strict:floor" },
	{ ", \"floor\": [\"web\", \"strict\", \"web\"]" DEFAULT, "",
	  "baseline:default strict:floor web:floor" },
	{ ", \"floor\": [\"baseline\"]" DEFAULT, "", "baseline:floor" },
	/* What matches and what is named take the default's place. */
	{ DEFAULT, "tier=web", "web:match" },
	{ DEFAULT, "tier=web data=pci", "pci:match web:match" },
	{ DEFAULT, NAMED "pci", "pci:label" },
	{ DEFAULT, "tier=web " NAMED "pci", "pci:label web:match" },
	{ DEFAULT, NAMED "baseline", "baseline:label" },
	{ "", NAMED "baseline", "baseline:label" }, /* asked for: enforced */
	/* Once each, for the first reason. */
	{ DEFAULT, "tier=web " NAMED "web", "web:match" },
	{ FLOOR DEFAULT, NAMED "strict", "strict:floor" },
	{ ", \"floor\": [\"web\"]" DEFAULT, "tier=web", "web:floor" },
	{ DEFAULT, NAMED "pci,web,pci", "pci:label web:label" },
	/* Modes: the profile's own, and the host's over all. */
	{ DEFAULT, "trial=1 tier=web", "trial:match:audit web:match" },
	{ FLOOR DEFAULT ", \"mode\": \"audit\"", "tier=web " NAMED "pci",
	  "pci:label:audit strict:floor:audit web:match:audit" },
	{ DEFAULT ", \"mode\": \"enforce\"", "trial=1", "trial:match:audit" },
	{ ", \"floor\": [\"trial\"]" DEFAULT, "", "baseline:default trial:floor:audit" },
	/* unknownProfile: default */
	{ DEFAULT ", \"unknownProfile\": \"default\"", NAMED "none", "baseline:default" },
	{ ", \"unknownProfile\": \"default\"", NAMED "none", "baseline:default:audit" },
	{ FLOOR DEFAULT ", \"unknownProfile\": \"default\"", NAMED "none,pci",
	  "baseline:default pci:label strict:floor" },
	{ DEFAULT ", \"unknownProfile\": \"default\"", NAMED "none tier=web",
	  "baseline:default web:match" },
	{ DEFAULT ", \"unknownProfile\": \"default\"", NAMED "pci", "pci:label" },
};

static void test_choices(void **state)
{
	stock(*state);
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		selects(*state, choices[i].config, choices[i].labels, choices[i].expected);
}

static void test_unknown(void **state)
{
	static const char near[] =
		"label io.coaming.profile names profile \"wbe\", which is in none "
		"of the profile directories (did you mean web?)";
	static const char far[] = "label io.coaming.profile names profile \"nowhere-near\", which "
				  "is in none of the profile directories";
	static const char nothing[] = "label io.coaming.profile names profile \"none\", which is "
				      "not there, and the host has no defaultProfile to take "
				      "instead";

	stock(*state);
	refuses(*state, DEFAULT, NAMED "wbe", EPERM, ERR_REFUSED, near);
	refuses(*state, FLOOR DEFAULT, NAMED "pci,wbe", EPERM, ERR_REFUSED, near);
	refuses(*state, DEFAULT, "tier=web " NAMED "wbe,pci", EPERM, ERR_REFUSED, near);
	refuses(*state, DEFAULT, NAMED "nowhere-near", EPERM, ERR_REFUSED, far);
	refuses(*state, ", \"defaultProfile\": null, \"unknownProfile\": \"default\"", NAMED "none",
		EPERM, ERR_REFUSED, nothing);
}

/* What is no name at all is no typing error but an attempt, or a list that was not understood: it
 * is refused whatever unknownProfile says. */
static void test_no_name(void **state)
{
	static const char *const values[] = {
		"",       ",",           "pci,",    ",pci",     "pci,,web",
		"../web", "/etc/passwd", "WEB",     "pci;web",  "web.json",
		"-web",   "pci\n",       "\x1b[2J", "web\tpci", "*",
	};
	static const char *const configs[] = { DEFAULT,
					       DEFAULT ", \"unknownProfile\": \"default\"" };

	stock(*state);
	for (size_t i = 0; i < ARRAY_SIZE(values) * ARRAY_SIZE(configs); i++) {
		struct err err = { 0 };
		char labels[64], out[ERR_TEXT_MAX];

		(void)snprintf(labels, sizeof(labels), NAMED "%s", values[i / 2]);
		if (selected(*state, configs[i % 2], labels, out, &err) != -EPERM)
			fail_msg("%s is taken: %s", labels, out);
		assert_int_equal(err.class, ERR_REFUSED);
		assert_non_null(strstr(err.text, "is no profile name"));
		for (const char *c = err.text; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
}

/* Spaces around the names, 64 names, one more. */
static void test_list(void **state)
{
	const struct place *p = *state;
	_cleanup_host_ struct host *host = shop_host(p, DEFAULT);
	_cleanup_store_ struct store *store = NULL;
	struct selection selection = { 0 };
	struct labels labels = { 0 };
	struct err err = { 0 };
	char value[512] = "  pci ,  web  ";

	stock(p);
	assert_int_equal(store_open(host, &store, &err), 0);
	assert_int_equal(labels_set(&labels, LABEL_PROFILE, value, LABEL_FROM_ENGINE, NULL, &err),
			 0);
	assert_int_equal(
		select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection, &err),
		0);
	assert_int_equal(selection.n, 2);
	selection_done(&selection);
	(void)snprintf(value, sizeof(value), "pci");
	for (int i = 1; i < 64; i++)
		(void)snprintf(value + strlen(value), sizeof(value) - strlen(value), ",web");
	assert_int_equal(labels_set(&labels, LABEL_PROFILE, value, LABEL_FROM_ENGINE, NULL, &err),
			 0);
	assert_int_equal(
		select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection, &err),
		0);
	assert_int_equal(selection.n, 2);
	selection_done(&selection);
	(void)snprintf(value + strlen(value), sizeof(value) - strlen(value), ",web");
	assert_int_equal(labels_set(&labels, LABEL_PROFILE, value, LABEL_FROM_ENGINE, NULL, &err),
			 0);
	assert_int_equal(
		select_profiles(host, store, &(struct metadata){ &labels, NULL }, &selection, &err),
		-E2BIG);
	assert_string_equal(err.text, "label io.coaming.profile names more than 64");
	assert_int_equal(err.class, ERR_REFUSED);
	labels_done(&labels);
}

#define EXEMPT(key, value, reason)                                                                 \
	"{\"labelSelector\": {\"matchLabels\": {\"" key "\": \"" value                             \
	"\"}}, \"reason\": \"" reason "\"}"

/* An exemption goes before everything, even before what would be refused. */
static void test_exemptions(void **state)
{
	static const char config_text[] =
		FLOOR DEFAULT ", \"exempt\": [" EXEMPT("app", "exporter", "one") ", " EXEMPT(
			"app", "exporter", "two") ", " EXEMPT("x", "1", "three") "]";

	stock(*state);
	selects(*state, config_text, "app=exporter", "exempt: one");
	selects(*state, config_text, "app=exporter tier=web " NAMED "none", "exempt: one");
	selects(*state, config_text, "x=1", "exempt: three");
	selects(*state, config_text, "app=other", "baseline:default strict:floor");
	selects(*state, ", \"floor\": [\"none\"], \"exempt\": [" EXEMPT("x", "1", "r") "]", "x=1",
		"exempt: r");
}

/* What the host's own configuration names must be there, and whole. */
static void test_own(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };
	char out[ERR_TEXT_MAX];

	stock(p);
	refuses(p, ", \"floor\": [\"strict\", \"none\"]", "", EBADMSG, ERR_INPUT,
		"profile none, which \"floor\" of coaming.json names, is in none of the profile "
		"directories");
	refuses(p, ", \"defaultProfile\": \"none\"", "", EBADMSG, ERR_INPUT,
		"profile none, which \"defaultProfile\" of coaming.json names, is in none of the "
		"profile directories");
	refuses(p, ", \"defaultProfile\": \"none\", \"unknownProfile\": \"default\"", NAMED "nil",
		EBADMSG, ERR_INPUT,
		"profile none, which \"defaultProfile\" of coaming.json names, is in none of the "
		"profile directories");
	selects(p, ", \"defaultProfile\": \"none\"", "tier=web", "web:match"); /* not needed */
	shop_put(p, "hi/strict.json", "");
	assert_int_equal(selected(p, FLOOR DEFAULT, "", out, &err), -EBADMSG);
	assert_int_equal(strncmp(err.text, "profile strict: ", 16), 0);
	/* unknownProfile is about what is not there: what is broken is always refused. */
	err_clear(&err);
	assert_int_equal(
		selected(p, DEFAULT ", \"unknownProfile\": \"default\"", NAMED "strict", out, &err),
		-EBADMSG);
	assert_int_equal(strncmp(err.text, "profile strict: ", 16), 0);
}

/* What an image says of itself only adds: it neither takes a profile away (by a selector that wants
 * a label absent), nor puts a laxer one in the default's place. */
static void test_image(void **state)
{
	static const struct {
		const char *caged, *trusted, *image;
	} cases[] = {
		/* A profile that wants "free" absent is there too, or not. */
		{ MATCH_UNLESS("free"), "web", "caged web" },
		{ "", "web", "baseline web" },
	};
	static const char *const keys[] = { "tier", "free" };
	static const char *const values[] = { "web", "1" };
	const struct place *p = *state;
	_cleanup_host_ struct host *host = shop_host(p, DEFAULT);

	stock(p);
	for (size_t c = 0; c < ARRAY_SIZE(cases) * LABEL_SOURCES_; c++) {
		enum label_source source = (enum label_source)(c % LABEL_SOURCES_);
		_cleanup_store_ struct store *store = NULL;
		_cleanup_buf_ struct buf names = { 0 };
		struct selection selection = { 0 };
		struct labels labels = { 0 };
		struct err err = { 0 };

		shop_profile(p, "lo", "caged", cases[c / LABEL_SOURCES_].caged);
		assert_int_equal(store_open(host, &store, &err), 0);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			assert_int_equal(
				labels_set(&labels, keys[i], values[i], source, NULL, &err), 0);
		assert_int_equal(select_profiles(host, store, &(struct metadata){ &labels, NULL },
						 &selection, &err),
				 0);
		for (size_t i = 0; i < selection.n; i++)
			buf_addf(&names, "%s%s", i ? " " : "", selection.v[i].profile->name);
		assert_string_equal(names.data, source == LABEL_FROM_IMAGE
							? cases[c / LABEL_SOURCES_].image
							: cases[c / LABEL_SOURCES_].trusted);
		selection_done(&selection);
		labels_done(&labels);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exempt, place_setup, place_teardown),
		in_shop(test_choices),
		in_shop(test_unknown),
		in_shop(test_no_name),
		in_shop(test_list),
		in_shop(test_exemptions),
		in_shop(test_own),
		in_shop(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
