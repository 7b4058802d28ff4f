/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for shells: cli/completion.bash, .zsh and .fish, with what the tables say put in.
 *
 * Of an argument or a value the name says what it is: FILE and DIR are paths, words in small
 * letters are meant as they are, and of anything else nothing is known.
 */
#include "cli/completion.h"

#include <ctype.h>
#include <errno.h>

#define ASK "--complete="

/* The scripts are parts of the program; the assembler reads them. */
__asm__(".section .rodata\n"
	"completion_bash:\n"
	".incbin \"cli/completion.bash\"\n"
	".byte 0\n"
	"completion_zsh:\n"
	".incbin \"cli/completion.zsh\"\n"
	".byte 0\n"
	"completion_fish:\n"
	".incbin \"cli/completion.fish\"\n"
	".byte 0\n"
	".previous\n");
extern const char completion_bash[] __attribute__((visibility("hidden")));
extern const char completion_zsh[] __attribute__((visibility("hidden")));
extern const char completion_fish[] __attribute__((visibility("hidden")));

enum kind { KIND_OTHER, KIND_FILE, KIND_DIR, KIND_LITERAL, KINDS_ };

static const struct {
	const char *name;
	enum kind kind;
} kinds[] = {
	{ "FILE", KIND_FILE },
	{ "DIR", KIND_DIR },
	{ "OLD", KIND_FILE },
	{ "NEW", KIND_FILE },
};

static enum kind kind_of(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].name) == len && strncmp(kinds[i].name, word, len) == 0)
			return kinds[i].kind;
	return islower((unsigned char)word[0]) ? KIND_LITERAL : KIND_OTHER;
}

/* The next word of "list | show NAME" or "[FILE|DIR]..."; NULL after the last. */
static const char *next_word(const char *s, size_t *ret_len)
{
	static const char between[] = " |[].";

	s += strspn(s, between);
	*ret_len = strcspn(s, between);
	return *ret_len > 0 ? s : NULL;
}

static bool args_have(const struct usage *usage, enum kind kind)
{
	size_t len = 0;

	for (const char *s = usage->args; s && (s = next_word(s, &len)); s += len)
		if (kind_of(s, len) == kind)
			return true;
	return false;
}

static void print_literals(const struct usage *usage)
{
	size_t len = 0;
	const char *space = "";

	for (const char *s = usage->args; s && (s = next_word(s, &len)); s += len) {
		if (kind_of(s, len) != KIND_LITERAL)
			continue;
		printf("%s%.*s", space, (int)len, s);
		space = " ";
	}
}

/* The options of a usage, and --help, which has no row there. */
static const struct option *option_at(const struct usage *usage, size_t i)
{
	if (i < usage->n_options)
		return &usage->options[i];
	return i == usage->n_options ? &option_help : NULL;
}

static enum kind option_kind(const struct option *o)
{
	return kind_of(o->value, strlen(o->value));
}

/* --- bash ---------------------------------------------------------------------------------- */

static void bash_name(const struct option *o)
{
	if (o->letter)
		printf("-%c ", o->letter);
	printf("--%s ", o->name);
}

/* A variable with the names of all options, or of those that take a value of the kind. */
static void bash_names(const char *variable, const struct usage *usage, bool all, enum kind kind)
{
	const struct option *o;

	printf("\t\t%s=' ", variable);
	for (size_t i = 0; (o = option_at(usage, i)); i++)
		if (all || (o->value && option_kind(o) == kind))
			bash_name(o);
	(void)fputs("'\n", stdout);
}

static void bash_options(const struct usage *usage, bool of_command)
{
	bash_names("flags", usage, true, KIND_OTHER);
	bash_names("files", usage, false, KIND_FILE);
	bash_names("dirs", usage, false, KIND_DIR);
	bash_names("others", usage, false, KIND_OTHER);
	if (!of_command)
		return;
	(void)fputs("\t\twords='", stdout);
	print_literals(usage);
	printf("'\n\t\targs=%s\n",
	       args_have(usage, KIND_FILE) || args_have(usage, KIND_DIR) ? "files" : "");
}

static void bash_command(const struct cli_command *command)
{
	printf("%s ", command->name);
}

/* --- zsh ----------------------------------------------------------------------------------- */

/* Inside '...', as a description for _arguments or _describe. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'') {
			(void)fputs("'\\''", stdout);
			continue;
		}
		if (strchr("[]:\\", *text))
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

/* One way to write it. Who is written excludes all ways, but for an option that may come again. */
static void zsh_option(const struct option *o, const char *dash, const char *name, const char *glue)
{
	static const char *const actions[KINDS_] = { "", "_files", "_files -/", "" };

	(void)fputs(" \\\n\t\t\t'", stdout);
	if (o->list)
		(void)putchar('*');
	else if (o->letter)
		printf("(-%c --%s)", o->letter, o->name);
	else
		printf("(--%s)", o->name);
	printf("%s%s%s[", dash, name, o->value ? glue : "");
	zsh_text(o->help);
	(void)putchar(']');
	if (o->value) {
		(void)putchar(':');
		zsh_text(o->value);
		printf(":%s", actions[option_kind(o)]);
	}
	(void)putchar('\'');
}

static void zsh_options(const struct usage *usage, bool of_command)
{
	const struct option *o;

	if (of_command)
		(void)fputs("\t\t_arguments -S", stdout);
	for (size_t i = 0; (o = option_at(usage, i)); i++) {
		if (o->letter)
			zsh_option(o, "-", (char[]){ o->letter, '\0' }, "+");
		zsh_option(o, "--", o->name, "=");
	}
	if (!of_command)
		return;
	if (args_have(usage, KIND_LITERAL)) {
		(void)fputs(" \\\n\t\t\t'1: :(", stdout);
		print_literals(usage);
		(void)fputs(")'", stdout);
	}
	if (args_have(usage, KIND_FILE) || args_have(usage, KIND_DIR))
		(void)fputs(" \\\n\t\t\t'*: :_files'", stdout);
	(void)putchar('\n');
}

static void zsh_command(const struct cli_command *command)
{
	printf("\t\t'%s:", command->name);
	zsh_text(command->help);
	(void)fputs("'\n", stdout);
}

/* --- fish ---------------------------------------------------------------------------------- */

static void fish_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

static void fish_option(const struct option *o)
{
	static const char *const actions[KINDS_] = {
		" -x",
		" -r -F",
		" -x -a '(__fish_complete_directories)'",
		" -x",
	};

	if (o->letter)
		printf(" -s %c", o->letter);
	printf(" -l %s%s -d '", o->name, o->value ? actions[option_kind(o)] : "");
	fish_text(o->help);
	(void)fputs("'\n", stdout);
}

/* $of is the condition that the command is this one; with none, no command stands there yet. */
static void fish_options(const struct usage *usage, bool of_command)
{
	const struct option *o;

	for (size_t i = 0; (o = option_at(usage, i)); i++) {
		(void)fputs("complete -c coaming -n $of", stdout);
		fish_option(o);
	}
	if (!of_command)
		return;
	if (args_have(usage, KIND_LITERAL)) {
		(void)fputs("complete -c coaming -n \"$of; and not __fish_seen_subcommand_from ",
			    stdout);
		print_literals(usage);
		(void)fputs("\" -a '", stdout);
		print_literals(usage);
		(void)fputs("'\n", stdout);
	}
	if (args_have(usage, KIND_FILE) || args_have(usage, KIND_DIR))
		(void)fputs("complete -c coaming -n $of -F\n", stdout);
}

static void fish_command(const struct cli_command *command)
{
	printf("complete -c coaming -n $of -a %s -d '", command->name);
	fish_text(command->help);
	(void)fputs("'\n", stdout);
}

/* --- all of them --------------------------------------------------------------------------- */

static const struct shell {
	const char *name;
	const char *script;
	const char *begin, *end; /* around a command's options; %s is its name */
	void (*options)(const struct usage *usage, bool of_command);
	void (*command)(const struct cli_command *command);
} shells[] = {
	{ "bash", completion_bash, "\t%s)\n", "\t\t;;\n", bash_options, bash_command },
	{ "zsh", completion_zsh, "\t%s)\n", "\t\t;;\n", zsh_options, zsh_command },
	{ "fish", completion_fish, "\nset of '__coaming_is %s'\n", "", fish_options, fish_command },
};

static const struct shell *find_shell(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (streq(shells[i].name, name))
			return &shells[i];
	return NULL;
}

static void print_command_name(const char *form, const char *name)
{
	const char *mark = strstr(form, "%s");

	printf("%.*s%s%s", (int)(mark - form), form, name, mark + 2);
}

bool completion_answer(const char *word, const char *command, const struct usage *usage)
{
	const struct shell *shell;

	if (!starts_with(word, ASK))
		return false;
	shell = find_shell(word + strlen(ASK));
	if (!shell)
		return false;
	print_command_name(shell->begin, command);
	shell->options(usage, true);
	(void)fputs(shell->end, stdout);
	return true;
}

/* Each command prints its own, through options_parse(). */
static int print_options(const struct shell *shell, const struct cli_command *commands, size_t n,
			 struct err *err)
{
	char word[32], name[64];
	int r = 0;

	(void)snprintf(word, sizeof(word), ASK "%s", shell->name);
	for (size_t i = 0; r == 0 && i < n; i++) {
		char *argv[] = { name, word, NULL };

		(void)snprintf(name, sizeof(name), "%s", commands[i].name);
		r = commands[i].run(2, argv, err);
	}
	return r;
}

int completion_print(const char *shell_name, const struct cli_command *commands, size_t n,
		     const struct usage *global, struct err *err)
{
	static const char *const marks[] = { "@GLOBAL@", "@COMMANDS@", "@OPTIONS@" };
	const struct shell *shell = find_shell(shell_name);
	int r = 0;

	if (!shell)
		return err_input(err, EINVAL,
				 "there is no completion for %s, only for bash, zsh "
				 "and fish",
				 Q(shell_name));
	for (const char *s = shell->script; r == 0 && *s;) {
		if (starts_with(s, marks[0])) {
			shell->options(global, false);
			s += strlen(marks[0]);
		} else if (starts_with(s, marks[1])) {
			for (size_t i = 0; i < n; i++)
				shell->command(&commands[i]);
			s += strlen(marks[1]);
		} else if (starts_with(s, marks[2])) {
			r = print_options(shell, commands, n, err);
			s += strlen(marks[2]);
		} else {
			(void)putchar(*s++);
		}
	}
	return r;
}
