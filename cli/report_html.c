/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as one page: cli/report.html.
 */
#include "cli/report_html.h"

#include "cli/page.h"

PAGE_INCLUDE(report_page, "cli/report.html");

int report_html(struct buf *out, const char *json, size_t len)
{
	return page_fill(out, report_page, json, len);
}
