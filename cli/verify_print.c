/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming verify says, as text or JSON.
 *
 * MUST NOT let a byte that comes from a record reach the terminal as anything but text.
 */
#include "cli/verify_print.h"

#include <inttypes.h>
#include "audit/stamp.h"
#include "cli/out.h"
#include "lib/emit.h"

#define DAY_USEC ((uint64_t)86400 * 1000000)
/* A host says where its chain is each day; two days without are silence. */
#define SILENT_USEC (2 * DAY_USEC)

void verify_print_begin(struct verify_print *print)
{
	if (print->json)
		(void)fputs("{\"schema\":\"coaming-verify-1\",\"findings\":[", stdout);
}

static void flag(struct emit *e, const char *key, bool value)
{
	emit_key(e, key);
	emit_bool(e, value);
}

static int finding_json(const struct finding *f, bool first, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	buf_adds(&out, first ? "\n" : ",\n");
	emit_object(&e);
	emit_text(&e, "kind", finding_kind_name(f->kind));
	emit_text(&e, "severity", f->is_note ? "note" : "error");
	emit_text(&e, "machineId", f->machine);
	emit_number(&e, "from", f->from);
	emit_number(&e, "to", f->to);
	emit_text(&e, "where", f->where);
	emit_text(&e, "text", f->text);
	emit_object_end(&e);
	return out_print(&out, err);
}

/* Nothing but printable ASCII. */
static void print_safe(const char *text)
{
	for (; *text; text++)
		(void)putchar(*text >= ' ' && *text < 0x7f ? *text : '?');
}

static void finding_text(const struct finding *f)
{
	printf("%-10s ", finding_kind_name(f->kind));
	if (f->to > f->from)
		printf("SEQ %" PRIu64 " to %" PRIu64 ": ", f->from, f->to);
	else if (f->from > 0)
		printf("SEQ %" PRIu64 ": ", f->from);
	print_safe(f->text);
	if (f->where[0]) {
		(void)fputs("\n           at ", stdout);
		print_safe(f->where);
	}
	(void)putchar('\n');
}

int verify_print_finding(void *arg, const struct finding *f, struct err *err)
{
	struct verify_print *print = arg;
	int r = 0;

	/* Of a part of the time the beginning is missing by wish. */
	if (f->kind == FOUND_BEGINNING && print->partial)
		return 0;
	print->n_wrong += !f->is_note;
	print->n_notes += f->is_note;
	if (print->json)
		r = finding_json(f, print->n_findings == 0, err);
	else if (!print->quiet || !f->is_note)
		finding_text(f);
	print->n_findings++;
	return r;
}

int verify_print_host(void *arg, const struct chain_summary *summary, struct err *err)
{
	struct verify_print *print = arg;
	struct chain_summary *grown =
		reallocarray(print->hosts, print->n_hosts + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	print->hosts = grown;
	print->hosts[print->n_hosts++] = *summary;
	return 0;
}

static uint64_t newest(const struct verify_print *print)
{
	uint64_t usec = 0;

	for (size_t i = 0; i < print->n_hosts; i++)
		if (print->hosts[i].last_usec > usec)
			usec = print->hosts[i].last_usec;
	return usec;
}

static bool is_silent(const struct verify_print *print, const struct chain_summary *s)
{
	return print->fleet && s->last_usec + SILENT_USEC < newest(print);
}

static void host_text(const struct verify_print *print, const struct chain_summary *s)
{
	char from[STAMP_SIZE], to[STAMP_SIZE];

	(void)fputs("\nhost       ", stdout);
	print_safe(s->host[0] ? s->host : "?");
	printf(" (%s)\n", s->machine);
	printf("records    %" PRIu64 " to %" PRIu64 ", %s to %s\n", s->first, s->last,
	       stamp_format(from, s->first_usec), stamp_format(to, s->last_usec));
	if (s->missing > 0 || s->told > 0)
		printf("missing    %" PRIu64 ", and %" PRIu64 " of which the ledger tells\n",
		       s->missing, s->told);
	if (print->has_key)
		printf("authorship %" PRIu64 " of %" PRIu64 " codes are proved\n", s->proven,
		       s->keyed);
	else
		printf("authorship not proved: %" PRIu64
		       " codes need the first key (--key, see coaming-audit(1))\n",
		       s->keyed);
	if (print->has_key && s->shown > 0)
		printf("           before SEQ %" PRIu64 " the first key was on the host: who was "
		       "root then could have written them\n",
		       s->shown);
	else if (print->has_key)
		(void)fputs("           the first key is said to be on the host still\n", stdout);
	if (is_silent(print, s))
		printf("silent     since %s\n", to);
}

static void emit_host(struct emit *e, const struct verify_print *print,
		      const struct chain_summary *s)
{
	char time[STAMP_SIZE];

	emit_object(e);
	emit_text(e, "machineId", s->machine);
	emit_text(e, "hostname", s->host);
	emit_number(e, "records", s->records);
	emit_number(e, "copies", s->copies);
	emit_number(e, "first", s->first);
	emit_number(e, "last", s->last);
	emit_text(e, "firstTime", stamp_format(time, s->first_usec));
	emit_text(e, "lastTime", stamp_format(time, s->last_usec));
	emit_number(e, "missing", s->missing);
	emit_number(e, "told", s->told);
	emit_number(e, "keyed", s->keyed);
	emit_number(e, "proven", s->proven);
	emit_number(e, "keyShownAt", s->shown);
	flag(e, "silent", is_silent(print, s));
	emit_object_end(e);
}

static int end_json(const struct verify_print *print, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	buf_adds(&out, "],\n\"hosts\":");
	emit_array(&e);
	for (size_t i = 0; i < print->n_hosts; i++)
		emit_host(&e, print, &print->hosts[i]);
	emit_array_end(&e);
	buf_addf(&out,
		 ",\n\"sealedFiles\":%" PRIu64 ",\"unsealedFiles\":%" PRIu64
		 ",\"errors\":%zu,\"notes\":%zu}\n",
		 print->sealed, print->unsealed, print->n_wrong, print->n_notes);
	return out_print(&out, err);
}

static void end_text(const struct verify_print *print)
{
	for (size_t i = 0; i < print->n_hosts && !print->quiet; i++)
		host_text(print, &print->hosts[i]);
	if (print->quiet)
		return;
	if (print->sealed > 0)
		printf("\njournald has sealed %" PRIu64 " of %" PRIu64
		       " files; nothing here rests on that\n",
		       print->sealed, print->sealed + print->unsealed);
	if (print->n_hosts == 0)
		(void)fputs("no records\n", stdout);
	else if (print->n_wrong == 0)
		(void)fputs("\nnothing is wrong\n", stdout);
	else
		printf("\n%zu finding%s\n", print->n_wrong, print->n_wrong == 1 ? "" : "s");
}

int verify_print_end(struct verify_print *print, struct err *err)
{
	int r = 0;

	if (print->json)
		r = end_json(print, err);
	else
		end_text(print);
	free(print->hosts);
	print->hosts = NULL;
	return r;
}
