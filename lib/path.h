/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as texts: nothing here looks at a file.
 */
#ifndef COAMING_LIB_PATH_H
#define COAMING_LIB_PATH_H

#include "lib/base.h"

/* path is top itself or lies below it, component by component; "/" is above everything. */
bool path_is_within(const char *path, const char *top);
/* Lexical: no "//", ".", ".."; what climbs above the root stays at the root. malloc()ed. */
char *path_normalise(const char *path);

#endif
