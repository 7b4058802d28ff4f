/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision record: an event and its fields, before it has a sequence number.
 *
 * The fields are an interface, documented in coaming-journal-fields(7).
 */
#ifndef COAMING_AUDIT_RECORD_H
#define COAMING_AUDIT_RECORD_H

#include "lib/err.h"

enum event {
	EVENT_ADMIT,
	EVENT_DENY,
	EVENT_EXEMPT,
	EVENT_ATTEST,
	EVENT_DRIFT,
	EVENT_EXEC,
	EVENT_STOP,
	EVENT_FLOW,
	EVENT_POLICY,
	EVENT_GAP,
	EVENT_HEAD,
	EVENTS_,
};

/* Journal field names: at most 64 of A-Z 0-9 _, not first a digit or _. */
#define FIELD_NAME_MAX 64
/* A value is cut beyond this, with "..." and COAMING_TRUNCATED naming the field. */
#define FIELD_VALUE_MAX ((size_t)64 << 10)
/* journald drops an entry of more than 1024 fields: the rest goes into a count. */
#define RECORD_FIELDS_MAX 900
/* All values of a record together; fields beyond it are left out and counted likewise. */
#define RECORD_BYTES_MAX ((size_t)2 << 20)

struct field {
	char name[FIELD_NAME_MAX + 1];
	char *value; /* may hold any byte but is NUL-terminated too */
	size_t len;
};

struct record {
	enum event event;
	int priority; /* syslog level: the event's, or what it was raised to */
	struct field *fields;
	size_t n;
	size_t bytes;   /* of all values */
	size_t omitted; /* fields beyond the limits, told in COAMING_OMITTED */
};

const char *event_name(enum event event);       /* "admit" */
const char *event_message_id(enum event event); /* 32 hex digits, as in the catalog */
int event_priority(enum event event);           /* syslog level: deny, gap, drift are LOG_CRIT */
/* COAMING_GAP_REASON of a container that runs without an admission. Of all other reasons records
 * are missing. */
#define RECORD_GAP_UNADMITTED "unadmitted"
bool event_from_name(const char *name, enum event *ret);

bool field_name_is_valid(const char *name, size_t len);
/* The chain's own fields (COAMING_SEQ, ...), which no record may bring. */
bool field_is_reserved(const char *name);

/* This boot's id, 32 hex digits as journald writes it; zeros where the kernel does not tell. */
#define BOOT_ID_SIZE 33
void record_boot_id(char out[BOOT_ID_SIZE]);
/* The machine's id, machine-id(5), likewise. */
void record_machine_id(char out[BOOT_ID_SIZE]);

/* Fields that every record has: MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER, COAMING_SCHEMA, _EVENT,
 * _VERSION, _TIME (UTC, microseconds), machine id, host name, boot id, monotonic time. */
int record_start(struct record *record, enum event event, struct err *err);
/* Add one field; the same name again is a further value, as in the journal; an equal one is none.
 */
int record_add(struct record *record, const char *name, const char *value, struct err *err);
int record_addn(struct record *record, const char *name, const void *value, size_t len,
		struct err *err);
int record_addf(struct record *record, struct err *err, const char *name, const char *fmt, ...)
	_printf_(4, 5);
/* Make it more urgent than its event is: a syslog level. A lower urgency changes nothing. */
void record_raise(struct record *record, int priority);
/* First value of a field, or NULL. */
const char *record_get(const struct record *record, const char *name);
void record_done(struct record *record);
#define _cleanup_record_ _cleanup_(record_done)

#endif
