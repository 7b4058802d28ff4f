/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meet ROUNDS: what the meet of two seccomp filters of 400 calls costs, from their texts to its
 * text; in turns with jansson, which parses the same texts and does no more.
 *
 * Output: NAME; least, median and 95th percentile in microseconds; tabs between.
 */
#include "profiles/filter.h"

#include <time.h>
#include <jansson.h>

#include "profiles/filter_narrow.h"
#include "tests/unit/default_filter.h"

#define ROUNDS_MAX 10000
#define WARM_UP    5

static struct buf docker, podman, moby, containers;

static _Noreturn void die(const char *why)
{
	(void)fprintf(stderr, "meet: %s\n", why);
	exit(111);
}

static void read_filter(const struct buf *text, bool is_profile, struct filter *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	int r;

	r = doc_parse(&doc, "filter", text->data, text->len, &err);
	if (r == 0)
		r = is_profile ? filter_parse_profile(doc, doc_root(doc), ret, &err)
			       : filter_parse(doc, doc_root(doc), ret, &err);
	if (r == 0 && is_profile)
		r = filter_narrow(doc, doc_root(doc), ret, &err);
	if (r < 0)
		die(err.text);
}

static void meet_and_write(const struct filter *a, const struct filter *b)
{
	struct filter met = { 0 };
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	struct err err = { 0 };

	if (filter_meet(a, b, &met, NULL, NULL, &err) < 0)
		die(err.text);
	filter_emit(&e, &met);
	if (buf_status(&out) < 0)
		die("out of memory");
	filter_done(&met);
}

static void meet_requests(void)
{
	struct filter a = { 0 }, b = { 0 };

	read_filter(&docker, false, &a);
	read_filter(&podman, false, &b);
	meet_and_write(&a, &b);
	filter_done(&a);
	filter_done(&b);
}

static void meet_file(const struct buf *request, const struct buf *file)
{
	struct filter a = { 0 }, b = { 0 }, resolved = { 0 };
	struct err err = { 0 };

	read_filter(request, false, &a);
	read_filter(file, true, &b);
	if (filter_resolve(&b, 0, FILTER_KERNEL(6, 1), &resolved, &err) < 0)
		die(err.text);
	meet_and_write(&a, &resolved);
	filter_done(&a);
	filter_done(&b);
	filter_done(&resolved);
}

static void meet_moby(void)
{
	meet_file(&podman, &moby);
}

static void meet_containers(void)
{
	meet_file(&docker, &containers);
}

static void parse_only(void)
{
	const struct buf *const texts[] = { &docker, &podman };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *json =
			json_loadb(texts[i]->data, texts[i]->len, JSON_REJECT_DUPLICATES, NULL);

		if (!json)
			die("jansson does not parse it");
		json_decref(json);
	}
}

static struct row {
	const char *name;
	void (*run)(void);
	int64_t nsec[ROUNDS_MAX];
} rows[] = {
	{ "meet of two 400-call filters, JSON in and out", meet_requests },
	{ "meet of podman's filter with moby's file", meet_moby },
	{ "meet of Docker's filter with containers-common's", meet_containers },
	{ "jansson, parsing two 400-call filters", parse_only },
};

static int64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(struct row *row, size_t rounds)
{
	qsort(row->nsec, rounds, sizeof(row->nsec[0]), by_time);
	printf("%s\t%lld\t%lld\t%lld\n", row->name, (long long)row->nsec[0] / 1000,
	       (long long)row->nsec[rounds / 2] / 1000,
	       (long long)row->nsec[rounds * 95 / 100] / 1000);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;

	if (rounds == 0 || rounds > ROUNDS_MAX)
		die("usage: meet ROUNDS");
	docker_like_filter(&docker);
	podman_like_filter(&podman);
	moby_format_filter(&moby);
	containers_format_filter(&containers);
	for (size_t i = 0; i < WARM_UP + rounds; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			int64_t begin = now();

			rows[k].run();
			if (i >= WARM_UP)
				rows[k].nsec[i - WARM_UP] = now() - begin;
		}
	}
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
		print(&rows[k], rounds);
	buf_done(&docker);
	buf_done(&podman);
	buf_done(&moby);
	buf_done(&containers);
	return 0;
}
