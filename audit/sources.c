/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which journal files a report reads, and in what order.
 */
#include "audit/harvest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "audit/journal_file.h"
#include "lib/file.h"

/* /var/log/journal/remote/HOST/... is the deepest that there is. */
#define DEPTH_MAX 6

void sources_done(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		free(sources->v[i].path);
	free(sources->v);
	free(sources->why);
	*sources = (struct sources){ 0 };
}

static int count_unreadable(struct sources *s, const struct err *why, struct err *err)
{
	s->unreadable++;
	if (!s->why)
		s->why = strdup(why->text);
	return s->why ? 0 : err_oom(err);
}

int sources_add_file(struct sources *sources, const char *path, struct err *err)
{
	_cleanup_journal_file_ struct journal_file *f = NULL;
	struct err bad = { 0 };
	struct source *grown;
	int r;

	r = journal_file_open(AT_FDCWD, path, &f, &bad);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return count_unreadable(sources, &bad, err);
	if (sources->n >= HARVEST_FILES_MAX)
		return err_input(err, E2BIG, "more than %d journal files", HARVEST_FILES_MAX);
	if ((sources->n & (sources->n - 1)) == 0) {
		grown = reallocarray(sources->v, sources->n ? 2 * sources->n : 1, sizeof(*grown));
		if (!grown)
			return err_oom(err);
		sources->v = grown;
	}
	sources->v[sources->n] = (struct source){ strdup(path), f->head_usec, f->tail_usec };
	if (!sources->v[sources->n++].path)
		return err_oom(err);
	if (f->n_entries == 0)
		return 0;
	if (sources->first == 0 || f->head_usec < sources->first)
		sources->first = f->head_usec;
	if (f->tail_usec > sources->last)
		sources->last = f->tail_usec;
	return 0;
}

static bool is_journal(const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '~') /* journald puts aside what was not closed well */
		len--;
	return len > 8 && memcmp(name + len - 8, ".journal", 8) == 0;
}

static int add_below(struct sources *s, const char *path, unsigned depth, struct err *err)
{
	_cleanup_(closedirp) DIR *dir = opendir(path);
	int r = 0;

	if (!dir)
		return errno == ENOENT ? err_input(err, ENOENT, "there is no directory %s", Q(path))
				       : err_errno(err, errno, "cannot open %s", Q(path));
	while (r == 0) {
		const struct dirent *entry = readdir(dir);
		char below[4096];
		struct stat st;

		if (!entry)
			break;
		if (entry->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			    (int)sizeof(below) ||
		    lstat(below, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			r = add_below(s, below, depth + 1, err);
		else if (S_ISREG(st.st_mode) && is_journal(entry->d_name))
			r = sources_add_file(s, below, err);
		if (r == -ENOENT) { /* journald removes old ones */
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

int sources_add_directory(struct sources *sources, const char *path, struct err *err)
{
	return add_below(sources, path, 0, err);
}

int sources_add_host(struct sources *sources, struct err *err)
{
	static const char *const places[] = { "/var/log/journal", "/run/log/journal" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++) {
		r = sources_add_directory(sources, places[i], err);
		if (r == -ENOENT) {
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return strcmp(x->path, y->path);
}

void sources_sort(struct sources *sources)
{
	if (sources->n > 1)
		qsort(sources->v, sources->n, sizeof(*sources->v), by_time);
}
