/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container.
 */
#include "hooks/ending.h"

#include <errno.h>
#include <time.h>

#include "audit/evidence.h"
#include "hooks/break_glass.h"
#include "hooks/decision.h"
#include "hooks/firewall.h"
#include "hooks/flow_record.h"
#include "hooks/live.h"
#include "hooks/netns.h"
#include "hooks/outcome.h"
#include "hooks/peers_sync.h"
#include "hooks/process.h"
#include "lib/strv.h"
#include "profiles/ruleset.h"

/* Flows beyond these are counted, not listed: a record has room for some hundred fields. */
#define FLOWS_RECORDED_MAX 256
/* A runtime that has not come to createRuntime by then will not. */
#define UNMADE_MAX_SECONDS 3600

static int record_counters(struct record *record, const struct firewall_counters *counters,
			   struct err *err)
{
	size_t refused = 0;
	bool omitted = false;
	int r;

	r = record_addf(record, err, "COAMING_REFUSED_PACKETS", "%llu",
			(unsigned long long)counters->refused_packets);
	for (size_t i = 0; r == 0 && i < counters->n_flows; i++) {
		const struct flow *flow = &counters->flows[i];

		if (flow->accepted || refused++ >= FLOWS_RECORDED_MAX)
			continue;
		r = record_addf(record, err, "COAMING_REFUSED_FLOW", "%s %s %s %u packets=%llu",
				flow->ingress ? "ingress" : "egress", flow->protocol, flow->address,
				flow->port, (unsigned long long)flow->packets);
	}
	for (size_t i = 0; i < FIREWALL_OVERFLOWS; i++)
		omitted = omitted ||
			  (!counters->overflows[i].accepted && counters->overflows[i].packets > 0);
	if (r == 0 && (omitted || refused > FLOWS_RECORDED_MAX))
		r = record_add(record, "COAMING_FLOWS_OMITTED", "1", err);
	for (size_t i = 0; r == 0 && i < counters->n_chains; i++)
		r = record_addf(record, err, "COAMING_ACCEPTED", "%s packets=%llu bytes=%llu",
				counters->chains[i].name,
				(unsigned long long)counters->chains[i].accepted_packets,
				(unsigned long long)counters->chains[i].accepted_bytes);
	return r;
}

static int fill(struct record *record, const struct live *live, const char *stage, struct err *err)
{
	int r;

	r = record_start(record, EVENT_STOP, err);
	if (r == 0)
		r = record_addf(record, err, "MESSAGE", "container %s: stopped%s",
				Q(live->identity.name),
				streq(stage, "gc") ? " (found gone, its poststop never came)" : "");
	if (r == 0)
		r = record_live(record, live, stage, err);
	if (r == 0)
		r = record_add(record, "COAMING_OUTCOME", "stopped", err);
	return r;
}

static int keep_stop(const struct host *host, const struct record *record, const struct live *live,
		     struct err *err)
{
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	r = evidence_keep(&host->keeping, record, FOR_INFORMATION, &kept, &doubt);
	if (r < 0) {
		*err = doubt;
		err_context(err, "the end of container %s can be recorded nowhere",
			    Q(live->identity.name));
	}
	return r;
}

/* What cannot be read any more is said, and stops nothing: the container is over. */
static int keep_record(const struct host *host, const struct live *live,
		       const struct registered *own, const char *stage, struct err *err)
{
	_cleanup_(firewall_counters_done) struct firewall_counters counters = { 0 };
	_cleanup_record_ struct record record = { 0 };
	const struct flows_of of = { live, own, NULL };
	_cleanup_buf_ struct buf noted = { 0 };
	struct err why = { 0 };
	int r, read = -ENOENT;
	size_t n;

	if (live->firewall)
		read = flows_read(host, live, &counters, &why);
	r = fill(&record, live, stage, err);
	if (r == 0 && live->firewall)
		r = read < 0 ? record_addf(&record, err, "COAMING_COUNTERS", "lost: %s", why.text)
			     : record_counters(&record, &counters, err);
	/* The flows first: nobody comes back for those of a container that has stopped. */
	if (r == 0 && read == 0)
		r = flows_keep(host, &of, &counters, stage, &noted, &n, err);
	return r < 0 ? r : keep_stop(host, &record, live, err);
}

/*
 * The table goes with its namespace, unless something else holds that (a pod, a network that the
 * engine keeps): then it is deleted first. A deletion costs the kernel some ten milliseconds.
 */
static int clean_up(const struct host *host, const char *table, struct err *err)
{
	const char *pin = table + strlen("coaming_");
	_cleanup_close_ int netns = -1;
	struct err ignored = { 0 };
	bool used = true;

	if (netns_pin_open(host->state_dir, pin, &netns, &ignored) == 0 &&
	    (netns_is_used(netns, host->state_dir, pin, &used, &ignored) < 0 || used))
		(void)firewall_delete(netns, table, &ignored);
	return netns_unpin(host->state_dir, pin, err);
}

/* Others stop letting it in first: its addresses may be another's by now. */
static void unregister(const struct host *host, const char *id)
{
	struct err told = { 0 }, why = { 0 };

	if (peers_leave(host->state_dir, id, &told, &why) < 0)
		outcome_warn(id, &why);
	else if (told.class != ERR_NONE)
		outcome_warn(id, &told);
}

int container_end(const struct host *host, const char *id, const char *stage, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	_cleanup_peers_ struct peers own = { 0 };
	_cleanup_close_ int claim = -1;
	char table[RULESET_TABLE_MAX];
	struct err ignored = { 0 };
	int r;

	/* What cannot be read of it the records do not have. */
	(void)peers_read_one(host->state_dir, id, &own, &ignored);
	unregister(host, id);
	r = live_claim(host->state_dir, id, &live, &claim, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	ruleset_table(table, id);
	/* One that was refused, or never made, has not run and cannot stop. */
	if (live.state == LIVE_CREATED) {
		r = keep_record(host, &live, peers_find(&own, id), stage, err);
		if (r < 0)
			return r; /* the live file stays: gc will try again */
	}
	if (live.firewall)
		r = clean_up(host, table, err);
	if (r == 0)
		r = live_remove(host->state_dir, id, err);
	return r;
}

int container_unregister(const struct host *host, const char *id, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	struct err told = { 0 }, ignored = { 0 };
	char table[RULESET_TABLE_MAX];
	int r;

	r = peers_leave(host->state_dir, id, &told, err);
	if (r == 0 && (live_read(host->state_dir, id, &live, &ignored) == -ENOENT ||
		       live.state != LIVE_CREATED))
		r = clean_up(host, ruleset_table(table, id), err);
	if (r == 0 && told.class != ERR_NONE) {
		*err = told;
		r = -EIO;
	}
	return r;
}

int container_forget_unmade(const struct host *host, const char *id, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	int r;

	r = live_read(host->state_dir, id, &live, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0 || live.state == LIVE_CREATED)
		return r;
	return live_remove(host->state_dir, id, err);
}

/* Created, and its process is no more (or its number is another's by now). */
static bool is_gone(const struct live *live)
{
	struct err ignored = { 0 };
	uint64_t now;

	return live->state == LIVE_CREATED &&
	       (process_start_time(live->pid, &now, &ignored) < 0 || now != live->start_time);
}

static bool is_abandoned(const struct live *live)
{
	return live->state != LIVE_CREATED && time(NULL) - live->time > UNMADE_MAX_SECONDS;
}

static int end_if_gone(const struct host *host, const char *id, size_t *n, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	int r;

	r = live_read(host->state_dir, id, &live, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0 || !(is_gone(&live) || is_abandoned(&live)))
		return r;
	r = container_end(host, id, "gc", err);
	if (r == 0)
		(*n)++;
	return r;
}

int container_end_all_gone(const struct host *host, size_t *ret_n, struct err *err)
{
	struct err first = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	*ret_n = 0;
	r = live_remove_leavings(host->state_dir, err);
	if (r == 0)
		r = live_list(host->state_dir, &ids, &n, &first, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct err one = { 0 };

		/* One that cannot be ended keeps no other from it. */
		if (end_if_gone(host, ids[i], ret_n, &one) < 0 && first.class == ERR_NONE)
			first = one;
	}
	strv_free(&ids, &n);
	if (r == 0 && first.class != ERR_NONE) {
		*err = first;
		r = -EIO;
	}
	return r;
}
