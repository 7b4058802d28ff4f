/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One word of a command line of runc or crun, taken apart.
 *
 * runc reads them with Go's flag package (one dash or two), crun with argp (unambiguous prefixes
 * and single letters in one word, too). What only one of the two understands, or each in its own
 * way, is no option that is known here.
 */
#ifndef COAMING_HOOKS_RUNTIME_WORDS_H
#define COAMING_HOOKS_RUNTIME_WORDS_H

#include "lib/err.h"

struct runtime_option {
	const char *name; /* without dashes */
	bool value;       /* takes one, as --name=VALUE or --name VALUE */
	int mark;         /* the table's own */
};

struct runtime_word {
	const struct runtime_option *option; /* NULL: unknown, or no option */
	bool is_option;
	const char *value; /* of --name=VALUE, else NULL */
};

/* "-" and what does not begin with a dash is no option. */
struct runtime_word runtime_word(const char *arg, const struct runtime_option *options, size_t n);

/*
 * The value of an option, from the word itself or the next one; *i is then that one's. What takes
 * none gives NULL, and for "true" and "false", which Go lets it have, *ret_off.
 *
 * Errors  ERR_INPUT none is there; a flag with another value than these
 */
int runtime_word_value(const struct runtime_word *word, int argc, char **argv, int *i,
		       const char **ret, bool *ret_off, struct err *err);

/* ERR_INPUT: what it would mean for a container that is to be confined cannot be known. */
int runtime_word_unknown(const char *arg, struct err *err);

#endif
