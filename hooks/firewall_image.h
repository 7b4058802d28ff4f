/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One nft table as the kernel holds it, in a form that two of can be compared: by netlink alone,
 * without the library, in some 0.1 ms.
 *
 * Source: linux/netfilter/nf_tables.h; netlink(7)
 */
#ifndef COAMING_HOOKS_FIREWALL_IMAGE_H
#define COAMING_HOOKS_FIREWALL_IMAGE_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/hash.h"

/* Lines of which 16384 rules make the most. */
#define IMAGE_MAX_BYTES ((size_t)8 << 20)

/*
 * Read it: a line a table, chain, rule, set and object, in the kernel's order, "WHAT SHA256".
 *
 * What changes by itself (packets, elements of sets that rules fill, addresses of peers) and what
 * differs from one table to the next of the same text (handles, generations) is left out.
 *
 * netns_fd   a network namespace that has been checked; entered for the opening of one socket
 * table      of the family inet
 * ret_lines  free(); NUL-terminated
 * Errors     -ENOENT without an error text: there is no such table; -EINTR the rules change while
 *            they are read; -ETIMEDOUT; ERR_SYSTEM what the kernel says
 */
int firewall_image(int netns_fd, const char *table, char **ret_lines, struct err *err);

/* The digest of the same lines. */
int firewall_digest(int netns_fd, const char *table, char ret[SHA256_HEX], struct err *err);

/*
 * Where two images differ first.
 *
 * ret      the name of a thing ("rule 3 of chain egress-web") which one has and the other not so
 * Returns  false: they do not differ
 */
#define IMAGE_NAME_MAX 320
bool firewall_image_differs(const char *a, const char *b, char ret[IMAGE_NAME_MAX]);

#endif
