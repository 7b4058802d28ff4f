/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a report, gathered record by record in memory that is bounded.
 *
 * A container is one CONTAINER_ID_FULL on one machine. What is known of it is its class: host,
 * controls and their states, dimensions, waivers. Classes are few, so that a container costs 16
 * bytes; what has no room any more is counted, and the report says so.
 *
 * Nothing here trusts the order of records beyond this: an attestation counts for the start whose
 * record came before it. One that comes earlier counts for nothing.
 */
#ifndef COAMING_AUDIT_TALLY_H
#define COAMING_AUDIT_TALLY_H

#include "audit/intern.h"
#include "audit/record.h"
#include "audit/seqset.h"

#define TALLY_CONTROLS_MAX   256
#define TALLY_DIMENSIONS_MAX 4
#define TALLY_BUCKETS_MAX    400
#define TALLY_PLACES         ((size_t)1 << 21) /* of containers; seven of eight are used */
#define TALLY_CLASSES_MAX    65536
#define TALLY_SETS_MAX       4096
#define TALLY_HOSTS_MAX      4096
#define TALLY_ROWS_MAX       8192
#define TALLY_FAILURES_MAX   100 /* of each control */
#define TALLY_GAPS_MAX       500
#define TALLY_GLASSES_MAX    200
#define TALLY_WAIVERS_MAX    256
#define TALLY_REQUIRED_MAX   64
#define TALLY_RANGES_MAX     256 /* of each host: what gap records pass over */
#define TALLY_FAILS_MAX      8   /* controls that a record can fail: a bit each */

/* Of a control, in a container. The higher, the worse. */
enum tally_state {
	TALLY_NONE,
	TALLY_EVIDENCED,
	TALLY_CONFIGURED,
	TALLY_PARTLY,
	TALLY_AUDITED,
};

/* Of a container. */
enum {
	TALLY_RAN = 1 << 0,
	TALLY_EXEMPT = 1 << 1,
	TALLY_NO_PROFILE = 1 << 2,
	TALLY_AUDIT = 1 << 3,   /* in audit mode */
	TALLY_IN_PART = 1 << 4, /* some sections in audit mode */
	TALLY_DENIED = 1 << 5,
	TALLY_DRIFT = 1 << 6,
	TALLY_ATTESTED = 1 << 7,   /* the last start was */
	TALLY_UNATTESTED = 1 << 8, /* an earlier one was not */
	TALLY_IN_PERIOD = 1 << 9,
	TALLY_OUT = 1 << 10,         /* not in the report's scope */
	TALLY_NOTED = 1 << 11,       /* told as one without an admission */
	TALLY_BREAK_GLASS = 1 << 12, /* started under it */
	TALLY_FAILS = 1 << 16, /* of TALLY_FAILS_MAX bits the first: a record of it failed that */
};

struct tally_class {
	uint32_t host;
	uint16_t claimed, attested; /* sets */
	uint32_t values[TALLY_DIMENSIONS_MAX];
	uint64_t waivers[TALLY_WAIVERS_MAX / 64];
	uint32_t flags;
	uint32_t containers; /* how many are of this class now; not part of what it is */
};

enum tally_text {
	TALLY_NAME,
	TALLY_ID,
	TALLY_REASON,
	TALLY_MESSAGE,
	TALLY_GLASS_ID,
	TALLY_GLASS_UNTIL,
	TALLY_GLASS_MATCH,
	TALLY_GLASS_WHO,
	TALLY_GLASS_REASON,
	TALLY_CURSOR,
	TALLY_TEXTS_,
};

#define TALLY_LIST_MAX 128

enum tally_outcome { TALLY_DONE, TALLY_WOULD_REFUSE, TALLY_REFUSED, TALLY_EXEMPTED };

/* What a record says; texts that are seldom needed are asked for. */
struct tally_record {
	enum event event;
	enum tally_outcome outcome;
	bool audit_mode, break_glass;
	uint64_t usec;                    /* COAMING_TIME */
	uint64_t monotonic;               /* in that boot */
	uint32_t boot, machine, hostname; /* interned */
	uint64_t seq, hash, prev;         /* 0: none; of the hashes the first 64 bits */
	uint64_t container;               /* a hash of its id; 0: none */
	uint64_t gap_from, gap_to, gap_count;
	uint64_t required; /* which of tally_options.required it has */
	uint32_t proved;   /* point_bit() each */
	/* Of tally_options.fails, a bit each: it has the field; the field has that value. */
	uint8_t told, hit;
	bool has_time, has_monotonic;
	uint32_t image;
	uint32_t controls[TALLY_LIST_MAX], profiles[TALLY_LIST_MAX], labels[TALLY_LIST_MAX];
	size_t n_controls, n_profiles, n_labels;
	/* Fill `out` (size bytes, NUL-terminated, "" where there is none). */
	void (*text)(void *arg, enum tally_text which, char *out, size_t size);
	void *arg;
};

/*
 * A control that one record fails: what it tells of was done, and in it the field has that value.
 * A record without the field fails it too: that it was otherwise is not shown.
 */
struct tally_fails {
	uint32_t control;
	uint32_t events; /* bit per enum event */
	const char *field, *value;
};

enum tally_dimension { TALLY_BY_LABEL, TALLY_BY_HOST, TALLY_BY_PROFILE, TALLY_BY_IMAGE };

struct tally_options {
	uint64_t since_usec, until_usec; /* both inclusive; 0: open */
	const char *framework;           /* prefix of its controls, without ':'; NULL: all */
	const char *controls[TALLY_CONTROLS_MAX]; /* ids; with no framework found by reading */
	size_t n_controls;
	uint32_t points[TALLY_CONTROLS_MAX]; /* what has to be proved for it; 0: it must be named */
	/* Fields that every decision has to have; those of the policy, every admission under a
	 * profile. */
	const char *required[TALLY_REQUIRED_MAX];
	size_t n_required;
	struct tally_fails fails[TALLY_FAILS_MAX];
	size_t n_fails;
	const char *dimensions[TALLY_DIMENSIONS_MAX]; /* "host", "profile", "image", a label */
	size_t n_dimensions;
	uint64_t trend_from, trend_to; /* about where the records are */
	/* "key=value" each. NULL: all; none. */
	bool (*wanted)(void *arg, const char *const labels[], size_t n);
	void (*waivers)(void *arg, const char *name, const char *const labels[], size_t n,
			uint64_t mask[TALLY_WAIVERS_MAX / 64]);
	void *arg;
};

struct tally_host {
	uint32_t machine, hostname;
	uint64_t first, last, records, longest_pause;
	uint64_t seq_from, seq_to; /* within the period; 0: none */
	uint64_t gaps, broken, clock_back;
	uint32_t events; /* bit per enum event: there are such records in the period */
	struct seqset seen;
	struct tally_range {
		uint64_t from, to;
	} ranges[TALLY_RANGES_MAX];
	size_t n_ranges;
	/* Of the last record, for the clock. */
	uint32_t boot;
	uint64_t usec, monotonic;
};

struct tally_failure {
	uint32_t host;
	uint32_t control;
	uint64_t usec, seq;
	char *name, *id, *why, *cursor;
	uint64_t waivers[TALLY_WAIVERS_MAX / 64];
};

enum tally_gap_kind { TALLY_GAP_ADMISSION, TALLY_GAP_CHAIN, TALLY_GAP_RECORD, TALLY_GAP_SILENT };

struct tally_gap {
	enum tally_gap_kind kind;
	uint32_t host;
	uint64_t usec;
	char *text, *cursor;
};

/* A break-glass. */
struct tally_glass {
	uint32_t host;
	bool expired;                                 /* else somebody ended it */
	uint64_t opened_usec, until_usec, ended_usec; /* 0: no record says so */
	char *id, *match, *who, *reason, *cursor;     /* match "": every container */
};

struct tally_row {
	uint32_t dimension, value;
	uint64_t containers, admit, deny, exempt, would_refuse, evidenced, configured, failed;
};

struct tally_bucket {
	uint64_t start;
	uint64_t events[EVENTS_], would_refuse;
	uint64_t decisions, complete[TALLY_REQUIRED_MAX];
};

struct tally_set {
	uint8_t states[TALLY_CONTROLS_MAX];
};

struct tally {
	struct tally_options options;
	struct intern words;
	uint64_t of_policy; /* bit per options.required: only an admission under a profile has it */
	char *controls[TALLY_CONTROLS_MAX]; /* ids, also those that were found */
	size_t n_controls;
	uint64_t controls_omitted;

	struct tally_place {
		uint64_t container; /* 0: empty */
		uint32_t class;
		uint32_t unused;
	} * places;
	size_t n_containers;
	uint64_t containers_omitted; /* starts of containers that had no room */
	struct tally_class *classes;
	size_t n_classes;
	uint32_t *class_index;
	uint64_t classes_omitted;
	struct tally_set *sets;
	size_t n_sets;
	struct {
		uint32_t proved;
		uint16_t set;
	} known_points;                     /* the last: most containers are proved alike */
	struct tally_known_set *known_sets; /* see tally_containers.c */
	struct tally_control_word *control_words;

	struct tally_host *hosts;
	size_t n_hosts;
	uint32_t *host_index; /* by the number of the machine's id: the host + 1 */
	uint64_t hosts_omitted;
	uint64_t first, last, records, events[EVENTS_], would_refuse, again;
	uint64_t decisions, complete[TALLY_REQUIRED_MAX];
	uint64_t timeless; /* records without COAMING_TIME */
	struct tally_bucket *buckets;
	size_t n_buckets;
	uint64_t (*met)[TALLY_BUCKETS_MAX], (*claimed)[TALLY_BUCKETS_MAX]; /* by control */
	uint64_t failures_of[TALLY_CONTROLS_MAX];
	struct tally_failure *failures;
	size_t n_failures;
	struct tally_gap *gaps;
	size_t n_gaps;
	uint64_t gaps_omitted;
	struct tally_glass *glasses;
	size_t n_glasses;
	uint64_t glasses_omitted; /* records of those beyond */
	struct tally_row *rows;
	size_t n_rows;
	uint32_t *row_index;
	uint64_t without_admission;
	const char *bucket; /* "hour", "day", "week", "month" */
};

/* A new one. options are copied, the texts that they point to borrowed. */
int tally_new(const struct tally_options *options, struct tally **ret, struct err *err);
void tally_free(struct tally **tally);
#define _cleanup_tally_ _cleanup_(tally_free)

/* Count a record. Errors: -ENOMEM. */
int tally_add(struct tally *tally, const struct tally_record *record, struct err *err);

/* Is there a decision on a container of that id, on whatever host? */
bool tally_has_decided(const struct tally *tally, uint64_t container);
/* The same, or is it noted as without? */
bool tally_knows(const struct tally *tally, uint64_t container);
/* The hash of an id; never 0. */
uint64_t tally_container(const char *id, size_t len);

/* The host of a machine id; made where it is new. -1: no room. */
int64_t tally_host(struct tally *tally, uint32_t machine, uint32_t hostname);

/* A container that ran without an admission, a silent host ... Texts are copied. */
int tally_gap(struct tally *tally, enum tally_gap_kind kind, uint32_t host, uint64_t usec,
	      const char *text, const char *cursor, struct err *err);
/* After the last record: holes of the chains become gaps. */
int tally_finish(struct tally *tally, struct err *err);

/* The row of a value; that of no value where there is no room for more. NULL: no memory. */
struct tally_row *tally_row_of(struct tally *tally, uint32_t dimension, uint32_t value);

/* ---- tally_glass.c ---- */

/* Note the opening or the end of a break-glass; nothing where the record is of neither. */
int tally_glass(struct tally *tally, const struct tally_record *record, uint32_t host,
		struct err *err);
/* Was it open at any time of the report's period? */
bool tally_glass_counts(const struct tally *tally, const struct tally_glass *glass);
void tally_glasses_done(struct tally *tally);

/* ---- tally_containers.c ---- */

/* The controls that a record names, as a set. */
uint16_t tally_set_of(struct tally *tally, const struct tally_record *record, uint32_t *ret_flags);
/* The controls for which what was proved suffices, as a set. */
uint16_t tally_set_of_points(struct tally *tally, uint32_t proved);
/* Of two sets, for each control the worse state. */
uint16_t tally_worse_set(struct tally *tally, uint16_t a, uint16_t b);
/* For each control the state of `a` where `b` has one too. */
uint16_t tally_common_set(struct tally *tally, uint16_t a, uint16_t b);
/* The container's place; NULL: no room. */
struct tally_place *tally_place_of(struct tally *tally, uint64_t container, uint32_t host);
/* Make the container one of that class. */
void tally_move(struct tally *tally, struct tally_place *place, const struct tally_class *to);
/* The state of a control in a container of that class. */
enum tally_state tally_state_of(const struct tally *tally, const struct tally_class *class,
				size_t control);
/* Does it count against the control? */
bool tally_fails(const struct tally *tally, const struct tally_class *class, size_t control);
/* The flags of the rules, among tally_options.fails, that the record fails. */
uint32_t tally_failed_by(const struct tally *tally, const struct tally_record *record);
/* Did a record of it fail the control? */
bool tally_was_failed(const struct tally *tally, const struct tally_class *class, size_t control);

#endif
