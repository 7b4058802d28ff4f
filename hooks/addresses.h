/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a network namespace, as its kernel has them.
 *
 * Source: rtnetlink(7), RTM_GETADDR
 */
#ifndef COAMING_HOOKS_ADDRESSES_H
#define COAMING_HOOKS_ADDRESSES_H

#include "profiles/profile.h"

/* Each of a whole prefix; see cidr_parse(), address_format(). */
struct addresses {
	struct cidr *v; /* sorted: IPv4 first, then by value; unique */
	size_t n, size; /* of `size` there is room */
};

/* No engine gives a container that many; a namespace with more is refused, not cut. */
#define ADDRESSES_MAX 256

/*
 * Read them: of every interface but lo, without those that never leave a link (fe80::/10,
 * 169.254.0.0/16) or the host (127.0.0.0/8, ::1).
 *
 * netns_fd  has been checked, see netns.h
 * ret       addresses_done(); untouched on failure
 * Errors    -E2BIG more than ADDRESSES_MAX; those of netlink_ask()
 */
int addresses_read(int netns_fd, struct addresses *ret, struct err *err);

/* Put one in its place; nothing where it is there already. Errors: -E2BIG, -ENOMEM */
int addresses_add(struct addresses *addresses, const struct cidr *address, struct err *err);
/* For many: at the end, of any number, in any order; then sort, once. */
int addresses_append(struct addresses *addresses, const struct cidr *address, struct err *err);
void addresses_sort(struct addresses *addresses);
bool addresses_have(const struct addresses *addresses, const struct cidr *address);
bool addresses_equal(const struct addresses *a, const struct addresses *b);
void addresses_done(struct addresses *addresses);
#define _cleanup_addresses_ _cleanup_(addresses_done)

/* In the order of `struct addresses`. */
int address_compare(const struct cidr *a, const struct cidr *b);
#endif
