/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Say why a container was refused where the engine's user will read it.
 */
#ifndef COAMING_HOOKS_TELL_H
#define COAMING_HOOKS_TELL_H

#include "lib/err.h"

/*
 * Append a line to the file that an engine gives its runtime with --log, in the runtimes' own form:
 * {"level":"error","msg":TEXT,"time":RFC3339} or "TIME: TEXT". What cannot be written is left: the
 * refusal stands without it.
 */
void tell_log(const char *path, bool json, const char *text);

/*
 * For a hook of the stages that the runtime itself runs: where it was given /dev/null for stderr,
 * say the line on the runtime's stderr and in its --log file, both as the runtime's own.
 *
 * crun gives /dev/null, and reports "error executing hook" alone. podman prints what crun logs as
 * JSON, if that is one line; with ours before it podman prints the whole stderr instead, which
 * holds both.
 */
void tell_runtime(const char *text);

#endif
