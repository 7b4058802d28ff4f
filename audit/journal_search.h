/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look records up in the files of the host's journal, or of its namespace for records.
 */
#ifndef COAMING_AUDIT_JOURNAL_SEARCH_H
#define COAMING_AUDIT_JOURNAL_SEARCH_H

#include "lib/err.h"
#include "lib/hash.h"
#include "lib/keeping.h"

/* Looked through, the newest first; older ones can hold nothing that was sent lately. */
#define JOURNAL_SEARCH_FILES_MAX 64

enum journal_found {
	JOURNAL_NOT_FOUND,
	JOURNAL_IN_MEMORY, /* below /run: gone with the next boot */
	JOURNAL_ON_DISK,
};

struct journal_search;

/*
 * List the files; they are opened when they are needed. A journal without any is no error.
 *
 * Errors  -ENOMEM; errno of reading a directory
 */
int journal_search_open(const struct keeping *keeping, struct journal_search **ret,
			struct err *err);
/* The same below named directories, NULL: none; for tests. */
int journal_search_open_at(const char *disk, const char *memory, struct journal_search **ret,
			   struct err *err);
void journal_search_free(struct journal_search **search);
#define _cleanup_journal_search_ _cleanup_(journal_search_free)

/*
 * Where is the record with that COAMING_HASH, sent by root? A file that cannot be read holds
 * nothing.
 */
enum journal_found journal_search_has(struct journal_search *search, const char hash[SHA256_HEX]);

#endif
