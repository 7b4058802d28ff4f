/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's journal files, read without libsystemd: the static hook looks for a record in them,
 * and a report reads millions.
 *
 * A file may be damaged, hostile, or written just now. So nothing of it is believed: every offset,
 * size and chain is checked where it is used, chains only ever lead one way, and the file is read,
 * not mapped, so that one that is cut short meanwhile is an error and no signal. Memory is bounded
 * by JOURNAL_FILE_WINDOWS windows, one entry and one payload, whatever the file's size.
 *
 * Source: https://systemd.io/JOURNAL_FILE_FORMAT, with compact mode and keyed hashes
 */
#ifndef COAMING_AUDIT_JOURNAL_FILE_H
#define COAMING_AUDIT_JOURNAL_FILE_H

#include "lib/err.h"

#define JOURNAL_FILE_WINDOW  ((size_t)16 << 10)
#define JOURNAL_FILE_WINDOWS 256
/* journald takes 1024 fields; systemd-journal-remote a few more. */
#define JOURNAL_FILE_ITEMS_MAX 4096
/* Of a payload no more is ever read. */
#define JOURNAL_FILE_PAYLOAD_MAX ((size_t)1 << 20)

struct journal_file {
	int fd;
	char name[256]; /* for errors, cut */
	uint8_t file_id[16], machine_id[16], seqnum_id[16];
	uint8_t state; /* 0 offline, 1 online (being written, or not closed well), 2 archived */
	bool compact, keyed;
	uint64_t header_size;
	uint64_t data_table, data_buckets; /* offset of the first bucket; how many */
	uint64_t field_table, field_buckets;
	uint64_t entries, n_entries; /* the first entry array; entries when the header was read */
	uint64_t head_seqnum, tail_seqnum;
	uint64_t head_usec, tail_usec; /* __REALTIME_TIMESTAMP of first and last entry */
	/* Private. */
	struct journal_window {
		uint64_t start; /* offset in the file; UINT64_MAX: empty */
		size_t len;
		uint8_t *data;
	} windows[JOURNAL_FILE_WINDOWS];
	uint8_t *scratch; /* what lies across windows */
	size_t scratch_size;
	uint64_t *items;
};

/*
 * Open a file and read its header.
 *
 * name     relative to dirfd (or AT_FDCWD); a symbolic link is not followed
 * Errors   -EBADMSG no journal file, or a damaged header; -EPROTONOSUPPORT a format that is newer
 *          than this reader; errno of openat(2)
 */
int journal_file_open(int dirfd, const char *name, struct journal_file **ret, struct err *err);
/* The same with a descriptor of a regular file, which is taken over; also on failure. */
int journal_file_take(int fd, const char *name, struct journal_file **ret, struct err *err);
void journal_file_free(struct journal_file **file);
#define _cleanup_journal_file_ _cleanup_(journal_file_free)
/* See what was written since: the header is read again, and everything else when it is needed. */
int journal_file_refresh(struct journal_file *file, struct err *err);

struct journal_entry {
	uint64_t offset;
	uint64_t seqnum, realtime, monotonic, xor_hash;
	uint8_t boot_id[16];
	const uint64_t *items; /* offsets of DATA objects; live until the next entry is read */
	size_t n;
};

/* The entry at an offset. Errors: -EBADMSG there is none. */
int journal_file_entry(struct journal_file *file, uint64_t offset, struct journal_entry *ret,
		       struct err *err);

/* Entries in the order in which they were written. */
struct journal_walk {
	uint64_t first; /* to come before the arrays; 0: none */
	uint64_t array; /* 0: none left */
	uint64_t i, n;  /* within it */
	uint64_t left;
};

/* All of the file's. */
struct journal_walk journal_walk_all(const struct journal_file *file);
/* Those that have the DATA object at this offset. */
int journal_walk_of(struct journal_file *file, uint64_t data, struct journal_walk *ret,
		    struct err *err);
/*
 * Offset of the next entry.
 *
 * Returns  1; 0 no more
 * Errors   -EBADMSG the rest cannot be found
 */
int journal_walk_next(struct journal_file *file, struct journal_walk *walk, uint64_t *ret_offset,
		      struct err *err);

enum journal_compression {
	JOURNAL_PLAIN,
	JOURNAL_XZ,
	JOURNAL_LZ4,
	JOURNAL_ZSTD,
};

struct journal_data {
	uint64_t offset;
	uint64_t hash;
	uint64_t n_entries;
	uint64_t next_field; /* an older DATA object of the same field; 0: none */
	enum journal_compression compression;
	uint64_t size;       /* of the whole payload, as it is in the file */
	const char *payload; /* "FIELD=value" where it is plain; lives until the next read */
	size_t len;          /* how much of it is here: size, or the limit that was asked for */
};

/*
 * The DATA object at an offset, with at most `most` bytes of its payload.
 *
 * Errors  -EBADMSG there is none
 */
int journal_file_data(struct journal_file *file, uint64_t offset, size_t most,
		      struct journal_data *ret, struct err *err);

/*
 * Find the DATA object "FIELD=value".
 *
 * Limits  in a file without keyed hashes the newest 100,000 values of the field are looked through
 * Returns 1 and its offset; 0 there is none
 * Errors  -EOPNOTSUPP one that may be it is compressed; -EBADMSG
 */
int journal_file_find(struct journal_file *file, const char *text, size_t len, uint64_t *ret_offset,
		      struct err *err);

/*
 * The newest DATA object of a field; the others follow by next_field.
 *
 * Returns  1 and its offset; 0 there is none
 */
int journal_file_newest(struct journal_file *file, const char *field, uint64_t *ret_offset,
			struct err *err);

/*
 * Is there an entry that has all of these, "COAMING_HASH=...", "_UID=0"? The first one decides
 * which entries are looked at: it should be rare.
 *
 * Returns  1 yes; 0 no
 * Errors   as journal_file_find(). What cannot be read is not there.
 */
int journal_file_has(struct journal_file *file, const char *const fields[], size_t n,
		     struct err *err);

#endif
