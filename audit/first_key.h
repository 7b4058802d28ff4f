/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K_0 of a chain, between its making and the moment the auditor is shown it:
 * auditDir/first-key-<key id>, 64 hex digits and a line feed, mode 0600. After that no copy of it
 * is on the host.
 */
#ifndef COAMING_AUDIT_FIRST_KEY_H
#define COAMING_AUDIT_FIRST_KEY_H

#include "audit/key.h"

/* Keep it, on disk when this returns. Errors: errno of the file calls. */
int first_key_store(int dirfd, const struct key *first, struct err *err);
/* Ids of those that wait to be shown, ascending; strv_free(). More than 64 are not listed. */
int first_key_list(int dirfd, char ***ret, size_t *ret_n, struct err *err);
/* Errors: -ENOENT; -EBADMSG the file is no key, or another than its name says. */
int first_key_read(int dirfd, const char *id, struct key *ret, struct err *err);
/* Overwrite it, wait for the disk, remove it. */
int first_key_erase(int dirfd, const char *id, struct err *err);

#endif
