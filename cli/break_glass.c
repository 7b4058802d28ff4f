/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming break-glass: let containers start in audit mode for a while, see coaming-break-glass(1).
 */
#include "cli/cli.h"

#include <errno.h>

#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/term.h"
#include "cli/when.h"
#include "hooks/break_glass.h"
#include "lib/emit.h"
#include "profiles/selector_text.h"

#define USEC_PER_MINUTE (UINT64_C(60) * 1000000)

struct wish {
	const char *config, *span, *reason, *match;
	bool end, json;
};

/* ---- opening ---- */

static int check_reason(const char *reason, struct err *err)
{
	if (!reason || !*reason)
		return err_input(err, EINVAL, "--reason says why: it goes into every record");
	if (strlen(reason) > BREAK_GLASS_REASON_MAX)
		return err_input(err, E2BIG, "--reason is longer than %d bytes",
				 BREAK_GLASS_REASON_MAX);
	return 0;
}

/* Whole minutes, rounded up. */
static int read_minutes(const char *span, uint64_t *ret, struct err *err)
{
	uint64_t usec;

	if (!when_span(span, &usec) || usec == 0)
		return err_input(err, EINVAL, "--for %s is no span of time (\"1h\", \"90min\")",
				 Q(span));
	*ret = usec / USEC_PER_MINUTE + (usec % USEC_PER_MINUTE != 0);
	return 0;
}

static int read_match(const char *match, struct break_glass *glass, struct err *err)
{
	int r;

	glass->match = strdup(match ? match : "");
	if (!glass->match)
		return err_oom(err);
	r = selector_parse_text(glass->match, &glass->selector, err);
	if (r == 0 && match && glass->selector.n == 0)
		r = err_input(err, EINVAL, "an empty selector: for every container leave it out");
	if (r < 0)
		err_context(err, "--match");
	return r;
}

static int open_it(const struct host *host, const struct wish *w, struct err *err)
{
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	const struct term term = term_of(stdout);
	uint64_t minutes = 0;
	int r;

	r = check_reason(w->reason, err);
	if (r == 0)
		r = read_minutes(w->span, &minutes, err);
	if (r == 0)
		r = read_match(w->match, &glass, err);
	if (r < 0)
		return r;
	glass.reason = strdup(w->reason);
	if (!glass.reason)
		return err_oom(err);
	r = break_glass_open(host, minutes, &glass, err);
	if (r < 0)
		return r;
	break_glass_describe(&glass, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	(void)fputs("open: ", stdout);
	term_wrap(&term, 6, 6, text.data);
	if (host->break_glass.floor_is_spared)
		(void)puts("The floor stays as it is.");
	return 0;
}

/* ---- looking ---- */

static void emit_glass(struct emit *e, const struct break_glass *glass)
{
	char from[STAMP_SIZE], until[STAMP_SIZE];
	const struct {
		const char *key, *value;
	} members[] = {
		{ "id", glass->id },
		{ "from", stamp_format(from, glass->from.realtime_usec) },
		{ "until", stamp_format(until, glass->until_realtime_usec) },
		{ "match", glass->match },
		{ "who", glass->who },
		{ "reason", glass->reason },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		emit_key(e, members[i].key);
		emit_string(e, members[i].value);
	}
}

static int print_json(const struct host *host, const struct break_glass *glass, bool open,
		      struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_key(&e, "schema");
	emit_string(&e, "coaming-break-glass-1");
	emit_key(&e, "open");
	emit_bool(&e, open);
	emit_key(&e, "maxMinutes");
	emit_u64(&e, host->break_glass.max_minutes);
	emit_key(&e, "floorIsSpared");
	emit_bool(&e, host->break_glass.floor_is_spared);
	if (open)
		emit_glass(&e, glass);
	emit_object_end(&e);
	return out_print_line(&out, err);
}

static int print_text(const struct break_glass *glass, bool open, struct err *err)
{
	const struct term term = term_of(stdout);
	_cleanup_buf_ struct buf text = { 0 };

	if (!open) {
		(void)puts("not open");
		return 0;
	}
	break_glass_describe(glass, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	term_put(&term, STYLE_BAD, "open: ");
	term_wrap(&term, 6, 6, text.data);
	return 0;
}

static int show(const struct host *host, bool json, struct err *err)
{
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	enum break_glass_state state = BREAK_GLASS_NONE;
	int r = break_glass_read(host, &glass, &state, err);

	if (r < 0)
		return r;
	if (state == BREAK_GLASS_OVER)
		break_glass_expire(host);
	return json ? print_json(host, &glass, state == BREAK_GLASS_OPEN, err)
		    : print_text(&glass, state == BREAK_GLASS_OPEN, err);
}

static int end_it(const struct host *host, struct err *err)
{
	int r = break_glass_end(host, err);

	if (r == -ENOENT && err->class == ERR_NONE)
		return err_input(err, ENOENT, "none is open");
	if (r == 0)
		(void)puts("ended");
	return r;
}

static int check_wish(const struct wish *w, struct err *err)
{
	if (w->end && (w->span || w->reason || w->match))
		return err_input(err, EINVAL, "--end takes no other option");
	if (!w->span && (w->reason || w->match))
		return err_input(err, EINVAL, "--for says how long: \"--for 1h\"");
	if (geteuid() != 0)
		return err_input(err, EPERM, "only root breaks the glass, or looks behind it");
	return 0;
}

int cmd_break_glass(int argc, char **argv, struct err *err)
{
	struct wish w = { 0 };
	const struct option options[] = {
		{ .name = "for",
		  .value = "SPAN",
		  .help = "open it for so long: \"1h\", \"90min\"",
		  .text = &w.span },
		{ .name = "reason",
		  .value = "TEXT",
		  .help = "why, for every record that comes of it",
		  .text = &w.reason },
		{ .name = "match",
		  .value = "SELECTOR",
		  .help = "only for containers with these labels: \"app=shop,tier in (web,api)\"",
		  .text = &w.match },
		{ .name = "end", .help = "close what is open", .flag = &w.end },
		{ .name = "json", .help = "for programs: what is open", .flag = &w.json },
		OPTION_CONFIG(&w.config),
	};
	const struct usage usage = {
		.about = "Let containers start in audit mode for a while, or say what is open.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_host_ struct host *host = NULL;
	int r;

	r = options_parse(argc, argv, &usage, NULL, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_wish(&w, err);
	if (r == 0)
		r = host_load(w.config, &host, err);
	if (r < 0)
		return r;
	if (w.end)
		return end_it(host, err);
	return w.span ? open_it(host, &w, err) : show(host, w.json, err);
}
