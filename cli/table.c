/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for a terminal.
 */
#include "cli/table.h"

#include "lib/utf8.h"

#define GAP  2
#define DOTS ".."

/* In place: what is no printable character of UTF-8 becomes "?". */
static void clean(char *text)
{
	char *out = text;

	for (const char *s = text; *s;) {
		size_t n = utf8_sequence(s, strlen(s));

		if (!utf8_is_shown(s, n)) {
			*out++ = '?';
			s += n > 0 ? n : 1;
			continue;
		}
		memmove(out, s, n);
		out += n;
		s += n;
	}
	*out = '\0';
}

int table_add(struct table *table, enum style style, const char *text, struct err *err)
{
	struct table_cell *grown =
		reallocarray(table->cells, table->n_cells + 1, sizeof(*table->cells));
	char *copy = strdup(text);

	if (grown)
		table->cells = grown;
	if (!grown || !copy) {
		free(copy);
		return err_oom(err);
	}
	clean(copy);
	grown[table->n_cells++] = (struct table_cell){ copy, style };
	return 0;
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){ 0 };
}

static void natural_widths(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t c = 0; c < table->n_columns; c++)
		widths[c] = term_width(table->columns[c].title);
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t c = i % table->n_columns, width = term_width(table->cells[i].text);

		widths[c] = width > widths[c] ? width : widths[c];
	}
}

/* The widest of those that may still give. NULL: none. */
static size_t *widest(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	size_t *found = NULL;

	for (size_t c = 0; c < table->n_columns; c++) {
		const struct table_column *column = &table->columns[c];

		if (column->least > 0 && widths[c] > column->least &&
		    (!found || widths[c] > *found))
			found = &widths[c];
	}
	return found;
}

static size_t total(const struct table *table, const size_t widths[TABLE_COLUMNS_MAX])
{
	size_t sum = GAP * (table->n_columns - 1);

	for (size_t c = 0; c < table->n_columns; c++)
		sum += widths[c];
	return sum;
}

static void narrow(const struct table *table, size_t columns, size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t *w; total(table, widths) > columns && (w = widest(table, widths));)
		(*w)--;
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *text, size_t n)
{
	size_t at = 0;

	for (; text[at] && n > 0; n--)
		at += utf8_sequence(text + at, strlen(text + at));
	return at;
}

static void print_cell(const struct term *term, const struct table_cell *cell, size_t width,
		       bool last)
{
	size_t used = term_width(cell->text);

	if (used > width)
		term_putf(term, cell->style, "%.*s%s",
			  (int)bytes_of(cell->text, width - strlen(DOTS)), cell->text, DOTS);
	else
		term_put(term, cell->style, cell->text);
	if (!last)
		(void)fprintf(term->out, "%*s", (int)(GAP + (used < width ? width - used : 0)), "");
}

void table_print(const struct table *table, const struct term *term, bool whole)
{
	size_t widths[TABLE_COLUMNS_MAX];

	if (table->n_columns == 0 || table->n_columns > TABLE_COLUMNS_MAX)
		return;
	natural_widths(table, widths);
	if (!whole && term->columns > 0)
		narrow(table, term->columns, widths);
	for (size_t c = 0; c < table->n_columns; c++) {
		struct table_cell title = { (char *)(uintptr_t)table->columns[c].title,
					    STYLE_BOLD };

		print_cell(term, &title, widths[c], c + 1 == table->n_columns);
	}
	(void)fputc('\n', term->out);
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t c = i % table->n_columns;

		print_cell(term, &table->cells[i], widths[c], c + 1 == table->n_columns);
		if (c + 1 == table->n_columns)
			(void)fputc('\n', term->out);
	}
}
