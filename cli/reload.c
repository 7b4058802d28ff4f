/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming reload: make the index of profiles anew, see coaming-reload(1).
 *
 * Nothing depends on it: a profile that the index misses is found by its directory's new time
 * stamp. It spares the first container after a change the making of the index.
 */
#include "cli/cli.h"

#include "cli/options.h"
#include "lib/strv.h"
#include "profiles/store.h"

static int reload(const char *config, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_store_ struct store *store = NULL;
	char **names = NULL;
	size_t n = 0;
	int r;

	r = host_load(config, &host, err);
	if (r == 0)
		r = store_open(host, &store, err);
	if (r == 0)
		r = store_reindex(store, err);
	if (r == 0)
		r = store_names(store, &names, &n, err);
	if (r < 0)
		return r;
	strv_free(&names, &n);
	return 0;
}

int cmd_reload(int argc, char **argv, struct err *err)
{
	const char *config = NULL;
	const struct option options[] = { OPTION_CONFIG(&config) };
	const struct usage usage = {
		.about = "Index the installed profiles anew. coaming-profiles.path does it when\n"
			 "a profile directory changes.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	return r != 0 ? (r < 0 ? r : 0) : reload(config, err);
}
