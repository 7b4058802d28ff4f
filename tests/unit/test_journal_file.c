/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/journal_file.c on files that systemd-journal-remote made, in each of the formats. The
 * second opinion is libsystemd's.
 */
#include "tests/unit/place.h"

#include <systemd/sd-journal.h>

#include "audit/journal_file.h"
#include "lib/siphash.h"
#include "tests/unit/journal_maker.h"

#define ENTRIES 1500

static const char *const formats[] = {
	NULL,
	"SYSTEMD_JOURNAL_COMPACT=1",
	"SYSTEMD_JOURNAL_COMPACT=0",
	"SYSTEMD_JOURNAL_KEYED_HASH=0",
};

static void make(const char *path, const char *env)
{
	_cleanup_buf_ struct buf text = { 0 };

	for (unsigned i = 0; i < ENTRIES; i++) {
		maker_begin(&text, UINT64_C(1795432726000000) + i);
		buf_addf(&text, "COAMING_SCHEMA=1\nCOAMING_HASH=%064x\nMESSAGE=number %u\n", i, i);
		buf_addf(&text, "_UID=%u\n", i % 2 ? 1000 : 0);
		if (i % 100 == 0) {
			buf_adds(&text, "COAMING_REASON=");
			for (unsigned k = 0; k < 40000 / 4; k++)
				buf_addf(&text, "%04x", (i * 2654435761U + k * 40503U) & 0xffff);
			buf_addc(&text, '\n');
		}
		maker_end(&text);
	}
	maker_write(&text, path, env);
}

static struct journal_file *open_file(const char *path)
{
	struct journal_file *f = NULL;
	struct err err = { 0 };

	if (journal_file_open(AT_FDCWD, path, &f, &err) != 0)
		fail_msg("%s", err.text);
	return f;
}

static bool has(struct journal_file *f, const char *a, const char *b)
{
	const char *fields[] = { a, b };
	struct err err = { 0 };
	int r = journal_file_has(f, fields, b ? 2 : 1, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r > 0;
}

/* The entry's fields, as libsystemd has them, are ours. */
static void compare_items(struct journal_file *f, const struct journal_entry *e, sd_journal *j)
{
	struct err err = { 0 };
	size_t plain = 0;
	const void *data;
	size_t len;

	for (size_t i = 0; i < e->n; i++) {
		struct journal_data d = { 0 };
		char name[65];

		assert_int_equal(journal_file_data(f, e->items[i], SIZE_MAX, &d, &err), 0);
		if (d.compression != JOURNAL_PLAIN)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s",
			       (int)((char *)memchr(d.payload, '=', d.len) - d.payload), d.payload);
		assert_int_equal(sd_journal_get_data(j, name, &data, &len), 0);
		assert_int_equal(len, d.len);
		assert_memory_equal(data, d.payload, len);
		plain++;
	}
	len = 0;
	while (sd_journal_enumerate_available_data(j, &data, &(size_t){ 0 }) > 0)
		len++;
	assert_int_equal(len, e->n);
	assert_true(plain >= 4);
}

static void compare_all(const char *path)
{
	_cleanup_journal_file_ struct journal_file *f = open_file(path);
	struct journal_walk walk = journal_walk_all(f);
	const char *paths[] = { path, NULL };
	sd_journal *j = NULL;
	struct err err = { 0 };
	unsigned n = 0;
	uint64_t at;
	int r;

	assert_int_equal(sd_journal_open_files(&j, paths, 0), 0);
	assert_int_equal(sd_journal_set_data_threshold(j, 0), 0);
	while ((r = journal_walk_next(f, &walk, &at, &err)) > 0) {
		struct journal_entry e = { 0 };
		uint64_t usec = 0;

		assert_int_equal(journal_file_entry(f, at, &e, &err), 0);
		assert_true(sd_journal_next(j) > 0);
		assert_int_equal(sd_journal_get_realtime_usec(j, &usec), 0);
		assert_int_equal(e.realtime, usec);
		assert_int_equal(e.seqnum, n + 1);
		compare_items(f, &e, j);
		n++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, ENTRIES);
	sd_journal_close(j);
}

static void look_up(const char *path)
{
	_cleanup_journal_file_ struct journal_file *f = open_file(path);
	struct err err = { 0 };
	char text[128];

	for (unsigned i = 0; i < ENTRIES; i += 7) {
		(void)snprintf(text, sizeof(text), "COAMING_HASH=%064x", i);
		assert_true(has(f, text, NULL));
		assert_int_equal(has(f, text, "_UID=0"), i % 2 == 0);
		assert_int_equal(has(f, text, "_UID=1000"), i % 2 == 1);
		assert_false(has(f, text, "_UID=5"));
	}
	(void)snprintf(text, sizeof(text), "COAMING_HASH=%064x", ENTRIES);
	assert_false(has(f, text, NULL));
	assert_false(has(f, "NO_FIELD=1", NULL));
	assert_false(has(f, "COAMING_SCHEMA=", NULL));
	assert_int_equal(journal_file_has(f, NULL, 0, &err), -EINVAL);
}

/* Every second entry is root's; and the values of a field, newest first. */
static void indexed(const char *path)
{
	_cleanup_journal_file_ struct journal_file *f = open_file(path);
	struct journal_walk walk = { 0 };
	struct journal_data d = { 0 };
	struct err err = { 0 };
	uint64_t at = 0, before = 0;
	unsigned n = 0;

	assert_int_equal(journal_file_find(f, "_UID=0", 6, &at, &err), 1);
	assert_int_equal(journal_walk_of(f, at, &walk, &err), 0);
	while (journal_walk_next(f, &walk, &at, &err) > 0) {
		assert_true(at > before);
		before = at;
		n++;
	}
	assert_int_equal(n, ENTRIES / 2);
	assert_int_equal(journal_file_newest(f, "COAMING_HASH", &at, &err), 1);
	for (n = 0; at != 0; n++, at = d.next_field) {
		char want[128];

		(void)snprintf(want, sizeof(want), "COAMING_HASH=%064x", ENTRIES - 1 - n);
		assert_int_equal(journal_file_data(f, at, 1000, &d, &err), 0);
		assert_int_equal(d.len, strlen(want));
		assert_memory_equal(d.payload, want, d.len);
	}
	assert_int_equal(n, ENTRIES);
	assert_int_equal(journal_file_newest(f, "NO_FIELD", &at, &err), 0);
}

static void test_formats(void **state)
{
	const struct place *p = *state;
	bool keyed[2] = { false, false }, compact[2] = { false, false };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/f%zu.journal", p->dir, i);
		make(path, formats[i]);
		compare_all(path);
		look_up(path);
		indexed(path);
		{
			_cleanup_journal_file_ struct journal_file *f = open_file(path);

			keyed[f->keyed] = compact[f->compact] = true;
		}
	}
	/* Otherwise the variables of the environment have other names by now. */
	assert_true(keyed[0] && keyed[1] && compact[0] && compact[1]);
}

static void test_compressed(void **state)
{
	const struct place *p = *state;
	_cleanup_journal_file_ struct journal_file *f = NULL;
	struct journal_data d = { 0 };
	struct err err = { 0 };
	char path[128];
	uint64_t at = 0;
	unsigned n = 0;

	(void)snprintf(path, sizeof(path), "%s/c.journal", p->dir);
	make(path, NULL);
	f = open_file(path);
	assert_int_equal(journal_file_newest(f, "COAMING_REASON", &at, &err), 1);
	for (; at != 0; at = d.next_field, n++) {
		assert_int_equal(journal_file_data(f, at, SIZE_MAX, &d, &err), 0);
		assert_int_not_equal(d.compression, JOURNAL_PLAIN);
		assert_int_equal(d.len, d.size);
		assert_true(d.size < 40000);
	}
	assert_int_equal(n, ENTRIES / 100);
}

/* Cut anywhere: an error, or less, and never anything else. */
static void test_cut(void **state)
{
	const struct place *p = *state;
	char path[128];
	off_t size;

	(void)snprintf(path, sizeof(path), "%s/t.journal", p->dir);
	make(path, NULL);
	{
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		size = lseek(fd, 0, SEEK_END);
		(void)close(fd);
	}
	for (; size > 0; size -= size / 7 + 1) {
		_cleanup_journal_file_ struct journal_file *f = NULL;
		struct journal_walk walk;
		struct err err = { 0 };
		uint64_t at = 0;
		unsigned n = 0;

		assert_int_equal(truncate(path, size), 0);
		if (journal_file_open(AT_FDCWD, path, &f, &err) < 0) {
			assert_true(size < 1024 && err.text[0]);
			continue;
		}
		walk = journal_walk_all(f);
		while (journal_walk_next(f, &walk, &at, &err) > 0) {
			struct journal_entry e = { 0 };

			if (journal_file_entry(f, at, &e, &err) == 0)
				n++;
		}
		assert_true(n <= ENTRIES);
	}
}

static void test_not_a_journal(void **state)
{
	struct journal_file *f = NULL;
	struct err err = { 0 };

	assert_int_equal(journal_file_open(AT_FDCWD, "/etc/passwd", &f, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "is no journal file"));
	assert_null(f);
	err_clear(&err);
	assert_int_equal(journal_file_open(AT_FDCWD, "/nonexistent", &f, &err), -ENOENT);
}

/* Vectors of the paper's appendix. */
static void test_siphash(void **state)
{
	uint8_t key[16], data[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		data[i] = i;
	assert_true(siphash24(key, data, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash24(key, data, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash24(key, data, 8) == UINT64_C(0x93f5f5799a932462));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_not_a_journal),
		cmocka_unit_test_setup_teardown(test_formats, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_compressed, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_cut, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
