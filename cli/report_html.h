/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as one page of HTML that needs nothing from elsewhere.
 */
#ifndef COAMING_CLI_REPORT_HTML_H
#define COAMING_CLI_REPORT_HTML_H

#include "lib/buf.h"

/*
 * Append the page to `out`. It holds the report's JSON document as it is, and draws it: its figures
 * are those of --json.
 *
 * json    a document "coaming-report-1"
 * Errors  0, or -ENOMEM
 */
int report_html(struct buf *out, const char *json, size_t len);

#endif
