/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one record in the ledger.
 *
 * MUST give every value with its length: a line feed in one must never begin a field.
 * MUST NOT believe a length before it is known to fit.
 */
#include "audit/entry.h"

#include <endian.h>
#include <errno.h>
#include "audit/stamp.h"

#define MONOTONIC_START "__MONOTONIC_TIMESTAMP="
#define BOOT_ID_START   "_BOOT_ID="

const char entry_hash_none[SHA256_HEX] =
	"0000000000000000000000000000000000000000000000000000000000000000";

bool view_is(const struct view *view, const char *name)
{
	return view->name_len == strlen(name) && memcmp(view->name, name, view->name_len) == 0;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int c = n > 0 ? memcmp(a, b, n) : 0;

	if (c != 0)
		return c;
	return (a_len > b_len) - (a_len < b_len);
}

static int compare_views(const struct view *a, const struct view *b)
{
	int c = compare_bytes(a->name, a->name_len, b->name, b->name_len);

	return c != 0 ? c : compare_bytes(a->value, a->len, b->value, b->len);
}

/* A record has some forty fields, mostly in order already; and qsort() may allocate. */
static void sort_views(struct view *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct view one = v[i];
		size_t j = i;

		for (; j > 0 && compare_views(&v[j - 1], &one) > 0; j--)
			v[j] = v[j - 1];
		v[j] = one;
	}
}

static void put(struct buf *out, const char *name, size_t name_len, const char *value, size_t len)
{
	uint64_t le = htole64(len);

	buf_add(out, name, name_len);
	/* systemd-journal-remote takes no field with a length of zero. */
	if (len == 0) {
		buf_adds(out, "=\n");
		return;
	}
	buf_addc(out, '\n');
	buf_add(out, &le, sizeof(le));
	buf_add(out, value, len);
	buf_addc(out, '\n');
}

void entry_put_field(struct buf *out, const char *name, const char *value, size_t len)
{
	put(out, name, strlen(name), value, len);
}

static void puts_field(struct buf *out, const char *name, const char *value)
{
	put(out, name, strlen(name), value, strlen(value));
}

static const struct view *find(const struct view *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (view_is(&v[i], name))
			return &v[i];
	return NULL;
}

static bool is_made_of(const struct view *v, const char *bytes, size_t min, size_t max)
{
	if (!v || v->len < min || v->len > max)
		return false;
	for (size_t i = 0; i < v->len; i++)
		if (!v->value[i] || !strchr(bytes, v->value[i]))
			return false;
	return true;
}

/* The three lines that systemd-journal-remote takes an entry's time and boot from. */
static int put_head(struct buf *out, const struct view *v, size_t n, struct err *err)
{
	const struct view *time = find(v, n, "COAMING_TIME");
	const struct view *monotonic = find(v, n, "COAMING_MONOTONIC_USEC");
	const struct view *boot = find(v, n, "COAMING_BOOT_ID");
	uint64_t usec;

	if (!time || stamp_parse(time->value, time->len, &usec) < 0 ||
	    !is_made_of(monotonic, "0123456789", 1, 20) ||
	    !is_made_of(boot, "0123456789abcdef", 32, 32))
		return err_system(err, EINVAL, "the record has no time of its own");
	buf_addf(out, ENTRY_START "%llu\n" MONOTONIC_START, (unsigned long long)usec);
	buf_add(out, monotonic->value, monotonic->len);
	buf_adds(out, "\n" BOOT_ID_START);
	buf_add(out, boot->value, boot->len);
	buf_addc(out, '\n');
	return 0;
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)value);
	puts_field(out, name, number);
}

static int put_canonical(struct buf *out, struct view *v, size_t n, uint64_t seq, const char *prev,
			 uint64_t epoch, struct err *err)
{
	int r;

	sort_views(v, n);
	r = put_head(out, v, n, err);
	if (r < 0)
		return r;
	if (seq > 0) {
		put_number(out, "COAMING_SEQ", seq);
		puts_field(out, "COAMING_PREV", prev);
	}
	if (epoch > 0)
		put_number(out, "COAMING_KEY_EPOCH", epoch);
	for (size_t i = 0; i < n; i++)
		put(out, v[i].name, v[i].name_len, v[i].value, v[i].len);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

static int write_views(struct buf *out, struct view *v, size_t n, const struct chain_link *place,
		       char ret_hash[SHA256_HEX], struct err *err)
{
	const bool keyed = place && place->seq > 0 && place->key && place->key->epoch > 0;
	size_t start = out->len, hashed;
	char mac[SHA256_HEX];
	int r;

	r = put_canonical(out, v, n, place ? place->seq : 0, place ? place->prev : NULL,
			  keyed ? place->key->epoch : 0, err);
	if (r < 0)
		return r;
	hashed = out->len - start;
	sha256_hex1(ret_hash, out->data + start, hashed);
	if (keyed)
		hmac_sha256_hex(mac, place->key->bytes, out->data + start, hashed);
	puts_field(out, "COAMING_HASH", ret_hash);
	if (keyed)
		puts_field(out, "COAMING_MAC", mac);
	buf_addc(out, '\n');
	return buf_status(out) < 0 ? err_oom(err) : 0;
}

static void add_view(struct view *v, size_t *n, const char *name, const char *value)
{
	v[(*n)++] = (struct view){ name, strlen(name), value, strlen(value) };
}

int entry_write(struct buf *out, const struct record *record, const struct chain_link *place,
		const char *spool, char ret_hash[SHA256_HEX], struct err *err)
{
	_cleanup_free_ struct view *v = calloc(record->n + 2, sizeof(*v));
	size_t n = record->n;

	if (!v)
		return err_oom(err);
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &record->fields[i];

		v[i] = (struct view){ f->name, strlen(f->name), f->value, f->len };
	}
	if (!place || place->seq == 0) {
		add_view(v, &n, "COAMING_UNCHAINED", "1");
		if (spool)
			add_view(v, &n, "COAMING_SPOOL", spool);
	}
	return write_views(out, v, n, place, ret_hash, err);
}

static bool is_of_the_chain(const struct view *f)
{
	static const char *const names[] = { "COAMING_SEQ", "COAMING_PREV", "COAMING_KEY_EPOCH",
					     "COAMING_HASH", "COAMING_MAC" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (view_is(f, names[i]))
			return true;
	return false;
}

/* Its fields but those of the chain, in a list of its own. */
static struct view *copy_views(const struct entry *e, size_t *ret_n)
{
	struct view *v = calloc(e->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < e->n; i++)
		if (!is_of_the_chain(&e->fields[i]))
			v[n++] = e->fields[i];
	*ret_n = n;
	return v;
}

int entry_chain(struct buf *out, const struct entry *waiting, const struct chain_link *place,
		char ret_hash[SHA256_HEX], struct err *err)
{
	size_t n;
	_cleanup_free_ struct view *v = copy_views(waiting, &n);

	return v ? write_views(out, v, n, place, ret_hash, err) : err_oom(err);
}

int entry_canonical(struct buf *out, const struct entry *entry, struct err *err)
{
	size_t n;
	_cleanup_free_ struct view *v = copy_views(entry, &n);

	if (!v)
		return err_oom(err);
	return put_canonical(out, v, n, entry->seq, entry->prev, entry->epoch, err);
}

/* What is left of the text, while it is read. */
struct rest {
	const char *p;
	size_t len;
};

static void skip(struct rest *rest, size_t n)
{
	rest->p += n;
	rest->len -= n;
}

static enum entry_state take_literal(struct rest *rest, const char *text)
{
	size_t n = strlen(text);

	if (memcmp(rest->p, text, n < rest->len ? n : rest->len) != 0)
		return ENTRY_BAD;
	if (rest->len < n)
		return ENTRY_PARTIAL;
	skip(rest, n);
	return ENTRY_WHOLE;
}

/* "PREFIX" and a short value up to its line feed. */
static enum entry_state take_line(struct rest *rest, const char *prefix, const char *bytes,
				  size_t max, struct view *ret)
{
	enum entry_state s = take_literal(rest, prefix);
	size_t n = 0;

	if (s != ENTRY_WHOLE)
		return s;
	while (n < rest->len && n <= max && rest->p[n] && strchr(bytes, rest->p[n]))
		n++;
	*ret = (struct view){ NULL, 0, rest->p, n };
	if (n == rest->len)
		return n <= max ? ENTRY_PARTIAL : ENTRY_BAD;
	if (n == 0 || n > max || rest->p[n] != '\n')
		return ENTRY_BAD;
	skip(rest, n + 1);
	return ENTRY_WHOLE;
}

static bool to_u64(const struct view *v, uint64_t *ret)
{
	uint64_t n = 0;

	if (!is_made_of(v, "0123456789", 1, 20))
		return false;
	for (size_t i = 0; i < v->len; i++)
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(v->value[i] - '0'), &n))
			return false;
	*ret = n;
	return true;
}

/* Up to the '=' of an empty value, or the line feed of any other. */
static enum entry_state take_name(struct rest *rest, struct view *ret)
{
	size_t n = 0;

	while (n < rest->len && n <= FIELD_NAME_MAX && rest->p[n] != '\n' && rest->p[n] != '=')
		n++;
	if (n == rest->len)
		return n <= FIELD_NAME_MAX ? ENTRY_PARTIAL : ENTRY_BAD;
	if (!field_name_is_valid(rest->p, n))
		return ENTRY_BAD;
	*ret = (struct view){ rest->p, n, rest->p + n, 0 };
	skip(rest, n);
	return ENTRY_WHOLE;
}

static enum entry_state take_field(struct rest *rest, struct view *ret)
{
	enum entry_state s = take_name(rest, ret);
	uint64_t le;

	if (s != ENTRY_WHOLE)
		return s;
	if (rest->p[0] == '=')
		return take_literal(rest, "=\n");
	skip(rest, 1);
	if (rest->len < sizeof(le))
		return ENTRY_PARTIAL;
	memcpy(&le, rest->p, sizeof(le));
	skip(rest, sizeof(le));
	le = le64toh(le);
	if (le == 0 || le > FIELD_VALUE_MAX)
		return ENTRY_BAD;
	if (rest->len < le + 1)
		return ENTRY_PARTIAL;
	ret->value = rest->p;
	ret->len = le;
	if (rest->p[le] != '\n')
		return ENTRY_BAD;
	skip(rest, le + 1);
	return ENTRY_WHOLE;
}

/* The chain's own fields, at the only places where they may stand. */
static bool note_place(struct entry *e, const struct view *f)
{
	if (view_is(f, "COAMING_SEQ"))
		return e->n == 0 && to_u64(f, &e->seq) && e->seq > 0 && e->seq <= ENTRY_SEQ_MAX;
	if (view_is(f, "COAMING_KEY_EPOCH"))
		return e->n == 2 && e->seq > 0 && to_u64(f, &e->epoch) && e->epoch > 0;
	if (!view_is(f, "COAMING_PREV"))
		return e->n != 1 || e->seq == 0; /* after COAMING_SEQ comes COAMING_PREV */
	if (e->n != 1 || e->seq == 0 || !is_made_of(f, "0123456789abcdef", 64, 64))
		return false;
	memcpy(e->prev, f->value, f->len);
	e->prev[f->len] = '\0';
	return true;
}

static bool note_hash(struct entry *e, const struct view *f)
{
	char hash[SHA256_HEX];

	if (!is_made_of(f, "0123456789abcdef", SHA256_HEX - 1, SHA256_HEX - 1))
		return false;
	memcpy(e->hash, f->value, f->len);
	e->hash[f->len] = '\0';
	e->hashed = (size_t)(f->name - e->text);
	sha256_hex1(hash, e->text, e->hashed);
	e->hash_fits = streq(hash, e->hash);
	return true;
}

/* A code for an epoch, and none without; after it nothing may come. */
static bool note_mac(struct entry *e, const struct view *f)
{
	if (!view_is(f, "COAMING_MAC") || e->epoch == 0 || e->mac[0] ||
	    !is_made_of(f, "0123456789abcdef", SHA256_HEX - 1, SHA256_HEX - 1))
		return false;
	memcpy(e->mac, f->value, f->len);
	e->mac[f->len] = '\0';
	return true;
}

static enum entry_state take_fields(struct rest *rest, struct entry *e)
{
	bool hashed = false;

	for (;;) {
		struct view f;
		enum entry_state s;

		if (rest->len == 0)
			return ENTRY_PARTIAL;
		if (rest->p[0] == '\n')
			return hashed && (e->epoch > 0) == (e->mac[0] != '\0') ? ENTRY_WHOLE
									       : ENTRY_BAD;
		if (e->n >= ENTRY_FIELDS_MAX)
			return ENTRY_BAD;
		s = take_field(rest, &f);
		if (s != ENTRY_WHOLE)
			return s;
		/* What comes after the hash is not covered by it: only the code over the same may.
		 */
		if (hashed ? !note_mac(e, &f) : !note_place(e, &f))
			return ENTRY_BAD;
		if (view_is(&f, "COAMING_HASH")) {
			if (!note_hash(e, &f))
				return ENTRY_BAD;
			hashed = true;
		}
		e->fields[e->n++] = f;
	}
}

enum entry_state entry_read(const char *text, size_t len, struct entry *ret)
{
	struct rest rest = { text, len };
	struct view realtime, monotonic, boot;
	enum entry_state s;

	ret->text = text;
	ret->seq = 0;
	ret->n = 0;
	ret->epoch = 0;
	ret->prev[0] = ret->hash[0] = ret->mac[0] = '\0';
	s = take_line(&rest, ENTRY_START, "0123456789", 20, &realtime);
	if (s == ENTRY_WHOLE)
		s = take_line(&rest, MONOTONIC_START, "0123456789", 20, &monotonic);
	if (s == ENTRY_WHOLE)
		s = take_line(&rest, BOOT_ID_START, "0123456789abcdef", 32, &boot);
	if (s != ENTRY_WHOLE)
		return s;
	if (!to_u64(&realtime, &ret->usec))
		return ENTRY_BAD;
	ret->body = len - rest.len;
	s = take_fields(&rest, ret);
	if (s != ENTRY_WHOLE)
		return s;
	ret->body_end = len - rest.len;
	ret->size = ret->body_end + 1;
	return ENTRY_WHOLE;
}

enum entry_state entry_parse(const char *text, size_t len, struct entry *ret)
{
	enum entry_state s = entry_read(text, len, ret);

	return s == ENTRY_WHOLE && !ret->hash_fits ? ENTRY_BAD : s;
}

const struct view *entry_get(const struct entry *entry, const char *name)
{
	return find(entry->fields, entry->n, name);
}

bool entry_is(const struct entry *entry, const char *name, const char *value)
{
	const struct view *v = entry_get(entry, name);

	return v && v->len == strlen(value) && memcmp(v->value, value, v->len) == 0;
}

bool entry_get_u64(const struct entry *entry, const char *name, uint64_t *ret)
{
	return to_u64(entry_get(entry, name), ret);
}
