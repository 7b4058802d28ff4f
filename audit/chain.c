/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold records against the rules of the chain.
 *
 * MUST NOT believe what a record states where the next one does not confirm it.
 * MUST keep memory bounded, whatever stands in a journal that everybody may write to.
 */
#include "audit/chain.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include "audit/chain_keys.h"
#include "audit/chain_runs.h"

/* What is only judged when all is read, of one host; beyond it the first ones have to do. */
#define DOUBTS_MAX 4096
#define TRIMS_MAX  65536
#define WANTED_MAX ((size_t)4 * CHAIN_RUNS_MAX)
/* Forks of which the very record is looked for; and at how many places a reading looks. */
#define FORKS_MAX   64
#define FORK_POINTS 1024

static const char *const kinds[] = {
	[FOUND_ALTERED] = "altered",
	[FOUND_MISSING] = "missing",
	[FOUND_DUPLICATED] = "duplicated",
	[FOUND_REORDERED] = "reordered",
	[FOUND_INSERTED] = "inserted",
	[FOUND_FORGED] = "forged",
	[FOUND_TRUNCATED] = "truncated",
	[FOUND_FORKED] = "forked",
	[FOUND_BEGINNING] = "beginning",
	[FOUND_UNREADABLE] = "unreadable",
	[FOUND_GAP] = "gap",
	[FOUND_UNCHAINED] = "unchained",
	[FOUND_UNPROVEN] = "unproven",
};
static_assert(ARRAY_SIZE(kinds) == FINDING_KINDS_, "a name for each");

const char *finding_kind_name(enum finding_kind kind)
{
	return kinds[kind];
}

/* Judged at the end: what it is depends on records that may come later. */
enum doubtful { DOUBT_CODE, DOUBT_NO_CODE, DOUBT_ORDER };

struct doubt {
	enum doubtful what;
	uint64_t seq;
	char *where;
};

/* From that SEQ on there is a key. */
struct generation {
	uint64_t seq;
	bool is_known;
};

struct trim {
	uint64_t seq;
	char hash[SHA256_HEX];
};

/* What the second reading looks for: which hashes are there at a SEQ where runs overlap. */
struct wanted {
	uint64_t seq;
	unsigned n;
	uint8_t hashes[3][SHA256_BYTES];
};

/* Two runs that have one beginning and two ends: they part after `lo`, and have at `hi`. */
struct fork {
	const struct run *next;
	uint64_t lo, hi;
};

struct chain {
	struct chain_summary summary;
	struct fork forks[FORKS_MAX];
	size_t n_forks;
	struct runs runs;
	struct doubt *doubts;
	size_t n_doubts;
	struct generation *generations;
	size_t n_generations;
	struct trim *trims;
	size_t n_trims;
	struct wanted *wanted;
	size_t n_wanted;
	uint64_t in_ledger; /* how far the ledger has come, by SEQ; 0: nothing was read there */
	char ledger_hash[SHA256_HEX]; /* of that record */
	struct chain *next;
};

struct chains {
	struct chain *first; /* the one that was fed last stands in front */
	size_t n;
	struct chain_keys *keys; /* NULL: none */
	const struct chain_head *heads;
	size_t n_heads;
	bool *head_met;
	finding_fn *fn;
	void *arg;
	bool sorted;
	unsigned readings; /* again */
};

int chains_new(const struct key *keys, size_t n_keys, const struct chain_head *heads,
	       size_t n_heads, finding_fn *fn, void *arg, struct chains **ret, struct err *err)
{
	_cleanup_chains_ struct chains *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_oom(err);
	c->head_met = calloc(n_heads + 1, sizeof(*c->head_met));
	if (!c->head_met)
		return err_oom(err);
	c->heads = heads;
	c->n_heads = n_heads;
	c->fn = fn;
	c->arg = arg;
	if (n_keys > 0)
		r = chain_keys_new(keys, n_keys, &c->keys, err);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

static void chain_free(struct chain *chain)
{
	runs_done(&chain->runs);
	for (size_t i = 0; i < chain->n_doubts; i++)
		free(chain->doubts[i].where);
	free(chain->doubts);
	free(chain->generations);
	free(chain->trims);
	free(chain->wanted);
	free(chain);
}

void chains_free(struct chains **chains)
{
	struct chains *c = *chains;

	if (!c)
		return;
	while (c->first) {
		struct chain *next = c->first->next;

		chain_free(c->first);
		c->first = next;
	}
	chain_keys_free(&c->keys);
	free(c->head_met);
	free(c);
	*chains = NULL;
}

/* ---- findings ---- */

struct spot {
	enum finding_kind kind;
	bool is_note;
	const char *machine;
	uint64_t from, to;
	const char *where;
};

static int tell(const struct chains *c, const struct spot *spot, struct err *err, const char *fmt,
		...) _printf_(4, 5);

static int tell(const struct chains *c, const struct spot *spot, struct err *err, const char *fmt,
		...)
{
	struct finding f = {
		.kind = spot->kind, .is_note = spot->is_note, .from = spot->from, .to = spot->to
	};
	va_list ap;

	(void)snprintf(f.machine, sizeof(f.machine), "%s", spot->machine);
	(void)snprintf(f.where, sizeof(f.where), "%s", spot->where ? spot->where : "");
	va_start(ap, fmt);
	(void)vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	return c->fn(c->arg, &f, err);
}

#define WHERE_SIZE 320
static const char *where_of(char out[WHERE_SIZE], const struct sighting *s)
{
	if (s->file)
		(void)snprintf(out, WHERE_SIZE, "%s, byte %llu", s->file,
			       (unsigned long long)s->offset);
	else
		(void)snprintf(out, WHERE_SIZE, "%s", s->cursor ? s->cursor : "");
	return out;
}

/* One more element, as long as there are not too many. Returns -ENOMEM, or where it is. */
static int make_room(void **v, size_t n, size_t most, size_t size, struct err *err)
{
	void *grown;

	if (n >= most)
		return 0;
	if ((n & (n - 1)) != 0)
		return 1;
	grown = reallocarray(*v, n ? 2 * n : 1, size);
	if (!grown)
		return err_oom(err);
	*v = grown;
	return 1;
}

static int doubt(struct chain *chain, enum doubtful what, uint64_t seq, const char *where,
		 struct err *err)
{
	void *v = chain->doubts;
	int r = make_room(&v, chain->n_doubts, DOUBTS_MAX, sizeof(*chain->doubts), err);

	chain->doubts = v;
	if (r <= 0)
		return r;
	chain->doubts[chain->n_doubts] = (struct doubt){ what, seq, strdup(where) };
	if (!chain->doubts[chain->n_doubts++].where)
		return err_oom(err);
	return 0;
}

/* ---- one record ---- */

static int get_chain(struct chains *c, const struct sighting *s, struct chain **ret,
		     struct err *err)
{
	struct chain **link = &c->first, *chain;

	while (*link && !streq((*link)->summary.machine, s->machine))
		link = &(*link)->next;
	chain = *link;
	if (chain) {
		*link = chain->next;
	} else {
		if (c->n >= CHAIN_HOSTS_MAX)
			return err_system(err, E2BIG, "records of more than %d hosts",
					  CHAIN_HOSTS_MAX);
		chain = calloc(1, sizeof(*chain));
		if (!chain)
			return err_oom(err);
		memcpy(chain->summary.machine, s->machine, sizeof(s->machine));
		c->n++;
	}
	chain->next = c->first;
	c->first = chain;
	*ret = chain;
	return 0;
}

static void add_up(struct chain_summary *sum, const struct sighting *s)
{
	const struct entry *e = s->entry;
	const struct view *host = entry_get(e, "COAMING_HOSTNAME");
	uint64_t usec;

	sum->records++;
	if (sum->first == 0 || e->seq < sum->first)
		sum->first = e->seq;
	if (e->seq > sum->last) {
		sum->last = e->seq;
		if (host)
			(void)snprintf(sum->host, sizeof(sum->host), "%.*s",
				       (int)(host->len < 255 ? host->len : 255), host->value);
	}
	usec = sight_time(s);
	if (usec > 0 && (sum->first_usec == 0 || usec < sum->first_usec))
		sum->first_usec = usec;
	if (usec > sum->last_usec)
		sum->last_usec = usec;
}

static int note_generation(struct chains *c, struct chain *chain, const struct sighting *s,
			   struct err *err)
{
	const struct view *id = entry_get(s->entry, "COAMING_KEY_ID");
	void *v = chain->generations;
	int r;

	if (s->entry->epoch != 1 || !id)
		return 0;
	r = make_room(&v, chain->n_generations, TRIMS_MAX, sizeof(*chain->generations), err);
	chain->generations = v;
	if (r > 0)
		chain->generations[chain->n_generations++] = (struct generation){
			s->entry->seq, c->keys && chain_keys_has(c->keys, id->value, id->len)
		};
	return r < 0 ? r : 0;
}

static int note_trim(struct chain *chain, const struct entry *e, struct err *err)
{
	const struct view *hash = entry_get(e, "COAMING_TRIM_HASH");
	void *v = chain->trims;
	uint64_t seq;
	int r;

	if (!hash || hash->len != SHA256_HEX - 1 || !entry_get_u64(e, "COAMING_TRIM_SEQ", &seq))
		return 0;
	r = make_room(&v, chain->n_trims, TRIMS_MAX, sizeof(*chain->trims), err);
	chain->trims = v;
	if (r <= 0)
		return r;
	chain->trims[chain->n_trims].seq = seq;
	memcpy(chain->trims[chain->n_trims].hash, hash->value, hash->len);
	chain->trims[chain->n_trims++].hash[hash->len] = '\0';
	return 0;
}

/* What the ledger itself said of losses. */
static int tell_gap(struct chains *c, const struct sighting *s, const char *where, struct err *err)
{
	const struct entry *e = s->entry;
	const struct view *reason = entry_get(e, "COAMING_GAP_REASON");
	struct spot spot = { FOUND_GAP, false, s->machine, e->seq, e->seq, where };
	uint64_t count = 0;

	if (!entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)) ||
	    entry_is(e, "COAMING_GAP_REASON", RECORD_GAP_UNADMITTED))
		return 0;
	(void)entry_get_u64(e, "COAMING_GAP_COUNT", &count);
	/* A writer died within a record that nobody was told is kept. */
	spot.is_note = entry_is(e, "COAMING_GAP_REASON", "torn");
	return tell(c, &spot, err, "the ledger itself says that %llu may be missing: %.*s",
		    (unsigned long long)count, reason ? (int)(reason->len % 64) : 1,
		    reason ? reason->value : "?");
}

static int check_code(struct chains *c, struct chain *chain, const struct sighting *s,
		      const char *where, struct err *err)
{
	const struct entry *e = s->entry;
	int r = 1;

	if (e->epoch == 0 && !entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)))
		return doubt(chain, DOUBT_NO_CODE, e->seq, where, err);
	if (e->epoch == 0)
		return 0;
	chain->summary.keyed++;
	if (!c->keys)
		return 0;
	r = chain_keys_check(c->keys, e->epoch, s->hashed, s->hashed_len, e->mac, err);
	chain->summary.proven += r > 0;
	return r == 0 ? doubt(chain, DOUBT_CODE, e->seq, where, err) : r < 0 ? r : 0;
}

static int check_heads(struct chains *c, const struct sighting *s, const char *where,
		       struct err *err)
{
	const struct entry *e = s->entry;
	const struct spot spot = { FOUND_FORKED, false, s->machine, e->seq, e->seq, where };

	for (size_t i = 0; i < c->n_heads; i++) {
		const struct chain_head *h = &c->heads[i];
		int r;

		if (h->seq != e->seq || !streq(h->machine, s->machine))
			continue;
		c->head_met[i] = true;
		if (streq(h->hash, e->hash))
			continue;
		r = tell(
			c, &spot, err,
			"the head kept in %s has another record at this place: it was replaced, or "
			"the host went back to a snapshot",
			h->from);
		if (r != 0)
			return r;
	}
	return 0;
}

static int check_order(struct chains *c, struct chain *chain, const struct sighting *s,
		       const char *where, struct err *err)
{
	const struct entry *e = s->entry;
	const struct spot spot = { FOUND_DUPLICATED, false, s->machine, e->seq, e->seq, where };

	if (s->source != SIGHT_LEDGER)
		return 0;
	if (e->seq < chain->in_ledger)
		return doubt(chain, DOUBT_ORDER, e->seq, where, err);
	if (e->seq == chain->in_ledger && streq(e->hash, chain->ledger_hash))
		return tell(c, &spot, err, "the ledger has the same record twice");
	chain->in_ledger = e->seq;
	memcpy(chain->ledger_hash, e->hash, sizeof(chain->ledger_hash));
	return 0;
}

/* SEQs that this record itself says are missing before it. */
static uint64_t passed_over(const struct entry *e)
{
	uint64_t from, to;

	if (!entry_is(e, "COAMING_EVENT", event_name(EVENT_GAP)) ||
	    !entry_get_u64(e, "COAMING_GAP_FROM", &from) ||
	    !entry_get_u64(e, "COAMING_GAP_TO", &to) || from > to || to != e->seq - 1)
		return 0;
	return to - from + 1;
}

static int place(struct chains *c, struct chain *chain, const struct sighting *s, const char *where,
		 struct err *err)
{
	const struct spot spot = { FOUND_ALTERED, false,         s->machine,
				   s->entry->seq, s->entry->seq, where };
	enum run_added added;
	uint64_t jump;
	int r;

	r = runs_add(&chain->runs, s, where, CHAIN_RUNS_MAX, &added, &jump, err);
	if (r < 0)
		return r;
	chain->summary.copies += added == RUN_COPY;
	if (added == RUN_EXTENDED)
		chain->summary.told += passed_over(s->entry);
	if (jump == 0)
		return 0;
	return tell(c, &spot, err, "its key is number %llu, after number %llu: some were used up",
		    (unsigned long long)s->entry->epoch, (unsigned long long)jump);
}

static int feed_without_place(struct chains *c, const struct sighting *s, const char *where,
			      struct err *err)
{
	bool unchained = entry_is(s->entry, "COAMING_UNCHAINED", "1");
	const struct spot spot = {
		unchained ? FOUND_UNCHAINED : FOUND_INSERTED, unchained, s->machine, 0, 0, where
	};

	return tell(c, &spot, err, "%s",
		    unchained
			    ? "the ledger could not take it: only the journal has it, and nothing "
			      "proves it"
			    : "it has no place in the chain");
}

static int feed_record(struct chains *c, struct chain *chain, const struct sighting *s,
		       const char *where, struct err *err)
{
	const struct entry *e = s->entry;
	const struct spot spot = { FOUND_ALTERED, false, s->machine, e->seq, e->seq, where };
	int r = 0;

	add_up(&chain->summary, s);
	if (!s->hash_fits)
		r = tell(c, &spot, err, "its bytes do not have the hash that it states");
	else
		r = check_code(c, chain, s, where, err);
	if (r == 0 && s->hash_fits) {
		if (entry_is(e, "COAMING_REASON", "key-shown"))
			chain->summary.shown = e->seq;
		r = note_generation(c, chain, s, err);
		r = r < 0 ? r : note_trim(chain, e, err);
		r = r < 0 ? r : tell_gap(c, s, where, err);
	}
	r = r != 0 ? r : check_heads(c, s, where, err);
	r = r != 0 ? r : check_order(c, chain, s, where, err);
	return r != 0 ? r : place(c, chain, s, where, err);
}

int chains_feed(struct chains *c, const struct sighting *s, struct err *err)
{
	struct spot spot = { FOUND_UNREADABLE, s->torn, "", 0, 0, NULL };
	char where[WHERE_SIZE];
	struct chain *chain = NULL;
	int r;

	spot.where = where_of(where, s);
	if (!s->readable)
		return tell(c, &spot, err,
			    s->torn ? "the file ends within a record, of %llu bytes so far"
				    : "%llu bytes are no record",
			    (unsigned long long)s->bytes);
	spot.kind = FOUND_FORGED;
	spot.machine = s->machine;
	spot.from = spot.to = s->entry->seq;
	if (!s->is_ours)
		return tell(c, &spot, err, "it was sent by %s, and not by root to the journal",
			    s->sender ? s->sender : "somebody else");
	if (s->entry->seq == 0)
		return feed_without_place(c, s, where, err);
	r = get_chain(c, s, &chain, err);
	return r < 0 ? r : feed_record(c, chain, s, where, err);
}

/* ---- how runs meet ---- */

enum meeting { MEET_FIRST, MEET_FOLLOWS, MEET_BROKEN, MEET_HOLE, MEET_OVERLAPS };

/* now: the run that has come furthest; next: after it by its first SEQ. */
typedef int meet_fn(struct chains *c, struct chain *chain, enum meeting how, const struct run *now,
		    const struct run *next, struct err *err);

static enum meeting how_they_meet(const struct run *now, const struct run *next)
{
	if (!now)
		return MEET_FIRST;
	if (next->first <= now->last)
		return MEET_OVERLAPS;
	if (next->first > now->last + 1)
		return MEET_HOLE;
	return memcmp(next->first_prev, now->last_hash, SHA256_BYTES) == 0 ? MEET_FOLLOWS
									   : MEET_BROKEN;
}

static int meet_all(struct chains *c, struct chain *chain, meet_fn *fn, struct err *err)
{
	const struct run *now = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->runs.n; i++) {
		const struct run *next = &chain->runs.v[i];

		r = fn(c, chain, how_they_meet(now, next), now, next, err);
		if (!now || next->last > now->last)
			now = next;
	}
	return r;
}

static int want(struct chain *chain, uint64_t seq, struct err *err)
{
	void *v = chain->wanted;
	int r;

	if (seq == 0)
		return 0;
	r = make_room(&v, chain->n_wanted, WANTED_MAX, sizeof(*chain->wanted), err);
	chain->wanted = v;
	if (r > 0)
		chain->wanted[chain->n_wanted++] = (struct wanted){ .seq = seq };
	return r < 0 ? r : 0;
}

static int want_overlap(struct chains *c, struct chain *chain, enum meeting how,
			const struct run *now, const struct run *next, struct err *err)
{
	int r = 0;

	(void)c;
	if (how != MEET_OVERLAPS || !now)
		return 0;
	r = want(chain, next->last < now->last ? next->last : now->last, err);
	r = r < 0 ? r : want(chain, next->first, err);
	return r < 0 ? r : want(chain, next->first - 1, err);
}

static int by_seq(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->n < y->n) - (x->n > y->n); /* what was read before comes first, and stays */
}

static void sort_wanted(struct chain *chain)
{
	size_t n = 0;

	if (chain->n_wanted == 0)
		return;
	qsort(chain->wanted, chain->n_wanted, sizeof(*chain->wanted), by_seq);
	for (size_t i = 0; i < chain->n_wanted; i++)
		if (n == 0 || chain->wanted[n - 1].seq != chain->wanted[i].seq)
			chain->wanted[n++] = chain->wanted[i];
	chain->n_wanted = n;
}

static int sort_all(struct chains *c, struct err *err)
{
	int r = 0;

	for (struct chain *chain = c->first; !c->sorted && chain && r == 0; chain = chain->next) {
		runs_sort(&chain->runs);
		r = meet_all(c, chain, want_overlap, err);
		sort_wanted(chain);
	}
	c->sorted = true;
	return r;
}

static struct wanted *find_wanted(const struct chain *chain, uint64_t seq)
{
	size_t low = 0, high = chain->n_wanted;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (chain->wanted[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < chain->n_wanted && chain->wanted[low].seq == seq ? &chain->wanted[low] : NULL;
}

int chains_again(struct chains *c, const struct sighting *s, struct err *err)
{
	uint8_t hash[SHA256_BYTES];
	struct wanted *w = NULL;

	(void)err;
	if (!s->readable || !s->is_ours || s->entry->seq == 0 ||
	    !hex_decode(hash, sizeof(hash), s->entry->hash, strlen(s->entry->hash)))
		return 0;
	for (const struct chain *chain = c->first; chain && !w; chain = chain->next)
		if (streq(chain->summary.machine, s->machine))
			w = find_wanted(chain, s->entry->seq);
	if (!w)
		return 0;
	for (unsigned i = 0; i < w->n; i++)
		if (memcmp(w->hashes[i], hash, sizeof(hash)) == 0)
			return 0;
	if (w->n < ARRAY_SIZE(w->hashes))
		memcpy(w->hashes[w->n++], hash, sizeof(hash));
	return 0;
}

static bool has_hash(const struct wanted *w, const uint8_t hash[SHA256_BYTES])
{
	for (unsigned i = 0; w && i < w->n; i++)
		if (memcmp(w->hashes[i], hash, SHA256_BYTES) == 0)
			return true;
	return false;
}

/* A third run that ends there explains a second hash. */
static bool is_explained(const struct chain *chain, uint64_t seq, const uint8_t hash[SHA256_BYTES],
			 const struct run *a, const struct run *b)
{
	for (size_t i = 0; i < chain->runs.n; i++) {
		const struct run *run = &chain->runs.v[i];

		if (run != a && run != b && run->last == seq &&
		    memcmp(run->last_hash, hash, SHA256_BYTES) == 0)
			return true;
	}
	return false;
}

/* Do both runs have the same record where the shorter one ends? Then all before are the same. */
static bool are_copies(const struct chain *chain, const struct run *now, const struct run *next)
{
	uint64_t seq = next->last < now->last ? next->last : now->last;
	const uint8_t *hash = next->last < now->last ? next->last_hash : now->last_hash;
	const struct wanted *w;

	if (now->last == next->last)
		return memcmp(now->last_hash, next->last_hash, SHA256_BYTES) == 0;
	w = find_wanted(chain, seq);
	if (!w)
		return false;
	for (unsigned i = 0; i < w->n; i++)
		if (memcmp(w->hashes[i], hash, SHA256_BYTES) != 0 &&
		    !is_explained(chain, seq, w->hashes[i], now, next))
			return false;
	return true;
}

/* The later one that has its own beginning in common with the other: where do they part? */
static int note_fork(struct chains *c, struct chain *chain, enum meeting how, const struct run *now,
		     const struct run *next, struct err *err)
{
	const struct wanted *first;

	(void)c;
	(void)err;
	if (how != MEET_OVERLAPS || !now || chain->n_forks == FORKS_MAX ||
	    are_copies(chain, now, next))
		return 0;
	first = find_wanted(chain, next->first);
	if (first && first->n == 1)
		chain->forks[chain->n_forks++] =
			(struct fork){ next, next->first,
				       next->last < now->last ? next->last : now->last };
	return 0;
}

/* What was read says in which part they part. */
static void narrow(const struct chain *chain, struct fork *fork)
{
	for (size_t i = 0; i < chain->n_wanted; i++) {
		const struct wanted *w = &chain->wanted[i];

		if (w->seq <= fork->lo || w->seq >= fork->hi || w->n == 0)
			continue;
		if (w->n > 1) {
			fork->hi = w->seq; /* they are in order */
			return;
		}
		fork->lo = w->seq;
	}
}

static int want_points(struct chain *chain, const struct fork *fork, struct err *err)
{
	uint64_t step = (fork->hi - fork->lo) / FORK_POINTS + 1;
	int r = 0;

	for (uint64_t seq = fork->lo + step; r == 0 && seq < fork->hi; seq += step)
		r = want(chain, seq, err);
	return r;
}

/* After a reading: what else has to be looked at? */
static int want_more(struct chains *c, struct chain *chain, struct err *err)
{
	int r = 0;

	if (c->readings == 1)
		r = meet_all(c, chain, note_fork, err);
	for (size_t i = 0; i < chain->n_forks; i++)
		narrow(chain, &chain->forks[i]);
	for (size_t i = 0; r == 0 && i < chain->n_forks; i++)
		r = want_points(chain, &chain->forks[i], err);
	return r;
}

static bool has_open_forks(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_forks; i++)
		if (chain->forks[i].hi - chain->forks[i].lo > 1)
			return true;
	return false;
}

bool chains_wants_again(struct chains *c)
{
	struct err ignored = { 0 };
	bool wants = false;

	/* Short of memory it goes without, and is less exact. */
	if (sort_all(c, &ignored) < 0)
		return false;
	for (struct chain *chain = c->first; chain; chain = chain->next) {
		if (c->readings > 0 && want_more(c, chain, &ignored) < 0)
			return false;
		if (c->readings > 0)
			sort_wanted(chain);
		wants |= c->readings == 0 ? chain->n_wanted > 0 : has_open_forks(chain);
	}
	c->readings++;
	return wants;
}

#define FORKED_TEXT                                                                                \
	"two chains go on from the record before: the host went back to a snapshot, or somebody "  \
	"wrote records of their own"

/* Where a run parts from the other whose beginning it has; 0: it has none of it. */
static uint64_t parts_at(const struct chain *chain, const struct run *next)
{
	for (size_t i = 0; i < chain->n_forks; i++)
		if (chain->forks[i].next == next)
			return chain->forks[i].hi;
	return 0;
}

static int judge_overlap(struct chains *c, struct chain *chain, const struct run *now,
			 const struct run *next, struct err *err)
{
	struct spot spot = { FOUND_DUPLICATED, false,      chain->summary.machine,
			     next->first,      next->last, next->where };
	uint64_t parts = parts_at(chain, next);
	bool linked;

	if (are_copies(chain, now, next)) {
		chain->summary.copies += next->last - next->first + 1;
		if (!next->only_ledger || !now->only_ledger)
			return 0;
		return tell(c, &spot, err, "the ledger has the same records twice");
	}
	linked =
		next->first == 1 || has_hash(find_wanted(chain, next->first - 1), next->first_prev);
	if (!linked) {
		spot.kind = FOUND_INSERTED;
		return tell(c, &spot, err,
			    "other records have these places, and no record leads to this one");
	}
	spot.kind = FOUND_FORKED;
	if (parts > 0)
		spot.from = parts;
	return tell(c, &spot, err, "%s",
		    parts == 0 && next->first == 1
			    ? "a second chain begins: the ledger was removed and begun anew"
			    : FORKED_TEXT);
}

static bool is_anchored(const struct chains *c, const struct chain *chain, const struct run *run)
{
	char prev[SHA256_HEX];

	hex_encode(prev, run->first_prev, SHA256_BYTES);
	if (run->first == 1)
		return streq(prev, entry_hash_none);
	for (size_t i = 0; i < chain->n_trims; i++)
		if (chain->trims[i].seq == run->first - 1 && streq(chain->trims[i].hash, prev))
			return true;
	for (size_t i = 0; i < c->n_heads; i++) {
		const struct chain_head *h = &c->heads[i];

		if (!streq(h->machine, chain->summary.machine))
			continue;
		/* What was before the head was looked at when it was kept. */
		if ((h->seq == run->first - 1 && streq(h->hash, prev)) ||
		    (h->seq == run->first && c->head_met[i]))
			return true;
	}
	return false;
}

static int judge_hole(struct chains *c, struct chain *chain, const struct run *now,
		      const struct run *next, struct err *err)
{
	struct spot spot = { FOUND_MISSING, false,           chain->summary.machine,
			     now->last + 1, next->first - 1, next->where };
	uint64_t n = next->first - now->last - 1;

	if (next->gap_from > 0 && next->gap_from <= now->last + 1 &&
	    next->gap_to == next->first - 1) {
		chain->summary.told += n;
		return 0;
	}
	if (chain->in_ledger > 0 && !next->in_ledger && next->first > chain->in_ledger + 1) {
		spot = (struct spot){ FOUND_INSERTED, false,      chain->summary.machine,
				      next->first,    next->last, next->where };
		return tell(c, &spot, err,
			    "the ledger has not come so far, and no record leads to this one");
	}
	chain->summary.missing += n;
	return tell(c, &spot, err, "%llu record%s missing, of which no gap record tells",
		    (unsigned long long)n, n == 1 ? " is" : "s are");
}

static int judge(struct chains *c, struct chain *chain, enum meeting how, const struct run *now,
		 const struct run *next, struct err *err)
{
	struct spot spot = { FOUND_ALTERED, false,       chain->summary.machine,
			     next->first,   next->first, next->where };

	switch (how) {
	case MEET_FIRST:
		if (is_anchored(c, chain, next))
			return 0;
		spot.kind = FOUND_BEGINNING;
		spot.from = 1;
		spot.to = next->first > 1 ? next->first - 1 : 1;
		return tell(c, &spot, err,
			    "the records begin here, and nothing says what became of those before");
	case MEET_FOLLOWS:
		return 0;
	case MEET_BROKEN:
		if (next->gap_from > 0)
			return 0; /* a gap record may follow anything, and was told itself */
		return tell(c, &spot, err,
			    "it names another record before it than the one that is there: that "
			    "was replaced, or this");
	case MEET_HOLE:
		return judge_hole(c, chain, now, next, err);
	case MEET_OVERLAPS:
		return judge_overlap(c, chain, now, next, err);
	}
	return 0;
}

/* ---- at the end ---- */

/* The key in force at a SEQ: the last that began before or with it. */
static const struct generation *generation_at(const struct chain *chain, uint64_t seq)
{
	const struct generation *found = NULL;

	for (size_t i = 0; i < chain->n_generations; i++)
		if (chain->generations[i].seq <= seq &&
		    (!found || chain->generations[i].seq > found->seq))
			found = &chain->generations[i];
	return found;
}

static bool is_copied(const struct chain *chain, uint64_t seq)
{
	unsigned n = 0;

	for (size_t i = 0; i < chain->runs.n; i++)
		n += chain->runs.v[i].only_ledger && chain->runs.v[i].first <= seq &&
		     chain->runs.v[i].last >= seq;
	return n > 1;
}

static int judge_doubt(struct chains *c, const struct chain *chain, const struct doubt *d,
		       struct err *err)
{
	const struct generation *key = generation_at(chain, d->seq);
	struct spot spot = {
		FOUND_FORGED, false, chain->summary.machine, d->seq, d->seq, d->where
	};

	switch (d->what) {
	case DOUBT_NO_CODE:
		return !key ? 0 : tell(c, &spot, err, "it has no code, though there is a key");
	case DOUBT_CODE:
		spot.is_note = !key || !key->is_known;
		if (spot.is_note)
			spot.kind = FOUND_UNPROVEN;
		return tell(c, &spot, err, "%s",
			    spot.is_note ? "its code was made with a key that is not at hand"
					 : "its code was not made with the host's key");
	case DOUBT_ORDER:
		spot.kind = FOUND_REORDERED;
		if (is_copied(chain, d->seq))
			return 0; /* told as duplicated */
		return tell(c, &spot, err, "in the ledger it stands after a later one");
	}
	return 0;
}

/* Heads that the records of that host do not reach; `last` is 0 where there are none. */
static int judge_heads(struct chains *c, const char *machine, uint64_t last, struct err *err)
{
	struct spot spot = { FOUND_TRUNCATED, false, machine, last + 1, 0, NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_heads; i++) {
		const struct chain_head *h = &c->heads[i];

		if (h->seq <= last || !streq(h->machine, machine))
			continue;
		c->head_met[i] = true;
		spot.to = h->seq;
		spot.where = h->from;
		r = tell(c, &spot, err,
			 "the head kept there had come further: the end was cut off, or the host "
			 "went back to a snapshot");
	}
	return r;
}

/* Of hosts that have no records here at all. */
static int judge_other_heads(struct chains *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_heads; i++) {
		const struct chain *chain = c->first;

		while (chain && !streq(chain->summary.machine, c->heads[i].machine))
			chain = chain->next;
		if (!chain && !c->head_met[i])
			r = judge_heads(c, c->heads[i].machine, 0, err);
	}
	return r;
}

static int end_chain(struct chains *c, struct chain *chain, chain_summary_fn *fn, struct err *err)
{
	struct spot spot = { FOUND_MISSING, false, chain->summary.machine, 0, 0, NULL };
	int r;

	r = meet_all(c, chain, judge, err);
	for (size_t i = 0; r == 0 && i < chain->n_doubts; i++)
		r = judge_doubt(c, chain, &chain->doubts[i], err);
	if (r == 0)
		r = judge_heads(c, chain->summary.machine, chain->summary.last, err);
	if (r == 0 && chain->runs.overflow > 0)
		r = tell(c, &spot, err, "%llu more records do not follow one another",
			 (unsigned long long)chain->runs.overflow);
	return r != 0 ? r : fn(c->arg, &chain->summary, err);
}

int chains_end(struct chains *c, chain_summary_fn *fn, struct err *err)
{
	int r = sort_all(c, err);

	for (struct chain *chain = c->first; chain && r == 0; chain = chain->next)
		r = end_chain(c, chain, fn, err);
	return r != 0 ? r : judge_other_heads(c, err);
}
