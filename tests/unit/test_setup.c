/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/setup_docker.c, cli/setup_containerd.c: on generated files nothing changes but coaming's
 * keys, what was done is done once, and it is all taken out again. cli/unified.c, cli/splice.c.
 */
#include "cli/setup.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "cli/splice.h"
#include "cli/unified.h"
#include "lib/toml.h"
#include "tests/unit/alloc.h"
#include "tests/unit/random.h"

#define ROUNDS 1500

static const struct setup_way ways[] = {
	{ .state = SETUP_REGISTERED, .runtime = "/usr/bin/coaming-runtime" },
	{ .state = SETUP_DEFAULT, .runtime = "/opt/a \"b\"/coaming-runtime" },
};

static struct setup_text text_of(const struct buf *text)
{
	return (struct setup_text){ "file", text->data ? text->data : "", text->len };
}

static struct setup setup_new(void)
{
	return (struct setup){ .root = "", .real = "crun", .real_path = "/usr/bin/crun" };
}

static void add(const struct engine *engine, const struct buf *in, const struct setup_way *way,
		struct buf *out)
{
	struct setup setup = setup_new();
	struct setup_text text = text_of(in);
	struct err err = { 0 };

	if (engine->add(&setup, &text, way, out, &err) < 0)
		fail_msg("%s\nof\n%s", err.text, in->data);
	buf_done(&setup.notes);
}

static void take_out(const struct engine *engine, const struct buf *in, const struct buf *before,
		     struct buf *out)
{
	struct setup setup = setup_new();
	struct setup_text text = text_of(in), old = text_of(before);
	struct err err = { 0 };

	if (engine->take_out(&setup, &text, &old, out, &err) < 0)
		fail_msg("%s\nof\n%s", err.text, in->data);
	buf_done(&setup.notes);
}

static void assert_says(const struct engine *engine, const struct buf *in, enum setup_state state,
			const char *runtime)
{
	struct setup setup = setup_new();
	struct setup_text text = text_of(in);
	struct setup_way way = { 0 };
	struct err err = { 0 };

	assert_int_equal(engine->look(&setup, &text, &way, &err), 0);
	assert_int_equal(way.state, state);
	assert_string_equal(way.runtime, runtime);
}

static void assert_same_text(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len || memcmp(a->data, b->data, a->len) != 0)
		fail_msg("differs:\n%s\n---\n%s", a->data, b->data);
}

/* As `take` says it is the same: `in` with coaming put in, twice, and taken out. */
static void round_trip(const struct engine *engine, const struct buf *in,
		       const struct setup_way *way,
		       void (*same)(const struct buf *a, const struct buf *b, bool without_own))
{
	_cleanup_buf_ struct buf with = { 0 }, again = { 0 }, without = { 0 };

	add(engine, in, way, &with);
	assert_says(engine, &with, way->state, way->runtime);
	same(in, &with, true);
	add(engine, &with, way, &again);
	assert_same_text(&with, &again);
	take_out(engine, &with, in, &without);
	assert_says(engine, &without, SETUP_NONE, "");
	same(in, &without, false);
}

/* ---- Docker: jansson says what is the same ---- */

static json_t *load(const struct buf *text)
{
	json_t *json = json_loadb(text->data, text->len, JSON_DECODE_INT_AS_REAL, NULL);

	if (!json)
		fail_msg("no JSON: %s", text->data);
	return json;
}

static void same_json(const struct buf *a, const struct buf *b, bool without_own)
{
	json_t *x = load(a), *y = load(b);

	if (without_own) {
		json_object_del(json_object_get(y, "runtimes"), "coaming");
		if (json_object_size(json_object_get(y, "runtimes")) == 0 &&
		    !json_object_get(x, "runtimes"))
			json_object_del(y, "runtimes");
		json_object_del(x, "default-runtime");
		json_object_del(y, "default-runtime");
	}
	if (!json_equal(x, y))
		fail_msg("not the same:\n%s\n---\n%s", a->data, b->data);
	json_decref(x);
	json_decref(y);
}

/* A daemon.json of any layout, with members of Docker's and of nobody's. */
static void random_daemon(uint64_t *seed, struct buf *out)
{
	size_t n = random_below(seed, 4);
	bool has_default = random_below(seed, 2), has_runtimes = random_below(seed, 2);
	const char *comma = "";

	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++, comma = ",") {
		buf_adds(out, comma);
		random_space(seed, out);
		buf_addf(out, "\"member%zu\":", i);
		random_space(seed, out);
		random_json(seed, out, 2);
		if (has_default && i == n / 2)
			buf_adds(out, " ,\"default-runtime\" : \"nvidia\"");
	}
	if (has_runtimes) {
		buf_addf(out, "%s\n \"runtimes\": {", comma);
		random_space(seed, out);
		if (random_below(seed, 2)) {
			buf_adds(out, "\"nvidia\": {\"path\": \"n\", \"args\": ");
			random_json(seed, out, 1);
			buf_addc(out, '}');
		}
		random_space(seed, out);
		buf_addc(out, '}');
	}
	random_space(seed, out);
	buf_addc(out, '}');
	random_space(seed, out);
	assert_int_equal(buf_status(out), 0);
}

static void test_docker(void **state)
{
	uint64_t seed = random_seed();

	print_message("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < ROUNDS; i++) {
		_cleanup_buf_ struct buf in = { 0 };

		random_daemon(&seed, &in);
		round_trip(&engine_docker, &in, &ways[i % ARRAY_SIZE(ways)], same_json);
	}
}

/* ---- containerd ---- */

struct own {
	bool without;
	bool runc; /* written too, since the file names no runtime */
};

/* What the test itself takes for coaming's. */
static bool is_own(const struct toml_node *node, const void *arg)
{
	const struct own *own = arg;
	const struct toml_node *up = node->parent;

	if (!own->without || !up || !up->key)
		return own->without && streq(node->key, "version") && !up->parent;
	return (streq(node->key, "coaming") && streq(up->key, "runtimes")) ||
	       (own->runc && streq(node->key, "runc") && streq(up->key, "runtimes")) ||
	       (streq(node->key, "default_runtime_name") && streq(up->key, "containerd"));
}

/* "runtimes" is in the text only as that table. */
static void same_toml(const struct buf *a, const struct buf *b, bool without_own)
{
	const struct own own = { without_own, !strstr(a->data ? a->data : "", "runtimes") };
	_cleanup_toml_ struct toml *x = NULL;
	_cleanup_toml_ struct toml *y = NULL;
	struct err err = { 0 };

	if (toml_parse(&x, "before", a->data ? a->data : "", a->len, &err) < 0 ||
	    toml_parse(&y, "after", b->data, b->len, &err) < 0)
		fail_msg("%s\n%s\n---\n%s", err.text, a->data, b->data);
	/* A new file is given a version, which stays. */
	if (!toml_root(x)->first)
		return;
	if (!toml_equal(toml_root(x), toml_root(y), is_own, &own))
		fail_msg("not the same:\n%s\n---\n%s", a->data, b->data);
}

static void random_lines(uint64_t *seed, struct buf *out)
{
	static const char *const values[] = {
		"1",
		"true",
		"'x'",
		"\"\"\"a\nb\"\"\"",
		"[1, # one\n 2]",
		"{a.b = 1, c = []}",
		"07:32:00",
		"-inf",
	};
	static const char *const ends[] = { "\n", " # c\n", "\r\n", "\n\n", "\n# [x]\n" };

	for (size_t i = random_below(seed, 3); i > 0; i--)
		buf_addf(out, "%s%s%zu = %s%s", random_below(seed, 2) ? "  " : "",
			 random_below(seed, 2) ? "key" : "a.'b c'.", i,
			 values[random_below(seed, ARRAY_SIZE(values))],
			 ends[random_below(seed, ARRAY_SIZE(ends))]);
}

/* A config.toml of sections in any order, of which any may be missing. */
static void random_toml(uint64_t *seed, struct buf *out)
{
	static const struct {
		const char *version, *plugin;
	} versions[] = {
		{ "", "cri" },
		{ "version = 2\n", "'io.containerd.grpc.v1.cri'" },
		{ "version = 3 # new\r\n", "\"io.containerd.cri.v1.runtime\"" },
	};
	static const char *const sections[] = {
		"[plugins]\n",
		"[plugins.%s]\n",
		"  [plugins.%s.containerd]\n",
		"[plugins.%s.containerd.runtimes]\n",
		"[plugins.%s.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n",
		"  [ plugins . %s . containerd.runtimes.runc.options ] # o\nSystemdCgroup = true\n",
		"[plugins.%s.containerd.runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n",
		"[[stream_processors.x]]\n",
		"[grpc]\n",
	};
	size_t version = random_below(seed, ARRAY_SIZE(versions)), n = ARRAY_SIZE(sections);
	static const size_t steps[] = { 1, 2, 4, 5, 7, 8 }; /* each meets all nine */
	size_t from = random_below(seed, n), step = steps[random_below(seed, ARRAY_SIZE(steps))];

	buf_adds(out, versions[version].version);
	random_lines(seed, out);
	for (size_t i = 0, at = from; i < n; i++, at = (at + step) % n) {
		if (random_below(seed, 2))
			continue;
		/* sections[at] has one %s at most */
		const char *mark = strstr(sections[at], "%s");
		size_t before = mark ? (size_t)(mark - sections[at]) : strlen(sections[at]);

		buf_add(out, sections[at], before);
		buf_adds(out, mark ? versions[version].plugin : "");
		buf_adds(out, mark ? mark + 2 : "");
		if (at == 2 && random_below(seed, 2))
			buf_adds(out, "default_runtime_name = \"kata\" # k\n");
		if (at != 3)
			random_lines(seed, out);
	}
	if (out->len > 1 && random_below(seed, 4) == 0 && out->data[out->len - 1] == '\n' &&
	    out->data[out->len - 2] != '\r')
		out->data[--out->len] = '\0';
	assert_int_equal(buf_status(out), 0);
}

static void test_containerd(void **state)
{
	uint64_t seed = random_seed();

	print_message("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < ROUNDS; i++) {
		_cleanup_buf_ struct buf in = { 0 };

		random_toml(&seed, &in);
		round_trip(&engine_containerd, &in, &ways[i % ARRAY_SIZE(ways)], same_toml);
	}
}

/* ---- memory ---- */

struct trip {
	const struct engine *engine;
	const char *text;
};

static int trip_once(void *arg, struct err *err)
{
	const struct trip *trip = arg;
	const struct setup_text text = { "file", trip->text, strlen(trip->text) };
	_cleanup_buf_ struct buf with = { 0 }, without = { 0 };
	struct setup setup = setup_new();
	struct setup_text made;
	int r;

	r = trip->engine->add(&setup, &text, &ways[1], &with, err);
	made = (struct setup_text){ "file", with.data, with.len };
	if (r == 0)
		r = trip->engine->take_out(&setup, &made, &text, &without, err);
	buf_done(&setup.notes);
	return r;
}

static void test_memory(void **state)
{
	struct trip docker = { &engine_docker, "{\"default-runtime\": \"x\", \"runtimes\": {}}" };
	struct trip containerd = { &engine_containerd,
				   "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\n"
				   "default_runtime_name = 'x'\n" };

	/* Of what was there before nothing is known then, which is no failure. */
	for (unsigned long at = 1; at < 200; at++) {
		struct err err = { 0 };
		int r;

		alloc_fail_at(at);
		r = trip_once(at % 2 ? (void *)&docker : (void *)&containerd, &err);
		alloc_fail_at(0);
		assert_true(!alloc_has_failed() || r == 0 || r == -ENOMEM);
		assert_true(r == 0 || err.class == ERR_SYSTEM);
	}
}

/* ---- the small helpers ---- */

static const struct {
	const char *before, *after, *diff;
} diffs[] = {
	{ "a\n", "a\n", "" },
	{ NULL, "a\nb\n", "--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "a\n", NULL, "--- f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n" },
	{ "a", "a\n", "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\nx\n7\n8\n9\n",
	  "--- f\n+++ f\n@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-6\n+x\n 7\n 8\n 9\n" },
	{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n",
	  "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n"
	  "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n" },
	{ "a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
	  "--- f\n+++ f\n@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n" },
	{ "", "\x1b[31m\xff\xc2\x9b\tä\r\n", "--- f\n+++ f\n@@ -0,0 +1 @@\n+?[31m??\tä\r\n" },
};

static void test_unified(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(diffs); i++) {
		_cleanup_buf_ struct buf out = { 0 };
		const char *a = diffs[i].before, *b = diffs[i].after;
		struct err err = { 0 };

		assert_int_equal(
			unified_diff(&out, "f", a, a ? strlen(a) : 0, b, b ? strlen(b) : 0, &err),
			0);
		assert_string_equal(out.data ? out.data : "", diffs[i].diff);
	}
}

static void test_splice(void **state)
{
	_cleanup_splice_ struct splice splice = { 0 };
	_cleanup_buf_ struct buf out = { 0 }, none = { 0 };
	struct err err = { 0 };

	assert_int_equal(splice_add(&splice, 5, 5, "X", &err), 0);
	assert_int_equal(splice_add(&splice, 1, 3, "Y", &err), 0);
	assert_int_equal(splice_add(&splice, 5, 5, "Z", &err), 0);
	assert_int_equal(splice_apply(&splice, "01234", 5, &out, &err), 0);
	assert_string_equal(out.data, "0Y34XZ");
	assert_int_equal(splice_add(&splice, 2, 4, "", &err), 0);
	assert_int_equal(splice_apply(&splice, "01234", 5, &none, &err), -EEXIST);
	while (splice.n < SPLICES_MAX)
		assert_int_equal(splice_add(&splice, 0, 0, "", &err), 0);
	err_clear(&err);
	assert_int_equal(splice_add(&splice, 0, 0, "", &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker), cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_unified),
		cmocka_unit_test(test_splice),
	};

	return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
