/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's files, read: what is in auditDir, and record after record of a segment. Memory is
 * bounded by one record, however long a segment is. Nothing here takes a lock or writes.
 */
#ifndef COAMING_AUDIT_SEGMENT_H
#define COAMING_AUDIT_SEGMENT_H

#include <sys/types.h>
#include "audit/entry.h"

/* "ledger-%016llx.journal": the SEQ that the segment begins with. */
#define SEGMENT_NAME_MAX 48
const char *segment_name(char out[SEGMENT_NAME_MAX], uint64_t first);

/* A record that found the ledger locked waits in a file of its own. */
#define SPOOL_PREFIX   "unchained-"
#define SPOOL_NAME_MAX 80
bool spool_name_is_valid(const char *name, size_t len);

#define HEAD_NAME    "head"
#define RESERVE_NAME "reserve"

/* More are not taken in at once; later runs find the rest. */
#define SURVEY_SPOOLS_MAX   256
#define SURVEY_SEGMENTS_MAX 65536

struct survey {
	uint64_t *segments; /* first SEQ of each, ascending */
	size_t n_segments;
	char **spools; /* names, ascending, so oldest first; at most SURVEY_SPOOLS_MAX */
	size_t n_spools;
	bool has_reserve;
};

/* List auditDir, on its descriptor. Names that are not ours are passed over. */
int survey_read(int dirfd, struct survey *ret, struct err *err);
void survey_done(struct survey *survey);
#define _cleanup_survey_ _cleanup_(survey_done)

/*
 * Open a segment, checked on the descriptor: a regular file of the effective user that nobody else
 * may write. Errors as of openat(2); -EPERM where it is somebody else's.
 */
int segment_open(int dirfd, uint64_t first, int flags, int *ret_fd, uint64_t *ret_size,
		 struct err *err);

struct cursor {
	int fd;
	uint64_t at; /* offset of the record that cursor_next() reads next */
	char *data;  /* data[start..len) are the file's bytes from `at` on */
	size_t start, len, size;
	bool torn; /* after the end: the file ends within a record */
	struct entry entry;
};

/* Read from offset `at` of an open segment; fd is borrowed. The cursor is large: not on the stack.
 */
int cursor_new(int fd, uint64_t at, struct cursor **ret, struct err *err);
void cursor_free(struct cursor **cursor);
#define _cleanup_cursor_ _cleanup_(cursor_free)

/*
 * Read the next record into cursor->entry, which lives until the next call.
 *
 * Returns  1 read; 0 the file ends here, maybe within a record (cursor->torn). Where it has grown
 *          since, the next call goes on.
 * Errors   -EBADMSG at cursor->at stands no record; errno of read(2)
 */
int cursor_next(struct cursor *cursor, struct err *err);

#endif
