/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming why: the last decision on a container in plain words, see coaming-why(1).
 */
#include "cli/why.h"

#include <errno.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "hooks/live.h"
#include "hooks/process.h"
#include "lib/strv.h"

/* As coaming log has it. */
#define ID_PREFIX_MIN 3

static void record_clear(struct why_record *record)
{
	strv_free(&record->v, &record->n);
}

static void why_done(struct why *why)
{
	record_clear(&why->decision);
	for (size_t i = 0; i < why->n_later; i++)
		record_clear(&why->later[i]);
	free(why->no_journal);
}

/* ---- what was found ---- */

const char *why_next(const struct why_record *record, const char *field, size_t *at)
{
	size_t len = strlen(field);

	for (; *at < record->n; (*at)++) {
		const char *text = record->v[*at];

		if (strncmp(text, field, len) == 0 && text[len] == '=')
			return record->v[(*at)++] + len + 1;
	}
	return NULL;
}

const char *why_get(const struct why_record *record, const char *field)
{
	size_t at = 0;

	return why_next(record, field, &at);
}

static bool is(const struct why_record *record, const char *field, const char *value)
{
	const char *text = why_get(record, field);

	return text && streq(text, value);
}

static int keep_record(const struct found *found, struct why_record *ret, struct err *err)
{
	struct why_record record = { .trust = found->trust };

	for (size_t i = 0; i < found->entry->n; i++) {
		const struct view *f = &found->entry->fields[i];
		_cleanup_free_ char *text = NULL;
		int r;

		if (asprintf(&text, "%.*s=%.*s", (int)f->name_len, f->name, (int)f->len, f->value) <
		    0) {
			text = NULL;
			record_clear(&record);
			return err_oom(err);
		}
		r = strv_add(&record.v, &record.n, text, err);
		if (r < 0) {
			record_clear(&record);
			return r;
		}
	}
	record_clear(ret);
	*ret = record;
	return 0;
}

static void forget_later(struct why *why)
{
	for (size_t i = 0; i < why->n_later; i++)
		record_clear(&why->later[i]);
	why->n_later = why->later_omitted = 0;
	why->failed = false;
}

/* The newest decision stands; the query gives the oldest first. */
static int take_decision(struct why *why, const struct found *found, struct err *err)
{
	const struct view *id = entry_get(found->entry, "CONTAINER_ID_FULL");
	const char *old = why_get(&why->decision, "CONTAINER_ID_FULL");

	if (old && id && (strlen(old) != id->len || memcmp(old, id->value, id->len) != 0))
		why->others++;
	forget_later(why);
	return keep_record(found, &why->decision, err);
}

static int take_later(struct why *why, const struct found *found, struct err *err)
{
	const struct view *id = entry_get(found->entry, "CONTAINER_ID_FULL");
	const char *of = why_get(&why->decision, "CONTAINER_ID_FULL");

	if (!of || !id || strlen(of) != id->len || memcmp(of, id->value, id->len) != 0)
		return 0;
	/* Hourly ones would leave no room for what matters; coaming flows shows them. */
	if (entry_is(found->entry, "COAMING_EVENT", event_name(EVENT_FLOW)))
		return 0;
	if (entry_is(found->entry, "COAMING_OUTCOME", "mismatch") ||
	    entry_get(found->entry, "COAMING_KILLED") ||
	    entry_is(found->entry, "COAMING_EVENT", "drift"))
		why->failed = true;
	if (why->n_later == WHY_LATER_MAX) {
		record_clear(&why->later[0]);
		memmove(&why->later[0], &why->later[1],
			(WHY_LATER_MAX - 1) * sizeof(why->later[0]));
		why->later[--why->n_later] = (struct why_record){ 0 };
		why->later_omitted++;
	}
	return keep_record(found, &why->later[why->n_later++], err);
}

static int take(void *arg, const struct found *found, struct err *err)
{
	static const char *const decisions[] = { "admit", "deny", "exempt" };
	struct why *why = arg;

	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
		if (entry_is(found->entry, "COAMING_EVENT", decisions[i]))
			return take_decision(why, found, err);
	}
	return take_later(why, found, err);
}

/* ---- asking ---- */

static void look_whether_it_runs(const struct host *host, struct why *why)
{
	const char *id = why_get(&why->decision, "CONTAINER_ID_FULL");
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };
	uint64_t start;

	why->runs = id && live_read(host->state_dir, id, &live, &ignored) == 0 &&
		    live.state == LIVE_CREATED &&
		    process_start_time(live.pid, &start, &ignored) == 0 && start == live.start_time;
}

/* ---- a container whose record is gone ---- */

static int add_field(struct why_record *record, const char *name, const char *value,
		     struct err *err)
{
	_cleanup_free_ char *text = NULL;

	if (!value)
		return 0;
	if (asprintf(&text, "%s=%s", name, value) < 0) {
		text = NULL;
		return err_oom(err);
	}
	return strv_add(&record->v, &record->n, text, err);
}

static int take_live(struct why *why, const struct live *live, struct err *err)
{
	const struct {
		const char *name, *value;
	} fields[] = {
		{ "CONTAINER_ID_FULL", live->identity.id },
		{ "CONTAINER_NAME", live->identity.name },
		{ "IMAGE_NAME", live->identity.image },
		{ "COAMING_ENGINE", live->identity.engine },
		{ "COAMING_POD_NAMESPACE", live->identity.pod_namespace },
		{ "COAMING_POD", live->identity.pod },
		{ "COAMING_POD_UID", live->identity.pod_uid },
		{ "COAMING_POD_CONTAINER", live->identity.pod_container },
		{ "COAMING_OUTCOME", live->state == LIVE_DENIED ? "refuse"
				     : live->exempt             ? "exempt"
								: "accept" },
		{ "COAMING_REASON", live->exempt },
		{ "COAMING_MODE", mode_name(live->mode) },
		{ "COAMING_BREAK_GLASS", live->break_glass },
	};
	int r = 0;

	why->from_live = true;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++)
		r = add_field(&why->decision, fields[i].name, fields[i].value, err);
	for (size_t i = 0; r == 0 && i < live->n_profiles; i++)
		r = add_field(&why->decision, "COAMING_PROFILE", live->profiles[i], err);
	return r;
}

static int ask_live(const struct host *host, const char *container, struct why *why,
		    struct err *err)
{
	struct err ignored = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r = live_list(host->state_dir, &ids, &n, &ignored, err);

	for (size_t i = 0; r == 0 && i < n && why->decision.n == 0; i++) {
		_cleanup_live_ struct live live = { 0 };

		if (live_read(host->state_dir, ids[i], &live, &ignored) == 0 &&
		    (streq(live.identity.name, container) ||
		     (strlen(container) >= ID_PREFIX_MIN && starts_with(ids[i], container))))
			r = take_live(why, &live, err);
	}
	strv_free(&ids, &n);
	return r;
}

static int ask(const struct host *host, const char *container, struct why *why, struct err *err)
{
	const struct query query = { .audit_dir = host->audit_dir, .container = container };
	struct query_notes notes = { 0 };
	int r = query_run(&query, take, why, &notes, err);

	if (r < 0)
		return r;
	why->damaged = notes.damaged > 0 || notes.broken > 0;
	if (notes.journal.class != ERR_NONE) {
		why->no_journal = strdup(notes.journal.text);
		if (!why->no_journal)
			return err_oom(err);
	}
	if (why->decision.n == 0)
		r = ask_live(host, container, why, err);
	if (r < 0)
		return r;
	if (why->decision.n == 0)
		return err_input(err, ENOENT,
				 "no decision on a container %s: neither in the ledger, %s, nor in "
				 "the journal%s%s (names, ids from three digits on, or "
				 "NAMESPACE/POD/CONTAINER; coaming log shows all)",
				 Q(container), host->audit_dir, why->no_journal ? ": " : "",
				 why->no_journal ? why->no_journal : "");
	look_whether_it_runs(host, why);
	return 0;
}

const char *why_answer(const struct why *why)
{
	const struct why_record *d = &why->decision;

	if (is(d, "COAMING_OUTCOME", "refuse"))
		return "refused";
	if (why->failed)
		return "failed its attestation";
	if (is(d, "COAMING_OUTCOME", "exempt"))
		return "exempt";
	if (why_get(d, "COAMING_BREAK_GLASS"))
		return "started under break-glass";
	if (!why_get(d, "COAMING_PROFILE"))
		return "started, no profile applies";
	return is(d, "COAMING_MODE", "audit") ? "started in audit mode" : "started, confined";
}

int why_status(const struct why *why)
{
	return is(&why->decision, "COAMING_OUTCOME", "refuse") || why->failed ? ERR_REFUSED : 0;
}

int cmd_why(int argc, char **argv, struct err *err)
{
	const char *config = NULL;
	bool json = false;
	_cleanup_words_ struct words args = { 0 };
	const struct option options[] = {
		{ .name = "json", .help = "for programs", .flag = &json },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "NAME|ID|POD",
		.about = "Say in plain words what was decided on a container the last time, and\n"
			 "how to change it. Exit status 1 where it was refused.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_(why_done) struct why why = { 0 };
	_cleanup_host_ struct host *host = NULL;
	int r;

	r = options_parse(argc, argv, &usage, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (args.n != 1)
		return err_input(err, EINVAL, "name one container, by its name or its id");
	r = host_load(config, &host, err);
	if (r == 0)
		r = ask(host, args.v[0], &why, err);
	if (r == 0)
		r = json ? why_print_json(&why, err) : why_print_text(host, &why, err);
	return r < 0 ? r : why_status(&why);
}
