/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy test: decide as for a real container, and compare.
 */
#ifndef COAMING_CLI_TEST_RUN_H
#define COAMING_CLI_TEST_RUN_H

#include "cli/test_case.h"

/* What is not as expected, one sentence each. */
struct failures {
	char **v;
	size_t n;
};

/*
 * Run a test.
 *
 * ret      strv_free(&ret->v, &ret->n); empty where all is as expected
 * Errors   what is no answer: a profile that cannot be read, -ENOMEM
 */
int test_run(const struct test_file *file, struct store *store, const struct test *test,
	     struct failures *ret, struct err *err);

#endif
