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
} subs[] = {
	{ "accept", MUX_SOCKETCALL },
	{ "accept4", MUX_SOCKETCALL },
	{ "bind", MUX_SOCKETCALL },
	{ "connect", MUX_SOCKETCALL },
	{ "getpeername", MUX_SOCKETCALL },
	{ "getsockname", MUX_SOCKETCALL },
	{ "getsockopt", MUX_SOCKETCALL },
	{ "listen", MUX_SOCKETCALL },
	{ "msgctl", MUX_IPC },
	{ "msgget", MUX_IPC },
	{ "msgrcv", MUX_IPC },
	{ "msgsnd", MUX_IPC },
	{ "recv", MUX_SOCKETCALL },
	{ "recvfrom", MUX_SOCKETCALL },
	{ "recvmmsg", MUX_SOCKETCALL },
	{ "recvmsg", MUX_SOCKETCALL },
	{ "semctl", MUX_IPC },
	{ "semget", MUX_IPC },
	{ "semop", MUX_IPC },
	{ "semtimedop", MUX_IPC },
	{ "send", MUX_SOCKETCALL },
	{ "sendmmsg", MUX_SOCKETCALL },
	{ "sendmsg", MUX_SOCKETCALL },
	{ "sendto", MUX_SOCKETCALL },
	{ "setsockopt", MUX_SOCKETCALL },
	{ "shmat", MUX_IPC },
	{ "shmctl", MUX_IPC },
	{ "shmdt", MUX_IPC },
	{ "shmget", MUX_IPC },
	{ "shutdown", MUX_SOCKETCALL },
	{ "socket", MUX_SOCKETCALL },
	{ "socketpair", MUX_SOCKETCALL },
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

static void look_behind(const struct filter *filter, struct behind *ret)
{
	*ret = (struct behind){ 0 };
	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];
		size_t low = 0, high = ARRAY_SIZE(subs);

		if (filter_skips(filter, rule))
			continue;
		for (size_t m = 0; m < MUXES_; m++) {
			if (streq(rule->name, mux_names[m]))
				span_add(rule->n_args ? &ret->part[m] : &ret->whole[m],
					 rule->action);
		}
		while (low < high) {
			size_t middle = (low + high) / 2;
			int r = strcmp(rule->name, subs[middle].name);

			if (r == 0)
				span_add(may_not_hold(rule) ? &ret->sub_maybe[middle]
							    : &ret->sub[middle],
					 rule->action);
			if (r == 0)
				break;
			low = r > 0 ? middle + 1 : low;
			high = r < 0 ? middle : high;
		}
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

static bool has_multiplexers(const struct filter *filter)
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

size_t mux_rules(const struct filter *a, const struct filter *b, const struct filter *out,
		 struct mux_rule ret[MULTIPLEXERS])
{
	struct behind behind_a, behind_b, behind_out;
	struct action strictest[MUXES_] = { out->default_action, out->default_action };
	bool needed[MUXES_] = { false };
	size_t n = 0;

	if (!has_multiplexers(out))
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
