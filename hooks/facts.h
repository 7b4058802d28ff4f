/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the host knows about a request: which namespaces are its own, where bind mounts lead.
 */
#ifndef COAMING_HOOKS_FACTS_H
#define COAMING_HOOKS_FACTS_H

#include <sys/types.h>
#include "profiles/policy.h"

/*
 * Look at the host. Must run in the host's namespaces (the runtime and the hooks do).
 *
 * bundle  for relative mount sources; NULL: they count as they stand
 * runtime whose limits the container inherits; 0: this process's, which becomes the runtime
 * ret     facts_done()
 * Errors  -EBADMSG malformed namespaces or mounts; -ENOENT a namespace's path leads nowhere
 */
int facts_from_host(const struct doc *config, const char *bundle, pid_t runtime, struct facts *ret,
		    struct err *err);

/* What is known where a process is executed in a container: its limits, as this process hands them
 * on. `exec` is borrowed; facts_done() frees nothing of it. */
void facts_of_exec(const struct exec_facts *exec, struct facts *ret);

/* FILTER_KERNEL() of the kernel that runs here; 0: it does not say. */
uint32_t facts_kernel(void);

/* The path in linux.namespaces for the network, or NULL where there is none. Borrowed. */
const char *facts_network_path(const struct doc *config);

#endif
