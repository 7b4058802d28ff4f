/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record as it was found somewhere: in the ledger, in a journal, in an exported file. What
 * verify and others look at, whatever it came from.
 */
#ifndef COAMING_AUDIT_SIGHTING_H
#define COAMING_AUDIT_SIGHTING_H

#include "audit/entry.h"

enum sight_source {
	SIGHT_LEDGER, /* in the order of writing, each once */
	SIGHT_JOURNAL,
	SIGHT_EXPORT,
};

struct sighting {
	enum sight_source source;
	const char *file;   /* NULL: a journal, whose cursor says where */
	uint64_t offset;    /* of the record in that file */
	const char *cursor; /* NULL: none */

	uint64_t bytes;     /* how many, where they are no record */
	bool readable;      /* false: they are none; nothing below is set but torn */
	bool torn;          /* they are the beginning of one, at the end of the file */
	bool is_ours;       /* in the journal: root sent it, by the native protocol */
	const char *sender; /* else who did, for a message */

	char machine[33];          /* 32 hex digits */
	const char *host;          /* its name, or "" */
	const struct entry *entry; /* fields; seq, epoch, prev, hash and mac as they are stated */
	bool hash_fits;
	const char *hashed; /* the canonical bytes that hash and mac are of */
	size_t hashed_len;
};

/* When it was made, by itself: microseconds since 1970; 0 where it does not say. */
uint64_t sight_time(const struct sighting *sighting);

/* Called for each; 0 to go on, anything else ends the reading and is returned. */
typedef int sighting_fn(void *arg, const struct sighting *sighting, struct err *err);

/* All records of the ledger in auditDir. Errors: what survey_read() and segment_open() give. */
int sight_ledger(const char *audit_dir, sighting_fn *fn, void *arg, struct err *err);

struct sight_journal {
	const char *directory;    /* NULL: the host's, all namespaces */
	const char *const *files; /* instead of a directory */
	size_t n_files;
	bool merge;                      /* instead: all that are here, of other hosts, too */
	uint64_t since_usec, until_usec; /* by the journal's clock; 0: none */
};
/* All entries of the journal that say they are records of ours. */
int sight_journal(const struct sight_journal *where, sighting_fn *fn, void *arg, struct err *err);

/* All records of a file in the journal's export format; fd is read to its end. */
int sight_export(int fd, const char *name, sighting_fn *fn, void *arg, struct err *err);

/* For the readers: the machine that a record names, where it could be read when that was made. */
void sight_machine(char out[33], const struct entry *entry);
/*
 * For the readers: put an entry's fields, in whatever order they came, into the form that is
 * hashed, fill what of `sighting` follows from that, and call fn.
 */
int sight_fields(struct sighting *sighting, struct entry *entry, struct buf *scratch,
		 sighting_fn *fn, void *arg, struct err *err);

#endif
