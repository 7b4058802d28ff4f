/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would a runtime load the filter that a container gets under a profile?
 */
#ifndef COAMING_CLI_CHECK_COMPILE_H
#define COAMING_CLI_CHECK_COMPILE_H

#include "cli/check_files.h"

/*
 * Meet the profile's filters with what engines ask for (engine_filter.h), and compile each result
 * by libseccomp under limits, see compile.h. Lists of names cannot fail, and are compiled only
 * where `verbose` prints what becomes of them, to standard output.
 *
 * report  called for the first that cannot be loaded
 * Errors  the system's
 */
int check_compiles(const struct checked_file *file, bool verbose, faults_report_fn *report,
		   void *arg, struct err *err);

#endif
