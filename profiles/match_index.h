/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of the profiles' selectors, so that a start does not read ten thousand files.
 *
 * It only proposes: each candidate is read and matched afresh. What it must not do is to miss one:
 * so it is used only while the stamps of all profile directories are those under which it was made
 * (a file that appears, goes or is replaced changes its directory's) and the stamps of the files,
 * too. Of more files than MATCH_FILES_STAMPED_MAX each start compares some, at random: one that is
 * edited in place, which changes no directory, is then noticed by one of the next starts, or by
 * `coaming reload`, which a path unit runs whenever a file in a directory was written, or by
 * `coaming gc`, which compares all of them each hour.
 *
 * A stamp tells two states apart only if the clock of the files ticked between them. So an index
 * is not used where something it was made from had changed just before: the same tick may have
 * brought a further change.
 */
#ifndef COAMING_PROFILES_MATCH_INDEX_H
#define COAMING_PROFILES_MATCH_INDEX_H

#include "lib/buf.h"
#include "lib/hash.h"
#include "profiles/match.h"

#define MATCH_FILES_STAMPED_MAX 256

/* What the directories looked like. */
struct match_stamp {
	char digest[SHA256_HEX];
	uint64_t taken_nsec;   /* when it was begun */
	uint64_t settled_nsec; /* from when on a further change shows */
};

int match_stamp_start(struct match_stamp *stamp, struct err *err);
/* fd -1: the directory does not exist, which is a state too. */
int match_stamp_directory(struct match_stamp *stamp, const char *path, int fd, struct err *err);

struct match_index;

int match_index_new(const struct match_stamp *stamp, struct match_index **ret, struct err *err);
void match_index_free(struct match_index **index);
int match_index_add(struct match_index *index, const char *name, const struct match *match,
		    struct err *err);
/* Remember NAME.json of directory number `dir`; nothing where it is not there. */
int match_index_stamp_file(struct match_index *index, size_t dir, int dirfd, const char *name,
			   struct err *err);
/* After the last addition, before anything is asked or written. */
int match_index_finish(struct match_index *index, struct err *err);

/* stateDir/profiles.index */
int match_index_write(const struct match_index *index, int state_dirfd, struct err *err);
/* -ESTALE made under another stamp; -EBADMSG damaged, or not the caller's own file; -errno. No
 * error text: every failure has the same remedy, a rebuild. */
int match_index_read(int state_dirfd, const struct match_stamp *stamp, struct match_index **ret);
/*
 * The sum of a file up to its slices, which have their own; it stands at MATCH_SUM_AT and counts as
 * 0 there. Against damage, not
 * against malice (the owner and the mode are): a wrong hash would make a profile be missed. Every
 * step is a bijection, so that no single wrong word goes unseen.
 */
#define MATCH_SUM_AT 80
uint64_t match_index_sum(const void *data, size_t len);
/*
 * all       not only some of many, see above
 * ret_late  of many, the name of one that has changed: starts may have missed that; or NULL.
 *           Lives as long as the index
 */
bool match_index_files_unchanged(const struct match_index *index, const int *dirfds, size_t n,
				 bool all, const char **ret_late);

/* Names of the profiles that may match, sorted. strv_free() */
int match_index_candidates(const struct match_index *index, const struct metadata *metadata,
			   char ***ret, size_t *ret_n, struct err *err);

#endif
