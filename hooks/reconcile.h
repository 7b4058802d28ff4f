/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry against the containers that run, and the kernel's sets against the registry: what a
 * hook that was killed, a file that was damaged or a hand in the rules has left is put right.
 */
#ifndef COAMING_HOOKS_RECONCILE_H
#define COAMING_HOOKS_RECONCILE_H

#include "lib/buf.h"
#include "profiles/host.h"

struct reconciled {
	size_t over;     /* registered, and their process is gone: taken out */
	size_t damaged;  /* files that could not be understood: removed */
	size_t entered;  /* containers that run and were not registered: entered */
	size_t sets;     /* containers whose sets were wrong... */
	size_t elements; /* ...by so many elements */
};

/*
 * Do it, and record it where anything was put right.
 *
 * look_only  change nothing, and record nothing
 * told       a line for each thing that is not as it should be is added
 * ret        what was found; also on failure, until then
 * Errors     of one container keep no other from being looked at: the first is the one that is
 *            given
 */
int reconcile(const struct host *host, bool look_only, struct buf *told, struct reconciled *ret,
	      struct err *err);

#endif
