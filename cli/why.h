/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records say of one container: its last decision, and what came after it.
 */
#ifndef COAMING_CLI_WHY_H
#define COAMING_CLI_WHY_H

#include "audit/query.h"
#include "profiles/host.h"

/* Of what came after the decision so many are shown: the last ones. */
#define WHY_LATER_MAX 20

/* A record's fields, kept: "NAME=VALUE" each. */
struct why_record {
	char **v;
	size_t n;
	enum trust trust;
};

struct why {
	struct why_record decision; /* n 0: none was found */
	struct why_record later[WHY_LATER_MAX];
	size_t n_later, later_omitted;
	bool failed;      /* an attestation after it did, or it drifted */
	size_t others;    /* containers of that name, or prefix, with older decisions */
	bool runs;        /* now; what its live file says */
	bool damaged;     /* the ledger has places that cannot be read */
	bool from_live;   /* its record is gone: this is what its live file says */
	char *no_journal; /* why the journal could not be read; NULL */
};

/* First value of a field, or NULL. */
const char *why_get(const struct why_record *record, const char *field);
/* The next one of a field: *at is where to begin, 0 at first. NULL: no more. */
const char *why_next(const struct why_record *record, const char *field, size_t *at);

/* "refused", "confined" ... in one word; static. */
const char *why_answer(const struct why *why);
/* The exit status that goes with it: 0, or ERR_REFUSED. */
int why_status(const struct why *why);

/* why_print.c. Errors: -ENOMEM. */
int why_print_text(const struct host *host, const struct why *why, struct err *err);
int why_print_json(const struct why *why, struct err *err);

#endif
