/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in the journal's export format, as coaming verify reads them: whatever they hold, every
 * byte is accounted for, findings say where, and what is read twice is a copy of itself.
 */
#include "audit/chain.h"

#include <errno.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

struct seen {
	size_t findings, hosts, records;
	uint64_t end; /* behind what was read last */
	struct chains *chains;
};

static int note_finding(void *arg, const struct finding *f, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->findings++;
	must(f->kind < FINDING_KINDS_ && f->to >= f->from);
	must(memchr(f->text, '\0', sizeof(f->text)) && memchr(f->where, '\0', sizeof(f->where)));
	return 0;
}

static int note_host(void *arg, const struct chain_summary *summary, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->hosts++;
	must(summary->first > 0 && summary->first <= summary->last);
	must(summary->records > 0 && summary->copies <= summary->records + summary->last);
	return 0;
}

static int feed(void *arg, const struct sighting *s, struct err *err)
{
	struct seen *seen = arg;

	must(s->offset >= seen->end); /* they come in order, and none overlaps */
	seen->end = s->offset + (s->readable ? 1 : s->bytes);
	if (s->readable) {
		must(s->entry->n <= ENTRY_FIELDS_MAX && s->entry->seq <= ENTRY_SEQ_MAX);
		must(!s->hash_fits || s->hashed_len > 0);
		seen->records++;
	}
	return chains_feed(seen->chains, s, err);
}

static int feed_again(void *arg, const struct sighting *s, struct err *err)
{
	struct seen *seen = arg;

	return chains_again(seen->chains, s, err);
}

static int read_all(int fd, sighting_fn *fn, struct seen *seen, struct err *err)
{
	must(lseek(fd, 0, SEEK_SET) == 0);
	return sight_export(fd, "export", fn, seen, err);
}

static void verify(int fd, size_t len)
{
	static const struct key first = { .bytes = { 1, 2, 3 } };
	_cleanup_chains_ struct chains *chains = NULL;
	struct seen seen = { 0 };
	struct err err = { 0 };
	int r;

	must(chains_new(&first, 1, NULL, 0, note_finding, &seen, &chains, &err) == 0);
	seen.chains = chains;
	r = read_all(fd, feed, &seen, &err);
	must(seen.end <= len);
	for (int i = 0; r == 0 && i < 8 && chains_wants_again(chains); i++)
		r = read_all(fd, feed_again, &seen, &err);
	r = r < 0 ? r : chains_end(chains, note_host, &err);
	if (r < 0)
		must_tell(r, &err);
	must(seen.records > 0 || seen.hosts == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("export", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	verify(fd, size);
	return 0;
}
