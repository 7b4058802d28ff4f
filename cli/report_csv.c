/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as a table.
 */
#include "cli/report_print.h"

enum column {
	COLUMN_ROW,
	COLUMN_FRAMEWORK,
	COLUMN_ID,
	COLUMN_TITLE,
	COLUMN_STATUS,
	COLUMN_WHY,
	COLUMN_HOST,
	COLUMN_CONTAINER,
	COLUMN_CONTAINER_ID,
	COLUMN_TIME,
	COLUMN_SEQ,
	COLUMN_CURSOR,
	COLUMN_WAIVER,
	COLUMN_CONTAINERS,
	COLUMN_EVIDENCED,
	COLUMN_CONFIGURED,
	COLUMN_FAILED,
	COLUMN_EXEMPT,
	COLUMN_WAIVED,
	COLUMN_NOT_COVERED,
	COLUMN_RECORDS,
	COLUMN_WHO,
	COLUMN_UNTIL,
	COLUMNS_,
};

static const char *const names[] = {
	[COLUMN_ROW] = "row",
	[COLUMN_FRAMEWORK] = "framework",
	[COLUMN_ID] = "id",
	[COLUMN_TITLE] = "title",
	[COLUMN_STATUS] = "status",
	[COLUMN_WHY] = "why",
	[COLUMN_HOST] = "host",
	[COLUMN_CONTAINER] = "container",
	[COLUMN_CONTAINER_ID] = "containerId",
	[COLUMN_TIME] = "time",
	[COLUMN_SEQ] = "seq",
	[COLUMN_CURSOR] = "cursor",
	[COLUMN_WAIVER] = "waiver",
	[COLUMN_CONTAINERS] = "containers",
	[COLUMN_EVIDENCED] = "evidenced",
	[COLUMN_CONFIGURED] = "configured",
	[COLUMN_FAILED] = "failed",
	[COLUMN_EXEMPT] = "exempt",
	[COLUMN_WAIVED] = "waived",
	[COLUMN_NOT_COVERED] = "notCovered",
	[COLUMN_RECORDS] = "records",
	[COLUMN_WHO] = "who",
	[COLUMN_UNTIL] = "until",
};
static_assert(ARRAY_SIZE(names) == COLUMNS_, "a name for each");

struct row {
	const char *cells[COLUMNS_]; /* NULL: empty */
};

static void put_cell(FILE *out, const char *text)
{
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	/* A spreadsheet computes what begins like that, whoever wrote it. */
	if (text[0] && strchr("=+-@\t\r", text[0]))
		quoted = true;
	if (quoted)
		(void)fputc('"', out);
	if (text[0] && strchr("=+-@\t\r", text[0]))
		(void)fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	if (quoted)
		(void)fputc('"', out);
}

static void put_row(FILE *out, const struct row *row)
{
	for (size_t i = 0; i < COLUMNS_; i++) {
		if (i > 0)
			(void)fputc(',', out);
		if (row->cells[i])
			put_cell(out, row->cells[i]);
	}
	(void)fputs("\r\n", out);
}

static const char *get(const struct node *object, const char *key)
{
	const struct node *node = node_get(object, key);

	return node && (node->type == NODE_STRING || node->type == NODE_NUMBER) ? node->string
										: NULL;
}

static void put_failures(FILE *out, const char *framework, const struct node *control)
{
	node_foreach (f, node_get(control, "failures")) {
		const struct row row = { {
			[COLUMN_ROW] = "failure",
			[COLUMN_FRAMEWORK] = framework,
			[COLUMN_ID] = get(control, "id"),
			[COLUMN_WHY] = get(f, "why"),
			[COLUMN_HOST] = get(f, "host"),
			[COLUMN_CONTAINER] = get(f, "container"),
			[COLUMN_CONTAINER_ID] = get(f, "containerId"),
			[COLUMN_TIME] = get(f, "time"),
			[COLUMN_SEQ] = get(f, "seq"),
			[COLUMN_CURSOR] = get(f, "cursor"),
			[COLUMN_WAIVER] = get(node_get(f, "waiver"), "reason"),
		} };

		put_row(out, &row);
	}
}

static void put_controls(FILE *out, const struct node *report)
{
	const char *framework = get(node_get(report, "framework"), "id");

	node_foreach (c, node_get(report, "controls")) {
		const struct node *n = node_get(c, "containers");
		const struct row row = { {
			[COLUMN_ROW] = "control",
			[COLUMN_FRAMEWORK] = framework,
			[COLUMN_ID] = get(c, "id"),
			[COLUMN_TITLE] = get(c, "title"),
			[COLUMN_STATUS] = get(c, "status"),
			[COLUMN_WHY] = get(c, "why"),
			[COLUMN_EVIDENCED] = get(n, "evidenced"),
			[COLUMN_CONFIGURED] = get(n, "configured"),
			[COLUMN_FAILED] = get(n, "failed"),
			[COLUMN_EXEMPT] = get(n, "exempt"),
			[COLUMN_WAIVED] = get(n, "waived"),
			[COLUMN_NOT_COVERED] = get(n, "notCovered"),
		} };

		put_row(out, &row);
		put_failures(out, framework, c);
	}
}

static void put_hosts(FILE *out, const struct node *report)
{
	node_foreach (h, node_get(report, "hosts")) {
		const struct row row = { {
			[COLUMN_ROW] = "host",
			[COLUMN_ID] = get(h, "machineId"),
			[COLUMN_STATUS] = get(node_get(h, "chain"), "state"),
			[COLUMN_HOST] = get(h, "hostname"),
			[COLUMN_TIME] = get(h, "last"),
			[COLUMN_CONTAINERS] = get(h, "containers"),
			[COLUMN_RECORDS] = get(h, "records"),
		} };

		put_row(out, &row);
	}
}

static void put_dimensions(FILE *out, const struct node *report)
{
	node_foreach (d, node_get(report, "by"))
		node_foreach (r, node_get(d, "rows")) {
			const struct row row = { {
				[COLUMN_ROW] = "by",
				[COLUMN_ID] = get(d, "dimension"),
				[COLUMN_TITLE] = get(r, "value"),
				[COLUMN_CONTAINERS] = get(r, "containers"),
				[COLUMN_EVIDENCED] = get(r, "evidenced"),
				[COLUMN_CONFIGURED] = get(r, "configured"),
				[COLUMN_FAILED] = get(r, "failed"),
				[COLUMN_EXEMPT] = get(r, "exempt"),
			} };

			put_row(out, &row);
		}
}

static void put_gaps(FILE *out, const struct node *report)
{
	node_foreach (g, node_get(report, "gaps")) {
		const struct row row = { {
			[COLUMN_ROW] = "gap",
			[COLUMN_ID] = get(g, "kind"),
			[COLUMN_WHY] = get(g, "text"),
			[COLUMN_HOST] = get(g, "host"),
			[COLUMN_TIME] = get(g, "time"),
			[COLUMN_CURSOR] = get(g, "cursor"),
		} };

		put_row(out, &row);
	}
}

static void put_break_glass(FILE *out, const struct node *report)
{
	node_foreach (g, node_get(report, "breakGlass")) {
		const struct row row = { {
			[COLUMN_ROW] = "break-glass",
			[COLUMN_ID] = get(g, "id"),
			[COLUMN_TITLE] = get(g, "selector"),
			[COLUMN_STATUS] = get(g, "end"),
			[COLUMN_WHY] = get(g, "reason"),
			[COLUMN_HOST] = get(g, "host"),
			[COLUMN_TIME] = get(g, "opened"),
			[COLUMN_CURSOR] = get(g, "cursor"),
			[COLUMN_WHO] = get(g, "who"),
			[COLUMN_UNTIL] = get(g, get(g, "ended") ? "ended" : "until"),
		} };

		put_row(out, &row);
	}
}

void report_csv(FILE *out, const struct node *report)
{
	struct row head;

	memcpy(head.cells, names, sizeof(names));
	put_row(out, &head);
	put_controls(out, report);
	put_hosts(out, report);
	put_dimensions(out, report);
	put_gaps(out, report);
	put_break_glass(out, report);
}
