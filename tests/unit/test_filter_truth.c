/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/filter_meet.c, held to the truth: what the kernel would run.
 *
 * Pairs of generated filters are met. The result is written, read again as a runtime reads it,
 * compiled by libseccomp, and its BPF is run over every system call number and over arguments
 * near every value that a rule names. At no point may it be laxer than what either filter says
 * by itself, and where the meet does not tell that it is coarse it must be as the stricter of the
 * two. What a filter says is evaluated here from its JSON, without the product.
 */
#include "profiles/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/time.h>
#include <signal.h>
#include <cmocka.h>

#include "tests/unit/default_filter.h"
#include "tests/unit/random_filter.h"
#include "tests/unit/says.h"

#if defined(__SANITIZE_ADDRESS__)
#define PAIRS 4000
#else
#define PAIRS 8000
#endif
/* Arguments tried for each call that a rule names. */
#define VECTORS 60
/* libseccomp has rules for which it does not end: a meet must not emit them. */
#define COMPILE_SECONDS_MAX 10

#define NUMBERS 600

/* Names of the calls of each architecture, and room. */
struct tables {
	char *name[ARRAY_SIZE(arches)][NUMBERS];
	struct says says[2]; /* large: made once */
};

static uint32_t number_of(size_t arch, size_t i)
{
	return (uint32_t)i | (arches[arch] == SCMP_ARCH_X32 ? 0x40000000U : 0);
}

/* An action that a rule for the call, or the default, has: whole with its number. */
static bool gives(const struct says *says, const char *name, uint32_t action)
{
	for (size_t i = 0; name && i < says->n; i++) {
		if (streq(says->rule[i].name, name) && says->rule[i].action == action)
			return true;
	}
	return says->fallback == action;
}

/* ---- one pair ---- */

struct pair {
	struct tables *tables;
	uint64_t seed;
	const char *text[2];
	json_t *json[2];
	struct says *says; /* two of them */
	char coarse[512];  /* names told, a space around each */
	char *met_text;
	struct bpf met;
	struct bpf alone;      /* of the first, where it was needed */
	bool any_architecture; /* b holds for whatever a has, and its numbers do not matter */
	size_t checked, excused, refused;
};

static void note_coarse(void *arg, const char *name, const char *why)
{
	struct pair *p = arg;
	size_t len = strlen(p->coarse);

	(void)snprintf(p->coarse + len, sizeof(p->coarse) - len, " %s ", name);
}

/* What filter_emit() may add, so that libseccomp does not lose the others. */
#define GUARD_CALL "lookup_dcookie"

static bool is_coarse(const struct pair *p, const char *name)
{
	char word[80];

	if (name && streq(name, GUARD_CALL))
		return true;
	/* Nothing is stricter that could be a guard: there all rules may be lost. */
	if (p->says[0].fallback == SCMP_ACT_KILL_PROCESS ||
	    p->says[1].fallback == SCMP_ACT_KILL_PROCESS)
		return true;
	(void)snprintf(word, sizeof(word), " %s ", name ? name : "");
	return strstr(p->coarse, word) != NULL;
}

static void filter_read(const char *text, struct filter *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "f", text, strlen(text), &err) < 0 ||
	    filter_parse(doc, doc_root(doc), ret, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
}

/* 0, or -ENOTEMPTY. */
static int pair_meet(struct pair *p)
{
	struct filter a = { 0 }, b = { 0 }, met = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct err err = { 0 };
	int r;

	filter_read(p->text[0], &a);
	filter_read(p->text[1], &b);
	b.any_architecture = p->any_architecture;
	r = filter_meet(&a, &b, &met, note_coarse, p, &err);
	if (r == 0) {
		filter_emit(&e, &met);
		p->met_text = buf_take(&out);
		assert_non_null(p->met_text);
	} else {
		assert_int_equal(r, -ENOTEMPTY);
	}
	filter_done(&a);
	filter_done(&b);
	filter_done(&met);
	return r;
}

static void pair_fail(const struct pair *p, const char *why, const char *arch, uint32_t number,
		      const char *name, const uint64_t args[6], uint32_t got, uint32_t a,
		      uint32_t b)
{
	/* print_message() cuts what is long. */
	(void)fprintf(stderr, "a    %s\nb    %s\nmet  %s\ntold %s\n", p->text[0], p->text[1],
		      p->met_text, p->coarse);
	fail_msg("seed %llu: %s: %s %#x (%s) with %#llx %#llx %#llx: %#x, where a says %#x and b "
		 "says %#x",
		 (unsigned long long)p->seed, why, arch, number, name ? name : "no call",
		 (unsigned long long)args[0], (unsigned long long)args[1],
		 (unsigned long long)args[2], got, a, b);
}

/* For give_up(), which has no other way to know. */
static const char *compiling;

static void give_up(int signal_number)
{
	static const char text[] = "libseccomp does not come to an end with what was emitted\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)!write(STDERR_FILENO, compiling, strlen(compiling));
	_exit(1);
}

static int bounded_compile(const json_t *json, const char *text, struct bpf *ret)
{
	const struct itimerval limit = { .it_value.tv_sec = COMPILE_SECONDS_MAX }, off = { 0 };
	int r;

	compiling = text;
	(void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
	r = oci_compile(json, ret);
	(void)setitimer(ITIMER_VIRTUAL, &off, NULL);
	return r;
}

/*
 * Of some rules a compiled filter is laxer than what they say. Where b does not change what a says
 * of a call they may stay as they are: what a runtime makes of a alone is then the measure.
 */
static bool is_as_alone(struct pair *p, const struct seccomp_data *data, uint32_t got, uint32_t b,
			bool laxer)
{
	uint32_t alone;

	if (p->alone.n == 0 && bounded_compile(p->json[0], p->text[0], &p->alone) < 0)
		return false;
	p->excused++;
	alone = bpf_run(&p->alone, data);
	return laxer ? rank(got) <= rank(alone) && rank(got) <= rank(b) : rank(got) == rank(alone);
}

static void check_point(struct pair *p, size_t arch, size_t i, const uint64_t args[6])
{
	static const char *const arch_names[] = { "x86_64", "x86", "x32", "aarch64" };
	const char *name = p->tables->name[arch][i];
	struct seccomp_data data = { .nr = (int)number_of(arch, i), .arch = arches[arch] };
	bool both = p->says[0].has_arch[arch] && p->says[1].has_arch[arch];
	uint64_t mask = is_32_bits(arch) ? UINT32_MAX : UINT64_MAX;
	uint32_t got, a = says_of(&p->says[0], name, args, mask);
	uint32_t b = says_of(&p->says[1], name, args, mask);
	int32_t stricter = rank(a) < rank(b) ? rank(a) : rank(b);
	const char *why = NULL;

	if (arches[arch] == SCMP_ARCH_X32) /* to the kernel they are the same */
		data.arch = SCMP_ARCH_X86_64;
	for (size_t k = 0; k < 6; k++)
		data.args[k] = args[k];
	got = bpf_run(&p->met, &data);
	p->checked++;
	if (!both) {
		/* One of them kills what is of another architecture, and so does the result. */
		if (rank(got) > rank(SCMP_ACT_KILL_THREAD))
			pair_fail(p, "an architecture too many", arch_names[arch],
				  (uint32_t)data.nr, name, args, got, a, b);
		return;
	}
	if (rank(got) > stricter && !is_as_alone(p, &data, got, b, true))
		why = "laxer";
	else if (rank(got) < stricter && !is_coarse(p, name) &&
		 !is_as_alone(p, &data, got, b, false))
		why = "stricter, and not told";
	else if (!is_coarse(p, name) && !gives(&p->says[0], name, got) &&
		 !gives(&p->says[1], name, got))
		why = "a number of its own";
	if (why)
		pair_fail(p, why, arch_names[arch], (uint32_t)data.nr, name, args, got, a, b);
}

/* Near what a rule for the call compares with, sometimes with a high half that does not belong. */
static uint64_t near_value(struct pair *p, const char *name, size_t index, uint64_t *seed)
{
	const struct says *says = &p->says[random_below(seed, 2)];
	uint64_t v = random_value(seed);

	for (size_t i = 0; i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		for (unsigned int c = 0; streq(rule->name, name) && c < rule->n; c++) {
			if (rule->cmp[c].arg != index || random_below(seed, 3) == 0)
				continue;
			v = rule->cmp[c].op == SCMP_CMP_MASKED_EQ ? rule->cmp[c].datum_b
								  : rule->cmp[c].datum_a;
		}
	}
	switch (random_below(seed, 8)) {
	case 0:
		return v + 1;
	case 1:
		return v - 1;
	case 2:
		return v | 0xabcd00000000;
	case 3:
		return random_next(seed);
	default:
		return v;
	}
}

/* One call for many, which libseccomp gives the rules of those too. */
static const struct multiplexer {
	const char *name, *behind;
	uint64_t number;
} multiplexers[] = { { "socketcall", "socket", 1 }, { "ipc", "shmget", 23 } };

static const struct multiplexer *multiplexer_of(size_t arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		if (arches[arch] == SCMP_ARCH_X86 && name && streq(name, multiplexers[i].name))
			return &multiplexers[i];
	}
	return NULL;
}

static bool is_on_first(const struct says_rule *rule)
{
	for (unsigned int i = 0; i < rule->n; i++) {
		if (rule->cmp[i].arg > 0)
			return false;
	}
	return true;
}

/*
 * What a filter says at most of a call behind a multiplexer. A rule for the multiplexer as a whole
 * takes it; else every rule for the call, without its condition on the first argument, in whose
 * place is the number of the call. With other conditions it may hold or not.
 */
static uint32_t says_through(const struct says *says, const struct multiplexer *mux)
{
	uint32_t whole = 0, own = 0, best;
	bool has_whole = false, has_own = false;

	for (size_t i = 0; i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		if (streq(rule->name, mux->name) && rule->n == 0) {
			whole = !has_whole || goes_before(rule->action, whole) ? rule->action
									       : whole;
			has_whole = true;
		} else if (streq(rule->name, mux->behind) && is_on_first(rule)) {
			own = !has_own || goes_before(rule->action, own) ? rule->action : own;
			has_own = true;
		}
	}
	best = has_own ? own : says->fallback;
	for (size_t i = 0; i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		if ((streq(rule->name, mux->behind) && !is_on_first(rule)) ||
		    (streq(rule->name, mux->name) && rule->n > 0))
			best = goes_before(best, rule->action) ? rule->action : best;
	}
	return has_whole ? whole : best;
}

static void check_multiplexer(struct pair *p, size_t i, const struct multiplexer *mux)
{
	const struct seccomp_data data = { .nr = (int)i,
					   .arch = SCMP_ARCH_X86,
					   .args = { mux->number, 0x1000 } };
	uint32_t a = says_through(&p->says[0], mux), b = says_through(&p->says[1], mux), got;

	if (!p->says[0].has_arch[1] || !p->says[1].has_arch[1])
		return;
	got = bpf_run(&p->met, &data);
	p->checked++;
	/* Under a default of KILL_PROCESS it can be denied by KILL_THREAD only. */
	if (rank(got) > (rank(a) < rank(b) ? rank(a) : rank(b)) &&
	    rank(got) > rank(SCMP_ACT_KILL_THREAD))
		pair_fail(p, "laxer behind a multiplexer", "x86", (uint32_t)i, mux->name,
			  (const uint64_t[6]){ mux->number }, got, a, b);
}

static void check_call(struct pair *p, size_t arch, size_t i, uint64_t *seed)
{
	static const uint64_t zeroes[6] = { 0 };
	const char *name = p->tables->name[arch][i];

	if (multiplexer_of(arch, name)) {
		check_multiplexer(p, i, multiplexer_of(arch, name));
		return;
	}
	check_point(p, arch, i, zeroes);
	if (!name || (!has_conditions(&p->says[0], name) && !has_conditions(&p->says[1], name)))
		return;
	for (size_t n = 0; n < VECTORS; n++) {
		uint64_t args[6];

		for (size_t k = 0; k < 6; k++) {
			args[k] = near_value(p, name, k, seed);
			if (is_32_bits(arch))
				args[k] &= 0xffffffff;
		}
		check_point(p, arch, i, args);
	}
}

/* What libseccomp refuses must be the first filter's own doing: no container starts with it. */
static bool compile_met(struct pair *p)
{
	json_t *met = oci_load(p->met_text);
	int r;

	assert_non_null(met);
	r = bounded_compile(met, p->met_text, &p->met);
	json_decref(met);
	if (r == 0)
		return true;
	p->refused++;
	if (bounded_compile(p->json[0], p->text[0], &p->alone) == 0) {
		(void)fprintf(stderr, "a    %s\nb    %s\nmet  %s\n", p->text[0], p->text[1],
			      p->met_text);
		fail_msg("seed %llu: libseccomp answers %d", (unsigned long long)p->seed, r);
	}
	return false;
}

static void check_pair(struct pair *p, uint64_t *seed)
{
	p->says = p->tables->says;
	for (size_t i = 0; i < 2; i++) {
		p->json[i] = oci_load(p->text[i]);
		assert_non_null(p->json[i]);
		says_read(&p->says[i], p->json[i]);
	}
	if (p->any_architecture)
		memcpy(p->says[1].has_arch, p->says[0].has_arch, sizeof(p->says[0].has_arch));
	if (pair_meet(p) == 0 && compile_met(p)) {
		for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
			for (size_t i = 0; i < NUMBERS; i++)
				check_call(p, arch, i, seed);
		}
	}
	json_decref(p->json[0]);
	json_decref(p->json[1]);
	bpf_done(&p->met);
	bpf_done(&p->alone);
	free(p->met_text);
}

/* ---- the tests ---- */

static void test_pairs(void **state)
{
	uint64_t seed = random_seed();
	size_t checked = 0, excused = 0, refused = 0;

	print_message("seed %llu, %d pairs\n", (unsigned long long)seed, PAIRS);
	assert_int_not_equal(signal(SIGVTALRM, give_up), SIG_ERR);
	for (size_t i = 0; i < PAIRS; i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		size_t calls = i % 3 ? 3 : ARRAY_SIZE(random_calls);
		struct pair p = { .tables = *state, .seed = seed };

		random_filter(&seed, &a, calls);
		random_filter(&seed, &b, calls);
		p.text[0] = a.data;
		p.text[1] = b.data;
		check_pair(&p, &seed);
		checked += p.checked;
		excused += p.excused;
		refused += p.refused;
	}
	print_message("%zu points, %zu as the first filter alone; %zu pairs not compiled\n",
		      checked, excused, refused);
	assert_true(refused < PAIRS / 50);
	assert_true(excused < checked / 10000);
	assert_true(checked > PAIRS * 1000);
}

/* The deny list of a profile that ships, as a filter. */
static void shipped(const char *path, struct buf *out)
{
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	const json_t *name;
	size_t i;

	assert_non_null(json);
	buf_adds(out, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":"
		      "\"SCMP_ACT_ERRNO\",\"names\":[\"bpf\"");
	json_array_foreach(json_object_get(json_object_get(json, "seccomp"), "deny"), i, name)
		buf_addf(out, ",\"%s\"", json_string_value(name));
	buf_adds(out, "]}]}");
	json_decref(json);
}

static void test_defaults(void **state)
{
	static const char *const paths[] = {
		"profiles/library/baseline.json",
		"profiles/library/database.json",
		"profiles/library/restricted.json",
		"profiles/library/web.json",
	};
	uint64_t seed = random_seed();

	for (size_t i = 0; i < 2 * ARRAY_SIZE(paths); i++) {
		_cleanup_buf_ struct buf a = { 0 }, b = { 0 };
		struct pair p = { .tables = *state, .seed = seed, .any_architecture = true };

		if (i % 2)
			docker_like_filter(&a);
		else
			podman_like_filter(&a);
		shipped(paths[i / 2], &b);
		p.text[0] = a.data;
		p.text[1] = b.data;
		check_pair(&p, &seed);
		/* What ships must be met exactly with what engines ask for. */
		assert_string_equal(p.coarse, "");
		assert_int_equal(p.excused + p.refused, 0);
	}
}

/*
 * A list of what may be called has socket and not socketcall, where the engine has two actions for
 * socket: that alone would be a filter that libseccomp refuses.
 */
static void test_allow_list(void **state)
{
	static const char list[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
				   "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":["
				   "\"bind\",\"clone\",\"execve\",\"exit_group\",\"read\","
				   "\"socket\",\"write\"]}]}";
	uint64_t seed = random_seed();
	_cleanup_buf_ struct buf a = { 0 };
	struct pair p = { .tables = *state, .seed = seed, .any_architecture = true };

	podman_like_filter(&a);
	p.text[0] = a.data;
	p.text[1] = list;
	check_pair(&p, &seed);
	assert_string_equal(p.coarse, " socketcall ");
	assert_int_equal(p.excused + p.refused, 0);
}

static int setup(void **state)
{
	struct tables *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	/* Every action, whatever the kernel of this machine knows: nothing is loaded here. */
	(void)seccomp_api_set(6);
	for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
		for (size_t i = 0; i < NUMBERS; i++)
			t->name[arch][i] = seccomp_syscall_resolve_num_arch(
				arches[arch], (int)number_of(arch, i));
	}
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tables *t = *state;

	for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
		for (size_t i = 0; i < NUMBERS; i++)
			free(t->name[arch][i]);
	}
	free(t);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_allow_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
