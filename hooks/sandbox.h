/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's sandbox: the process of the node's own "pause" image, which holds the namespaces that the
 * containers of the pod join, and does nothing in them.
 */
#ifndef COAMING_HOOKS_SANDBOX_H
#define COAMING_HOOKS_SANDBOX_H

#include <sys/types.h>
#include "hooks/identity.h"

/*
 * The sandbox's process, of the pod that containerd's CRI plugin or CRI-O has put a container into.
 *
 * bundle   the container's; that of the sandbox is beside it
 * Returns  0 where there is none, or where what is found is not surely it
 * Source   containerd 1.6 to 2.1, pkg/cri/annotations, runtime/v2/runc (init.pid); CRI-O 1.30,
 *          internal/oci/runtime_oci.go (pidfile)
 */
pid_t sandbox_find(const struct doc *config, const struct identity *identity, const char *bundle);

#endif
