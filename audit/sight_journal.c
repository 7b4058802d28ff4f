/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every entry of a journal that says it is a record of ours, through libsystemd.
 *
 * MUST take what journald itself says of an entry from libsystemd alone: a field of a record cannot
 * begin with an underscore.
 */
#include "audit/sighting.h"

#include <errno.h>
#include <systemd/sd-journal.h>

/* Equal in every record of ours; the journal has an index of it. */
#define SCHEMA_MATCH "COAMING_SCHEMA=1"

struct reader {
	sd_journal *journal;
	sighting_fn *fn;
	void *arg;
	struct entry *entry;
	struct buf text, scratch;
	size_t (*at)[2]; /* where each field begins in `text`, and how long its name is */
	/* What journald says of the entry. */
	char machine[33], host[256], uid[32], transport[32], sender[80];
};

static void closep_journal(sd_journal **j)
{
	if (*j)
		sd_journal_close(*j);
}

static bool field_is_ours(const char *data, size_t name_len)
{
	return data[0] != '_' && field_name_is_valid(data, name_len);
}

static void note_trusted(struct reader *r, const char *data, size_t name_len, size_t len)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} trusted[] = {
		{ "_MACHINE_ID", r->machine, sizeof(r->machine) },
		{ "_HOSTNAME", r->host, sizeof(r->host) },
		{ "_UID", r->uid, sizeof(r->uid) },
		{ "_TRANSPORT", r->transport, sizeof(r->transport) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(trusted); i++)
		if (name_len == strlen(trusted[i].name) &&
		    memcmp(data, trusted[i].name, name_len) == 0)
			(void)snprintf(trusted[i].out, trusted[i].size, "%.*s",
				       (int)(len - name_len - 1), data + name_len + 1);
}

/* Copy the entry's fields: libsystemd's are gone with the next one it is asked for. */
static int copy_fields(struct reader *r)
{
	struct entry *e = r->entry;
	const void *field;
	size_t len;

	e->n = 0;
	r->text.len = 0;
	r->machine[0] = r->host[0] = r->uid[0] = r->transport[0] = '\0';
	SD_JOURNAL_FOREACH_DATA(r->journal, field, len)
	{
		const char *equals = memchr(field, '=', len);
		size_t name_len = equals ? (size_t)(equals - (const char *)field) : 0;

		if (!equals)
			continue;
		note_trusted(r, field, name_len, len);
		if (e->n >= ENTRY_FIELDS_MAX || !field_is_ours(field, name_len))
			continue;
		r->at[e->n][0] = r->text.len;
		r->at[e->n][1] = name_len;
		buf_add(&r->text, field, len);
		e->fields[e->n++].len = len - name_len - 1;
	}
	for (size_t i = 0; buf_status(&r->text) == 0 && i < e->n; i++) {
		struct view *v = &e->fields[i];

		v->name = r->text.data + r->at[i][0];
		v->name_len = r->at[i][1];
		v->value = v->name + v->name_len + 1;
	}
	return buf_status(&r->text);
}

static int show_entry(struct reader *r, struct err *err)
{
	_cleanup_free_ char *cursor = NULL;
	struct sighting s = { .source = SIGHT_JOURNAL, .host = r->host, .sender = r->sender };
	int result;

	if (copy_fields(r) < 0)
		return err_oom(err);
	result = sd_journal_get_cursor(r->journal, &cursor);
	if (result < 0)
		return err_errno(err, -result, "cannot tell where in the journal an entry is");
	s.cursor = cursor;
	s.is_ours = streq(r->uid, "0") && streq(r->transport, "journal");
	(void)snprintf(r->sender, sizeof(r->sender), "user %s by %s",
		       r->uid[0] ? r->uid : "unknown",
		       r->transport[0] ? r->transport : "unknown means");
	memcpy(s.machine, r->machine, sizeof(s.machine));
	return sight_fields(&s, r->entry, &r->scratch, r->fn, r->arg, err);
}

/* libsystemd looks for a NULL at the end. */
static int open_files(const struct sight_journal *where, sd_journal **ret)
{
	const char **files = calloc(where->n_files + 1, sizeof(*files));
	int r = -ENOMEM;

	if (!files)
		return r;
	memcpy(files, where->files, where->n_files * sizeof(*files));
	r = sd_journal_open_files(ret, files, 0);
	free(files);
	return r;
}

static int open_journal(const struct sight_journal *where, sd_journal **ret, struct err *err)
{
	int r;

	if (where->n_files > 0)
		r = open_files(where, ret);
	else if (where->directory)
		r = sd_journal_open_directory(ret, where->directory, 0);
	else
		r = sd_journal_open(ret, (where->merge ? 0 : SD_JOURNAL_LOCAL_ONLY) |
						 SD_JOURNAL_ALL_NAMESPACES);
	if (r < 0)
		return err_errno(err, -r, "cannot read the journal%s%s",
				 where->directory ? " in " : "",
				 where->directory ? Q(where->directory) : "");
	r = sd_journal_add_match(*ret, SCHEMA_MATCH, 0);
	if (r >= 0)
		r = sd_journal_set_data_threshold(*ret, 0);
	if (r >= 0)
		r = where->since_usec > 0 ? sd_journal_seek_realtime_usec(*ret, where->since_usec)
					  : sd_journal_seek_head(*ret);
	return r < 0 ? err_errno(err, -r, "cannot search the journal") : 0;
}

static int read_entries(struct reader *r, const struct sight_journal *where, struct err *err)
{
	int n, result = 0;

	while (result == 0 && (n = sd_journal_next(r->journal)) != 0) {
		uint64_t usec;

		if (n < 0)
			return err_errno(err, -n, "cannot read the journal");
		if (where->until_usec > 0 && sd_journal_get_realtime_usec(r->journal, &usec) >= 0 &&
		    usec > where->until_usec)
			return 0;
		result = show_entry(r, err);
	}
	return result;
}

int sight_journal(const struct sight_journal *where, sighting_fn *fn, void *arg, struct err *err)
{
	_cleanup_(closep_journal) sd_journal *j = NULL;
	struct reader r = { .fn = fn, .arg = arg };
	int result;

	result = open_journal(where, &j, err);
	if (result < 0)
		return result;
	r.journal = j;
	r.entry = calloc(1, sizeof(*r.entry));
	r.at = calloc(ENTRY_FIELDS_MAX, sizeof(*r.at));
	result = r.entry && r.at ? read_entries(&r, where, err) : err_oom(err);
	buf_done(&r.text);
	buf_done(&r.scratch);
	free(r.entry);
	free(r.at);
	return result;
}
