/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does before anything else when an engine has started it.
 */
#ifndef COAMING_HOOKS_HARDEN_H
#define COAMING_HOOKS_HARDEN_H

#include <sys/resource.h>
#include "lib/err.h"

/*
 * Descriptors 0, 1 and 2 exist afterwards (/dev/null where they did not), so that no file of ours
 * is ever opened as one of them. O_CLOEXEC: a program executed later finds them as they were.
 */
int harden_standard_fds(struct err *err);

/*
 * Room for what a decision needs of the stack, whatever limit was inherited.
 *
 * ret_old  what it was, for a program that is executed later; may be NULL
 * Errors   the limit is too small and may not be raised
 */
int harden_stack(struct rlimit *ret_old, struct err *err);

/*
 * Everything a short-lived hook inherits is put right: every other descriptor closed, environment
 * empty, umask 077, working directory /, signals at their defaults and unblocked, limits on time,
 * memory, core and file size, not dumpable, no new privileges through exec.
 */
int harden_hook(struct err *err);

#endif
