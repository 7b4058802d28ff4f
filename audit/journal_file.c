/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's journal files, read.
 *
 * MUST NOT follow a chain against the direction in which journald grows it: so each ends.
 * MUST NOT use a number of the file unchecked.
 */
#include "audit/journal_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/siphash.h"

/* Beyond this no file can be; sums of a few offsets do not overflow. */
#define OFFSET_MAX ((uint64_t)1 << 60)
/* Without keyed hashes a value is searched among so many of its field. */
#define WALK_MAX 100000
/* Entries that have a value are looked through up to so many. */
#define ENTRIES_MAX 1024
#define HEADER_MIN  208
#define HEADER_MAX  272

enum object_type {
	OBJECT_DATA = 1,
	OBJECT_FIELD,
	OBJECT_ENTRY,
	OBJECT_DATA_TABLE,
	OBJECT_FIELD_TABLE,
	OBJECT_ENTRY_ARRAY,
};

enum {
	INCOMPATIBLE_XZ = 1,
	INCOMPATIBLE_LZ4 = 2,
	INCOMPATIBLE_KEYED = 4,
	INCOMPATIBLE_ZSTD = 8,
	INCOMPATIBLE_COMPACT = 16,
	INCOMPATIBLE_KNOWN = 31,
};

/* Offsets within objects. */
enum {
	AT_TYPE = 0,
	AT_FLAGS = 1,
	AT_SIZE = 8,
	OBJECT_HEADER = 16,

	DATA_HASH = 16,
	DATA_NEXT_HASH = 24,
	DATA_NEXT_FIELD = 32,
	DATA_ENTRY = 40,
	DATA_ARRAY = 48,
	DATA_N_ENTRIES = 56,
	DATA_HEADER = 64,
	DATA_HEADER_COMPACT = 72,

	FIELD_HASH = 16,
	FIELD_NEXT_HASH = 24,
	FIELD_HEAD_DATA = 32,
	FIELD_HEADER = 40,

	ENTRY_SEQNUM = 16,
	ENTRY_REALTIME = 24,
	ENTRY_MONOTONIC = 32,
	ENTRY_BOOT_ID = 40,
	ENTRY_XOR_HASH = 56,
	ENTRY_HEADER = 64,

	ARRAY_NEXT = 16,
	ARRAY_HEADER = 24,

	BUCKET = 16,
};

static uint64_t le64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint32_t le32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static int damaged(const struct journal_file *f, uint64_t offset, const char *what, struct err *err)
{
	return err_input(err, EBADMSG, "journal file %s, offset %llu: %s", Q(f->name),
			 (unsigned long long)offset, what);
}

/* ---- bytes ---- */

static int fill(struct journal_file *f, struct journal_window *w, uint64_t start, struct err *err)
{
	w->start = UINT64_MAX;
	w->len = 0;
	if (!w->data)
		w->data = malloc(JOURNAL_FILE_WINDOW);
	if (!w->data)
		return err_oom(err);
	while (w->len < JOURNAL_FILE_WINDOW) {
		ssize_t n = pread(f->fd, w->data + w->len, JOURNAL_FILE_WINDOW - w->len,
				  (off_t)(start + w->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read %s", Q(f->name));
		if (n == 0)
			break;
		w->len += (size_t)n;
	}
	w->start = start;
	return 0;
}

static int window_of(struct journal_file *f, uint64_t offset, const struct journal_window **ret,
		     struct err *err)
{
	uint64_t start = offset - offset % JOURNAL_FILE_WINDOW;
	struct journal_window *w = &f->windows[start / JOURNAL_FILE_WINDOW % JOURNAL_FILE_WINDOWS];
	int r;

	*ret = w;
	if (w->start == start && w->data && offset - start < w->len)
		return 0;
	r = fill(f, w, start, err);
	if (r < 0)
		return r;
	return offset - start < w->len ? 0 : damaged(f, offset, "the file ends before it", err);
}

static int scratch_of(struct journal_file *f, size_t len, struct err *err)
{
	uint8_t *grown;

	if (f->scratch_size >= len)
		return 0;
	grown = realloc(f->scratch, len);
	if (!grown)
		return err_oom(err);
	f->scratch = grown;
	f->scratch_size = len;
	return 0;
}

/* Bytes of the file; they live until the next call. */
static int bytes_at(struct journal_file *f, uint64_t offset, size_t len, const uint8_t **ret,
		    struct err *err)
{
	const struct journal_window *w = NULL;
	size_t got = 0;
	int r;

	if (offset < f->header_size || offset > OFFSET_MAX)
		return damaged(f, offset, "no object can be there", err);
	r = window_of(f, offset, &w, err);
	if (r < 0)
		return r;
	if (len <= w->len - (offset - w->start)) {
		*ret = w->data + (offset - w->start);
		return 0;
	}
	r = scratch_of(f, len, err);
	while (r == 0 && got < len) {
		r = window_of(f, offset + got, &w, err);
		if (r == 0) {
			size_t skip = (size_t)(offset + got - w->start);
			size_t n = w->len - skip < len - got ? w->len - skip : len - got;

			memcpy(f->scratch + got, w->data + skip, n);
			got += n;
		}
	}
	*ret = f->scratch;
	return r;
}

/* The first `len` bytes of an object of that type, which is at least that long. */
static int object_at(struct journal_file *f, uint64_t offset, enum object_type type, size_t len,
		     const uint8_t **ret, uint64_t *ret_size, struct err *err)
{
	const uint8_t *p = NULL;
	int r;

	if (offset % 8 != 0)
		return damaged(f, offset, "no object can be there", err);
	r = bytes_at(f, offset, len, &p, err);
	if (r < 0)
		return r;
	if (p[AT_TYPE] != type)
		return damaged(f, offset, "an object of another type is there", err);
	*ret_size = le64_at(p + AT_SIZE);
	if (*ret_size < len || *ret_size > OFFSET_MAX)
		return damaged(f, offset, "the object's size cannot be right", err);
	*ret = p;
	return 0;
}

/* ---- the header ---- */

static int read_header(struct journal_file *f, uint8_t h[HEADER_MAX], struct err *err)
{
	ssize_t n;

	do
		n = pread(f->fd, h, HEADER_MAX, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, errno, "cannot read %s", Q(f->name));
	if (n < HEADER_MAX || memcmp(h, "LPKSHHRH", 8) != 0)
		return err_input(err, EBADMSG, "%s is no journal file", Q(f->name));
	return 0;
}

static bool table_fits(const struct journal_file *f, uint64_t offset, uint64_t buckets)
{
	return buckets == 0 || (offset >= f->header_size + OBJECT_HEADER && offset < OFFSET_MAX &&
				buckets < OFFSET_MAX / BUCKET);
}

static int parse_header(struct journal_file *f, const uint8_t *h, struct err *err)
{
	uint32_t flags = le32_at(h + 12);

	if (flags & ~(uint32_t)INCOMPATIBLE_KNOWN)
		return err_input(err, EPROTONOSUPPORT,
				 "journal file %s is of a format that is newer than this program",
				 Q(f->name));
	f->keyed = flags & INCOMPATIBLE_KEYED;
	f->compact = flags & INCOMPATIBLE_COMPACT;
	f->state = h[16];
	memcpy(f->file_id, h + 24, 16);
	memcpy(f->machine_id, h + 40, 16);
	memcpy(f->seqnum_id, h + 72, 16);
	f->header_size = le64_at(h + 88);
	f->data_table = le64_at(h + 104);
	f->data_buckets = le64_at(h + 112) / BUCKET;
	f->field_table = le64_at(h + 120);
	f->field_buckets = le64_at(h + 128) / BUCKET;
	f->n_entries = le64_at(h + 152);
	f->tail_seqnum = le64_at(h + 160);
	f->head_seqnum = le64_at(h + 168);
	f->entries = le64_at(h + 176);
	f->head_usec = le64_at(h + 184);
	f->tail_usec = le64_at(h + 192);
	if (f->header_size < HEADER_MIN || f->header_size > OFFSET_MAX ||
	    !table_fits(f, f->data_table, f->data_buckets) ||
	    !table_fits(f, f->field_table, f->field_buckets))
		return damaged(f, 0, "the header cannot be right", err);
	return 0;
}

int journal_file_refresh(struct journal_file *file, struct err *err)
{
	uint8_t header[HEADER_MAX];
	int r;

	for (size_t i = 0; i < JOURNAL_FILE_WINDOWS; i++)
		file->windows[i].start = UINT64_MAX;
	r = read_header(file, header, err);
	return r < 0 ? r : parse_header(file, header, err);
}

void journal_file_free(struct journal_file **file)
{
	struct journal_file *f = *file;

	if (!f)
		return;
	closep(&f->fd);
	for (size_t i = 0; i < JOURNAL_FILE_WINDOWS; i++)
		free(f->windows[i].data);
	free(f->scratch);
	free(f->items);
	free(f);
	*file = NULL;
}

int journal_file_take(int fd, const char *name, struct journal_file **ret, struct err *err)
{
	_cleanup_close_ int owned = fd;
	_cleanup_journal_file_ struct journal_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_oom(err);
	f->fd = take_fd(&owned);
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->items = calloc(JOURNAL_FILE_ITEMS_MAX, sizeof(*f->items));
	if (!f->items)
		return err_oom(err);
	r = journal_file_refresh(f, err);
	if (r == 0)
		*ret = take_ptr(f);
	return r;
}

int journal_file_open(int dirfd, const char *name, struct journal_file **ret, struct err *err)
{
	struct stat st;
	int fd = -1, r;

	r = file_open(dirfd, name, &fd, &st, err);
	return r < 0 ? r : journal_file_take(fd, name, ret, err);
}

/* ---- entries ---- */

int journal_file_entry(struct journal_file *file, uint64_t offset, struct journal_entry *ret,
		       struct err *err)
{
	size_t each = file->compact ? 4 : 16;
	const uint8_t *p = NULL;
	uint64_t size = 0;
	int r;

	r = object_at(file, offset, OBJECT_ENTRY, ENTRY_HEADER, &p, &size, err);
	if (r < 0)
		return r;
	*ret = (struct journal_entry){ .offset = offset,
				       .seqnum = le64_at(p + ENTRY_SEQNUM),
				       .realtime = le64_at(p + ENTRY_REALTIME),
				       .monotonic = le64_at(p + ENTRY_MONOTONIC),
				       .xor_hash = le64_at(p + ENTRY_XOR_HASH),
				       .items = file->items,
				       .n = (size - ENTRY_HEADER) / each };
	memcpy(ret->boot_id, p + ENTRY_BOOT_ID, sizeof(ret->boot_id));
	if (ret->n > JOURNAL_FILE_ITEMS_MAX)
		return damaged(file, offset, "an entry of more fields than there can be", err);
	if (ret->n == 0)
		return 0;
	r = bytes_at(file, offset + ENTRY_HEADER, ret->n * each, &p, err);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		file->items[i] = file->compact ? le32_at(p + 4 * i) : le64_at(p + 16 * i);
	return r;
}

struct journal_walk journal_walk_all(const struct journal_file *file)
{
	return (struct journal_walk){ .array = file->entries, .left = file->n_entries };
}

int journal_walk_of(struct journal_file *file, uint64_t data, struct journal_walk *ret,
		    struct err *err)
{
	const uint8_t *p = NULL;
	uint64_t size = 0;
	int r;

	r = object_at(file, data, OBJECT_DATA, DATA_HEADER, &p, &size, err);
	if (r < 0)
		return r;
	*ret = (struct journal_walk){ .first = le64_at(p + DATA_ENTRY),
				      .array = le64_at(p + DATA_ARRAY),
				      .left = le64_at(p + DATA_N_ENTRIES) };
	return 0;
}

/* Where the entry array at walk->array is read for the first time: how long it is. */
static int enter_array(struct journal_file *f, struct journal_walk *w, struct err *err)
{
	const uint8_t *p = NULL;
	uint64_t size = 0;
	int r;

	r = object_at(f, w->array, OBJECT_ENTRY_ARRAY, ARRAY_HEADER, &p, &size, err);
	if (r == 0)
		w->n = (size - ARRAY_HEADER) / (f->compact ? 4 : 8);
	return r;
}

static int leave_array(struct journal_file *f, struct journal_walk *w, struct err *err)
{
	const uint8_t *p = NULL;
	uint64_t size = 0, next;
	int r;

	r = object_at(f, w->array, OBJECT_ENTRY_ARRAY, ARRAY_HEADER, &p, &size, err);
	if (r < 0)
		return r;
	next = le64_at(p + ARRAY_NEXT);
	/* journald appends: what leads back is a circle. */
	if (next != 0 && next <= w->array)
		return damaged(f, w->array, "a list of entries that leads back", err);
	w->array = next;
	w->i = w->n = 0;
	return 0;
}

static int next_of_arrays(struct journal_file *f, struct journal_walk *w, uint64_t *ret,
			  struct err *err)
{
	size_t each = f->compact ? 4 : 8;
	const uint8_t *p = NULL;
	int r = 0;

	if (w->n > 0 && w->i >= w->n)
		r = leave_array(f, w, err);
	if (r == 0 && w->array != 0 && w->n == 0)
		r = enter_array(f, w, err);
	if (r < 0 || w->array == 0 || w->n == 0)
		return r;
	r = bytes_at(f, w->array + ARRAY_HEADER + w->i * each, each, &p, err);
	if (r < 0)
		return r;
	*ret = f->compact ? le32_at(p) : le64_at(p);
	w->i++;
	return *ret != 0; /* 0: the part that is not used yet */
}

int journal_walk_next(struct journal_file *file, struct journal_walk *walk, uint64_t *ret_offset,
		      struct err *err)
{
	int r;

	if (walk->left == 0)
		return 0;
	walk->left--;
	if (walk->first != 0) {
		*ret_offset = walk->first;
		walk->first = 0;
		return 1;
	}
	r = next_of_arrays(file, walk, ret_offset, err);
	if (r <= 0)
		walk->left = 0;
	return r;
}

/* ---- values ---- */

int journal_file_data(struct journal_file *file, uint64_t offset, size_t most,
		      struct journal_data *ret, struct err *err)
{
	size_t header = file->compact ? DATA_HEADER_COMPACT : DATA_HEADER;
	const uint8_t *p = NULL;
	uint64_t size = 0;
	uint8_t flags;
	int r;

	r = object_at(file, offset, OBJECT_DATA, header, &p, &size, err);
	if (r < 0)
		return r;
	flags = p[AT_FLAGS] & 7;
	*ret = (struct journal_data){ .offset = offset,
				      .hash = le64_at(p + DATA_HASH),
				      .next_field = le64_at(p + DATA_NEXT_FIELD),
				      .n_entries = le64_at(p + DATA_N_ENTRIES),
				      .compression = flags & 4   ? JOURNAL_ZSTD
						     : flags & 2 ? JOURNAL_LZ4
						     : flags & 1 ? JOURNAL_XZ
								 : JOURNAL_PLAIN,
				      .size = size - header };
	/* New values are put before the older ones of their field. */
	if (ret->next_field >= offset)
		return damaged(file, offset, "a list of values that leads back", err);
	if (most > JOURNAL_FILE_PAYLOAD_MAX)
		most = JOURNAL_FILE_PAYLOAD_MAX;
	ret->len = ret->size < most ? (size_t)ret->size : most;
	ret->payload = "";
	if (ret->len == 0)
		return 0;
	r = bytes_at(file, offset + header, ret->len, &p, err);
	ret->payload = (const char *)p;
	return r;
}

static bool is_payload(const struct journal_data *d, const char *text, size_t len)
{
	return d->compression == JOURNAL_PLAIN && d->size == len && d->len == len &&
	       memcmp(d->payload, text, len) == 0;
}

static int find_hashed(struct journal_file *f, const char *text, size_t len, uint64_t *ret,
		       struct err *err)
{
	uint64_t hash = siphash24(f->file_id, text, len), at, next;
	bool compressed = false;
	const uint8_t *p = NULL;
	int r;

	if (f->data_buckets == 0)
		return 0;
	r = bytes_at(f, f->data_table + hash % f->data_buckets * BUCKET, BUCKET, &p, err);
	for (at = r < 0 ? 0 : le64_at(p); r == 0 && at != 0; at = next) {
		struct journal_data d = { 0 };
		uint64_t size = 0;

		r = object_at(f, at, OBJECT_DATA, DATA_HEADER, &p, &size, err);
		if (r < 0)
			return r;
		next = le64_at(p + DATA_NEXT_HASH);
		if (next != 0 && next <= at)
			return damaged(f, at, "a list of values that leads back", err);
		if (le64_at(p + DATA_HASH) != hash)
			continue;
		r = journal_file_data(f, at, len, &d, err);
		if (r == 0 && is_payload(&d, text, len)) {
			*ret = at;
			return 1;
		}
		compressed = compressed || d.compression != JOURNAL_PLAIN;
	}
	if (r == 0 && compressed)
		return err_input(err, EOPNOTSUPP, "journal file %s: a value is compressed",
				 Q(f->name));
	return r;
}

static int find_walking(struct journal_file *f, const char *text, size_t len, uint64_t *ret,
			struct err *err)
{
	const char *equals = memchr(text, '=', len);
	char field[65];
	uint64_t at = 0;
	int r;

	if (!equals || (size_t)(equals - text) >= sizeof(field))
		return 0;
	(void)snprintf(field, sizeof(field), "%.*s", (int)(equals - text), text);
	r = journal_file_newest(f, field, &at, err);
	for (size_t i = 0; r > 0 && at != 0 && i < WALK_MAX; i++) {
		struct journal_data d = { 0 };

		r = journal_file_data(f, at, len, &d, err);
		if (r < 0)
			return r;
		if (is_payload(&d, text, len)) {
			*ret = at;
			return 1;
		}
		at = d.next_field;
		r = 1;
	}
	return r < 0 ? r : 0;
}

int journal_file_find(struct journal_file *file, const char *text, size_t len, uint64_t *ret_offset,
		      struct err *err)
{
	return file->keyed ? find_hashed(file, text, len, ret_offset, err)
			   : find_walking(file, text, len, ret_offset, err);
}

/* The field objects of one bucket. */
static int newest_in(struct journal_file *f, uint64_t at, const char *field, uint64_t *ret,
		     struct err *err)
{
	size_t len = strlen(field);
	uint64_t next, head;

	for (; at != 0; at = next) {
		const uint8_t *p = NULL;
		uint64_t size = 0;
		int r;

		r = object_at(f, at, OBJECT_FIELD, FIELD_HEADER, &p, &size, err);
		if (r < 0)
			return r;
		next = le64_at(p + FIELD_NEXT_HASH);
		head = le64_at(p + FIELD_HEAD_DATA);
		if (next != 0 && next <= at)
			return damaged(f, at, "a list of fields that leads back", err);
		if (size - FIELD_HEADER != len)
			continue;
		r = bytes_at(f, at + FIELD_HEADER, len, &p, err);
		if (r < 0)
			return r;
		if (memcmp(p, field, len) != 0)
			continue;
		*ret = head;
		return head != 0;
	}
	return 0;
}

/* Fields are few, and the hash is another one in files without keys: all buckets are looked at. */
#define FIELD_BUCKETS_MAX 65536

int journal_file_newest(struct journal_file *file, const char *field, uint64_t *ret_offset,
			struct err *err)
{
	uint64_t buckets = file->field_buckets, first = 0;
	int r = 0;

	if (file->keyed && buckets > 0) {
		first = siphash24(file->file_id, field, strlen(field)) % buckets;
		buckets = first + 1;
	}
	if (buckets - first > FIELD_BUCKETS_MAX)
		return damaged(file, file->field_table, "a table of fields that is too large", err);
	for (uint64_t i = first; r == 0 && i < buckets; i++) {
		const uint8_t *p = NULL;

		r = bytes_at(file, file->field_table + i * BUCKET, BUCKET, &p, err);
		if (r == 0)
			r = newest_in(file, le64_at(p), field, ret_offset, err);
	}
	return r;
}

/* ---- an entry of several values ---- */

#define FIELDS_MAX 8

static bool has_items(const struct journal_entry *e, const uint64_t wanted[], size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t i = 0;

		while (i < e->n && e->items[i] != wanted[k])
			i++;
		if (i == e->n)
			return false;
	}
	return true;
}

int journal_file_has(struct journal_file *file, const char *const fields[], size_t n,
		     struct err *err)
{
	uint64_t wanted[FIELDS_MAX] = { 0 }, at = 0;
	struct journal_walk walk = { 0 };
	int r;

	if (n == 0 || n > FIELDS_MAX)
		return err_system(err, EINVAL, "%zu fields to look for", n);
	for (size_t i = 0; i < n; i++) {
		r = journal_file_find(file, fields[i], strlen(fields[i]), &wanted[i], err);
		if (r <= 0)
			return r;
	}
	r = journal_walk_of(file, wanted[0], &walk, err);
	for (size_t i = 0; r == 0 && i < ENTRIES_MAX; i++) {
		struct journal_entry e = { 0 };
		struct err ignored = { 0 };

		r = journal_walk_next(file, &walk, &at, err);
		if (r <= 0)
			return r;
		r = 0;
		if (journal_file_entry(file, at, &e, &ignored) == 0 && has_items(&e, wanted, n))
			return 1;
	}
	return r;
}
