/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of strings with their length beside them.
 */
#ifndef COAMING_LIB_STRV_H
#define COAMING_LIB_STRV_H

#include "lib/err.h"

/* Append a copy. */
int strv_add(char ***v, size_t *n, const char *text, struct err *err);
void strv_free(char ***v, size_t *n);
bool strv_contains(char *const *v, size_t n, const char *text);
void strv_sort_unique(char **v, size_t *n);

#endif
