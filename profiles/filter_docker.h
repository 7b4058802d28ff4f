/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Docker's format has beyond the specification's, for filter_parse.c.
 *
 * Source: moby, profiles/seccomp; containers/common, pkg/seccomp. Both read the same members; the
 * second one knows errno numbers by name too.
 */
#ifndef COAMING_PROFILES_FILTER_DOCKER_H
#define COAMING_PROFILES_FILTER_DOCKER_H

#include "profiles/filter.h"

/*
 * A rule's `includes` and `excludes`.
 *
 * ret_never  true: it is not for this architecture, and so it is not there
 * Errors     -EBADMSG unknown members, capabilities, architectures, no version of a kernel
 */
int docker_read_when(const struct doc *doc, const struct node *rule, struct filter_when *ret,
		     bool *ret_never, struct err *err);

/*
 * `archMap`: the architecture of its entry for this machine, with its subArchitectures; none where
 * it has no such entry. strv_free(), also on failure.
 */
int docker_read_arch_map(const struct doc *doc, const struct node *list, char ***ret, size_t *ret_n,
			 struct err *err);

/* "EPERM": its number. -EBADMSG with the nearest known name. */
int docker_read_errno(const struct doc *doc, const struct node *node, uint32_t *ret,
		      struct err *err);

#endif
