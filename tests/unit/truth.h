/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meet of filters, held to the truth: what the kernel would run.
 *
 * The result of a meet is written, read again as a runtime reads it, compiled by libseccomp, and
 * its BPF is run over every system call number and over arguments near every value that a rule
 * names. At no point may it be laxer than what any of the filters says by itself, and where the
 * meet does not tell that it is coarse it must be as the strictest of them. What a filter says is
 * evaluated from its JSON, without the product (says.h). The product's own filter_eval() must say
 * the same.
 */
#ifndef COAMING_TESTS_TRUTH_H
#define COAMING_TESTS_TRUTH_H

#include <signal.h>
#include <sys/time.h>

#include "profiles/filter_narrow.h"
#include "tests/unit/random_filter.h"
#include "tests/unit/says.h"

/* Arguments tried for each call that a rule names. */
#define VECTORS 60
/* libseccomp has rules for which it does not end: a meet must not emit them. */
#define COMPILE_SECONDS_MAX 10

#define NUMBERS   600
#define SIDES_MAX 3

/* Names of the calls of each architecture, and room. */
struct tables {
	char *name[ARRAY_SIZE(arches)][NUMBERS];
	struct says says[SIDES_MAX]; /* large: made once */
};

/* What was tried, and how it went. */
struct tally {
	size_t trials, checked;
	size_t excused; /* points where the result is as libseccomp makes the first filter alone */
	size_t refused; /* results that libseccomp does not take, nor the first filter alone */
	size_t told;    /* calls that the meet has told to be coarse */
	size_t numbers; /* points where the action is right, and its number another filter's */
	size_t whole;   /* of these, which are denied as a whole */
	size_t evaluated;
};

/* Filters of which the first is a container's request. */
struct trial {
	struct tables *tables;
	struct tally *tally;
	uint64_t seed;
	size_t n;
	const char *text[SIDES_MAX];
	bool profiles;         /* all but the first are read as a profile's file is */
	bool any_architecture; /* they hold for whatever the first has, numbers do not matter */
	/*
	 * How they are met: a digit is a filter, a star the meet of the last two: "01*2*" is
	 * (request and first) and second.
	 */
	const char *way;
	json_t *json[SIDES_MAX];
	struct filter filter[SIDES_MAX], result;
	char coarse[512]; /* names told, a space around each */
	char *met_text;
	struct bpf met;
	struct bpf alone; /* of the first, where it was needed */
};

static const char *const arch_names[] = { "x86_64", "x86", "x32", "aarch64" };

static inline uint32_t number_of(size_t arch, size_t i)
{
	return (uint32_t)i | (arches[arch] == SCMP_ARCH_X32 ? 0x40000000U : 0);
}

/* ---- making the result ---- */

static inline void note_coarse(void *arg, const char *name, const char *why)
{
	struct trial *t = arg;
	size_t len = strlen(t->coarse);

	t->tally->told++;
	t->tally->whole += filter_coarse_is_whole(why);
	(void)snprintf(t->coarse + len, sizeof(t->coarse) - len, " %s ", name);
}

/* What filter_emit() may add, so that libseccomp does not lose the others. */
#define GUARD_CALL "lookup_dcookie"

static inline bool is_coarse(const struct trial *t, const char *name)
{
	char word[80];

	if (name && streq(name, GUARD_CALL))
		return true;
	/* Nothing is stricter that could be a guard: there all rules may be lost. */
	for (size_t i = 0; i < t->n; i++) {
		if (t->tables->says[i].fallback == SCMP_ACT_KILL_PROCESS)
			return true;
	}
	(void)snprintf(word, sizeof(word), " %s ", name ? name : "");
	return strstr(t->coarse, word) != NULL;
}

/* 0, or what filter_narrow() answers. */
static inline int filter_read(const char *text, bool is_profile, struct filter *ret,
			      struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r;

	if (doc_parse(&doc, "f", text, strlen(text), err) < 0 ||
	    filter_parse(doc, doc_root(doc), ret, err) < 0)
		fail_msg("%s\n%s", err->text, text);
	r = is_profile ? filter_narrow(doc, doc_root(doc), ret, err) : 0;
	if (r < 0)
		filter_done(ret);
	return r;
}

static inline void trial_say(const struct trial *t)
{
	/* print_message() cuts what is long. */
	for (size_t i = 0; i < t->n; i++)
		(void)fprintf(stderr, "%zu    %s\n", i, t->text[i]);
	(void)fprintf(stderr, "way  %s%s\nmet  %s\ntold %s\n", t->way,
		      t->profiles ? ", profiles" : "", t->met_text ? t->met_text : "", t->coarse);
}

/* The result owns nothing of the others. 0, or -ENOTEMPTY. */
static inline int trial_meet(struct trial *t)
{
	struct filter made[8] = { 0 };
	const struct filter *stack[8];
	struct err err = { 0 };
	size_t n = 0, n_made = 0;
	int r = 0;

	for (const char *p = t->way; r == 0 && *p; p++) {
		if (*p != '*') {
			stack[n++] = &t->filter[*p - '0'];
			continue;
		}
		n--;
		r = filter_meet(stack[n - 1], stack[n], &made[n_made], note_coarse, t, &err);
		stack[n - 1] = &made[n_made++];
	}
	assert_true(r == 0 || r == -ENOTEMPTY);
	if (r == 0) {
		t->result = made[n_made - 1];
		made[n_made - 1] = (struct filter){ 0 };
	}
	for (size_t i = 0; i < n_made; i++)
		filter_done(&made[i]);
	return r;
}

/* For give_up(), which has no other way to know. */
static const char *compiling;

static inline void give_up(int signal_number)
{
	static const char text[] = "libseccomp does not come to an end with what was emitted\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)!write(STDERR_FILENO, compiling, strlen(compiling));
	_exit(1);
}

static inline int bounded_compile(const json_t *json, const char *text, struct bpf *ret)
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
 * What a runtime would make of the filter alone that comes first in the meet, which is the request
 * or, where the orders are tried, a profile as filter_narrow() left it.
 */
static inline int compile_alone(struct trial *t)
{
	_cleanup_buf_ struct buf out = { 0 };
	size_t first = (size_t)(*t->way - '0');
	struct emit e = EMIT(&out);
	json_t *json;
	int r;

	if (t->alone.n > 0)
		return 0;
	if (first == 0)
		return bounded_compile(t->json[0], t->text[0], &t->alone);
	filter_emit(&e, &t->filter[first]);
	json = oci_load(out.data);
	assert_non_null(json);
	r = bounded_compile(json, out.data, &t->alone);
	json_decref(json);
	return r;
}

/* What libseccomp refuses must be the first filter's own doing: no container starts with it. */
static inline bool compile_met(struct trial *t)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	json_t *met;
	int r;

	filter_emit(&e, &t->result);
	t->met_text = buf_take(&out);
	assert_non_null(t->met_text);
	met = oci_load(t->met_text);
	assert_non_null(met);
	r = bounded_compile(met, t->met_text, &t->met);
	json_decref(met);
	if (r == 0)
		return true;
	t->tally->refused++;
	if (compile_alone(t) == 0) {
		trial_say(t);
		fail_msg("seed %llu: libseccomp answers %d", (unsigned long long)t->seed, r);
	}
	return false;
}

/* ---- one point ---- */

struct point {
	size_t arch, i; /* the place of the call in the architecture's table */
	const char *name;
	uint64_t args[6];
};

static inline uint32_t run_met(const struct trial *t, const struct point *p)
{
	struct seccomp_data data = { .nr = (int)number_of(p->arch, p->i), .arch = arches[p->arch] };

	if (arches[p->arch] == SCMP_ARCH_X32) /* to the kernel they are the same */
		data.arch = SCMP_ARCH_X86_64;
	memcpy(data.args, p->args, sizeof(p->args));
	return bpf_run(&t->met, &data);
}

static inline void trial_fail(const struct trial *t, const struct point *p, const char *why,
			      uint32_t got, uint32_t want)
{
	trial_say(t);
	fail_msg("seed %llu: %s: %s %zu (%s) with %#llx %#llx %#llx: %#x, not %#x",
		 (unsigned long long)t->seed, why, arch_names[p->arch], p->i,
		 p->name ? p->name : "no call", (unsigned long long)p->args[0],
		 (unsigned long long)p->args[1], (unsigned long long)p->args[2], got, want);
}

/*
 * Of some rules a compiled filter is laxer than what they say. Where the others do not change what
 * the first says of a call they may stay as they are: what a runtime makes of that one alone is
 * then the measure.
 */
static inline bool is_as_alone(struct trial *t, const struct point *p, uint32_t got,
			       uint32_t others, bool laxer)
{
	struct seccomp_data data = { .nr = (int)number_of(p->arch, p->i), .arch = arches[p->arch] };
	uint32_t alone;

	if (arches[p->arch] == SCMP_ARCH_X32)
		data.arch = SCMP_ARCH_X86_64;
	memcpy(data.args, p->args, sizeof(p->args));
	if (compile_alone(t) < 0)
		return false;
	t->tally->excused++;
	alone = bpf_run(&t->alone, &data);
	return laxer ? rank(got) <= rank(alone) && rank(got) <= rank(others)
		     : rank(got) == rank(alone);
}

/* An action that a rule for the call, or the default, has: whole with its number. */
static inline bool gives(const struct says *says, const char *name, uint32_t action)
{
	for (size_t i = 0; name && i < says->n; i++) {
		if (streq(says->rule[i].name, name) && says->rule[i].action == action)
			return true;
	}
	return says->fallback == action;
}

static inline bool one_gives(const struct trial *t, const char *name, uint32_t action)
{
	for (size_t i = 0; i < t->n; i++) {
		if (gives(&t->tables->says[i], name, action))
			return true;
	}
	return false;
}

static inline uint32_t action_number(struct action action)
{
	static const uint32_t kinds[] = {
		SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO(0),
		SCMP_ACT_NOTIFY,       SCMP_ACT_TRACE(0),    SCMP_ACT_LOG,  SCMP_ACT_ALLOW,
	};
	static_assert(ARRAY_SIZE(kinds) == ACTIONS_, "a number each");

	return kinds[action.kind] | action.ret;
}

/* filter_eval() is what `coaming test` answers with: of each filter, and of the result. */
static inline void check_eval(struct trial *t, const struct point *p, uint32_t got)
{
	/* It knows nothing of architectures on which conditions are cut. */
	if (!p->name || is_32_bits(p->arch))
		return;
	for (size_t i = 0; i < t->n; i++) {
		uint32_t says = says_of(&t->tables->says[i], p->name, p->args, UINT64_MAX);
		uint32_t eval = action_number(filter_eval(&t->filter[i], p->name, p->args));

		t->tally->evaluated++;
		if (is_coarse(t, p->name) ? rank(eval) > rank(says) : eval != says)
			trial_fail(t, p, "filter_eval()", eval, says);
	}
	if (!streq(p->name, GUARD_CALL)) {
		uint32_t eval = action_number(filter_eval(&t->result, p->name, p->args));

		t->tally->evaluated++;
		if (rank(eval) != rank(got) && !is_as_alone(t, p, got, eval, false) &&
		    !is_coarse(t, p->name))
			trial_fail(t, p, "filter_eval() of the result", eval, got);
	}
}

static inline void check_point(struct trial *t, const struct point *p)
{
	uint64_t mask = is_32_bits(p->arch) ? UINT32_MAX : UINT64_MAX;
	uint32_t got = run_met(t, p), want = UINT32_MAX, others = SCMP_ACT_ALLOW;
	bool all = true;
	const char *why = NULL;

	for (size_t i = 0; i < t->n; i++) {
		uint32_t says = says_of(&t->tables->says[i], p->name, p->args, mask);

		all = all && t->tables->says[i].has_arch[p->arch];
		if (i == 0 || goes_before(says, want))
			want = says;
		if (i != (size_t)(*t->way - '0') && rank(says) < rank(others))
			others = says;
	}
	t->tally->checked++;
	if (!all) {
		/* One of them kills what is of another architecture, and so does the result. */
		if (rank(got) > rank(SCMP_ACT_KILL_THREAD))
			trial_fail(t, p, "an architecture too many", got, want);
		return;
	}
	if (rank(got) > rank(want) && !is_as_alone(t, p, got, others, true))
		why = "laxer";
	else if (rank(got) < rank(want) && !is_coarse(t, p->name) &&
		 !is_as_alone(t, p, got, others, false))
		why = "stricter, and not told";
	else if (!is_coarse(t, p->name) && !one_gives(t, p->name, got))
		why = "a number of its own";
	if (why)
		trial_fail(t, p, why, got, want);
	t->tally->numbers += rank(got) == rank(want) && got != want && !is_coarse(t, p->name);
	check_eval(t, p, got);
}

/* ---- which points ---- */

static const uint64_t boundaries[] = {
	0,
	1,
	0x7fff,
	0xffff,
	0x10000,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0xffffffff00000000,
	0xffffffffffffffff,
};

/* Near what a rule for the call compares with, sometimes with a high half that does not belong. */
static inline uint64_t near_value(const struct trial *t, const char *name, size_t index,
				  uint64_t *seed)
{
	const struct says *says = &t->tables->says[random_below(seed, t->n)];
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
	switch (random_below(seed, 9)) {
	case 0:
		return v + 1;
	case 1:
		return v - 1;
	case 2:
		return v | 0xabcd00000000;
	case 3:
		return random_next(seed);
	case 4:
		return v ^ UINT64_C(1) << random_below(seed, 64);
	default:
		return v;
	}
}

/* ---- one call for many, which libseccomp gives the rules of those too ---- */

static const struct multiplexer {
	const char *name, *behind;
	uint64_t number;
} multiplexers[] = { { "socketcall", "socket", 1 }, { "ipc", "shmget", 23 } };

static inline const struct multiplexer *multiplexer_of(size_t arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		if (arches[arch] == SCMP_ARCH_X86 && name && streq(name, multiplexers[i].name))
			return &multiplexers[i];
	}
	return NULL;
}

static inline bool is_on_first(const struct says_rule *rule)
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
static inline uint32_t says_through(const struct says *says, const struct multiplexer *mux)
{
	uint32_t whole = 0, own = 0, best;
	bool has_whole = false, has_own = false;

	for (size_t i = 0; i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		if (is_never(says, rule))
			continue;
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

/* Called for nothing that is behind it, only its own rules count. */
static inline void check_own(struct trial *t, size_t i, const char *name, uint64_t *seed)
{
	struct point p = { 1, i, name, { 99 } };
	uint32_t want = UINT32_MAX, got;

	for (size_t k = 1; k < 3; k++)
		p.args[k] = near_value(t, name, k, seed) & UINT32_MAX;
	got = run_met(t, &p);
	for (size_t k = 0; k < t->n; k++) {
		uint32_t says = says_of(&t->tables->says[k], name, p.args, UINT32_MAX);

		want = k == 0 || rank(says) < rank(want) ? says : want;
	}
	t->tally->checked++;
	if (rank(got) > rank(want) && rank(got) > rank(SCMP_ACT_KILL_THREAD))
		trial_fail(t, &p, "a multiplexer is laxer", got, want);
}

static inline void check_multiplexer(struct trial *t, size_t i, const struct multiplexer *mux,
				     uint64_t *seed)
{
	const struct point p = { 1, i, mux->name, { mux->number, 0x1000 } };
	uint32_t want = UINT32_MAX, got = run_met(t, &p);

	t->tally->checked++;
	for (size_t k = 0; k < t->n; k++) {
		uint32_t says = says_through(&t->tables->says[k], mux);

		if (!t->tables->says[k].has_arch[1])
			return;
		if (k == 0 || rank(says) < rank(want))
			want = says;
	}
	/* Under a default of KILL_PROCESS it can be denied by KILL_THREAD only. */
	if (rank(got) > rank(want) && rank(got) > rank(SCMP_ACT_KILL_THREAD))
		trial_fail(t, &p, "laxer behind a multiplexer", got, want);
	for (size_t n = 0; n < 10; n++)
		check_own(t, i, mux->name, seed);
}

/* ---- one trial ---- */

static inline bool any_conditions(const struct trial *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++) {
		if (has_conditions(&t->tables->says[i], name))
			return true;
	}
	return false;
}

static inline void check_vector(struct trial *t, struct point *p, uint64_t *seed, size_t index,
				const uint64_t *value)
{
	for (size_t k = 0; k < 6; k++) {
		p->args[k] = value && k == index ? *value : near_value(t, p->name, k, seed);
		if (is_32_bits(p->arch))
			p->args[k] &= UINT32_MAX;
	}
	check_point(t, p);
}

static inline void check_call(struct trial *t, size_t arch, size_t i, uint64_t *seed)
{
	struct point p = { arch, i, t->tables->name[arch][i], { 0 } };

	if (multiplexer_of(arch, p.name)) {
		check_multiplexer(t, i, multiplexer_of(arch, p.name), seed);
		return;
	}
	check_point(t, &p);
	if (!p.name || !any_conditions(t, p.name))
		return;
	for (size_t n = 0; n < VECTORS; n++)
		check_vector(t, &p, seed, 0, NULL);
	for (size_t k = 0; k < 3; k++) {
		for (size_t n = 0; n < ARRAY_SIZE(boundaries); n++)
			check_vector(t, &p, seed, k, &boundaries[n]);
	}
}

static inline void trial_done(struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		json_decref(t->json[i]);
		filter_done(&t->filter[i]);
	}
	filter_done(&t->result);
	bpf_done(&t->met);
	bpf_done(&t->alone);
	free(t->met_text);
}

/* The whole of it, for the filters in text[]. */
static inline void check_trial(struct trial *t, uint64_t *seed)
{
	struct says *says = t->tables->says;

	t->tally->trials++;
	for (size_t i = 0; i < t->n; i++) {
		struct err err = { 0 };

		t->json[i] = oci_load(t->text[i]);
		assert_non_null(t->json[i]);
		says[i].is_profile = t->profiles && i > 0;
		says_read(&says[i], t->json[i]);
		if (t->any_architecture && i > 0)
			memcpy(says[i].has_arch, says[0].has_arch, sizeof(says[0].has_arch));
		if (filter_read(t->text[i], says[i].is_profile, &t->filter[i], &err) < 0)
			fail_msg("%s\n%s", err.text, t->text[i]);
		t->filter[i].any_architecture = t->any_architecture && i > 0;
	}
	if (trial_meet(t) == 0 && compile_met(t)) {
		for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
			for (size_t i = 0; i < NUMBERS; i++)
				check_call(t, arch, i, seed);
		}
	}
	trial_done(t);
}

/* ---- cmocka's ---- */

static inline int truth_setup(void **state)
{
	struct tables *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	/* Every action, whatever the kernel of this machine knows: nothing is loaded here. */
	(void)seccomp_api_set(6);
	assert_int_not_equal(signal(SIGVTALRM, give_up), SIG_ERR);
	for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
		for (size_t i = 0; i < NUMBERS; i++)
			t->name[arch][i] = seccomp_syscall_resolve_num_arch(
				arches[arch], (int)number_of(arch, i));
	}
	*state = t;
	return 0;
}

static inline int truth_teardown(void **state)
{
	struct tables *t = *state;

	for (size_t arch = 0; arch < ARRAY_SIZE(arches); arch++) {
		for (size_t i = 0; i < NUMBERS; i++)
			free(t->name[arch][i]);
	}
	free(t);
	return 0;
}

#endif
