/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zones that a profile's network section names: has the host them?
 */
#ifndef COAMING_CLI_CHECK_ZONES_H
#define COAMING_CLI_CHECK_ZONES_H

#include "cli/check_files.h"

/*
 * file    right
 * host    whose zones are meant; NULL: not known, so that nothing is said
 * report  called for each that is not there
 */
void check_zones(const struct checked_file *file, const struct host *host, faults_report_fn *report,
		 void *arg);

#endif
