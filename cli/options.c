/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from a table, and --help from the same table.
 */
#include "cli/options.h"

#include <errno.h>

#include "cli/completion.h"
#include "lib/doc.h"

#define OPTIONS_MAX 32 /* of one subcommand */

void words_done(struct words *words)
{
	free(words->v);
	*words = (struct words){ 0 };
}

static int words_add(struct words *words, const char *word, struct err *err)
{
	const char **grown = reallocarray(words->v, words->n + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	words->v = grown;
	words->v[words->n++] = word;
	return 0;
}

const struct option option_help = { .letter = 'h', .name = "help", .help = "this text" };

static void print_option(const struct option *o)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		       o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		       o->value ? " " : "", o->value ? o->value : "");
	printf("  %-28s %s\n", left, o->help);
}

void options_print(const struct usage *usage)
{
	for (size_t i = 0; i < usage->n_options; i++)
		print_option(&usage->options[i]);
	print_option(&option_help);
}

static int print_usage(const char *command, const struct usage *usage)
{
	printf("usage: coaming %s [OPTION]...%s%s\n\n%s\n", command, usage->args ? " " : "",
	       usage->args ? usage->args : "", usage->about);
	options_print(usage);
	return 1;
}

static int unknown_option(const char *command, const char *word, const struct usage *usage,
			  struct err *err)
{
	const char *names[OPTIONS_MAX];
	const char *near = NULL;
	size_t n = 0;

	for (; n < usage->n_options && n < OPTIONS_MAX; n++)
		names[n] = usage->options[n].name;
	if (starts_with(word, "--"))
		near = nearest_word(word + 2, names, n);
	if (near)
		return err_input(err, EINVAL, "unknown option %s (did you mean --%s?)", Q(word),
				 near);
	return err_input(err, EINVAL, "unknown option %s (see coaming %s --help)", Q(word),
			 command);
}

/* The option that a word names. *ret_value: what is glued to it by "=" or behind the letter. */
static const struct option *find_option(const char *word, const struct usage *usage,
					const char **ret_value)
{
	bool is_long = starts_with(word, "--");

	for (size_t i = 0; i < usage->n_options; i++) {
		const struct option *o = &usage->options[i];
		size_t len = strlen(o->name);

		*ret_value = NULL;
		if (is_long && strncmp(word + 2, o->name, len) == 0) {
			if (word[2 + len] == '=')
				*ret_value = word + 2 + len + 1;
			if (word[2 + len] == '=' || word[2 + len] == '\0')
				return o;
		}
		if (!is_long && o->letter && word[1] == o->letter) {
			if (word[2] != '\0')
				*ret_value = word + 2;
			return o;
		}
	}
	return NULL;
}

static int set_option(const struct option *o, const char *value, struct err *err)
{
	if (o->flag && value)
		return err_input(err, EINVAL, "--%s takes no value", o->name);
	if (o->flag) {
		*o->flag = true;
		return 0;
	}
	if (!value)
		return err_input(err, EINVAL, "--%s needs a value: %s", o->name, o->value);
	if (o->list)
		return words_add(o->list, value, err);
	if (*o->text)
		return err_input(err, EINVAL, "--%s is given twice", o->name);
	*o->text = value;
	return 0;
}

static int take_argument(const char *word, struct words *args, struct err *err)
{
	if (!args)
		return err_input(err, EINVAL, "%s is one word too many", Q(word));
	return words_add(args, word, err);
}

/* *i moves on where the option's value is a word of its own. */
static int take_option(char **argv, int *i, const struct usage *usage, struct err *err)
{
	const char *value;
	const struct option *option = find_option(argv[*i], usage, &value);

	if (!option)
		return unknown_option(argv[0], argv[*i], usage, err);
	if (!option->flag && !value && argv[*i + 1])
		value = argv[++*i];
	return set_option(option, value, err);
}

int options_parse(int argc, char **argv, const struct usage *usage, struct words *ret_args,
		  struct err *err)
{
	_cleanup_words_ struct words args = { 0 };
	bool ended = false;
	int r;

	if (argc == 2 && completion_answer(argv[1], argv[0], usage))
		return 1;
	for (int i = 1; i < argc; i++) {
		if (!ended && streq(argv[i], "--")) {
			ended = true;
			continue;
		}
		if (!ended && (streq(argv[i], "--help") || streq(argv[i], "-h")))
			return print_usage(argv[0], usage);
		if (ended || argv[i][0] != '-' || argv[i][1] == '\0')
			r = take_argument(argv[i], ret_args ? &args : NULL, err);
		else
			r = take_option(argv, &i, usage, err);
		if (r < 0)
			return r;
	}
	if (ret_args) {
		*ret_args = args;
		args = (struct words){ 0 };
	}
	return 0;
}

int option_number(const char *name, const char *text, uint64_t max, uint64_t *ret, struct err *err)
{
	uint64_t v = 0;

	for (const char *s = text; *s; s++) {
		if (*s < '0' || *s > '9' || v > max / 10)
			goto bad;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (v < 1 || v > max)
		goto bad;
	*ret = v;
	return 0;
bad:
	return err_input(err, EINVAL, "--%s: %s is no number from 1 to %llu", name, Q(text),
			 (unsigned long long)max);
}
