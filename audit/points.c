/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attestation can prove.
 */
#include "audit/points.h"

/* Those of hooks/proof.c, which is no layer for here: test_attest holds one against the other. */
const char *const point_names[] = {
	"capabilities", "no-new-privileges", "seccomp", "user",    "id-maps", "root",
	"mounts",       "namespaces",        "cgroup",  "rlimits", "network",
};
const size_t n_point_names = ARRAY_SIZE(point_names);
static_assert(ARRAY_SIZE(point_names) <= POINTS_MAX, "a bit each");

uint32_t point_bit(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(point_names); i++) {
		if (strlen(point_names[i]) == len && memcmp(point_names[i], name, len) == 0)
			return UINT32_C(1) << i;
	}
	return 0;
}
