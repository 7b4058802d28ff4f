/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where coaming's own programs are.
 */
#ifndef COAMING_HOOKS_SELF_H
#define COAMING_HOOKS_SELF_H

#include "lib/err.h"

/*
 * Absolute path of another program of coaming: beside the running one (a build tree), else in
 * LIBEXECDIR/coaming. Root's own, or it is refused.
 *
 * ret_path  free()
 */
int self_find(const char *program, char **ret_path, struct err *err);

#endif
