/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated OCI `seccomp` objects, valid ones, with what is hard to meet: overlapping conditions,
 * one argument twice, boundary values, rules equal to the default, several architectures.
 */
#ifndef COAMING_TESTS_RANDOM_FILTER_H
#define COAMING_TESTS_RANDOM_FILTER_H

#include "tests/unit/random.h"

/* Some stand on one architecture only, some behind a multiplexer, one nowhere. */
static const char *const random_calls[] = {
	"clone",  "ioctl", "openat",  "personality", "prctl",  "read", "socket",
	"shmget", "open",  "chown32", "socketcall",  "ptrace", "mmap", "frobnicate",
};

static const uint64_t random_values[] = {
	0,
	1,
	2,
	3,
	8,
	40,
	0x7e020000,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x100000028,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};

/* Small values often, so that conditions of two filters meet. */
static inline uint64_t random_value(uint64_t *seed)
{
	size_t few = random_below(seed, 3) ? 6 : ARRAY_SIZE(random_values);

	return random_values[random_below(seed, few)];
}

static inline void random_action(uint64_t *seed, struct buf *out, const char *key, const char *ret,
				 bool is_default)
{
	static const char *const actions[] = {
		"ALLOW", "ALLOW", "ALLOW",        "ALLOW",       "ERRNO", "ERRNO", "ERRNO",
		"LOG",   "KILL",  "KILL_PROCESS", "KILL_THREAD", "TRAP",  "TRACE", "NOTIFY",
	};
	static const int numbers[] = { 1, 38, 13, 38 };
	size_t likely = random_below(seed, 4) ? 7 : ARRAY_SIZE(actions) - is_default;
	const char *action = actions[random_below(seed, likely)];

	buf_addf(out, "\"%s\":\"SCMP_ACT_%s\"", key, action);
	if ((streq(action, "ERRNO") || streq(action, "TRACE")) && random_below(seed, 2))
		buf_addf(out, ",\"%s\":%d", ret, numbers[random_below(seed, ARRAY_SIZE(numbers))]);
}

static inline void random_condition(uint64_t *seed, struct buf *out)
{
	static const char *const ops[] = { "EQ", "EQ", "EQ", "EQ", "MASKED_EQ", "MASKED_EQ",
					   "NE", "NE", "LT", "LE", "GE",        "GT" };
	const char *op = ops[random_below(seed, ARRAY_SIZE(ops))];
	uint64_t mask = random_value(seed);

	buf_addf(out, "{\"index\":%zu,\"op\":\"SCMP_CMP_%s\",\"value\":%llu", random_below(seed, 3),
		 op, (unsigned long long)mask);
	if (streq(op, "MASKED_EQ"))
		buf_addf(out, ",\"valueTwo\":%llu",
			 (unsigned long long)(random_below(seed, 8) ? random_value(seed) & mask
								    : random_value(seed)));
	buf_addc(out, '}');
}

static inline void random_rule(uint64_t *seed, struct buf *out, size_t n_calls)
{
	size_t names = random_below(seed, 4) ? 1 : 2, first = random_below(seed, n_calls);
	size_t conditions = random_below(seed, 3) ? random_below(seed, 3) : 0;

	buf_addc(out, '{');
	random_action(seed, out, "action", "errnoRet", false);
	buf_adds(out, ",\"names\":[");
	for (size_t i = 0; i < names; i++)
		buf_addf(out, "%s\"%s\"", i ? "," : "", random_calls[(first + i) % n_calls]);
	buf_adds(out, "]");
	for (size_t i = 0; i < conditions; i++) {
		buf_adds(out, i ? "," : ",\"args\":[");
		random_condition(seed, out);
	}
	buf_adds(out, conditions ? "]}" : "}");
}

/* Of the first n_calls of random_calls: few of them make rules of two filters meet often. */
static inline void random_filter(uint64_t *seed, struct buf *out, size_t n_calls)
{
	static const char *const architectures[] = {
		"",
		"",
		"\"SCMP_ARCH_X86_64\"",
		"\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"",
		"\"SCMP_ARCH_X86\",\"SCMP_ARCH_X86_64\"",
		"\"SCMP_ARCH_X32\",\"SCMP_ARCH_X86_64\"",
		"\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"",
	};
	const char *list = architectures[random_below(seed, ARRAY_SIZE(architectures))];
	size_t rules = random_below(seed, 6), start = out->len;

	buf_addc(out, '{');
	random_action(seed, out, "defaultAction", "defaultErrnoRet", true);
	if (*list)
		buf_addf(out, ",\"architectures\":[%s]", list);
	for (size_t i = 0; i < rules; i++) {
		buf_adds(out, i ? "," : ",\"syscalls\":[");
		random_rule(seed, out, n_calls);
	}
	buf_adds(out, rules ? "]" : "");
	if (strstr(out->data + start, "NOTIFY"))
		buf_adds(out, ",\"listenerPath\":\"/l\"");
	buf_adds(out, "}");
}

#endif
