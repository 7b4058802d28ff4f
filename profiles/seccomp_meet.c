/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several profiles together let a container call.
 */
#include "profiles/seccomp_meet.h"

static const struct filter everything = { .default_action = { .kind = ACT_ALLOW },
					  .any_architecture = true };

/* *all meets a filter and is replaced. */
static int meet_one(struct filter *all, const struct filter *filter, uint64_t bounding,
		    uint32_t kernel, struct err *err)
{
	struct filter resolved = { 0 }, met = { 0 };
	int r = filter_resolve(filter, bounding, kernel, &resolved, err);

	if (r == 0)
		r = filter_meet(all, &resolved, &met, NULL, NULL, err);
	filter_done(&resolved);
	if (r < 0)
		return r;
	filter_done(all);
	*all = met;
	return 0;
}

int seccomp_meet(const struct seccomp_section *const *sections, size_t n, uint64_t bounding,
		 uint32_t kernel, struct filter *ret, struct err *err)
{
	struct filter all = { 0 };
	int r = filter_meet(&everything, &everything, &all, NULL, NULL, err);

	for (size_t i = 0; i < n; i++) {
		const struct seccomp_section *section = sections[i];

		for (size_t k = 0; r == 0 && section->present && k < section->n_filters; k++)
			r = meet_one(&all, &section->filters[k], bounding, kernel, err);
	}
	if (r < 0)
		filter_done(&all);
	else
		*ret = all;
	return r;
}
