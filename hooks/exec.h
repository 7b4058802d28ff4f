/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `exec`: a process is executed in a container that runs.
 *
 * The container's profiles are met with what the process asks for: capabilities, noNewPrivileges,
 * limits, user, admission. The filter, the root, the namespaces and the firewall are the
 * container's, and the runtime puts the process into them.
 */
#ifndef COAMING_HOOKS_EXEC_H
#define COAMING_HOOKS_EXEC_H

#include "hooks/live.h"
#include "hooks/runtime_args.h"
#include "profiles/host.h"
#include "profiles/policy.h"

struct exec_call {
	const struct host *host;
	const struct runtime_args *args;
	const char *runtime; /* path of the real one */
	char **argv;         /* our own */
};

/* What the real runtime is given in the place of argv. */
struct exec_result {
	char **argv;      /* NULL: argv as it is; free(): its texts are argv's, static, and this: */
	char process[32]; /* the path of the process.json */
};

/* What confines a container, as it was written of its admission: nothing does that was only
 * audited. Borrowed of *live. */
void exec_facts_of_live(const struct live *live, struct exec_facts *facts);

/*
 * Decide, and record it.
 *
 * ret       must stay where it is: its argv points into it
 * Errors    the process must not be executed; ERR_REFUSED, ERR_INPUT, ERR_SYSTEM
 */
int exec_confine(const struct exec_call *call, struct exec_result *ret, struct err *err);

#endif
