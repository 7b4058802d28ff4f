/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming check: are profiles and the host configuration right, see coaming-check(1).
 *
 * Files that are named are read as they are, whoever owns them. Without names, what is installed is
 * checked, under the rule of trust that holds when containers start.
 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/faults.h"
#include "cli/options.h"
#include "lib/emit.h"
#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/store.h"

struct check {
	size_t files, faults;
	bool trusted;      /* what is installed: root's alone */
	const char *dir;   /* of the profile that is being checked, for its seccomp file */
	const char *file;  /* that is being checked */
	struct emit *json; /* NULL: text */
};

static void report(void *arg, const struct err *fault)
{
	struct check *check = arg;

	check->faults++;
	if (!check->json) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "%s\n", fault->text);
		return;
	}
	emit_object(check->json);
	emit_key(check->json, "file");
	emit_string(check->json, check->file);
	emit_key(check->json, "message");
	emit_string(check->json, fault->text);
	emit_object_end(check->json);
}

static int read_text(const struct check *check, const char *path, char **ret, size_t *ret_len,
		     struct err *err)
{
	if (check->trusted)
		return file_read_trusted(path, FILE_MAX_BYTES, ret, ret_len, err);
	return file_read(AT_FDCWD, path, FILE_MAX_BYTES, ret, ret_len, err);
}

/* A profile's seccomp file; profile_parse() has looked at the path. */
static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct check *check = arg;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (asprintf(&path, "%s/%s", check->dir, relative_path) < 0)
		return err_oom(err);
	r = read_text(check, path, &text, &len, err);
	return r < 0 ? r : doc_parse(ret, path, text, len, err);
}

static int parse_profile(void *arg, const struct doc *doc, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;

	return profile_parse(doc, fetch, arg, &profile, err);
}

static int parse_host(void *arg, const struct doc *doc, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;

	return host_parse(doc, &host, err);
}

static void check_file(struct check *check, const char *path, faults_parse_fn *parse)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t before = check->faults;
	size_t len = 0;

	check->files++;
	check->file = path;
	if (read_text(check, path, &text, &len, &err) < 0)
		report(check, &err);
	else
		faults_find(path, text, len, parse, report, check);
	if (check->faults == before && !check->json)
		printf("%s: ok\n", path);
}

static bool is_json(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && name[0] != '.' && streq(name + len - 5, ".json");
}

static int list_json(const char *dir, char ***ret, size_t *n, struct err *err)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return err_errno(err, errno, "cannot read the directory %s", Q(dir));
	while (r == 0 && (entry = readdir(d))) {
		if (is_json(entry->d_name))
			r = strv_add(ret, n, entry->d_name, err);
	}
	(void)closedir(d);
	strv_sort_unique(*ret, n);
	return r;
}

static int check_dir(struct check *check, const char *dir, struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = list_json(dir, &names, &n, err);
	check->dir = dir;
	for (size_t i = 0; r == 0 && names && i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
			r = err_oom(err);
		else
			check_file(check, path,
				   streq(names[i], "coaming.json") ? parse_host : parse_profile);
	}
	strv_free(&names, &n);
	return r;
}

static int check_named(struct check *check, const char *path, bool is_host, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	_cleanup_free_ char *dir = NULL;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return check_dir(check, path, err);
	dir = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	if (!dir)
		return err_oom(err);
	check->dir = slash == path ? "/" : dir;
	check_file(check, path,
		   is_host || streq(base, "coaming.json") ? parse_host : parse_profile);
	return 0;
}

/* The names that the host configuration itself uses must be there. */
static int check_names(struct check *check, const struct host *host, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int r;

	r = store_open(host, &store, err);
	for (size_t i = 0; r == 0 && i <= host->n_floor; i++) {
		const char *name = i < host->n_floor ? host->floor[i] : host->default_profile;
		const struct profile *profile;
		struct err fault = { 0 };

		if (!name)
			continue;
		r = store_get(store, name, &profile, &fault);
		if (r == 0)
			continue;
		if (r == -ENOENT && fault.class == ERR_NONE)
			(void)err_input(&fault, ENOENT, "there is no such profile");
		r = 0;
		err_context(&fault, "%s: %s %s", host->file ? host->file : "the host's defaults",
			    i < host->n_floor ? "floor" : "defaultProfile", Q(name));
		report(check, &fault);
	}
	return r;
}

static int check_installed(struct check *check, const char *config, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	struct stat st;
	int r;

	check->trusted = true;
	if (!config && stat(HOST_CONFIG_DEFAULT, &st) == 0)
		config = HOST_CONFIG_DEFAULT;
	if (config)
		check_file(check, config, parse_host);
	if (check->faults > 0)
		return 0; /* it names the directories */
	r = host_load(config, &host, err);
	for (size_t i = 0; r == 0 && i < host->n_profile_dirs; i++) {
		if (stat(host->profile_dirs[i], &st) == 0)
			r = check_dir(check, host->profile_dirs[i], err);
	}
	return r < 0 || check->faults > 0 ? r : check_names(check, host, err);
}

static int check_paths(struct check *check, const char *config, bool is_host,
		       const struct words *paths, struct err *err)
{
	int r = 0;

	if (paths->n == 0)
		r = check_installed(check, config, err);
	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = check_named(check, paths->v[i], is_host, err);
	return r;
}

static int check_as_json(struct check *check, const char *config, bool is_host,
			 const struct words *paths, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	int r;

	check->json = &e;
	e.indent = 2;
	emit_object(&e);
	emit_key(&e, "faults");
	emit_array(&e);
	r = check_paths(check, config, is_host, paths, err);
	check->json = NULL;
	emit_array_end(&e);
	emit_key(&e, "files");
	emit_u64(&e, check->files);
	emit_object_end(&e);
	if (r == 0 && buf_status(&out) < 0)
		r = err_oom(err);
	if (r == 0)
		puts(out.data);
	return r;
}

static int check_all(const char *config, bool is_host, bool json, const struct words *paths,
		     struct err *err)
{
	struct check check = { 0 };
	int r;

	r = json ? check_as_json(&check, config, is_host, paths, err)
		 : check_paths(&check, config, is_host, paths, err);
	if (r < 0)
		return r;
	if (!json)
		printf("%zu file%s, %zu fault%s\n", check.files, check.files == 1 ? "" : "s",
		       check.faults, check.faults == 1 ? "" : "s");
	return check.faults > 0 ? ERR_INPUT : 0;
}

int cmd_check(int argc, char **argv, struct err *err)
{
	_cleanup_words_ struct words paths = { 0 };
	const char *config = NULL;
	bool is_host = false, json = false;
	const struct option options[] = {
		{ .name = "host",
		  .flag = &is_host,
		  .help = "the files are host configurations, whatever they are called" },
		{ .letter = 'j',
		  .name = "json",
		  .flag = &json,
		  .help = "print the faults as JSON" },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "[FILE|DIR]...",
		.about =
			"Parse profiles, and host configurations (files called coaming.json), and\n"
			"print every fault with its line and column. Without a name: everything\n"
			"that is installed. Exit status: 0 all is right, 2 something is not.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &paths, err);
	return r != 0 ? (r < 0 ? r : 0) : check_all(config, is_host, json, &paths, err);
}
