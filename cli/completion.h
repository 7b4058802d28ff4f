/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shells need to complete the words of coaming(1), made from the tables that --help is made
 * from: main.c has that of the commands, each command has its own of options.
 */
#ifndef COAMING_CLI_COMPLETION_H
#define COAMING_CLI_COMPLETION_H

#include "cli/cli.h"
#include "cli/options.h"

/*
 * Print the completion for a shell, for a file that this shell loads. Each command is asked for its
 * options with the one word "--complete=SHELL", which options_parse() answers.
 *
 * shell   bash, zsh or fish
 * global  the options that stand before a command
 * Errors  -EINVAL ERR_INPUT no such shell; what a command that has no table says
 */
int completion_print(const char *shell, const struct cli_command *commands, size_t n,
		     const struct usage *global, struct err *err);

/*
 * The answer to such a word: print this usage as a part of the completion.
 *
 * Returns  whether the word was one
 */
bool completion_answer(const char *word, const char *command, const struct usage *usage);

#endif
