/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libseccomp makes of a filter, for people who ask before a container runs.
 *
 * libseccomp 2.5 has filters for which it does not end, or which fill the memory. It runs in a
 * child process with limits, as the runtimes call it. At a container's start this is not done:
 * there the runtime compiles the filter, and what filter_meet() says is sure to compile.
 */
#ifndef COAMING_CLI_COMPILE_H
#define COAMING_CLI_COMPILE_H

#include "lib/buf.h"
#include "profiles/filter.h"

/* As much as an engine's own filter needs, a hundred times over. */
#define COMPILE_CPU_SECONDS  2
#define COMPILE_WALL_SECONDS 20
#define COMPILE_MEMORY_BYTES (UINT64_C(512) << 20)
#define COMPILE_FILE_BYTES   (UINT64_C(4) << 20)

/*
 * Compile a filter as runc does and as crun does, and take the longer of the two programs.
 *
 * filter            filter_resolve() is through with it
 * program           gets the struct sock_filter; NULL: not wanted
 * ret_instructions  how many; untouched on failure
 * Errors            -EBADMSG libseccomp refuses it; -ETIME it does not end; -E2BIG more
 * instructions than the kernel takes; -EFAULT it crashes: each with the call that was at work.
 *                   Others: the system's
 * Source            seccomp(2); BPF_MAXINSNS of linux/bpf_common.h
 */
int compile_filter(const struct filter *filter, struct buf *program, size_t *ret_instructions,
		   struct err *err);

/* The filter of a whole config.json; 0 instructions where it has none. Errors as above. */
int compile_config(const struct doc *config, size_t *ret_instructions, struct err *err);

#endif
