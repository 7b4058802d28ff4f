/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run classic BPF as the kernel runs a seccomp filter: over one struct seccomp_data.
 *
 * Only what a filter made by libseccomp holds. Anything else, a jump past the end or a load from
 * beyond the data ends the test, since the kernel would not have taken the filter.
 *
 * Source: linux/Documentation/networking/filter.rst; seccomp(2).
 */
#ifndef COAMING_TESTS_BPF_H
#define COAMING_TESTS_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/base.h"

struct bpf {
	struct sock_filter *code;
	size_t n;
};

static inline void bpf_done(struct bpf *bpf)
{
	free(bpf->code);
	*bpf = (struct bpf){ 0 };
}

static inline void bpf_must(bool holds)
{
	if (!holds)
		abort();
}

static inline bool bpf_jumps(const struct sock_filter *in, uint32_t a)
{
	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		return a == in->k;
	case BPF_JGT:
		return a > in->k;
	case BPF_JGE:
		return a >= in->k;
	case BPF_JSET:
		return (a & in->k) != 0;
	default:
		abort();
	}
}

/* What the filter returns: SECCOMP_RET_... */
static inline uint32_t bpf_run(const struct bpf *bpf, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < bpf->n; pc++) {
		const struct sock_filter *in = &bpf->code[pc];

		switch (BPF_CLASS(in->code)) {
		case BPF_LD:
			bpf_must(in->code == (BPF_LD | BPF_W | BPF_ABS));
			bpf_must(in->k <= sizeof(*data) - sizeof(a) && in->k % 4 == 0);
			memcpy(&a, (const char *)data + in->k, sizeof(a));
			break;
		case BPF_ALU:
			bpf_must(in->code == (BPF_ALU | BPF_AND | BPF_K));
			a &= in->k;
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_JA)
				pc += in->k;
			else
				pc += bpf_jumps(in, a) ? in->jt : in->jf;
			break;
		case BPF_RET:
			bpf_must(in->code == (BPF_RET | BPF_K));
			return in->k;
		default:
			abort();
		}
	}
	abort();
}

#endif
