/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as NIST OSCAL assessment results, in JSON.
 *
 * Source: https://pages.nist.gov/OSCAL/reference/1.1.2/assessment-results/json-outline/
 */
#ifndef COAMING_CLI_REPORT_OSCAL_H
#define COAMING_CLI_REPORT_OSCAL_H

#include "lib/buf.h"
#include "lib/doc.h"

/*
 * Append the document. Identifiers follow from the report, so that the same report gives the same.
 *
 * report  the root of a document "coaming-report-1" with a framework
 * Errors  0, or -ENOMEM
 */
int report_oscal(struct buf *out, const struct node *report);

#endif
