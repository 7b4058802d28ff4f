/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container of a policy test asks for, and what is executed in it.
 */
#ifndef COAMING_CLI_TEST_REQUEST_H
#define COAMING_CLI_TEST_REQUEST_H

#include "lib/doc.h"

/* As with an engine's exec: --privileged, --tty, --user. */
struct test_exec {
	bool asked; /* else nothing is executed */
	bool privileged, terminal, has_user;
	uint64_t user;
};

/*
 * What an engine asks for by default (an unprivileged engine's capabilities, namespaces of its own,
 * a writable root, no seccomp), with a JSON merge patch over it.
 *
 * patch    NULL: none
 * Source   RFC 7396
 */
int test_request(const struct doc *doc, const struct node *patch, struct doc **ret,
		 struct err *err);

/*
 * The process.json that an engine would give to its runtime: as the container's own process was
 * asked for, with every capability where it is privileged.
 *
 * config   the container's, as it was asked for: engines know of no other
 * Errors   -EBADMSG the container has no process; -ENOMEM
 */
int test_exec_process(const struct doc *config, const struct test_exec *exec, struct doc **ret,
		      struct err *err);

#endif
