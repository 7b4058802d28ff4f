/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evolving key: every record of a ledger is under the key of its epoch, which follows from the
 * first key alone, whatever was killed or lost between; and no key that was used stays on the host.
 */
#include "tests/unit/place.h"

#include "audit/evidence.h"
#include "audit/first_key.h"
#include "audit/ledger.h"
#include "audit/stamp.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/strv.h"

#define SOON (stamp_now_monotonic() + 50000)

/* Made by Python's hmac and hashlib. */
static void codes_are_those_of_others(void **state)
{
	static const char text[] = "what do ya want for nothing?";
	char out[SHA256_HEX], id[KEY_ID_HEX];
	struct key key = { 0 };

	(void)state;
	memset(key.bytes, 0x0b, sizeof(key.bytes));
	hmac_sha256_hex(out, key.bytes, text, strlen(text));
	assert_string_equal(out,
			    "c3f2649c34ea24e4d62a2c7e868bbea0233c9d4c2cc300794db76aa18d6822d8");
	key_id(id, &key);
	assert_string_equal(id, "edf0f5961bf26567");
	key_next(&key);
	assert_int_equal(key.epoch, 1);
	hex_encode(out, key.bytes, sizeof(key.bytes));
	assert_string_equal(out,
			    "f0e38b830ebd8a506615ecd154330ec07ff6bf5030447b44e297db1d4b7514ac");
	key_advance(&key, 1000);
	hex_encode(out, key.bytes, sizeof(key.bytes));
	assert_string_equal(out,
			    "9c3e4d44f36dcf471c7fdaa91e66324b0d3431eabb00fb89421d8b9275d375bf");
}

static void a_key_is_read_as_it_is_shown(void **state)
{
	static const char shown[] = "0011 2233 4455 6677 8899 aabb ccdd eeff "
				    "0011-2233-4455-6677-8899-AABB-CCDD-EEFF";
	struct key key;

	(void)state;
	assert_true(key_parse(&key, shown, strlen(shown)));
	assert_int_equal(key.bytes[1], 0x11);
	assert_int_equal(key.bytes[31], 0xff);
	assert_false(key_parse(&key, shown, strlen(shown) - 1));
	assert_false(key_parse(&key, "0g", 2));
	assert_false(key_parse(&key, "", 0));
}

static void keep(const struct place *p, const char *name)
{
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };
	enum kept kept;

	assert_int_equal(record_start(&r, EVENT_ADMIT, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_NAME", name, &err), 0);
	assert_int_equal(place_keep(p, &r, false, &kept, &err), 0);
}

/* K_0 by its id, which the host still has. */
static struct key first_key(const struct place *p, const char *id)
{
	_cleanup_close_ int fd = place_auditfd(p);
	struct err err = { 0 };
	struct key key;

	assert_int_equal(first_key_read(fd, id, &key, &err), 0);
	return key;
}

struct check {
	const struct place *p;
	struct key key;
	uint64_t epoch; /* of the record before */
	size_t n, begun;
};

static void check_entry(struct check *c, const struct entry *e)
{
	const struct view *id = entry_get(e, "COAMING_KEY_ID");
	char mac[SHA256_HEX], text[KEY_ID_HEX];

	assert_true(e->epoch > 0);
	if (id && e->epoch == 1) {
		assert_int_equal(id->len, KEY_ID_HEX - 1);
		memcpy(text, id->value, id->len);
		text[id->len] = '\0';
		c->key = first_key(c->p, text);
		c->begun++;
	} else {
		assert_int_equal(e->epoch, c->epoch + 1);
	}
	key_advance(&c->key, e->epoch);
	hmac_sha256_hex(mac, c->key.bytes, e->text, e->hashed);
	assert_string_equal(mac, e->mac);
	c->epoch = e->epoch;
	c->n++;
}

static struct check check_all(const struct place *p)
{
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int dirfd = place_auditfd(p);
	struct check c = { .p = p };
	struct err err = { 0 };

	assert_int_equal(survey_read(dirfd, &s, &err), 0);
	for (size_t i = 0; i < s.n_segments; i++) {
		_cleanup_cursor_ struct cursor *cursor = NULL;
		_cleanup_close_ int fd = -1;
		uint64_t size;

		assert_int_equal(segment_open(dirfd, s.segments[i], O_RDONLY, &fd, &size, &err), 0);
		assert_int_equal(cursor_new(fd, 0, &cursor, &err), 0);
		while (cursor_next(cursor, &err) > 0)
			check_entry(&c, &cursor->entry);
	}
	return c;
}

static void every_record_is_under_its_key(void **state)
{
	struct place *p = *state;
	struct check c;

	for (int i = 0; i < 20; i++)
		keep(p, "c");
	c = check_all(p);
	assert_int_equal(c.n, 21);
	assert_int_equal(c.begun, 1);
}

/* Is that text anywhere below auditDir, as bytes? */
static bool is_on_disk(const struct place *p, const uint8_t bytes[SHA256_BYTES])
{
	_cleanup_close_ int fd = place_auditfd(p);
	_cleanup_(closedirp) DIR *dir = fdopendir(dup(fd));
	bool found = false;

	assert_non_null(dir);
	for (const struct dirent *d; (d = readdir(dir));) {
		_cleanup_free_ char *text = NULL;
		struct err err = { 0 };
		size_t len;

		if (d->d_name[0] == '.')
			continue;
		assert_int_equal(file_read(fd, d->d_name, 1 << 20, &text, &len, &err), 0);
		found |= memmem(text, len, bytes, SHA256_BYTES) != NULL;
	}
	return found;
}

static void the_host_has_the_next_key_alone(void **state)
{
	struct place *p = *state;
	struct key key;
	struct check c;

	for (int i = 0; i < 5; i++)
		keep(p, "c");
	c = check_all(p);
	key = c.key; /* of the last record */
	assert_false(is_on_disk(p, key.bytes));
	key_next(&key);
	assert_true(is_on_disk(p, key.bytes));
}

/* The head as it was some records ago, as after a crash that lost its write. */
static void an_old_head_catches_up(void **state)
{
	struct place *p = *state;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	char old[512];
	struct check c;

	keep(p, "a");
	fd = openat(place_auditfd(p), HEAD_NAME, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, old, sizeof(old), 0), sizeof(old));
	for (int i = 0; i < 7; i++)
		keep(p, "b");
	assert_int_equal(pwrite(fd, old, sizeof(old), 0), sizeof(old));
	keep(p, "c");
	c = check_all(p);
	assert_int_equal(c.n, 10);
	assert_int_equal(c.begun, 1);
	assert_int_equal(err.class, ERR_NONE);
}

static void a_lost_head_begins_a_new_key(void **state)
{
	struct place *p = *state;
	char path[128];
	struct told t;

	keep(p, "a");
	keep(p, "b");
	(void)snprintf(path, sizeof(path), "%s/" HEAD_NAME, p->audit);
	assert_int_equal(unlink(path), 0);
	keep(p, "c");
	keep(p, "d");
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.records, 4);
	assert_int_equal(t.gaps, 1); /* which has no key */
	assert_int_equal(t.last_seq, 7);
}

static void a_new_key_can_be_wished(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { .dirfd = -1, .head_fd = -1, .segment_fd = -1 };
	struct err err = { 0 };
	struct check c;
	char **ids = NULL;
	size_t n = 0;

	keep(p, "a");
	assert_int_equal(ledger_open(p->audit, &l, &err), 0);
	assert_int_equal(ledger_lock(&l, SOON, &err), 0);
	assert_int_equal(ledger_new_key(&l, &err), 0);
	ledger_unlock(&l);
	keep(p, "b");
	c = check_all(p);
	assert_int_equal(c.n, 4);
	assert_int_equal(c.begun, 2);
	assert_int_equal(first_key_list(l.dirfd, &ids, &n, &err), 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(first_key_erase(l.dirfd, ids[i], &err), 0);
	strv_free(&ids, &n);
	assert_int_equal(first_key_list(l.dirfd, &ids, &n, &err), 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_those_of_others),
		cmocka_unit_test(a_key_is_read_as_it_is_shown),
		cmocka_unit_test_setup_teardown(every_record_is_under_its_key, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(the_host_has_the_next_key_alone, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(an_old_head_catches_up, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(a_lost_head_begins_a_new_key, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(a_new_key_can_be_wished, place_setup,
						place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
