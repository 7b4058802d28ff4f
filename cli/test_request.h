/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container of a policy test asks for.
 */
#ifndef COAMING_CLI_TEST_REQUEST_H
#define COAMING_CLI_TEST_REQUEST_H

#include "lib/doc.h"

/*
 * What an engine asks for by default (an unprivileged engine's capabilities, namespaces of its own,
 * a writable root, no seccomp), with a JSON merge patch over it.
 *
 * patch    NULL: none
 * Source   RFC 7396
 */
int test_request(const struct doc *doc, const struct node *patch, struct doc **ret,
		 struct err *err);

#endif
