/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/model.c, recognise.c, taxonomy.c: what a model says, which one an application is like,
 * and what its labels call it. That every model that ships is recognised is generate.sh's to show.
 */
#include "profiles/recognise.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/host.h"
#include "tests/unit/alloc.h"

static struct model *parse(const char *name, const char *text)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct model *m = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, name, text, strlen(text), &err) < 0 || model_parse(doc, &m, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

#define NEEDS                                                                                      \
	"\"talksTo\": [], \"writable\": [], \"capabilities\": [], "                                \
	"\"systemCalls\": \"service\""
#define SHOP                                                                                       \
	"{\"name\": \"shop\", \"description\": \"d\", \"function\": \"application\","              \
	" \"recognise\": {\"images\": [\"*/shop\"], \"commands\": [\"shopd\", \"shop-*\"],"        \
	" \"environment\": [\"SHOP_*\", \"TILL\"], \"labels\": {\"vendor\": \"Shop *\","           \
	" \"a\": \"b\", \"c\": \"d\"}, \"ports\": [{\"port\": 80}, {\"port\": 81},"                \
	" {\"port\": 82}, {\"port\": 83}]}, \"listens\": [{\"port\": 80},"                         \
	" {\"port\": 90, \"endPort\": 99, \"protocol\": \"UDP\"}], " NEEDS "}"

static void test_parse(void **state)
{
	_cleanup_model_ struct model *m = parse(
		"/x/full.json",
		"{\"name\": \"full\", \"description\": \"all\", \"function\": \"cache\","
		" \"recognise\": {\"images\": [\"a\"]}, \"listens\": [{\"port\": 7}],"
		" \"public\": true, \"talksTo\": [\"database\", \"queue\"], \"internet\": true,"
		" \"readOnly\": false, \"writable\": [{\"path\": \"/tmp\", \"size\": \"2M\"}],"
		" \"volumes\": [\"/data\"], \"capabilities\": [\"KILL\", \"CAP_CHOWN\"],"
		" \"systemCalls\": \"build\", \"limits\": {\"pids\": 5, \"nofile\": 6}}");

	assert_string_equal(m->name, "full");
	assert_string_equal(m->file, "/x/full.json");
	assert_string_equal(m->function, "cache");
	assert_true(m->is_public && m->internet && !m->read_only);
	assert_int_equal(m->n_talks_to, 2);
	assert_string_equal(m->talks_to[1], "queue");
	assert_int_equal(m->listens[0].first, 7);
	assert_int_equal(m->listens[0].protocol, PROTOCOL_TCP);
	assert_int_equal(m->writable[0].size_bytes, 2 << 20);
	assert_string_equal(m->volumes[0], "/data");
	assert_int_equal(m->capabilities, 1U << 5 | 1U << 0);
	assert_int_equal(m->calls, CALLS_BUILD);
	assert_int_equal(m->pids, 5);
	assert_int_equal(m->nofile, 6);
	assert_string_equal(call_class_profile(m->calls), "baseline");
}

static void test_absent(void **state)
{
	_cleanup_model_ struct model *m = parse("shop.json", SHOP);

	assert_true(m->read_only && !m->is_public && !m->internet);
	assert_int_equal(m->pids, 0);
	assert_int_equal(m->n_volumes, 0);
	assert_int_equal(m->listens[1].last, 99);
	assert_int_equal(m->listens[1].protocol, PROTOCOL_UDP);
}

/* ---- recognition ---- */

struct seen {
	const char *image, *argv[4], *environment[5];
	const char *labels[6]; /* key, value, key, value */
	uint16_t ports[5];
};

static const struct {
	struct seen seen;
	unsigned points;
	const char *reason; /* the last one */
} signs[] = {
	{ { NULL }, 0, NULL },
	{ { .image = "shop:1" }, 50, "the image is called \"shop:1\"" },
	{ { .image = "registry.example.com/team/shop@sha256:00" }, 50, NULL },
	{ { .image = "shopping" }, 0, NULL },
	{ { .argv = { "/usr/sbin/shopd", "-v" } }, 30, "it executes \"shopd\"" },
	{ { .argv = { "tini", "--", "shop-server" } }, 30, "it executes \"shop-server\"" },
	{ { .argv = { "/bin/sh", "-c", "umask 022; exec shopd -v" } }, 30, NULL },
	{ { .argv = { "sh", "-c", "shopd&shopd" } }, 30, NULL }, /* once */
	{ { .argv = { "--shopd" } }, 0, NULL },
	{ { .argv = { "shopd/" } }, 0, NULL },
	{ { .environment = { "SHOP_A=1" } }, 10, "its environment has \"SHOP_A\"" },
	{ { .environment = { "SHOP_A=1", "SHOP_B", "TILL=", "SHOP_C=" } }, 30, NULL },
	{ { .environment = { "XSHOP_A=1", "TILLS=1" } }, 0, NULL },
	{ { .labels = { "vendor", "Shop Inc." } }, 20, "it has the label \"vendor\"" },
	{ { .labels = { "vendor", "Shop" } }, 0, NULL },
	{ { .labels = { "vendor", "Shop 1", "a", "b", "c", "d" } }, 40, NULL },
	{ { .ports = { 80 } }, 5, "it exposes port \"80\"" },
	{ { .ports = { 80, 81, 82, 83 } }, 15, NULL },
	{ { "shop", { "shopd" }, { "TILL=1" }, { "a", "b" }, { 81 } }, 115, NULL },
};

static size_t count(const char *const *v, size_t most)
{
	size_t n = 0;

	while (n < most && v[n])
		n++;
	return n;
}

static void look(const struct seen *seen, struct labels *labels, struct port *ports,
		 struct appearance *ret)
{
	struct err err = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(seen->labels) && seen->labels[i]; i += 2)
		assert_int_equal(labels_set(labels, seen->labels[i], seen->labels[i + 1],
					    LABEL_FROM_IMAGE, NULL, &err),
				 0);
	for (; n < ARRAY_SIZE(seen->ports) && seen->ports[n]; n++)
		ports[n] = (struct port){ PROTOCOL_TCP, false, seen->ports[n], seen->ports[n] };
	*ret = (struct appearance){
		.image = seen->image,
		.labels = labels,
		.argv = (char *const *)(const void *)seen->argv,
		.n_argv = count(seen->argv, ARRAY_SIZE(seen->argv)),
		.environment = (char *const *)(const void *)seen->environment,
		.n_environment = count(seen->environment, ARRAY_SIZE(seen->environment)),
		.ports = ports,
		.n_ports = n,
	};
}

static void test_points(void **state)
{
	_cleanup_model_ struct model *m = parse("shop.json", SHOP);

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		_cleanup_recognition_ struct recognition r = { 0 };
		_cleanup_(labels_done) struct labels labels = { 0 };
		struct port ports[5];
		struct appearance appearance;
		struct err err = { 0 };

		look(&signs[i].seen, &labels, ports, &appearance);
		assert_int_equal(recognise_as(m, &appearance, &r, &err), 0);
		if (r.points != signs[i].points)
			fail_msg("row %zu: %u points, expected %u", i, r.points, signs[i].points);
		assert_true((r.points > 0) == (r.n_reasons > 0));
		if (signs[i].reason)
			assert_string_equal(r.reasons[r.n_reasons - 1], signs[i].reason);
	}
}

/* The most points win, then the first name; too few are nobody's. */
static void test_choice(void **state)
{
	static const struct {
		struct seen seen;
		const char *name;
	} cases[] = {
		{ { .image = "shop" }, "shop" },
		{ { .argv = { "shopd" } }, "other" },
		{ { .argv = { "shopd" }, .environment = { "TILL=1" } }, "shop" },
		{ { .environment = { "TILL=1" } }, NULL }, /* 10 points */
		{ { .environment = { "TILL=1", "SHOP_X=1" } }, "shop" },
		{ { NULL }, NULL },
	};
	_cleanup_model_ struct model *shop = parse("shop.json", SHOP);
	_cleanup_model_ struct model *other = parse(
		"other.json", "{\"name\": \"other\", \"description\": \"d\", \"function\": \"f\","
			      " \"recognise\": {\"images\": [\"x\"], \"commands\":"
			      " [\"shopd\"]}, \"listens\": [], " NEEDS "}");
	struct model *v[] = { other, shop };
	const struct models models = { v, 2 };

	assert_ptr_equal(models_get(&models, "shop"), shop);
	assert_null(models_get(&models, "sho"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_recognition_ struct recognition r = { 0 };
		_cleanup_(labels_done) struct labels labels = { 0 };
		struct port ports[5];
		struct appearance appearance;
		struct err err = { 0 };

		look(&cases[i].seen, &labels, ports, &appearance);
		assert_int_equal(recognise(&models, &appearance, &r, &err), 0);
		if (!cases[i].name)
			assert_null(r.model);
		else
			assert_string_equal(r.model->name, cases[i].name);
	}
}

/* ---- taxonomy ---- */

static void test_taxonomy(void **state)
{
	static const char config[] = "{\"taxonomy\": {\"app\": [\"example.com/app\"],"
				     " \"tier\": [\"layer\"]}}";
	static const struct {
		const char *labels[6], *word, *value;
	} cases[] = {
		{ { "io.coaming.app", "a", "app", "b" }, "app", "a" },
		{ { "app", "b", "app.kubernetes.io/name", "c" }, "app", "b" },
		{ { "app.kubernetes.io/name", "c", "com.docker.compose.service", "d" },
		  "app",
		  "c" },
		{ { "com.docker.compose.service", "d" }, "app", "d" },
		{ { "org.opencontainers.image.title", "t", "example.com/app", "x" }, "app", "t" },
		{ { "example.com/app", "x" }, "app", "x" },
		{ { "app.kubernetes.io/component", "database" }, "function", "database" },
		{ { "com.docker.compose.project", "p" }, "realm", "p" },
		{ { "topology.kubernetes.io/region", "r" }, "region", "r" },
		{ { "data-class", "pci" }, "data-class", "pci" },
		{ { "layer", "1" }, "tier", "1" },
		{ { "io.coaming.tier", "2", "layer", "1" }, "tier", "2" },
		{ { "layer", "1" }, "layer", NULL },
		{ { NULL }, "app", NULL },
	};
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_host_ struct host *host = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "coaming.json", config, strlen(config), &err), 0);
	assert_int_equal(host_parse(doc, &host, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(labels_done) struct labels labels = { 0 };
		const struct label *label;

		for (size_t k = 0; k < 6 && cases[i].labels[k]; k += 2)
			assert_int_equal(labels_set(&labels, cases[i].labels[k],
						    cases[i].labels[k + 1], LABEL_FROM_ENGINE, NULL,
						    &err),
					 0);
		label = taxonomy_label(&host->taxonomy, &labels, cases[i].word);
		if (!cases[i].value)
			assert_null(label);
		else
			assert_string_equal(label->value, cases[i].value);
	}
}

/* ---- no memory ---- */

static int do_all(void *arg, struct err *err)
{
	static const struct seen seen = { "shop", { "shopd" }, { "TILL=1" }, { NULL }, { 81 } };
	const struct appearance appearance = {
		.image = seen.image,
		.labels = &(struct labels){ 0 },
		.argv = (char *const *)(const void *)seen.argv,
		.n_argv = 1,
		.environment = (char *const *)(const void *)seen.environment,
		.n_environment = 1,
	};
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_model_ struct model *m = NULL;
	_cleanup_recognition_ struct recognition recognition = { 0 };
	_cleanup_(taxonomy_done) struct taxonomy taxonomy = { 0 };
	int r = doc_parse(&doc, "shop.json", SHOP, strlen(SHOP), err);

	if (r == 0)
		r = model_parse(doc, &m, err);
	if (r == 0)
		r = recognise(&(struct models){ &m, 1 }, &appearance, &recognition, err);
	return r < 0 ? r : taxonomy_init(&taxonomy, err);
}

static void test_no_memory(void **state)
{
	assert_true(alloc_fail_each(do_all, NULL) > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),    cmocka_unit_test(test_absent),
		cmocka_unit_test(test_points),   cmocka_unit_test(test_choice),
		cmocka_unit_test(test_taxonomy), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
