/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal file, damaged or made to lead in circles, see sparse.h. The corpus are small files of
 * systemd-journal-remote.
 */
#include "audit/journal_file.h"

#include <sys/mman.h>

#include "tests/fuzz/sparse.h"

/* More than any input has entries; a circle has more. */
#define STEPS_MAX 1000000

static void check_entry(struct journal_file *f, uint64_t at, size_t *steps)
{
	struct journal_entry e = { 0 };
	struct err err = { 0 };
	int r = journal_file_entry(f, at, &e, &err);

	if (r < 0) {
		must_tell(r, &err);
		return;
	}
	must(e.n <= JOURNAL_FILE_ITEMS_MAX);
	for (size_t i = 0; i < e.n && (*steps)++ < STEPS_MAX / 10; i++) {
		struct journal_data d = { 0 };
		char copy[256];

		err_clear(&err);
		r = journal_file_data(f, e.items[i], sizeof(copy), &d, &err);
		if (r < 0) {
			must_tell(r, &err);
			continue;
		}
		must(d.len <= sizeof(copy) && d.len <= d.size);
		memcpy(copy, d.payload, d.len);
	}
}

static void walk(struct journal_file *f, struct journal_walk walk)
{
	struct err err = { 0 };
	size_t steps = 0, fields = 0;
	uint64_t at = 0;
	int r;

	while ((r = journal_walk_next(f, &walk, &at, &err)) > 0) {
		must(steps++ < STEPS_MAX);
		check_entry(f, at, &fields);
	}
	if (r < 0)
		must_tell(r, &err);
}

static void look_up(struct journal_file *f)
{
	static const char *const fields[] = { "COAMING_EVENT=admit", "_UID=0" };
	struct journal_walk found = { 0 };
	struct err err = { 0 };
	uint64_t at = 0;
	int r;

	r = journal_file_has(f, fields, ARRAY_SIZE(fields), &err);
	if (r < 0)
		must_tell(r, &err);
	err_clear(&err);
	if (journal_file_find(f, fields[0], strlen(fields[0]), &at, &err) > 0 &&
	    journal_walk_of(f, at, &found, &err) == 0)
		walk(f, found);
	err_clear(&err);
	r = journal_file_newest(f, "MESSAGE", &at, &err);
	for (size_t i = 0; r > 0 && at != 0; i++) {
		struct journal_data d = { 0 };

		must(i < STEPS_MAX);
		r = journal_file_data(f, at, 64, &d, &err) == 0;
		at = d.next_field;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_journal_file_ struct journal_file *f = NULL;
	struct err err = { 0 };
	int fd = memfd_create("journal", MFD_CLOEXEC), r;

	sparse_expand(fd, data, size);
	r = journal_file_take(fd, "fuzz", &f, &err);

	if (r < 0) {
		must_tell(r, &err);
		return 0;
	}
	walk(f, journal_walk_all(f));
	look_up(f);
	return 0;
}
