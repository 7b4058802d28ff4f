/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an OCI `seccomp` object says of a call, evaluated from its JSON without the product and
 * without libseccomp.
 */
#ifndef COAMING_TESTS_SAYS_H
#define COAMING_TESTS_SAYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/oci_seccomp.h"
#include "tests/unit/random_filter.h"

struct says_rule {
	char name[64];
	uint32_t action;
	struct scmp_arg_cmp cmp[OCI_ARGS_MAX];
	unsigned int n;
};

#define RULES_MAX 1024

struct says {
	bool is_profile; /* conditions are on the bits that the kernel takes */
	uint32_t fallback;
	bool has_arch[4];
	struct says_rule rule[RULES_MAX];
	size_t n;
};

static const uint32_t arches[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32,
				   SCMP_ARCH_AARCH64 };
/* There libseccomp compares the low half only, of the argument and of the condition. */
static inline bool is_32_bits(size_t arch)
{
	return arches[arch] == SCMP_ARCH_X86 || arches[arch] == SCMP_ARCH_X32;
}

/* The kernel's order: as signed numbers, the least wins. */
static inline int32_t rank(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

/* Which of two actions goes first; of two errno values EPERM, then the smaller. */
static inline bool goes_before(uint32_t a, uint32_t b)
{
	uint32_t x = a & SECCOMP_RET_DATA, y = b & SECCOMP_RET_DATA;

	if (rank(a) != rank(b))
		return rank(a) < rank(b);
	if (rank(a) == rank(SCMP_ACT_ERRNO(0)) && (x == EPERM || y == EPERM))
		return x == EPERM && y != EPERM;
	return x < y;
}

static inline void says_add(struct says *says, const char *name, uint32_t action,
			    const struct scmp_arg_cmp *cmp, unsigned int n)
{
	struct says_rule *rule = &says->rule[says->n++];

	assert_true(says->n <= RULES_MAX);
	rule->action = action;
	(void)snprintf(rule->name, sizeof(rule->name), "%s", name);
	memcpy(rule->cmp, cmp, n * sizeof(*cmp));
	rule->n = n;
}

static inline void says_read(struct says *says, const json_t *json)
{
	const json_t *rule, *each;
	size_t i, k;

	says->n = 0;
	memset(says->has_arch, 0, sizeof(says->has_arch));
	says->fallback = oci_action(json, "defaultAction", "defaultErrnoRet");
	json_array_foreach(json_object_get(json, "architectures"), i, each)
	{
		for (k = 0; k < ARRAY_SIZE(arches); k++)
			says->has_arch[k] |= oci_architecture(json_string_value(each)) == arches[k];
	}
	/* What the runtimes begin with is never taken out. */
	for (k = 0; k < ARRAY_SIZE(arches); k++)
		says->has_arch[k] |= arches[k] == seccomp_arch_native();
	json_array_foreach(json_object_get(json, "syscalls"), i, rule)
	{
		struct scmp_arg_cmp cmp[OCI_ARGS_MAX];
		unsigned int n;
		bool twice = oci_conditions(rule, cmp, &n);
		uint32_t action = oci_action(rule, "action", "errnoRet");

		if (action == says->fallback)
			continue;
		json_array_foreach(json_object_get(rule, "names"), k, each)
		{
			for (unsigned int c = 0; twice && c < n; c++)
				says_add(says, json_string_value(each), action, &cmp[c], 1);
			if (!twice)
				says_add(says, json_string_value(each), action, cmp, n);
		}
	}
}

/* mask: of the bits which an argument has there; what a condition has beyond them is cut off. */
static inline bool holds(const struct scmp_arg_cmp *cmp, uint64_t v, uint64_t mask)
{
	uint64_t a = cmp->datum_a & mask, b = cmp->datum_b & mask;

	v &= mask;
	switch (cmp->op) {
	case SCMP_CMP_NE:
		return v != a;
	case SCMP_CMP_LT:
		return v < a;
	case SCMP_CMP_LE:
		return v <= a;
	case SCMP_CMP_EQ:
		return v == a;
	case SCMP_CMP_GE:
		return v >= a;
	case SCMP_CMP_GT:
		return v > a;
	case SCMP_CMP_MASKED_EQ:
		return (v & a) == (b & a); /* libseccomp cuts the datum to the mask */
	default:
		abort();
	}
}

/*
 * Of the calls that random_filter.h and default_filter.h put conditions on, the arguments of which
 * the kernel takes 32 bits; openat's and open's modes have 16.
 */
static inline uint64_t bits_taken(const char *name, unsigned int arg)
{
	static const struct {
		const char *name;
		unsigned int arg;
		uint64_t bits;
	} cut[] = {
		{ "clone", 0, UINT32_MAX },  { "ioctl", 0, UINT32_MAX },
		{ "ioctl", 1, UINT32_MAX },  { "open", 1, UINT32_MAX },
		{ "open", 2, UINT16_MAX },   { "openat", 0, UINT32_MAX },
		{ "openat", 2, UINT32_MAX }, { "personality", 0, UINT32_MAX },
		{ "prctl", 0, UINT32_MAX },  { "read", 0, UINT32_MAX },
		{ "shmget", 0, UINT32_MAX }, { "shmget", 2, UINT32_MAX },
		{ "socket", 0, UINT32_MAX }, { "socket", 1, UINT32_MAX },
		{ "socket", 2, UINT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		if (arg == cut[i].arg && streq(name, cut[i].name))
			return cut[i].bits;
	}
	return UINT64_MAX;
}

static inline uint64_t bits_of_says(const struct says *says, const char *name, unsigned int arg)
{
	return says->is_profile ? bits_taken(name, arg) : UINT64_MAX;
}

static inline bool all_hold(const struct says *says, const struct says_rule *rule,
			    const uint64_t args[6], uint64_t mask)
{
	for (unsigned int i = 0; i < rule->n; i++) {
		unsigned int arg = rule->cmp[i].arg;

		if (!holds(&rule->cmp[i], args[arg], mask & bits_of_says(says, rule->name, arg)))
			return false;
	}
	return true;
}

/* A condition that no value meets, on bits that are cut: such a rule is none. */
static inline bool is_never(const struct says *says, const struct says_rule *rule)
{
	for (unsigned int i = 0; i < rule->n; i++) {
		uint64_t bits = bits_of_says(says, rule->name, rule->cmp[i].arg);
		uint64_t v = rule->cmp[i].datum_a & bits;

		if (bits != UINT64_MAX && ((rule->cmp[i].op == SCMP_CMP_LT && v == 0) ||
					   (rule->cmp[i].op == SCMP_CMP_GT && v == bits)))
			return true;
	}
	return false;
}

/* Has no condition a value of more bits than the kernel takes? A negative number has not. */
static inline bool condition_fits(const struct scmp_arg_cmp *cmp, const char *name)
{
	uint64_t bits = bits_taken(name, cmp->arg), v = cmp->datum_a;

	if (cmp->op == SCMP_CMP_MASKED_EQ)
		v &= cmp->datum_b;
	return (v & ~bits) == 0 || (v | bits >> 1) == UINT64_MAX;
}

static inline bool all_fit(const json_t *json)
{
	const json_t *rule, *name;
	size_t i, k;

	json_array_foreach(json_object_get(json, "syscalls"), i, rule)
	{
		struct scmp_arg_cmp cmp[OCI_ARGS_MAX];
		unsigned int n;

		(void)oci_conditions(rule, cmp, &n);
		json_array_foreach(json_object_get(rule, "names"), k, name)
		{
			for (unsigned int c = 0; c < n; c++) {
				if (!condition_fits(&cmp[c], json_string_value(name)))
					return false;
			}
		}
	}
	return true;
}

/* A generated filter that a profile may have. */
static inline void random_fitting_filter(uint64_t *seed, struct buf *out, size_t n_calls)
{
	bool fits = false;

	while (!fits) {
		json_t *json;

		buf_done(out);
		random_filter(seed, out, n_calls);
		json = oci_load(out->data);
		assert_non_null(json);
		fits = all_fit(json);
		json_decref(json);
	}
}

/* Of several rules that hold the strictest, as the kernel would decide. */
static inline uint32_t says_of(const struct says *says, const char *name, const uint64_t args[6],
			       uint64_t mask)
{
	const struct says_rule *best = NULL;

	for (size_t i = 0; name && i < says->n; i++) {
		const struct says_rule *rule = &says->rule[i];

		if (streq(rule->name, name) && all_hold(says, rule, args, mask) &&
		    (!best || goes_before(rule->action, best->action)))
			best = rule;
	}
	return best ? best->action : says->fallback;
}

static inline bool has_conditions(const struct says *says, const char *name)
{
	for (size_t i = 0; i < says->n; i++) {
		if (says->rule[i].n > 0 && streq(says->rule[i].name, name))
			return true;
	}
	return false;
}

#endif
