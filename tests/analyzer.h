/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before everything when clang-tidy looks at a file: tells its analyzer, which sees one
 * file at a time, that these always return a negative number, and that nothing is of no type.
 */
#ifndef COAMING_TESTS_ANALYZER_H
#define COAMING_TESTS_ANALYZER_H

#include "lib/doc.h"

#define NEGATIVE(call, errnum) ((void)(call), (errnum) > 0 ? -(errnum) : -22)

#define err_refuse(err, errnum, ...) NEGATIVE(err_refuse(err, errnum, __VA_ARGS__), errnum)
#define err_input(err, errnum, ...)  NEGATIVE(err_input(err, errnum, __VA_ARGS__), errnum)
#define err_system(err, errnum, ...) NEGATIVE(err_system(err, errnum, __VA_ARGS__), errnum)
#define err_errno(err, errnum, ...)  NEGATIVE(err_errno(err, errnum, __VA_ARGS__), errnum)
#define err_oom(err)                 ((void)err_oom(err), -12)
#define node_is(node, type)          ((node) != NULL && node_is(node, type))

#endif
