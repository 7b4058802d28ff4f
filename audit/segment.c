/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's files, read.
 *
 * MUST check a file on its descriptor before it is read.
 */
#include "audit/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "lib/strv.h"

#define SEGMENT_PREFIX "ledger-"
#define SEGMENT_SUFFIX ".journal"
#define DIRENTS_BYTES  8192
#define READ_BYTES     ((size_t)64 << 10)

const char *segment_name(char out[SEGMENT_NAME_MAX], uint64_t first)
{
	(void)snprintf(out, SEGMENT_NAME_MAX, SEGMENT_PREFIX "%016llx" SEGMENT_SUFFIX,
		       (unsigned long long)first);
	return out;
}

static bool segment_number(const char *name, uint64_t *ret)
{
	const char *p = name + strlen(SEGMENT_PREFIX);
	uint64_t n = 0;

	if (!starts_with(name, SEGMENT_PREFIX))
		return false;
	for (int i = 0; i < 16; i++, p++) {
		if (*p >= '0' && *p <= '9')
			n = n << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			n = n << 4 | (uint64_t)(*p - 'a' + 10);
		else
			return false;
	}
	*ret = n;
	return n > 0 && n <= ENTRY_SEQ_MAX && streq(p, SEGMENT_SUFFIX);
}

bool spool_name_is_valid(const char *name, size_t len)
{
	const size_t prefix = strlen(SPOOL_PREFIX);

	if (len <= prefix || len >= SPOOL_NAME_MAX || memcmp(name, SPOOL_PREFIX, prefix) != 0)
		return false;
	for (size_t i = prefix; i < len; i++)
		if (!(name[i] >= '0' && name[i] <= '9') && !(name[i] >= 'a' && name[i] <= 'f') &&
		    name[i] != '-')
			return false;
	return true;
}

static int add_segment(struct survey *s, uint64_t first, struct err *err)
{
	uint64_t *grown;
	size_t i;

	if (s->n_segments >= SURVEY_SEGMENTS_MAX)
		return err_system(err, E2BIG, "the ledger has over %d segments",
				  SURVEY_SEGMENTS_MAX);
	if (s->n_segments % 64 == 0) {
		grown = realloc(s->segments, (s->n_segments + 64) * sizeof(*grown));
		if (!grown)
			return err_oom(err);
		s->segments = grown;
	}
	for (i = s->n_segments++; i > 0 && s->segments[i - 1] > first; i--)
		s->segments[i] = s->segments[i - 1];
	s->segments[i] = first;
	return 0;
}

static int note_name(struct survey *s, const char *name, struct err *err)
{
	uint64_t first;

	if (segment_number(name, &first))
		return add_segment(s, first, err);
	if (streq(name, RESERVE_NAME))
		s->has_reserve = true;
	else if (spool_name_is_valid(name, strlen(name)) && s->n_spools < SURVEY_SPOOLS_MAX)
		return strv_add(&s->spools, &s->n_spools, name, err);
	return 0;
}

static int note_names(struct survey *s, const char *data, size_t len, struct err *err)
{
	for (size_t at = 0; at < len;) {
		const struct dirent64 *d = (const void *)(data + at);
		int r = note_name(s, d->d_name, err);

		if (r < 0)
			return r;
		at += d->d_reclen;
	}
	return 0;
}

/* getdents64() and not opendir(): this runs at every record, and needs no 32 KiB from the heap. */
int survey_read(int dirfd, struct survey *ret, struct err *err)
{
	_Alignas(struct dirent64) char data[DIRENTS_BYTES];
	_cleanup_survey_ struct survey s = { 0 };
	int r;

	if (lseek(dirfd, 0, SEEK_SET) < 0)
		return err_errno(err, errno, "cannot list the ledger's directory");
	for (;;) {
		ssize_t n = getdents64(dirfd, data, sizeof(data));

		if (n < 0)
			return err_errno(err, errno, "cannot list the ledger's directory");
		if (n == 0)
			break;
		r = note_names(&s, data, (size_t)n, err);
		if (r < 0)
			return r;
	}
	strv_sort_unique(s.spools, &s.n_spools);
	*ret = s;
	s = (struct survey){ 0 };
	return 0;
}

void survey_done(struct survey *survey)
{
	free(survey->segments);
	strv_free(&survey->spools, &survey->n_spools);
	*survey = (struct survey){ 0 };
}

int segment_open(int dirfd, uint64_t first, int flags, int *ret_fd, uint64_t *ret_size,
		 struct err *err)
{
	char name[SEGMENT_NAME_MAX];
	_cleanup_close_ int fd = -1;
	struct stat st;

	segment_name(name, first);
	fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", Q(name));
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(name));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_system(err, EPERM, "%s is not a file that only we may write", Q(name));
	*ret_size = (uint64_t)st.st_size;
	*ret_fd = take_fd(&fd);
	return 0;
}

int cursor_new(int fd, uint64_t at, struct cursor **ret, struct err *err)
{
	struct cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return err_oom(err);
	c->fd = fd;
	c->at = at;
	*ret = c;
	return 0;
}

void cursor_free(struct cursor **cursor)
{
	if (*cursor)
		free((*cursor)->data);
	free(*cursor);
	*cursor = NULL;
}

/* More of the file after data[len): 1, or 0 at its end. What was read already moves to the front.
 */
static int fill(struct cursor *c, struct err *err)
{
	ssize_t n;

	if (c->start > 0) {
		memmove(c->data, c->data + c->start, c->len - c->start);
		c->len -= c->start;
		c->start = 0;
	}
	if (c->size - c->len < READ_BYTES) {
		char *grown = realloc(c->data, c->len + 2 * READ_BYTES);

		if (!grown)
			return err_oom(err);
		c->data = grown;
		c->size = c->len + 2 * READ_BYTES;
	}
	do
		n = pread(c->fd, c->data + c->len, c->size - c->len, (off_t)(c->at + c->len));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, errno, "cannot read the ledger");
	c->len += (size_t)n;
	return n > 0;
}

int cursor_next(struct cursor *c, struct err *err)
{
	for (;;) {
		enum entry_state s = ENTRY_PARTIAL;
		int r;

		if (c->len > c->start)
			s = entry_parse(c->data + c->start, c->len - c->start, &c->entry);
		/* One that waits to be chained has no place here. */
		if (s == ENTRY_WHOLE && c->entry.seq == 0)
			s = ENTRY_BAD;
		if (s == ENTRY_WHOLE) {
			c->start += c->entry.size;
			c->at += c->entry.size;
			return 1;
		}
		if (s == ENTRY_BAD || c->len - c->start > ENTRY_BYTES_MAX)
			return err_system(err, EBADMSG, "at byte %llu of the ledger is no record",
					  (unsigned long long)c->at);
		r = fill(c, err);
		if (r < 0)
			return r;
		if (r == 0) {
			c->torn = c->len > c->start;
			c->start = c->len = 0; /* read afresh: the file may grow */
			return 0;
		}
	}
}
