/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for a terminal: columns as wide as what stands in them, narrowed to the terminal where
 * they are too wide. What a terminal would obey is not in it.
 */
#ifndef COAMING_CLI_TABLE_H
#define COAMING_CLI_TABLE_H

#include "cli/term.h"
#include "lib/err.h"

#define TABLE_COLUMNS_MAX 12

struct table_column {
	const char *title;
	size_t least; /* it may be narrowed to that; 0: never */
};

struct table_cell {
	char *text;
	enum style style;
};

struct table {
	const struct table_column *columns;
	size_t n_columns; /* at most TABLE_COLUMNS_MAX */
	struct table_cell *cells;
	size_t n_cells;
};

/* Add a cell, row by row; the text is copied, its control characters become "?". */
int table_add(struct table *table, enum style style, const char *text, struct err *err);
/* Print it. whole: nothing is narrowed. */
void table_print(const struct table *table, const struct term *term, bool whole);
void table_done(struct table *table);
#define _cleanup_table_ _cleanup_(table_done)

#endif
