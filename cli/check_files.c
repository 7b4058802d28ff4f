/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one `coaming check`: found, read and parsed.
 */
#include "cli/check_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/strv.h"

/* The directory of a path, to be freed. */
static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static bool is_host_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return streq(slash ? slash + 1 : path, "coaming.json");
}

int checked_files_add(struct checked_files *files, const char *path, bool is_host, bool trusted,
		      struct err *err)
{
	struct checked_file *grown = reallocarray(files->v, files->n + 1, sizeof(*grown));
	struct checked_file *file;

	if (!grown)
		return err_oom(err);
	files->v = grown;
	file = &grown[files->n++];
	*file = (struct checked_file){
		.path = strdup(path),
		.dir = dir_of(path),
		.is_host = is_host || is_host_name(path),
		.trusted = trusted,
	};
	return file->path && file->dir ? 0 : err_oom(err);
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

int checked_files_add_dir(struct checked_files *files, const char *dir, bool trusted,
			  struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int r;

	r = list_json(dir, &names, &n, err);
	for (size_t i = 0; r == 0 && names && i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
			r = err_oom(err);
		else
			r = checked_files_add(files, path, false, trusted, err);
		if (r == 0)
			files->v[files->n - 1].is_linked = true;
	}
	strv_free(&names, &n);
	return r < 0 ? r : strv_add(&files->dirs, &files->n_dirs, dir, err);
}

void checked_files_done(struct checked_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		struct checked_file *file = &files->v[i];

		free(file->path);
		free(file->dir);
		free(file->text);
		doc_free(&file->doc);
		profile_free(&file->profile);
		host_free(&file->host);
	}
	free(files->v);
	strv_free(&files->dirs, &files->n_dirs);
	*files = (struct checked_files){ 0 };
}

static int read_text(const struct checked_file *file, const char *path, char **ret, size_t *ret_len,
		     struct err *err)
{
	if (file->trusted)
		return file_read_trusted(path, FILE_MAX_BYTES, ret, ret_len, err);
	return file_read(AT_FDCWD, path, FILE_MAX_BYTES, ret, ret_len, err);
}

/* A profile's seccomp file; profile_parse() has looked at the path. */
static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct checked_file *file = arg;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (asprintf(&path, "%s/%s", file->dir, relative_path) < 0)
		return err_oom(err);
	r = read_text(file, path, &text, &len, err);
	return r < 0 ? r : doc_parse(ret, path, text, len, err);
}

const struct host *checked_files_host(const struct checked_files *files, const struct host *host)
{
	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i].host)
			return files->v[i].host;
	}
	return host && host->file ? host : NULL;
}

/* What faults_find() hands on. */
struct search {
	struct checked_file *file;
	faults_report_fn *report;
	void *arg;
};

static void pass_on(void *arg, const struct fault *fault)
{
	const struct search *search = arg;

	search->report(search->arg, fault);
}

static int parse(void *arg, const struct doc *doc, struct err *err)
{
	struct checked_file *file = ((const struct search *)arg)->file;
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_host_ struct host *host = NULL;

	return file->is_host ? host_parse(doc, &host, err)
			     : profile_parse(doc, fetch, file, &profile, err);
}

void checked_file_load(struct checked_file *file)
{
	if (read_text(file, file->path, &file->text, &file->len, &file->err) < 0 ||
	    doc_parse(&file->doc, file->path, file->text, file->len, &file->err) < 0)
		return;
	if (file->is_host)
		(void)host_parse(file->doc, &file->host, &file->err);
	else
		(void)profile_parse(file->doc, fetch, file, &file->profile, &file->err);
}

bool checked_file_is_right(const struct checked_file *file)
{
	return file->profile || file->host;
}

int checked_file_faults(struct checked_file *file, faults_report_fn *report, void *arg,
			struct err *err)
{
	struct search search = { .file = file, .report = report, .arg = arg };
	const struct fault unread = { .text = file->err.text };
	_cleanup_free_ char *text = NULL;

	if (checked_file_is_right(file))
		return 0;
	if (!file->text) {
		report(arg, &unread);
		return 0;
	}
	text = malloc(file->len + 1); /* faults_find() changes it */
	if (!text)
		return err_oom(err);
	memcpy(text, file->text, file->len);
	text[file->len] = '\0';
	faults_find(file->path, text, file->len, parse, pass_on, &search);
	return 0;
}
