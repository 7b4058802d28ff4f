/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head file: fixed size, checksummed, written in place with one pwrite().
 *
 * In place, because a full disk still lets it be written; checksummed, because a power cut may
 * leave half of it. It is this machine's own note and never travels: native byte order.
 */
#include "audit/head.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "audit/segment.h"
#include "lib/file.h"

#define HEAD_BYTES 512

static const char magic[16] = "coaming-head-2\n";

struct head_file {
	char magic[16];
	struct head head;
	char zero[HEAD_BYTES - 16 - sizeof(struct head) - SHA256_HEX];
	char check[SHA256_HEX]; /* of all bytes before */
};
static_assert(sizeof(struct head_file) == HEAD_BYTES, "no hidden padding in what is hashed");
static_assert(sizeof(struct head) == 5 * sizeof(struct position) + sizeof(struct gap) + 48 + 40 +
					     SHA256_HEX + 7 + sizeof(struct key) + KEY_ID_HEX + 7,
	      "no hidden padding in what is hashed");

static const struct {
	const char *name, *text;
} reasons[] = {
	[GAP_TORN] = { "torn", "a writer died while it wrote a record" },
	[GAP_SHORT] = { "short", "the ledger is shorter than its head remembers" },
	[GAP_GONE] = { "gone", "a segment that the head remembers is gone" },
	[GAP_HEAD_MISSING] = { "head-missing",
			       "the head was missing, so that records cut from the end would not "
			       "be noticed" },
	[GAP_HEAD_DAMAGED] = { "head-damaged",
			       "the head was damaged, so that records cut from the end would not "
			       "be noticed" },
	[GAP_BROKEN] = { "broken", "records do not follow one another" },
	[GAP_MISSED] = { "missed", "the ledger could not be written" },
	[GAP_SPOOL] = { "spool", "a record that waited to be taken in could not be read" },
	[GAP_UNREADABLE] = { "unreadable",
			     "records that the journal had not got yet could not be read" },
};
static_assert(ARRAY_SIZE(reasons) == GAP_REASONS_, "a row for each reason");

const char *gap_reason_name(enum gap_reason reason)
{
	return reasons[reason].name;
}

const char *gap_reason_text(enum gap_reason reason)
{
	return reasons[reason].text;
}

static bool is_good(const struct head_file *f)
{
	char check[SHA256_HEX];

	sha256_hex1(check, f, offsetof(struct head_file, check));
	/* The texts end: no reader of them has to look. */
	return memcmp(f->magic, magic, sizeof(magic)) == 0 &&
	       memcmp(f->check, check, sizeof(check)) == 0 &&
	       f->head.boot_id[sizeof(f->head.boot_id) - 1] == '\0' &&
	       f->head.hash[SHA256_HEX - 1] == '\0' && f->head.key_id[KEY_ID_HEX - 1] == '\0' &&
	       f->head.last.seq <= ENTRY_SEQ_MAX && f->head.last.segment <= ENTRY_SEQ_MAX &&
	       f->head.gap.to <= ENTRY_SEQ_MAX;
}

int head_load(int dirfd, int *ret_fd, struct head *ret, enum head_state *ret_state, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct head_file f;
	struct stat st;
	ssize_t n;

	fd = openat(dirfd, HEAD_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno != ENOENT)
		return err_errno(err, errno, "cannot open the ledger's head");
	*ret_state = HEAD_MISSING;
	*ret_fd = -1;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat the ledger's head");
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_system(err, EPERM,
				  "the ledger's head is not a file that only we may write");
	n = pread(fd, &f, sizeof(f), 0);
	if (n < 0)
		return err_errno(err, errno, "cannot read the ledger's head");
	*ret_state = n == sizeof(f) && is_good(&f) ? HEAD_GOOD : HEAD_DAMAGED;
	if (*ret_state == HEAD_GOOD)
		*ret = f.head;
	*ret_fd = take_fd(&fd);
	return 0;
}

int head_store(int dirfd, int *fd, const struct head *head, struct err *err)
{
	struct head_file f = { .head = *head };
	ssize_t n;

	memcpy(f.magic, magic, sizeof(magic));
	sha256_hex1(f.check, &f, offsetof(struct head_file, check));
	/* Made by rename, so that there is never an empty one. */
	if (*fd < 0) {
		int r = file_write_atomic(dirfd, HEAD_NAME, &f, sizeof(f), 0600, (uid_t)-1,
					  (gid_t)-1, true, err);
		if (r < 0)
			return r;
		*fd = openat(dirfd, HEAD_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		return *fd < 0 ? err_errno(err, errno, "cannot open the ledger's head") : 0;
	}
	n = pwrite(*fd, &f, sizeof(f), 0);
	if (n < 0)
		return err_errno(err, errno, "cannot write the ledger's head");
	return n == sizeof(f) ? 0 : err_system(err, EIO, "cannot write the ledger's head whole");
}
