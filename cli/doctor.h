/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming doctor looks at, in sections. A section is a function that adds findings and a row
 * in doctor.c's table.
 *
 * What cannot be read is a finding, too: only a lack of memory is an error.
 */
#ifndef COAMING_CLI_DOCTOR_H
#define COAMING_CLI_DOCTOR_H

#include "lib/err.h"
#include "profiles/host.h"

enum severity {
	FINDING_OK,
	FINDING_NOTE,    /* good to know */
	FINDING_WARNING, /* evidence can be lost, or cannot be proved, under some condition */
	FINDING_ERROR,   /* it is lost or cannot be kept as asked for */
	SEVERITIES_,
};

/* What never depends on the host: string literals. */
struct advice {
	const char *why, *remedy;
};

struct finding {
	enum severity severity;
	const char *section, *id; /* literals; "journal-storage" is an interface */
	char *what;
	struct advice advice; /* NULLs for FINDING_OK */
};

struct doctor {
	int root_fd;
	const char *root; /* "" or a directory that stands for "/" */
	const struct host *host;
	uint64_t retention_usec; /* how long records are to be kept */
	const char *namespace;   /* of the journal; NULL: the default one */
	char machine_id[40];     /* "" where it has none */
	const char *section;
	struct finding *v;
	size_t n;
};

typedef int doctor_fn(struct doctor *doctor, struct err *err);

doctor_fn doctor_journal;   /* doctor_journal.c: does journald keep what it is given */
doctor_fn doctor_callers;   /* doctor_callers.c: do the engines' units let it through */
doctor_fn doctor_retention; /* doctor_retention.c: for how long, and is there room */
doctor_fn doctor_ledger;    /* doctor_ledger.c: the ledger, clock and catalog */
doctor_fn doctor_policy;    /* doctor_policy.c: the profiles and their directories */
doctor_fn doctor_state;     /* doctor_state.c: what runs, and break-glass */
doctor_fn doctor_programs;  /* doctor_programs.c: coaming's own programs */
doctor_fn doctor_engines;   /* doctor_engines.c: is coaming in the engines' path */
doctor_fn doctor_kernel;    /* doctor_kernel.c: what confinement and its proof need */
doctor_fn doctor_runtime;   /* doctor_runtime.c: the real runtime; doctor_kernel() has it */

/* Add a finding. advice NULL: FINDING_OK. */
int doctor_add(struct doctor *doctor, enum severity severity, const char *id,
	       const struct advice *advice, struct err *err, const char *fmt, ...) _printf_(6, 7);

/* What could not be looked at because of *cause, which is cleared: a warning. */
int doctor_add_unread(struct doctor *doctor, const char *id, struct err *cause, struct err *err);

/* journald's settings, of the namespace that the records go to. */
struct settings;
int doctor_read_journald(const struct doctor *doctor, struct settings *ret, struct err *err);

/* A rate limit, 0 for none: how bad it is for records that come in bursts. */
enum severity doctor_rate_severity(uint64_t interval_usec, uint64_t burst);

/* "3.5 GiB", "12 days", for a text. */
#define AMOUNT_SIZE 48
const char *amount_bytes(char out[AMOUNT_SIZE], uint64_t bytes);
const char *amount_usec(char out[AMOUNT_SIZE], uint64_t usec);
#define BYTES(n) amount_bytes((char[AMOUNT_SIZE]){ 0 }, (n))
#define SPAN(n)  amount_usec((char[AMOUNT_SIZE]){ 0 }, (n))

#endif
