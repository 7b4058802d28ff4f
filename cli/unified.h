/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two texts, as diff -u says it.
 */
#ifndef COAMING_CLI_UNIFIED_H
#define COAMING_CLI_UNIFIED_H

#include "lib/buf.h"
#include "lib/err.h"

/*
 * Append the difference; nothing where there is none. What a terminal would obey is shown as "?".
 *
 * name      of the file; "/dev/null" stands on the side of which the text is NULL
 * before    len bytes, or NULL: there is no file
 * Errors    -ENOMEM
 */
int unified_diff(struct buf *out, const char *name, const char *before, size_t before_len,
		 const char *after, size_t after_len, struct err *err);

#endif
