/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming verify: is a record altered, missing, put in or cut off, see coaming-verify(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include "audit/chain.h"
#include "audit/head.h"
#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/seal.h"
#include "cli/verify_input.h"
#include "cli/verify_print.h"
#include "cli/when.h"
#include "lib/file.h"
#include "profiles/host.h"

struct sources {
	const char *audit_dir; /* NULL: not the ledger */
	bool journal;
	struct sight_journal where;
	struct words exports;
};

static int read_export(const char *name, sighting_fn *fn, void *arg, struct err *err)
{
	_cleanup_close_ int opened = -1;
	int fd = STDIN_FILENO;

	if (!streq(name, "-")) {
		opened = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return err_errno(err, errno, "cannot open %s", Q(name));
		fd = opened;
	}
	return sight_export(fd, name, fn, arg, err);
}

static int read_all(const struct sources *s, sighting_fn *fn, void *arg, struct err *err)
{
	int r = 0;

	if (s->audit_dir)
		r = sight_ledger(s->audit_dir, fn, arg, err);
	if (r == 0 && s->journal)
		r = sight_journal(&s->where, fn, arg, err);
	for (size_t i = 0; r == 0 && i < s->exports.n; i++)
		r = read_export(s->exports.v[i], fn, arg, err);
	return r;
}

static int feed(void *arg, const struct sighting *s, struct err *err)
{
	return chains_feed(arg, s, err);
}

static int feed_again(void *arg, const struct sighting *s, struct err *err)
{
	return chains_again(arg, s, err);
}

static bool is_seekable(const struct sources *s)
{
	for (size_t i = 0; i < s->exports.n; i++)
		if (streq(s->exports.v[i], "-") && lseek(STDIN_FILENO, 0, SEEK_SET) < 0)
			return false;
	return true;
}

static int verify(const struct sources *s, const struct verify_input *in,
		  struct verify_print *print, struct err *err)
{
	_cleanup_chains_ struct chains *chains = NULL;
	int r;

	r = chains_new(in->keys, in->n_keys, in->heads, in->n_heads, verify_print_finding, print,
		       &chains, err);
	r = r < 0 ? r : read_all(s, feed, chains, err);
	while (r == 0 && chains_wants_again(chains)) {
		if (!is_seekable(s))
			return err_input(err, ESPIPE,
					 "the same records come twice, and standard input can be "
					 "read only once: give a file");
		r = read_all(s, feed_again, chains, err);
	}
	return r < 0 ? r : chains_end(chains, verify_print_host, err);
}

static int read_times(const char *since, const char *until, struct sight_journal *where,
		      struct err *err)
{
	uint64_t now = stamp_now();
	int r = 0;

	if (since)
		r = when_parse(since, now, &where->since_usec, err);
	if (r == 0 && until)
		r = when_parse(until, now, &where->until_usec, err);
	return r;
}

struct wishes {
	const char *config, *directory, *since, *until;
	struct words files, keys, heads;
	bool ledger, journal, json, quiet;
};

static void wishes_done(struct wishes *w)
{
	words_done(&w->files);
	words_done(&w->keys);
	words_done(&w->heads);
}

static int choose_sources(const struct wishes *w, const struct host *host, struct sources *s,
			  struct err *err)
{
	bool elsewhere = w->directory || w->files.n > 0 || s->exports.n > 0;

	if (elsewhere && (w->ledger || w->journal))
		return err_input(err, EINVAL,
				 "--ledger and --journal are this host's: they do not go with "
				 "--directory, --file or --export");
	if (w->directory && w->files.n > 0)
		return err_input(err, EINVAL, "--directory and --file do not go together");
	if (!elsewhere && !w->journal)
		s->audit_dir = host->audit_dir;
	s->journal = elsewhere ? w->directory || w->files.n > 0 : !w->ledger;
	s->where.directory = w->directory;
	s->where.files = w->files.v;
	s->where.n_files = w->files.n;
	return read_times(w->since, w->until, &s->where, err);
}

static int run(const struct wishes *w, struct sources *s, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_verify_input_ struct verify_input in = { 0 };
	struct verify_print print = { .json = w->json, .quiet = w->quiet };
	int r;

	r = host_load(w->config, &host, err);
	r = r < 0 ? r : choose_sources(w, host, s, err);
	r = r < 0 ? r : verify_input_keys(&w->keys, &in, err);
	r = r < 0 ? r : verify_input_heads(&w->heads, &in, err);
	if (r == 0 && s->audit_dir)
		r = verify_input_own_head(s->audit_dir, &in, err);
	if (r < 0)
		return r;
	print.has_key = in.n_keys > 0;
	print.partial = w->since || w->until;
	print.fleet = w->directory || w->files.n > 0;
	verify_print_begin(&print);
	r = verify(s, &in, &print, err);
	if (r < 0)
		return r;
	if (s->journal)
		seal_count(w->directory, &print.sealed, &print.unsealed);
	r = verify_print_end(&print, err);
	return r < 0 ? r : print.n_wrong > 0;
}

int cmd_verify(int argc, char **argv, struct err *err)
{
	_cleanup_(wishes_done) struct wishes w = { 0 };
	struct sources sources = { 0 };
	const struct option options[] = {
		OPTION_CONFIG(&w.config),
		{ 0, "ledger", NULL, "this host's ledger alone", .flag = &w.ledger },
		{ 0, "journal", NULL, "this host's journal alone", .flag = &w.journal },
		{ 'D', "directory", "DIR", "the journals in a directory, of any hosts",
		  .text = &w.directory },
		{ 0, "file", "FILE", "a journal file", .list = &w.files },
		{ 0, "export", "FILE",
		  "a file of journalctl -o export, or a copied ledger; - is "
		  "standard input",
		  .list = &sources.exports },
		{ 'k', "key", "FILE", "first keys, as coaming audit init shows them",
		  .list = &w.keys },
		{ 0, "head", "FILE", "heads that were kept, as coaming audit head prints them",
		  .list = &w.heads },
		{ 'S', "since", "TIME", "of journals, not before that", .text = &w.since },
		{ 'U', "until", "TIME", "likewise", .text = &w.until },
		{ 0, "json", NULL, "print JSON", .flag = &w.json },
		{ 'q', "quiet", NULL, "print only what is wrong", .flag = &w.quiet },
	};
	const struct usage usage = {
		.about = "Find records that were altered, removed, put in, put elsewhere or cut "
			 "off: in this\nhost's ledger, and in its journal against that, unless "
			 "something else is named.\nExit status: 0 nothing is wrong, 1 something "
			 "is.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r = options_parse(argc, argv, &usage, NULL, err);

	if (r == 0)
		r = run(&w, &sources, err);
	else
		r = r < 0 ? r : 0;
	words_done(&sources.exports);
	return r;
}
