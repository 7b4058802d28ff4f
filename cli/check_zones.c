/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zones that a profile names.
 */
#include "cli/check_zones.h"

static void check_zone(const struct checked_file *file, const struct node *node,
		       const struct host *host, faults_report_fn *report, void *arg)
{
	const struct zone *zone;
	struct err err = { 0 };
	struct fault fault = { .text = err.text };

	if (!node || zones_get(&host->zones, node->string, &zone, &err) == 0)
		return;
	err_context(&err, "%s", WHERE(file->doc, node));
	(void)fault_place(err.text, doc_shown_name((char[WHERE_MAX]){ 0 }, file->doc), &fault.line,
			  &fault.column);
	report(arg, &fault);
}

void check_zones(const struct checked_file *file, const struct host *host, faults_report_fn *report,
		 void *arg)
{
	static const struct {
		const char *direction, *peers;
	} rows[] = { { "ingress", "from" }, { "egress", "to" } };

	if (!file->profile || !host)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct node *rules =
			node_path(doc_root(file->doc), "network", rows[i].direction, NULL);

		node_foreach (rule, rules) {
			node_foreach (peer, node_get(rule, rows[i].peers))
				check_zone(file, node_get(peer, "zone"), host, report, arg);
		}
	}
}
