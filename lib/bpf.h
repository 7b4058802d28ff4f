/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic BPF as the kernel runs it for a seccomp filter: over one struct seccomp_data.
 *
 * Source: Documentation/networking/filter.rst; seccomp_check_filter() in kernel/seccomp.c
 */
#ifndef COAMING_LIB_BPF_H
#define COAMING_LIB_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/err.h"

struct bpf_program {
	struct sock_filter *code;
	size_t n;
};

/* Both are the kernel's own bounds: of one filter, and of all of a process (each counts 4 more). */
#define BPF_INSTRUCTIONS_MAX 4096
#define BPF_TOTAL_MAX        32768

void bpf_program_done(struct bpf_program *program);

/*
 * Is it a filter that the kernel takes: known instructions, jumps forward and within, an end? The
 * others here rely on it.
 *
 * Errors  -EBADMSG the number of the instruction
 */
int bpf_check(const struct bpf_program *program, struct err *err);

/*
 * Run it from an instruction on.
 *
 * pc, a    0, 0 for the whole; else as bpf_answer says
 * steps    instructions run are added
 * Returns  SECCOMP_RET_... with its data
 */
uint32_t bpf_program_run(const struct bpf_program *program, size_t pc, uint32_t a,
			 const struct seccomp_data *data, size_t *steps);

/* What a program says of one call number. */
struct bpf_answer {
	bool depends; /* on more than the number: run it from pc on with that in the accumulator */
	uint32_t action; /* else: for all arguments */
	uint32_t pc, a;
};

#define BPF_NUMBERS_MAX 8192

/*
 * What a program says of each call number of one architecture, all at once: instructions that look
 * at the number alone are walked with sets of numbers, so that the time is about that of one run.
 *
 * numbers  sorted, each once; n of them, at most BPF_NUMBERS_MAX
 * ret      n answers
 * Errors   -ENOMEM
 */
int bpf_answer_all(const struct bpf_program *program, uint32_t arch, const uint32_t *numbers,
		   size_t n, struct bpf_answer *ret, struct err *err);

#endif
