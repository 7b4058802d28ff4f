/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read decisions back.
 *
 * MUST NOT show an entry of the journal as a decision where the ledger does not have it.
 */
#include "audit/query.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <systemd/sd-journal.h>
#include "audit/segment.h"
#include "audit/sighting.h"
#include "audit/stamp.h"
#include "lib/file.h"

/* Shorter than that a name is more likely than an id. */
#define ID_PREFIX_MIN 3
/* Entries of the journal that the ledger does not have; more are counted and not shown. */
#define UNVERIFIED_MAX 100000
/* Equal in every record of ours; the journal has an index of it. */
#define SCHEMA_MATCH "COAMING_SCHEMA=1"

static const char *const trusts[] = {
	[TRUST_FOREIGN] = "foreign", [TRUST_UNVERIFIED] = "unverified", [TRUST_JOURNAL] = "journal",
	[TRUST_CHAINED] = "chained", [TRUST_WAITING] = "waiting",       [TRUST_LEDGER] = "ledger",
};
static_assert(ARRAY_SIZE(trusts) == TRUSTS_, "a name for each");

const char *trust_name(enum trust trust)
{
	return trusts[trust];
}

/* What the ledger has, in the order of SEQ. */
struct known {
	struct known_one {
		uint64_t seq;
		char hash[SHA256_HEX - 1];
	} * v;
	size_t n, size;
};

/* An entry that is not the ledger's, with its own copy of the bytes. */
struct other {
	enum trust trust;
	struct entry *entry;
	char *data;
};

/* An entry of before the ledger's beginning: who names whom. Half a hash is no easier to forge than
 * a key of 128 bits is to guess. */
#define HALF 16
struct earlier {
	struct earlier_one {
		uint64_t seq;
		uint8_t hash[HALF], prev[HALF];
	} * v;
	size_t n, size;
};
#define EARLIER_MAX ((size_t)1 << 19)

struct run {
	const struct query *query;
	query_fn *fn;
	void *arg;
	int dirfd;
	struct known known;
	struct earlier earlier;
	uint8_t first_prev[HALF]; /* what the ledger's first record names */
	struct buf scratch;
	struct other *others; /* by time */
	size_t n_others, shown;
	struct query_notes notes;
	/* Where the chain is, while the ledger is read. */
	uint64_t seq;
	char hash[SHA256_HEX];
};

static void run_done(struct run *run)
{
	for (size_t i = 0; i < run->n_others; i++) {
		free(run->others[i].entry);
		free(run->others[i].data);
	}
	free(run->others);
	free(run->known.v);
	free(run->earlier.v);
	buf_done(&run->scratch);
	closep(&run->dirfd);
}

/* "NAMESPACE/POD" or "NAMESPACE/POD/CONTAINER" */
static bool is_of_pod(const struct entry *e, const char *wanted)
{
	static const char *const fields[] = { "COAMING_POD_NAMESPACE", "COAMING_POD",
					      "COAMING_POD_CONTAINER" };
	size_t i = 0;

	for (; i < ARRAY_SIZE(fields); i++) {
		const struct view *v = entry_get(e, fields[i]);
		size_t len = strcspn(wanted, "/");

		if (len == 0 || !v || v->len != len || memcmp(v->value, wanted, len) != 0)
			return false;
		wanted += len;
		if (*wanted == '\0')
			return i > 0;
		wanted++;
	}
	return false;
}

static bool is_container(const struct entry *e, const char *wanted)
{
	const struct view *id = entry_get(e, "CONTAINER_ID_FULL");
	size_t len = strlen(wanted);

	if (entry_is(e, "CONTAINER_NAME", wanted) || is_of_pod(e, wanted))
		return true;
	return id && len >= ID_PREFIX_MIN && len <= id->len && memcmp(id->value, wanted, len) == 0;
}

static bool has_value(const struct entry *e, const char *name, const char *wanted)
{
	size_t name_len = strlen(name), len = strlen(wanted);

	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (v->name_len == name_len && memcmp(v->name, name, name_len) == 0 &&
		    v->len == len && memcmp(v->value, wanted, len) == 0)
			return true;
	}
	return false;
}

static bool same_field(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

static bool is_match(const struct entry *e, const char *match)
{
	size_t name_len = strcspn(match, "=");
	const char *value = match[name_len] ? match + name_len + 1 : "";

	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (v->name_len == name_len && memcmp(v->name, match, name_len) == 0 &&
		    v->len == strlen(value) && memcmp(v->value, value, v->len) == 0)
			return true;
	}
	return false;
}

/* One of those of a field, and that of each field, as in journalctl(1). */
static bool fits_matches(const struct query *q, const struct entry *e)
{
	for (size_t i = 0; i < q->n_matches; i++) {
		bool any = false;

		for (size_t k = 0; k < q->n_matches && !any; k++)
			any = same_field(q->matches[i], q->matches[k]) &&
			      is_match(e, q->matches[k]);
		if (!any)
			return false;
	}
	return true;
}

static bool is_wanted(const struct query *q, const struct entry *e)
{
	return e->usec >= q->since_usec && (q->until_usec == 0 || e->usec <= q->until_usec) &&
	       (!q->container || is_container(e, q->container)) &&
	       (!q->profile || has_value(e, "COAMING_PROFILE", q->profile)) &&
	       (!q->outcome || has_value(e, "COAMING_OUTCOME", q->outcome)) &&
	       (!q->event || has_value(e, "COAMING_EVENT", q->event)) && fits_matches(q, e);
}

static int remember(struct known *known, const struct entry *e, struct err *err)
{
	struct known_one *one;

	if (known->n == known->size) {
		size_t size = known->size ? 2 * known->size : 1024;

		one = reallocarray(known->v, size, sizeof(*one));
		if (!one)
			return err_oom(err);
		known->v = one;
		known->size = size;
	}
	one = &known->v[known->n++];
	one->seq = e->seq;
	memcpy(one->hash, e->hash, sizeof(one->hash));
	return 0;
}

static bool knows(const struct known *known, uint64_t seq, const struct view *hash)
{
	size_t low = 0, high = known->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (known->v[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < known->n && known->v[low].seq == seq && hash &&
	       hash->len == sizeof(known->v[low].hash) &&
	       memcmp(hash->value, known->v[low].hash, hash->len) == 0;
}

typedef int each_fn(struct run *run, const struct entry *e, struct err *err);

/* Read one segment from `at`; *at is then its end. */
static int read_segment(struct run *run, uint64_t segment, uint64_t *at, each_fn *each,
			struct err *err)
{
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	struct err bad = { 0 };
	uint64_t size;
	int r;

	r = segment_open(run->dirfd, segment, O_RDONLY, &fd, &size, err);
	r = r < 0 ? r : cursor_new(fd, *at, &c, err);
	if (r < 0)
		return r;
	while ((r = cursor_next(c, &bad)) > 0) {
		*at = c->at;
		r = each(run, &c->entry, err);
		if (r != 0)
			return r;
	}
	if (r < 0 && r != -EBADMSG) {
		*err = bad;
		return r;
	}
	/* The end may be a record that is being written just now: only the next segment tells. */
	run->notes.damaged += r < 0;
	return 0;
}

static int read_ledger(struct run *run, struct position *at, each_fn *each, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	int r = 0;

	if (run->dirfd >= 0)
		r = survey_read(run->dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_segments; i++) {
		if (s.segments[i] < at->segment)
			continue;
		if (s.segments[i] > at->segment)
			at->end = 0;
		at->segment = s.segments[i];
		r = read_segment(run, at->segment, &at->end, each, err);
	}
	return r;
}

static int note_known(struct run *run, const struct entry *e, struct err *err)
{
	if (run->known.n == 0)
		(void)hex_decode(run->first_prev, HALF, e->prev, 2 * HALF);
	return remember(&run->known, e, err);
}

static int compare_known(const void *a, const void *b)
{
	const struct known_one *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static int compare_others(const void *a, const void *b)
{
	const struct other *x = a, *y = b;

	return (x->entry->usec > y->entry->usec) - (x->entry->usec < y->entry->usec);
}

/* Takes data and entry over, whose views point into data. */
static int add_other(struct run *run, enum trust trust, char **data, struct entry **entry,
		     struct err *err)
{
	struct other *grown;

	if (run->n_others >= UNVERIFIED_MAX)
		return 0;
	if ((run->n_others & (run->n_others - 1)) == 0) {
		size_t size = run->n_others ? 2 * run->n_others : 1;

		grown = reallocarray(run->others, size, sizeof(*grown));
		if (!grown)
			return err_oom(err);
		run->others = grown;
	}
	run->others[run->n_others++] = (struct other){ trust, take_ptr(*entry), take_ptr(*data) };
	return 0;
}

/* Records that found the ledger locked. */
static int read_waiting(struct run *run, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	int r = 0;

	if (run->dirfd >= 0)
		r = survey_read(run->dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_spools; i++) {
		_cleanup_free_ struct entry *e = malloc(sizeof(*e));
		_cleanup_free_ char *data = NULL;
		struct err gone = { 0 };
		size_t len;

		if (!e)
			return err_oom(err);
		/* One that has gone since was taken into the chain. */
		if (file_read(run->dirfd, s.spools[i], ENTRY_BYTES_MAX, &data, &len, &gone) < 0)
			continue;
		if (entry_parse(data, len, e) == ENTRY_WHOLE && is_wanted(run->query, e))
			r = add_other(run, TRUST_WAITING, &data, &e, err);
	}
	return r;
}

static void journal_closep(sd_journal **j)
{
	if (*j)
		sd_journal_close(*j);
}

static bool field_is(sd_journal *j, const char *name, const char *value)
{
	const void *data;
	size_t len, skip = strlen(name) + 1;

	return sd_journal_get_data(j, name, &data, &len) >= 0 && len == skip + strlen(value) &&
	       memcmp((const char *)data + skip, value, len - skip) == 0;
}

/* Copy the current entry's fields: libsystemd's are gone with the next one it is asked for. */
static int copy_fields(sd_journal *j, struct buf *data, struct entry *e)
{
	size_t at[ENTRY_FIELDS_MAX][2];
	const void *field;
	size_t len;
	int r;

	e->n = 0;
	SD_JOURNAL_FOREACH_DATA(j, field, len)
	{
		const char *equals = memchr(field, '=', len);

		if (!equals || e->n >= ENTRY_FIELDS_MAX ||
		    !field_name_is_valid(field, (size_t)(equals - (const char *)field)))
			continue;
		at[e->n][0] = data->len;
		at[e->n][1] = (size_t)(equals - (const char *)field);
		buf_add(data, field, len);
		e->fields[e->n++].len = len;
	}
	r = buf_status(data);
	for (size_t i = 0; i < e->n && r == 0; i++) {
		struct view *v = &e->fields[i];

		v->name = data->data + at[i][0];
		v->name_len = at[i][1];
		v->value = v->name + v->name_len + 1;
		v->len -= v->name_len + 1;
	}
	return r;
}

static int read_entry(sd_journal *j, struct entry *e, char **ret_data, struct err *err)
{
	_cleanup_buf_ struct buf data = { 0 };
	const struct view *time, *prev;

	*e = (struct entry){ 0 };
	if (copy_fields(j, &data, e) < 0)
		return err_oom(err);
	time = entry_get(e, "COAMING_TIME");
	if (!time || stamp_parse(time->value, time->len, &e->usec) < 0)
		(void)sd_journal_get_realtime_usec(j, &e->usec);
	if (!entry_get_u64(e, "COAMING_SEQ", &e->seq))
		e->seq = 0;
	if (!entry_get_u64(e, "COAMING_KEY_EPOCH", &e->epoch))
		e->epoch = 0;
	prev = entry_get(e, "COAMING_PREV");
	if (prev && prev->len == sizeof(e->prev) - 1)
		memcpy(e->prev, prev->value, prev->len);
	*ret_data = buf_take(&data);
	return *ret_data ? 0 : err_oom(err);
}

static bool half_of(uint8_t out[HALF], const struct view *hex)
{
	return hex && hex->len == SHA256_HEX - 1 && hex_decode(out, HALF, hex->value, 2 * HALF);
}

/* Remember it, where it is what it says: the chain is looked at when all are there. */
static int note_earlier(struct run *run, struct entry *e, struct err *err)
{
	const struct view *hash = entry_get(e, "COAMING_HASH"),
			  *prev = entry_get(e, "COAMING_PREV");
	struct earlier *v = &run->earlier;
	char is[SHA256_HEX];
	struct err bad = { 0 };

	if (e->seq == 0 || run->known.n == 0 || e->seq >= run->known.v[0].seq ||
	    v->n >= EARLIER_MAX || !hash || !prev || prev->len != SHA256_HEX - 1)
		return 0;
	run->scratch.len = 0;
	if (entry_canonical(&run->scratch, e, &bad) < 0)
		return 0;
	sha256_hex1(is, run->scratch.data, run->scratch.len);
	if (hash->len != SHA256_HEX - 1 || memcmp(is, hash->value, hash->len) != 0)
		return 0;
	if (v->n == v->size) {
		size_t size = v->size ? 2 * v->size : 1024;
		struct earlier_one *grown = reallocarray(v->v, size, sizeof(*grown));

		if (!grown)
			return err_oom(err);
		v->v = grown;
		v->size = size;
	}
	v->v[v->n].seq = e->seq;
	v->n += half_of(v->v[v->n].hash, hash) && half_of(v->v[v->n].prev, prev);
	return 0;
}

static int latest_first(const void *a, const void *b)
{
	const struct earlier_one *x = a, *y = b;

	return (x->seq < y->seq) - (x->seq > y->seq);
}

/* Of those that were remembered only what the ledger's beginning leads to stays, by descending SEQ.
 */
static void follow_earlier(struct run *run)
{
	struct earlier *v = &run->earlier;
	uint8_t next[HALF];
	size_t n = 0;

	if (v->n > 1)
		qsort(v->v, v->n, sizeof(*v->v), latest_first);
	memcpy(next, run->first_prev, HALF);
	for (size_t i = 0; i < v->n; i++) {
		if (memcmp(v->v[i].hash, next, HALF) != 0)
			continue;
		memcpy(next, v->v[i].prev, HALF);
		v->v[n++] = v->v[i];
	}
	v->n = n;
}

static bool is_chained(const struct run *run, const struct entry *e)
{
	size_t low = 0, high = run->earlier.n;
	uint8_t hash[HALF];

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (run->earlier.v[mid].seq > e->seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < run->earlier.n && run->earlier.v[low].seq == e->seq &&
	       half_of(hash, entry_get(e, "COAMING_HASH")) &&
	       memcmp(hash, run->earlier.v[low].hash, HALF) == 0;
}

/* What the ledger's beginning leads to is no claim of somebody's. */
static void judge_earlier(struct run *run)
{
	follow_earlier(run);
	for (size_t i = 0; i < run->n_others; i++) {
		struct other *o = &run->others[i];

		if (o->trust != TRUST_UNVERIFIED || !is_chained(run, o->entry))
			continue;
		o->trust = TRUST_CHAINED;
		run->notes.unverified--;
	}
}

static int judge_entry(struct run *run, sd_journal *j, struct err *err)
{
	_cleanup_free_ struct entry *e = malloc(sizeof(*e));
	_cleanup_free_ char *data = NULL;
	enum trust trust = TRUST_UNVERIFIED;
	int r;

	if (!field_is(j, "_TRANSPORT", "journal") || !field_is(j, "_UID", "0"))
		trust = TRUST_FOREIGN;
	if (!e)
		return err_oom(err);
	r = read_entry(j, e, &data, err);
	if (r < 0)
		return r;
	if (trust == TRUST_UNVERIFIED && e->seq > 0 &&
	    knows(&run->known, e->seq, entry_get(e, "COAMING_HASH")))
		return 0; /* the ledger shows it */
	if (trust == TRUST_UNVERIFIED) {
		r = note_earlier(run, e, err);
		if (r < 0)
			return r;
	}
	if (!is_wanted(run->query, e))
		return 0;
	run->notes.unverified += trust == TRUST_UNVERIFIED;
	run->notes.foreign += trust == TRUST_FOREIGN;
	if (trust == TRUST_FOREIGN && !run->query->all)
		return 0;
	return add_other(run, trust, &data, &e, err);
}

static int open_journal(const struct query *q, sd_journal **ret, struct err *err)
{
	int r;

	if (q->journal_dir)
		r = sd_journal_open_directory(ret, q->journal_dir, 0);
	else
		r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_ALL_NAMESPACES);
	if (r < 0)
		return err_errno(err, -r, "cannot read the journal");
	r = sd_journal_add_match(*ret, SCHEMA_MATCH, 0);
	if (r >= 0)
		r = sd_journal_set_data_threshold(*ret, 0);
	return r < 0 ? err_errno(err, -r, "cannot search the journal") : 0;
}

static int read_journal(struct run *run, struct err *err)
{
	_cleanup_(journal_closep) sd_journal *j = NULL;
	const struct query *q = run->query;
	int r;

	r = open_journal(q, &j, err);
	if (r < 0)
		return r;
	/* The journal's time is when an entry was received: not before it was made. */
	r = q->since_usec > 0 ? sd_journal_seek_realtime_usec(j, q->since_usec)
			      : sd_journal_seek_head(j);
	while (r >= 0 && (r = sd_journal_next(j)) > 0)
		r = judge_entry(run, j, err);
	return r < 0 ? err_errno(err, -r, "cannot read the journal") : 0;
}

static int show(struct run *run, enum trust trust, const struct entry *e, struct err *err)
{
	const struct found found = { trust, e };

	return run->fn(run->arg, &found, err);
}

static int show_others(struct run *run, uint64_t until_usec, struct err *err)
{
	int r = 0;

	while (r == 0 && run->shown < run->n_others &&
	       run->others[run->shown].entry->usec <= until_usec) {
		const struct other *o = &run->others[run->shown++];

		r = show(run, o->trust, o->entry, err);
	}
	return r;
}

/* A gap record says itself what is missing before it; anything else has to follow. */
static bool follows(const struct run *run, const struct entry *e)
{
	if (run->hash[0] == '\0')
		return true;
	if (entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)) &&
	    !entry_is(e, "COAMING_GAP_REASON", RECORD_GAP_UNADMITTED) && e->seq > run->seq)
		return true;
	return e->seq == run->seq + 1 && streq(e->prev, run->hash);
}

static int show_ledger(struct run *run, const struct entry *e, struct err *err)
{
	int r;

	run->notes.broken += !follows(run, e);
	run->seq = e->seq;
	memcpy(run->hash, e->hash, sizeof(run->hash));
	if (!is_wanted(run->query, e))
		return 0;
	r = show_others(run, e->usec, err);
	return r != 0 ? r : show(run, TRUST_LEDGER, e, err);
}

static int show_new(struct run *run, const struct entry *e, struct err *err)
{
	return is_wanted(run->query, e) ? show(run, TRUST_LEDGER, e, err) : 0;
}

/* What is not the ledger's, in the order of time. */
static int read_others(struct run *run, struct err *err)
{
	struct position at = { 0 };
	int r;

	r = read_waiting(run, err);
	if (r < 0 || run->query->without_journal)
		return r;
	r = read_ledger(run, &at, note_known, err);
	if (r < 0)
		return r;
	run->notes.damaged = 0; /* they are counted when they are shown */
	if (run->known.n > 1)
		qsort(run->known.v, run->known.n, sizeof(*run->known.v), compare_known);
	r = read_journal(run, &run->notes.journal);
	if (r == -ENOMEM)
		return err_oom(err);
	judge_earlier(run);
	return 0; /* without a journal the ledger still tells */
}

/* Where the chain ended before it was read; nothing where nobody can tell. */
static struct position remembered_end(int dirfd)
{
	_cleanup_close_ int fd = -1;
	enum head_state state = HEAD_MISSING;
	struct head head = { 0 };

	if (dirfd < 0 || head_load(dirfd, &fd, &head, &state, NULL) < 0 || state != HEAD_GOOD)
		return (struct position){ 0 };
	return head.last;
}

/* Records that were there cannot be read any more, though what is left looks whole. */
static bool falls_short(const struct position *end, const struct position *remembered)
{
	return end->segment < remembered->segment ||
	       (end->segment == remembered->segment && end->end < remembered->end);
}

int query_run(const struct query *query, query_fn *fn, void *arg, struct query_notes *ret,
	      struct err *err)
{
	_cleanup_(run_done) struct run run = { .query = query, .fn = fn, .arg = arg, .dirfd = -1 };
	struct err no_ledger = { 0 };
	struct position remembered;
	int r;

	r = dir_open_trusted(query->audit_dir, &run.dirfd, &no_ledger);
	/* None yet, or none any more: the journal may still hold records. */
	if (r < 0 && r != -ENOENT) {
		*err = no_ledger;
		return r;
	}
	r = read_others(&run, err);
	if (r < 0)
		return r;
	if (run.n_others > 1)
		qsort(run.others, run.n_others, sizeof(*run.others), compare_others);
	remembered = remembered_end(run.dirfd);
	r = read_ledger(&run, &run.notes.end, show_ledger, err);
	if (r == 0 && run.notes.damaged == 0)
		run.notes.damaged = falls_short(&run.notes.end, &remembered);
	if (r == 0)
		r = show_others(&run, UINT64_MAX, err);
	*ret = run.notes;
	return r;
}

int query_tail(const struct query *query, struct position *at, query_fn *fn, void *arg,
	       struct err *err)
{
	_cleanup_(run_done) struct run run = { .query = query, .fn = fn, .arg = arg, .dirfd = -1 };
	int r;

	r = dir_open_trusted(query->audit_dir, &run.dirfd, err);
	return r < 0 ? r : read_ledger(&run, at, show_new, err);
}

struct journals {
	const struct query *query;
	query_fn *fn;
	void *arg;
	struct query_notes notes;
	uint64_t *seen; /* a table of hashes' first 64 bits; 0: empty */
	size_t n_seen;
};

/* Was that record there before? Records are sent again, and collected twice. */
static bool is_seen(struct journals *j, const struct sighting *s)
{
	uint64_t key = 0;
	size_t slot;

	if (!hex_decode((uint8_t *)&key, sizeof(key), s->entry->hash, 2 * sizeof(key)) || key == 0)
		return false;
	for (slot = key % (2 * QUERY_SEEN_MAX); j->seen[slot];
	     slot = (slot + 1) % (2 * QUERY_SEEN_MAX))
		if (j->seen[slot] == key)
			return true;
	if (j->n_seen < QUERY_SEEN_MAX) {
		j->seen[slot] = key;
		j->n_seen++;
	}
	return false;
}

static int show_sighting(void *arg, const struct sighting *s, struct err *err)
{
	struct journals *j = arg;
	struct found found = { s->is_ours ? TRUST_JOURNAL : TRUST_FOREIGN, s->entry };
	struct entry *e = (struct entry *)(uintptr_t)s->entry; /* ours for as long as this lasts */

	if (!s->readable)
		return 0;
	e->usec = sight_time(s);
	if (!is_wanted(j->query, e) || (s->is_ours && is_seen(j, s)))
		return 0;
	j->notes.foreign += !s->is_ours;
	if (!s->is_ours && !j->query->all)
		return 0;
	return j->fn(j->arg, &found, err);
}

int query_journals(const struct query *q, query_fn *fn, void *arg, struct query_notes *ret,
		   struct err *err)
{
	const struct sight_journal where = { .directory = q->journal_dir,
					     .files = q->journal_files,
					     .n_files = q->n_journal_files,
					     .merge = q->merge,
					     .since_usec = q->since_usec };
	struct journals j = { .query = q, .fn = fn, .arg = arg };
	int r;

	j.seen = calloc(2 * QUERY_SEEN_MAX, sizeof(*j.seen));
	if (!j.seen)
		return err_oom(err);
	r = sight_journal(&where, show_sighting, &j, err);
	free(j.seen);
	*ret = j.notes;
	return r;
}
