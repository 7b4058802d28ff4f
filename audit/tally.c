/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a report, gathered.
 */
#include "audit/tally.h"

#include <errno.h>

#include "audit/stamp.h"

#define USEC_PER_HOUR (UINT64_C(3600) * 1000000)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_PER_WEEK (7 * USEC_PER_DAY)
#define TEXT_MAX      1024
#define ROW_PLACES    ((size_t)2 * TALLY_ROWS_MAX)
#define SHOWN_HOLES   20 /* of each host; the rest is counted */

static_assert(offsetof(struct tally_class, containers) == 60, "no padding: it is hashed");

void tally_free(struct tally **tally)
{
	struct tally *t = *tally;

	if (!t)
		return;
	for (size_t i = 0; i < t->n_controls; i++)
		free(t->controls[i]);
	for (size_t i = 0; i < t->n_hosts; i++)
		seqset_done(&t->hosts[i].seen);
	for (size_t i = 0; i < t->n_failures; i++) {
		free(t->failures[i].name);
		free(t->failures[i].id);
		free(t->failures[i].why);
		free(t->failures[i].cursor);
	}
	for (size_t i = 0; i < t->n_gaps; i++) {
		free(t->gaps[i].text);
		free(t->gaps[i].cursor);
	}
	tally_glasses_done(t);
	intern_done(&t->words);
	free(t->places);
	free(t->classes);
	free(t->class_index);
	free(t->sets);
	free(t->known_sets);
	free(t->control_words);
	free(t->met);
	free(t->claimed);
	free(t->hosts);
	free(t->host_index);
	free(t->buckets);
	free(t->failures);
	free(t->gaps);
	free(t->rows);
	free(t->row_index);
	free(t);
	*tally = NULL;
}

/* ---- buckets ---- */

/* The first moment of the month, or of the next one. */
static uint64_t month_of(uint64_t usec, unsigned further)
{
	char text[STAMP_SIZE];
	unsigned year, month;
	uint64_t ret = 0;

	(void)stamp_format(text, usec);
	year = (unsigned)strtoul(text, NULL, 10);
	month = (unsigned)strtoul(text + 5, NULL, 10) - 1 + further;
	year += month / 12;
	(void)snprintf(text, sizeof(text), "%04u-%02u-01T00:00:00.000000Z", year % 10000,
		       month % 12 + 1);
	return stamp_parse(text, strlen(text), &ret) == 0 ? ret : usec;
}

static uint64_t bucket_start(const char *bucket, uint64_t usec)
{
	/* 1970 began on a Thursday, weeks begin on Monday. */
	if (streq(bucket, "week"))
		return (usec + 3 * USEC_PER_DAY) / USEC_PER_WEEK * USEC_PER_WEEK >= 3 * USEC_PER_DAY
			       ? (usec + 3 * USEC_PER_DAY) / USEC_PER_WEEK * USEC_PER_WEEK -
					 3 * USEC_PER_DAY
			       : 0;
	if (streq(bucket, "month"))
		return month_of(usec, 0);
	return usec - usec % (streq(bucket, "hour") ? USEC_PER_HOUR : USEC_PER_DAY);
}

static uint64_t bucket_next(const char *bucket, uint64_t start)
{
	return streq(bucket, "month")  ? month_of(start, 1)
	       : streq(bucket, "week") ? start + USEC_PER_WEEK
	       : streq(bucket, "day")  ? start + USEC_PER_DAY
				       : start + USEC_PER_HOUR;
}

static int make_buckets(struct tally *t, struct err *err)
{
	uint64_t from = t->options.trend_from, to = t->options.trend_to, at, span;

	span = to > from ? to - from : 0;
	t->bucket = span <= 2 * USEC_PER_DAY     ? "hour"
		    : span <= 100 * USEC_PER_DAY ? "day"
		    : span <= 730 * USEC_PER_DAY ? "week"
						 : "month";
	t->buckets = calloc(TALLY_BUCKETS_MAX, sizeof(*t->buckets));
	if (!t->buckets)
		return err_oom(err);
	for (at = bucket_start(t->bucket, from); t->n_buckets < TALLY_BUCKETS_MAX;
	     at = bucket_next(t->bucket, at)) {
		if (t->n_buckets > 0 && at > to)
			break;
		t->buckets[t->n_buckets++].start = at;
	}
	return 0;
}

/* What lies outside counts in the first or the last one. */
static size_t bucket_of(const struct tally *t, uint64_t usec)
{
	size_t low = 0, high = t->n_buckets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->buckets[mid].start <= usec)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

/* ---- lists ---- */

static char *text_of(const struct tally_record *r, enum tally_text which)
{
	char text[TEXT_MAX] = "";

	if (r->text)
		r->text(r->arg, which, text, sizeof(text));
	return strdup(text);
}

int tally_gap(struct tally *tally, enum tally_gap_kind kind, uint32_t host, uint64_t usec,
	      const char *text, const char *cursor, struct err *err)
{
	struct tally_gap *g;

	tally->without_admission += kind == TALLY_GAP_ADMISSION;
	if (tally->n_gaps >= TALLY_GAPS_MAX) {
		tally->gaps_omitted++;
		return 0;
	}
	if (!tally->gaps)
		tally->gaps = calloc(TALLY_GAPS_MAX, sizeof(*tally->gaps));
	if (!tally->gaps)
		return err_oom(err);
	g = &tally->gaps[tally->n_gaps];
	*g = (struct tally_gap){ kind, host, usec, strdup(text), strdup(cursor) };
	tally->n_gaps++;
	return g->text && g->cursor ? 0 : err_oom(err);
}

static int gap_of_record(struct tally *t, const struct tally_record *r, uint32_t host,
			 enum tally_gap_kind kind, const char *text, struct err *err)
{
	_cleanup_free_ char *message = text_of(r, TALLY_MESSAGE);
	_cleanup_free_ char *cursor = text_of(r, TALLY_CURSOR);

	if (!message || !cursor)
		return err_oom(err);
	return tally_gap(t, kind, host, r->usec, text ? text : message, cursor, err);
}

static const char *why_it_fails(const struct tally *t, const struct tally_class *class, size_t c)
{
	enum tally_state state = tally_state_of(t, class, c);

	return class->flags & TALLY_BREAK_GLASS
		       ? "started under break-glass: what the control asks for is only recorded"
	       : state == TALLY_AUDITED
		       ? "in audit mode: what the control asks for is only recorded"
	       : state == TALLY_PARTLY ? "configured in part: some sections are in audit mode"
				       : "its confinement was found changed";
}

static int add_failure(struct tally *t, const struct tally_record *r,
		       const struct tally_class *class, size_t control, const char *what,
		       struct err *err)
{
	_cleanup_free_ char *reason = text_of(r, TALLY_REASON);
	struct tally_failure *grown, *f;
	char why[TEXT_MAX + 128];

	if (t->failures_of[control]++ >= TALLY_FAILURES_MAX)
		return 0;
	if ((t->n_failures & (t->n_failures - 1)) == 0) {
		grown = reallocarray(t->failures, t->n_failures ? 2 * t->n_failures : 1,
				     sizeof(*grown));
		if (!grown)
			return err_oom(err);
		t->failures = grown;
	}
	(void)snprintf(why, sizeof(why), "%s%s%s", what, reason && reason[0] ? ": " : "",
		       reason ? reason : "");
	f = &t->failures[t->n_failures++];
	*f = (struct tally_failure){ .host = class->host,
				     .control = (uint32_t)control,
				     .usec = r->usec,
				     .seq = r->seq,
				     .name = text_of(r, TALLY_NAME),
				     .id = text_of(r, TALLY_ID),
				     .why = strdup(why),
				     .cursor = text_of(r, TALLY_CURSOR) };
	memcpy(f->waivers, class->waivers, sizeof(f->waivers));
	return f->name && f->id && f->why && f->cursor ? 0 : err_oom(err);
}

/* ---- dimensions ---- */

static enum tally_dimension dimension_of(const char *name)
{
	return streq(name, "host")      ? TALLY_BY_HOST
	       : streq(name, "profile") ? TALLY_BY_PROFILE
	       : streq(name, "image")   ? TALLY_BY_IMAGE
					: TALLY_BY_LABEL;
}

/* The label KEY, or io.coaming.KEY. */
static uint32_t label_value(struct tally *t, const struct tally_record *r, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < r->n_labels; i++) {
		const char *label = intern_text(&t->words, r->labels[i]);

		if (starts_with(label, "io.coaming.") && !starts_with(key, "io.coaming."))
			label += strlen("io.coaming.");
		if (strncmp(label, key, len) == 0 && label[len] == '=')
			return intern_add(&t->words, label + len + 1, strlen(label + len + 1));
	}
	return 0;
}

/* Several profiles are one value, "a\nb": it is taken apart when it is shown. */
static uint32_t profiles_value(struct tally *t, const struct tally_record *r)
{
	char text[INTERN_TEXT_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < r->n_profiles; i++) {
		const char *name = intern_text(&t->words, r->profiles[i]);

		if (len + strlen(name) + 2 > sizeof(text))
			break;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? "\n" : "",
					name);
	}
	return len ? intern_add(&t->words, text, len) : 0;
}

static void set_values(struct tally *t, const struct tally_record *r, struct tally_class *class)
{
	for (size_t d = 0; d < t->options.n_dimensions; d++) {
		const struct tally_host *host = &t->hosts[class->host];

		switch (dimension_of(t->options.dimensions[d])) {
		case TALLY_BY_HOST:
			class->values[d] = host->hostname ? host->hostname : host->machine;
			break;
		case TALLY_BY_PROFILE:
			class->values[d] = profiles_value(t, r);
			break;
		case TALLY_BY_IMAGE:
			class->values[d] = r->image;
			break;
		case TALLY_BY_LABEL:
			class->values[d] = label_value(t, r, t->options.dimensions[d]);
		}
	}
}

/* The row of a value; the one of no value where there is no room. NULL: no memory. */
struct tally_row *tally_row_of(struct tally *t, uint32_t dimension, uint32_t value)
{
	size_t at = ((size_t)value * TALLY_DIMENSIONS_MAX + dimension) % ROW_PLACES;
	struct tally_row *grown;

	for (; t->row_index[at] != 0; at = (at + 1) % ROW_PLACES) {
		struct tally_row *row = &t->rows[t->row_index[at] - 1];

		if (row->dimension == dimension && row->value == value)
			return row;
	}
	/* One row of each dimension is kept for what has no room. */
	if (t->n_rows >= TALLY_ROWS_MAX - (value ? TALLY_DIMENSIONS_MAX : 0))
		return value ? tally_row_of(t, dimension, 0) : NULL;
	if ((t->n_rows & (t->n_rows - 1)) == 0) {
		grown = reallocarray(t->rows, t->n_rows ? 2 * t->n_rows : 1, sizeof(*grown));
		if (!grown)
			return NULL;
		t->rows = grown;
	}
	t->rows[t->n_rows] = (struct tally_row){ .dimension = dimension, .value = value };
	t->row_index[at] = (uint32_t)++t->n_rows;
	return &t->rows[t->n_rows - 1];
}

static int count_rows(struct tally *t, const struct tally_record *r,
		      const struct tally_class *class, struct err *err)
{
	for (uint32_t d = 0; d < t->options.n_dimensions; d++) {
		struct tally_row *row = tally_row_of(t, d, class->values[d]);

		if (!row)
			return err_oom(err);
		row->admit += r->event == EVENT_ADMIT;
		row->deny += r->event == EVENT_DENY;
		row->exempt += r->event == EVENT_EXEMPT;
		row->would_refuse += r->outcome == TALLY_WOULD_REFUSE;
	}
	return 0;
}

/* ---- containers ---- */

static bool is_decision(enum event event)
{
	return event == EVENT_ADMIT || event == EVENT_DENY || event == EVENT_EXEMPT;
}

/* Scope, dimensions and waivers go by the labels, which only decisions have. */
static void classify(struct tally *t, const struct tally_record *r, struct tally_class *class)
{
	const char *labels[TALLY_LIST_MAX];

	for (size_t i = 0; i < r->n_labels; i++)
		labels[i] = intern_text(&t->words, r->labels[i]);
	class->flags &= ~(uint32_t)TALLY_OUT;
	if (t->options.wanted && !t->options.wanted(t->options.arg, labels, r->n_labels))
		class->flags |= TALLY_OUT;
	set_values(t, r, class);
	if (t->options.waivers) {
		char name[TEXT_MAX] = "";

		if (r->text)
			r->text(r->arg, TALLY_NAME, name, sizeof(name));
		memset(class->waivers, 0, sizeof(class->waivers));
		t->options.waivers(t->options.arg, name, labels, r->n_labels, class->waivers);
	}
}

static void start(struct tally *t, const struct tally_record *r, struct tally_class *class)
{
	uint32_t flags = 0;
	uint16_t set = tally_set_of(t, r, &flags);
	bool again = class->flags & TALLY_RAN;

	if (r->event == EVENT_EXEMPT) {
		class->flags |= TALLY_RAN | TALLY_EXEMPT;
		return;
	}
	if (again && !(class->flags & TALLY_ATTESTED))
		class->flags |= TALLY_UNATTESTED;
	class->flags &= ~(uint32_t)TALLY_ATTESTED;
	class->claimed = again ? tally_worse_set(t, class->claimed, set) : set;
	class->flags |= TALLY_RAN | (flags & TALLY_IN_PART) | (r->audit_mode ? TALLY_AUDIT : 0) |
			(r->n_profiles == 0 ? TALLY_NO_PROFILE : 0) |
			(r->break_glass ? TALLY_BREAK_GLASS : 0);
}

static void attest(struct tally *t, const struct tally_record *r, struct tally_class *class)
{
	uint32_t flags = 0;
	uint16_t set = tally_set_of(t, r, &flags);

	if (!(flags & TALLY_ATTESTED) && r->proved == 0)
		return;
	/* "Worse" than none is evidenced: what either says. */
	set = tally_worse_set(t, set, tally_set_of_points(t, r->proved));
	class->attested = class->attested ? tally_common_set(t, class->attested, set) : set;
	class->flags |= TALLY_ATTESTED;
}

static void apply(struct tally *t, const struct tally_record *r, bool in_period,
		  struct tally_class *class)
{
	if (is_decision(r->event))
		classify(t, r, class);
	else if (t->options.wanted && !(class->flags & (TALLY_RAN | TALLY_DENIED)))
		class->flags |= TALLY_OUT; /* its labels are not known */
	if (r->event == EVENT_ADMIT || r->event == EVENT_EXEMPT)
		start(t, r, class);
	else if (r->event == EVENT_DENY)
		class->flags |= TALLY_DENIED;
	else if (r->event == EVENT_ATTEST)
		attest(t, r, class);
	else if (r->event == EVENT_DRIFT)
		class->flags |= TALLY_DRIFT;
	else if (r->event == EVENT_GAP)
		class->flags |= TALLY_NOTED;
	if (in_period)
		class->flags |= TALLY_IN_PERIOD | tally_failed_by(t, r);
}

static void count_trend(struct tally *t, const struct tally_record *r)
{
	size_t bucket = bucket_of(t, r->usec);
	uint32_t flags;
	const struct tally_set *set;

	if (r->event != EVENT_ADMIT)
		return;
	set = &t->sets[tally_set_of(t, r, &flags)];
	for (size_t c = 0; c < t->n_controls; c++) {
		t->claimed[c][bucket] += set->states[c] != TALLY_NONE;
		t->met[c][bucket] +=
			set->states[c] == TALLY_CONFIGURED || set->states[c] == TALLY_EVIDENCED;
	}
}

static int note_failures(struct tally *t, const struct tally_record *r,
			 const struct tally_class *before, const struct tally_class *after,
			 struct err *err)
{
	const uint32_t shown = TALLY_IN_PERIOD | TALLY_OUT;
	int ret = 0;

	if ((after->flags & shown) != TALLY_IN_PERIOD)
		return 0;
	for (size_t c = 0; c < t->n_controls && ret == 0; c++)
		if (tally_fails(t, after, c) &&
		    ((before->flags & shown) != TALLY_IN_PERIOD || !tally_fails(t, before, c)))
			ret = add_failure(t, r, after, c, why_it_fails(t, after, c), err);
	return ret;
}

/* Each record that fails a control is one to be looked at. */
static int note_failing_record(struct tally *t, const struct tally_record *r,
			       const struct tally_class *class, struct err *err)
{
	uint32_t failed = tally_failed_by(t, r);
	int ret = 0;

	for (size_t i = 0; failed && ret == 0 && i < t->options.n_fails; i++) {
		const struct tally_fails *f = &t->options.fails[i];
		char what[2 * FIELD_NAME_MAX + 32];

		if (!(failed & (uint32_t)TALLY_FAILS << i))
			continue;
		(void)snprintf(what, sizeof(what), r->told >> i & 1 ? "%s=%s" : "%s is not told",
			       f->field, f->value);
		ret = add_failure(t, r, class, f->control, what, err);
	}
	return ret;
}

/* *ret_counts: the record is in the report's scope. */
static int add_container(struct tally *t, const struct tally_record *r, uint32_t host,
			 bool in_period, bool *ret_counts, struct err *err)
{
	struct tally_place *place = tally_place_of(t, r->container, host);
	struct tally_class before = { .host = host }, after;
	int ret = 0;

	if (place)
		before = t->classes[place->class];
	else
		t->containers_omitted++;
	after = before;
	after.host = host;
	apply(t, r, in_period, &after);
	*ret_counts = in_period && !(after.flags & TALLY_OUT);
	if (place)
		tally_move(t, place, &after);
	ret = note_failures(t, r, &before, &after, err);
	if (*ret_counts)
		ret = ret < 0 ? ret : note_failing_record(t, r, &after, err);
	if (*ret_counts && is_decision(r->event))
		ret = ret < 0 ? ret : count_rows(t, r, &after, err);
	return ret;
}

/* ---- hosts ---- */

int64_t tally_host(struct tally *tally, uint32_t machine, uint32_t hostname)
{
	struct tally_host *grown;

	if (tally->host_index[machine] > 0) {
		if (hostname)
			tally->hosts[tally->host_index[machine] - 1].hostname = hostname;
		return (int64_t)tally->host_index[machine] - 1;
	}
	if (tally->n_hosts >= TALLY_HOSTS_MAX) {
		tally->hosts_omitted++;
		return -1;
	}
	if ((tally->n_hosts & (tally->n_hosts - 1)) == 0) {
		grown = reallocarray(tally->hosts, tally->n_hosts ? 2 * tally->n_hosts : 1,
				     sizeof(*grown));
		if (!grown)
			return -1;
		tally->hosts = grown;
	}
	tally->hosts[tally->n_hosts] =
		(struct tally_host){ .machine = machine, .hostname = hostname };
	tally->host_index[machine] = (uint32_t)++tally->n_hosts;
	return (int64_t)tally->n_hosts - 1;
}

/* In one boot the clock of the wall may not go back while the other goes on. */
static void check_clock(struct tally_host *h, const struct tally_record *r)
{
	if (!r->has_time || !r->has_monotonic)
		return;
	if (h->boot == r->boot && r->monotonic > h->monotonic && r->usec < h->usec)
		h->clock_back++;
	h->boot = r->boot;
	h->usec = r->usec;
	h->monotonic = r->monotonic;
}

static void note_time(struct tally_host *h, const struct tally_record *r)
{
	if (h->records++ == 0) {
		h->first = h->last = r->usec;
		return;
	}
	if (r->usec > h->last && r->usec - h->last > h->longest_pause)
		h->longest_pause = r->usec - h->last;
	if (r->usec > h->last)
		h->last = r->usec;
	if (r->usec < h->first)
		h->first = r->usec;
}

/* Tells of records that are missing; else a gap record tells of a container. */
static bool is_of_chain(const struct tally_record *r)
{
	return r->event == EVENT_GAP && r->container == 0;
}

/* *ret_again: it was counted before. */
static int add_to_chain(struct tally *t, const struct tally_record *r, uint32_t host,
			bool *ret_again, struct err *err)
{
	struct tally_host *h = &t->hosts[host];
	enum seqset_answer answer;
	char text[128];

	*ret_again = false;
	if (r->seq == 0)
		return 0;
	answer = seqset_add(&h->seen, r->seq, r->hash);
	*ret_again = answer == SEQSET_AGAIN;
	t->again += answer == SEQSET_AGAIN;
	if (answer == SEQSET_AGAIN)
		return 0;
	if (answer == SEQSET_OTHER) {
		h->broken++;
		(void)snprintf(text, sizeof(text), "two different records have the number %llu",
			       (unsigned long long)r->seq);
		return gap_of_record(t, r, host, TALLY_GAP_CHAIN, text, err);
	}
	if (r->seq == 1 || is_of_chain(r) || !seqset_differs(&h->seen, r->seq - 1, r->prev))
		return 0;
	h->broken++;
	(void)snprintf(text, sizeof(text), "record %llu does not follow the one before it",
		       (unsigned long long)r->seq);
	return gap_of_record(t, r, host, TALLY_GAP_CHAIN, text, err);
}

static int add_gap(struct tally *t, const struct tally_record *r, uint32_t host, struct err *err)
{
	struct tally_host *h = &t->hosts[host];

	if (!is_of_chain(r))
		return gap_of_record(t, r, host, TALLY_GAP_ADMISSION, NULL, err);
	h->gaps++;
	if (r->gap_from > 0 && r->gap_to >= r->gap_from && h->n_ranges < TALLY_RANGES_MAX)
		h->ranges[h->n_ranges++] = (struct tally_range){ r->gap_from, r->gap_to };
	return gap_of_record(t, r, host, TALLY_GAP_RECORD, NULL, err);
}

static void note_seq(struct tally_host *h, uint64_t seq)
{
	if (seq == 0)
		return;
	if (h->seq_from == 0 || seq < h->seq_from)
		h->seq_from = seq;
	if (seq > h->seq_to)
		h->seq_to = seq;
}

/* ---- records ---- */

static void count(struct tally *t, const struct tally_record *r)
{
	struct tally_bucket *b = &t->buckets[bucket_of(t, r->usec)];
	uint64_t has = r->required;

	if (t->records++ == 0 || r->usec < t->first)
		t->first = r->usec;
	if (r->usec > t->last)
		t->last = r->usec;
	t->events[r->event]++;
	t->timeless += !r->has_time;
	b->events[r->event]++;
	t->would_refuse += r->outcome == TALLY_WOULD_REFUSE;
	b->would_refuse += r->outcome == TALLY_WOULD_REFUSE;
	count_trend(t, r);
	if (!is_decision(r->event))
		return;
	if (r->event != EVENT_ADMIT || r->n_profiles == 0)
		has |= t->of_policy;
	t->decisions++;
	b->decisions++;
	for (size_t i = 0; i < t->options.n_required; i++) {
		t->complete[i] += has >> i & 1;
		b->complete[i] += has >> i & 1;
	}
}

int tally_add(struct tally *tally, const struct tally_record *record, struct err *err)
{
	const struct tally_options *o = &tally->options;
	int64_t host = tally_host(tally, record->machine, record->hostname);
	bool in_period, again = false, counts;
	int r;

	if (host < 0)
		return 0;
	if (!tally->buckets && make_buckets(tally, err) < 0)
		return -ENOMEM;
	r = add_to_chain(tally, record, (uint32_t)host, &again, err);
	if (r < 0 || again || (o->until_usec > 0 && record->usec > o->until_usec))
		return r;
	r = tally_glass(tally, record, (uint32_t)host, err);
	if (r < 0)
		return r;
	in_period = record->usec >= o->since_usec;
	counts = in_period;
	if (record->container)
		r = add_container(tally, record, (uint32_t)host, in_period, &counts, err);
	if (r < 0 || !in_period)
		return r;
	note_seq(&tally->hosts[host], record->seq);
	check_clock(&tally->hosts[host], record);
	note_time(&tally->hosts[host], record);
	if (!counts)
		return 0;
	count(tally, record);
	tally->hosts[host].events |= 1U << record->event;
	return record->event == EVENT_GAP ? add_gap(tally, record, (uint32_t)host, err) : 0;
}

/* Did a gap record tell of all of it? */
static bool is_told(const struct tally_host *h, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < h->n_ranges; i++)
		if (first >= h->ranges[i].from && last <= h->ranges[i].to)
			return true;
	return false;
}

static int find_holes(struct tally *t, uint32_t host, struct err *err)
{
	const struct tally_host *h = &t->hosts[host];
	uint64_t first = 0, last = 0;
	size_t shown = 0;
	int r = 0;

	for (uint64_t at = h->seq_from; r == 0 && at > 0 && shown < SHOWN_HOLES &&
					seqset_hole(&h->seen, at, h->seq_to, &first, &last);
	     at = last + 1) {
		char text[128];

		if (is_told(h, first, last))
			continue;
		shown++;
		(void)snprintf(text, sizeof(text), "records %llu to %llu are missing",
			       (unsigned long long)first, (unsigned long long)last);
		r = tally_gap(t, TALLY_GAP_CHAIN, host, h->last, text, "", err);
	}
	return r;
}

int tally_finish(struct tally *tally, struct err *err)
{
	int r = 0;

	if (!tally->buckets)
		r = make_buckets(tally, err);
	for (size_t i = 0; i < tally->n_hosts && r == 0; i++)
		r = find_holes(tally, (uint32_t)i, err);
	return r;
}
