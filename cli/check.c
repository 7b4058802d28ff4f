/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming check: are profiles and the host configuration right, and what is unwise in them; see
 * coaming-check(1).
 *
 * Files that are named are read as they are, whoever owns them. Without names, what is installed is
 * checked, under the rule of trust that holds when containers start.
 */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>

#include "cli/caret.h"
#include "cli/check_compile.h"
#include "cli/check_links.h"
#include "cli/check_zones.h"
#include "cli/options.h"
#include "cli/out.h"
#include "lib/emit.h"
#include "lib/strv.h"
#include "profiles/advice.h"

/* What the command line says. */
struct wishes {
	const char *config;
	bool is_host, json, source, strict, verbose, warnings;
};

struct check {
	const struct wishes *wishes;
	struct checked_files files;
	struct host *host; /* of this machine, or NULL */
	char **applied;    /* see advice_find() */
	size_t n_applied;
	bool knows_applied;
	size_t n_faults, n_warnings;
	struct term term;
	const struct checked_file *file; /* that is being reported on */
	struct checked_file built_in;    /* the configuration where no file holds one */
	struct buf faults, warnings;     /* --json: the elements of both lists */
	struct emit e_faults, e_warnings;
};

/* ---- telling ---- */

static void tell_as_json(struct emit *e, const struct checked_file *file, const char *id,
			 const struct fault *fault)
{
	emit_object(e);
	emit_key(e, "file");
	emit_string(e, file->path);
	if (fault->line > 0) {
		emit_key(e, "line");
		emit_u64(e, fault->line);
		emit_key(e, "column");
		emit_u64(e, fault->column);
	}
	emit_key(e, "kind");
	emit_string(e, id ? "warning" : "error");
	if (id) {
		emit_key(e, "id");
		emit_string(e, id);
	}
	emit_key(e, "message");
	emit_string(e, fault->text);
	emit_object_end(e);
}

/* Bytes of "FILE:LINE:COLUMN: " at its beginning, or 0. */
static size_t place_len(const struct checked_file *file, const struct fault *fault)
{
	char place[WHERE_MAX + 64], shown[WHERE_MAX] = "";
	size_t len;

	if (fault->line == 0 || !file->doc)
		return 0;
	(void)snprintf(place, sizeof(place), "%s:%zu:%zu: ", doc_shown_name(shown, file->doc),
		       fault->line, fault->column);
	len = strlen(place);
	return strncmp(fault->text, place, len) == 0 ? len : 0;
}

static void tell_person(const struct check *check, const char *id, const struct fault *fault)
{
	const struct term *term = &check->term;
	const struct checked_file *file = check->file;
	size_t behind = place_len(file, fault);

	(void)fflush(stdout);
	if (behind > 0)
		term_putf(term, STYLE_BOLD, "%.*s", (int)behind, fault->text);
	if (id) {
		term_put(term, STYLE_WARN, "warning: ");
		term_putf(term, STYLE_NONE, "%s [%s]", fault->text + behind, id);
	} else {
		term_put(term, STYLE_BAD, fault->text + behind);
	}
	(void)fputc('\n', term->out);
	if ((term->terminal || check->wishes->source) && file->text)
		caret_show(term, file->text, file->len, fault->line, fault->column);
}

static void tell(struct check *check, const char *id, const struct fault *fault)
{
	if (check->wishes->json)
		tell_as_json(id ? &check->e_warnings : &check->e_faults, check->file, id, fault);
	else
		tell_person(check, id, fault);
}

static void report(void *arg, const struct fault *fault)
{
	struct check *check = arg;

	check->n_faults++;
	tell(check, NULL, fault);
}

static void warn(struct check *check, const struct advice *advice)
{
	struct fault fault = { .text = advice->text };

	(void)fault_place(advice->text, doc_shown_name((char[WHERE_MAX]){ 0 }, check->file->doc),
			  &fault.line, &fault.column);
	check->n_warnings++;
	tell(check, advice_name(advice->id), &fault);
}

/* ---- checking ---- */

static int advise_on_file(struct check *check, struct err *err)
{
	const struct checked_file *file = check->file;
	_cleanup_advices_ struct advices advices = { 0 };
	int r;

	if (!file->profile)
		return 0;
	r = advice_find(file->profile, file->doc, checked_files_host(&check->files, check->host),
			check->knows_applied ? check->applied : NULL, check->n_applied, &advices,
			err);
	for (size_t i = 0; r == 0 && i < advices.n; i++)
		warn(check, &advices.v[i]);
	return r;
}

static int check_file(struct check *check, struct checked_file *file, struct err *err)
{
	size_t before = check->n_faults + check->n_warnings;
	int r;

	check->file = file;
	r = checked_file_faults(file, report, check, err);
	if (r == 0 && checked_file_is_right(file) && (file->is_linked || file->is_host))
		r = check_links(&check->files, file, check->host, report, check, err);
	if (r == 0)
		check_zones(file, checked_files_host(&check->files, check->host), report, check);
	if (r == 0)
		r = check_compiles(file, check->wishes->verbose && !check->wishes->json, report,
				   check, err);
	if (r == 0)
		r = advise_on_file(check, err);
	if (r == 0 && before == check->n_faults + check->n_warnings && !check->wishes->json)
		printf("%s: ok\n", file->path);
	return r;
}

static bool names_floor(const struct checked_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i].host)
			return true;
	}
	return false;
}

static int check_files(struct check *check, struct err *err)
{
	int r;

	for (size_t i = 0; i < check->files.n; i++) {
		if (!checked_file_is_right(&check->files.v[i]))
			checked_file_load(&check->files.v[i]);
	}
	check->knows_applied = check->files.n_dirs > 0 && names_floor(&check->files);
	r = check_applied_names(&check->files, &check->applied, &check->n_applied, err);
	for (size_t i = 0; r == 0 && i < check->files.n; i++)
		r = check_file(check, &check->files.v[i], err);
	return r;
}

/* ---- which files ---- */

static int add_named(struct check *check, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return checked_files_add_dir(&check->files, path, false, err);
	return checked_files_add(&check->files, path, check->wishes->is_host, false, err);
}

static int check_named(struct check *check, const struct words *paths, struct err *err)
{
	struct err ignored = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = add_named(check, paths->v[i], err);
	/* Its directories may hold what a profile extends, and it has zones; a broken one has
	 * nothing. */
	if (r == 0 && (check->files.n_dirs > 0 || check->wishes->config))
		(void)host_load(check->wishes->config, &check->host, &ignored);
	return r < 0 ? r : check_files(check, err);
}

/* Without a configuration the one that is built in holds, and names a profile. */
static int check_built_in(struct check *check, struct err *err)
{
	static const char name[] = "the built-in configuration";
	struct checked_file *file = &check->built_in;
	int r;

	file->path = strdup(name);
	if (!file->path)
		return err_oom(err);
	file->trusted = true;
	r = doc_parse(&file->doc, name, "{}", 2, err);
	if (r < 0)
		return r;
	file->host = check->host;
	check->file = file;
	return check_links(&check->files, file, check->host, report, check, err);
}

static int check_installed(struct check *check, struct err *err)
{
	const char *config = check->wishes->config;
	struct stat st;
	int r = 0;

	if (!config && stat(HOST_CONFIG_DEFAULT, &st) == 0)
		config = HOST_CONFIG_DEFAULT;
	if (config) {
		r = checked_files_add(&check->files, config, true, true, err);
		if (r == 0)
			checked_file_load(&check->files.v[0]);
		if (r < 0 || !checked_file_is_right(&check->files.v[0]))
			return r < 0 ? r : check_files(check, err); /* it names the directories */
	}
	r = host_load(config, &check->host, err);
	for (size_t i = 0; r == 0 && i < check->host->n_profile_dirs; i++) {
		if (stat(check->host->profile_dirs[i], &st) == 0)
			r = checked_files_add_dir(&check->files, check->host->profile_dirs[i], true,
						  err);
	}
	if (r == 0)
		r = check_files(check, err);
	return r < 0 || config ? r : check_built_in(check, err);
}

/* ---- the command ---- */

static int print_json(struct check *check, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_array_end(&check->e_faults);
	emit_array_end(&check->e_warnings);
	if (buf_status(&check->faults) < 0 || buf_status(&check->warnings) < 0)
		return err_oom(err);
	e.indent = 2;
	emit_object(&e);
	emit_key(&e, "faults");
	emit_raw(&e, check->faults.data);
	emit_key(&e, "warnings");
	emit_raw(&e, check->warnings.data);
	emit_key(&e, "files");
	emit_u64(&e, check->files.n);
	emit_object_end(&e);
	return out_print_line(&out, err);
}

static void print_totals(const struct check *check)
{
	printf("%zu file%s, %zu fault%s", check->files.n, check->files.n == 1 ? "" : "s",
	       check->n_faults, check->n_faults == 1 ? "" : "s");
	if (check->n_warnings > 0)
		printf(", %zu warning%s", check->n_warnings, check->n_warnings == 1 ? "" : "s");
	putchar('\n');
}

static struct emit list_in(struct buf *out)
{
	struct emit e = EMIT(out);

	e.indent = 2;
	e.level = 1;
	e.after_key = true;
	emit_array(&e);
	return e;
}

static void check_done(struct check *check)
{
	free(check->built_in.path);
	doc_free(&check->built_in.doc);
	checked_files_done(&check->files);
	host_free(&check->host);
	strv_free(&check->applied, &check->n_applied);
	buf_done(&check->faults);
	buf_done(&check->warnings);
}

static int check_all(const struct wishes *wishes, const struct words *paths, struct err *err)
{
	_cleanup_(check_done) struct check check = { .wishes = wishes, .term = term_of(stderr) };
	int r;

	check.e_faults = list_in(&check.faults);
	check.e_warnings = list_in(&check.warnings);
	r = paths->n > 0 ? check_named(&check, paths, err) : check_installed(&check, err);
	if (r == 0 && wishes->json)
		r = print_json(&check, err);
	else if (r == 0)
		print_totals(&check);
	if (r < 0)
		return r;
	return check.n_faults > 0 || (wishes->strict && check.n_warnings > 0) ? ERR_INPUT : 0;
}

static int print_warnings(void)
{
	for (int id = 0; id < ADVICES_; id++)
		printf("%-20s %s\n", advice_name((enum advice_id)id),
		       advice_about((enum advice_id)id));
	return 0;
}

int cmd_check(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words paths = { 0 };
	struct wishes wishes = { 0 };
	const struct option options[] = {
		{ .name = "host",
		  .flag = &wishes.is_host,
		  .help = "the files are host configurations, whatever they are called" },
		{ .letter = 'j',
		  .name = "json",
		  .flag = &wishes.json,
		  .help = "print faults and warnings as JSON" },
		{ .name = "source",
		  .flag = &wishes.source,
		  .help = "show the line at fault also where there is no terminal" },
		{ .name = "strict",
		  .flag = &wishes.strict,
		  .help = "warnings count as faults for the exit status" },
		{ .letter = 'v',
		  .name = "verbose",
		  .flag = &wishes.verbose,
		  .help = "print how many instructions seccomp sections become" },
		{ .name = "warnings",
		  .flag = &wishes.warnings,
		  .help = "list what is warned of, and check nothing" },
		OPTION_CONFIG(&wishes.config),
	};
	const struct usage usage = {
		.args = "[FILE|DIR]...",
		.about =
			"Parse profiles, and host configurations (files called coaming.json), and\n"
			"print every fault with its place, and what is unwise. Without a name:\n"
			"everything that is installed.\n"
			"Exit status: 0 all is right, 2 something is not.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &paths, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return wishes.warnings ? print_warnings() : check_all(&wishes, &paths, err);
}
