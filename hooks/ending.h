/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container, seen by poststop or found by `coaming gc`.
 */
#ifndef COAMING_HOOKS_ENDING_H
#define COAMING_HOOKS_ENDING_H

#include "profiles/host.h"

/*
 * Record the end with the firewall's counters and refused flows, remove table, pin and live file.
 * A container that coaming knows nothing of, or no more, is no error and no record.
 *
 * stage   "poststop" or "gc"
 * Errors  -EBUSY (gc) it still runs
 */
int container_end(const struct host *host, const char *id, const char *stage, struct err *err);

/*
 * Forget an admission which no container followed: the runtime failed, or never was asked. Nothing
 * where the container was made.
 */
int container_forget_unmade(const struct host *host, const char *id, struct err *err);

/*
 * Take a container whose process is gone out of the registry, and out of others' sets. Its table
 * and pin go too where nothing else is known of it: a hook that was killed has left them.
 */
int container_unregister(const struct host *host, const char *id, struct err *err);

/* End every container whose process is gone, forget those that were not made for an hour; *ret_n
 * counts both. */
int container_end_all_gone(const struct host *host, size_t *ret_n, struct err *err);

#endif
