/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records for a report.
 *
 * MUST NOT count what root did not send.
 */
#include "audit/harvest.h"

#include <errno.h>
#include <fcntl.h>

#include "audit/inflate.h"
#include "audit/points.h"
#include "audit/segment.h"
#include "audit/stamp.h"
#include "lib/file.h"

/* What an item of an entry is. The first group is the same wherever the value comes again. */
enum kind {
	KIND_NONE, /* not looked at yet */
	KIND_OTHER,
	KIND_SCHEMA,
	KIND_TRANSPORT,
	KIND_UID,
	KIND_MACHINE, /* journald's word */
	KIND_HOSTNAME,
	KIND_EVENT,
	KIND_OUTCOME,
	KIND_MODE,
	KIND_BREAK_GLASS,
	KIND_PROVED,
	KIND_BOOT,
	KIND_OWN_MACHINE, /* the record's */
	KIND_OWN_HOSTNAME,
	KIND_IMAGE,
	KIND_CONTROL,
	KIND_PROFILE,
	KIND_LABEL,
	/* Read each time. */
	KIND_CONTAINER,
	KIND_NAME,
	KIND_REASON,
	KIND_MESSAGE,
	KIND_TIME,
	KIND_MONOTONIC,
	KIND_SEQ,
	KIND_PREV,
	KIND_HASH,
	KIND_GAP_FROM,
	KIND_GAP_TO,
	KIND_GAP_COUNT,
	KIND_GLASS_ID,
	KIND_GLASS_UNTIL,
	KIND_GLASS_MATCH,
	KIND_GLASS_WHO,
	KIND_GLASS_REASON,
};

/* Sorted by name. */
static const struct {
	const char *name;
	enum kind kind;
} fields[] = {
	{ "COAMING_BOOT_ID", KIND_BOOT },
	{ "COAMING_BREAK_GLASS", KIND_BREAK_GLASS },
	{ "COAMING_BREAK_GLASS_ID", KIND_GLASS_ID },
	{ "COAMING_BREAK_GLASS_MATCH", KIND_GLASS_MATCH },
	{ "COAMING_BREAK_GLASS_REASON", KIND_GLASS_REASON },
	{ "COAMING_BREAK_GLASS_UNTIL", KIND_GLASS_UNTIL },
	{ "COAMING_BREAK_GLASS_WHO", KIND_GLASS_WHO },
	{ "COAMING_CONTROL", KIND_CONTROL },
	{ "COAMING_EVENT", KIND_EVENT },
	{ "COAMING_GAP_COUNT", KIND_GAP_COUNT },
	{ "COAMING_GAP_FROM", KIND_GAP_FROM },
	{ "COAMING_GAP_TO", KIND_GAP_TO },
	{ "COAMING_HASH", KIND_HASH },
	{ "COAMING_HOSTNAME", KIND_OWN_HOSTNAME },
	{ "COAMING_LABEL", KIND_LABEL },
	{ "COAMING_MACHINE_ID", KIND_OWN_MACHINE },
	{ "COAMING_MODE", KIND_MODE },
	{ "COAMING_MONOTONIC_USEC", KIND_MONOTONIC },
	{ "COAMING_OUTCOME", KIND_OUTCOME },
	{ "COAMING_PREV", KIND_PREV },
	{ "COAMING_PROFILE", KIND_PROFILE },
	{ "COAMING_PROVED", KIND_PROVED },
	{ "COAMING_REASON", KIND_REASON },
	{ "COAMING_SCHEMA", KIND_SCHEMA },
	{ "COAMING_SEQ", KIND_SEQ },
	{ "COAMING_TIME", KIND_TIME },
	{ "CONTAINER_ID_FULL", KIND_CONTAINER },
	{ "CONTAINER_NAME", KIND_NAME },
	{ "IMAGE_NAME", KIND_IMAGE },
	{ "MESSAGE", KIND_MESSAGE },
	{ "_HOSTNAME", KIND_HOSTNAME },
	{ "_MACHINE_ID", KIND_MACHINE },
	{ "_TRANSPORT", KIND_TRANSPORT },
	{ "_UID", KIND_UID },
};

#define NOT_REQUIRED 0xff
/* Meanings of values that come again, by offset; direct-mapped. */
#define MEANINGS ((size_t)1 << 16)
/* Enough of a value for everything that is counted; texts are read when they are wanted. */
#define VALUE_MAX 640

struct meaning {
	uint64_t offset;
	uint32_t value;
	uint8_t kind;
	uint8_t required;  /* index into tally_options.required */
	uint8_t told, hit; /* as of a record */
};

/* A record as it is gathered, and where its texts are. */
struct gathered {
	struct tally_record record;
	bool schema, root, native, has_event;
	uint32_t own_machine, own_hostname;
	uint64_t
		texts[TALLY_TEXTS_]; /* offsets in the file, or indexes + 1 in the ledger's entry */
};

struct work {
	struct tally *tally;
	struct harvest_notes *notes;
	const char *const *labels;
	size_t n_labels;
	struct meaning *meanings;
	struct inflate inflate;
	struct journal_file *file;
	struct journal_entry entry; /* of the journal, else */
	const struct entry *ledger; /* of the ledger */
	struct gathered g;
};

/* ---- values ---- */

static enum kind kind_of(const char *name, size_t len)
{
	size_t low = 0, high = ARRAY_SIZE(fields);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strncmp(fields[mid].name, name, len);

		if (c == 0 && fields[mid].name[len] == '\0')
			return fields[mid].kind;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return KIND_OTHER;
}

static bool is(const char *value, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(value, text, len) == 0;
}

static bool label_matters(const struct work *w, const char *value, size_t len)
{
	const char *equals = memchr(value, '=', len);

	for (size_t i = 0; equals && i < w->n_labels; i++)
		if (is(value, (size_t)(equals - value), w->labels[i]))
			return true;
	return false;
}

static uint32_t event_value(const char *value, size_t len)
{
	char name[16];
	enum event event;

	if (len >= sizeof(name))
		return EVENTS_;
	memcpy(name, value, len);
	name[len] = '\0';
	return event_from_name(name, &event) ? (uint32_t)event : EVENTS_;
}

static uint32_t outcome_value(const char *value, size_t len)
{
	return is(value, len, "would-refuse") ? TALLY_WOULD_REFUSE
	       : is(value, len, "refuse")     ? TALLY_REFUSED
	       : is(value, len, "exempt")     ? TALLY_EXEMPTED
					      : TALLY_DONE;
}

/* The number by which a value that comes again is known. */
static uint32_t value_of(struct work *w, enum kind *kind, const char *value, size_t len)
{
	switch (*kind) {
	case KIND_SCHEMA:
		return is(value, len, "1");
	case KIND_TRANSPORT:
		return is(value, len, "journal");
	case KIND_UID:
		return is(value, len, "0");
	case KIND_EVENT:
		return event_value(value, len);
	case KIND_OUTCOME:
		return outcome_value(value, len);
	case KIND_MODE:
		return is(value, len, "audit");
	case KIND_BREAK_GLASS:
		return 1;
	case KIND_PROVED:
		return point_bit(value, len);
	case KIND_LABEL:
		if (label_matters(w, value, len))
			return intern_add(&w->tally->words, value, len);
		*kind = KIND_OTHER;
		return 0;
	default:
		return *kind > KIND_UID && *kind < KIND_CONTAINER
			       ? intern_add(&w->tally->words, value, len)
			       : 0;
	}
}

static uint8_t required_of(const struct work *w, const char *name, size_t len)
{
	const struct tally_options *o = &w->tally->options;

	for (size_t i = 0; i < o->n_required; i++)
		if (is(name, len, o->required[i]))
			return (uint8_t)i;
	return NOT_REQUIRED;
}

/* What it is for the rules, whatever kind of field it is. */
static void set_rules(const struct work *w, const char *name, size_t name_len, const char *value,
		      size_t len, struct meaning *m)
{
	const struct tally_options *o = &w->tally->options;

	m->required = required_of(w, name, name_len);
	for (size_t i = 0; i < o->n_fails; i++) {
		if (!is(name, name_len, o->fails[i].field))
			continue;
		m->told |= (uint8_t)(1U << i);
		if (is(value, len, o->fails[i].value))
			m->hit |= (uint8_t)(1U << i);
	}
}

static struct meaning meaning_of(struct work *w, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct meaning m = { .kind = KIND_OTHER, .required = NOT_REQUIRED };
	enum kind kind;

	if (!equals)
		return m;
	kind = kind_of(text, (size_t)(equals - text));
	set_rules(w, text, (size_t)(equals - text), equals + 1, len - (size_t)(equals + 1 - text),
		  &m);
	m.value = value_of(w, &kind, equals + 1, len - (size_t)(equals + 1 - text));
	m.kind = (uint8_t)kind;
	return m;
}

/* ---- records ---- */

static uint64_t number_in(const char *value, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9' || n > ENTRY_SEQ_MAX / 10)
			return 0;
		n = 10 * n + (uint64_t)(value[i] - '0');
	}
	return n;
}

/* The first 64 bits of a digest. */
static uint64_t digest_in(const char *value, size_t len)
{
	uint64_t n = 0;
	uint8_t bytes[8];

	if (len != SHA256_HEX - 1 || !hex_decode(bytes, sizeof(bytes), value, 16))
		return 0;
	memcpy(&n, bytes, sizeof(n));
	return n ? n : 1;
}

static void add_to(uint32_t *list, size_t *n, uint32_t value)
{
	if (value && *n < TALLY_LIST_MAX)
		list[(*n)++] = value;
}

/* A value that comes again. */
static void take_known(struct gathered *g, const struct meaning *m)
{
	struct tally_record *r = &g->record;

	if (m->required != NOT_REQUIRED)
		r->required |= UINT64_C(1) << m->required;
	r->told |= m->told;
	r->hit |= m->hit;
	switch ((enum kind)m->kind) {
	case KIND_SCHEMA:
		g->schema = m->value;
		break;
	case KIND_TRANSPORT:
		g->native = m->value;
		break;
	case KIND_UID:
		g->root = m->value;
		break;
	case KIND_EVENT:
		g->has_event = m->value < EVENTS_;
		r->event = g->has_event ? (enum event)m->value : EVENT_POLICY;
		break;
	case KIND_OUTCOME:
		r->outcome = (enum tally_outcome)m->value;
		break;
	case KIND_MODE:
		r->audit_mode = m->value;
		break;
	case KIND_BREAK_GLASS:
		r->break_glass = m->value;
		break;
	case KIND_PROVED:
		r->proved |= m->value;
		break;
	case KIND_MACHINE:
		r->machine = m->value;
		break;
	case KIND_HOSTNAME:
		r->hostname = m->value;
		break;
	case KIND_BOOT:
		r->boot = m->value;
		break;
	case KIND_OWN_MACHINE:
		g->own_machine = m->value;
		break;
	case KIND_OWN_HOSTNAME:
		g->own_hostname = m->value;
		break;
	case KIND_IMAGE:
		r->image = m->value;
		break;
	case KIND_CONTROL:
		add_to(r->controls, &r->n_controls, m->value);
		break;
	case KIND_PROFILE:
		add_to(r->profiles, &r->n_profiles, m->value);
		break;
	case KIND_LABEL:
		add_to(r->labels, &r->n_labels, m->value);
		break;
	default:
		break;
	}
}

/* A value of its own. */
static void take_value(struct gathered *g, enum kind kind, uint64_t at, const char *value,
		       size_t len)
{
	struct tally_record *r = &g->record;

	switch (kind) {
	case KIND_CONTAINER:
		r->container = tally_container(value, len);
		g->texts[TALLY_ID] = at;
		break;
	case KIND_NAME:
		g->texts[TALLY_NAME] = at;
		break;
	case KIND_REASON:
		g->texts[TALLY_REASON] = at;
		break;
	case KIND_MESSAGE:
		g->texts[TALLY_MESSAGE] = at;
		break;
	case KIND_TIME:
		r->has_time = stamp_parse(value, len, &r->usec) == 0;
		break;
	case KIND_MONOTONIC:
		r->monotonic = number_in(value, len);
		r->has_monotonic = r->monotonic > 0;
		break;
	case KIND_SEQ:
		r->seq = number_in(value, len);
		break;
	case KIND_PREV:
		r->prev = digest_in(value, len);
		break;
	case KIND_HASH:
		r->hash = digest_in(value, len);
		break;
	case KIND_GAP_FROM:
		r->gap_from = number_in(value, len);
		break;
	case KIND_GAP_TO:
		r->gap_to = number_in(value, len);
		break;
	case KIND_GAP_COUNT:
		r->gap_count = number_in(value, len);
		break;
	case KIND_GLASS_ID:
	case KIND_GLASS_UNTIL:
	case KIND_GLASS_MATCH:
	case KIND_GLASS_WHO:
	case KIND_GLASS_REASON:
		g->texts[TALLY_GLASS_ID + (kind - KIND_GLASS_ID)] = at;
		break;
	default:
		break;
	}
}

static bool read_payload(struct work *w, const struct journal_data *d, const char **text,
			 size_t *len)
{
	*text = d->payload;
	*len = d->len;
	if (d->compression == JOURNAL_PLAIN)
		return true;
	if (inflate_payload(&w->inflate, w->file, d->offset, text, len))
		return true;
	w->notes->closed++;
	return false;
}

static int take_item(struct work *w, uint64_t offset, struct err *err)
{
	struct meaning *known = &w->meanings[offset / 8 % MEANINGS], m;
	struct journal_data d = { 0 };
	const char *text = NULL, *value;
	size_t len = 0;
	int r;

	if (known->offset == offset && known->kind != KIND_NONE && known->kind < KIND_CONTAINER) {
		take_known(&w->g, known);
		return 0;
	}
	r = journal_file_data(w->file, offset, VALUE_MAX, &d, err);
	if (r < 0)
		return r;
	if (!read_payload(w, &d, &text, &len))
		return 0;
	m = meaning_of(w, text, len);
	m.offset = offset;
	take_known(&w->g, &m);
	if (m.kind < KIND_CONTAINER && d.n_entries > 1)
		*known = m;
	if (m.kind < KIND_CONTAINER)
		return 0;
	value = (const char *)memchr(text, '=', len) + 1;
	take_value(&w->g, (enum kind)m.kind, offset, value, len - (size_t)(value - text));
	return 0;
}

/* ---- texts ---- */

static void clean(char *out)
{
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = ' ';
}

static void copy(char *out, size_t size, const char *text, size_t len)
{
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
	clean(out);
}

static void cursor_text(const struct work *w, char *out, size_t size)
{
	const struct journal_entry *e = &w->entry;
	char seqnum_id[33], boot_id[33];

	hex_encode(seqnum_id, w->file->seqnum_id, 16);
	hex_encode(boot_id, e->boot_id, 16);
	(void)snprintf(out, size, "s=%s;i=%llx;b=%s;m=%llx;t=%llx;x=%llx", seqnum_id,
		       (unsigned long long)e->seqnum, boot_id, (unsigned long long)e->monotonic,
		       (unsigned long long)e->realtime, (unsigned long long)e->xor_hash);
}

static void journal_text(void *arg, enum tally_text which, char *out, size_t size)
{
	struct work *w = arg;
	struct journal_data d = { 0 };
	struct err ignored = { 0 };
	const char *text = NULL, *equals;
	size_t len = 0;

	out[0] = '\0';
	if (which == TALLY_CURSOR) {
		cursor_text(w, out, size);
		return;
	}
	if (w->g.texts[which] == 0 ||
	    journal_file_data(w->file, w->g.texts[which], 2 * VALUE_MAX, &d, &ignored) < 0 ||
	    !read_payload(w, &d, &text, &len))
		return;
	equals = memchr(text, '=', len);
	if (equals)
		copy(out, size, equals + 1, len - (size_t)(equals + 1 - text));
}

static void ledger_text(void *arg, enum tally_text which, char *out, size_t size)
{
	const struct work *w = arg;

	out[0] = '\0';
	if (which < TALLY_CURSOR && w->g.texts[which] > 0) {
		const struct view *v = &w->ledger->fields[w->g.texts[which] - 1];

		copy(out, size, v->value, v->len);
	}
}

/* ---- the journal ---- */

static void begin(struct work *w, void (*text)(void *, enum tally_text, char *, size_t))
{
	struct tally_record *r = &w->g.record;

	w->g.schema = w->g.root = w->g.native = w->g.has_event = false;
	w->g.own_machine = w->g.own_hostname = 0;
	memset(w->g.texts, 0, sizeof(w->g.texts));
	/* The lists are long, and only counted up to n. */
	memset(r, 0, offsetof(struct tally_record, controls));
	r->n_controls = r->n_profiles = r->n_labels = 0;
	r->text = text;
	r->arg = w;
}

static int end(struct work *w, struct err *err)
{
	struct tally_record *r = &w->g.record;

	if (r->machine == 0)
		r->machine = w->g.own_machine;
	if (w->g.own_hostname)
		r->hostname = w->g.own_hostname;
	return tally_add(w->tally, r, err);
}

static int read_entry(struct work *w, uint64_t offset, struct err *err)
{
	struct journal_entry *e = &w->entry;
	struct err bad = { 0 };
	int r;

	begin(w, journal_text);
	r = journal_file_entry(w->file, offset, e, &bad);
	for (size_t i = 0; r == 0 && i < e->n; i++)
		r = take_item(w, e->items[i], &bad);
	if (r == -ENOMEM)
		return err_oom(err);
	w->notes->entries++;
	w->notes->damaged += r < 0;
	if (r < 0 || !w->g.schema || !w->g.has_event)
		return 0;
	if (!w->g.root || !w->g.native) {
		w->notes->foreign++;
		return 0;
	}
	if (!w->g.record.has_time)
		w->g.record.usec = e->realtime;
	return end(w, err);
}

static int read_file(struct work *w, const char *path, struct err *err)
{
	static const char mark[] = "COAMING_SCHEMA=1";
	_cleanup_journal_file_ struct journal_file *f = NULL;
	struct journal_walk walk = { 0 };
	struct err bad = { 0 };
	uint64_t at = 0;
	int r, failed;

	memset(w->meanings, 0, MEANINGS * sizeof(*w->meanings));
	r = journal_file_open(AT_FDCWD, path, &f, &bad);
	w->file = f;
	if (r == 0)
		r = journal_file_find(f, mark, sizeof(mark) - 1, &at, &bad);
	if (r > 0)
		r = journal_walk_of(f, at, &walk, &bad);
	failed = r;
	while (r >= 0 && (failed = journal_walk_next(f, &walk, &at, &bad)) > 0)
		r = read_entry(w, at, err);
	if (r == -ENOMEM || bad.class == ERR_SYSTEM)
		return r == -ENOMEM ? err_oom(err) : 0;
	w->notes->damaged += failed < 0;
	w->file = NULL;
	return 0;
}

/* ---- the ledger ---- */

static int read_record(struct work *w, const struct entry *e, struct err *err)
{
	begin(w, ledger_text);
	w->ledger = e;
	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];
		enum kind kind = kind_of(v->name, v->name_len);
		struct meaning m = { 0 };

		set_rules(w, v->name, v->name_len, v->value, v->len, &m);
		m.value = value_of(w, &kind, v->value, v->len);
		m.kind = (uint8_t)kind;
		take_known(&w->g, &m);
		if (kind >= KIND_CONTAINER)
			take_value(&w->g, kind, i + 1, v->value, v->len);
	}
	return w->g.schema && w->g.has_event ? end(w, err) : 0;
}

static int read_segment(struct work *w, int dirfd, uint64_t segment, struct err *err)
{
	_cleanup_cursor_ struct cursor *c = NULL;
	_cleanup_close_ int fd = -1;
	struct err bad = { 0 };
	uint64_t size, records;
	int r, next = 0;

	r = segment_open(dirfd, segment, O_RDONLY, &fd, &size, &bad);
	r = r < 0 ? r : cursor_new(fd, 0, &c, &bad);
	if (r < 0) {
		w->notes->damaged++;
		return r == -ENOMEM ? err_oom(err) : 0;
	}
	while (r == 0 && (next = cursor_next(c, &bad)) > 0) {
		records = w->tally->records;
		r = read_record(w, &c->entry, err);
		w->notes->ledger += w->tally->records - records;
	}
	w->notes->damaged += next < 0;
	return r;
}

static int read_ledger(struct work *w, const char *audit_dir, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int dirfd = -1;
	struct err none = { 0 };
	int r;

	r = dir_open_trusted(audit_dir, &dirfd, &none);
	w->notes->no_ledger = r < 0 && r != -ENOENT;
	if (r < 0)
		return 0;
	r = survey_read(dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_segments; i++)
		r = read_segment(w, dirfd, s.segments[i], err);
	return r;
}

int harvest(struct tally *tally, const struct sources *sources, const char *audit_dir,
	    const char *const labels[], size_t n_labels, struct harvest_notes *ret, struct err *err)
{
	_cleanup_free_ struct meaning *meanings = calloc(MEANINGS, sizeof(*meanings));
	_cleanup_free_ struct work *w = calloc(1, sizeof(*w));
	int r = 0;

	if (!meanings || !w)
		return err_oom(err);
	*ret = (struct harvest_notes){ 0 };
	w->tally = tally;
	w->notes = ret;
	w->labels = labels;
	w->n_labels = n_labels;
	w->meanings = meanings;
	for (size_t i = 0; i < sources->n && r == 0; i++)
		r = read_file(w, sources->v[i].path, err);
	if (r == 0 && audit_dir)
		r = read_ledger(w, audit_dir, err);
	inflate_done(&w->inflate);
	return r;
}
