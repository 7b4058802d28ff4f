/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry against the containers that run, and the kernel's sets against the registry.
 */
#include "hooks/reconcile.h"

#include <errno.h>
#include <time.h>

#include "audit/evidence.h"
#include "hooks/bundle.h"
#include "hooks/ending.h"
#include "hooks/facts.h"
#include "hooks/live.h"
#include "hooks/netns.h"
#include "hooks/peers_sync.h"
#include "hooks/register.h"
#include "lib/strv.h"

/* Lines beyond these are counted, not recorded. */
#define LINES_RECORDED_MAX 200

struct run {
	const struct host *host;
	bool look_only;
	struct buf *told;
	struct reconciled *found;
	struct peers peers;
	struct err first; /* of what could not be done */
};

static void run_done(struct run *run)
{
	peers_done(&run->peers);
}

static void note(struct run *run, const struct err *why)
{
	if (why->class != ERR_NONE && run->first.class == ERR_NONE)
		run->first = *why;
}

static int read_registry(struct run *run, struct err *err)
{
	struct err damaged = { 0 }; /* of each file one is told elsewhere */

	return peers_read(run->host->state_dir, &run->peers, &damaged, err);
}

/* ---- what is over, or damaged ---- */

static bool is_read(const struct peers *peers, const char *file)
{
	for (size_t i = 0; i < peers->n; i++) {
		if (streq(peers->v[i].file, file))
			return true;
	}
	return false;
}

/* Whose it was is found again by the containers that run. */
static int remove_damaged(struct run *run, struct err *err)
{
	char **files = NULL;
	size_t n = 0;
	int r;

	r = peers_files(run->host->state_dir, &files, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct err why = { 0 };

		if (is_read(&run->peers, files[i]))
			continue;
		run->found->damaged++;
		buf_addf(run->told, "%s/peers/%s: damaged\n", run->host->state_dir, files[i]);
		if (!run->look_only && peers_remove_file(run->host->state_dir, files[i], &why) < 0)
			note(run, &why);
	}
	strv_free(&files, &n);
	return r;
}

static int take_out_gone(struct run *run, struct err *err)
{
	size_t before = run->found->over;

	for (size_t i = 0; i < run->peers.n; i++) {
		const struct registered *one = &run->peers.v[i];
		struct err why = { 0 };

		if (!registered_is_gone(one))
			continue;
		run->found->over++;
		buf_addf(run->told, "container %s: registered, and gone\n", Q(one->name));
		if (!run->look_only && container_unregister(run->host, one->id, &why) < 0)
			note(run, &why);
	}
	return run->found->over == before || run->look_only ? 0 : read_registry(run, err);
}

/* ---- what runs and is not registered ---- */

/* All that is needed to register one that runs. */
struct running {
	struct live live;
	struct process process;
	struct bundle bundle;
	struct decision decision;
	int netns;
};

static void running_done(struct running *running)
{
	closep(&running->netns);
	decision_done(&running->decision);
	bundle_done(&running->bundle);
	process_done(&running->process);
	live_done(&running->live);
}

/* -ESRCH without a text: it has ended. */
static int open_process(struct running *running, struct err *err)
{
	struct err why = { 0 };
	int r = process_open(running->live.pid, &running->process, &why);

	if (r == -ESRCH || (r == 0 && running->process.start_time != running->live.start_time))
		return -ESRCH;
	if (r < 0)
		*err = why;
	return r < 0 ? r
		     : netns_open_of_pid(running->process.pid, running->process.pidfd,
					 &running->netns, err);
}

static int decide_again(const struct host *host, struct running *running, struct err *err)
{
	const struct question question = {
		.stage = "reconcile",
		.id = running->live.identity.id,
		.bundle = running->live.bundle,
		.config = running->bundle.config,
		.break_glass = running->live.break_glass ? BREAK_GLASS_HELD : BREAK_GLASS_IGNORED,
		.break_glass_held = running->live.break_glass,
	};
	int r = decide_profiles(host, &question, &running->decision, err);

	return r < 0 ? r
		     : facts_from_host(question.config, question.bundle, 0,
				       &running->decision.facts, err);
}

/*
 * Its table has the sets of the profiles that were when it was made. Where its rules are not known
 * any more it has none that could be kept right, which `coaming attest` tells.
 */
static int keep_own_sets(const struct host *host, const struct running *running,
			 struct registered *registered, struct err *err)
{
	_cleanup_free_ char *rules = NULL;
	size_t n = 0;
	int r = 0;

	if (running->live.firewall)
		r = live_read_rules(host->state_dir, registered->id, &rules, err);
	if (r < 0 && r != -ENOENT)
		return r;
	registered->firewall = rules != NULL;
	for (size_t i = 0; i < registered->n_sets; i++) {
		struct peer_set *set = &registered->sets[i];
		char line[64];

		(void)snprintf(line, sizeof(line), "\tset %.40s4 {\n", set->name);
		if (rules && strstr(rules, line)) {
			struct peer_set kept = *set;

			*set = registered->sets[n];
			registered->sets[n++] = kept;
		}
	}
	for (size_t i = n; i < registered->n_sets; i++)
		peer_set_done(&registered->sets[i]);
	registered->n_sets = n;
	return 0;
}

static int enter(const struct host *host, const char *id, bool look_only, bool *ret_missing,
		 struct err *err)
{
	_cleanup_(running_done) struct running running = { .process.pidfd = -1,
							   .bundle.dirfd = -1,
							   .netns = -1 };
	_cleanup_registered_ struct registered registered = { 0 };
	_cleanup_peers_ struct peers peers = { 0 };
	struct err told = { 0 };
	int r;

	r = live_read(host->state_dir, id, &running.live, err);
	if (r < 0 || running.live.state != LIVE_CREATED || running.live.exempt)
		return r == -ENOENT ? 0 : r;
	r = open_process(&running, err);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	r = bundle_open(running.live.bundle, "config.json", &running.bundle, err);
	if (r == 0)
		r = decide_again(host, &running, err);
	if (r < 0 || !register_is_needed(host, &running.decision))
		return r;
	*ret_missing = true;
	if (look_only)
		return 0;
	r = register_make(host, &running.decision, running.bundle.config, &running.process,
			  running.netns, &registered, err);
	if (r == 0)
		r = keep_own_sets(host, &running, &registered, err);
	if (r == 0)
		r = peers_enter(host->state_dir, &registered, &peers, &told, err);
	return r;
}

static int enter_missing(struct run *run, struct err *err)
{
	struct err damaged = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	r = live_list(run->host->state_dir, &ids, &n, &damaged, err);
	note(run, &damaged);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct err why = { 0 };
		bool missing = false;

		if (peers_find(&run->peers, ids[i]))
			continue;
		if (enter(run->host, ids[i], run->look_only, &missing, &why) < 0) {
			err_context(&why, "container %s is not registered, and cannot be",
				    Q(ids[i]));
			note(run, &why);
		} else if (missing) {
			run->found->entered++;
			buf_addf(run->told, "container %s: runs, and is not registered\n",
				 Q(ids[i]));
		}
	}
	strv_free(&ids, &n);
	return r < 0 || run->found->entered == 0 ? r : read_registry(run, err);
}

/* ---- the sets ---- */

static void tell_sets(struct run *run, const char *name, const struct buf *wrong)
{
	for (const char *at = wrong->data, *end; at && *at; at = end + 1) {
		end = strchrnul(at, '\n');
		buf_addf(run->told, "container %s: %.*s\n", Q(name), (int)(end - at), at);
		if (!*end)
			break;
	}
}

/* repair: or only find out whether there is anything to wait for. */
static size_t compare_one(struct run *run, const char *id, const char *name, bool tell, bool repair)
{
	_cleanup_buf_ struct buf wrong = { 0 };
	struct err why = { 0 };
	size_t n = 0;
	int r;

	r = peers_compare(run->host->state_dir, &run->peers, id, repair, &wrong, &n, &why);
	if (r < 0 && (r != -ENOENT || why.class != ERR_NONE)) {
		err_context(&why, "the sets of container %s", Q(name));
		note(run, &why);
	}
	if (!tell || n == 0)
		return n;
	tell_sets(run, name, &wrong);
	run->found->sets++;
	run->found->elements += n;
	return n;
}

/* The list of those to look at: repairing reads the registry again. */
static int names_of(const struct peers *peers, char ***ret_ids, char ***ret_names, size_t *ret_n,
		    struct err *err)
{
	size_t n_names = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < peers->n; i++) {
		if (!peers->v[i].firewall)
			continue;
		r = strv_add(ret_ids, ret_n, peers->v[i].id, err);
		if (r == 0)
			r = strv_add(ret_names, &n_names, peers->v[i].name, err);
	}
	if (r < 0 && n_names < *ret_n)
		strv_free(ret_names, &n_names);
	return r;
}

/* Twice, with a pause: what starts just now is not wrong. */
static int compare_all(struct run *run, struct err *err)
{
	const struct timespec pause = { .tv_nsec = PEERS_PATIENCE_MSEC * 1000000L };
	char **ids = NULL, **names = NULL;
	size_t n = 0, n_names, differ = 0;
	int r;

	r = names_of(&run->peers, &ids, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		differ += compare_one(run, ids[i], names[i], false, false);
	if (r == 0 && differ > 0) {
		(void)nanosleep(&pause, NULL);
		r = read_registry(run, err);
	}
	for (size_t i = 0; r == 0 && differ > 0 && i < n; i++)
		(void)compare_one(run, ids[i], names[i], true, !run->look_only);
	n_names = n;
	strv_free(&ids, &n);
	strv_free(&names, &n_names);
	return r;
}

/* ---- the record ---- */

static int add_lines(struct record *record, const struct buf *told, struct err *err)
{
	size_t n = 0;
	int r = 0;

	for (const char *at = told->data; r == 0 && at && *at; n++) {
		size_t len = strcspn(at, "\n");

		if (n < LINES_RECORDED_MAX)
			r = record_addn(record, "COAMING_FINDING", at, len, err);
		at += len + (at[len] == '\n');
	}
	if (r == 0 && n > LINES_RECORDED_MAX)
		r = record_addf(record, err, "COAMING_FINDINGS_OMITTED", "%zu",
				n - LINES_RECORDED_MAX);
	return r;
}

static int keep_record(const struct run *run, struct err *err)
{
	const struct reconciled *found = run->found;
	_cleanup_record_ struct record record = { 0 };
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	r = record_start(&record, EVENT_POLICY, err);
	if (r == 0)
		r = record_addf(&record, err, "MESSAGE",
				"peers repaired: sets of %zu containers (%zu addresses), %zu that "
				"were gone, %zu not registered, %zu damaged files",
				found->sets, found->elements, found->over, found->entered,
				found->damaged);
	if (r == 0)
		r = record_add(&record, "COAMING_REASON", "peers-repaired", err);
	if (r == 0)
		r = record_add(&record, "COAMING_STAGE", "reconcile", err);
	if (r == 0)
		r = add_lines(&record, run->told, err);
	if (r < 0)
		return r;
	r = evidence_keep(&run->host->keeping, &record, FOR_INFORMATION, &kept, &doubt);
	if (r < 0)
		*err = doubt;
	return r;
}

int reconcile(const struct host *host, bool look_only, struct buf *told, struct reconciled *ret,
	      struct err *err)
{
	_cleanup_(run_done) struct run run = {
		.host = host, .look_only = look_only, .told = told, .found = ret
	};
	int r;

	*ret = (struct reconciled){ 0 };
	r = read_registry(&run, err);
	if (r == 0)
		r = remove_damaged(&run, err);
	if (r == 0)
		r = take_out_gone(&run, err);
	if (r == 0)
		r = enter_missing(&run, err);
	if (r == 0)
		r = compare_all(&run, err);
	if (r == 0 && buf_status(told) < 0)
		r = err_oom(err);
	if (r == 0 && !look_only && told->len > 0)
		r = keep_record(&run, err);
	if (r == 0 && run.first.class != ERR_NONE) {
		*err = run.first;
		r = -EIO;
	}
	return r;
}
