/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put coaming's own hooks into a config.
 */
#ifndef COAMING_HOOKS_INJECT_H
#define COAMING_HOOKS_INJECT_H

#include "lib/buf.h"
#include "lib/doc.h"

/* The runtime kills a hook that takes longer. Ours waits for nothing longer than 10 s. */
#define HOOK_TIMEOUT_SECONDS 30

/*
 * Add createRuntime and poststop, behind what others have put there (Docker's prestart hook makes
 * the network first). An entry that is there already is not added again.
 *
 * program      absolute path of coaming-hook
 * config_file  the host configuration that was named, or NULL
 * out          the new text
 * ret_changed  false: both were there, `out` is the same text
 */
int inject_hooks(const struct doc *config, const char *program, const char *config_file,
		 struct buf *out, bool *ret_changed, struct err *err);

#endif
