/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/ruleset.c: the cases of tests/golden/ruleset. NAME.json has the container's "id", its
 * "profiles", and where they matter the "host" and the "elements" of sets; NAME.nft is the text to
 * the byte, and nft itself takes it, twice in a row, in a
 * network namespace of its own. What is hostile in an id or a profile does not reach the text.
 */
#include "profiles/ruleset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/file.h"
#include "lib/strv.h"

static const char cases_dir[] = "tests/golden/ruleset";

/* What the text is made of: no "#", "$" or backslash, which begin something else in nft. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789 \t\n_-.:,;@={}!/\"";

#define PROFILES_MAX  4
#define SETS_MAX      8
#define ADDRESSES_MAX 32

struct run {
	struct profile *profiles[PROFILES_MAX];
	struct selected selected[PROFILES_MAX];
	struct selection selection;
	struct host *host;
	struct cidr addresses[ADDRESSES_MAX];
	struct set_elements sets[SETS_MAX];
	struct elements elements;
	struct buf text;
};

static void run_done(struct run *run)
{
	for (size_t i = 0; i < PROFILES_MAX; i++)
		profile_free(&run->profiles[i]);
	host_free(&run->host);
	buf_done(&run->text);
}

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_errno(err, ENOENT, "cannot open %s", Q(relative_path));
}

/* One more profile for the run; its file is named by what its text says. */
static int add_profile(struct run *run, const char *name, const char *text, size_t len,
		       struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	size_t i = run->selection.n;
	char file[512];
	int r;

	assert_true(i < PROFILES_MAX);
	(void)snprintf(file, sizeof(file), "%s.json", name);
	r = doc_parse(&doc, file, text, len, err);
	if (r == 0)
		r = profile_parse(doc, no_file, NULL, &run->profiles[i], err);
	if (r < 0 || !run->profiles[i])
		return r < 0 ? r : -EINVAL;
	run->selected[i] =
		(struct selected){ .profile = run->profiles[i], .mode = run->profiles[i]->mode };
	run->selection.v = run->selected;
	run->selection.n++;
	return 0;
}

/* A part of a document, parsed as one of its own. */
static struct host *host_of(const char *text, const struct node *node)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct host *host = NULL;
	struct err err = { 0 };

	if (node &&
	    (doc_parse(&doc, "host.json", text + node->start, node->end - node->start, &err) < 0 ||
	     host_parse(doc, &host, &err) < 0))
		fail_msg("%s", err.text);
	return host;
}

/* { "peer-...": ["10.0.0.1", ...] } */
static void add_elements(struct run *run, const struct node *sets)
{
	size_t used = 0;

	node_foreach (set, sets) {
		struct set_elements *one = &run->sets[run->elements.n++];

		assert_true(run->elements.n <= SETS_MAX);
		*one = (struct set_elements){ set->key, run->addresses + used, set->count };
		node_foreach (address, set) {
			assert_true(used < ADDRESSES_MAX);
			assert_int_equal(cidr_parse(address->string, &run->addresses[used++]), 0);
		}
	}
	run->elements.v = run->sets;
}

static void read_whole(const char *name, const char *suffix, char **ret, size_t *ret_len)
{
	struct err err = { 0 };
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s%s", cases_dir, name, suffix);
	if (file_read(AT_FDCWD, path, FILE_MAX_BYTES, ret, ret_len, &err) < 0)
		fail_msg("%s", err.text);
}

/* -c first, which must leave nothing, then twice: the second takes the place of the first. */
static void nft_takes(const char *name)
{
	static const char script[] = "nft -c -f \"$1\" && [ -z \"$(nft list ruleset)\" ] && "
				     "nft -f \"$1\" && nft list ruleset >/dev/null && "
				     "once=$(nft list ruleset) && nft -f \"$1\" && "
				     "[ -n \"$once\" ] && [ \"$(nft list ruleset)\" = \"$once\" ]";
	char path[512];
	int status;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/%s.nft", cases_dir, name);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(126);
		execlp("sh", "sh", "-c", script, "sh", path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s: nft: status %#x", path, (unsigned int)status);
}

static bool writing; /* "write" behind the program's name makes the goldens anew */

static void put(const char *name, const struct buf *text)
{
	_cleanup_close_ int dir = open(cases_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };
	char file[256];

	(void)snprintf(file, sizeof(file), "%s.nft", name);
	if (file_write_atomic(dir, file, text->data, text->len, 0644, (uid_t)-1, (gid_t)-1, false,
			      &err) < 0)
		fail_msg("%s", err.text);
}

static void run_case(const char *name)
{
	_cleanup_(run_done) struct run run = { 0 };
	_cleanup_free_ char *text = NULL, *wanted = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	size_t len, wanted_len;

	read_whole(name, ".json", &text, &len);
	if (doc_parse(&doc, name, text, len, &err) < 0)
		fail_msg("%s", err.text);
	node_foreach (node, node_get(doc_root(doc), "profiles")) {
		if (add_profile(&run, node_get(node, "name")->string, text + node->start,
				node->end - node->start, &err) < 0)
			fail_msg("%s", err.text);
	}
	run.host = host_of(text, node_get(doc_root(doc), "host"));
	add_elements(&run, node_get(doc_root(doc), "elements"));
	assert_true(ruleset_is_needed(&run.selection, run.host));
	if (ruleset_write(&run.selection, run.host, node_get(doc_root(doc), "id")->string,
			  &run.elements, &run.text, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	if (writing)
		put(name, &run.text);
	read_whole(name, ".nft", &wanted, &wanted_len);
	if (run.text.len != wanted_len || memcmp(run.text.data, wanted, wanted_len) != 0)
		fail_msg("%s: became\n%s", name, run.text.data);
	assert_int_equal(strspn(wanted, letters), wanted_len);
	nft_takes(name);
}

static void test_cases(void **state)
{
	char **names = NULL;
	struct err err = { 0 };
	DIR *dir = opendir(cases_dir);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char *suffix = strstr(entry->d_name, ".json");

		if (!suffix)
			continue;
		*suffix = '\0';
		assert_int_equal(strv_add(&names, &n, entry->d_name, &err), 0);
	}
	closedir(dir);
	strv_sort_unique(names, &n);
	assert_true(n >= 9);
	for (size_t i = 0; names && i < n; i++)
		run_case(names[i]);
	strv_free(&names, &n);
}

static void test_not_needed(void **state)
{
	static const struct {
		const char *text;
		bool needed;
	} rows[] = {
		{ "{\"name\": \"p\", \"capabilities\": {\"allow\": []}}", false },
		{ "{\"name\": \"p\", \"mode\": \"audit\", \"network\": {\"ingress\": []}}", false },
		{ "{\"name\": \"p\", \"network\": {\"ingress\": [], \"mode\": \"audit\"}}", false },
		{ "{\"name\": \"p\", \"network\": {\"ingress\": []}}", true },
		{ "{\"name\": \"p\", \"network\": {\"egress\": []}}", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(run_done) struct run run = { 0 };
		struct err err = { 0 };

		assert_false(ruleset_is_needed(&run.selection, NULL));
		assert_int_equal(add_profile(&run, "p", rows[i].text, strlen(rows[i].text), &err),
				 0);
		assert_int_equal(ruleset_is_needed(&run.selection, NULL), rows[i].needed);
	}
}

/* An id is itself only as 64 small hex digits; else its SHA-256 (by sha256sum(1)). */
static void test_table(void **state)
{
#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	static const struct {
		const char *id, *table;
	} rows[] = {
		{ HEX63 "f", "coaming_" HEX63 "f" },
		{ "web",
		  "coaming_4b5e57f6eb2f42b9039b3d1e13929295f231749c510cbe341cd68036d9af97e2" },
		{ "", "coaming_e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ HEX63,
		  "coaming_057ee79ece0b9a849552ab8d3c335fe9a5f1c46ef5f1d9b190c295728628299c" },
		{ HEX63 "F",
		  "coaming_bfa09c302b1dc586c9c3a85bc331de0f58eaa50772d493d5d13b9eaad8797653" },
		{ HEX63 "g",
		  "coaming_77d3c36ffa994772781ea23d36a1845cf46bccaaa48a8c932d50c2bd1ac85bf1" },
		{ HEX63 "ff",
		  "coaming_4db872861be53af13972613d01731bdcdfa82605e097d4ff697fa042e7b894b7" },
		{ "x { }; flush ruleset",
		  "coaming_c593814a2b13f34484c6580a7cff51939f0e1937d08eb2f5721d870e879056f0" },
		{ "web\nflush ruleset",
		  "coaming_193fa2793a099282fbd29f5d62eec9bee78d7a16f2ad8961149a61498a2d1fdc" },
	};
	char table[RULESET_TABLE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(ruleset_table(table, rows[i].id), rows[i].table);
}

/* Is the profile one, with the word in its hole? The file has the name that the text may give. */
static bool is_accepted(const char *shape, const char *word)
{
	_cleanup_(run_done) struct run run = { 0 };
	const char *hole = strstr(shape, "%s");
	struct err err = { 0 };
	char text[512];
	int r;

	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - shape), shape, word, hole + 2);
	r = add_profile(&run, starts_with(shape, "{\"name\": \"%s") ? word : "p", text,
			strlen(text), &err);
	assert_int_equal(err.class, r < 0 ? ERR_INPUT : ERR_NONE);
	return r >= 0;
}

/* Whatever would end a word, a line or a block in nft's grammar is refused where it is parsed. */
static void test_nothing_gets_in(void **state)
{
	static const char *const shapes[] = {
		"{\"name\": \"%s\", \"network\": {\"ingress\": []}}",
		"{\"name\": \"p\", \"network\": {\"ingress\": [{\"from\": [{\"ipBlock\": "
		"{\"cidr\": \"10.0.0.0/8%s\"}}]}]}}",
		"{\"name\": \"p\", \"network\": {\"ingress\": [{\"from\": [{\"ipBlock\": "
		"{\"cidr\": \"fe80::1%s\"}}]}]}}",
		"{\"name\": \"p\", \"network\": {\"ingress\": [{\"from\": [{\"ipBlock\": "
		"{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16%s\"]}}]}]}}",
		"{\"name\": \"p\", \"network\": {\"egress\": [{\"ports\": [{\"protocol\": "
		"\"TCP%s\"}]}]}}",
		"{\"name\": \"p\", \"network\": {\"egress\": [{\"ports\": "
		"[{\"port\": \"80%s\"}]}]}}",
		"{\"name\": \"p\", \"network\": {\"egress\": [{\"ports\": [{\"port\": 80, "
		"\"endPort\": \"81%s\"}]}]}}",
	};
	static const char *const hostile[] = {
		" accept",
		"\\naccept",
		";accept",
		"}",
		"{ }",
		"#",
		"\\\"",
		"\\\\",
		"$x",
		", 0.0.0.0/0",
		"-0.0.0.0",
		"%eth0",
		"\\u0000",
		"\\u00e9",
		"\\r\\n\\t}\\n}\\nflush ruleset\\n",
		"@refused-ingress4",
	};

	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
		/* With nothing hostile in it the shape itself is accepted, but for a port in
		 * quotes. */
		assert_int_equal(is_accepted(shapes[s], s == 0 ? "p" : ""), s < 5);
		for (size_t h = 0; h < ARRAY_SIZE(hostile); h++) {
			if (is_accepted(shapes[s], hostile[h]))
				fail_msg("accepted: %s with %s", shapes[s], hostile[h]);
		}
	}
}

/* As many rules as one transaction may have, and one more. */
static void test_bound(void **state)
{
	for (unsigned int peers = 128; peers <= 129; peers++) {
		_cleanup_(run_done) struct run run = { 0 };
		_cleanup_buf_ struct buf text = { 0 };
		struct err err = { 0 };
		int r;

		buf_adds(&text, "{\"name\": \"p\", \"network\": {\"egress\": [{\"to\": [");
		for (unsigned int i = 0; i < peers; i++)
			buf_addf(&text, "%s{\"ipBlock\": {\"cidr\": \"10.0.0.%u\"}}", i ? "," : "",
				 i);
		buf_adds(&text, "], \"ports\": [");
		for (unsigned int i = 1; i <= 128; i++)
			buf_addf(&text, "%s{\"port\": %u}", i > 1 ? "," : "", i);
		buf_adds(&text, "]}]}}");
		assert_int_equal(add_profile(&run, "p", text.data, text.len, &err), 0);
		r = ruleset_write(&run.selection, NULL, "c", NULL, &run.text, &err);
		assert_int_equal(r, peers == 128 ? 0 : -E2BIG);
		assert_int_equal(err.class, peers == 128 ? ERR_NONE : ERR_INPUT);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_not_needed),
		cmocka_unit_test(test_table), cmocka_unit_test(test_nothing_gets_in),
		cmocka_unit_test(test_bound),
	};

	writing = argc > 1 && streq(argv[1], "write");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
