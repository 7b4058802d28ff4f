/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of policy tests for harnesses.
 *
 * Source: testanything.org, version 13; the JUnit schema as CI systems read it
 */
#include "cli/test_report.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"

/* A description ends a TAP line and may hold no "#": it would begin a directive. */
static void print_description(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '#' || c == '\\')
			(void)putchar('\\');
		(void)putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static void add_xml(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		switch (c) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\n':
			buf_adds(out, "&#10;");
			break;
		default:
			buf_addc(out, c < 0x20 ? '?' : *text); /* XML 1.0 has no others */
		}
	}
}

void report_start(struct report *report, size_t tests)
{
	printf("TAP version 13\n1..%zu\n", tests);
}

static void add_case(struct report *report, const char *file, const char *name,
		     const struct failures *failures)
{
	struct buf *out = &report->junit;

	buf_adds(out, "    <testcase classname=\"");
	add_xml(out, file);
	buf_adds(out, "\" name=\"");
	add_xml(out, name);
	buf_adds(out, failures->n ? "\">\n" : "\"/>\n");
	for (size_t i = 0; i < failures->n; i++) {
		buf_adds(out, "      <failure message=\"");
		add_xml(out, failures->v[i]);
		buf_adds(out, "\"/>\n");
	}
	if (failures->n)
		buf_adds(out, "    </testcase>\n");
}

void report_test(struct report *report, const char *file, const char *name,
		 const struct failures *failures)
{
	report->n++;
	report->file_n++;
	report->failed += failures->n > 0;
	report->file_failed += failures->n > 0;
	if (failures->n > 0 || !report->quiet) {
		printf("%sok %zu - ", failures->n ? "not " : "", report->n);
		print_description(file);
		(void)fputs(": ", stdout);
		print_description(name);
		(void)putchar('\n');
	}
	for (size_t i = 0; i < failures->n; i++)
		printf("# %s\n", failures->v[i]);
	add_case(report, file, name, failures);
}

void report_file(struct report *report, const char *file)
{
	struct buf *out = &report->suites;

	buf_adds(out, "  <testsuite name=\"");
	add_xml(out, file);
	buf_addf(out, "\" tests=\"%zu\" failures=\"%zu\">\n", report->file_n, report->file_failed);
	buf_add(out, report->junit.data, report->junit.len);
	buf_adds(out, "  </testsuite>\n");
	buf_done(&report->junit);
	report->junit = (struct buf){ 0 };
	report->file_n = report->file_failed = 0;
}

int report_write_junit(struct report *report, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	_cleanup_close_ int fd = -1;

	buf_addf(&out,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<testsuites name=\"coaming\" tests=\"%zu\" failures=\"%zu\">\n",
		 report->n, report->failed);
	buf_add(&out, report->suites.data, report->suites.len);
	buf_adds(&out, "</testsuites>\n");
	if (buf_status(&out) < 0 || buf_status(&report->suites) < 0)
		return err_oom(err);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(err, errno, "cannot write %s", Q(path));
	return fd_write_all(fd, path, out.data, out.len, err);
}

void report_done(struct report *report)
{
	buf_done(&report->junit);
	buf_done(&report->suites);
}
