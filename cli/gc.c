/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming gc: clean up after containers whose poststop never came, and notice profiles that were
 * edited in place, see coaming-gc(1).
 */
#include "cli/cli.h"

#include "cli/options.h"
#include "hooks/break_glass.h"
#include "hooks/ending.h"
#include "hooks/outcome.h"
#include "profiles/store.h"

/* Of many profiles a start compares some: here all of them are. */
static int refresh_index(const struct host *host, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int r;

	r = store_open(host, &store, err);
	if (r == 0)
		r = store_refresh(store, err);
	if (r == 0)
		outcome_warn_late(store);
	return r;
}

static int collect(const char *config, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	size_t n = 0;
	int r;

	r = host_load(config, &host, err);
	if (r == 0)
		r = container_end_all_gone(host, &n, err);
	if (r == 0)
		break_glass_expire(host);
	if (n > 0)
		printf("%zu container%s had ended without saying so\n", n, n == 1 ? "" : "s");
	return r < 0 ? r : refresh_index(host, err);
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
