/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real runtime behind coaming-runtime.
 */
#ifndef COAMING_HOOKS_RUNTIME_FIND_H
#define COAMING_HOOKS_RUNTIME_FIND_H

#include "lib/err.h"

/*
 * Find the first runtime of the list that is there. A name is looked for in the system's
 * directories (never in $PATH); an absolute path is taken as it is.
 *
 * ret_path  free()
 * Errors    -ENOENT none is there; -EPERM one is there that others than root may write, or that
 *           is coaming-runtime itself
 */
int runtime_find(char *const *names, size_t n, char **ret_path, struct err *err);

#endif
