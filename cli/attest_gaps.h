/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that run without an admission, for coaming attest.
 */
#ifndef COAMING_CLI_ATTEST_GAPS_H
#define COAMING_CLI_ATTEST_GAPS_H

#include "lib/emit.h"
#include "profiles/host.h"

/*
 * Find those that the kernel's control groups show and of which there is no decision, say so, and
 * record each once a boot.
 *
 * emit    "gaps" is written there; NULL: lines on standard output
 * ret     how many run now
 */
int attest_gaps(const struct host *host, struct emit *emit, size_t *ret, struct err *err);

#endif
