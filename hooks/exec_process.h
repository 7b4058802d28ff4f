/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that an `exec` asks for, as a process.json: the one that it was given, or what the
 * runtime would make of its options.
 */
#ifndef COAMING_HOOKS_EXEC_PROCESS_H
#define COAMING_HOOKS_EXEC_PROCESS_H

#include "hooks/exec_args.h"
#include "hooks/running.h"
#include "lib/doc.h"

/*
 * Read it, or make it.
 *
 * runc lays its options over the container's process; crun makes a new one, which takes environment
 * and capabilities from the container where no option gives any. A runtime that is neither is
 * treated as runc is. A capability of --cap is not made ambient, as some versions do: what is added
 * here may only be less than what the runtime would give.
 *
 * config   the container's
 * ret      doc_free(); its root is the process
 * Limits   FILE_MAX_BYTES
 * Errors   ERR_INPUT the file cannot be read or is no JSON; a user or group that is no number
 * Source   runc-exec(8), crun(1)
 */
int exec_process(const struct exec_args *args, enum runtime_kind kind, const struct doc *config,
		 struct doc **ret, struct err *err);

/* What this runtime takes from the container where a process.json has none of its own; of enum
 * exec_inherits. */
unsigned exec_process_inherits(enum runtime_kind kind);

/* Is --process a regular file, or is none given? Another one (a pipe) can be read but once. */
bool exec_process_is_repeatable(const struct exec_args *args);

/*
 * An anonymous, sealed file that holds a process.json, for a program that is executed next. Its
 * number is high, since the runtimes hand on those from 3 upwards (--preserve-fds).
 *
 * ret_fd  not O_CLOEXEC
 */
int exec_process_file(const char *text, size_t len, int *ret_fd, struct err *err);

#endif
