/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one record in the ledger.
 *
 *	__REALTIME_TIMESTAMP=1795432726123456 LF
 *	__MONOTONIC_TIMESTAMP=5123456 LF
 *	_BOOT_ID=32 hex digits LF
 *	COAMING_SEQ, COAMING_PREV	fields, in the form below
 *	COAMING_KEY_EPOCH		where there is a key, see key.h
 *	all other fields		sorted by name, then by value, bytewise; none twice
 *	COAMING_HASH			SHA-256, 64 hex digits, of every byte before this field
 *	COAMING_MAC			HMAC-SHA-256 of the same bytes under the epoch's key
 *	LF
 *
 * A field is NAME LF, its length as 64 bits little-endian, its bytes, LF; an empty one, for which
 * systemd-journal-remote does not take that form, is NAME = LF. This is the journal's
 * export format: systemd-journal-remote reads a ledger as it is, and the fields between the three
 * lines and the empty one are a datagram of journald's native protocol, byte for byte. The first
 * three lines follow from COAMING_TIME, COAMING_MONOTONIC_USEC and COAMING_BOOT_ID; so a record
 * that went through the journal, which keeps no order, can be put back into the form that was
 * hashed. A record that waits to be taken into the chain has none of COAMING_SEQ,
 * COAMING_PREV, COAMING_KEY_EPOCH and COAMING_MAC.
 *
 * Source: https://systemd.io/JOURNAL_EXPORT_FORMATS, https://systemd.io/JOURNAL_NATIVE_PROTOCOL
 */
#ifndef COAMING_AUDIT_ENTRY_H
#define COAMING_AUDIT_ENTRY_H

#include "audit/key.h"
#include "audit/record.h"
#include "lib/buf.h"

/* A record's fields and the chain's. */
#define ENTRY_FIELDS_MAX (RECORD_FIELDS_MAX + 16)
/* No ledger comes that far, and no sum of a few overflows. */
#define ENTRY_SEQ_MAX (UINT64_MAX / 4)
/* Values, names and lengths together. */
#define ENTRY_BYTES_MAX                                                                            \
	(RECORD_BYTES_MAX + ENTRY_FIELDS_MAX * ((size_t)FIELD_NAME_MAX + 16) + FIELD_VALUE_MAX)

struct view {
	const char *name; /* not NUL-terminated */
	size_t name_len;
	const char *value;
	size_t len;
};

struct entry {
	const char *text; /* borrowed, as all the views are */
	size_t size;
	size_t body, body_end; /* text[body..body_end) is what journald gets */
	uint64_t seq;          /* 0: not in the chain */
	uint64_t epoch;        /* 0: no key */
	uint64_t usec;         /* __REALTIME_TIMESTAMP */
	size_t hashed;         /* text[0..hashed) is what hash and mac cover */
	bool hash_fits;
	char prev[SHA256_HEX], hash[SHA256_HEX];
	char mac[SHA256_HEX]; /* "" where there is none; not checked here */
	size_t n;
	struct view fields[ENTRY_FIELDS_MAX];
};

/* Hash before the first record. */
extern const char entry_hash_none[SHA256_HEX];

/* A record's place in the chain. */
struct chain_link {
	uint64_t seq; /* 0: none */
	const char *prev;
	const struct key *key; /* of this record; NULL or epoch 0: no MAC */
};

/*
 * Append a record's bytes.
 *
 * place       NULL: none yet
 * spool       without a place the name of the file it waits in, else NULL
 * ret_hash    its COAMING_HASH
 * Errors      -EINVAL a record that did not begin with record_start(); -ENOMEM
 */
int entry_write(struct buf *out, const struct record *record, const struct chain_link *place,
		const char *spool, char ret_hash[SHA256_HEX], struct err *err);
/* The same for one that waited, or was read elsewhere: its fields get this place in the chain. */
int entry_chain(struct buf *out, const struct entry *waiting, const struct chain_link *place,
		char ret_hash[SHA256_HEX], struct err *err);

enum entry_state {
	ENTRY_BAD,     /* these bytes are no record, or the hash does not fit */
	ENTRY_PARTIAL, /* the beginning of one */
	ENTRY_WHOLE,
};
/* Read one record from the beginning of text; never beyond text[len]. */
enum entry_state entry_parse(const char *text, size_t len, struct entry *ret);

/*
 * Append the bytes that hash and code are of, from fields in any order: seq, prev and epoch are
 * taken as the entry has them, fields of the chain among its views are passed over.
 *
 * Errors  -EINVAL it has no time, monotonic time or boot id of its own; nothing is appended.
 * -ENOMEM
 */
int entry_canonical(struct buf *out, const struct entry *entry, struct err *err);
/*
 * As entry_parse(), but a record whose hash does not fit is whole, too: ret->hash_fits says so, and
 * ret->hash is what it states.
 */
enum entry_state entry_read(const char *text, size_t len, struct entry *ret);

/* Append one field: NAME LF, length, value, LF. */
void entry_put_field(struct buf *out, const char *name, const char *value, size_t len);

/* Is it a field of that name? */
bool view_is(const struct view *view, const char *name);
/* First field of a name, or NULL. */
const struct view *entry_get(const struct entry *entry, const char *name);
bool entry_is(const struct entry *entry, const char *name, const char *value);
/* A decimal field; false where it is absent or no number. */
bool entry_get_u64(const struct entry *entry, const char *name, uint64_t *ret);

/* How every record begins: to count those in bytes that cannot be read. */
#define ENTRY_START "__REALTIME_TIMESTAMP="

#endif
