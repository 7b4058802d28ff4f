/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic BPF of seccomp filters: checked, run, and asked of all call numbers at once.
 *
 * Pure, and bounded: every jump leads forward.
 */
#include "lib/bpf.h"

#include <errno.h>

#define NR_OFFSET   offsetof(struct seccomp_data, nr)
#define ARCH_OFFSET offsetof(struct seccomp_data, arch)

void bpf_program_done(struct bpf_program *program)
{
	free(program->code);
	*program = (struct bpf_program){ 0 };
}

/* ---- what the kernel takes ---- */

static bool is_known_alu(uint16_t code)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_DIV:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
	case BPF_LSH:
	case BPF_RSH:
		return true;
	case BPF_NEG:
		return BPF_SRC(code) != BPF_X;
	default:
		return false;
	}
}

static bool is_known_jump(uint16_t code)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JSET:
		return true;
	case BPF_JA:
		return BPF_SRC(code) != BPF_X;
	default:
		return false;
	}
}

/* seccomp_check_filter()'s list. Nothing is above the lower eight bits. */
static bool is_known(uint16_t code)
{
	if (code > UINT8_MAX)
		return false;
	if (BPF_CLASS(code) == BPF_ALU)
		return is_known_alu(code);
	if (BPF_CLASS(code) == BPF_JMP)
		return is_known_jump(code);
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		return true;
	default:
		return false;
	}
}

static bool is_memory(uint16_t code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) || code == BPF_ST ||
	       code == BPF_STX;
}

/* `left` instructions follow. */
static bool is_good(const struct sock_filter *in, size_t left)
{
	if (!is_known(in->code))
		return false;
	if (in->code == (BPF_LD | BPF_W | BPF_ABS))
		return in->k % 4 == 0 && in->k <= sizeof(struct seccomp_data) - sizeof(uint32_t);
	if (is_memory(in->code))
		return in->k < BPF_MEMWORDS;
	if (in->code == (BPF_ALU | BPF_DIV | BPF_K))
		return in->k != 0;
	if (in->code == (BPF_ALU | BPF_LSH | BPF_K) || in->code == (BPF_ALU | BPF_RSH | BPF_K))
		return in->k < 32;
	if (in->code == (BPF_JMP | BPF_JA))
		return in->k < left;
	return BPF_CLASS(in->code) != BPF_JMP || (in->jt < left && in->jf < left);
}

int bpf_check(const struct bpf_program *program, struct err *err)
{
	if (program->n == 0 || program->n > BPF_INSTRUCTIONS_MAX)
		return err_system(err, EBADMSG, "a filter of %zu instructions", program->n);
	for (size_t i = 0; i < program->n; i++) {
		if (!is_good(&program->code[i], program->n - i - 1))
			return err_system(err, EBADMSG, "instruction %zu of a filter is no good",
					  i);
	}
	if (BPF_CLASS(program->code[program->n - 1].code) != BPF_RET)
		return err_system(err, EBADMSG, "a filter without an end");
	return 0;
}

/* ---- one run ---- */

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

static uint32_t operand(const struct machine *m, const struct sock_filter *in)
{
	return BPF_SRC(in->code) == BPF_X ? m->x : in->k;
}

/* Shifts by more bits than there are, and division by zero: as the kernel's interpreter has it. */
static uint32_t compute(const struct machine *m, const struct sock_filter *in)
{
	uint32_t v = operand(m, in);

	switch (BPF_OP(in->code)) {
	case BPF_ADD:
		return m->a + v;
	case BPF_SUB:
		return m->a - v;
	case BPF_MUL:
		return m->a * v;
	case BPF_DIV:
		return v ? m->a / v : 0;
	case BPF_AND:
		return m->a & v;
	case BPF_OR:
		return m->a | v;
	case BPF_XOR:
		return m->a ^ v;
	case BPF_LSH:
		return m->a << (v & 31);
	case BPF_RSH:
		return m->a >> (v & 31);
	default:
		return -m->a;
	}
}

static bool compare(uint16_t code, uint32_t a, uint32_t v)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == v;
	case BPF_JGT:
		return a > v;
	case BPF_JGE:
		return a >= v;
	default:
		return (a & v) != 0;
	}
}

static uint32_t load_data(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t v;

	memcpy(&v, (const char *)data + offset, sizeof(v));
	return v;
}

static void move(struct machine *m, const struct sock_filter *in, const struct seccomp_data *data)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		m->a = load_data(data, in->k);
		break;
	case BPF_LD | BPF_W | BPF_LEN:
		m->a = sizeof(*data);
		break;
	case BPF_LDX | BPF_W | BPF_LEN:
		m->x = sizeof(*data);
		break;
	case BPF_LD | BPF_IMM:
		m->a = in->k;
		break;
	case BPF_LDX | BPF_IMM:
		m->x = in->k;
		break;
	case BPF_LD | BPF_MEM:
		m->a = m->memory[in->k];
		break;
	case BPF_LDX | BPF_MEM:
		m->x = m->memory[in->k];
		break;
	case BPF_ST:
		m->memory[in->k] = m->a;
		break;
	case BPF_STX:
		m->memory[in->k] = m->x;
		break;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		break;
	default: /* BPF_TXA: bpf_check() knows no other */
		m->a = m->x;
		break;
	}
}

uint32_t bpf_program_run(const struct bpf_program *program, size_t pc, uint32_t a,
			 const struct seccomp_data *data, size_t *steps)
{
	struct machine m = { .a = a };

	for (;; pc++) {
		const struct sock_filter *in = &program->code[pc];

		++*steps;
		switch (BPF_CLASS(in->code)) {
		case BPF_RET:
			return BPF_RVAL(in->code) == BPF_A ? m.a : in->k;
		case BPF_ALU:
			m.a = compute(&m, in);
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_JA)
				pc += in->k;
			else
				pc += compare(in->code, m.a, operand(&m, in)) ? in->jt : in->jf;
			break;
		default:
			move(&m, in, data);
		}
	}
}

/* ---- all numbers at once ---- */

/*
 * Numbers that have come to the same instruction with nothing in the machine but, in the
 * accumulator, the number itself or a value that is known: order[from..to).
 */
struct segment {
	size_t from, to, pc;
	bool is_number;
	uint32_t a;
};

struct walk {
	const struct bpf_program *program;
	uint32_t arch;
	const uint32_t *numbers;
	struct bpf_answer *answers;
	size_t n, n_waiting;
	/* Each has n. */
	struct segment *waiting; /* disjoint, none empty */
	uint16_t *order;         /* indices of numbers, by segments; sorted in each */
	uint16_t *place;         /* the other way round */
	uint16_t *spare;
	bool *done;
};

/* A step that needs the number or a known value alone. */
static bool is_plain(const struct sock_filter *in)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return in->k == NR_OFFSET || in->k == ARCH_OFFSET;
	case BPF_RET | BPF_K:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		return true;
	default:
		return false;
	}
}

static void answer(struct walk *w, uint16_t index, const struct segment *at)
{
	const struct sock_filter *in = &w->program->code[at->pc];

	w->done[index] = true;
	if (in->code == (BPF_RET | BPF_K))
		w->answers[index] = (struct bpf_answer){ .action = in->k };
	else
		w->answers[index] = (struct bpf_answer){
			.depends = true,
			.pc = (uint32_t)at->pc,
			.a = at->is_number ? w->numbers[index] : at->a,
		};
}

static void load_plain(const struct walk *w, const struct sock_filter *in, struct segment *at)
{
	at->is_number = in->k == NR_OFFSET;
	at->a = w->arch;
}

/* One number by itself, to its end or to what is not plain. */
static void walk_one(struct walk *w, uint16_t index, struct segment at)
{
	for (;; at.pc++) {
		const struct sock_filter *in = &w->program->code[at.pc];
		uint32_t a = at.is_number ? w->numbers[index] : at.a;

		if (!is_plain(in) || BPF_CLASS(in->code) == BPF_RET)
			break;
		if (BPF_CLASS(in->code) == BPF_LD)
			load_plain(w, in, &at);
		else if (BPF_OP(in->code) == BPF_JA)
			at.pc += in->k;
		else
			at.pc += compare(in->code, a, in->k) ? in->jt : in->jf;
	}
	answer(w, index, &at);
}

/* The number k leaves the segment; it is looked up, since there are hundreds of such steps. */
static void take_out(struct walk *w, const struct segment *at, uint32_t k, size_t pc)
{
	size_t low = 0, high = w->n;
	struct segment one = *at;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->numbers[middle] < k)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == w->n || w->numbers[low] != k || w->done[low] || w->place[low] < at->from ||
	    w->place[low] >= at->to)
		return;
	one.pc = pc;
	walk_one(w, (uint16_t)low, one);
}

/*
 * Those for which the comparison holds go behind the others, which end where it is said; returns
 * how many they are.
 */
static size_t split(struct walk *w, const struct segment *at, const struct sock_filter *in,
		    size_t *ret_end)
{
	size_t kept = at->from, moved = 0;

	for (size_t i = at->from; i < at->to; i++) {
		uint16_t index = w->order[i];

		if (w->done[index])
			continue;
		if (compare(in->code, w->numbers[index], in->k)) {
			w->spare[moved++] = index;
			continue;
		}
		w->order[kept] = index;
		w->place[index] = (uint16_t)kept++;
	}
	for (size_t i = 0; i < moved; i++) {
		w->order[kept + i] = w->spare[i];
		w->place[w->spare[i]] = (uint16_t)(kept + i);
	}
	*ret_end = kept;
	return moved;
}

static void branch(struct walk *w, struct segment *at, const struct sock_filter *in)
{
	struct segment holds = *at;
	size_t moved;

	if (!at->is_number) {
		at->pc += (size_t)1 + (compare(in->code, at->a, in->k) ? in->jt : in->jf);
		return;
	}
	if (BPF_OP(in->code) == BPF_JEQ) {
		take_out(w, at, in->k, at->pc + 1 + in->jt);
		at->pc += 1 + in->jf;
		return;
	}
	moved = split(w, at, in, &holds.from);
	holds.to = holds.from + moved;
	holds.pc = at->pc + 1 + in->jt;
	at->to = holds.from;
	at->pc += 1 + in->jf;
	if (holds.from < holds.to)
		w->waiting[w->n_waiting++] = holds;
}

static void walk_segment(struct walk *w, struct segment at)
{
	while (at.from < at.to) {
		const struct sock_filter *in = &w->program->code[at.pc];

		if (!is_plain(in) || BPF_CLASS(in->code) == BPF_RET)
			break;
		if (BPF_CLASS(in->code) == BPF_LD) {
			load_plain(w, in, &at);
			at.pc++;
		} else if (BPF_OP(in->code) == BPF_JA) {
			at.pc += 1 + in->k;
		} else {
			branch(w, &at, in);
		}
	}
	for (size_t i = at.from; i < at.to; i++) {
		if (!w->done[w->order[i]])
			answer(w, w->order[i], &at);
	}
}

static void *make_room(struct walk *w)
{
	const size_t each = sizeof(*w->waiting) + 3 * sizeof(*w->order) + sizeof(*w->done);
	void *room = w->n <= BPF_NUMBERS_MAX ? malloc(w->n * each + 1) : NULL;

	if (!room)
		return NULL;
	w->waiting = room;
	w->order = (uint16_t *)(w->waiting + w->n);
	w->place = w->order + w->n;
	w->spare = w->place + w->n;
	w->done = (bool *)(w->spare + w->n);
	return room;
}

int bpf_answer_all(const struct bpf_program *program, uint32_t arch, const uint32_t *numbers,
		   size_t n, struct bpf_answer *ret, struct err *err)
{
	struct walk w = {
		.program = program, .arch = arch, .numbers = numbers, .answers = ret, .n = n
	};
	_cleanup_free_ void *room = make_room(&w);

	if (!room)
		return err_oom(err);
	for (size_t i = 0; i < n; i++) {
		w.order[i] = w.place[i] = (uint16_t)i;
		w.done[i] = false;
	}
	if (n > 0)
		w.waiting[w.n_waiting++] = (struct segment){ .to = n };
	while (w.n_waiting > 0)
		walk_segment(&w, w.waiting[--w.n_waiting]);
	return 0;
}
