/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of profiles/advice.h share.
 */
#ifndef COAMING_PROFILES_ADVICE_INTERNAL_H
#define COAMING_PROFILES_ADVICE_INTERNAL_H

#include "profiles/advice.h"

struct advising {
	const struct profile *profile;
	const struct doc *doc;
	const struct node *root;
	const struct host *host; /* or NULL */
	char *const *applied;
	size_t n_applied;
	struct advices *advices;
	uint32_t found; /* bit per enum advice_id: also the silenced ones */
	struct err *err;
};
static_assert(ADVICES_ <= 32, "a bit an advice");

/* One more, unless it is silenced. `where` from doc_where(). -ENOMEM */
int advise(struct advising *a, enum advice_id id, const char *where, const char *fmt, ...)
	_printf_(4, 5);

/* All that concerns the network section. -ENOMEM */
int advise_on_network(struct advising *a);
/* All that concerns the seccomp section. -ENOMEM */
int advise_on_seccomp(struct advising *a);

#endif
