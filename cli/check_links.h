/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What profiles and host configurations say of other profiles: are those there?
 */
#ifndef COAMING_CLI_CHECK_LINKS_H
#define COAMING_CLI_CHECK_LINKS_H

#include "cli/check_files.h"

/*
 * A profile's `extends`: each name is there, and none leads in a circle.
 * A host configuration's `floor` and `defaultProfile`: they are there and right.
 *
 * Names are looked for in the directories that are checked, then in those of `host`; of a host
 * configuration in its own instead.
 *
 * file    right and not to be changed
 * host    the host's configuration, or NULL where there is none; where the file is installed its
 *         directories alone count, under the rule of trust
 * report  called for each that is not
 */
int check_links(const struct checked_files *files, const struct checked_file *file,
		const struct host *host, faults_report_fn *report, void *arg, struct err *err);

/* Names that some floor, defaultProfile or `extends` of the files holds, strv_free(). -ENOMEM */
int check_applied_names(const struct checked_files *files, char ***ret, size_t *ret_n,
			struct err *err);

#endif
