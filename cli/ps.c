/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming ps: the containers that run, and what confines them, see coaming-ps(1).
 */
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/running.h"
#include "cli/table.h"
#include "hooks/break_glass.h"
#include "lib/emit.h"
#include "lib/strv.h"

#define SHORT_ID_LEN 12

static const struct table_column columns[] = {
	{ "CONTAINER ID", 0 }, { "NAME", 8 },     { "POD", 8 },     { "ENGINE", 0 }, { "MODE", 0 },
	{ "PROFILES", 8 },     { "ATTESTED", 8 }, { "REFUSED", 0 }, { "LABELS", 8 },
};
#define POD_COLUMN 2 /* where nothing is of a pod, it is left out */

static const enum style mode_styles[] = {
	[RUNNING_UNADMITTED] = STYLE_BAD, [RUNNING_UNCONFINED] = STYLE_WARN,
	[RUNNING_EXEMPT] = STYLE_WARN,    [RUNNING_BREAK_GLASS] = STYLE_BAD,
	[RUNNING_AUDIT] = STYLE_WARN,     [RUNNING_ENFORCE] = STYLE_GOOD,
};
static_assert(ARRAY_SIZE(mode_styles) == RUNNING_MODES_, "a style a mode");

/* ---- filters ---- */

static bool has_label(const struct running *r, const char *value)
{
	size_t key_len = strcspn(value, "=");

	for (size_t i = 0; i < r->labels.n; i++) {
		const struct label *label = &r->labels.v[i];

		if (strlen(label->key) == key_len && strncmp(label->key, value, key_len) == 0 &&
		    (value[key_len] == '\0' || streq(label->value, value + key_len + 1)))
			return true;
	}
	return false;
}

static bool has_profile(const struct running *r, const char *value)
{
	return strv_contains(r->live.profiles, r->live.n_profiles, value);
}

static bool has_name(const struct running *r, const char *value)
{
	return strstr(r->live.identity.name, value) != NULL;
}

static bool has_id(const struct running *r, const char *value)
{
	return starts_with(r->live.identity.id, value);
}

static bool has_engine(const struct running *r, const char *value)
{
	return r->live.identity.engine && streq(r->live.identity.engine, value);
}

static bool has_mode(const struct running *r, const char *value)
{
	return streq(running_mode_name(r->mode), value);
}

static const struct filter_kind {
	const char *name;
	bool (*holds)(const struct running *running, const char *value);
	bool all; /* of several all must hold, as podman and Docker have it of labels; else one */
} kinds[] = {
	{ "label", has_label, true }, { "profile", has_profile, true }, { "name", has_name, false },
	{ "id", has_id, false },      { "engine", has_engine, false },  { "mode", has_mode, false },
};

/* The value, where the filter is of that kind. */
static const char *value_of(const char *filter, const struct filter_kind *kind)
{
	size_t len = strlen(kind->name);

	return strncmp(filter, kind->name, len) == 0 && filter[len] == '=' ? filter + len + 1
									   : NULL;
}

static int check_filters(const struct words *filters, struct err *err)
{
	const char *names[ARRAY_SIZE(kinds)];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		names[i] = kinds[i].name;
	for (size_t i = 0; i < filters->n; i++) {
		_cleanup_free_ char *name = strndup(filters->v[i], strcspn(filters->v[i], "="));
		bool known = false;

		if (!name)
			return err_oom(err);
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			known = known || value_of(filters->v[i], &kinds[k]);
		if (!known)
			return err_input(err, EINVAL,
					 "--filter %s is none: label=KEY[=VALUE], profile=NAME, "
					 "name=PART, id=PREFIX, engine=NAME, mode=MODE%s",
					 Q(filters->v[i]),
					 SUGGESTION(name, names, ARRAY_SIZE(names)));
	}
	return 0;
}

static bool passes_kind(const struct running *r, const struct words *filters,
			const struct filter_kind *kind)
{
	bool any = false, held = false;

	for (size_t i = 0; i < filters->n; i++) {
		const char *value = value_of(filters->v[i], kind);
		bool holds = value && kind->holds(r, value);

		if (value && kind->all && !holds)
			return false;
		any = any || value;
		held = held || holds;
	}
	return !any || held;
}

static bool passes(const struct running *r, const struct words *filters)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!passes_kind(r, filters, &kinds[k]))
			return false;
	}
	return true;
}

/* ---- the table ---- */

static void write_profiles(const struct running *r, struct buf *out)
{
	for (size_t i = 0; i < r->live.n_profiles; i++)
		buf_addf(out, "%s%s", i ? "," : "", r->live.profiles[i]);
}

static void write_pod(const struct running *r, struct buf *out)
{
	const struct identity *identity = &r->live.identity;

	if (identity->pod)
		buf_addf(out, "%s/%s", identity->pod_namespace ? identity->pod_namespace : "?",
			 identity->pod);
}

/* In columns of their own, or of use to the engine alone. */
static bool is_told_elsewhere(const struct label *label)
{
	return streq(label->key, LABEL_PROFILE) || starts_with(label->key, "io.kubernetes.cri.") ||
	       starts_with(label->key, "io.kubernetes.cri-o.") ||
	       starts_with(label->key, "io.cri-containerd.");
}

static void write_labels(const struct running *r, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < r->labels.n; i++) {
		const struct label *label = &r->labels.v[i];

		if (is_told_elsewhere(label))
			continue;
		buf_addf(out, "%s%s=%s", comma, label->key, label->value);
		comma = ",";
	}
	if (r->labels_why)
		buf_adds(out, "?");
}

static void write_refused(const struct running *r, struct buf *out)
{
	if (r->counters_why)
		buf_adds(out, "?");
	else if (r->has_counters)
		buf_addf(out, "%llu", (unsigned long long)r->refused_packets);
}

/* "match 3m ago" */
static void write_attested(const struct running *r, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	int64_t age = time(NULL) - r->live.attested.time;
	size_t i = 0;

	if (r->live.attested.time == 0)
		return;
	age = age < 0 ? 0 : age;
	while (i + 1 < ARRAY_SIZE(units) && age < units[i].seconds)
		i++;
	buf_addf(out, "%s %lld%s ago", r->live.attested.result ? r->live.attested.result : "?",
		 (long long)(age / units[i].seconds), units[i].unit);
}

static enum style attested_style(const struct running *r)
{
	return r->live.attested.result && streq(r->live.attested.result, "mismatch") ? STYLE_BAD
										     : STYLE_NONE;
}

static int add_written(struct table *table, const struct running *r, enum style style,
		       void (*write)(const struct running *r, struct buf *out), struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	write(r, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return table_add(table, style, text.len ? text.data : "-", err);
}

static int add_row(struct table *table, const struct running *r, bool pods, bool whole,
		   struct err *err)
{
	const struct identity *identity = &r->live.identity;
	_cleanup_free_ char *id = strndup(identity->id, whole ? SIZE_MAX : SHORT_ID_LEN);
	int e;

	if (!id)
		return err_oom(err);
	e = table_add(table, STYLE_NONE, id, err);
	if (e == 0)
		e = table_add(table, STYLE_NONE, identity->name[0] ? identity->name : "-", err);
	if (e == 0 && pods)
		e = add_written(table, r, STYLE_NONE, write_pod, err);
	if (e == 0)
		e = table_add(table, STYLE_NONE, identity->engine ? identity->engine : "-", err);
	if (e == 0)
		e = table_add(table, mode_styles[r->mode], running_mode_name(r->mode), err);
	if (e == 0)
		e = add_written(table, r, STYLE_NONE, write_profiles, err);
	if (e == 0)
		e = add_written(table, r, attested_style(r), write_attested, err);
	if (e == 0)
		e = add_written(table, r, r->refused_packets ? STYLE_WARN : STYLE_NONE,
				write_refused, err);
	return e < 0 ? e : add_written(table, r, STYLE_DIM, write_labels, err);
}

static bool any_pod(const struct running_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].live.identity.pod)
			return true;
	}
	return false;
}

static int print_table(const struct running_list *list, const struct words *filters, bool whole,
		       struct err *err)
{
	struct table_column shown[ARRAY_SIZE(columns)];
	_cleanup_table_ struct table table = { .columns = shown };
	const struct term term = term_of(stdout);
	bool pods = any_pod(list);
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (i != POD_COLUMN || pods)
			shown[table.n_columns++] = columns[i];
	}
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (passes(&list->v[i], filters))
			r = add_row(&table, &list->v[i], pods, whole, err);
	}
	if (r == 0)
		table_print(&table, &term, whole);
	return r;
}

static void print_ids(const struct running_list *list, const struct words *filters, bool whole)
{
	for (size_t i = 0; i < list->n; i++) {
		if (passes(&list->v[i], filters))
			printf("%.*s\n", whole ? INT_MAX : SHORT_ID_LEN,
			       list->v[i].live.identity.id);
	}
}

/* ---- for programs ---- */

static void emit_labels(struct emit *e, const struct running *r)
{
	emit_key(e, "labels");
	if (!r->has_labels) {
		emit_null(e);
		return;
	}
	emit_object(e);
	for (size_t i = 0; i < r->labels.n; i++)
		emit_text(e, r->labels.v[i].key, r->labels.v[i].value);
	emit_object_end(e);
}

static void emit_addresses(struct emit *e, const struct running *r)
{
	char text[CIDR_TEXT_MAX];

	emit_key(e, "addresses");
	if (!r->registered) {
		emit_null(e);
		return;
	}
	emit_array(e);
	for (size_t i = 0; i < r->addresses.n; i++)
		emit_string(e, address_format(text, &r->addresses.v[i]));
	emit_array_end(e);
}

static void emit_refused(struct emit *e, const struct running *r)
{
	emit_key(e, "refusedPackets");
	if (r->has_counters)
		emit_u64(e, r->refused_packets);
	else
		emit_null(e);
	emit_text(e, "refusedWhy", r->counters_why);
}

static void emit_running(struct emit *e, const struct running *r)
{
	char stamp[STAMP_SIZE];

	emit_object(e);
	emit_text(e, "id", r->live.identity.id);
	emit_text(e, "name", r->live.identity.name[0] ? r->live.identity.name : NULL);
	emit_text(e, "image", r->live.identity.image);
	emit_text(e, "engine", r->live.identity.engine);
	emit_text(e, "podNamespace", r->live.identity.pod_namespace);
	emit_text(e, "pod", r->live.identity.pod);
	emit_text(e, "podUid", r->live.identity.pod_uid);
	emit_text(e, "podContainer", r->live.identity.pod_container);
	emit_text(e, "mode", running_mode_name(r->mode));
	emit_text(e, "breakGlass", r->live.break_glass);
	emit_text(e, "exempt", r->live.exempt);
	emit_key(e, "profiles");
	emit_array(e);
	for (size_t i = 0; i < r->live.n_profiles; i++)
		emit_string(e, r->live.profiles[i]);
	emit_array_end(e);
	emit_text(e, "decided",
		  r->is_live && r->live.time > 0
			  ? stamp_format(stamp, (uint64_t)r->live.time * 1000000)
			  : NULL);
	emit_key(e, "pid");
	if (r->is_live)
		emit_i64(e, r->live.pid);
	else
		emit_null(e);
	emit_text(e, "attested",
		  r->live.attested.time > 0
			  ? stamp_format(stamp, (uint64_t)r->live.attested.time * 1000000)
			  : NULL);
	emit_text(e, "attestedResult", r->live.attested.time > 0 ? r->live.attested.result : NULL);
	emit_refused(e, r);
	emit_labels(e, r);
	emit_text(e, "labelsWhy", r->labels_why);
	emit_addresses(e, r);
	emit_object_end(e);
}

static int print_json(const struct running_list *list, const struct words *filters, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_text(&e, "schema", "coaming-ps-1");
	emit_key(&e, "containers");
	emit_array(&e);
	for (size_t i = 0; i < list->n; i++) {
		if (passes(&list->v[i], filters))
			emit_running(&e, &list->v[i]);
	}
	emit_array_end(&e);
	emit_object_end(&e);
	return out_print_line(&out, err);
}

/* What is not in the list, and must not be missed. */
static void warn(const struct host *host, const struct running_list *list)
{
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	enum break_glass_state state = BREAK_GLASS_NONE;
	struct err why = { 0 };

	if (list->damaged.class != ERR_NONE)
		(void)fprintf(stderr, "coaming: ps: left out: %s\n", list->damaged.text);
	if (break_glass_read(host, &glass, &state, &why) < 0 || state != BREAK_GLASS_OPEN)
		return;
	break_glass_describe(&glass, &text);
	if (buf_status(&text) == 0)
		(void)fprintf(stderr, "coaming: ps: break-glass is open: %s\n", Q(text.data));
}

int cmd_ps(int argc, char **argv, struct err *err)
{
	const char *config = NULL;
	bool json = false, whole = false, quiet = false;
	_cleanup_words_ struct words filters = { 0 };
	const struct option options[] = {
		{ 'f', "filter", "KEY=VALUE", "label, profile, name, id, engine or mode",
		  .list = &filters },
		{ .name = "no-trunc", .help = "whole ids, and nothing cut", .flag = &whole },
		{ 'q', "quiet", .help = "ids alone", .flag = &quiet },
		{ .name = "json", .help = "for programs", .flag = &json },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.about = "List the containers that run, and what confines them.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_running_list_ struct running_list list = { 0 };
	_cleanup_host_ struct host *host = NULL;
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_filters(&filters, err);
	if (r == 0)
		r = host_load(config, &host, err);
	if (r == 0)
		r = running_read(host, &list, err);
	if (r < 0)
		return r;
	warn(host, &list);
	if (json)
		return print_json(&list, &filters, err);
	if (!quiet)
		return print_table(&list, &filters, whole, err);
	print_ids(&list, &filters, whole);
	return 0;
}
