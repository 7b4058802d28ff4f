/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two texts, as diff -u says it: the lines that both begin and end with are
 * set aside, of the rest the longest common subsequence stays.
 *
 * Source: POSIX diff(1), "Diff -u or -U Output Format"
 */
#include "cli/unified.h"

#include "lib/utf8.h"

#define CONTEXT 3
/* Cells of the table for the lines between; where it would be larger, all of those are exchanged.
 */
#define CELLS_MAX ((size_t)4 << 20)

struct line {
	const char *text;
	size_t len; /* with its newline */
};

struct lines {
	struct line *v;
	size_t n;
};

struct row {
	char mark; /* ' ', '-', '+' */
	struct line line;
};

struct rows {
	struct row *v;
	size_t n;
};

static void lines_done(struct lines *lines)
{
	free(lines->v);
}

static void rows_done(struct rows *rows)
{
	free(rows->v);
}

static int split(struct lines *ret, const char *text, size_t len, struct err *err)
{
	size_t n = 1, at = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return err_oom(err);
	while (at < len) {
		const char *lf = memchr(text + at, '\n', len - at);
		size_t end = lf ? (size_t)(lf - text) + 1 : len;

		ret->v[ret->n++] = (struct line){ text + at, end - at };
		at = end;
	}
	return 0;
}

static bool is_same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void put(struct rows *rows, char mark, const struct line *line)
{
	rows->v[rows->n++] = (struct row){ mark, *line };
}

/* Longest common subsequence of a[i..] and b[k..], for all i and k. */
static uint32_t *measure(const struct line *a, size_t na, const struct line *b, size_t nb)
{
	uint32_t *table = calloc((na + 1) * (nb + 1), sizeof(*table));

	if (!table)
		return NULL;
	for (size_t i = na; i-- > 0;) {
		for (size_t k = nb; k-- > 0;) {
			uint32_t *cell = &table[i * (nb + 1) + k];
			uint32_t right = cell[1], below = cell[nb + 1];

			*cell = is_same(&a[i], &b[k]) ? cell[nb + 2] + 1
				: below >= right      ? below
						      : right;
		}
	}
	return table;
}

static int compare_between(struct rows *rows, const struct line *a, size_t na, const struct line *b,
			   size_t nb, struct err *err)
{
	bool small = na < CELLS_MAX && nb < CELLS_MAX && (na + 1) * (nb + 1) <= CELLS_MAX;
	_cleanup_free_ uint32_t *table = small ? measure(a, na, b, nb) : NULL;
	size_t i = 0, k = 0;

	if (small && !table)
		return err_oom(err);
	while (i < na || k < nb) {
		const uint32_t *cell = table ? &table[i * (nb + 1) + k] : NULL;

		if (cell && i < na && k < nb && is_same(&a[i], &b[k])) {
			put(rows, ' ', &a[i++]);
			k++;
		} else if (i < na && (!cell || k == nb || cell[nb + 1] >= cell[1])) {
			put(rows, '-', &a[i++]);
		} else {
			put(rows, '+', &b[k++]);
		}
	}
	return 0;
}

static int compare(struct rows *rows, const struct lines *a, const struct lines *b, struct err *err)
{
	size_t head = 0, tail = 0;
	int r;

	rows->v = calloc(a->n + b->n + 1, sizeof(*rows->v));
	if (!rows->v)
		return err_oom(err);
	while (head < a->n && head < b->n && is_same(&a->v[head], &b->v[head]))
		put(rows, ' ', &a->v[head++]);
	while (head + tail < a->n && head + tail < b->n &&
	       is_same(&a->v[a->n - 1 - tail], &b->v[b->n - 1 - tail]))
		tail++;
	r = compare_between(rows, a->v + head, a->n - head - tail, b->v + head, b->n - head - tail,
			    err);
	for (; r == 0 && tail > 0; tail--)
		put(rows, ' ', &a->v[a->n - tail]);
	return r;
}

static void print_row(struct buf *out, const struct row *row)
{
	size_t n = row->line.len;
	bool ended = n > 0 && row->line.text[n - 1] == '\n';

	buf_addc(out, row->mark);
	for (size_t i = 0; i < n - ended;) {
		const char *s = row->line.text + i;
		size_t k = utf8_sequence(s, n - i);
		char shown[8];

		if (*s == '\t' || (*s == '\r' && i + 1 == n - ended) || k == 0) {
			buf_addc(out, k ? *s : '?');
			i++;
			continue;
		}
		(void)utf8_put_shown(shown, sizeof(shown),
				     (char[5]){ s[0], k > 1 ? s[1] : '\0', k > 2 ? s[2] : '\0',
						k > 3 ? s[3] : '\0' });
		buf_adds(out, shown);
		i += k;
	}
	buf_adds(out, ended ? "\n" : "\n\\ No newline at end of file\n");
}

/* Where a hunk that begins before `from` ends: no change within twice the context. */
static size_t hunk_end(const struct rows *rows, size_t from)
{
	size_t last = from;

	for (size_t i = from; i < rows->n && i <= last + 2 * CONTEXT + 1; i++)
		last = rows->v[i].mark != ' ' ? i : last;
	return last + 1 + CONTEXT < rows->n ? last + 1 + CONTEXT : rows->n;
}

static void print_range(struct buf *out, char mark, size_t before, size_t n)
{
	/* A range of no lines names the line before it. */
	buf_addf(out, "%c%zu", mark, n > 0 ? before + 1 : before);
	if (n != 1)
		buf_addf(out, ",%zu", n);
}

static void print_hunks(struct buf *out, const struct rows *rows)
{
	size_t old = 0, new = 0; /* lines before row i */

	for (size_t i = 0; i < rows->n;) {
		size_t change = i, end, n_old = 0, n_new = 0;

		while (change < rows->n && rows->v[change].mark == ' ')
			change++;
		if (change == rows->n)
			return;
		while (i + CONTEXT < change) {
			old++;
			new ++;
			i++;
		}
		end = hunk_end(rows, change);
		for (size_t k = i; k < end; k++) {
			n_old += rows->v[k].mark != '+';
			n_new += rows->v[k].mark != '-';
		}
		buf_adds(out, "@@ ");
		print_range(out, '-', old, n_old);
		buf_addc(out, ' ');
		print_range(out, '+', new, n_new);
		buf_adds(out, " @@\n");
		for (; i < end; i++)
			print_row(out, &rows->v[i]);
		old += n_old;
		new += n_new;
	}
}

int unified_diff(struct buf *out, const char *name, const char *before, size_t before_len,
		 const char *after, size_t after_len, struct err *err)
{
	_cleanup_(lines_done) struct lines a = { 0 };
	_cleanup_(lines_done) struct lines b = { 0 };
	_cleanup_(rows_done) struct rows rows = { 0 };
	char shown[512];
	int r;

	r = split(&a, before ? before : "", before ? before_len : 0, err);
	if (r == 0)
		r = split(&b, after ? after : "", after ? after_len : 0, err);
	if (r == 0)
		r = compare(&rows, &a, &b, err);
	if (r < 0)
		return r;
	(void)utf8_put_shown(shown, sizeof(shown), name);
	for (size_t i = 0; i < rows.n; i++) {
		if (rows.v[i].mark == ' ')
			continue;
		buf_addf(out, "--- %s\n", before ? shown : "/dev/null");
		buf_addf(out, "+++ %s\n", after ? shown : "/dev/null");
		print_hunks(out, &rows);
		break;
	}
	return buf_status(out) < 0 ? err_oom(err) : 0;
}
