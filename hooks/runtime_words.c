/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One word of a command line of runc or crun.
 */
#include "hooks/runtime_words.h"

#include <errno.h>

struct runtime_word runtime_word(const char *arg, const struct runtime_option *options, size_t n)
{
	struct runtime_word word = { .is_option = arg[0] == '-' && arg[1] != '\0' };
	const char *name = arg, *equals;
	size_t len;

	if (!word.is_option)
		return word;
	/* runc takes "-bundle DIR" and "-b=DIR", which crun reads as "-b undle" and a directory
	 * "=DIR": no option that both know. */
	if (name[1] != '-' && name[2] != '\0')
		return word;
	name += name[1] == '-' ? 2 : 1;
	equals = strchr(name, '=');
	len = equals ? (size_t)(equals - name) : strlen(name);
	word.value = equals ? equals + 1 : NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			word.option = &options[i];
	}
	return word;
}

/* Also "1", "t", "TRUE" are Go's, and "no" is crun's: nobody writes them. */
static int read_flag(const struct runtime_word *word, const char *arg, bool *ret_off,
		     struct err *err)
{
	*ret_off = word->value && streq(word->value, "false");
	if (!word->value || *ret_off || streq(word->value, "true"))
		return 0;
	return err_input(err, EINVAL, "option %s: neither true nor false", Q(arg));
}

int runtime_word_value(const struct runtime_word *word, int argc, char **argv, int *i,
		       const char **ret, bool *ret_off, struct err *err)
{
	*ret = word->value;
	*ret_off = false;
	if (!word->option->value)
		return read_flag(word, argv[*i], ret_off, err);
	if (word->value)
		return 0;
	if (*i + 1 >= argc)
		return err_input(err, EINVAL, "option %s needs a value", Q(argv[*i]));
	*ret = argv[++*i];
	return 0;
}

int runtime_word_unknown(const char *arg, struct err *err)
{
	return err_input(err, EINVAL,
			 "unknown option %s: what it means for a container that is to be confined "
			 "cannot be known (use the options of runc(8) and crun(1))",
			 Q(arg));
}
