/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming test: unit tests of a policy, see coaming-test(1).
 *
 * Nothing is started and nothing written but what --junit names.
 */
#include "cli/cli.h"

#include <errno.h>

#include "cli/options.h"
#include "cli/test_report.h"
#include "lib/strv.h"

struct files {
	struct test_file *v;
	struct store **stores;
	const char **paths; /* borrowed */
	size_t n;
};

static void files_done(struct files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		store_free(&files->stores[i]);
		test_file_done(&files->v[i]);
	}
	free(files->v);
	free(files->stores);
}

/* All of them first: a file that is not right ends it before anything is said to be. */
static int load(const struct words *paths, const char *config, struct files *ret, struct err *err)
{
	ret->v = calloc(paths->n + 1, sizeof(*ret->v));
	ret->stores = calloc(paths->n + 1, sizeof(struct store *));
	ret->paths = paths->v;
	if (!ret->v || !ret->stores)
		return err_oom(err);
	for (size_t i = 0; i < paths->n; i++) {
		struct test_file *file = &ret->v[i];
		int r = test_file_load(paths->v[i], config, file, err);

		if (r < 0)
			return r;
		ret->n++;
		r = file->installed ? store_open(file->host, &ret->stores[i], err)
				    : store_open_untrusted(file->host, &ret->stores[i], err);
		if (r < 0) {
			err_context(err, "%s", paths->v[i]);
			return r;
		}
	}
	return 0;
}

static int run_file(const struct test_file *file, struct store *store, const char *path,
		    struct report *report, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->n; i++) {
		struct failures failures = { 0 };

		r = test_run(file, store, &file->tests[i], &failures, err);
		if (r == 0)
			report_test(report, path, file->tests[i].name, &failures);
		else
			err_context(err, "%s: test %s", path, Q(file->tests[i].name));
		strv_free(&failures.v, &failures.n);
	}
	report_file(report, path);
	return r;
}

static int run_all(const struct words *paths, const char *config, const char *junit, bool quiet,
		   struct err *err)
{
	_cleanup_(files_done) struct files files = { 0 };
	_cleanup_(report_done) struct report report = { .quiet = quiet };
	size_t tests = 0;
	int r;

	r = load(paths, config, &files, err);
	for (size_t i = 0; i < files.n; i++)
		tests += files.v[i].n;
	if (r == 0)
		report_start(&report, tests);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = run_file(&files.v[i], files.stores[i], files.paths[i], &report, err);
	if (r == 0)
		printf("# %zu passed, %zu failed\n", report.n - report.failed, report.failed);
	if (r == 0 && junit)
		r = report_write_junit(&report, junit, err);
	if (r < 0)
		return r;
	return report.failed > 0 ? ERR_REFUSED : 0;
}

int cmd_test(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words paths = { 0 };
	const char *config = NULL, *junit = NULL;
	bool quiet = false;
	const struct option options[] = {
		{ .name = "junit",
		  .value = "FILE",
		  .text = &junit,
		  .help = "write the results as JUnit XML too" },
		{ .letter = 'q',
		  .name = "quiet",
		  .flag = &quiet,
		  .help = "print only the tests that fail" },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "FILE...",
		.about = "Run the policy tests in files, see coaming-test(1), and print the\n"
			 "results in the Test Anything Protocol. Exit status: 0 all is as\n"
			 "expected, 1 something is not, 2 a file is not right.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &paths, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (paths.n == 0)
		return err_input(err, EINVAL, "name a file of tests");
	return run_all(&paths, config, junit, quiet, err);
}
