/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record ROUNDS DIR: what keeping one record costs a hook, without waiting for the disk: the ledger
 * opened, locked, read to its end, written, and the journal sent to. A line as meet.c prints.
 */
#include <time.h>
#include "audit/actor.h"
#include "audit/evidence.h"

#define PER_ROUND  20
#define ROUNDS_MAX 10000

static _Noreturn void die(const char *why)
{
	(void)fprintf(stderr, "record: %s\n", why);
	exit(111);
}

static int by_time(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static long long now_nsec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* As large as an admission is. */
static void fill(struct record *record)
{
	struct err err = { 0 };
	int r = record_start(record, EVENT_ADMIT, &err);

	for (int i = 0; r == 0 && i < 8; i++)
		r = record_addf(
			record, &err, "COAMING_CHANGE",
			"capabilities: takes CAP_%d from bounding, effective, permitted (shop)", i);
	r = r < 0 ? r : record_add(record, "CONTAINER_NAME", "shop", &err);
	r = r < 0 ? r : actor_add(record, &err);
	if (r < 0)
		die(err.text);
}

int main(int argc, char **argv)
{
	size_t rounds = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, n = rounds * PER_ROUND;
	const struct keeping keeping = { .dir = argc == 3 ? argv[2] : NULL };
	long long *nsec;

	if (rounds == 0 || rounds > ROUNDS_MAX)
		die("expected ROUNDS and a directory");
	nsec = calloc(n, sizeof(*nsec));
	if (!nsec)
		die("out of memory");
	for (size_t i = 0; i < n; i++) {
		_cleanup_record_ struct record record = { 0 };
		struct err err = { 0 };
		enum kept kept;
		long long begin;

		fill(&record);
		begin = now_nsec();
		if (evidence_keep(&keeping, &record, FOR_INFORMATION, &kept, &err) < 0)
			die(err.text);
		nsec[i] = now_nsec() - begin;
	}
	qsort(nsec, n, sizeof(*nsec), by_time);
	printf("one record, without fsync\t%lld\t%lld\t%lld\n", nsec[0] / 1000, nsec[n / 2] / 1000,
	       nsec[n * 95 / 100] / 1000);
	free(nsec);
	return 0;
}
