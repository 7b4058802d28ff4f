/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All the faults of one JSON file, by a parser that stops at the first.
 */
#ifndef COAMING_CLI_FAULTS_H
#define COAMING_CLI_FAULTS_H

#include "lib/doc.h"

/* More than these are not shown: nobody reads them before mending the first ones. */
#define FAULTS_MAX 100

/* Fails with "... NAME:LINE:COLUMN: ..." where NAME is doc_name(). */
typedef int faults_parse_fn(void *arg, const struct doc *doc, struct err *err);

struct fault {
	const char *text;    /* the whole sentence, with its place */
	size_t line, column; /* of the file that was parsed; 0: none */
};
typedef void faults_report_fn(void *arg, const struct fault *fault);

/*
 * The line and column in "... NAME:LINE:COLUMN: ..."; false where there is none of that name.
 *
 * name  as doc_shown_name() gives it
 */
bool fault_place(const char *text, const char *name, size_t *ret_line, size_t *ret_column);

/* Byte offset of a line and a column (characters, both from 1); the text's length where there is
 * none. */
size_t text_offset(const char *text, size_t len, size_t line, size_t column);

/*
 * Parse a text again and again, each time without the member or element that was at fault, until
 * nothing is left to complain of. What an omission itself causes ("missing") is not reported; nor
 * is anything behind a fault that concerns the text as a whole (no JSON).
 *
 * text     changed in place
 * report   called for each fault, in the order of the parser
 */
void faults_find(const char *name, char *text, size_t len, faults_parse_fn *parse,
		 faults_report_fn *report, void *arg);

#endif
