/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other ends that are known by a name.
 */
#include "profiles/reach_who.h"

#include <errno.h>

#include "profiles/selector_logic.h"

/* A selector that means more than these many is left as one. */
#define SPLIT_MAX 16

static bool has(const struct who *who, size_t row)
{
	return who->bits[row / 64] >> (row % 64) & 1;
}

static struct who only(size_t row)
{
	struct who who = { 0 };

	who.bits[row / 64] = (uint64_t)1 << (row % 64);
	return who;
}

static void row_done(struct who_row *row)
{
	free(row->labels.v);
	free(row->namespaces.v);
}

void who_table_done(struct who_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		row_done(&table->v[i]);
	free(table->v);
	*table = (struct who_table){ 0 };
}

/* ---- rows ---- */

static bool same_requirement(const struct requirement *a, const struct requirement *b)
{
	if (!streq(a->key, b->key) || a->op != b->op || a->n_values != b->n_values)
		return false;
	for (size_t i = 0; i < a->n_values; i++) {
		if (!streq(a->values[i], b->values[i]))
			return false;
	}
	return true;
}

/* They are normalised: what is equal stands in the same order. */
static bool same_selector(const struct selector *a, const struct selector *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++) {
		if (!same_requirement(&a->v[i], &b->v[i]))
			return false;
	}
	return a->n == b->n;
}

static bool same_row(const struct who_row *a, const struct who_row *b)
{
	if (a->zone || b->zone)
		return a->zone && b->zone && streq(a->zone, b->zone);
	return a->of_namespace == b->of_namespace && same_selector(&a->labels, &b->labels) &&
	       same_selector(&a->namespaces, &b->namespaces);
}

/* Takes what the row owns, also on failure. */
static int intern(struct who_table *table, struct who_row row, size_t *ret, struct err *err)
{
	struct who_row *grown;

	for (size_t i = 0; i < table->n; i++) {
		if (same_row(&table->v[i], &row)) {
			row_done(&row);
			*ret = i;
			return 0;
		}
	}
	if (table->n == REACH_WHO_MAX) {
		row_done(&row);
		return err_input(err, E2BIG,
				 "network sections with more than %d different selectors and zones "
				 "are not compared",
				 REACH_WHO_MAX);
	}
	grown = reallocarray(table->v, table->n + 1, sizeof(*grown));
	if (!grown) {
		row_done(&row);
		return err_oom(err);
	}
	table->v = grown;
	*ret = table->n;
	grown[table->n++] = row;
	return 0;
}

/* ---- from peers ---- */

/* How many it means; 1 where they would be too many, or where it says nothing of the kind. */
static size_t count_splits(const struct selector *selector)
{
	size_t n = 1;

	for (size_t i = 0; i < selector->n; i++) {
		if (selector->v[i].op == SELECTOR_IN)
			n *= selector->v[i].n_values;
		if (n > SPLIT_MAX)
			return 1;
	}
	return n;
}

/* The one of that number: of each In one value, borrowed with all else. */
static int split(const struct selector *selector, size_t number, bool whole, struct selector *ret,
		 struct err *err)
{
	ret->v = calloc(selector->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	ret->n = selector->n;
	for (size_t i = 0; i < selector->n; i++) {
		const struct requirement *from = &selector->v[i];

		ret->v[i] = *from;
		if (whole || from->op != SELECTOR_IN)
			continue;
		ret->v[i].values = from->values + number % from->n_values;
		ret->v[i].n_values = 1;
		number /= from->n_values;
	}
	return 0;
}

static bool nobody_fits(const struct who_row *row)
{
	const struct selector *labels = &row->labels, *namespaces = &row->namespaces;

	return selectors_contradict(&(struct selector_facts){ &labels, 1, false }) ||
	       selectors_contradict(&(struct selector_facts){ &namespaces, 1, true });
}

static int add_split(struct who_table *table, const struct peer_selector *selector, size_t number,
		     struct who *v, size_t *n, struct err *err)
{
	size_t labels = count_splits(&selector->labels),
	       namespaces = count_splits(&selector->namespaces), at = 0;
	struct who_row row = { .of_namespace = selector->of_namespace };
	int r;

	r = split(&selector->labels, number % labels, labels == 1, &row.labels, err);
	if (r == 0)
		r = split(&selector->namespaces, number / labels, namespaces == 1, &row.namespaces,
			  err);
	if (r < 0 || nobody_fits(&row)) {
		row_done(&row);
		return r;
	}
	r = intern(table, row, &at, err);
	if (r == 0)
		v[(*n)++] = only(at);
	return r;
}

static int add_zone(struct who_table *table, const char *zone, struct who *v, size_t *n,
		    struct err *err)
{
	size_t at = 0;
	int r = intern(table, (struct who_row){ .zone = zone }, &at, err);

	if (r == 0)
		v[(*n)++] = only(at);
	return r;
}

int who_of_peer(struct who_table *table, const struct peer *peer, struct who **ret, size_t *ret_n,
		struct err *err)
{
	_cleanup_free_ struct who *v = calloc(SPLIT_MAX * SPLIT_MAX, sizeof(*v));
	size_t n = 0, splits;
	int r = 0;

	if (!v)
		return err_oom(err);
	splits = count_splits(&peer->selector.labels) * count_splits(&peer->selector.namespaces);
	if (peer->kind == PEER_ZONE)
		r = add_zone(table, peer->zone, v, &n, err);
	for (size_t i = 0; peer->kind == PEER_LABELS && r == 0 && i < splits; i++)
		r = add_split(table, &peer->selector, i, v, &n, err);
	if (r < 0)
		return r;
	*ret = take_ptr(v);
	*ret_n = n;
	return 0;
}

/* ---- logic ---- */

bool who_is_anybody(const struct who *who)
{
	static const struct who anybody = { 0 };

	return who_equal(who, &anybody);
}

bool who_equal(const struct who *a, const struct who *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* All that is said of somebody. */
struct said {
	const struct selector *labels[REACH_WHO_MAX], *namespaces[REACH_WHO_MAX];
	size_t n_labels, n_namespaces;
	bool is_container, of_namespace;
};

static void gather(const struct who_table *table, const struct who *who, struct said *said)
{
	said->n_labels = said->n_namespaces = 0;
	said->is_container = said->of_namespace = false;
	for (size_t i = 0; i < table->n; i++) {
		const struct who_row *row = &table->v[i];

		if (!has(who, i) || row->zone)
			continue;
		said->is_container = true;
		said->labels[said->n_labels++] = &row->labels;
		if (!row->of_namespace)
			continue;
		said->of_namespace = true;
		said->namespaces[said->n_namespaces++] = &row->namespaces;
	}
}

static struct selector_facts label_facts(const struct said *said)
{
	return (struct selector_facts){ said->labels, said->n_labels, false };
}

static struct selector_facts namespace_facts(const struct said *said)
{
	return (struct selector_facts){ said->namespaces, said->n_namespaces, true };
}

bool who_both(const struct who_table *table, const struct who *a, const struct who *b,
	      struct who *ret)
{
	struct selector_facts labels, namespaces;
	struct said said;
	struct who both;

	for (size_t i = 0; i < ARRAY_SIZE(both.bits); i++)
		both.bits[i] = a->bits[i] | b->bits[i];
	*ret = both;
	if (who_equal(&both, a) || who_equal(&both, b))
		return true; /* found to be possible before */
	gather(table, &both, &said);
	labels = label_facts(&said);
	namespaces = namespace_facts(&said);
	return !selectors_contradict(&labels) && !selectors_contradict(&namespaces);
}

static bool all_implied(const struct selector_facts *facts, const struct selector *selector)
{
	for (size_t i = 0; i < selector->n; i++) {
		if (!selectors_imply(facts, &selector->v[i]))
			return false;
	}
	return true;
}

static bool row_implied(const struct said *said, const struct who_row *row)
{
	const struct selector_facts labels = label_facts(said), namespaces = namespace_facts(said);

	return !row->zone && said->is_container && (!row->of_namespace || said->of_namespace) &&
	       all_implied(&labels, &row->labels) && all_implied(&namespaces, &row->namespaces);
}

bool who_implies(const struct who_table *table, const struct who *a, const struct who *b)
{
	struct said said;

	if (who_is_anybody(b))
		return true;
	if (who_is_anybody(a))
		return false;
	gather(table, a, &said);
	for (size_t i = 0; i < table->n; i++) {
		if (has(b, i) && !has(a, i) && !row_implied(&said, &table->v[i]))
			return false;
	}
	return true;
}

/* ---- to words ---- */

static void describe_row(const struct who_row *row, struct buf *out)
{
	const struct peer_selector selector = { .of_namespace = row->of_namespace,
						.namespaces = row->namespaces,
						.labels = row->labels };

	if (row->zone)
		buf_addf(out, "zone %s", row->zone);
	else
		peer_selector_describe(&selector, out);
}

void who_describe(const struct who_table *table, const struct who *who, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < table->n; i++) {
		if (!has(who, i))
			continue;
		buf_adds(out, between);
		describe_row(&table->v[i], out);
		between = ", at once ";
	}
}
