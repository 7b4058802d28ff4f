/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every record of a file in the journal's export format: `journalctl -o export`, or a segment of
 * the ledger that was copied. Memory is bounded by one entry.
 *
 * MUST NOT believe a length before it is known to fit.
 *
 * Source: https://systemd.io/JOURNAL_EXPORT_FORMATS
 */
#include "audit/sighting.h"

#include <endian.h>
#include <errno.h>

#define READ_BYTES      ((size_t)256 << 10)
#define ENTRY_BYTES_CAP (2 * ENTRY_BYTES_MAX) /* with what journald adds */

struct reader {
	int fd;
	const char *name;
	sighting_fn *fn;
	void *arg;
	struct buf data; /* what is read and not used up yet */
	size_t start;
	uint64_t offset; /* of data.data[start] in the file */
	bool eof;
	struct entry *entry;
	struct buf scratch;
	char host[256], machine[33], last_machine[33], cursor[256];
};

/* More of the file; 0 at its end. */
static int fill(struct reader *r, struct err *err)
{
	char bytes[16384];
	ssize_t n;

	if (r->start > READ_BYTES) {
		memmove(r->data.data, r->data.data + r->start, r->data.len - r->start);
		r->data.len -= r->start;
		r->start = 0;
	}
	do
		n = read(r->fd, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, errno, "cannot read %s", Q(r->name));
	r->eof = n == 0;
	buf_add(&r->data, bytes, (size_t)n);
	return buf_status(&r->data) < 0 ? err_oom(err) : 0;
}

enum field_state { FIELD_BAD, FIELD_MORE, FIELD_END, FIELD_READ };

/* The field at text[0..len); its size in *ret_size. */
static enum field_state read_field(const char *text, size_t len, struct view *ret, size_t *ret_size)
{
	const char *lf = memchr(text, '\n', len), *equals;
	uint64_t le;

	if (!lf)
		return len > FIELD_VALUE_MAX + FIELD_NAME_MAX ? FIELD_BAD : FIELD_MORE;
	if (lf == text) {
		*ret_size = 1;
		return FIELD_END;
	}
	equals = memchr(text, '=', (size_t)(lf - text));
	ret->name = text;
	ret->name_len = (size_t)((equals ? equals : lf) - text);
	if (equals) {
		ret->value = equals + 1;
		ret->len = (size_t)(lf - equals - 1);
		*ret_size = (size_t)(lf - text) + 1;
		return FIELD_READ;
	}
	if (len < ret->name_len + 1 + sizeof(le))
		return FIELD_MORE;
	memcpy(&le, lf + 1, sizeof(le));
	le = le64toh(le);
	if (le > ENTRY_BYTES_MAX)
		return FIELD_BAD;
	*ret_size = ret->name_len + 1 + sizeof(le) + le + 1;
	if (len < *ret_size)
		return FIELD_MORE;
	ret->value = lf + 1 + sizeof(le);
	ret->len = le;
	return ret->value[le] == '\n' ? FIELD_READ : FIELD_BAD;
}

static void note(char *out, size_t size, const struct view *v)
{
	(void)snprintf(out, size, "%.*s", (int)(v->len < size ? v->len : size - 1), v->value);
}

/* What was said of the entry by the journal it came from is hearsay: it only helps to find it. */
static void note_field(struct reader *r, const struct view *v)
{
	if (view_is(v, "__CURSOR"))
		note(r->cursor, sizeof(r->cursor), v);
	else if (view_is(v, "_HOSTNAME"))
		note(r->host, sizeof(r->host), v);
	else if (view_is(v, "_MACHINE_ID"))
		note(r->machine, sizeof(r->machine), v);
	else if (v->name_len > 0 && field_name_is_valid(v->name, v->name_len) &&
		 r->entry->n < ENTRY_FIELDS_MAX)
		r->entry->fields[r->entry->n++] = *v;
}

/* All fields of the entry at data[start..]: how many bytes in *ret_size, with the empty line. */
static enum field_state read_fields(struct reader *r, size_t *ret_size)
{
	const char *text = r->data.data + r->start;
	size_t len = r->data.len - r->start, at = 0;

	r->entry->n = 0;
	r->host[0] = r->machine[0] = r->cursor[0] = '\0';
	for (;;) {
		struct view v = { 0 };
		size_t size = 0;
		enum field_state s;

		if (at == len && r->eof && at > 0)
			s = FIELD_END; /* the last one has no empty line after it */
		else
			s = at < len ? read_field(text + at, len - at, &v, &size) : FIELD_MORE;
		if (s == FIELD_MORE && r->eof)
			s = FIELD_BAD;
		at += size;
		*ret_size = at;
		if (s != FIELD_READ)
			return s;
		note_field(r, &v);
	}
}

static int show(struct reader *r, struct err *err)
{
	struct sighting s = {
		.source = SIGHT_EXPORT,
		.file = r->name,
		.offset = r->offset,
		.cursor = r->cursor[0] ? r->cursor : NULL,
		.is_ours = true,
		.host = r->host,
	};
	const struct view *schema = entry_get(r->entry, "COAMING_SCHEMA");

	if (!schema || schema->len != 1 || schema->value[0] != '1')
		return 0; /* somebody else's entry */
	/* Where neither says: that of the one before. */
	memcpy(s.machine, r->machine[0] ? r->machine : r->last_machine, sizeof(s.machine));
	sight_machine(s.machine, r->entry);
	memcpy(r->last_machine, s.machine, sizeof(s.machine));
	return sight_fields(&s, r->entry, &r->scratch, r->fn, r->arg, err);
}

static int show_gibberish(struct reader *r, uint64_t bytes, struct err *err)
{
	const struct sighting s = {
		.source = SIGHT_EXPORT,
		.file = r->name,
		.offset = r->offset,
		.bytes = bytes,
		.torn = r->eof,
		.host = "",
	};

	return r->fn(r->arg, &s, err);
}

/* To the next line that follows an empty one. */
static size_t skip_entry(const struct reader *r)
{
	const char *text = r->data.data + r->start;
	size_t len = r->data.len - r->start;
	const char *p = memmem(text, len, "\n\n", 2);

	return p ? (size_t)(p - text) + 2 : len;
}

static int read_entry(struct reader *r, struct err *err)
{
	size_t size = 0;
	enum field_state s;
	int result = 0;

	while ((s = read_fields(r, &size)) == FIELD_MORE &&
	       r->data.len - r->start < ENTRY_BYTES_CAP) {
		result = fill(r, err);
		if (result < 0)
			return result;
	}
	if (s == FIELD_END) {
		if (r->entry->n > 0)
			result = show(r, err);
	} else {
		size = skip_entry(r);
		result = show_gibberish(r, size, err);
	}
	r->start += size;
	r->offset += size;
	return result;
}

int sight_export(int fd, const char *name, sighting_fn *fn, void *arg, struct err *err)
{
	struct reader r = { .fd = fd, .name = name, .fn = fn, .arg = arg };
	int result = 0;

	r.entry = calloc(1, sizeof(*r.entry));
	if (!r.entry)
		return err_oom(err);
	while (result == 0) {
		if (r.start == r.data.len && !r.eof)
			result = fill(&r, err);
		if (result < 0 || (r.start == r.data.len && r.eof))
			break;
		result = read_entry(&r, err);
	}
	buf_done(&r.data);
	buf_done(&r.scratch);
	free(r.entry);
	return result;
}
