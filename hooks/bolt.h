/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read a value from a bbolt database while its owner may write to it.
 *
 * podman 4 and containerd keep their containers in such files, and no C library reads them. The
 * owner holds flock(2) on the file for as long as it runs, so that there is nothing to wait for:
 * a snapshot is read without a lock, and is taken only if it was still the newest one at the end.
 * A transaction of bbolt's never writes to a page that the newest snapshot uses, so that then
 * nothing that was read can have been overwritten.
 *
 * Source  go.etcd.io/bbolt 1.3 and 1.4: page.go, bucket.go, db.go (version 2 of the format)
 */
#ifndef COAMING_HOOKS_BOLT_H
#define COAMING_HOOKS_BOLT_H

#include "lib/err.h"

#define BOLT_DEPTH_MAX 32                 /* pages from a bucket's root to a leaf */
#define BOLT_PAGE_MAX  ((size_t)16 << 20) /* one page with all that overflows it */
#define BOLT_ITEMS_MAX 10000              /* of a bucket that is listed whole */
#define BOLT_TRIES     100                /* snapshots that were overtaken, 5 ms apart */

struct bolt_item {
	char *key; /* NUL-terminated behind key_len bytes */
	char *value;
	size_t key_len, value_len;
};

struct bolt_items {
	struct bolt_item *v;
	size_t n;
};

/*
 * Get one value.
 *
 * name     how errors call the file
 * path     names of buckets, each within the one before, then the key; NULL at the end
 * ret      free(); NUL-terminated; untouched on failure
 * Errors   -ENOENT no such bucket or key; -EBADMSG not such a file, or damaged; -E2BIG beyond the
 *          bounds above; -EBUSY overtaken by writers each time
 */
int bolt_get(int fd, const char *name, const char *const path[], char **ret, size_t *ret_len,
	     struct err *err);

/* The same for every key of a bucket that has a value; ret: bolt_items_done(). */
int bolt_list(int fd, const char *name, const char *const path[], struct bolt_items *ret,
	      struct err *err);
void bolt_items_done(struct bolt_items *items);

#endif
