/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from a table, and --help from the same table.
 */
#ifndef COAMING_CLI_OPTIONS_H
#define COAMING_CLI_OPTIONS_H

#include "lib/err.h"

struct words {
	const char **v; /* borrowed from argv */
	size_t n;
};

void words_done(struct words *words);
#define _cleanup_words_ _cleanup_(words_done)

/* One option. Exactly one of `flag`, `text`, `list` says where it goes. */
struct option {
	char letter;       /* 0: none */
	const char *name;  /* without the dashes */
	const char *value; /* what it takes, as --help calls it; NULL: a flag */
	const char *help;
	bool *flag;
	const char **text;  /* at most once */
	struct words *list; /* any number of times */
};

#define OPTION_CONFIG(target)                                                                      \
	{                                                                                          \
		.name = "config", .value = "FILE",                                                 \
		.help = "host configuration, see coaming.json(5)", .text = (target)                \
	}

extern const struct option option_help; /* which every usage has */

struct usage {
	const char *args;  /* what follows the options: "[FILE|DIR]..."; NULL: nothing may */
	const char *about; /* sentences for --help, each with its newline */
	const struct option *options;
	size_t n_options;
};

/* Print a line for each option, and one for --help. */
void options_print(const struct usage *usage);

/*
 * Read a subcommand's words. "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE"; "--" ends the
 * options. --help and -h print the usage to standard output; and so does, for a shell and as the
 * only word, what completion.h has.
 *
 * ret_args  the words that are no options; NULL where none may be
 * Returns   0; 1 where the help was printed and nothing is left to do
 * Errors    -EINVAL ERR_INPUT, with the nearest known option
 */
int options_parse(int argc, char **argv, const struct usage *usage, struct words *ret_args,
		  struct err *err);

/* "123", 1 to max; `name` for the error. */
int option_number(const char *name, const char *text, uint64_t max, uint64_t *ret, struct err *err);

#endif
