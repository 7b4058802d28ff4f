/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming attest: hold running containers against what was admitted, see coaming-attest(1).
 *
 * What is enforced now is read from the kernel, what was admitted from the config whose digest was
 * kept. Nothing of the container's own files is looked at.
 */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <time.h>

#include "audit/evidence.h"
#include "cli/attest_gaps.h"
#include "cli/options.h"
#include "cli/out.h"
#include "hooks/attest.h"
#include "hooks/bundle.h"
#include "hooks/harden.h"
#include "lib/emit.h"
#include "lib/strv.h"
#include "profiles/ruleset.h"

/* A machine with much to do takes a while from the create of a container to its program. */
#define START_WAIT_MSEC 3000
#define START_POLL_MSEC 20
/* Of an id so many digits suffice, as for the engines' commands. */
#define ID_PREFIX_MIN 3

struct command {
	const char *config;
	bool all, json, quiet;
	struct host *host;
	struct emit emit;
	struct buf out;
	size_t n, differ;
	struct err first; /* of a container that could not be looked at */
};

static void command_done(struct command *c)
{
	host_free(&c->host);
	buf_done(&c->out);
}

/* One container, while it is looked at. */
struct look {
	struct live live;
	struct process process;
	struct bundle bundle;
	struct attestation attestation;
	char table[RULESET_TABLE_MAX], *rules;
	bool killed, config_changed;
};

static void look_done(struct look *look)
{
	attestation_done(&look->attestation);
	free(look->rules);
	bundle_done(&look->bundle);
	process_done(&look->process);
	live_done(&look->live);
}

/* ---- looking ---- */

/* The runtime has made it, and its tracer waits for its program, or looks at it: there is nothing
 * to see yet. */
static bool is_waiting(const struct live *live)
{
	return live->attested.time == 0 && !live->restored && process_tracer(live->pid) != 0;
}

/* One that is asked for by its name and is just being started is waited for. */
static int read_started(const struct command *c, const char *id, struct live *ret, struct err *err)
{
	const struct timespec pause = { .tv_nsec = START_POLL_MSEC * 1000000L };

	for (int left = c->all ? 0 : START_WAIT_MSEC;; left -= START_POLL_MSEC) {
		int r = live_read(c->host->state_dir, id, ret, err);

		if (r < 0 || left <= 0 || ret->state != LIVE_CREATED || !is_waiting(ret))
			return r;
		live_done(ret);
		(void)nanosleep(&pause, NULL);
	}
}

/* -ESRCH without a text: it has ended, or its number is another's. */
static int open_process(struct look *look, struct err *err)
{
	struct err gone = { 0 };
	int r = process_open(look->live.pid, &look->process, &gone);

	if (r == -ESRCH || (r == 0 && look->process.start_time != look->live.start_time))
		return -ESRCH;
	if (r < 0)
		*err = gone;
	return r;
}

/* The config that it was admitted with. `why`: it is not there, or another by now. */
static void open_config(struct look *look, struct err *why)
{
	char digest[SHA256_HEX];
	const char *text;
	size_t len;

	if (bundle_open(look->live.bundle, "config.json", &look->bundle, why) < 0)
		return;
	text = doc_text(look->bundle.config, &len);
	sha256_hex1(digest, text, len);
	if (streq(digest, look->live.config_digest))
		return;
	look->config_changed = true;
	(void)err_input(why, ESTALE,
			"config.json in %s changed since admission, so that what was wanted is "
			"not known any more",
			Q(look->live.bundle));
}

static void read_rules(const struct command *c, struct look *look, struct err *why)
{
	const char *id = look->live.identity.id;

	ruleset_table(look->table, id);
	if (live_read_rules(c->host->state_dir, id, &look->rules, why) == -ENOENT)
		(void)err_system(why, ENOENT, "the rules of its firewall are not in stateDir");
}

static int take(const struct command *c, struct look *look, struct err *err)
{
	struct proof_wanted wanted = { .moment = PROOF_RUNNING };
	struct err why = { 0 };
	int r = open_process(look, err);

	if (r < 0)
		return r;
	open_config(look, &why);
	if (why.class == ERR_NONE && look->live.firewall)
		read_rules(c, look, &why);
	if (why.class != ERR_NONE) {
		look->attestation.result = look->config_changed ? ATTEST_MISMATCH : ATTEST_UNPROVEN;
		look->attestation.why = why;
		return 0;
	}
	wanted.config = look->bundle.config;
	if (look->live.firewall) {
		wanted.table = look->table;
		wanted.ruleset = look->rules;
		wanted.firewall_digest = look->live.firewall_digest;
		wanted.state_dir = c->host->state_dir;
		wanted.id = look->live.identity.id;
	}
	return attest_take(&look->process, &wanted, &look->attestation);
}

/* ---- what follows ---- */

/* Only what the kernel itself shows to be wider; what could not be looked at kills nobody. */
static void kill_drifted(struct look *look)
{
	const struct attestation *a = &look->attestation;

	if (a->result == ATTEST_MISMATCH && a->why.class == ERR_NONE && look->live.kill_on_drift)
		look->killed = pidfd_send_signal(look->process.pidfd, SIGKILL, NULL, 0) == 0;
}

/* The same findings again are no news: a timer comes every hour. */
static bool is_news(const struct look *look, const char *findings)
{
	return look->attestation.result == ATTEST_MATCH || look->killed ||
	       !look->live.attested.result ||
	       !streq(look->live.attested.result, attest_result_name(look->attestation.result)) ||
	       !streq(look->live.attested.findings, findings);
}

static int keep_record(const struct command *c, const struct look *look, struct err *err)
{
	const struct attestation *a = &look->attestation;
	const struct attest_subject subject = {
		.live = &look->live,
		.stage = "attest",
		.table = look->live.firewall ? look->table : NULL,
		.killed = look->killed,
	};
	_cleanup_record_ struct record record = { 0 };
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	r = attest_record(&subject, a, a->result == ATTEST_MISMATCH ? EVENT_DRIFT : EVENT_ATTEST,
			  &record, err);
	if (r < 0)
		return r;
	r = evidence_keep(&c->host->keeping, &record, FOR_INFORMATION, &kept, &doubt);
	if (r < 0)
		*err = doubt;
	return r;
}

static int follow_up(const struct command *c, struct look *look, struct err *err)
{
	struct live *live = &look->live;
	char findings[SHA256_HEX];
	int r = 0;

	kill_drifted(look);
	attest_findings_digest(&look->attestation, findings);
	if (is_news(look, findings))
		r = keep_record(c, look, err);
	if (r < 0)
		return r;
	free(live->attested.result);
	live->attested.result = strdup(attest_result_name(look->attestation.result));
	if (!live->attested.result)
		return err_oom(err);
	live->attested.time = time(NULL);
	memcpy(live->attested.digest, look->attestation.digest, SHA256_HEX);
	memcpy(live->attested.findings, findings, SHA256_HEX);
	return live_note_attested(c->host->state_dir, live, err);
}

/* ---- telling ---- */

static void emit_points(struct emit *e, const struct proof *proof)
{
	emit_key(e, "points");
	emit_object(e);
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		const struct proof_finding *finding = &proof->at[i];

		if (!finding->is)
			continue;
		emit_key(e, proof_point_name((enum proof_point)i));
		emit_object(e);
		emit_key(e, "state");
		emit_string(e, proof_state_name(finding->state));
		emit_key(e, "wanted");
		emit_string(e, finding->wanted);
		emit_key(e, "is");
		emit_string(e, finding->is);
		emit_object_end(e);
	}
	emit_object_end(e);
}

static void tell_json(struct command *c, const struct look *look, const char *reason)
{
	struct emit *e = &c->emit;

	emit_object(e);
	emit_key(e, "id");
	emit_string(e, look->live.identity.id);
	emit_key(e, "name");
	emit_string(e, look->live.identity.name);
	emit_key(e, "mode");
	emit_string(e, mode_name(look->live.mode));
	emit_key(e, "result");
	emit_string(e, attest_result_name(look->attestation.result));
	emit_key(e, "reason");
	emit_string(e, reason);
	emit_key(e, "killed");
	emit_bool(e, look->killed);
	emit_points(e, &look->attestation.proof);
	emit_object_end(e);
}

static void tell_text(const struct command *c, const struct look *look, const char *reason)
{
	const struct attestation *a = &look->attestation;

	if (c->quiet && a->result == ATTEST_MATCH)
		return;
	printf("%s: %s", Q(look->live.identity.name), attest_result_name(a->result));
	if (a->result == ATTEST_MATCH)
		printf(", %zu points", proof_count(&a->proof, PROOF_MATCH));
	if (a->why.class != ERR_NONE)
		printf(": %s", reason);
	puts(look->killed ? ", killed" : "");
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		const struct proof_finding *finding = &a->proof.at[i];

		if (finding->is && finding->state == PROOF_MISMATCH)
			printf("  %s: wanted %s, is %s\n", proof_point_name((enum proof_point)i),
			       finding->wanted, finding->is);
		else if (finding->is && finding->state == PROOF_NOT_POSSIBLE)
			printf("  %s: cannot be proved: %s\n",
			       proof_point_name((enum proof_point)i), finding->is);
	}
}

static int tell(struct command *c, const struct look *look, struct err *err)
{
	_cleanup_buf_ struct buf reason = { 0 };

	if (attest_reason(&look->attestation, &reason) < 0)
		return err_oom(err);
	if (c->json)
		tell_json(c, look, reason.data);
	else
		tell_text(c, look, reason.data);
	return 0;
}

/* ---- one, some, all ---- */

/* 0: looked at, or nothing to look at. *ret_looked: which. */
static int attest_one(struct command *c, const char *id, bool *ret_looked, struct err *err)
{
	_cleanup_(look_done) struct look look = { .process.pidfd = -1, .bundle.dirfd = -1 };
	int r;

	*ret_looked = false;
	r = read_started(c, id, &look.live, err);
	if (r == -ENOENT)
		return 0;
	/* One that is exempt is not confined: nothing was promised of it. */
	if (r < 0 || look.live.state != LIVE_CREATED ||
	    (look.live.n_profiles == 0 && !look.live.firewall) || is_waiting(&look.live))
		return r;
	r = take(c, &look, err);
	if (r == -ESRCH && err->class == ERR_NONE)
		return 0;
	if (r < 0 || is_waiting(&look.live))
		return r;
	*ret_looked = true;
	c->n++;
	c->differ += look.attestation.result != ATTEST_MATCH;
	r = follow_up(c, &look, err);
	return r < 0 ? r : tell(c, &look, err);
}

static int attest_all(struct command *c, struct err *err)
{
	struct err damaged = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int r;

	r = live_list(c->host->state_dir, &ids, &n, &damaged, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct err one = { 0 };
		bool looked;

		/* One that cannot be looked at keeps no other from it. */
		if (attest_one(c, ids[i], &looked, &one) < 0 && c->first.class == ERR_NONE)
			c->first = one;
	}
	strv_free(&ids, &n);
	if (damaged.class != ERR_NONE && c->first.class == ERR_NONE)
		c->first = damaged;
	return r;
}

static bool is_called(const struct live *live, const char *word)
{
	return streq(live->identity.id, word) || streq(live->identity.name, word) ||
	       (strlen(word) >= ID_PREFIX_MIN && starts_with(live->identity.id, word));
}

/* The id of the one that is called so. */
static int find(const struct command *c, const char *word, char **ret, struct err *err)
{
	_cleanup_free_ char *found = NULL;
	struct err damaged = { 0 };
	char **ids = NULL;
	size_t n = 0, matches = 0;
	int r;

	r = live_list(c->host->state_dir, &ids, &n, &damaged, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_live_ struct live live = { 0 };

		if (live_read(c->host->state_dir, ids[i], &live, &damaged) < 0 ||
		    !is_called(&live, word))
			continue;
		matches++;
		free(found);
		found = strdup(ids[i]);
		if (!found)
			r = err_oom(err);
	}
	strv_free(&ids, &n);
	if (r < 0)
		return r;
	if (matches > 1)
		return err_input(err, EINVAL, "%zu containers are called %s: give the id", matches,
				 Q(word));
	if (!found)
		return err_input(err, ENOENT,
				 "there is no container %s that coaming knows of (it runs exempt, "
				 "under no profile, or not at all)",
				 Q(word));
	*ret = take_ptr(found);
	return 0;
}

static int attest_named(struct command *c, const struct words *words, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		_cleanup_free_ char *id = NULL;
		bool looked = false;
		int r = find(c, words->v[i], &id, err);

		if (r == 0)
			r = attest_one(c, id, &looked, err);
		if (r < 0)
			return r;
		if (!looked)
			return err_input(err, ESRCH,
					 "there is nothing to hold container %s against: it is "
					 "exempt, not started yet, or has ended",
					 Q(words->v[i]));
	}
	return 0;
}

static int attest(struct command *c, const struct words *words, struct err *err)
{
	size_t gaps = 0;
	int r;

	/* Before any is looked at, so that reading foreign memory and files has its limits. */
	r = harden_stack(NULL, err);
	r = r < 0 ? r : host_load(c->config, &c->host, err);
	if (r < 0)
		return r;
	c->emit = (struct emit)EMIT(&c->out);
	c->emit.indent = 2;
	emit_object(&c->emit);
	emit_key(&c->emit, "containers");
	emit_array(&c->emit);
	r = c->all ? attest_all(c, err) : attest_named(c, words, err);
	emit_array_end(&c->emit);
	if (r == 0 && c->all)
		r = attest_gaps(c->host, c->json ? &c->emit : NULL, &gaps, err);
	emit_object_end(&c->emit);
	if (c->json && out_print_line(&c->out, err) < 0)
		return -ENOMEM;
	if (r == 0 && c->first.class != ERR_NONE) {
		*err = c->first;
		return -EIO;
	}
	return r < 0 ? r : c->differ + gaps > 0;
}

int cmd_attest(int argc, char **argv, struct err *err)
{
	_cleanup_(command_done) struct command c = { 0 };
	_cleanup_words_ struct words words = { 0 };
	const struct option options[] = {
		{ 'a', "all", NULL, "all that run, and those that run without an admission",
		  .flag = &c.all },
		{ 0, "json", NULL, "one JSON document", .flag = &c.json },
		{ 'q', "quiet", NULL, "say nothing of those that match", .flag = &c.quiet },
		OPTION_CONFIG(&c.config),
	};
	const struct usage usage = {
		.args = "[CONTAINER]...",
		.about = "Hold running containers, by name or id, against what was admitted: what\n"
			 "the kernel enforces on them now is read back, and recorded.\n"
			 "Exit status: 0 all match, 1 one does not.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r = options_parse(argc, argv, &usage, &words, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (c.all == (words.n > 0))
		return err_input(err, EINVAL,
				 "give containers, or --all (see coaming attest --help)");
	return attest(&c, &words, err);
}
