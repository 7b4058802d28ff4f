/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that runs, as its runtime knows it.
 */
#ifndef COAMING_HOOKS_RUNNING_H
#define COAMING_HOOKS_RUNNING_H

#include "lib/err.h"

enum runtime_kind {
	RUNTIME_UNKNOWN, /* speaks the OCI command line, and that is all */
	RUNTIME_RUNC,
	RUNTIME_CRUN,
};

/* What a program is, by the name of the file that its path leads to. */
enum runtime_kind runtime_kind_of(const char *path);

struct running {
	char *bundle; /* absolute */
	enum runtime_kind kind;
};

/*
 * Find it out from the runtime's own state, which is root's: runc's and crun's files, where it is
 * certain that the runtime reads these too; else the runtime is asked.
 *
 * runtime  path of the real one
 * root     its --root, or NULL
 * id       container_id_is_valid()
 * ret      running_done()
 * Errors   -ENOENT with no error text: the runtime knows no such container; -EBADMSG its state
 *          cannot be understood
 * Source   runc(8) and crun(1), --root; runtime-spec 1.2, runtime.md, "Query State"
 */
int running_find(const char *runtime, const char *root, const char *id, struct running *ret,
		 struct err *err);
void running_done(struct running *running);
#define _cleanup_running_ _cleanup_(running_done)

#endif
