/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records for a report: from journal files, each distinct value of which is parsed once, and from
 * the ledger.
 *
 * Anybody may write to the journal's socket. So only entries count that root sent by the native
 * protocol (_TRANSPORT=journal, _UID=0: journald's own words, which systemd-journal-upload keeps).
 */
#ifndef COAMING_AUDIT_HARVEST_H
#define COAMING_AUDIT_HARVEST_H

#include "audit/tally.h"

#define HARVEST_FILES_MAX 65536

/* Journal files, to be read in the order of their first entries. */
struct sources {
	struct source {
		char *path;
		uint64_t first, last; /* usec; 0: no entries */
	} * v;
	size_t n;
	uint64_t first, last; /* of all */
	uint64_t unreadable;  /* files that are none, or damaged ones */
	char *why;            /* for the first of them */
};

/* A file. One that cannot be read is counted. */
int sources_add_file(struct sources *sources, const char *path, struct err *err);
/* The files *.journal and *.journal~ in a directory and below; -ENOENT where it is not there. */
int sources_add_directory(struct sources *sources, const char *path, struct err *err);
/* This host's: /var/log/journal and /run/log/journal, all namespaces. */
int sources_add_host(struct sources *sources, struct err *err);
void sources_sort(struct sources *sources);
void sources_done(struct sources *sources);
#define _cleanup_sources_ _cleanup_(sources_done)

struct harvest_notes {
	uint64_t entries; /* of ours, by anybody */
	uint64_t foreign; /* left out: root did not send them */
	uint64_t damaged; /* entries, and ends of files, that cannot be read */
	uint64_t closed;  /* values that could not be decompressed */
	uint64_t ledger;  /* records that only the ledger has */
	bool no_ledger;   /* there is one, and it could not be read */
};

/*
 * Read all files. Then the ledger (NULL: not), for what they do not have.
 *
 * labels   keys of labels that matter: for --by, --match, waivers
 * Errors   -ENOMEM; what cannot be read is counted
 */
int harvest(struct tally *tally, const struct sources *sources, const char *audit_dir,
	    const char *const labels[], size_t n_labels, struct harvest_notes *ret,
	    struct err *err);

#endif
