/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of policy tests for harnesses: TAP and JUnit.
 */
#ifndef COAMING_CLI_TEST_REPORT_H
#define COAMING_CLI_TEST_REPORT_H

#include "cli/test_run.h"

struct report {
	size_t n, failed; /* tests so far */
	bool quiet;       /* failures only */
	struct buf junit; /* cases of the current file */
	size_t file_n, file_failed;
	struct buf suites;
};

/* Version 13, with the number of tests that follow. */
void report_start(struct report *report, size_t tests);
/* One test; its failures as comments. */
void report_test(struct report *report, const char *file, const char *name,
		 const struct failures *failures);
/* After all tests of a file. */
void report_file(struct report *report, const char *file);
/* JUnit XML, whole. -ENOMEM, or as writing the file fails */
int report_write_junit(struct report *report, const char *path, struct err *err);
void report_done(struct report *report);

#endif
