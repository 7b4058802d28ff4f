/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does journald seal its files, journalctl(1) --setup-keys?
 */
#ifndef COAMING_CLI_SEAL_H
#define COAMING_CLI_SEAL_H

#include "lib/base.h"

/* Count the journal files below a directory (NULL: the host's) by whether they are sealed; what
 * cannot be read counts as neither. */
void seal_count(const char *directory, uint64_t *ret_sealed, uint64_t *ret_unsealed);

#endif
