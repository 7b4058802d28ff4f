/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile takes away, alone or with all that it extends: as text and as JSON.
 */
#ifndef COAMING_CLI_PROFILE_SHOW_H
#define COAMING_CLI_PROFILE_SHOW_H

#include "profiles/select.h"

struct show_options {
	bool effective, json, seccomp, nft;
	const struct host *host; /* whose zones and classes --nft means */
};

/*
 * Print to standard output.
 *
 * profile  the one that was asked for
 * v, n     it, and what it extends; each line says which of them demands it
 */
int profile_show(const struct profile *profile, const struct selected *v, size_t n,
		 const struct show_options *options, struct err *err);

#endif
