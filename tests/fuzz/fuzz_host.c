/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's configuration.
 */
#include "profiles/host.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	int r = doc_parse(&doc, "coaming.json", (const char *)data, size, &err);

	if (r == 0)
		r = host_parse(doc, &host, &err);
	if (r < 0) {
		must_tell(r, &err);
		must(!host);
		return 0;
	}
	must(host->state_dir[0] == '/' && host->audit_dir[0] == '/');
	must(host->n_profile_dirs > 0 && host->n_runtimes > 0);
	for (size_t i = 0; i < host->n_floor; i++)
		must(profile_name_is_valid(host->floor[i]));
	for (size_t i = 0; i < host->n_exempt; i++)
		must(host->exempt[i].selector.n > 0 && host->exempt[i].reason);
	for (size_t i = 0; i < host->zones.n; i++) {
		const struct zone *zone = &host->zones.v[i];

		must(profile_name_is_valid(zone->name) && zone->n_cidrs > 0);
		for (size_t k = 1; k < zone->n_cidrs; k++)
			must(!cidr_contains(&zone->cidrs[k - 1], &zone->cidrs[k]));
	}
	for (size_t i = 0; i < host->n_separate; i++)
		must(strpbrk(host->separate[i], "./"));
	for (size_t i = 0; i < host->n_separate_ignores; i++)
		must(path_is_normal(host->separate_ignores[i]));
	return 0;
}
