/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming audit: the chain of records and its key, see coaming-audit(1).
 *
 * MUST NOT erase the first key before it was printed, nor print it without a record of that.
 */
#include "cli/cli.h"

#include <errno.h>
#include "audit/first_key.h"
#include "audit/ledger.h"
#include "audit/segment.h"
#include "audit/space.h"
#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/doc.h"
#include "lib/emit.h"
#include "lib/strv.h"
#include "profiles/host.h"

#define LOCK_USEC 5000000

#define LEDGER_NONE                                                                                \
	{                                                                                          \
		.dirfd = -1, .head_fd = -1, .segment_fd = -1                                       \
	}

static int lock_ledger(const struct host *host, struct ledger *l, struct err *err)
{
	int r = ledger_open(host->audit_dir, l, err);

	if (r < 0)
		return r;
	l->segment_bytes = space_segment_bytes(&host->keeping);
	return ledger_lock(l, stamp_now_monotonic() + LOCK_USEC, err);
}

static int tell_shown(struct ledger *l, const char *id, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	int r;

	r = record_start(&record, EVENT_POLICY, err);
	r = r < 0 ? r : record_add(&record, "COAMING_REASON", "key-shown", err);
	r = r < 0 ? r : record_add(&record, "COAMING_KEY_ID", id, err);
	r = r < 0 ? r
		  : record_addf(&record, err, "MESSAGE",
				"the first key, %s, was shown and is not on this host any more",
				id);
	r = r < 0 ? r : ledger_append(l, &record, NULL, err);
	return r < 0 ? r : ledger_sync(l, err);
}

/* Where the record cannot be written the key stays, to be shown again. */
static int show_key(struct ledger *l, const char *id, struct err *err)
{
	char hex[SHA256_HEX];
	struct key key;
	int r, printed;

	r = first_key_read(l->dirfd, id, &key, err);
	if (r < 0)
		return r;
	hex_encode(hex, key.bytes, sizeof(key.bytes));
	printed = printf("%s\n", hex);
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(hex, sizeof(hex));
	if (printed < 0 || fflush(stdout) != 0)
		return err_errno(err, errno, "cannot print the key, which stays where it is");
	r = tell_shown(l, id, err);
	return r < 0 ? r : first_key_erase(l->dirfd, id, err);
}

static int show_keys(struct ledger *l, struct err *err)
{
	char **ids = NULL;
	size_t n = 0;
	int r;

	r = first_key_list(l->dirfd, &ids, &n, err);
	if (r == 0 && n == 0)
		r = err_input(
			err, ENOENT,
			"the first key, %s, was shown before and is not on this host any more "
			"(--new-key begins another one)",
			l->head.key_id);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = show_key(l, ids[i], err);
	if (r == 0)
		(void)fprintf(stderr,
			      "Keep this off the host: whoever has it can prove which records "
			      "coaming wrote here\n(coaming verify --key FILE), or write others "
			      "that look the same. It is not shown again.\n");
	strv_free(&ids, &n);
	return r;
}

static int init(const struct host *host, bool new_key, struct err *err)
{
	_cleanup_ledger_ struct ledger l = LEDGER_NONE;
	int r;

	r = lock_ledger(host, &l, err);
	if (r == 0 && new_key)
		r = ledger_new_key(&l, err);
	return r < 0 ? r : show_keys(&l, err);
}

/* One line, to be kept where the host cannot change it. */
static int head(const struct host *host, struct err *err)
{
	_cleanup_ledger_ struct ledger l = LEDGER_NONE;
	char machine[BOOT_ID_SIZE], boot[BOOT_ID_SIZE], time[STAMP_SIZE];
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	char name[256] = "";
	int r;

	r = lock_ledger(host, &l, err);
	if (r < 0)
		return r;
	record_machine_id(machine);
	record_boot_id(boot);
	(void)gethostname(name, sizeof(name) - 1);
	emit_object(&e);
	emit_text(&e, "schema", "coaming-head-1");
	emit_text(&e, "machineId", machine);
	emit_text(&e, "hostname", name);
	emit_text(&e, "bootId", boot);
	emit_text(&e, "time", stamp_format(time, stamp_now()));
	emit_number(&e, "seq", l.head.last.seq);
	emit_text(&e, "hash", l.head.hash);
	emit_number(&e, "keyEpoch", l.head.key.epoch > 0 ? l.head.key.epoch - 1 : 0);
	emit_text(&e, "keyId", l.head.key_id);
	emit_object_end(&e);
	buf_addc(&out, '\n');
	return out_print(&out, err);
}

struct status {
	const struct ledger *ledger;
	uint64_t first, segments, waiting, left;
	bool key_on_host;
};

static int read_status(const struct host *host, const struct ledger *l, struct status *ret,
		       struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	*ret = (struct status){ .ledger = l };
	r = survey_read(l->dirfd, &s, err);
	r = r < 0 ? r : space_left(l, &host->keeping, &ret->left, err);
	r = r < 0 ? r : first_key_list(l->dirfd, &ids, &n, err);
	ret->first = s.n_segments > 0 ? s.segments[0] : 0;
	ret->segments = s.n_segments;
	ret->waiting = s.n_spools;
	ret->key_on_host = n > 0;
	strv_free(&ids, &n);
	return r;
}

static int print_status_json(const struct status *s, struct err *err)
{
	const struct head *h = &s->ledger->head;
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_text(&e, "auditDir", s->ledger->path);
	emit_number(&e, "first", s->first);
	emit_number(&e, "last", h->last.seq);
	emit_number(&e, "sent", h->sent.seq);
	emit_number(&e, "confirmed", h->confirmed.seq);
	emit_number(&e, "waiting", s->waiting);
	emit_number(&e, "segments", s->segments);
	emit_number(&e, "bytes", h->bytes);
	emit_number(&e, "bytesLeft", s->left);
	emit_text(&e, "keyId", h->key_id);
	emit_number(&e, "keyEpoch", h->key.epoch > 0 ? h->key.epoch - 1 : 0);
	emit_key(&e, "firstKeyOnHost");
	emit_bool(&e, s->key_on_host);
	emit_object_end(&e);
	buf_addc(&out, '\n');
	return out_print(&out, err);
}

static void print_status(const struct status *s)
{
	const struct head *h = &s->ledger->head;
	const unsigned long long mib = 1 << 20;

	printf("ledger     %s\n", s->ledger->path);
	printf("records    %llu to %llu, in %llu segment%s of %llu MiB; %llu MiB left\n",
	       (unsigned long long)s->first, (unsigned long long)h->last.seq,
	       (unsigned long long)s->segments, s->segments == 1 ? "" : "s",
	       ((unsigned long long)h->bytes + mib - 1) / mib, (unsigned long long)s->left / mib);
	printf("journal    was given %llu, holds %llu on disk as far as was looked\n",
	       (unsigned long long)h->sent.seq, (unsigned long long)h->confirmed.seq);
	if (s->waiting > 0)
		printf("waiting    %llu, which found the ledger locked\n",
		       (unsigned long long)s->waiting);
	printf("key        %s, %s\n", h->key_id,
	       s->key_on_host ? "not shown yet: the first one lies on this host (coaming audit "
				"init)"
			      : "shown; the host has only the next one");
}

static int status(const struct host *host, bool json, struct err *err)
{
	_cleanup_ledger_ struct ledger l = LEDGER_NONE;
	struct status s;
	int r;

	r = lock_ledger(host, &l, err);
	r = r < 0 ? r : read_status(host, &l, &s, err);
	if (r < 0)
		return r;
	if (json)
		return print_status_json(&s, err);
	print_status(&s);
	return 0;
}

int cmd_audit(int argc, char **argv, struct err *err)
{
	static const char *const verbs[] = { "init", "head", "status" };
	_cleanup_host_ struct host *host = NULL;
	_cleanup_words_ struct words args = { 0 };
	const char *config = NULL;
	bool new_key = false, json = false;
	const struct option options[] = {
		OPTION_CONFIG(&config),
		{ 0, "new-key", NULL, "of init: begin a new key", .flag = &new_key },
		{ 0, "json", NULL, "of status: as JSON", .flag = &json },
	};
	const struct usage usage = {
		.args = "init|head|status",
		.about = "init    show the first key, once, for who checks the records\n"
			 "head    where the chain of records is, a line to be kept off the host\n"
			 "status  the ledger, and what the journal has of it\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r = options_parse(argc, argv, &usage, &args, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (args.n != 1)
		return err_input(err, EINVAL, "expected one of init, head and status");
	if (new_key && !streq(args.v[0], "init"))
		return err_input(err, EINVAL, "--new-key is an option of init");
	r = host_load(config, &host, err);
	if (r < 0)
		return r;
	if (streq(args.v[0], verbs[0]))
		return init(host, new_key, err);
	if (streq(args.v[0], verbs[1]))
		return head(host, err);
	if (streq(args.v[0], verbs[2]))
		return status(host, json, err);
	return err_input(err, EINVAL, "there is no %s%s", Q(args.v[0]),
			 SUGGESTION(args.v[0], verbs, ARRAY_SIZE(verbs)));
}
