/* SPDX-License-Identifier: Apache-2.0 */
/*
 * createRuntime: the last look before the container's own code can run.
 *
 * The policy is applied once more to the config that the runtime was given. It must change nothing,
 * or something between us and the runtime has loosened it. Then the firewall goes into the
 * container's network namespace, in one transaction, and the namespace is pinned so that its
 * counters outlive it; the container is entered in the registry, by which it becomes other
 * containers' peer and they its. Last a process is left behind that looks at what the kernel
 * enforces when the program is executed.
 *
 * MUST NOT look into the container's files, nor touch a network namespace that is the host's or
 * another container's.
 */
#include "hooks/stages.h"

#include <errno.h>

#include "hooks/apart.h"
#include "hooks/attest_start.h"
#include "hooks/bundle.h"
#include "hooks/facts.h"
#include "hooks/firewall.h"
#include "hooks/firewall_image.h"
#include "hooks/netns.h"
#include "hooks/outcome.h"
#include "hooks/peers_sync.h"
#include "hooks/process.h"
#include "hooks/register.h"
#include "hooks/sandbox.h"
#include "hooks/state.h"
#include "lib/hash.h"
#include "profiles/ruleset.h"
#include "profiles/separate.h"

/* What one call works on. */
struct stage {
	const struct host *host;
	struct state state;
	struct process process;
	struct bundle bundle;
	struct question question;
	struct decision decision;
	struct live admission; /* what is known of it; state LIVE_ADMITTED: of this very start */
	bool has_admission;
	struct host effective;  /* the host's configuration as it counts for this container */
	struct registered peer; /* as it is registered */
	struct peers peers;     /* the registry, as the rules were made from it */
	struct err told;        /* what of it fails, and refuses nobody */
	int netns;              /* -1: not opened */
	uint64_t netns_inode;
	char table[RULESET_TABLE_MAX];
	struct buf rules;              /* of the firewall */
	char rules_digest[SHA256_HEX]; /* as the kernel has them */
	struct live live;              /* as it was written */
	bool registered, table_set, pinned, live_set;
};

static void stage_done(struct stage *stage)
{
	closep(&stage->netns);
	live_done(&stage->live);
	peers_done(&stage->peers);
	registered_done(&stage->peer); /* its selectors are the decision's */
	buf_done(&stage->rules);
	decision_done(&stage->decision);
	live_done(&stage->admission);
	bundle_done(&stage->bundle);
	process_done(&stage->process);
	state_done(&stage->state);
}

/* The name of a pin: the table's without its prefix, hexadecimal. */
static const char *pin_name(const struct stage *stage)
{
	return stage->table + strlen("coaming_");
}

static int check_refused_earlier(const struct stage *stage, struct err *err)
{
	const struct node *node =
		node_path(doc_root(stage->bundle.config), "annotations", REFUSED_ANNOTATION, NULL);

	if (!node)
		return 0;
	return err_refuse(err, EPERM, "%.1500s",
			  node_is(node, NODE_STRING) && node->string_len > 0
				  ? node->string
				  : "refused at precreate");
}

static int check_unchanged(const struct stage *stage, struct err *err)
{
	const struct verdict *verdict = &stage->decision.verdict;

	if (!verdict->changed)
		return 0;
	for (size_t i = 0; i < verdict->changes.n; i++) {
		const struct change *change = &verdict->changes.v[i];

		if (change->audit || change->refusal)
			continue;
		return err_refuse(
			err, EPERM,
			"container %s refused: the config.json that the runtime was given "
			"is not confined: profile %s still %s (start it through podman's "
			"precreate hook or coaming-runtime, and let no later hook change "
			"it)",
			Q(stage->decision.identity.name), change->by, change->what);
	}
	return err_refuse(err, EPERM, "container %s refused: its config.json is not confined",
			  Q(stage->decision.identity.name));
}

/*
 * A namespace that other processes are in already is another container's (a pod's). It may be
 * joined only where coaming has confined that one too: else our rules would be its rules. Of a
 * pod's sandbox they may be: it sends nothing and listens to nothing.
 */
static int check_shared(const struct stage *stage, struct err *err)
{
	bool shared = false, ours = false;
	pid_t sandbox;
	int r;

	if (stage->decision.facts.ns[NS_NETWORK] != NS_JOINED)
		return 0;
	sandbox =
		sandbox_find(stage->bundle.config, &stage->decision.identity, stage->state.bundle);
	r = process_shares_netns(stage->netns_inode, stage->state.pid, sandbox, &shared, err);
	if (r < 0 || !shared)
		return r;
	r = netns_is_pinned(stage->host->state_dir, stage->netns, &ours, err);
	if (r < 0 || ours)
		return r;
	return err_refuse(err, EPERM,
			  "container %s refused: it joins the network of another container that "
			  "coaming does not confine, whose traffic its profile would filter too "
			  "(give both a profile with a network section, or this one a network of "
			  "its own)",
			  Q(stage->decision.identity.name));
}

static int open_netns(struct stage *stage, struct err *err)
{
	bool host = true;
	int r;

	r = netns_open_of_pid(stage->process.pid, stage->process.pidfd, &stage->netns, err);
	if (r == 0)
		r = netns_inode(stage->netns, &stage->netns_inode, err);
	if (r == 0)
		r = netns_is_host(stage->netns, &host, err);
	if (r < 0)
		return r;
	if (host)
		return err_refuse(err, EPERM,
				  "container %s refused: it runs in the host's network, which "
				  "coaming never touches, and %s (run it in a network of its own)",
				  Q(stage->decision.identity.name),
				  host_separates(&stage->effective)
					  ? "the host keeps data classes apart"
					  : "a profile demands a firewall");
	return check_shared(stage, err);
}

static bool is_kept_apart(const struct stage *stage)
{
	return separation_any(&stage->effective, &stage->decision.selection, MODE_ENFORCE);
}

/*
 * Of two containers of different classes that are made at once at least one finds the other here:
 * each is entered before it looks. One that nothing keeps apart has not looked before: another may
 * have to be kept from it.
 */
static int check_apart(const struct stage *stage, struct err *err)
{
	_cleanup_(meeting_done) struct meeting meeting = { 0 };
	int r;

	if (stage->peers.n_damaged > 0 && (is_kept_apart(stage) || apart_any(&stage->peers)))
		return err_system(
			err, EBADMSG,
			"container %s refused: files of the registry cannot be understood "
			"(%zu), and whose data class is not known cannot be kept apart (run "
			"coaming reconcile)",
			Q(stage->decision.identity.name), stage->peers.n_damaged);
	r = apart_check(&stage->effective, &stage->decision.selection, MODE_ENFORCE, &stage->peer,
			&stage->peers, &meeting, err);
	if (r < 0 || !meeting.remedy)
		return r;
	return err_refuse(err, EPERM, "container %s refused: %s%s: %s: %s",
			  Q(stage->decision.identity.name),
			  meeting.separation.profile ? "profile " : "",
			  separation_by(&meeting.separation), meeting.what.data, meeting.remedy);
}

/* Others let it in from here on, although its own rules do not stand yet: nothing of it runs. */
static int enter_once(struct stage *stage, struct err *err)
{
	int r = 0;

	if (stage->netns < 0)
		r = netns_open_of_pid(stage->process.pid, stage->process.pidfd, &stage->netns, err);
	if (r == 0)
		r = register_make(stage->host, &stage->decision, stage->bundle.config,
				  &stage->process, stage->netns, &stage->peer, err);
	if (r < 0)
		return r;
	stage->registered = true; /* also a half-hearted failure is cleaned up */
	return peers_enter(stage->host->state_dir, &stage->peer, &stage->peers, &stage->told, err);
}

/* Does anybody have to be kept from it, as far as the registry can be read? */
static bool is_kept_from(struct stage *stage)
{
	struct err ignored = { 0 };

	(void)peers_read(stage->host->state_dir, &stage->peers, &ignored, &ignored);
	return apart_any(&stage->peers);
}

static bool needs_registry(struct stage *stage)
{
	_cleanup_free_ const struct peer_selector **selectors = NULL;
	struct err ignored = { 0 };
	size_t n = 0;

	return is_kept_apart(stage) ||
	       ruleset_peers(&stage->decision.selection, &selectors, &n, &ignored) < 0 || n > 0 ||
	       is_kept_from(stage);
}

/*
 * A container that lets no other in by its labels, and is kept from none, does not need the
 * registry: that others do not let it in is told.
 */
static int enter(struct stage *stage, struct err *err)
{
	struct err why = { 0 };
	int r;

	if (!register_is_needed(stage->host, &stage->decision))
		return 0;
	r = enter_once(stage, &why);
	if (r < 0 && !needs_registry(stage)) {
		stage->told = why;
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	return check_apart(stage, err);
}

static int write_rules(struct stage *stage, struct err *err)
{
	_cleanup_(register_elements_done) struct register_elements elements = { 0 };
	int r;

	r = register_elements(&stage->peers, &stage->peer, &elements, err);
	return r < 0 ? r
		     : ruleset_write(&stage->decision.selection, &stage->effective, stage->state.id,
				     &elements.elements, &stage->rules, err);
}

static int set_firewall(struct stage *stage, struct err *err)
{
	struct err told = { 0 };
	int r;

	if (!ruleset_is_needed(&stage->decision.selection, &stage->effective))
		return 0;
	r = write_rules(stage, err);
	if (r < 0)
		return r;
	ruleset_table(stage->table, stage->state.id);
	stage->table_set = true; /* also a half-hearted failure is cleaned up */
	r = firewall_apply(stage->netns, stage->table, stage->rules.data, err);
	if (r == 0)
		r = firewall_digest(stage->netns, stage->table, stage->rules_digest, err);
	if (r == 0)
		r = netns_pin(stage->netns, stage->host->state_dir, pin_name(stage), err);
	if (r < 0)
		return r;
	stage->pinned = true;
	return peers_settle(stage->host->state_dir, stage->state.id, &stage->peers, &told, err);
}

static int set_network(struct stage *stage, struct err *err)
{
	int r = 0;

	if (ruleset_is_needed(&stage->decision.selection, &stage->effective))
		r = open_netns(stage, err);
	if (r == 0)
		r = enter(stage, err);
	return r < 0 ? r : set_firewall(stage, err);
}

/* Nothing of a refused container stays. */
static void undo(const struct stage *stage)
{
	struct err ignored = { 0 }, told = { 0 };

	if (stage->registered)
		(void)peers_leave(stage->host->state_dir, stage->state.id, &told, &ignored);
	if (stage->table_set)
		(void)firewall_delete(stage->netns, stage->table, &ignored);
	if (stage->pinned)
		(void)netns_unpin(stage->host->state_dir, pin_name(stage), &ignored);
	if (stage->live_set)
		(void)live_remove(stage->host->state_dir, stage->state.id, &ignored);
}

/* What becomes of a container that drifts is decided by the profiles that it was admitted under. */
static bool kills_on_drift(const struct selection *selection)
{
	for (size_t i = 0; i < selection->n; i++) {
		if (selection->v[i].profile->attest.kills && selection->v[i].mode == MODE_ENFORCE)
			return true;
	}
	return false;
}

static int complete_live(struct stage *stage, struct live *live, struct err *err)
{
	size_t len;
	const char *text = doc_text(stage->bundle.config, &len);

	live->state = LIVE_CREATED;
	live->pid = stage->process.pid;
	live->start_time = stage->process.start_time;
	live->netns = stage->netns_inode;
	live->firewall = stage->pinned;
	live->kill_on_drift = kills_on_drift(&stage->decision.selection);
	sha256_hex1(live->config_digest, text, len);
	memcpy(live->firewall_digest, stage->rules_digest, SHA256_HEX);
	free(live->bundle);
	live->bundle = strdup(stage->state.bundle);
	return live->bundle ? 0 : err_oom(err);
}

static int update_live(struct stage *stage, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	size_t len;
	const char *text;
	int r;

	r = live_read(stage->host->state_dir, stage->state.id, &live, err);
	if (r == -ENOENT || (r == 0 && live.state != LIVE_ADMITTED)) {
		/* No door before us recorded this start (F37: plain runc with nothing to take). */
		live_done(&live);
		text = doc_text(stage->bundle.config, &len);
		r = outcome_accept(stage->host, &stage->decision, &stage->question, text, len,
				   LIVE_CREATED, err);
		if (r == 0)
			r = live_read(stage->host->state_dir, stage->state.id, &live, err);
		if (r == -ENOENT) /* in audit mode, and outcome_accept() has told why */
			return 0;
	}
	if (r == 0)
		r = complete_live(stage, &live, err);
	if (r == 0 && stage->pinned)
		r = live_write_rules(stage->host->state_dir, stage->state.id, stage->rules.data,
				     stage->rules.len, err);
	if (r == 0)
		r = live_write(stage->host->state_dir, &live, err);
	if (r < 0)
		return r;
	stage->live = live;
	live = (struct live){ 0 };
	stage->live_set = true;
	return 0;
}

/* Where nothing is enforced, what cannot be kept of the container is no reason to refuse it. */
static int keep_live(struct stage *stage, struct err *err)
{
	struct err failed = { 0 };
	int r = update_live(stage, &failed);

	if (r < 0 && stage->decision.verdict.mode == MODE_AUDIT &&
	    !stage->decision.selection.exempt) {
		outcome_warn(stage->decision.identity.name, &failed);
		return 0;
	}
	if (r < 0)
		*err = failed;
	return r;
}

/*
 * What the kernel enforces is looked at when the container's program is executed. With no profile,
 * and no data class, there is nothing to prove, and nobody is left behind.
 */
static int attest(struct stage *stage, struct err *err)
{
	const struct attest_start start = {
		.host = stage->host,
		.process = &stage->process,
		.live = &stage->live,
		.wanted = {
			.config = stage->bundle.config,
			.moment = PROOF_AT_EXEC,
			.table = stage->pinned ? stage->table : NULL,
			.ruleset = stage->pinned ? stage->rules.data : NULL,
			.firewall_digest = stage->pinned ? stage->rules_digest : NULL,
		},
	};
	struct err failed = { 0 };
	int r;

	if ((stage->decision.selection.n == 0 && !stage->pinned) || !stage->live_set ||
	    stage->live.restored)
		return 0;
	r = attest_start(&start, &failed);
	if (r == 0)
		return 0;
	if (stage->live.mode == MODE_AUDIT) {
		outcome_warn(stage->decision.identity.name, &failed);
		return 0;
	}
	*err = failed;
	err_context(err, "container %s refused: what is enforced on it cannot be proved",
		    Q(stage->decision.identity.name));
	return r;
}

static bool same_profiles(const struct selection *selection, const struct live *live)
{
	if (selection->n != live->n_profiles)
		return false;
	for (size_t i = 0; i < selection->n; i++) { /* both are sorted */
		if (!streq(selection->v[i].profile->name, live->profiles[i]))
			return false;
	}
	return true;
}

/*
 * A label that has gone since the admission takes its profile's firewall with it, of which nothing
 * stands in the config.
 */
static int check_profiles(const struct stage *stage, struct err *err)
{
	const struct live *live = &stage->admission;

	if (!stage->has_admission || live->mode != MODE_ENFORCE ||
	    same_profiles(&stage->decision.selection, live))
		return 0;
	return err_refuse(
		err, EPERM,
		"container %s refused: other profiles apply to it than when it was "
		"admitted: its labels, or the profiles, were changed in between (start it "
		"again, and let no later hook change its labels)",
		Q(stage->decision.identity.name));
}

static int confirm(struct stage *stage, struct err *err)
{
	int r;

	r = check_profiles(stage, err);
	if (r == 0 && stage->decision.selection.exempt)
		return keep_live(stage, err);
	if (r == 0)
		r = outcome_check(&stage->decision, &stage->question, err);
	if (r == 0)
		r = check_unchanged(stage, err);
	if (r == 0)
		r = set_network(stage, err);
	/* Everything above was looked up by pid: is it still the same process? */
	if (r == 0 && !process_lives(&stage->process))
		r = err_system(err, ESRCH, "the container's process %d is gone",
			       (int)stage->process.pid);
	if (r == 0)
		r = keep_live(stage, err);
	if (r == 0)
		r = attest(stage, err);
	if (r < 0)
		undo(stage);
	else if (stage->told.class != ERR_NONE)
		outcome_warn(stage->decision.identity.name, &stage->told);
	return r;
}

/* *ret_denied: the refusal at precreate has been recorded there, and is not recorded here again. */
static void read_admission(struct stage *stage, bool *ret_denied)
{
	struct err ignored = { 0 };
	bool known = live_read(stage->host->state_dir, stage->state.id, &stage->admission,
			       &ignored) == 0;

	stage->has_admission = known && stage->admission.state == LIVE_ADMITTED;
	*ret_denied = known && stage->admission.state == LIVE_DENIED;
}

static int decide_and_confirm(struct stage *stage, struct err *err)
{
	struct err earlier = { 0 }, ignored = { 0 };
	bool refused = check_refused_earlier(stage, &earlier) < 0, recorded;
	int r;

	read_admission(stage, &recorded);
	if (refused && recorded) {
		(void)live_remove(stage->host->state_dir, stage->state.id, &ignored);
		*err = earlier;
		return -EPERM;
	}
	r = outcome_follow(stage->has_admission ? &stage->admission : NULL, &stage->question, err);
	if (r < 0)
		return outcome_of_unread(stage->host, &stage->question, err);
	r = decide(stage->host, &stage->question, &stage->decision, err);
	if (r < 0)
		return outcome_of_error(stage->host, &stage->decision, &stage->question, err);
	stage->effective = decision_host(stage->host, &stage->decision);
	if (refused) {
		*err = earlier;
		r = -EPERM;
	} else {
		r = confirm(stage, err);
	}
	if (r < 0)
		outcome_refuse(stage->host, &stage->decision, &stage->question, err);
	return r;
}

int stage_create_runtime(const struct host *host, struct err *err)
{
	_cleanup_(stage_done) struct stage stage = {
		.host = host,
		.process.pidfd = -1,
		.bundle.dirfd = -1,
		.netns = -1,
	};
	int r;

	r = state_read(STDIN_FILENO, &stage.state, err);
	if (r < 0)
		return outcome_of_unread(host, &(struct question){ .stage = "createRuntime" }, err);
	stage.question = (struct question){
		.stage = "createRuntime",
		.id = stage.state.id,
		.bundle = stage.state.bundle,
		.inherits_from = getppid(),
	};
	r = process_open(stage.state.pid, &stage.process, err);
	if (r == 0)
		r = bundle_open(stage.state.bundle, "config.json", &stage.bundle, err);
	if (r < 0)
		return outcome_of_unread(host, &stage.question, err);
	stage.question.config = stage.bundle.config;
	return decide_and_confirm(&stage, err);
}
