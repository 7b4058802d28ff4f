/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where profiles come from: the directories of the host configuration, override by file name.
 *
 * A profile is fetched by name with one open a directory. Which profiles' selectors match is
 * looked up in an index in stateDir, so that 10,000 installed profiles cost what 10 do; the index
 * is made again when a directory has changed, and a profile found through it is always read and
 * matched afresh.
 */
#ifndef COAMING_PROFILES_STORE_H
#define COAMING_PROFILES_STORE_H

#include "profiles/host.h"

struct store;

/*
 * Open the directories of host->profile_dirs under the rule of trust (lib/file.h); one that is not
 * there holds no profiles. The host configuration must outlive the store.
 */
int store_open(const struct host *host, struct store **ret, struct err *err);
/*
 * For people who look at profiles and start nothing: the directories may be anybody's, and no
 * index is used or written.
 */
int store_open_untrusted(const struct host *host, struct store **ret, struct err *err);
void store_free(struct store **store);
#define _cleanup_store_ _cleanup_(store_free)

/* A profile by name, loaded once. Borrowed: lives as long as the store. -ENOENT: none. */
int store_get(struct store *store, const char *name, const struct profile **ret, struct err *err);
/* Names of the profiles whose `match` fits, sorted. free each and the array (strv_free()). */
int store_match(struct store *store, const struct metadata *metadata, char ***ret_names,
		size_t *ret_n, struct err *err);
/* All names, sorted, for `coaming check` and for suggestions. */
int store_names(struct store *store, char ***ret_names, size_t *ret_n, struct err *err);
/* The profile whose name is nearest to one that does not exist; "" where none is near enough. */
const char *store_nearest(struct store *store, const char *name, char out[PROFILE_NAME_MAX + 1]);
/* Make the index anew where any file has changed, also by an edit in place (`coaming gc`). */
int store_refresh(struct store *store, struct err *err);
/*
 * A profile that was seen only now to have been edited in place: starts may have missed what it
 * matches since then. NULL: none. Lives as long as the store.
 */
const char *store_late(const struct store *store);
/* Make the index anew whatever its stamps say (`coaming reload`). */
int store_reindex(struct store *store, struct err *err);

#endif
