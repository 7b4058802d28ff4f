/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that stand for many: what a compiled filter says of them.
 *
 * Source: ipc(2), socketcall(2); src/arch-x86.c and its kind of libseccomp 2.5.
 */
#include "profiles/filter_mux.h"

#include <errno.h>

#include "lib/strv.h"

enum { MUX_IPC, MUX_SOCKETCALL, MUXES_ };
static const char *const mux_names[] = { "ipc", "socketcall" };
static_assert(ARRAY_SIZE(mux_names) == MUXES_ && MUXES_ == MULTIPLEXERS, "a name each");

/* Sorted by name. */
static const struct {
	const char *name;
	int mux;
	uint32_t number; /* the multiplexer's first argument */
} subs[] = {
	{ "accept", MUX_SOCKETCALL, 5 },
	{ "accept4", MUX_SOCKETCALL, 18 },
	{ "bind", MUX_SOCKETCALL, 2 },
	{ "connect", MUX_SOCKETCALL, 3 },
	{ "getpeername", MUX_SOCKETCALL, 7 },
	{ "getsockname", MUX_SOCKETCALL, 6 },
	{ "getsockopt", MUX_SOCKETCALL, 15 },
	{ "listen", MUX_SOCKETCALL, 4 },
	{ "msgctl", MUX_IPC, 14 },
	{ "msgget", MUX_IPC, 13 },
	{ "msgrcv", MUX_IPC, 12 },
	{ "msgsnd", MUX_IPC, 11 },
	{ "recv", MUX_SOCKETCALL, 10 },
	{ "recvfrom", MUX_SOCKETCALL, 12 },
	{ "recvmmsg", MUX_SOCKETCALL, 19 },
	{ "recvmsg", MUX_SOCKETCALL, 17 },
	{ "semctl", MUX_IPC, 3 },
	{ "semget", MUX_IPC, 2 },
	{ "semop", MUX_IPC, 1 },
	{ "semtimedop", MUX_IPC, 4 },
	{ "send", MUX_SOCKETCALL, 9 },
	{ "sendmmsg", MUX_SOCKETCALL, 20 },
	{ "sendmsg", MUX_SOCKETCALL, 16 },
	{ "sendto", MUX_SOCKETCALL, 11 },
	{ "setsockopt", MUX_SOCKETCALL, 14 },
	{ "shmat", MUX_IPC, 21 },
	{ "shmctl", MUX_IPC, 24 },
	{ "shmdt", MUX_IPC, 22 },
	{ "shmget", MUX_IPC, 23 },
	{ "shutdown", MUX_SOCKETCALL, 13 },
	{ "socket", MUX_SOCKETCALL, 1 },
	{ "socketpair", MUX_SOCKETCALL, 8 },
};

/* The actions that rules give to one thing; n is 0, 1, or 2 for more than one. */
struct span {
	struct action strictest, laxest;
	size_t n;
};

/*
 * What the rules of one filter say of the multiplexers and of what is behind them. The number of
 * the call takes the place of the first argument, so that a condition on that one is lost; others
 * are compared with what the multiplexer has there, a pointer: they may hold or not.
 */
struct behind {
	struct span whole[MUXES_]; /* rules for the multiplexer without conditions */
	struct span part[MUXES_];  /* and with them */
	struct span sub[ARRAY_SIZE(subs)], sub_maybe[ARRAY_SIZE(subs)];
};

static bool may_not_hold(const struct filter_rule *rule)
{
	for (size_t i = 0; i < rule->n_args; i++) {
		if (rule->args[i].index > 0)
			return true;
	}
	return false;
}

static void span_add(struct span *span, struct action action)
{
	if (span->n == 0)
		*span = (struct span){ action, action, 1 };
	else if (action_compare(action, span->strictest) != 0 ||
		 action_compare(action, span->laxest) != 0)
		span->n = 2;
	if (action_compare(action, span->strictest) < 0)
		span->strictest = action;
	if (action_compare(action, span->laxest) > 0)
		span->laxest = action;
}

/* The place in subs[], or -1. */
static int find_sub(const char *name)
{
	size_t low = 0, high = ARRAY_SIZE(subs);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = strcmp(name, subs[middle].name);

		if (r == 0)
			return (int)middle;
		low = r > 0 ? middle + 1 : low;
		high = r < 0 ? middle : high;
	}
	return -1;
}

static void look_behind(const struct filter *filter, struct behind *ret)
{
	*ret = (struct behind){ 0 };
	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];
		int sub = find_sub(rule->name);

		if (filter_skips(filter, rule))
			continue;
		for (size_t m = 0; m < MUXES_; m++) {
			if (streq(rule->name, mux_names[m]))
				span_add(rule->n_args ? &ret->part[m] : &ret->whole[m],
					 rule->action);
		}
		if (sub >= 0)
			span_add(may_not_hold(rule) ? &ret->sub_maybe[sub] : &ret->sub[sub],
				 rule->action);
	}
}

/* What holds for one call behind a multiplexer; the laxest, where that is not certain. */
static struct span through(const struct filter *filter, const struct behind *behind, size_t sub)
{
	size_t mux = (size_t)subs[sub].mux;
	const struct span *maybe[] = { &behind->part[mux], &behind->sub_maybe[sub] };
	struct span span = behind->whole[mux].n ? behind->whole[mux] : behind->sub[sub];

	if (span.n == 0)
		span_add(&span, filter->default_action);
	for (size_t i = 0; i < ARRAY_SIZE(maybe) && behind->whole[mux].n == 0; i++) {
		if (maybe[i]->n == 0)
			continue;
		if (action_compare(maybe[i]->laxest, span.strictest) > 0)
			span.strictest = maybe[i]->laxest;
		if (action_compare(maybe[i]->laxest, span.laxest) > 0)
			span.laxest = maybe[i]->laxest;
	}
	return span;
}

/* Two rules that differ in their action only are refused. */
static bool may_conflict(const struct behind *behind, size_t sub)
{
	struct span span = behind->sub[sub];

	if (behind->whole[subs[sub].mux].n > 0)
		return false;
	if (behind->sub_maybe[sub].n > 0) {
		span_add(&span, behind->sub_maybe[sub].strictest);
		span_add(&span, behind->sub_maybe[sub].laxest);
	}
	return span.n > 1;
}

/* At least as strict, and not the default: a rule that says the same would be skipped. */
static struct action other_than(struct action action, struct action fallback)
{
	if (action_compare(action, fallback) != 0)
		return action;
	if (action.kind == ACT_ERRNO)
		return (struct action){ ACT_ERRNO, action.ret == EPERM ? ENOSYS : EPERM };
	if (action.kind > ACT_ERRNO)
		return (struct action){ ACT_ERRNO, EPERM };
	/* Of KILL_PROCESS nothing is stricter; the call is denied still. */
	return (struct action){ .kind = action.kind == ACT_KILL_PROCESS ? ACT_KILL_THREAD
									: ACT_KILL_PROCESS };
}

bool mux_has(const struct filter *filter)
{
	static const char *const without[] = {
		"SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",     "SCMP_ARCH_AARCH64",
		"SCMP_ARCH_ARM",         "SCMP_ARCH_MIPS64",  "SCMP_ARCH_MIPSEL64",
		"SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64",
		"SCMP_ARCH_MIPSEL64N32",
	};

	for (size_t i = 0; i < filter->n_architectures; i++) {
		if (!strv_contains((char *const *)without, ARRAY_SIZE(without),
				   filter->architectures[i]))
			return true;
	}
	return false;
}

/* What rules for the multiplexer itself say, with conditions too: one rule is in their place. */
static void add_own(const struct behind *behind, struct action strictest[MUXES_])
{
	for (size_t m = 0; m < MUXES_; m++) {
		const struct span *own[] = { &behind->whole[m], &behind->part[m] };

		for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
			if (own[i]->n > 0 && action_compare(own[i]->strictest, strictest[m]) < 0)
				strictest[m] = own[i]->strictest;
		}
	}
}

const char *mux_of(const char *name, uint32_t *ret_number)
{
	int sub = find_sub(name);

	if (sub < 0)
		return NULL;
	*ret_number = subs[sub].number;
	return mux_names[subs[sub].mux];
}

struct action mux_strictest(const struct filter *filter, const char *mux)
{
	struct action action = filter->default_action;

	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];
		int sub = find_sub(rule->name);

		if ((streq(rule->name, mux) ||
		     (sub >= 0 && streq(mux_names[subs[sub].mux], mux))) &&
		    action_compare(rule->action, action) < 0)
			action = rule->action;
	}
	return other_than(action, filter->default_action);
}

size_t mux_rules(const struct filter *a, const struct filter *b, const struct filter *out,
		 struct mux_rule ret[MULTIPLEXERS])
{
	struct behind behind_a, behind_b, behind_out;
	struct action strictest[MUXES_] = { out->default_action, out->default_action };
	bool needed[MUXES_] = { false };
	size_t n = 0;

	if (!mux_has(out))
		return 0;
	look_behind(a, &behind_a);
	look_behind(b, &behind_b);
	look_behind(out, &behind_out);
	add_own(&behind_a, strictest);
	add_own(&behind_b, strictest);
	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		size_t mux = (size_t)subs[i].mux;
		struct action want = through(a, &behind_a, i).strictest;
		struct action other = through(b, &behind_b, i).strictest;
		struct span got = through(out, &behind_out, i);

		if (action_compare(other, want) < 0)
			want = other;
		if (action_compare(want, strictest[mux]) < 0)
			strictest[mux] = want;
		/* Whether the thread is killed or the process: what was to be had is not had. */
		needed[mux] |= (got.laxest.kind > want.kind && got.laxest.kind > ACT_KILL_THREAD) ||
			       may_conflict(&behind_out, i);
	}
	for (size_t m = 0; m < MUXES_; m++) {
		if (needed[m])
			ret[n++] =
				(struct mux_rule){ mux_names[m],
						   other_than(strictest[m], out->default_action) };
	}
	return n;
}
