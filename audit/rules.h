/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compliance framework, as a report evaluates it: audit/controls/NAME.json.
 */
#ifndef COAMING_AUDIT_RULES_H
#define COAMING_AUDIT_RULES_H

#include "audit/tally.h"
#include "lib/doc.h"

/* What shows that a control is met. */
enum rule_evidence {
	RULE_NONE,     /* nothing that coaming records */
	RULE_PROFILE,  /* profiles claim it */
	RULE_CHAIN,    /* records follow one another, nothing is missing */
	RULE_RECORDS,  /* every decision has the required fields */
	RULE_COVERAGE, /* no container without an admission */
	RULE_CLOCK,    /* times are there and in order */
	RULE_EVENTS,   /* records of these kinds are there */
	RULES_,
};

struct rule {
	const char *id, *title, *description, *why; /* "" where absent */
	enum rule_evidence evidence;
	const char *required[TALLY_REQUIRED_MAX];
	size_t n_required;
	uint32_t events;                       /* bit per enum event */
	const char *fails_field, *fails_value; /* of "failsWhere"; "" where absent */
	uint32_t points; /* point_bit() of each that has to be proved; 0: none is named */
};

struct rules {
	struct doc *doc; /* what the texts lie in */
	const char *id, *name, *version, *publisher, *url;
	struct rule v[TALLY_CONTROLS_MAX];
	size_t n;
};

/* As in the files: "profile". */
const char *rule_evidence_name(enum rule_evidence evidence);

/* Parse a framework's text. Errors: -EBADMSG with line and column. */
int rules_parse(const char *name, const char *text, size_t len, struct rules **ret,
		struct err *err);
/*
 * Find a framework by its id or its file's name, in any case of letters.
 *
 * dirs     searched in this order; one that is missing holds none
 * Errors   -ENOENT naming those that there are; -EBADMSG
 */
int rules_load(const char *const dirs[], size_t n_dirs, const char *name, struct rules **ret,
	       struct err *err);
void rules_free(struct rules **rules);
#define _cleanup_rules_ _cleanup_(rules_free)

#endif
