/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command has written for programs, to standard output. That all of it arrived is looked
 * for once, by main().
 */
#ifndef COAMING_CLI_OUT_H
#define COAMING_CLI_OUT_H

#include "lib/buf.h"
#include "lib/err.h"

/* Print it. -ENOMEM where it was never whole: then nothing is printed. */
int out_print(const struct buf *out, struct err *err);

/* The same with a newline, which is added to it. */
int out_print_line(struct buf *out, struct err *err);

#endif
