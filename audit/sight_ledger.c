/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every record of the ledger, altered ones too, and what stands between them that is none.
 */
#include "audit/sighting.h"

#include <errno.h>
#include <fcntl.h>
#include "audit/segment.h"
#include "lib/file.h"

/* A segment is closed beyond 32 MiB, by at most one record. */
#define SEGMENT_BYTES_MAX ((size_t)64 << 20)

struct reader {
	sighting_fn *fn;
	void *arg;
	struct entry *entry;
	struct sighting sighting;
};

static int show_record(struct reader *r, const char *text, struct err *err)
{
	struct sighting *s = &r->sighting;

	sight_machine(s->machine, r->entry); /* else it stays that of the one before */
	s->readable = s->is_ours = true;
	s->torn = false;
	s->entry = r->entry;
	s->bytes = r->entry->size;
	s->hash_fits = r->entry->hash_fits;
	s->hashed = text;
	s->hashed_len = r->entry->hashed;
	return r->fn(r->arg, s, err);
}

static int show_gibberish(struct reader *r, uint64_t bytes, bool torn, struct err *err)
{
	r->sighting.readable = false;
	r->sighting.torn = torn;
	r->sighting.bytes = bytes;
	r->sighting.entry = NULL;
	return r->fn(r->arg, &r->sighting, err);
}

/* Where the next record stands whose hash fits: any other could be a text within a value. */
static size_t next_record(struct reader *r, const char *text, size_t from, size_t len)
{
	const size_t n = strlen(ENTRY_START);

	while (from < len) {
		const char *p = memmem(text + from, len - from, ENTRY_START, n);

		if (!p)
			return len;
		from = (size_t)(p - text);
		if (entry_parse(p, len - from, r->entry) == ENTRY_WHOLE)
			return from;
		from++;
	}
	return len;
}

static int read_text(struct reader *r, const char *text, size_t len, struct err *err)
{
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < len) {
		enum entry_state s = entry_read(text + at, len - at, r->entry);
		size_t next;

		r->sighting.offset = at;
		if (s == ENTRY_WHOLE) {
			next = at + r->entry->size;
			result = show_record(r, text + at, err);
		} else {
			next = next_record(r, text, at + 1, len);
			result = show_gibberish(r, next - at, s == ENTRY_PARTIAL && next == len,
						err);
		}
		at = next;
	}
	return result;
}

static int read_segment(struct reader *r, int dirfd, uint64_t segment, struct err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	char name[SEGMENT_NAME_MAX];
	struct err gone = { 0 };
	uint64_t size;
	size_t len;
	int result;

	result = segment_open(dirfd, segment, O_RDONLY, &fd, &size, &gone);
	/* The ledger let it go just now, since the journal has it; a later record says so. */
	if (result == -ENOENT)
		return 0;
	if (result < 0) {
		*err = gone;
		return result;
	}
	r->sighting.file = segment_name(name, segment);
	result = fd_read_all(fd, name, SEGMENT_BYTES_MAX, &text, &len, err);
	return result < 0 ? result : read_text(r, text, len, err);
}

int sight_ledger(const char *audit_dir, sighting_fn *fn, void *arg, struct err *err)
{
	_cleanup_free_ struct entry *entry = malloc(sizeof(*entry));
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int dirfd = -1;
	struct reader r = { .fn = fn, .arg = arg, .entry = entry };
	int result;

	if (!entry)
		return err_oom(err);
	r.sighting.source = SIGHT_LEDGER;
	record_machine_id(r.sighting.machine);
	r.sighting.host = "";
	result = dir_open_trusted(audit_dir, &dirfd, err);
	result = result < 0 ? result : survey_read(dirfd, &s, err);
	for (size_t i = 0; result == 0 && i < s.n_segments; i++)
		result = read_segment(&r, dirfd, s.segments[i], err);
	return result;
}
