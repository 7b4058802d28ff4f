/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report of a journal file, see sparse.h: whatever the file is, the document is whole, and can be
 * printed. The corpus are small files with records.
 */
#include "audit/report.h"

#include <errno.h>
#include <fcntl.h>

#include "audit/coverage.h"
#include "cli/report_print.h"
#include "tests/fuzz/sparse.h"

static void check_sums(const struct tally *t)
{
	uint64_t events = 0, containers = 0;

	for (size_t i = 0; i < EVENTS_; i++)
		events += t->events[i];
	must(events == t->records);
	for (size_t i = 0; i < t->n_classes; i++)
		containers += t->classes[i].containers;
	must(containers == t->n_containers);
}

static void print(const struct node *report)
{
	_cleanup_fclose_ FILE *out = fopen("/dev/null", "we");
	struct term term = { .out = out, .columns = 60 };

	must(out);
	report_print(&term, report);
	report_csv(out, report);
}

static void make(const char *path)
{
	_cleanup_sources_ struct sources sources = { 0 };
	_cleanup_tally_ struct tally *tally = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct tally_options options = { .dimensions = { "app", "profile" }, .n_dimensions = 2 };
	static const char *const labels[] = { "app" };
	struct harvest_notes notes;
	struct err err = { 0 };
	bool failed;

	must_succeed(sources_add_file(&sources, path, &err), &err);
	options.trend_from = sources.first;
	options.trend_to = sources.last;
	must_succeed(tally_new(&options, &tally, &err), &err);
	must_succeed(harvest(tally, &sources, NULL, labels, 1, &notes, &err), &err);
	must_succeed(coverage_engines(tally, &sources, &err), &err);
	must_succeed(tally_finish(tally, &err), &err);
	must_succeed(report_silence(tally, UINT64_C(1795432726000000), &err), &err);
	must_succeed(report_write(&(struct report){ .tally = tally, .now_usec = 1 }, &out, &failed,
				  &err),
		     &err);
	check_sums(tally);
	must_succeed(doc_parse(&doc, "report", out.data, out.len, &err), &err);
	print(doc_root(doc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/shm/fuzz-report.%d.journal", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	sparse_expand(fd, data, size);
	(void)close(fd);
	make(path);
	must(unlink(path) == 0);
	return 0;
}
