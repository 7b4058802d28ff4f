/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installed filters against what a config says.
 *
 * Which numbers: all below NUMBERS, and every one that an instruction compares with, with its
 * neighbours; between two of those the programs cannot tell numbers apart but by arithmetic.
 * Which arguments: near every value that a rule or an instruction compares with, and each bit
 * alone, one argument at a time and two together, from every point at which a rule holds.
 *
 * Source: seccomp(2); libseccomp 2.5, src/arch-x86.c, src/arch-x32.c; runc 1.1,
 * libcontainer/seccomp/patchbpf/enosys_linux.go
 */
#include "profiles/filter_proof.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>

#include "lib/strv.h"
#include "profiles/filter_mux.h"
#include "profiles/filter_words.h"

/* No architecture has more calls; x32 and the like begin at a base of their own. */
#define NUMBERS 1024
/* Values tried of one argument. */
#define VALUES_MAX 320
/* Instructions behind one call's number in which constants are looked for. */
#define REGION_MAX 512
/* Points of two arguments together, of one call. */
#define PAIRS_MAX 4096

/* ---- architectures ---- */

/* What this machine's kernel can be called by. */
static const struct abi {
	const char *name; /* as in a config */
	uint32_t token;   /* libseccomp's */
	uint32_t audit;   /* what the filter sees */
	uint32_t base;    /* of the numbers */
	bool is_32_bits;  /* arguments, and conditions as libseccomp compiles them */
} abis[] = {
#if defined(__x86_64__)
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, false },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x40000000, true },
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, true },
#elif defined(__aarch64__)
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, false },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, true },
#elif defined(__i386__)
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, true },
#elif defined(__arm__)
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, true },
#elif defined(__powerpc64__)
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, 0, false },
#elif defined(__s390x__)
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X, AUDIT_ARCH_S390X, 0, false },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390, AUDIT_ARCH_S390, 0, true },
#elif defined(__riscv)
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0, false },
#elif defined(__mips64)
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, AUDIT_ARCH_MIPSEL64, 5000, false },
#endif
};

/* One that this machine has not: the programs must deny it all the same. */
static const struct abi foreign = { "another architecture", 0, 0x12345678, 0, false };

/*
 * i386's own calls for what libseccomp knows under a number of its own, because socketcall and ipc
 * stand for them too. Source: arch/x86/entry/syscalls/syscall_32.tbl
 */
static const struct {
	const char *name;
	int number;
} direct[] = {
	{ "accept4", 364 },     { "bind", 361 },        { "connect", 362 },
	{ "getpeername", 368 }, { "getsockname", 367 }, { "getsockopt", 365 },
	{ "listen", 363 },      { "msgctl", 402 },      { "msgget", 399 },
	{ "msgrcv", 401 },      { "msgsnd", 400 },      { "recvfrom", 371 },
	{ "recvmmsg", 337 },    { "recvmsg", 372 },     { "semctl", 394 },
	{ "semget", 393 },      { "sendmmsg", 345 },    { "sendmsg", 370 },
	{ "sendto", 369 },      { "setsockopt", 366 },  { "shmat", 397 },
	{ "shmctl", 396 },      { "shmdt", 398 },       { "shmget", 395 },
	{ "shutdown", 373 },    { "socket", 359 },      { "socketpair", 360 },
};

/* A number, or negative: it has none there. */
static int number_of(const struct abi *abi, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(abi->token, name);

	for (size_t i = 0; number < 0 && abi->audit == AUDIT_ARCH_I386 && i < ARRAY_SIZE(direct);
	     i++) {
		if (streq(direct[i].name, name))
			return direct[i].number;
	}
	return number;
}

/* ---- the model ---- */

#define NO_RULE SIZE_MAX

/* One architecture, with the rules by number. */
struct model {
	const struct filter *filter;
	const struct abi *abi;
	bool listed;
	const struct bpf_program *programs;
	size_t n_programs;
	uint32_t *numbers; /* candidates: sorted, each once */
	size_t n;
	struct bpf_answer *answers; /* n of each program */
	size_t *first;              /* rule of a candidate; NO_RULE */
	size_t *next;               /* rule behind a rule */
	size_t *behind, n_behind;   /* rules for calls that have a multiplexer */
	int highest;                /* number that a rule names */
	bool has_unknown;           /* rules for calls that this libseccomp does not know, */
	struct action lax;          /* and the laxest of them */
	int mux[2];                 /* numbers of socketcall and ipc; negative: none */
	size_t steps;
	struct filter_gap *gap;
};
static const char *const mux_names[] = { "socketcall", "ipc" };
static_assert(ARRAY_SIZE(mux_names) == ARRAY_SIZE(((struct model *)NULL)->mux), "a number each");

static bool holds(const struct filter_arg *arg, uint64_t v, uint64_t mask)
{
	uint64_t a = arg->value & mask;

	v &= mask;
	switch (arg->op) {
	case OP_NE:
		return v != a;
	case OP_LT:
		return v < a;
	case OP_LE:
		return v <= a;
	case OP_EQ:
		return v == a;
	case OP_GE:
		return v >= a;
	case OP_GT:
		return v > a;
	case OP_MASKED_EQ: /* libseccomp cuts the datum to the mask */
		return (v & a) == (arg->value_two & a);
	case OPS_:
		break;
	}
	return false;
}

static uint64_t bits_of(const struct abi *abi)
{
	return abi->is_32_bits ? UINT32_MAX : UINT64_MAX;
}

static bool rule_holds(const struct model *m, const struct filter_rule *rule,
		       const uint64_t args[6])
{
	for (size_t i = 0; i < rule->n_args; i++) {
		if (!holds(&rule->args[i], args[rule->args[i].index], bits_of(m->abi)))
			return false;
	}
	return true;
}

static const struct action *laxer(const struct action *a, const struct action *b)
{
	return action_compare(*a, *b) < 0 ? b : a;
}

/*
 * What holds for one call by its own rules, as libseccomp takes them: one without conditions stands
 * for all, and of several that hold it is not said which one it finds. Only a request of others has
 * such (podman's own default has setns twice), never what a meet has written; the laxest counts.
 */
static struct action says_itself(struct model *m, size_t candidate, const uint64_t args[6])
{
	const struct action *whole = NULL, *part = NULL;

	for (size_t i = m->first[candidate]; i != NO_RULE; i = m->next[i]) {
		const struct filter_rule *rule = &m->filter->rules[i];

		m->steps++;
		if (rule->n_args == 0)
			whole = whole ? laxer(whole, &rule->action) : &rule->action;
		else if (!whole && rule_holds(m, rule, args))
			part = part ? laxer(part, &rule->action) : &rule->action;
	}
	if (whole)
		return *whole;
	return part ? *part : m->filter->default_action;
}

/*
 * What libseccomp lets a multiplexer do besides: a rule for socket holds for socketcall(SYS_SOCKET)
 * too, without its conditions, since nobody can look behind the pointer. The laxest counts.
 */
static struct action says_behind(struct model *m, const char *mux, struct action own,
				 uint64_t number)
{
	const struct action *best = &own;

	m->steps += m->n_behind;
	for (size_t i = 0; i < m->n_behind; i++) {
		const struct filter_rule *rule = &m->filter->rules[m->behind[i]];
		uint32_t its_number = 0;
		const char *its = mux_of(rule->name, &its_number);

		if (!its || !streq(its, mux) || its_number != number)
			continue;
		best = laxer(best, &rule->action);
		if (rule->n_args > 0)
			best = laxer(best, &m->filter->default_action);
	}
	return *best;
}

static struct action says(struct model *m, size_t candidate, const uint64_t args[6])
{
	struct action own;

	if (!m->listed) /* libseccomp's answer to an architecture that is not in the list */
		return (struct action){ .kind = ACT_KILL_THREAD };
	own = says_itself(m, candidate, args);
	for (size_t i = 0; i < ARRAY_SIZE(mux_names); i++) {
		if (m->mux[i] >= 0 && (uint32_t)m->mux[i] == m->numbers[candidate])
			return says_behind(m, mux_names[i], own, args[0]);
	}
	return own;
}

/* ---- numbers ---- */

/*
 * x32 has the numbers of one bit of x86_64's architecture. Negative ones are no calls anywhere: -1
 * is a tracer's way to skip one.
 */
static bool belongs(const struct abi *abi, uint32_t number)
{
	bool x32 = number >= 0x40000000U;

	if (number > INT32_MAX)
		return false;
	return abi->audit != AUDIT_ARCH_X86_64 || x32 == (abi->base != 0);
}

static bool is_compared(uint16_t code)
{
	return BPF_CLASS(code) == BPF_JMP && BPF_SRC(code) == BPF_K && BPF_OP(code) != BPF_JA;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Those behind the first NUMBERS, which are sorted as they are. */
static void sort_extra(struct model *m)
{
	size_t n = NUMBERS;

	qsort(m->numbers + n, m->n - n, sizeof(m->numbers[0]), compare_numbers);
	for (size_t i = n; i < m->n; i++) {
		if (m->numbers[n - 1] != m->numbers[i])
			m->numbers[n++] = m->numbers[i];
	}
	m->n = n;
}

/* One more, unless it is among the first NUMBERS anyway. */
static int add_number(struct model *m, uint32_t number, struct err *err)
{
	if (number - m->abi->base < NUMBERS || !belongs(m->abi, number))
		return 0;
	if (m->n == BPF_NUMBERS_MAX)
		sort_extra(m);
	if (m->n == BPF_NUMBERS_MAX)
		return err_system(err, E2BIG, "filters that name more than %d calls",
				  BPF_NUMBERS_MAX);
	m->numbers[m->n++] = number;
	return 0;
}

static int collect_numbers(struct model *m, struct err *err)
{
	m->numbers = malloc(BPF_NUMBERS_MAX * sizeof(*m->numbers));
	if (!m->numbers)
		return err_oom(err);
	while (m->n < NUMBERS) {
		m->numbers[m->n] = m->abi->base + (uint32_t)m->n;
		m->n++;
	}
	for (size_t p = 0; p < m->n_programs; p++) {
		for (size_t i = 0; i < m->programs[p].n; i++) {
			const struct sock_filter *in = &m->programs[p].code[i];

			for (uint32_t d = 0; is_compared(in->code) && d < 3; d++) {
				int r = add_number(m, in->k - 1 + d, err);

				if (r < 0)
					return r;
			}
		}
	}
	sort_extra(m);
	/* An architecture with a base of its own may have some below it. */
	if (m->n > NUMBERS && m->numbers[NUMBERS] < m->abi->base)
		qsort(m->numbers, m->n, sizeof(m->numbers[0]), compare_numbers);
	return 0;
}

static size_t candidate_of(const struct model *m, uint32_t number)
{
	const uint32_t *found;

	if (number - m->abi->base < NUMBERS && m->numbers[0] == m->abi->base)
		return number - m->abi->base;
	found = bsearch(&number, m->numbers, m->n, sizeof(number), compare_numbers);
	return found ? (size_t)(found - m->numbers) : m->n;
}

/* ---- rules ---- */

static void note_unknown(struct model *m, const struct filter_rule *rule)
{
	m->lax = m->has_unknown ? *laxer(&m->lax, &rule->action) : rule->action;
	m->has_unknown = true;
}

static void index_rules(struct model *m)
{
	const struct filter *filter = m->filter;
	const char *name = NULL;
	uint32_t ignored;
	int number = -1;

	for (size_t i = 0; i < m->n; i++)
		m->first[i] = NO_RULE;
	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];
		size_t candidate;

		/* Rules of one call stand together. */
		if (!name || !streq(name, rule->name))
			number = number_of(m->abi, rule->name);
		name = rule->name;
		m->highest = number > m->highest ? number : m->highest;
		if (filter_skips(filter, rule))
			continue;
		if (number == __NR_SCMP_ERROR)
			note_unknown(m, rule);
		if (m->mux[0] >= 0 && mux_of(name, &ignored))
			m->behind[m->n_behind++] = i;
		candidate = number < 0 ? m->n : candidate_of(m, (uint32_t)number);
		if (candidate == m->n)
			continue;
		m->next[i] = m->first[candidate];
		m->first[candidate] = i;
	}
}

static void model_done(struct model *m)
{
	free(m->numbers);
	free(m->answers);
	free(m->first);
	free(m->next);
	free(m->behind);
}

static bool is_listed(const struct filter *filter, const struct abi *abi)
{
	/* What libseccomp begins with is never taken out. */
	return streq(abi->name, FILTER_ARCH_NATIVE) ||
	       strv_contains(filter->architectures, filter->n_architectures, abi->name);
}

static int model_make(struct model *m, struct err *err)
{
	int r;

	r = collect_numbers(m, err);
	if (r < 0)
		return r;
	m->answers = calloc(m->n * (m->n_programs + 1), sizeof(*m->answers));
	m->first = calloc(m->n, sizeof(*m->first));
	m->next = calloc(m->filter->n_rules + 1, sizeof(*m->next));
	m->behind = calloc(m->filter->n_rules + 1, sizeof(*m->behind));
	if (!m->answers || !m->first || !m->next || !m->behind)
		return err_oom(err);
	for (size_t p = 0; r == 0 && p < m->n_programs; p++)
		r = bpf_answer_all(&m->programs[p], m->abi->audit, m->numbers, m->n,
				   &m->answers[p * m->n], err);
	m->listed = is_listed(m->filter, m->abi);
	for (size_t i = 0; i < ARRAY_SIZE(mux_names); i++)
		m->mux[i] = m->abi->token ? number_of(m->abi, mux_names[i]) : -1;
	if (m->listed)
		index_rules(m);
	return r;
}

/* ---- one point ---- */

/* The kernel's precedence: as signed numbers, the least wins. What it does not know kills. */
static enum filter_action kind_of(uint32_t action)
{
	static const struct {
		uint32_t action;
		enum filter_action kind;
	} kinds[] = {
		{ SECCOMP_RET_KILL_PROCESS, ACT_KILL_PROCESS },
		{ SECCOMP_RET_KILL_THREAD, ACT_KILL_THREAD },
		{ SECCOMP_RET_TRAP, ACT_TRAP },
		{ SECCOMP_RET_ERRNO, ACT_ERRNO },
		{ SECCOMP_RET_USER_NOTIF, ACT_NOTIFY },
		{ SECCOMP_RET_TRACE, ACT_TRACE },
		{ SECCOMP_RET_LOG, ACT_LOG },
		{ SECCOMP_RET_ALLOW, ACT_ALLOW },
	};
	static_assert(ARRAY_SIZE(kinds) == ACTIONS_, "an action a kind");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].action == (action & SECCOMP_RET_ACTION_FULL))
			return kinds[i].kind;
	}
	return ACT_KILL_PROCESS;
}

static uint32_t kernel_says(struct model *m, size_t candidate, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)m->numbers[candidate], .arch = m->abi->audit };
	uint32_t strictest = SECCOMP_RET_ALLOW;

	memcpy(data.args, args, sizeof(data.args));
	for (size_t p = 0; p < m->n_programs; p++) {
		const struct bpf_answer *answer = &m->answers[p * m->n + candidate];
		uint32_t action = answer->action;

		if (answer->depends)
			action = bpf_program_run(&m->programs[p], answer->pc, answer->a, &data,
						 &m->steps);
		if (kind_of(action) < kind_of(strictest))
			strictest = action;
	}
	return strictest;
}

/*
 * runc puts a stub in front that answers ENOSYS to calls above all that the config names, also
 * where its default would kill: the call is denied all the same.
 */
static bool is_stub(const struct model *m, size_t candidate, uint32_t is)
{
	return is == (SECCOMP_RET_ERRNO | ENOSYS) && m->listed && m->first[candidate] == NO_RULE &&
	       m->highest >= 0 && m->numbers[candidate] > (uint32_t)m->highest;
}

/* A call newer than this libseccomp, which the config may name and the runtime's libseccomp know.
 */
static bool may_be_unknown(const struct model *m, size_t candidate, enum filter_action is)
{
	char *name;

	if (!m->has_unknown || is > m->lax.kind || m->first[candidate] != NO_RULE)
		return false;
	name = seccomp_syscall_resolve_num_arch(m->abi->token, (int)m->numbers[candidate]);
	free(name);
	return !name;
}

static void tell(struct model *m, size_t candidate, const uint64_t args[6], struct action wanted,
		 enum filter_action is)
{
	char *name = m->abi->token ? seccomp_syscall_resolve_num_arch(m->abi->token,
								      (int)m->numbers[candidate])
				   : NULL;

	m->gap->found = true;
	m->gap->architecture = m->abi->name;
	m->gap->wanted = wanted.kind;
	m->gap->is = is;
	memcpy(m->gap->args, args, sizeof(m->gap->args));
	if (name)
		(void)snprintf(m->gap->call, sizeof(m->gap->call), "%s", name);
	else
		(void)snprintf(m->gap->call, sizeof(m->gap->call), "call %u",
			       m->numbers[candidate]);
	free(name);
}

/* Is the kernel laxer here? Then it is told. */
static bool is_laxer(struct model *m, size_t candidate, const uint64_t args[6])
{
	struct action wanted = says(m, candidate, args);
	uint32_t action = kernel_says(m, candidate, args);
	enum filter_action is = kind_of(action);

	m->gap->points++;
	if (is <= wanted.kind || is_stub(m, candidate, action) || may_be_unknown(m, candidate, is))
		return false;
	tell(m, candidate, args, wanted, is);
	return true;
}

/* ---- which arguments ---- */

/* Of one argument: values, those of rules and instructions first, then each bit alone. */
struct values {
	bool used;
	uint64_t v[VALUES_MAX];
	size_t n, n_core;
};

struct values_of {
	struct values arg[6];
	uint64_t mask;
};

static void add_value(struct values_of *values, size_t arg, uint64_t v)
{
	struct values *to = &values->arg[arg];

	v &= values->mask;
	for (size_t i = 0; i < to->n; i++) {
		if (to->v[i] == v)
			return;
	}
	if (to->n < VALUES_MAX - 80) /* room for the bits */
		to->v[to->n++] = v;
}

static void add_near(struct values_of *values, size_t arg, uint64_t v)
{
	values->arg[arg].used = true;
	add_value(values, arg, v);
	add_value(values, arg, v + 1);
	add_value(values, arg, v - 1);
	/* Where only the low half is compared, and where it should not be. */
	add_value(values, arg, v ^ UINT64_C(1) << 32);
}

static void add_rule_values(struct values_of *values, const struct filter_rule *rule)
{
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct filter_arg *arg = &rule->args[i];

		add_near(values, arg->index, arg->value);
		if (arg->op != OP_MASKED_EQ)
			continue;
		add_near(values, arg->index, arg->value_two);
		add_near(values, arg->index, arg->value_two | ~arg->value);
	}
}

/* The argument that is loaded, or 6; *ret_high: of its two halves the upper. */
static size_t arg_of(uint32_t offset, bool *ret_high)
{
	const uint32_t first = offsetof(struct seccomp_data, args);
	bool second = offset % sizeof(uint64_t) != 0;

	*ret_high = second == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	return offset < first ? 6 : (offset - first) / sizeof(uint64_t);
}

/* What a program compares each argument with, from one instruction on. */
struct region {
	uint32_t low[6][32], high[6][32];
	size_t n_low[6], n_high[6];
};

static void note_constant(struct region *region, uint32_t offset, uint32_t k)
{
	bool high = false;
	size_t arg = arg_of(offset, &high);
	uint32_t *to;
	size_t *n;

	if (arg >= 6)
		return;
	to = high ? region->high[arg] : region->low[arg];
	n = high ? &region->n_high[arg] : &region->n_low[arg];
	for (size_t i = 0; i < *n; i++) {
		if (to[i] == k)
			return;
	}
	if (*n < ARRAY_SIZE(region->low[0]))
		to[(*n)++] = k;
}

/* All that can be reached: jumps lead forward, so that one pass over marked instructions does. */
static void scan_region(const struct bpf_program *program, size_t pc, struct region *region,
			struct values_of *values)
{
	bool reached[BPF_INSTRUCTIONS_MAX + 1] = { false };
	uint32_t offset[BPF_INSTRUCTIONS_MAX + 1];
	bool high;

	reached[pc] = true;
	offset[pc] = 0;
	for (size_t i = pc, seen = 0; i < program->n && seen < REGION_MAX; i++) {
		const struct sock_filter *in = &program->code[i];
		uint32_t from = offset[i];

		if (!reached[i])
			continue;
		seen++;
		if (in->code == (BPF_LD | BPF_W | BPF_ABS)) {
			from = in->k;
			if (arg_of(from, &high) < 6)
				values->arg[arg_of(from, &high)].used = true;
		}
		if (is_compared(in->code) || in->code == (BPF_ALU | BPF_AND | BPF_K))
			note_constant(region, from, in->k);
		if (BPF_CLASS(in->code) == BPF_RET)
			continue;
		if (BPF_CLASS(in->code) != BPF_JMP) {
			reached[i + 1] = true;
			offset[i + 1] = from;
		} else if (BPF_OP(in->code) == BPF_JA) {
			reached[i + 1 + in->k] = true;
			offset[i + 1 + in->k] = from;
		} else {
			reached[i + 1 + in->jt] = reached[i + 1 + in->jf] = true;
			offset[i + 1 + in->jt] = offset[i + 1 + in->jf] = from;
		}
	}
}

static void add_region_values(struct values_of *values, struct region *region)
{
	for (size_t arg = 0; arg < 6; arg++) {
		if (region->n_high[arg] == 0)
			region->high[arg][region->n_high[arg]++] = 0;
		for (size_t h = 0; h < region->n_high[arg]; h++) {
			uint64_t high = (uint64_t)region->high[arg][h] << 32;

			for (size_t l = 0; l < region->n_low[arg]; l++)
				add_near(values, arg, high | region->low[arg][l]);
			if (region->n_low[arg] == 0 && values->arg[arg].used)
				add_near(values, arg, high);
		}
	}
}

static void add_bits(struct values_of *values)
{
	for (size_t arg = 0; arg < 6; arg++) {
		struct values *to = &values->arg[arg];

		to->n_core = to->n;
		for (unsigned int bit = 0; bit < 64 && to->used; bit++)
			to->v[to->n++] = (UINT64_C(1) << bit) & values->mask;
		to->v[to->n++] = 0;
		to->v[to->n++] = values->mask;
	}
}

static void find_values(const struct model *m, size_t candidate, struct values_of *values)
{
	struct region region = { 0 };

	values->mask = bits_of(m->abi);
	for (size_t i = 0; i < 6; i++) {
		values->arg[i].used = false;
		values->arg[i].n = 0;
	}
	for (size_t i = m->first[candidate]; m->listed && i != NO_RULE; i = m->next[i])
		add_rule_values(values, &m->filter->rules[i]);
	for (size_t p = 0; p < m->n_programs; p++) {
		const struct bpf_answer *answer = &m->answers[p * m->n + candidate];

		if (answer->depends)
			scan_region(&m->programs[p], answer->pc, &region, values);
	}
	add_region_values(values, &region);
	add_bits(values);
}

/* ---- all points of a call ---- */

static bool try_values(struct model *m, size_t candidate, const struct values_of *values,
		       const uint64_t base[6])
{
	uint64_t args[6];

	if (is_laxer(m, candidate, base))
		return true;
	for (size_t arg = 0; arg < 6; arg++) {
		memcpy(args, base, sizeof(args));
		for (size_t i = 0; values->arg[arg].used && i < values->arg[arg].n; i++) {
			if (m->steps > PROOF_STEPS_MAX)
				return false;
			args[arg] = values->arg[arg].v[i];
			if (is_laxer(m, candidate, args))
				return true;
		}
	}
	return false;
}

/* Two arguments together, of those values that something is compared with. */
static bool try_pairs(struct model *m, size_t candidate, const struct values_of *values)
{
	size_t left = PAIRS_MAX;

	for (size_t a = 0; a < 6; a++) {
		for (size_t b = a + 1; b < 6; b++) {
			const struct values *x = &values->arg[a], *y = &values->arg[b];

			for (size_t i = 0; i < x->n_core; i++) {
				for (size_t k = 0; k < y->n_core && left > 0; k++, left--) {
					uint64_t args[6] = { 0 };

					args[a] = x->v[i];
					args[b] = y->v[k];
					if (is_laxer(m, candidate, args))
						return true;
				}
			}
		}
	}
	return false;
}

/* Arguments for which a rule holds, as far as one condition an argument goes. */
static void satisfy(const struct filter_rule *rule, uint64_t mask, uint64_t args[6])
{
	memset(args, 0, 6 * sizeof(args[0]));
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct filter_arg *arg = &rule->args[i];
		uint64_t v = arg->value;

		if (arg->op == OP_NE || arg->op == OP_GT)
			v++;
		else if (arg->op == OP_LT)
			v--;
		else if (arg->op == OP_MASKED_EQ)
			v = arg->value_two & arg->value;
		args[arg->index] = v & mask;
	}
}

static bool try_call(struct model *m, size_t candidate, struct values_of *values)
{
	uint64_t args[6] = { 0 };

	find_values(m, candidate, values);
	if (try_values(m, candidate, values, args))
		return true;
	for (size_t i = m->first[candidate]; m->listed && i != NO_RULE; i = m->next[i]) {
		if (m->filter->rules[i].n_args == 0 || m->steps > PROOF_STEPS_MAX)
			continue;
		satisfy(&m->filter->rules[i], values->mask, args);
		if (try_values(m, candidate, values, args))
			return true;
	}
	return try_pairs(m, candidate, values);
}

/* Do arguments matter, to the model or to a program? */
static bool depends(const struct model *m, size_t candidate)
{
	for (size_t p = 0; p < m->n_programs; p++) {
		if (m->answers[p * m->n + candidate].depends)
			return true;
	}
	for (size_t i = m->first[candidate]; m->listed && i != NO_RULE; i = m->next[i]) {
		if (m->filter->rules[i].n_args > 0)
			return true;
	}
	return false;
}

static int prove_abi(struct model *m, struct values_of *values, struct err *err)
{
	static const uint64_t zero[6];
	int r;

	r = model_make(m, err);
	for (size_t i = 0; r == 0 && i < m->n && !m->gap->found; i++) {
		if (!depends(m, i)) {
			(void)is_laxer(m, i, zero);
			continue;
		}
		m->gap->arguments = try_call(m, i, values);
		if (m->steps > PROOF_STEPS_MAX)
			r = err_system(err, E2BIG, "filters that take too long to be judged");
	}
	return r;
}

int filter_prove(const struct filter *wanted, const struct bpf_program *programs, size_t n,
		 struct filter_gap *ret, struct err *err)
{
	_cleanup_free_ struct values_of *values = malloc(sizeof(*values));
	struct filter_gap gap = { 0 };
	int r = values ? 0 : err_oom(err);

	for (size_t i = 0; r == 0 && i <= ARRAY_SIZE(abis) && !gap.found; i++) {
		_cleanup_(model_done) struct model m = {
			.filter = wanted,
			.abi = i < ARRAY_SIZE(abis) ? &abis[i] : &foreign,
			.programs = programs,
			.n_programs = n,
			.highest = -1,
			.gap = &gap,
		};

		r = prove_abi(&m, values, err);
	}
	if (r == 0)
		*ret = gap;
	return r;
}
