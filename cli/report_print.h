/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report for people, and as a table. Both read the JSON document of audit/report.h, as the other
 * forms do.
 */
#ifndef COAMING_CLI_REPORT_PRINT_H
#define COAMING_CLI_REPORT_PRINT_H

#include "cli/term.h"
#include "lib/doc.h"

/* For a terminal, or as plain text. */
void report_print(const struct term *term, const struct node *report);

/*
 * As one table: a row for each control, failure, host, value of a dimension and gap; the column
 * "row" says which. A cell that a spreadsheet would take for a formula gets a ' before it.
 *
 * Source: RFC 4180
 */
void report_csv(FILE *out, const struct node *report);

#endif
