/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming flush: hand the journal what it has not got and make sure that it holds it, see
 * coaming-flush(1).
 */
#include "cli/cli.h"

#include "audit/evidence.h"
#include "cli/options.h"
#include "cli/out.h"
#include "lib/emit.h"
#include "profiles/host.h"

#define TIMEOUT_SECONDS     5
#define TIMEOUT_MAX_SECONDS 3600

static int print_json(const struct tidied *t, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "pending", t->pending },         { "confirmed", t->confirmed },
		{ "missing", t->missing },         { "inMemory", t->in_memory },
		{ "sentAgain", t->sent_again },    { "left", t->left },
		{ "segmentsRemoved", t->trimmed },
	};
	struct emit e = EMIT(&out);

	emit_object(&e);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		emit_key(&e, rows[i].key);
		emit_u64(&e, rows[i].value);
	}
	emit_object_end(&e);
	return out_print_line(&out, err);
}

static void print_text(const struct tidied *t)
{
	const struct {
		uint64_t n;
		const char *what;
	} rows[] = {
		{ t->confirmed, "confirmed: the journal has them on disk" },
		{ t->sent_again, "sent again, which the journal had dropped" },
		{ t->missing,
		  "not in the journal, though it was given them (coaming doctor says why)" },
		{ t->in_memory, "in the journal, but in memory alone (Storage=volatile?)" },
		{ t->pending, "not taken by the journal yet" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].n > 0)
			printf("%8llu %s\n", (unsigned long long)rows[i].n, rows[i].what);
	if (t->trimmed > 0)
		printf("%8zu segment%s of the ledger removed\n", t->trimmed,
		       t->trimmed == 1 ? "" : "s");
}

static int flush(const char *config, const char *timeout, bool json, bool quiet, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	uint64_t seconds = TIMEOUT_SECONDS;
	struct tidied tidied = { 0 };
	int r, printed = 0;

	if (timeout) {
		r = option_number("timeout", timeout, TIMEOUT_MAX_SECONDS, &seconds, err);
		if (r < 0)
			return r;
	}
	r = host_load(config, &host, err);
	if (r < 0)
		return r;
	r = evidence_tidy(&host->keeping, seconds * 1000000, &tidied, err);
	if (json)
		printed = print_json(&tidied, err);
	else if (!quiet)
		print_text(&tidied);
	if (r < 0 || printed < 0)
		return r < 0 ? r : printed;
	return tidied.left > 0; /* the answer: not everything is where it should be */
}

int cmd_flush(int argc, char **argv, struct err *err)
{
	const char *config = NULL, *timeout = NULL;
	bool json = false, quiet = false;
	const struct option options[] = {
		OPTION_CONFIG(&config),
		{ 't', "timeout", "SECONDS", "how long to wait for journald, 5", .text = &timeout },
		{ 0, "json", NULL, "the figures as JSON", .flag = &json },
		{ 'q', "quiet", NULL, "print nothing but errors", .flag = &quiet },
	};
	const struct usage usage = {
		.about = "Send the journal the records that it has not got, have it write them to\n"
			 "disk, look whether it holds each, and send again what it dropped. Only\n"
			 "then may the ledger's oldest records go.\n"
			 "Exit status: 0 the journal has all on disk, 1 it has not.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r = options_parse(argc, argv, &usage, NULL, err);

	return r != 0 ? (r < 0 ? r : 0) : flush(config, timeout, json, quiet, err);
}
