/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read decisions back: from the ledger, which is the truth, and from the journal, for what the
 * ledger no longer holds.
 *
 * Anybody may write to the journal's socket. So of the journal only entries are considered that
 * root sent by the native protocol (_TRANSPORT=journal, _UID=0: journald's own words), and even
 * those are somebody's claim until the ledger has the same SEQ with the same HASH.
 */
#ifndef COAMING_AUDIT_QUERY_H
#define COAMING_AUDIT_QUERY_H

#include "audit/entry.h"
#include "audit/head.h"

enum trust {
	TRUST_FOREIGN,    /* in the journal, not sent by root: anybody's */
	TRUST_UNVERIFIED, /* in the journal, not in the ledger */
	TRUST_JOURNAL,    /* in a journal that was named, whose ledger is not here */
	TRUST_WAITING,    /* in auditDir, not taken into the chain yet */
	TRUST_CHAINED,    /* in the journal, and hashes lead to it from the ledger's beginning */
	TRUST_LEDGER,     /* in the ledger, its hash fits */
	TRUSTS_,
};

struct query {
	const char *audit_dir;
	const char *journal_dir;          /* journal files instead of the host's; NULL */
	const char *const *journal_files; /* likewise, by name; then there is no ledger */
	size_t n_journal_files;
	bool merge; /* likewise, all that are here, of other hosts, too */
	bool without_journal;
	bool all; /* foreign entries too */

	/* What to find; NULL or 0: anything. Times of COAMING_TIME, both inclusive. */
	uint64_t since_usec, until_usec;
	/* CONTAINER_NAME; NAMESPACE/POD, all of it; NAMESPACE/POD/CONTAINER; or three or more
	 * digits of the id. */
	const char *container;
	const char *profile;
	const char *outcome;
	const char *event;
	const char *const *matches; /* "FIELD=VALUE": one of a field, each of the fields */
	size_t n_matches;
};

struct found {
	enum trust trust;
	const struct entry *entry; /* lives until the callback returns */
};

/* 0 to go on; anything else ends the query, which returns it. */
typedef int query_fn(void *arg, const struct found *found, struct err *err);

struct query_notes {
	size_t foreign;      /* entries that were left out, or shown with `all` */
	size_t unverified;   /* entries of the journal that the ledger does not have */
	size_t damaged;      /* places of the ledger where no record can be read */
	size_t broken;       /* records that do not follow the one before */
	struct position end; /* for query_tail() */
	struct err journal;  /* why the journal could not be read, or nothing */
};

/*
 * Find records, oldest first: the ledger's in its order, others where their time puts them.
 *
 * Errors  what `fn` returned; -EPERM auditDir may be written by others; -ENOMEM. No auditDir is
 * none.
 */
int query_run(const struct query *query, query_fn *fn, void *arg, struct query_notes *ret,
	      struct err *err);
/*
 * The same of journals alone, which may be of many hosts: in the order of the journals, each record
 * once as far as the last QUERY_SEEN_MAX tell.
 */
#define QUERY_SEEN_MAX ((size_t)1 << 20)
int query_journals(const struct query *query, query_fn *fn, void *arg, struct query_notes *ret,
		   struct err *err);
/* What has come into the ledger after *at, which moves on. For `coaming log -f`. */
int query_tail(const struct query *query, struct position *at, query_fn *fn, void *arg,
	       struct err *err);

const char *trust_name(enum trust trust); /* "ledger", "unverified" ... */

#endif
