/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming gc: clean up after containers whose poststop never came, see coaming-gc(1).
 */
#include "cli/cli.h"

#include "cli/options.h"
#include "hooks/ending.h"

static int collect(const char *config, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	size_t n = 0;
	int r;

	r = host_load(config, &host, err);
	if (r == 0)
		r = container_end_all_gone(host, &n, err);
	if (n > 0)
		printf("%zu container%s had ended without saying so\n", n, n == 1 ? "" : "s");
	return r;
}

int cmd_gc(int argc, char **argv, struct err *err)
{
	const char *config = NULL;
	const struct option options[] = { OPTION_CONFIG(&config) };
	const struct usage usage = {
		.about = "Record the end of containers that are gone, and remove what is left of\n"
			 "them: state, and the pin of their network namespace.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	return r != 0 ? (r < 0 ? r : 0) : collect(config, err);
}
