/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/proof_*.c: what the kernel's texts say, and when that is wider than what was wanted.
 */
#include "hooks/firewall_image.h"
#include "hooks/proof_mounts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- a request ---- */

struct asked {
	struct doc *doc;
	struct request request;
};

static void ask(struct asked *asked, const char *config)
{
	struct err err = { 0 };

	if (doc_parse(&asked->doc, "config", config, strlen(config), &err) < 0 ||
	    request_parse(asked->doc, &asked->request, &err) < 0)
		fail_msg("%s", err.text);
}

static void asked_done(struct asked *asked)
{
	request_done(&asked->request);
	doc_free(&asked->doc);
}

/* ---- status ---- */

#define STATUS(uid, groups, inh, prm, eff, bnd, amb, nnp)                                          \
	"Name:\ta\\nCapBnd:\t0\nUmask:\t0022\nUid:\t" uid "\nGid:\t0\t0\t0\t0\nGroups:\t" groups   \
	"\nCapInh:\t" inh "\nCapPrm:\t" prm "\nCapEff:\t" eff "\nCapBnd:\t" bnd "\nCapAmb:\t" amb  \
	"\nNoNewPrivs:\t" nnp "\nSeccomp:\t2\nSeccomp_filters:\t3\n"
#define GOOD STATUS("0\t0\t0\t0", "0 5 4294967295 ", "0", "ff", "1", "1ff", "0", "1")

static void test_status(void **state)
{
	static const char *const bad[] = {
		"",
		"Uid:\t0\t0\t0\t0\n",
		STATUS("0\t0\t0", "", "0", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0\t0", "", "0", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t4294967296", "", "0", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t-1", "", "0", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "x", "0", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "", "g", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "", "", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "", "-1", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "", "10000000000000000", "0", "0", "0", "0", "1"),
		STATUS("0\t0\t0\t0", "", "0", "0", "0", "0", "0", ""),
	};
	struct proof_status status = { 0 };
	struct err err = { 0 };

	assert_int_equal(status_parse(GOOD, &status, &err), 0);
	assert_int_equal(status.caps[SET_BOUNDING], 0x1ff);
	assert_int_equal(status.caps[SET_PERMITTED], 0xff);
	assert_int_equal(status.caps[SET_EFFECTIVE], 1);
	assert_true(status.no_new_privileges);
	assert_int_equal(status.seccomp, 2);
	assert_int_equal(status.seccomp_filters, 3);
	assert_int_equal(status.n_groups, 3);
	assert_int_equal(status.groups[2], UINT32_MAX);
	status_done(&status);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		if (status_parse(bad[i], &status, &err) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		assert_string_not_equal(err.text, "");
	}
}

/* ---- points that need a request and a status ---- */

#define CAPS(bnd, prm, inh, amb)                                                                   \
	"\"capabilities\":{\"bounding\":[" bnd "],\"permitted\":[" prm "],\"effective\":[" prm     \
	"],\"inheritable\":[" inh "],\"ambient\":[" amb "]}"
#define CONFIG(nnp, caps) "{\"process\":{\"noNewPrivileges\":" nnp "," caps "}}"
#define TWO               "\"CAP_CHOWN\",\"CAP_KILL\"" /* 0x21 */

static const struct {
	const char *config;
	uint64_t caps[CAP_SETS_]; /* bounding, effective, inheritable, permitted, ambient */
	enum proof_state at_exec, running;
} capabilities[] = {
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0x21, 0, 0x21, 0 },
	  PROOF_MATCH,
	  PROOF_MATCH },
	/* A user that is not root has none of them after its execve. */
	{ CONFIG("true", CAPS(TWO, TWO, "", "")), { 0x21, 0, 0, 0, 0 }, PROOF_MATCH, PROOF_MATCH },
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x23, 0, 0, 0, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0, 0, 0x2000, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0x2000, 0, 0x21, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	/* What it has it may make inheritable and ambient, later. */
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0x21, 0x20, 0x21, 0x20 },
	  PROOF_MISMATCH,
	  PROOF_MATCH },
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0x21, 0x40, 0x21, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	{ CONFIG("true", CAPS(TWO, TWO, "", "")),
	  { 0x21, 0x21, 0, 0x21, 0x40 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	/* Without noNewPrivileges root's execve gives what is in the bounding set, and no more. */
	{ CONFIG("false", CAPS(TWO, "", "", "")),
	  { 0x21, 0x21, 0, 0x21, 0 },
	  PROOF_MATCH,
	  PROOF_MATCH },
	{ CONFIG("true", CAPS(TWO, "", "", "")),
	  { 0x21, 0x21, 0, 0x21, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
	/* No sets at all are empty ones. */
	{ CONFIG("false", "\"x\":1"), { 0, 0, 0, 0, 0 }, PROOF_MATCH, PROOF_MATCH },
	{ CONFIG("false", "\"x\":1"), { 1, 0, 0, 0, 0 }, PROOF_MISMATCH, PROOF_MISMATCH },
	/* One that this program does not know is one too many. */
	{ CONFIG("false", CAPS(TWO, TWO, "", "")),
	  { 0x21 | UINT64_C(1) << 50, 0, 0, 0, 0 },
	  PROOF_MISMATCH,
	  PROOF_MISMATCH },
};

static void finding_done(struct proof_finding *finding)
{
	free(finding->wanted);
	free(finding->is);
	*finding = (struct proof_finding){ 0 };
}

static void test_capabilities(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		for (int running = 0; running < 2; running++) {
			struct proof_wanted wanted = {
				.moment = running ? PROOF_RUNNING : PROOF_AT_EXEC,
			};
			struct proof_status status = { 0 };
			struct proof_finding finding = { 0 };
			struct asked asked = { 0 };
			struct err err = { 0 };
			struct proof_look look = {
				.wanted = &wanted,
				.request = &asked.request,
				.status = &status,
			};

			ask(&asked, capabilities[i].config);
			memcpy(status.caps, capabilities[i].caps, sizeof(status.caps));
			assert_int_equal(proof_capabilities(&look, &finding, &err), 0);
			if (finding.state !=
			    (running ? capabilities[i].running : capabilities[i].at_exec))
				fail_msg("row %zu, running %d: %s: %s | %s", i, running,
					 proof_state_name(finding.state), finding.wanted,
					 finding.is);
			assert_int_equal(strlen(finding.digest), SHA256_HEX - 1);
			finding_done(&finding);
			asked_done(&asked);
		}
	}
}

static void test_no_new_privileges(void **state)
{
	static const struct {
		const char *config;
		bool set;
		enum proof_state is;
	} rows[] = {
		{ CONFIG("true", "\"x\":1"), true, PROOF_MATCH },
		{ CONFIG("true", "\"x\":1"), false, PROOF_MISMATCH },
		{ CONFIG("false", "\"x\":1"), true, PROOF_NOT_ASKED },
		{ CONFIG("false", "\"x\":1"), false, PROOF_NOT_ASKED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proof_status status = { .no_new_privileges = rows[i].set };
		struct proof_finding finding = { 0 };
		struct asked asked = { 0 };
		struct err err = { 0 };
		struct proof_look look = { .request = &asked.request, .status = &status };

		ask(&asked, rows[i].config);
		assert_int_equal(proof_no_new_privileges(&look, &finding, &err), 0);
		assert_int_equal(finding.state, rows[i].is);
		finding_done(&finding);
		asked_done(&asked);
	}
}

/* ---- id maps ---- */

static void test_id_maps(void **state)
{
	static const char *const bad[] = {
		"x",  "0 0\n",     "0 0 1", "0 0 1 2\n", "-1 0 1\n", "0 4294967296 1\n",
		"\n", "0 0 1\n\n",
	};
	struct id_range map[ID_RANGES_MAX], wanted[ID_RANGES_MAX];
	char *many = calloc(ID_RANGES_MAX + 1, strlen("0 0 1\n") + 1);
	size_t n = 0, n_wanted = 0;
	struct err err = { 0 };
	uint32_t outside;

	assert_non_null(many);
	assert_int_equal(
		id_map_parse("         0     100000         10\n        20 5 1\n", map, &n, &err),
		0);
	assert_int_equal(n, 2);
	assert_true(id_map_find(map, n, 9, &outside));
	assert_int_equal(outside, 100009);
	assert_false(id_map_find(map, n, 10, &outside));
	assert_false(id_map_find(map, n, 19, &outside));
	assert_true(id_map_find(map, n, 20, &outside));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		if (id_map_parse(bad[i], map, &n, &err) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
	for (size_t i = 0; i <= ID_RANGES_MAX; i++)
		memcpy(many + strlen(many), "0 0 1\n", strlen("0 0 1\n") + 1);
	err_clear(&err);
	assert_int_equal(id_map_parse(many, map, &n, &err), -E2BIG);
	free(many);
	/* The same said in other pieces; less; shifted; one more. */
	assert_int_equal(id_map_parse("0 100 5\n5 105 5\n10 500 1\n", wanted, &n_wanted, &err), 0);
	assert_int_equal(id_map_parse("0 100 10\n10 500 1\n", map, &n, &err), 0);
	assert_true(id_map_is_within(map, n, wanted, n_wanted));
	assert_true(id_map_is_within(wanted, n_wanted, map, n));
	assert_int_equal(id_map_parse("3 103 4\n", map, &n, &err), 0);
	assert_true(id_map_is_within(map, n, wanted, n_wanted));
	assert_int_equal(id_map_parse("3 104 1\n", map, &n, &err), 0);
	assert_false(id_map_is_within(map, n, wanted, n_wanted));
	assert_int_equal(id_map_parse("0 100 11\n", map, &n, &err), 0);
	assert_false(id_map_is_within(map, n, wanted, n_wanted));
	assert_int_equal(id_map_parse("0 0 4294967295\n", map, &n, &err), 0);
	assert_false(id_map_is_within(map, n, wanted, n_wanted));
}

/* ---- control groups, limits ---- */

static void test_cgroup(void **state)
{
	static const char v1[] = "12:pids:/a/b\n5:cpu,cpuacct:/c\n3:memory:/../x\n"
				 "2:cpuset:relative\n1:name=systemd:/y\n0::/v2/z\n";
	static const struct {
		const char *text, *controller, *path; /* NULL: none */
		bool v2;
	} rows[] = {
		{ v1, "pids", "/a/b", false },
		{ v1, "cpu", "/c", false },
		{ v1, "cpuacct", "/c", false },
		{ v1, "cp", "/v2/z", true },
		{ v1, "memory", NULL, false },
		{ v1, "cpuset", NULL, false },
		{ v1, "io", "/v2/z", true },
		{ "0::/\n", "memory", "/", true },
		{ "0::/a:b\n", "memory", "/a:b", true },
		{ "10::/a\n", "memory", NULL, false },
		{ "", "memory", NULL, false },
		{ "0:", "memory", NULL, false },
		{ "0::", "memory", NULL, false },
	};
	struct cgroup_place place;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool found = cgroup_find(rows[i].text, rows[i].controller, &place);

		if (found != (rows[i].path != NULL))
			fail_msg("row %zu", i);
		if (!found)
			continue;
		assert_string_equal(place.path, rows[i].path);
		assert_int_equal(place.v2, rows[i].v2);
	}
}

static void test_values(void **state)
{
	static const char limits[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max cpu time              unlimited            unlimited            seconds   \n"
		"Max open files            1024                 524288               files     \n"
		"Max processes             x                    1                    processes \n";
	uint64_t a = 0, b = 0;

	assert_true(cgroup_value("max\n", &a));
	assert_true(a == UINT64_MAX);
	assert_true(cgroup_value("-1\n", &a));
	assert_true(a == UINT64_MAX);
	assert_true(cgroup_value("50000 100000\n", &a));
	assert_int_equal(a, 50000);
	assert_false(cgroup_value("", &a));
	assert_false(cgroup_value("x", &a));
	assert_false(cgroup_value("12x\n", &a));
	assert_false(cgroup_value("99999999999999999999\n", &a));
	assert_true(rlimit_find(limits, "RLIMIT_NOFILE", &a, &b));
	assert_int_equal(a, 1024);
	assert_int_equal(b, 524288);
	assert_true(rlimit_find(limits, "RLIMIT_CPU", &a, &b));
	assert_true(a == UINT64_MAX && b == UINT64_MAX);
	assert_false(rlimit_find(limits, "RLIMIT_NPROC", &a, &b));
	assert_false(rlimit_find(limits, "RLIMIT_STACK", &a, &b));
	assert_false(rlimit_find(limits, "RLIMIT_NOTHING", &a, &b));
	assert_false(rlimit_find("Max open files", "RLIMIT_NOFILE", &a, &b));
}

/* ---- mounts ---- */

static void parse_mounts(const char *text, struct mountinfo *ret)
{
	struct err err = { 0 };
	char *copy = strdup(text);

	assert_non_null(copy);
	if (mountinfo_parse(copy, ret, &err) < 0)
		fail_msg("%s: %s", err.text, text);
}

static void test_mountinfo(void **state)
{
	static const char *const bad[] = {
		"1 0 0:1 / / rw - t s rw",
		"x 0 0:1 / / rw - t s rw\n",
		"1 0 0 1 / / rw - t s rw\n",
		"1 0 0:1 / / rw t s rw\n",
		"1 0 0:1 / / rw - t s\n",
		"1 0 0:1 / relative rw - t s rw\n",
		"1 0 0:1 / / rw shared:x - t s rw\n",
		"\n",
		"4294967296 0 0:1 / / rw - t s rw\n",
	};
	struct mountinfo m = { 0 };
	struct err err = { 0 };

	parse_mounts("1 0 8:2 /a\\040b//deleted /x\\134\\011 ro,nosuid,nodev,noexec,relatime "
		     "shared:7 master:9 - ext4 /dev/x rw\n"
		     "2 1 0:9 / / rw - tmpfs  ro,size=1k\n",
		     &m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].root, "/a b//deleted");
	assert_string_equal(m.v[0].place, "/x\\\t");
	assert_string_equal(m.v[0].type, "ext4");
	assert_int_equal(m.v[0].major, 8);
	assert_int_equal(m.v[0].minor, 2);
	assert_int_equal(m.v[0].flags, MOUNT_RO | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC);
	assert_int_equal(m.v[0].peer_group, 7);
	assert_int_equal(m.v[1].flags, MOUNT_RO);
	assert_int_equal(m.v[1].peer_group, 0);
	mountinfo_done(&m);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *copy = strdup(bad[i]);

		err_clear(&err);
		if (mountinfo_parse(copy, &m, &err) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
}

/* What is mounted over another hides it and all that is below; what is below that is seen. */
static void test_lookup(void **state)
{
	struct mountinfo m = { 0 };

	parse_mounts("10 1 0:1 / / rw - a s rw\n"
		     "11 10 0:2 / /d/e rw - b s rw\n"
		     "12 10 0:3 / /d rw - c s rw\n"
		     "13 12 0:4 / /d/f rw - d s rw\n"
		     "14 13 0:5 / /d/f rw - e s rw\n"
		     "15 10 0:6 / /dd rw - f s rw\n",
		     &m);
	assert_string_equal(mountinfo_root(&m)->type, "a");
	assert_string_equal(mountinfo_at(&m, "/x")->type, "a");
	assert_string_equal(mountinfo_at(&m, "/d/e")->type, "c");
	assert_string_equal(mountinfo_at(&m, "/d/f/g")->type, "e");
	assert_string_equal(mountinfo_at(&m, "/dd")->type, "f");
	mountinfo_done(&m);
	parse_mounts("10 1 0:1 / / rw - a s rw\n11 10 0:2 / / ro - b s rw\n", &m);
	assert_string_equal(mountinfo_root(&m)->type, "b");
	mountinfo_done(&m);
	parse_mounts("10 1 0:1 / /a rw - a s rw\n", &m);
	assert_null(mountinfo_root(&m));
	mountinfo_done(&m);
}

/* The host of these tests: /src is on 8:1, mounted at "/"; /vol on 8:2, at /vol. */
static void test_source(const char *path, struct bind_source *ret)
{
	static const struct {
		const char *path, *below;
		uint32_t minor;
	} known[] = { { "/src/a", "/src/a", 1 }, { "/vol", "", 2 }, { "/vol/b", "/b", 2 } };

	*ret = (struct bind_source){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!streq(path, known[i].path))
			continue;
		*ret = (struct bind_source){ .known = true, .major = 8, .minor = known[i].minor };
		(void)snprintf(ret->below, sizeof(ret->below), "%s", known[i].below);
	}
}

static bool test_kernel_has(int procfs, const char *path)
{
	return !strstr(path, "absent");
}

#define HOST         "1 0 8:1 / / rw shared:1 - ext4 s rw\n2 1 8:2 / /vol rw shared:2 - ext4 s rw\n"
#define ROOT         "20 1 0:50 / / rw - overlay o rw\n"
#define PROC         "21 20 0:51 / /proc rw,nosuid,nodev,noexec - proc proc rw\n"
#define MOUNTS(list) "{\"process\":{},\"mounts\":[" list "]}"
#define WITH_PROC(list)                                                                            \
	"{\"process\":{},\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","                \
	"\"source\":\"proc\"}]"                                                                    \
	",\"linux\":{" list "}}"
#define BIND(options)                                                                              \
	"{\"destination\":\"/data/\",\"type\":\"bind\",\"source\":\"/src/a\",\"options\":"         \
	"[\"rbind\"" options "]}"
#define TMPFS                                                                                      \
	"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"t\",\"options\":[\"nosuid\"]}"
#define MASK(paths) WITH_PROC("\"maskedPaths\":[" paths "]")
#define READ(paths) WITH_PROC("\"readonlyPaths\":[" paths "]")

static const struct {
	const char *config, *mounts;
	const char *differs; /* NULL: no */
	enum proof_moment moment;
} mounts[] = {
	/* Flags that the options ask for. */
	{ MOUNTS(BIND(",\"ro\"")), ROOT "30 20 8:1 /src/a /data ro - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"ro\"")), ROOT "30 20 8:1 /src/a /data rw - ext4 s rw\n", "\"/data\": rw",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"ro\",\"rw\"")), ROOT "30 20 8:1 /src/a /data rw - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"noexec\",\"nodev\"")),
	  ROOT "30 20 8:1 /src/a /data rw,nodev - ext4 s rw\n", "\"/data\": rw,nodev",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND("")), ROOT "30 20 8:1 /src/a /data ro,nosuid - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	/* What is shown. */
	{ MOUNTS(BIND("")), ROOT "30 20 8:1 /src/b /data rw - ext4 s rw\n", "\"/src/b\"",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND("")), ROOT "30 20 8:2 /src/a /data rw - ext4 s rw\n", "\"/src/a\"",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND("")), ROOT "30 20 8:1 /src/a//deleted /data rw - ext4 s rw\n", NULL,
	  PROOF_RUNNING },
	/* The last one at a place wins, and one above hides it. */
	{ MOUNTS(BIND(",\"ro\"") "," TMPFS "," BIND("")),
	  ROOT "30 20 8:1 /src/a /data rw - ext4 s rw\n31 20 0:60 / /tmp rw,nosuid - tmpfs t rw\n",
	  NULL, PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"ro\"")),
	  ROOT "30 20 8:1 /src/a /data ro - ext4 s rw\n31 30 8:1 /src/a /data rw - ext4 s rw\n",
	  "\"/data\": rw", PROOF_AT_EXEC },
	/* Not mounted: an image's link leads elsewhere, or it is not there. */
	{ MOUNTS(BIND(",\"ro\"")), ROOT "30 20 8:1 /src/a /run/x ro - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"ro\"")), ROOT "30 20 8:1 /src/a /run/x rw - ext4 s rw\n", "\"/data\": rw",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"ro\"")), ROOT, "not mounted", PROOF_AT_EXEC },
	{ MOUNTS(TMPFS), ROOT "30 20 8:1 / /tmp rw,nosuid - ext4 s rw\n", "of \"ext4\"",
	  PROOF_AT_EXEC },
	{ MOUNTS(TMPFS), ROOT "30 20 0:9 /sub /tmp rw,nosuid - tmpfs s rw\n", "\"/sub\"",
	  PROOF_AT_EXEC },
	/* What nobody asked for. */
	{ MOUNTS(""), ROOT "30 20 8:1 /etc /x rw - ext4 s rw\n", "not asked for", PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 8:1 /etc /x ro - ext4 s rw\n", NULL, PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 0:77 / /x rw - tmpfs s rw\n", NULL, PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 0:50 /in /x rw - overlay s rw\n", NULL, PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 0:77 / /x rw - proc s rw\n", "not asked for", PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 0:6 /null /dev/null rw - devtmpfs s rw\n", NULL, PROOF_AT_EXEC },
	{ MOUNTS(""), ROOT "30 20 0:6 /sda /dev/sda rw - devtmpfs s rw\n", "not asked for",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND("")),
	  ROOT "30 20 8:1 /src/a /data rw - ext4 s rw\n31 30 8:2 / /data/v rw - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	/* Sharing. */
	{ MOUNTS(BIND("")), ROOT "30 20 8:1 /src/a /data rw shared:1 - ext4 s rw\n",
	  "shared with the host", PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"rshared\"")), ROOT "30 20 8:1 /src/a /data rw shared:1 - ext4 s rw\n",
	  NULL, PROOF_AT_EXEC },
	{ MOUNTS(BIND(",\"shared\",\"private\"")),
	  ROOT "30 20 8:1 /src/a /data rw shared:1 - ext4 s rw\n", "shared with the host",
	  PROOF_AT_EXEC },
	{ MOUNTS(BIND("")), ROOT "30 20 8:1 /src/a /data rw shared:99 master:1 - ext4 s rw\n", NULL,
	  PROOF_AT_EXEC },
	/* Masked and read-only paths. */
	{ MASK("\"/proc/keys\""), ROOT PROC "30 21 0:6 /null /proc/keys rw - devtmpfs d rw\n", NULL,
	  PROOF_AT_EXEC },
	{ MASK("\"/proc/keys\""), ROOT PROC, "\"/proc/keys\": masked", PROOF_AT_EXEC },
	{ MASK("\"/proc/absent\",\"/image/path\""), ROOT PROC, NULL, PROOF_AT_EXEC },
	{ "{\"process\":{},\"linux\":{\"maskedPaths\":[\"/proc/keys\"]}}", ROOT, NULL,
	  PROOF_AT_EXEC },
	{ MASK("\"/proc/a/b\""), ROOT PROC "30 21 0:61 / /proc/a ro - tmpfs t ro\n", NULL,
	  PROOF_AT_EXEC },
	{ READ("\"/proc/sys\""), ROOT PROC "30 21 0:51 /sys /proc/sys ro - proc p rw\n", NULL,
	  PROOF_AT_EXEC },
	{ READ("\"/proc/sys\""), ROOT PROC "30 21 0:51 /sys /proc/sys rw - proc p rw\n",
	  "\"/proc/sys\": read-only", PROOF_AT_EXEC },
	{ READ("\"/proc/sys\""), ROOT PROC, "\"/proc/sys\": read-only", PROOF_AT_EXEC },
	/* At the very place of a mount: over it once more. */
	{ READ("\"/proc\""), ROOT PROC "30 21 0:51 / /proc ro,nosuid,nodev,noexec - proc proc rw\n",
	  NULL, PROOF_AT_EXEC },
	{ READ("\"/proc\""), ROOT PROC "30 21 0:51 / /proc rw - proc proc rw\n",
	  "\"/proc\": read-only", PROOF_AT_EXEC },
	{ MASK("\"/proc\""), ROOT PROC "30 21 0:61 / /proc ro - tmpfs t ro\n", NULL,
	  PROOF_AT_EXEC },
	{ MASK("\"/proc\""), ROOT PROC, "\"/proc\": masked", PROOF_AT_EXEC },
	{ MOUNTS(TMPFS),
	  ROOT "30 20 8:1 /etc /tmp rw - ext4 s rw\n31 30 0:9 / /tmp rw,nosuid - tmpfs s rw\n",
	  "not asked for", PROOF_AT_EXEC },
};

static void compare_mounts(const char *config, const char *text, enum proof_moment moment,
			   struct buf *out)
{
	struct mountinfo m = { 0 }, host = { 0 };
	struct wanted_mounts asked_mounts = { 0 };
	struct asked asked = { 0 };
	struct err err = { 0 };
	struct mounts_look l = {
		.request = &asked.request,
		.moment = moment,
		.mounts = &m,
		.asked = &asked_mounts,
		.find_source = test_source,
		.kernel_has = test_kernel_has,
		.host_read = true,
	};

	ask(&asked, config);
	parse_mounts(text, &m);
	parse_mounts(HOST, &host);
	l.host = host;
	assert_int_equal(wanted_mounts_read(&asked.request, &asked_mounts, &err), 0);
	if (mounts_compare(&l, &err) < 0)
		fail_msg("%s", err.text);
	if (l.differs)
		buf_addf(out, "%s | %s", l.wanted.data, l.is.data);
	wanted_mounts_done(&asked_mounts);
	mounts_look_done(&l);
	mountinfo_done(&m);
	asked_done(&asked);
}

static void test_mounts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		_cleanup_buf_ struct buf out = { 0 };

		compare_mounts(mounts[i].config, mounts[i].mounts, mounts[i].moment, &out);
		if (mounts[i].differs ? !out.data || !strstr(out.data, mounts[i].differs)
				      : out.data != NULL)
			fail_msg("row %zu: %s", i, out.data ? out.data : "no difference");
	}
}

static void test_root(void **state)
{
	static const struct {
		const char *config, *mounts;
		enum proof_state is;
	} rows[] = {
		{ "{\"process\":{},\"root\":{\"readonly\":true}}", "1 0 0:1 / / ro - a s rw\n",
		  PROOF_MATCH },
		{ "{\"process\":{},\"root\":{\"readonly\":true}}", "1 0 0:1 / / rw - a s ro\n",
		  PROOF_MATCH },
		{ "{\"process\":{},\"root\":{\"readonly\":true}}", "1 0 0:1 / / rw - a s rw\n",
		  PROOF_MISMATCH },
		{ "{\"process\":{},\"root\":{\"readonly\":true}}",
		  "1 0 0:1 / / ro - a s rw\n2 1 0:1 / / rw - a s rw\n", PROOF_MISMATCH },
		{ "{\"process\":{},\"root\":{}}", "1 0 0:1 / / rw - a s rw\n", PROOF_NOT_ASKED },
		{ "{\"process\":{},\"root\":{\"readonly\":true}}", "1 0 0:1 / /a ro - a s rw\n",
		  PROOF_NOT_POSSIBLE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proof_finding finding = { 0 };
		struct mountinfo m = { 0 };
		struct asked asked = { 0 };
		struct err err = { 0 };

		ask(&asked, rows[i].config);
		parse_mounts(rows[i].mounts, &m);
		assert_int_equal(root_compare(&asked.request, &m, &finding, &err), 0);
		if (finding.state != rows[i].is)
			fail_msg("row %zu: %s", i, proof_state_name(finding.state));
		finding_done(&finding);
		mountinfo_done(&m);
		asked_done(&asked);
	}
}

/* ---- the whole, and names ---- */

static void test_holds(void **state)
{
	struct proof proof = { 0 };

	/* Zero is a mismatch: a proof that nobody took holds nothing. */
	assert_false(proof_holds(&proof));
	for (size_t i = 0; i < PROOF_POINTS_; i++)
		proof.at[i].state = i % 2 ? PROOF_MATCH : PROOF_NOT_ASKED;
	assert_true(proof_holds(&proof));
	proof.at[3].state = PROOF_NOT_POSSIBLE;
	assert_false(proof_holds(&proof));
	assert_int_equal(proof_count(&proof, PROOF_NOT_POSSIBLE), 1);
	for (size_t i = 0; i < PROOF_POINTS_; i++)
		assert_int_equal(proof_point_of(proof_point_name(i)), i);
	assert_int_equal(proof_point_of("nothing"), -ENOENT);
}

static void test_images(void **state)
{
	char name[IMAGE_NAME_MAX];
	char a[512], b[512];
	const int n = SHA256_HEX - 1;

	(void)snprintf(a, sizeof(a), "table %0*d\nrule 1 of chain x %0*d\n", n, 1, n, 2);
	(void)snprintf(b, sizeof(b), "table %0*d\nrule 1 of chain x %0*d\n", n, 1, n, 3);
	assert_false(firewall_image_differs(a, a, name));
	assert_true(firewall_image_differs(a, b, name));
	assert_string_equal(name, "rule 1 of chain x");
	(void)snprintf(b, sizeof(b), "table %0*d\n", n, 1);
	assert_true(firewall_image_differs(a, b, name));
	assert_string_equal(name, "rule 1 of chain x");
	assert_true(firewall_image_differs(b, a, name));
	assert_string_equal(name, "rule 1 of chain x");
	assert_true(firewall_image_differs("", b, name));
	assert_string_equal(name, "table");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_no_new_privileges),
		cmocka_unit_test(test_id_maps),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
