/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged ledger: head, two segments and a waiting record, lines "---" between them. It can be
 * read, and a writer brings it into an order in which what is appended is found again.
 */
#include "audit/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/query.h"
#include "audit/segment.h"
#include "tests/fuzz/ledger.h"

/* head.c: a checksum over all that is before it. */
#define HEAD_BYTES 512
#define CHECK_AT   (HEAD_BYTES - SHA256_HEX)

static void put(int dirfd, const char *name, const char *text, size_t len)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
}

static void put_head(int dirfd, struct piece head)
{
	_cleanup_free_ char *copy = malloc(head.len + 1);

	if (head.len == 0)
		return;
	must(copy);
	memcpy(copy, head.text, head.len);
	if (head.len >= HEAD_BYTES)
		sha256_hex1(copy + CHECK_AT, copy, CHECK_AT);
	put(dirfd, HEAD_NAME, copy, head.len);
}

/* Named by the SEQ that it begins with, as a writer does. */
static void put_segment(int dirfd, struct piece segment, uint64_t otherwise)
{
	_cleanup_free_ char *text = with_good_hashes(segment);
	_cleanup_free_ struct entry *e = calloc(1, sizeof(*e));
	char name[SEGMENT_NAME_MAX];
	uint64_t first = otherwise;

	must(e);
	if (segment.len == 0)
		return;
	if (entry_parse(text, segment.len, e) == ENTRY_WHOLE && e->seq > 0)
		first = e->seq;
	put(dirfd, segment_name(name, first), text, segment.len);
}

static void put_spool(int dirfd, struct piece spool)
{
	static const char name[] = SPOOL_PREFIX "00000647b1f2c3d4-1234-0";
	_cleanup_free_ char *text = with_good_hashes(spool);

	if (spool.len > 0)
		put(dirfd, name, text, spool.len);
}

struct seen {
	const char *wanted;
	size_t records, times;
};

static int see(void *arg, const struct found *found, struct err *err)
{
	struct seen *seen = arg;

	must(found->trust == TRUST_LEDGER || found->trust == TRUST_WAITING);
	must(found->trust == TRUST_WAITING || found->entry->seq > 0);
	seen->records++;
	seen->times += entry_is(found->entry, "COAMING_REASON", seen->wanted);
	return 0;
}

static size_t count(const char *dir, const char *reason, size_t *ret_damaged)
{
	const struct query query = { .audit_dir = dir, .without_journal = true };
	struct query_notes notes = { 0 };
	struct seen seen = { .wanted = reason };
	struct err err = { 0 };

	must_succeed(query_run(&query, see, &seen, &notes, &err), &err);
	*ret_damaged = notes.damaged;
	return seen.times;
}

static void append(const char *dir, const char *reason)
{
	_cleanup_ledger_ struct ledger ledger = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	_cleanup_record_ struct record record = { 0 };
	struct err err = { 0 };

	must_succeed(record_start(&record, EVENT_ADMIT, &err), &err);
	must_succeed(record_add(&record, "COAMING_REASON", reason, &err), &err);
	must_succeed(ledger_open(dir, &ledger, &err), &err);
	must_succeed(ledger_lock(&ledger, UINT64_MAX, &err), &err);
	must_succeed(ledger_append(&ledger, &record, NULL, &err), &err);
	ledger_unlock(&ledger);
}

/*
 * What is appended is found, unless it stands behind damage within a segment that the head
 * vouches for. There nothing is looked for: a record's value may hold what looks like a record.
 */
static void check(const char *dir)
{
	size_t damaged, then;

	(void)count(dir, "", &damaged);
	append(dir, "fuzz-first");
	must(count(dir, "fuzz-first", &damaged) == 1 || damaged > 0);
	append(dir, "fuzz-second");
	must(count(dir, "fuzz-second", &then) == 1 || damaged > 0);
	must(count(dir, "fuzz-first", &then) == 1 || damaged > 0);
	must(then == damaged);
}

/* All names in it are plain files. */
static void clear(const char *dir)
{
	DIR *d = opendir(dir);

	must(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	(void)closedir(d);
	must(rmdir(dir) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };
	char dir[] = "/dev/shm/coaming-fuzz.XXXXXX";
	_cleanup_close_ int fd = -1;

	must(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	put_head(fd, next_piece(&rest));
	put_segment(fd, next_piece(&rest), 1);
	put_segment(fd, next_piece(&rest), 5);
	put_spool(fd, rest);
	check(dir);
	clear(dir);
	return 0;
}
