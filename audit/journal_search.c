/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look records up in the journal's files.
 *
 * MUST NOT take an entry for ours that root did not send.
 */
#include "audit/journal_search.h"

#include <errno.h>
#include <fcntl.h>
#include "audit/journal_file.h"
#include "audit/record.h"
#include "lib/file.h"

#define PREFIX "system"
#define SUFFIX ".journal"

struct journal_search {
	struct candidate {
		char name[NAME_MAX + 1];
		uint64_t usec; /* of its first entry; UINT64_MAX: it is being written */
		bool on_disk, is_bad;
		struct journal_file *file; /* NULL: not opened yet */
	} * files;
	size_t n, size;
	size_t hit; /* where the last one was found */
	int disk, memory;
};

void journal_search_free(struct journal_search **search)
{
	struct journal_search *s = *search;

	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		journal_file_free(&s->files[i].file);
	free(s->files);
	closep(&s->disk);
	closep(&s->memory);
	free(s);
	*search = NULL;
}

/* "system.journal", or "system@SEQNUM_ID-SEQNUM-USEC.journal", all in hexadecimal. */
static bool read_name(const char *name, uint64_t *ret_usec)
{
	size_t len = strlen(name);
	const char *dash;
	char *end;

	if (streq(name, PREFIX SUFFIX)) {
		*ret_usec = UINT64_MAX;
		return true;
	}
	if (!starts_with(name, PREFIX "@") || len <= strlen(SUFFIX) ||
	    !streq(name + len - strlen(SUFFIX), SUFFIX))
		return false;
	dash = strrchr(name, '-');
	if (!dash)
		return false;
	*ret_usec = strtoull(dash + 1, &end, 16);
	return streq(end, SUFFIX);
}

static int add(struct journal_search *s, const char *name, uint64_t usec, bool on_disk,
	       struct err *err)
{
	struct candidate *c;

	if (s->n == s->size) {
		size_t size = s->size ? 2 * s->size : 16;

		c = reallocarray(s->files, size, sizeof(*c));
		if (!c)
			return err_oom(err);
		s->files = c;
		s->size = size;
	}
	c = &s->files[s->n++];
	*c = (struct candidate){ .usec = usec, .on_disk = on_disk };
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	return 0;
}

static int list(struct journal_search *s, const char *path, bool on_disk, int *ret_fd,
		struct err *err)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	int fd, r = 0;

	if (!path)
		return 0;
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	fd = *ret_fd < 0 ? -1 : fcntl(*ret_fd, F_DUPFD_CLOEXEC, 3);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_errno(err, errno, "cannot list %s", Q(path));
		closep(&fd);
		return r;
	}
	for (const struct dirent *d; r == 0 && (d = readdir(dir));) {
		uint64_t usec;

		if (read_name(d->d_name, &usec))
			r = add(s, d->d_name, usec, on_disk, err);
	}
	return r;
}

static int newest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->usec < y->usec) - (x->usec > y->usec);
}

int journal_search_open_at(const char *disk, const char *memory, struct journal_search **ret,
			   struct err *err)
{
	_cleanup_journal_search_ struct journal_search *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_oom(err);
	s->disk = s->memory = -1;
	r = list(s, disk, true, &s->disk, err);
	r = r < 0 ? r : list(s, memory, false, &s->memory, err);
	if (r < 0)
		return r;
	if (s->n > 1)
		qsort(s->files, s->n, sizeof(*s->files), newest_first);
	if (s->n > JOURNAL_SEARCH_FILES_MAX)
		s->n = JOURNAL_SEARCH_FILES_MAX;
	*ret = take_ptr(s);
	return 0;
}

int journal_search_open(const struct keeping *keeping, struct journal_search **ret, struct err *err)
{
	const char *dot = keeping->journal_namespace ? "." : "";
	const char *name = keeping->journal_namespace ? keeping->journal_namespace : "";
	char id[BOOT_ID_SIZE], disk[160], memory[160];

	record_machine_id(id);
	(void)snprintf(disk, sizeof(disk), "/var/log/journal/%s%s%s", id, dot, name);
	(void)snprintf(memory, sizeof(memory), "/run/log/journal/%s%s%s", id, dot, name);
	return journal_search_open_at(disk, memory, ret, err);
}

static bool is_in(struct journal_search *s, size_t i, const char *const fields[], size_t n)
{
	struct candidate *c = &s->files[i];
	struct err ignored = { 0 };

	if (!c->file && !c->is_bad)
		c->is_bad = journal_file_open(c->on_disk ? s->disk : s->memory, c->name, &c->file,
					      &ignored) < 0;
	return !c->is_bad && journal_file_has(c->file, fields, n, &ignored) > 0;
}

enum journal_found journal_search_has(struct journal_search *s, const char hash[SHA256_HEX])
{
	char field[sizeof("COAMING_HASH=") + SHA256_HEX];
	const char *const fields[] = { field, "_UID=0", "_TRANSPORT=journal" };
	enum journal_found found = JOURNAL_NOT_FOUND;

	(void)snprintf(field, sizeof(field), "COAMING_HASH=%s", hash);
	/* The one beside it was there: so is this one, mostly. */
	if (s->hit < s->n && s->files[s->hit].on_disk &&
	    is_in(s, s->hit, fields, ARRAY_SIZE(fields)))
		return JOURNAL_ON_DISK;
	for (size_t i = 0; i < s->n && found != JOURNAL_ON_DISK; i++) {
		if (!is_in(s, i, fields, ARRAY_SIZE(fields)))
			continue;
		found = s->files[i].on_disk ? JOURNAL_ON_DISK : JOURNAL_IN_MEMORY;
		s->hit = i;
	}
	return found;
}
