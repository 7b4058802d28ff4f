/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installed filters against what a config says: the BPF that the kernel runs, evaluated over all
 * system calls of each architecture that can reach it and over the arguments that matter, held
 * against the filter's own meaning. libseccomp's numbers of calls are all that is taken from it.
 */
#ifndef COAMING_PROFILES_FILTER_PROOF_H
#define COAMING_PROFILES_FILTER_PROOF_H

#include "lib/bpf.h"
#include "profiles/filter.h"

/* The first point at which the kernel is laxer. */
struct filter_gap {
	bool found;
	const char *architecture; /* "SCMP_ARCH_X86_64"; static */
	char call[64];            /* its name, or "call NUMBER" */
	bool arguments;           /* it is laxer for these, perhaps not for others */
	uint64_t args[6];
	enum filter_action wanted, is;
	size_t points; /* compared, for those who count */
};

/* Runs of instructions over points after which it is given up: some tenths of a second. */
#define PROOF_STEPS_MAX ((size_t)64 << 20)

/*
 * Compare. At no point may all programs together (the strictest action wins, as in the kernel) be
 * laxer than the filter; stricter is fine, and numbers of errno do not matter.
 *
 * wanted    resolved: without `conditional` rules
 * programs  bpf_check()ed; none: everything is allowed
 * Errors    -E2BIG too many points to be judged (PROOF_STEPS_MAX); -ENOMEM
 */
int filter_prove(const struct filter *wanted, const struct bpf_program *programs, size_t n,
		 struct filter_gap *ret, struct err *err);

#endif
