/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BPF program, 8 bytes an instruction: one that is taken ends, and says of all numbers at once
 * what it says of each.
 */
#include <linux/audit.h>

#include "profiles/filter_proof.h"
#include "tests/fuzz/fuzz.h"

#define NUMBERS 64

static void compare(const struct bpf_program *program, const uint32_t *numbers)
{
	struct bpf_answer answers[NUMBERS];
	struct err err = { 0 };
	size_t steps = 0;

	must_succeed(bpf_answer_all(program, AUDIT_ARCH_X86_64, numbers, NUMBERS, answers, &err),
		     &err);
	for (size_t i = 0; i < NUMBERS; i++) {
		const struct seccomp_data data = {
			.nr = (int)numbers[i],
			.arch = AUDIT_ARCH_X86_64,
			.args = { numbers[i], 1, UINT64_MAX, 40 },
		};
		uint32_t one = bpf_program_run(program, 0, 0, &data, &steps), all;

		all = answers[i].action;
		if (answers[i].depends)
			all = bpf_program_run(program, answers[i].pc, answers[i].a, &data, &steps);
		must(one == all);
	}
	must(steps <= 2 * NUMBERS * program->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_program program = { .n = size / sizeof(struct sock_filter) };
	struct filter wanted = { .default_action = { .kind = ACT_ALLOW } };
	struct filter_gap gap = { 0 };
	uint32_t numbers[NUMBERS];
	struct err err = { 0 };
	int r;

	program.code = malloc(size + 1);
	must(program.code);
	if (size > 0)
		memcpy(program.code, data, size);
	for (uint32_t i = 0; i < NUMBERS; i++)
		numbers[i] = i < NUMBERS / 2 ? i : 0x40000000 + i;
	r = bpf_check(&program, &err);
	if (r < 0) {
		must_tell(r, &err);
	} else {
		compare(&program, numbers);
		r = filter_prove(&wanted, &program, 1, &gap, &err);
		if (r < 0)
			must_tell(r, &err);
	}
	bpf_program_done(&program);
	return 0;
}
