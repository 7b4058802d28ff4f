/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/bpf.c and profiles/filter_proof.c: the machine against the tests' own one, and the proof
 * against points taken by chance: what it passes is nowhere laxer, what libseccomp makes of a meet
 * passes.
 */
#include "profiles/filter_proof.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/default_filter.h"
#include "tests/unit/says.h"

#if defined(__SANITIZE_ADDRESS__)
#define FILTERS 150
#else
#define FILTERS 500
#endif
#define NUMBERS 600

struct made {
	json_t *json;
	struct filter filter;
	struct bpf bpf; /* the tests' own machine */
	struct bpf_program program;
	struct says *says;
};

static void made_done(struct made *made)
{
	json_decref(made->json);
	filter_done(&made->filter);
	bpf_done(&made->bpf);
	free(made->says);
	*made = (struct made){ 0 };
}

static int read_filter(const char *text, struct filter *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "f", text, strlen(text), &err) < 0 ||
	    filter_parse(doc, doc_root(doc), ret, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	return 0;
}

/* false: libseccomp does not take it */
static bool make(const char *text, struct made *ret)
{
	struct err err = { 0 };

	*ret = (struct made){ .json = oci_load(text), .says = calloc(1, sizeof(*ret->says)) };
	assert_non_null(ret->json);
	assert_non_null(ret->says);
	(void)read_filter(text, &ret->filter);
	says_read(ret->says, ret->json);
	if (oci_compile(ret->json, &ret->bpf) < 0) {
		made_done(ret);
		return false;
	}
	ret->program = (struct bpf_program){ ret->bpf.code, ret->bpf.n };
	if (bpf_check(&ret->program, &err) < 0)
		fail_msg("%s", err.text);
	return true;
}

/* A meet of two, so that there is nothing in it which libseccomp gets wrong. */
static bool make_met(uint64_t *seed, struct made *ret, struct buf *text)
{
	_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
	struct filter one = { 0 }, other = { 0 }, met = { 0 };
	struct emit e = EMIT(text);
	struct err err = { 0 };
	int r;

	random_filter(seed, &a, 6);
	random_filter(seed, &b, 6);
	(void)read_filter(a.data, &one);
	(void)read_filter(b.data, &other);
	r = filter_meet(&one, &other, &met, NULL, NULL, &err);
	if (r == 0)
		filter_emit(&e, &met);
	filter_done(&one);
	filter_done(&other);
	filter_done(&met);
	return r == 0 && make(text->data, ret);
}

static void prove(const struct made *made, const struct bpf_program *programs, size_t n,
		  struct filter_gap *gap)
{
	struct err err = { 0 };

	if (filter_prove(&made->filter, programs, n, gap, &err) < 0)
		fail_msg("%s", err.text);
}

static void random_data(uint64_t *seed, struct seccomp_data *data)
{
	static const uint32_t audits[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 7 };

	*data = (struct seccomp_data){
		.nr = (int)(random_below(seed, NUMBERS) | (random_below(seed, 4) ? 0 : 0x40000000)),
		.arch = audits[random_below(seed, ARRAY_SIZE(audits))],
	};
	for (size_t i = 0; i < 6; i++)
		data->args[i] = random_value(seed);
}

/* ---- the machine ---- */

static void test_machine(void **state)
{
	uint64_t seed = random_seed();
	size_t steps = 0;

	for (size_t i = 0; i < FILTERS; i++) {
		_cleanup_buf_ struct buf text = { 0 };
		struct made made;
		struct seccomp_data data;

		random_filter(&seed, &text, ARRAY_SIZE(random_calls));
		if (!make(text.data, &made))
			continue;
		for (size_t k = 0; k < 500; k++) {
			random_data(&seed, &data);
			assert_int_equal(bpf_program_run(&made.program, 0, 0, &data, &steps),
					 bpf_run(&made.bpf, &data));
		}
		made_done(&made);
	}
}

/* Numbers all at once say what each says by itself, whatever the tree. */
static void check_answers(const struct made *made, uint32_t arch, uint64_t *seed)
{
	uint32_t numbers[2 * NUMBERS];
	struct bpf_answer answers[ARRAY_SIZE(numbers)];
	struct err err = { 0 };
	size_t steps = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers[i] = (uint32_t)(i < NUMBERS ? i : 0x40000000 + i - NUMBERS);
	assert_int_equal(
		bpf_answer_all(&made->program, arch, numbers, ARRAY_SIZE(numbers), answers, &err),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct seccomp_data data;
		uint32_t got = answers[i].action;

		random_data(seed, &data);
		data.nr = (int)numbers[i];
		data.arch = arch;
		if (answers[i].depends)
			got = bpf_program_run(&made->program, answers[i].pc, answers[i].a, &data,
					      &steps);
		assert_int_equal(got, bpf_run(&made->bpf, &data));
	}
}

static void test_answers(void **state)
{
	uint64_t seed = random_seed();

	for (size_t i = 0; i < FILTERS; i++) {
		_cleanup_buf_ struct buf text = { 0 };
		struct made made;

		random_filter(&seed, &text, ARRAY_SIZE(random_calls));
		if (!make(text.data, &made))
			continue;
		check_answers(&made, AUDIT_ARCH_X86_64, &seed);
		check_answers(&made, AUDIT_ARCH_I386, &seed);
		made_done(&made);
	}
}

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RET(action)  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##action)

/* What libseccomp does not write, and the kernel takes. */
static void test_instructions(void **state)
{
	struct sock_filter code[] = {
		LOAD(0),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_IMM, 2),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 10),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0x100),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0x7),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 4),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
		BPF_STMT(BPF_ALU | BPF_NEG, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct bpf_program program = { code, ARRAY_SIZE(code) };
	struct err err = { 0 };
	size_t steps = 0;

	assert_int_equal(bpf_check(&program, &err), 0);
	for (uint32_t nr = 0; nr < 50; nr++) {
		const struct seccomp_data data = { .nr = (int)nr };
		uint32_t x = -(((((nr + 2) * 10 - 1) / 3 | 0x100) ^ 7) << 4 >> 2), a = nr + x;

		assert_int_equal(bpf_program_run(&program, 0, 0, &data, &steps), a & 1 ? 64 : a);
	}
	assert_int_equal(steps, 50 * 17 + 25);
}

static void test_bad_programs(void **state)
{
	static const struct {
		struct sock_filter code[3];
		size_t n;
	} bad[] = {
		{ { RET(ALLOW) }, 0 },
		{ { LOAD(0) }, 1 },
		{ { LOAD(64), RET(ALLOW) }, 2 },
		{ { LOAD(1), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_ST, 16), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RET(ALLOW) }, 2 },
		{ { BPF_STMT(BPF_JMP | BPF_JA, 1), RET(ALLOW) }, 2 },
		{ { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RET(ALLOW) }, 2 },
		{ { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RET(ALLOW) }, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sock_filter code[3];
		struct bpf_program program = { code, bad[i].n };
		struct err err = { 0 };

		memcpy(code, bad[i].code, sizeof(code));
		if (bpf_check(&program, &err) != -EBADMSG)
			fail_msg("program %zu is taken", i);
	}
}

/* ---- the proof ---- */

/*
 * What the filter says at a point of x86_64 at most, from its JSON: where several rules hold, the
 * laxest of them; one without conditions stands for all.
 */
static uint32_t most(const struct says *says, const char *name, const uint64_t args[6])
{
	uint32_t whole = 0, part = 0;
	bool has_whole = false, has_part = false;

	for (size_t i = 0; i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		if (!name || !streq(rule->name, name))
			continue;
		if (rule->n == 0) {
			whole = !has_whole || rank(rule->action) > rank(whole) ? rule->action
									       : whole;
			has_whole = true;
		} else if (all_hold(says, rule, args, UINT64_MAX)) {
			part = !has_part || rank(rule->action) > rank(part) ? rule->action : part;
			has_part = true;
		}
	}
	return has_whole ? whole : has_part ? part : says->fallback;
}

/* A point by chance at which the program is laxer; false: none was found. */
static bool find_laxer(const struct made *made, const struct bpf_program *program, uint64_t *seed)
{
	const struct bpf bpf = { program->code, program->n };

	for (size_t i = 0; i < 3000; i++) {
		struct seccomp_data data;
		uint64_t args[6];
		const char *name = random_calls[random_below(seed, ARRAY_SIZE(random_calls))];
		int number = seccomp_syscall_resolve_name(name);

		random_data(seed, &data);
		if (number < 0)
			continue;
		data.nr = number;
		data.arch = AUDIT_ARCH_X86_64;
		memcpy(args, data.args, sizeof(args));
		if (rank(bpf_run(&bpf, &data)) > rank(most(made->says, name, args)))
			return true;
	}
	return false;
}

/* One instruction made wrong. */
static void sabotage(struct sock_filter *code, size_t n, uint64_t *seed)
{
	for (;;) {
		struct sock_filter *in = &code[random_below(seed, n)];

		if (BPF_CLASS(in->code) == BPF_RET)
			in->k = SECCOMP_RET_ALLOW;
		else if (BPF_CLASS(in->code) == BPF_JMP && BPF_OP(in->code) != BPF_JA)
			in->k += random_below(seed, 2) ? 1 : (uint32_t)-1;
		else
			continue;
		return;
	}
}

static void test_met(void **state)
{
	uint64_t seed = random_seed();
	size_t compiled = 0, laxer = 0, found = 0;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < FILTERS; i++) {
		_cleanup_buf_ struct buf text = { 0 };
		struct filter_gap gap = { 0 };
		uint64_t before = seed;
		struct made made;
		bool is_laxer;

		if (!make_met(&seed, &made, &text))
			continue;
		compiled++;
		prove(&made, &made.program, 1, &gap);
		if (gap.found)
			fail_msg("seed %llu: %s of %s: %d, not %d\n%s", (unsigned long long)before,
				 gap.call, gap.architecture, gap.is, gap.wanted, text.data);
		assert_true(gap.points > 3 * NUMBERS);
		for (size_t k = 0; k < 4; k++) {
			struct sock_filter kept[BPF_INSTRUCTIONS_MAX];

			memcpy(kept, made.bpf.code, made.bpf.n * sizeof(kept[0]));
			sabotage(made.bpf.code, made.bpf.n, &seed);
			is_laxer = find_laxer(&made, &made.program, &seed);
			prove(&made, &made.program, 1, &gap);
			laxer += is_laxer;
			found += gap.found;
			if (is_laxer && !gap.found)
				fail_msg("seed %llu: a laxer program passes\n%s",
					 (unsigned long long)before, text.data);
			memcpy(made.bpf.code, kept, made.bpf.n * sizeof(kept[0]));
		}
		made_done(&made);
	}
	print_message("%zu filters; %zu sabotages seen by chance, %zu by the proof\n", compiled,
		      laxer, found);
	assert_true(compiled > FILTERS / 4);
	assert_true(laxer > FILTERS / 8);
}

static const struct {
	const char *wanted, *installed[3]; /* filters; NULL: no more */
	const char *call;                  /* NULL: nothing is laxer */
} cases[] = {
#define ALLOW_ALL "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"
#define RULE(action, names, rest)                                                                  \
	"{\"action\":\"SCMP_ACT_" action "\",\"names\":[" names "]" rest "}"
#define FILTER(fallback, rules)                                                                    \
	"{\"defaultAction\":\"SCMP_ACT_" fallback "\",\"syscalls\":[" rules "]}"
#define ARGS(index, op, value)                                                                     \
	",\"args\":[{\"index\":" #index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" #value "}]"
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")),
	  { FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")) },
	  NULL },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")), { NULL }, "write" },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")), { ALLOW_ALL }, "write" },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")),
	  { FILTER("ERRNO", RULE("ALLOW", "\"read\",\"write\"", "")) },
	  "write" },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")), { FILTER("ERRNO", "") }, NULL },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")), { FILTER("LOG", "") }, "write" },
	/* All filters together: the strictest counts. */
	{ FILTER("ALLOW", RULE("ERRNO", "\"read\",\"write\"", "")),
	  { FILTER("ALLOW", RULE("ERRNO", "\"read\"", "")),
	    FILTER("ALLOW", RULE("ERRNO", "\"write\"", "")) },
	  NULL },
	{ FILTER("ALLOW", RULE("ERRNO", "\"read\",\"write\"", "")),
	  { FILTER("ALLOW", RULE("ERRNO", "\"read\"", "")), ALLOW_ALL },
	  "write" },
	/* The kernel's order of actions. */
	{ FILTER("ALLOW", RULE("KILL_PROCESS", "\"read\"", "")),
	  { FILTER("ALLOW", RULE("KILL", "\"read\"", "")) },
	  "read" },
	{ FILTER("ALLOW", RULE("TRAP", "\"read\"", "")),
	  { FILTER("ALLOW", RULE("KILL", "\"read\"", "")) },
	  NULL },
	{ FILTER("ALLOW", RULE("ERRNO", "\"read\"", ",\"errnoRet\":1")),
	  { FILTER("ALLOW", RULE("ERRNO", "\"read\"", ",\"errnoRet\":38")) },
	  NULL },
	{ FILTER("ALLOW", RULE("LOG", "\"read\"", "")), { ALLOW_ALL }, "read" },
	/* Arguments. */
	{ FILTER("ALLOW", RULE("ERRNO", "\"socket\"", ARGS(0, "EQ", 40))),
	  { FILTER("ALLOW", RULE("ERRNO", "\"socket\"", ARGS(0, "EQ", 41))) },
	  "socket" },
	{ FILTER("ALLOW", RULE("ERRNO", "\"read\"", ARGS(2, "GT", 1000000))),
	  { FILTER("ALLOW", RULE("ERRNO", "\"read\"", ARGS(2, "GT", 1000001))) },
	  "read" },
	{ FILTER("ALLOW", RULE("ERRNO", "\"read\"", ARGS(2, "GT", 1000000))),
	  { FILTER("ALLOW", RULE("ERRNO", "\"read\"", ARGS(2, "GE", 1000000))) },
	  NULL },
	{ FILTER("ERRNO", RULE("ALLOW", "\"clone\"", "")),
	  { FILTER("ERRNO", RULE("ALLOW", "\"clone\"", ARGS(0, "EQ", 0))) },
	  NULL },
	{ FILTER("ERRNO", RULE("ALLOW", "\"read\"", "")),
	  { FILTER("ERRNO", RULE("ALLOW", "\"read\"", "") "," RULE("ALLOW", "\"ioctl\"",
								   ARGS(1, "EQ", 21522))) },
	  "ioctl" },
	/* Architectures. */
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}",
	  { ALLOW_ALL },
	  NULL },
	{ ALLOW_ALL,
	  { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}" },
	  "restart_syscall" },
	{ ALLOW_ALL,
	  { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X32\"]}" },
	  "read" },
	/* A call that no libseccomp of today knows: the runtime's own may. */
	{ FILTER("ERRNO", RULE("ALLOW", "\"call_of_tomorrow\"", "")),
	  { FILTER("ERRNO", "") },
	  NULL },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_program programs[3];
		struct made wanted, made[3];
		struct filter_gap gap = { 0 };
		size_t n = 0;

		assert_true(make(cases[i].wanted, &wanted));
		for (; n < 3 && cases[i].installed[n]; n++) {
			assert_true(make(cases[i].installed[n], &made[n]));
			programs[n] = made[n].program;
		}
		prove(&wanted, programs, n, &gap);
		if (gap.found != (cases[i].call != NULL) ||
		    (gap.found && !streq(gap.call, cases[i].call)))
			fail_msg("case %zu: %s of %s, %#llx", i, gap.found ? gap.call : "nothing",
				 gap.found ? gap.architecture : "",
				 (unsigned long long)gap.args[0]);
		for (size_t k = 0; k < n; k++)
			made_done(&made[k]);
		made_done(&wanted);
	}
}

/* runc's stub: ENOSYS above all that is named, whatever the default; for nothing below. */
static void test_stub(void **state)
{
	static const struct {
		uint32_t from;
		bool found;
	} rows[] = { { 500, false }, { 232, false }, { 231, false }, { 230, true } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock_filter code[512] = {
			LOAD(4),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 4),
			LOAD(0),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 2, 0),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, rows[i].from, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		};
		struct bpf_program program = { code, 6 };
		struct filter_gap gap = { 0 };
		struct made made;

		/* exit_group is 231. */
		assert_true(
			make(FILTER("KILL", RULE("ALLOW", "\"read\",\"exit_group\"", "")), &made));
		assert_true(made.bpf.n < ARRAY_SIZE(code) - 6);
		memcpy(code + 6, made.bpf.code, made.bpf.n * sizeof(code[0]));
		program.n += made.bpf.n;
		prove(&made, &program, 1, &gap);
		if (gap.found != rows[i].found)
			fail_msg("from %u: %s of %s", rows[i].from, gap.call, gap.architecture);
		made_done(&made);
	}
}

/* What engines ask for, as libseccomp makes it. */
static void test_defaults(void **state)
{
	static void (*const write[])(struct buf * out) = { docker_like_filter, podman_like_filter };

	for (size_t i = 0; i < ARRAY_SIZE(write); i++) {
		_cleanup_buf_ struct buf text = { 0 };
		struct filter_gap gap = { 0 };
		struct made made;

		write[i](&text);
		assert_true(make(text.data, &made));
		prove(&made, &made.program, 1, &gap);
		if (gap.found)
			fail_msg("%s of %s", gap.call, gap.architecture);
		made_done(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),      cmocka_unit_test(test_answers),
		cmocka_unit_test(test_instructions), cmocka_unit_test(test_bad_programs),
		cmocka_unit_test(test_met),          cmocka_unit_test(test_cases),
		cmocka_unit_test(test_stub),         cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
