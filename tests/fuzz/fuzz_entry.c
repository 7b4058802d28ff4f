/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the ledger, in the journal's export format: one after another from memory, and the
 * same from a file.
 */
#include "audit/entry.h"

#include <errno.h>
#include <sys/mman.h>

#include "audit/segment.h"
#include "tests/fuzz/ledger.h"

static void check_views(const struct entry *e, size_t left)
{
	must(e->size > 0 && e->size <= left && e->n <= ENTRY_FIELDS_MAX);
	must(e->body <= e->body_end && e->body_end < e->size);
	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];

		must(v->name >= e->text && v->value + v->len <= e->text + e->size);
		must(field_name_is_valid(v->name, v->name_len));
	}
}

/* What a dead writer left is never taken for a record, nor for rubbish. */
static void check_beginnings(const struct entry *e, struct entry *scratch)
{
	const size_t some[] = { 1, e->size / 3, e->size / 2, e->size - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		must(entry_parse(e->text, some[i], scratch) == ENTRY_PARTIAL);
}

static void check_chained(const struct entry *e, struct entry *scratch)
{
	_cleanup_buf_ struct buf out = { 0 };
	char hash[SHA256_HEX];
	struct err err = { 0 };
	int r = entry_chain(&out, e, &(struct chain_link){ .seq = 7, .prev = entry_hash_none },
			    hash, &err);

	if (r < 0) {
		must(r == -EINVAL);
		must_tell(r, &err);
		return;
	}
	must(entry_parse(out.data, out.len, scratch) == ENTRY_WHOLE || e->n > RECORD_FIELDS_MAX);
	must(scratch->n > ENTRY_FIELDS_MAX || (scratch->seq == 7 && streq(scratch->hash, hash)));
}

static size_t read_memory(const char *text, size_t len, struct entry *e, struct entry *scratch)
{
	size_t at = 0;

	while (entry_parse(text + at, len - at, e) == ENTRY_WHOLE) {
		check_views(e, len - at);
		check_beginnings(e, scratch);
		check_chained(e, scratch);
		at += e->size;
	}
	return at;
}

static size_t read_file(const char *text, size_t len)
{
	_cleanup_close_ int fd = memfd_create("segment", MFD_CLOEXEC);
	_cleanup_cursor_ struct cursor *cursor = NULL;
	struct err err = { 0 };
	int r;

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	must_succeed(cursor_new(fd, 0, &cursor, &err), &err);
	while ((r = cursor_next(cursor, &err)) > 0) {
		check_views(&cursor->entry, len);
		must(cursor->entry.seq > 0);
	}
	if (r < 0)
		must_tell(r, &err);
	else
		must(cursor->torn == (cursor->at < len));
	return cursor->at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = with_good_hashes((struct piece){ (const char *)data, size });
	_cleanup_free_ struct entry *e = calloc(2, sizeof(*e));

	must(e);
	must(read_memory(text, size, e, e + 1) >= read_file(text, size));
	return 0;
}
