/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming reconcile: put right who may talk to whom, see coaming-reconcile(1).
 */
#include "cli/cli.h"

#include "cli/options.h"
#include "hooks/reconcile.h"

static void print(const struct reconciled *found, const struct buf *told, bool look_only,
		  bool quiet)
{
	if (told->len > 0)
		(void)fwrite(told->data, 1, told->len, stdout); /* main() looks for a failure */
	if (told->len > 0)
		printf("%s: sets of %zu container%s\n", look_only ? "to be repaired" : "repaired",
		       found->sets, found->sets == 1 ? "" : "s");
	else if (!quiet)
		puts("all sets of peers are as the registry says");
}

int cmd_reconcile(int argc, char **argv, struct err *err)
{
	const char *config = NULL;
	bool look_only = false, quiet = false;
	const struct option options[] = {
		{ 'n', "dry-run", .help = "change nothing; exit 1 where something would be",
		  .flag = &look_only },
		{ 'q', "quiet", .help = "say nothing where nothing is wrong", .flag = &quiet },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.about = "Compare the registry of containers with those that run, and the sets of\n"
			 "their peers' addresses in the kernel with the registry; repair both.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_host_ struct host *host = NULL;
	_cleanup_buf_ struct buf told = { 0 };
	struct reconciled found = { 0 };
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = host_load(config, &host, err);
	if (r < 0)
		return r;
	r = reconcile(host, look_only, &told, &found, err);
	if (buf_status(&told) == 0 && (r == 0 || told.len > 0))
		print(&found, &told, look_only, quiet);
	return r == 0 && look_only && told.len > 0 ? 1 : r;
}
