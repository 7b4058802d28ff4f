/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bits of its arguments a system call looks at.
 *
 * A filter sees registers of 64 bits. Where the kernel's function takes an int it cuts the
 * register, so that two values that a filter tells apart are one and the same call.
 */
#ifndef COAMING_PROFILES_FILTER_ARGS_H
#define COAMING_PROFILES_FILTER_ARGS_H

#include "lib/base.h"

/*
 * The bits that count, on every architecture with registers of 64 bits: all ones, UINT32_MAX or
 * UINT16_MAX.
 *
 * index    0 to 5
 * Returns  UINT64_MAX also for a call that is not known
 * Source   SYSCALL_DEFINE*() in Linux 6.18; the test compares them with the running kernel
 */
uint64_t filter_arg_bits(const char *syscall, uint32_t index);

#endif
