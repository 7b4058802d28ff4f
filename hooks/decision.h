/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision, the same for both doors: from a config to a verdict, and from that to a record.
 */
#ifndef COAMING_HOOKS_DECISION_H
#define COAMING_HOOKS_DECISION_H

#include <time.h>
#include "audit/record.h"
#include "hooks/identity.h"
#include "lib/hash.h"
#include "profiles/policy.h"

/* Whether break-glass may put this decision into audit mode. */
enum break_glass_rule {
	BREAK_GLASS_IGNORED, /* by no means */
	BREAK_GLASS_ASKED,   /* where one is open that covers the container */
	BREAK_GLASS_HELD,    /* it does: the container was admitted under it */
};

/*
 * A process that is executed in a container which runs, as a record tells it: never what its
 * arguments or its environment are.
 */
struct executed {
	const char *program;       /* the first argument */
	size_t n_args;             /* of those behind it */
	char digest[SHA256_HEX];   /* over all of them, each with its NUL */
	bool terminal, privileged; /* asked for */
	bool given;                /* what makes it privileged was not taken away */
	uint64_t uid;
};

/* What is asked. All borrowed. */
struct question {
	const char *stage;   /* "create", "precreate", "createRuntime"... as the record names it */
	const char *id;      /* NULL: not told, see identity_find() */
	const char *bundle;  /* path, or NULL */
	const char *runtime; /* path of the real one, or NULL */
	const struct doc *config;
	pid_t inherits_from; /* whose limits the container inherits; 0: this process's */
	enum break_glass_rule break_glass;
	const char *break_glass_held;    /* BREAK_GLASS_HELD: what the admission recorded */
	const struct executed *executed; /* stage "exec", where it is known; else NULL */
};

struct decision {
	struct timespec started;
	struct identity identity;
	char *break_glass; /* under which it was made, as records have it; NULL: none */
	struct labels labels;
	struct store *store;
	struct selection selection;
	struct facts facts;
	struct verdict verdict;
};

/*
 * Decide: identity, labels, selection, facts, verdict.
 *
 * ret     decision_done(), also on failure: what was found out until then goes into the record
 * Errors  -EPERM with ERR_REFUSED where the selection itself refuses; ERR_INPUT where the config,
 *         a profile or a label source cannot be understood; ERR_SYSTEM. All of them mean: the
 *         container does not start in enforce mode.
 */
int decide(const struct host *host, const struct question *question, struct decision *ret,
	   struct err *err);
/* The first half of it: identity, labels, selection. */
int decide_profiles(const struct host *host, const struct question *question, struct decision *ret,
		    struct err *err);
/* Is a process executed in a container that runs? Else one is started. */
bool question_is_exec(const struct question *question);
void decision_done(struct decision *decision);
#define _cleanup_decision_ _cleanup_(decision_done)

/* The host's configuration as it counts for this container: in audit mode under break-glass. All
 * that it points to is the host's. */
struct host decision_host(const struct host *host, const struct decision *decision);

/* The host's mode, or audit under break-glass that does not spare the floor: are errors told only?
 */
bool decision_audits(const struct decision *decision, const struct host *host);

/*
 * Start the record of a decision with every field of coaming-journal-fields(7) that is known.
 *
 * outcome  "accept", "refuse", "would-refuse", "exempt"
 * reason   one sentence for COAMING_REASON, or NULL
 * digest   SHA-256 of the config that runs, or NULL
 */
int decision_record(const struct decision *decision, const struct question *question,
		    enum event event, const char *outcome, const char *reason, const char *digest,
		    struct record *ret, struct err *err);

/* "profile web: ...: remedy; profile pci: ..." of the refusals that count; "" for none. */
int decision_refusal(const struct decision *decision, bool audit, struct buf *out);

/* The fields that say which container, shared with records that are no decisions. */
int record_identity(struct record *record, const struct identity *identity, struct err *err);
/* Its labels, each with where it came from. */
int record_labels(struct record *record, const struct labels *labels, struct err *err);

#endif
