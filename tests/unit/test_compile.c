/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/compile.c: what libseccomp makes of a filter is what a runtime would load; where it makes
 * nothing of it, or never ends, that is said within the limit.
 */
#include "cli/compile.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/default_filter.h"
#include "tests/unit/oci_seccomp.h"

static int compile_text(const char *text, struct buf *program, size_t *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct filter filter = { 0 };
	int r;

	if (doc_parse(&doc, "f", text, strlen(text), err) < 0 ||
	    filter_parse(doc, doc_root(doc), &filter, err) < 0)
		fail_msg("%s\n%s", err->text, text);
	r = compile_filter(&filter, program, ret, err);
	filter_done(&filter);
	return r;
}

/* The longer of the two is runc's, which jumps through a tree first; or crun's, to the byte. */
static void check_program(const char *text, bool has_tree)
{
	_cleanup_buf_ struct buf program = { 0 };
	json_t *json = oci_load(text);
	struct bpf bpf = { 0 };
	struct err err = { 0 };
	size_t n = 0;

	assert_non_null(json);
	assert_int_equal(oci_compile(json, &bpf), 0);
	if (compile_text(text, &program, &n, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(program.len, n * sizeof(*bpf.code));
	if (has_tree) {
		assert_true(n >= bpf.n && n <= BPF_MAXINSNS);
	} else {
		assert_int_equal(n, bpf.n);
		assert_memory_equal(program.data, bpf.code, program.len);
	}
	print_message("%zu instructions\n", n);
	free(bpf.code);
	json_decref(json);
}

static void test_programs(void **state)
{
	_cleanup_buf_ struct buf docker = { 0 }, podman = { 0 };

	docker_like_filter(&docker);
	podman_like_filter(&podman);
	check_program(docker.data, true);
	check_program(podman.data, true);
	check_program("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", false);
	check_program("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		      "\"syscalls\":[{\"names\":[\"ptrace\",\"not_yet_a_call\"],\"action\":"
		      "\"SCMP_ACT_ERRNO\",\"errnoRet\":38},{\"names\":[\"ioctl\"],\"action\":"
		      "\"SCMP_ACT_TRACE\",\"errnoRet\":7,\"args\":[{\"index\":1,\"value\":21522,"
		      "\"op\":\"SCMP_CMP_EQ\"}]}]}",
		      false);
}

/* Found by trying filters at random: 2.5.4 does not end while it adds one of these rules. */
static const struct {
	unsigned int index;
	const char *op;
	uint64_t value;
	bool last; /* of its rule */
} endless[] = {
	{ 0, "LE", 0x7fffffff, false },
	{ 1, "LT", 0x80000000, true },
	{ 0, "GE", 0x8000000000000000, false },
	{ 1, "GT", 0x100000000, true },
	{ 0, "LT", 3, false },
	{ 1, "MASKED_EQ", 8, false },
	{ 2, "NE", 0, true },
	{ 0, "GE", 0x8000000000000000, false },
	{ 1, "EQ", 0x100000000, true },
};

static void write_endless(struct buf *text)
{
	const char *begin = "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_LOG\",\"args\":[";

	buf_adds(text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[");
	for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
		bool first = i == 0 || endless[i - 1].last;

		buf_adds(text, first ? begin : ",");
		buf_addf(text, "{\"index\":%u,\"op\":\"SCMP_CMP_%s\",\"value\":%llu}",
			 endless[i].index, endless[i].op, (unsigned long long)endless[i].value);
		if (endless[i].last)
			buf_adds(text, i + 1 < ARRAY_SIZE(endless) ? "]}," : "]}");
	}
	buf_adds(text, "]}");
}

static void test_endless(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct timespec begin, end;
	struct err err = { 0 };
	size_t n = 42;
	int r;

	write_endless(&text);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	r = compile_text(text.data, NULL, &n, &err);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= COMPILE_WALL_SECONDS);
	assert_int_equal(r, -ETIME);
	assert_int_equal(n, 42);
	assert_int_equal(err.class, ERR_INPUT);
	assert_string_equal(err.text, "libseccomp needs more than 2 seconds for it, at a rule for "
				      "\"ioctl\": say fewer conditions");
}

static void add_values(struct buf *text, const char *call, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		buf_addf(
			text,
			",{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,"
			"\"op\":\"SCMP_CMP_EQ\",\"value\":%u}]}",
			call, i * 3);
}

static void test_too_long(void **state)
{
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };
	size_t n = 0;
	int r;

	buf_adds(&text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],"
			"\"action\":\"SCMP_ACT_ALLOW\"}");
	add_values(&text, "fcntl", 10);
	add_values(&text, "ioctl", 4500);
	buf_adds(&text, "]}");
	r = compile_text(text.data, NULL, &n, &err);
	assert_int_equal(r, -E2BIG);
	assert_int_equal(err.class, ERR_INPUT);
	if (!strstr(err.text, " instructions, and the kernel takes 4096 at most: say fewer "
			      "conditions (\"ioctl\" has 4500 rules)"))
		fail_msg("%s", err.text);
}

static void test_refused(void **state)
{
	struct err err = { 0 };
	size_t n = 0;

	/* One filter cannot be for both byte orders. */
	assert_int_equal(compile_text("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":"
				      "[\"SCMP_ARCH_S390X\",\"SCMP_ARCH_X86_64\"]}",
				      NULL, &n, &err),
			 -EBADMSG);
	assert_non_null(strstr(err.text, "libseccomp refuses it: "));
}

static void test_config(void **state)
{
	static const struct {
		const char *text;
		bool has;
	} rows[] = {
		{ "{}", false },
		{ "{\"linux\":{}}", false },
		{ "{\"linux\":{\"seccomp\":null}}", false },
		{ "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct err err = { 0 };
		size_t n = 42;

		assert_int_equal(
			doc_parse(&doc, "config.json", rows[i].text, strlen(rows[i].text), &err),
			0);
		assert_int_equal(compile_config(doc, &n, &err), 0);
		assert_int_equal(n > 0, rows[i].has);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs), cmocka_unit_test(test_endless),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_config),
	};

	(void)seccomp_api_set(6);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
