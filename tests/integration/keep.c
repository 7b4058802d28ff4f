/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep [-s] [-n COUNT] [-r SEED] [-b LEDGER_BYTES] DIR EVENT [NAME=VALUE]...
 *
 * For tests: keep records in the ledger DIR and in the system's journal, as the hook and the
 * runtime do. For each it prints where it is kept: both, ledger, journal or nowhere.
 *
 *	-s  wait for the disk
 *	-n  that many records, with COAMING_TEST_N counting from 0
 *	-r  with random fields of random bytes, now and then too large for a datagram
 *	-b  what the ledger may take
 *	-f  only send what is pending, and print how many records are left
 */
#include "audit/actor.h"
#include "audit/evidence.h"

#include <getopt.h>

static const char *const words[] = {
	[KEPT_NOWHERE] = "nowhere",
	[KEPT_JOURNAL_ONLY] = "journal",
	[KEPT_LEDGER] = "ledger",
	[KEPT_BOTH] = "both",
};

struct work {
	const char *dir;
	enum event event;
	char **fields;
	bool sync, random;
	unsigned count, seed;
	uint64_t ledger_bytes;
};

static int fill_random(struct record *record, unsigned *seed, struct err *err)
{
	static char big[60000];
	int r = 0;

	for (int n = rand_r(seed) % 20; n >= 0 && r == 0; n--) {
		size_t len = (size_t)rand_r(seed) % 400;

		for (size_t i = 0; i < len; i++)
			big[i] = (char)(rand_r(seed) % 4 ? rand_r(seed) % 256 : '\n');
		r = record_addn(record, n % 2 ? "COAMING_LABEL" : "COAMING_REASON", big, len, err);
	}
	/* Beyond what a datagram holds: it goes as a descriptor. */
	for (int n = rand_r(seed) % 10 == 0 ? 8 : 0; n > 0 && r == 0; n--) {
		memset(big, 'a' + n, sizeof(big));
		r = record_addn(record, "COAMING_CHANGE", big, sizeof(big), err);
	}
	return r;
}

static int fill(struct record *record, const struct work *work, unsigned n, unsigned *seed,
		struct err *err)
{
	int r;

	r = record_start(record, work->event, err);
	r = r < 0 ? r : record_addf(record, err, "COAMING_TEST_N", "%u", n);
	r = r < 0 ? r : actor_add(record, err);
	for (char **f = work->fields; *f && r == 0; f++) {
		char name[FIELD_NAME_MAX + 1];
		const char *equals = strchr(*f, '=');

		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals ? equals - *f : 0), *f);
		r = record_add(record, name, equals ? equals + 1 : "", err);
	}
	return r < 0 || !work->random ? r : fill_random(record, seed, err);
}

static int keep(const struct work *work)
{
	const struct keeping keeping = { .dir = work->dir, .ledger_bytes = work->ledger_bytes };
	const enum purpose purpose = work->sync ? FOR_START : FOR_INFORMATION;
	unsigned seed = work->seed;

	for (unsigned n = 0; n < work->count; n++) {
		_cleanup_record_ struct record record = { 0 };
		enum kept kept = KEPT_NOWHERE;
		struct err err = { 0 };

		if (fill(&record, work, n, &seed, &err) == 0)
			(void)evidence_keep(&keeping, &record, purpose, &kept, &err);
		if (err.class != ERR_NONE)
			(void)fprintf(stderr, "keep: %s\n", err.text);
		puts(words[kept]);
	}
	return 0;
}

static int flush(const char *dir)
{
	const struct keeping keeping = { .dir = dir };
	struct err err = { 0 };
	size_t left = 0;

	if (evidence_flush(&keeping, &left, &err) < 0)
		(void)fprintf(stderr, "keep: %s\n", err.text);
	printf("%zu\n", left);
	return err.class;
}

int main(int argc, char **argv)
{
	struct work work = { .count = 1, .fields = argv };
	bool only_flush = false;
	int c;

	while ((c = getopt(argc, argv, "+sn:r:b:f")) >= 0) {
		if (c == 's')
			work.sync = true;
		else if (c == 'b')
			work.ledger_bytes = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			work.count = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'f')
			only_flush = true;
		else if (c == 'r')
			work.random = true, work.seed = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (only_flush && optind < argc)
		return flush(argv[optind]);
	if (argc - optind < 2 || !event_from_name(argv[optind + 1], &work.event))
		return 2;
	work.dir = argv[optind];
	work.fields = argv + optind + 2;
	return keep(&work);
}
