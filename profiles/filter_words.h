/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of an OCI `seccomp` object, for those who write them. Static texts.
 */
#ifndef COAMING_PROFILES_FILTER_WORDS_H
#define COAMING_PROFILES_FILTER_WORDS_H

#include "profiles/filter.h"

/* What an absent list of architectures stands for. */
#if defined(__x86_64__) && defined(__ILP32__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_X32"
#elif defined(__x86_64__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_X86_64"
#elif defined(__i386__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_X86"
#elif defined(__aarch64__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_AARCH64"
#elif defined(__arm__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_ARM"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FILTER_ARCH_NATIVE "SCMP_ARCH_PPC64LE"
#elif defined(__s390x__)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_S390X"
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCH_NATIVE "SCMP_ARCH_RISCV64"
#elif defined(__mips64)
#define FILTER_ARCH_NATIVE "SCMP_ARCH_MIPSEL64"
#else
#error "which SCMP_ARCH_ is this machine's?"
#endif

const char *filter_action_word(enum filter_action action); /* "SCMP_ACT_ERRNO" */
const char *filter_op_word(enum filter_op op);             /* "SCMP_CMP_EQ" */

/* One architecture, added to a list. Errors as below. */
int filter_read_architecture(const struct doc *doc, const struct node *node, char ***ret,
			     size_t *ret_n, struct err *err);
/*
 * A list of architectures, "SCMP_ARCH_X86_64"...; sorted, each once. strv_free(), also on failure.
 * Errors  -EBADMSG not a list, an unknown word (with the nearest known one), too many
 */
int filter_read_architectures(const struct doc *doc, const struct node *list, char ***ret,
			      size_t *ret_n, struct err *err);

#endif
