/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of connections.
 *
 * What was recorded is kept beside the live file, a line a flow: its text without the times. A flow
 * whose line is there already has nothing new.
 */
#include "hooks/flow_record.h"

#include <errno.h>
#include <syslog.h>

#include "audit/evidence.h"
#include "audit/stamp.h"
#include "hooks/break_glass.h"
#include "hooks/bundle.h"
#include "hooks/decision.h"
#include "hooks/flow_ends.h"
#include "hooks/labels.h"
#include "hooks/netns.h"
#include "hooks/process.h"
#include "lib/strv.h"
#include "profiles/ruleset.h"

/* With who is at the other end of each, and the container's own fields, within a record's. */
#define FLOWS_A_RECORD_MAX 256

int record_live(struct record *record, const struct live *live, const char *stage, struct err *err)
{
	char stamp[STAMP_SIZE];
	int r;

	r = record_identity(record, &live->identity, err);
	if (r == 0)
		r = record_break_glass(record, live->break_glass, err);
	if (r == 0)
		r = record_add(record, "COAMING_MODE", mode_name(live->mode), err);
	if (r == 0)
		r = record_add(record, "COAMING_STAGE", stage, err);
	for (size_t i = 0; r == 0 && i < live->n_profiles; i++)
		r = record_add(record, "COAMING_PROFILE", live->profiles[i], err);
	if (r == 0 && live->netns)
		r = record_addf(record, err, "COAMING_NETNS", "%llu",
				(unsigned long long)live->netns);
	if (r == 0 && live->time > 0)
		r = record_add(record, "COAMING_ADMITTED",
			       stamp_format(stamp, (uint64_t)live->time * 1000000), err);
	return r;
}

int flows_read(const struct host *host, const struct live *live, struct firewall_counters *ret,
	       struct err *err)
{
	_cleanup_close_ int netns = -1;
	char table[RULESET_TABLE_MAX];
	int r;

	ruleset_table(table, live->identity.id);
	r = netns_pin_open(host->state_dir, table + strlen("coaming_"), &netns, err);
	if (r == -ENOENT && err->class == ERR_NONE)
		return err_system(err, ENOENT, "its network namespace is not pinned");
	return r == 0 ? firewall_read(netns, table, ret, err) : r;
}

/* ---- what is new ---- */

/* What was kept: its lines, sorted. */
struct kept_lines {
	char *text;
	char **v; /* into the text */
	size_t n;
};

static void kept_lines_done(struct kept_lines *kept)
{
	free(kept->v);
	free(kept->text);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int split_lines(struct kept_lines *kept, struct err *err)
{
	size_t n = 0;

	for (const char *at = kept->text; *at; at++)
		n += *at == '\n';
	kept->v = calloc(n + 1, sizeof(*kept->v));
	if (!kept->v)
		return err_oom(err);
	for (char *at = kept->text, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		kept->v[kept->n++] = at;
	}
	qsort(kept->v, kept->n, sizeof(*kept->v), compare_lines);
	return 0;
}

/* What cannot be read is as if it were not there: then all is recorded again. */
static int read_kept(const struct host *host, const struct live *live, struct kept_lines *ret,
		     struct err *err)
{
	struct err ignored = { 0 };
	int r;

	r = live_read_flows(host->state_dir, live->identity.id, &ret->text, &ignored);
	if (r == -ENOMEM)
		return err_oom(err);
	return r < 0 ? 0 : split_lines(ret, err);
}

static bool is_kept(const struct kept_lines *kept, const char *line)
{
	return kept->n > 0 && bsearch(&line, kept->v, kept->n, sizeof(*kept->v), compare_lines);
}

/* Of one reading. */
struct news {
	struct kept_lines kept;
	struct buf lines; /* what is to be kept now */
	struct buf line;
	const struct flow **flows; /* of the counters' those that are new */
	size_t n_flows;
	struct flow_overflow overflows[FIREWALL_OVERFLOWS];
	size_t n_overflows;
};

static void news_done(struct news *news)
{
	kept_lines_done(&news->kept);
	buf_done(&news->lines);
	buf_done(&news->line);
	free(news->flows);
}

/* The line that stands in news->line: keep it. Was it there before? */
static bool note_line(struct news *news)
{
	if (buf_status(&news->line) < 0)
		return false;
	buf_add(&news->lines, news->line.data, news->line.len);
	buf_addc(&news->lines, '\n');
	return is_kept(&news->kept, news->line.data);
}

static void note_flow(struct news *news, const struct flow *flow)
{
	news->line.len = 0;
	flow_write_count(flow, &news->line);
	if (!note_line(news))
		news->flows[news->n_flows++] = flow;
}

static void note_overflow(struct news *news, const struct flow_overflow *overflow)
{
	if (overflow->packets == 0)
		return;
	news->line.len = 0;
	flow_overflow_write(overflow, &news->line);
	if (!note_line(news))
		news->overflows[news->n_overflows++] = *overflow;
}

static int find_news(const struct host *host, const struct live *live,
		     const struct firewall_counters *counters, struct news *news, struct err *err)
{
	int r;

	r = read_kept(host, live, &news->kept, err);
	if (r < 0)
		return r;
	news->flows = calloc(counters->n_flows + 1, sizeof(const struct flow *));
	if (!news->flows)
		return err_oom(err);
	for (size_t i = 0; i < counters->n_flows; i++)
		note_flow(news, &counters->flows[i]);
	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++)
		note_overflow(news, &counters->overflows[i]);
	return buf_status(&news->lines) < 0 || buf_status(&news->line) < 0 ? err_oom(err) : 0;
}

/* ---- records ---- */

/* Some of the news, as many as one record takes. */
struct part {
	const struct flow *const *flows;
	size_t n_flows;
	const struct flow_overflow *overflows;
	size_t n_overflows;
};

static size_t count_refused(const struct part *part)
{
	size_t n = 0;

	for (size_t i = 0; i < part->n_flows; i++)
		n += !part->flows[i]->accepted;
	return n;
}

static int add_overflows(struct record *record, const struct part *part, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->n_overflows; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		flow_overflow_write(&part->overflows[i], &text);
		r = buf_status(&text) < 0
			    ? err_oom(err)
			    : record_add(record, "COAMING_FLOW_OVERFLOW", text.data, err);
	}
	return r;
}

static int add_flows(struct record *record, const struct part *part, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->n_flows; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		flow_write(part->flows[i], &text);
		r = buf_status(&text) < 0 ? err_oom(err)
					  : record_add(record, "COAMING_FLOW", text.data, err);
	}
	return r;
}

static int fill(struct record *record, const struct host *host, const struct flows_of *of,
		const char *stage, const struct part *part, struct err *err)
{
	const struct live *live = of->live;
	size_t refused = count_refused(part);
	int r;

	r = record_start(record, EVENT_FLOW, err);
	if (r == 0)
		r = record_addf(record, err, "MESSAGE", "container %s: %zu flow%s, %zu refused%s",
				Q(live->identity.name), part->n_flows,
				part->n_flows == 1 ? "" : "s", refused,
				part->n_overflows ? "; not all had room" : "");
	if (refused > 0)
		record_raise(record, LOG_WARNING);
	if (r == 0)
		r = record_live(record, live, stage, err);
	if (r == 0)
		r = record_own_end(record, host, of->own, err);
	if (r == 0)
		r = add_flows(record, part, err);
	if (r == 0)
		r = add_overflows(record, part, err);
	/* Last: of what is too much for a record the end is left out. */
	return r < 0 ? r
		     : record_other_ends(record, host, of->peers, live->identity.id, part->flows,
					 part->n_flows, err);
}

static int keep_part(const struct host *host, const struct flows_of *of, const char *stage,
		     const struct part *part, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	r = fill(&record, host, of, stage, part, err);
	if (r < 0)
		return r;
	r = evidence_keep(&host->keeping, &record, FOR_INFORMATION, &kept, &doubt);
	if (r < 0) {
		*err = doubt;
		err_context(err, "the connections of container %s can be recorded nowhere",
			    Q(of->live->identity.name));
	}
	return r;
}

/* The overflows go with the last of them. */
static int keep_parts(const struct host *host, const struct flows_of *of, const char *stage,
		      const struct news *news, size_t *n_records, struct err *err)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && (done < news->n_flows || (done == 0 && news->n_overflows > 0))) {
		size_t left = news->n_flows - done;
		struct part part = {
			.flows = news->flows + done,
			.n_flows = left < FLOWS_A_RECORD_MAX ? left : FLOWS_A_RECORD_MAX,
			.overflows = news->overflows,
		};

		if (part.n_flows == left)
			part.n_overflows = news->n_overflows;
		r = keep_part(host, of, stage, &part, err);
		(*n_records)++;
		if (part.n_flows == 0)
			break;
		done += part.n_flows;
	}
	return r;
}

/*
 * One that the registry does not have any more: reconcile found it gone before gc did. Its bundle
 * may be there yet, and its network namespace is pinned. What cannot be found out is not known.
 */
static void find_own(const struct host *host, const struct live *live, struct registered *ret)
{
	struct labels_request request = { .host = host, .bundle = live->bundle };
	_cleanup_(identity_done) struct identity identity = { 0 };
	_cleanup_bundle_ BUNDLE(bundle);
	_cleanup_close_ int netns = -1;
	char table[RULESET_TABLE_MAX];
	struct err ignored = { 0 };

	ruleset_table(table, live->identity.id);
	if (netns_pin_open(host->state_dir, table + strlen("coaming_"), &netns, &ignored) == 0)
		(void)addresses_read(netns, &ret->addresses, &ignored);
	if (bundle_open(live->bundle, "config.json", &bundle, &ignored) < 0)
		return;
	request.config = bundle.config;
	if (identity_find(bundle.config, live->identity.id, live->bundle, &identity, &ignored) == 0)
		(void)labels_find(&request, &identity, &ret->labels, &ignored);
}

/* Who the others are is a matter of the registry: what cannot be read of it is not known. */
static int keep_news(const struct host *host, const struct flows_of *of, const char *stage,
		     const struct news *news, size_t *n_records, struct err *err)
{
	_cleanup_registered_ struct registered own = { 0 };
	_cleanup_peers_ struct peers peers = { 0 };
	struct flows_of whole = *of;
	struct err ignored = { 0 };

	if (!of->own) {
		find_own(host, of->live, &own);
		whole.own = &own;
	}
	if (!of->peers) {
		if (peers_read(host->state_dir, &peers, &ignored, &ignored) < 0)
			peers_done(&peers);
		whole.peers = &peers;
	}
	return keep_parts(host, &whole, stage, news, n_records, err);
}

int flows_keep(const struct host *host, const struct flows_of *of,
	       const struct firewall_counters *counters, const char *stage, struct buf *ret_lines,
	       size_t *ret_n, struct err *err)
{
	_cleanup_(news_done) struct news news = { 0 };
	int r;

	*ret_n = 0;
	r = find_news(host, of->live, counters, &news, err);
	if (r == 0 && news.n_flows + news.n_overflows > 0)
		r = keep_news(host, of, stage, &news, ret_n, err);
	if (r == 0) {
		*ret_lines = news.lines;
		news.lines = (struct buf){ 0 };
	}
	return r;
}

/* ---- all that run ---- */

static bool is_over(const struct live *live)
{
	struct err ignored = { 0 };
	uint64_t now;

	return process_start_time(live->pid, &now, &ignored) < 0 || now != live->start_time;
}

/* One that is over is left to its poststop, or to gc. */
static int keep_one(const struct host *host, const char *id, const struct peers *peers, size_t *n,
		    struct err *err)
{
	_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
	_cleanup_live_ struct live live = { 0 };
	_cleanup_buf_ struct buf lines = { 0 };
	struct flows_of of = { &live, peers_find(peers, id), peers };
	size_t records = 0;
	int r;

	r = live_read(host->state_dir, id, &live, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (live.state != LIVE_CREATED || !live.firewall || is_over(&live))
		return 0;
	r = flows_read(host, &live, &counters, err);
	if (r < 0 && is_over(&live)) { /* meanwhile */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		err_context(err, "container %s", Q(live.identity.name));
	if (r == 0)
		r = flows_keep(host, &of, &counters, "flows", &lines, &records, err);
	*n += records;
	if (r == 0 && records > 0)
		r = live_note_flows(host->state_dir, &live, lines.data, lines.len, err);
	return r;
}

int flows_keep_all(const struct host *host, size_t *ret_n, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 };
	struct err first = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	*ret_n = 0;
	r = peers_read(host->state_dir, &peers, &first, err);
	if (r == 0)
		r = live_list(host->state_dir, &ids, &n, &first, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct err one = { 0 };

		if (keep_one(host, ids[i], &peers, ret_n, &one) < 0 && first.class == ERR_NONE)
			first = one;
	}
	strv_free(&ids, &n);
	if (r == 0 && first.class != ERR_NONE) {
		*err = first;
		r = -EIO;
	}
	return r;
}
