/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a decision.
 */
#include "hooks/outcome.h"

#include <errno.h>
#include <syslog.h>

#include "audit/evidence.h"
#include "hooks/break_glass.h"
#include "hooks/process.h"
#include "hooks/register.h"
#include "lib/hash.h"
#include "lib/strv.h"

void outcome_warn(const char *what, const struct err *err)
{
	/* The one place besides main() that prints. */
	(void)fprintf(stderr, "coaming: %s: %s\n", what, err->text);
}

void outcome_warn_late(const struct store *store)
{
	const char *name = store ? store_late(store) : NULL;
	char what[PROFILE_NAME_MAX + 16];
	struct err why = { 0 };

	if (!name)
		return;
	(void)snprintf(what, sizeof(what), "profile %s", name);
	(void)err_input(&why, ESTALE,
			"it was edited in place, which is seen only now: containers that started "
			"since may have been chosen by its old \"match\" (see coaming-reload(1))");
	outcome_warn(what, &why);
}

/*
 * The live file is for those who come later: the hooks. The runtime's door puts hooks only into a
 * container to which a profile applies, an exemption, or a data class, so that nobody would ever
 * remove the file of another.
 */
static bool is_followed(const struct host *host, const struct decision *decision,
			const struct question *question)
{
	if (question_is_exec(question))
		return false;
	return decision->selection.exempt || register_is_needed(host, decision) ||
	       streq(question->stage, "precreate") || streq(question->stage, "createRuntime");
}

/*
 * Is there a container of that id already? The runtime will refuse the new one; what is known of
 * the old one must stay, or nobody cleans up after it.
 */
static bool is_running(const struct host *host, const char *id)
{
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };
	uint64_t start_time;

	return live_read(host->state_dir, id, &live, &ignored) == 0 && live.state == LIVE_CREATED &&
	       process_start_time(live.pid, &start_time, &ignored) == 0 &&
	       start_time == live.start_time;
}

static int write_live(const struct host *host, const struct decision *decision,
		      const struct question *question, enum live_state state, struct err *err)
{
	const struct exemption *exempt = decision->selection.exempt;
	struct live live = {
		.identity = decision->identity, /* borrowed */
		.bundle = (char *)(uintptr_t)question->bundle,
		.state = state,
		.by_precreate = streq(question->stage, "precreate"),
		.mode = exempt ? host->mode : decision->verdict.mode,
		.break_glass = decision->break_glass, /* borrowed */
		.exempt = state != LIVE_DENIED && exempt ? exempt->reason : NULL,
		.time = time(NULL),
		.restored = streq(question->stage, "restore"),
	};
	int r = 0;

	if (decision->identity.id[0] == '\0' || !is_followed(host, decision, question))
		return 0;
	if (!streq(question->stage, "createRuntime") && is_running(host, decision->identity.id))
		return 0;
	for (size_t i = 0; r == 0 && i < decision->selection.n; i++)
		r = strv_add(&live.profiles, &live.n_profiles,
			     decision->selection.v[i].profile->name, err);
	if (r == 0)
		r = live_write(host->state_dir, &live, err);
	strv_free(&live.profiles, &live.n_profiles);
	return r;
}

/* Only a refusal at precreate has somebody coming after it, who must not record it again. */
static int mark_refused(const struct host *host, const struct decision *decision,
			const struct question *question, struct err *err)
{
	if (streq(question->stage, "precreate"))
		return write_live(host, decision, question, LIVE_DENIED, err);
	if (question_is_exec(question) || is_running(host, decision->identity.id))
		return 0;
	return live_remove(host->state_dir, decision->identity.id, err);
}

/* What is executed in a container has an event of its own, whatever becomes of it. */
static enum event event_of(const struct question *question, enum event of_start)
{
	return question_is_exec(question) ? EVENT_EXEC : of_start;
}

static const char *subject_of(const struct question *question)
{
	return question_is_exec(question) ? "exec in container" : "container";
}

static int keep(const struct host *host, const struct decision *decision,
		const struct question *question, enum event event, const char *outcome,
		const char *reason, const char *digest, enum purpose purpose, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	enum kept kept = KEPT_NOWHERE;
	struct err doubt = { 0 };
	int r;

	outcome_warn_late(decision->store);
	r = decision_record(decision, question, event_of(question, event), outcome, reason, digest,
			    &record, err);
	if (r == 0 && purpose == FOR_REFUSAL)
		record_raise(&record, LOG_CRIT);
	if (r < 0)
		return r;
	r = evidence_keep(&host->keeping, &record, purpose, &kept, &doubt);
	if (r < 0) {
		*err = doubt;
		return r;
	}
	/* What only waits for the journal is no news; and what is to be passed over has no text. */
	if (kept != KEPT_LEDGER && doubt.class != ERR_NONE)
		outcome_warn(kept == KEPT_NOWHERE        ? "not recorded"
			     : kept == KEPT_JOURNAL_ONLY ? "recorded in the journal alone"
							 : "recorded, but",
			     &doubt);
	return 0;
}

int outcome_accept(const struct host *host, const struct decision *decision,
		   const struct question *question, const char *config, size_t len,
		   enum live_state state, struct err *err)
{
	const struct exemption *exempt = decision->selection.exempt;
	bool would = decision->verdict.would_refuse;
	/* Of an exemption, or break-glass, the record is all there is: unrecorded, it is none. */
	bool enforced = exempt ? host->mode == MODE_ENFORCE
			       : decision->break_glass || (decision->verdict.mode == MODE_ENFORCE &&
							   decision->selection.n > 0);
	_cleanup_buf_ struct buf reason = { 0 };
	char digest[SHA256_HEX];
	struct err failed = { 0 };
	int r;

	if (config)
		sha256_hex1(digest, config, len);
	if (would && decision_refusal(decision, true, &reason) < 0)
		return err_oom(err);
	r = keep(host, decision, question, exempt ? EVENT_EXEMPT : EVENT_ADMIT,
		 exempt  ? "exempt"
		 : would ? "would-refuse"
			 : "accept",
		 exempt  ? exempt->reason
		 : would ? reason.data
			 : NULL,
		 config ? digest : NULL, enforced ? FOR_START : FOR_INFORMATION, &failed);
	if (r < 0 && !enforced) {
		outcome_warn(decision->identity.name, &failed);
		err_clear(&failed);
		r = 0;
	}
	if (r == 0)
		r = write_live(host, decision, question, state, &failed);
	if (r < 0 && !enforced) {
		outcome_warn(decision->identity.name, &failed);
		return 0;
	}
	if (r < 0) {
		*err = failed;
		err_context(err, "%s %s refused", subject_of(question), Q(decision->identity.name));
	}
	return r;
}

/* The record has the container's name in a field of its own. */
static const char *without_subject(const char *text, const struct question *question,
				   const char *name)
{
	char subject[QUOTE_MAX + 32];

	(void)snprintf(subject, sizeof(subject), "%s %s refused: ", subject_of(question), Q(name));
	return starts_with(text, subject) ? text + strlen(subject) : text;
}

void outcome_refuse(const struct host *host, const struct decision *decision,
		    const struct question *question, struct err *why)
{
	struct err failed = { 0 };
	size_t len;
	int r;

	if (!decision->identity.id) /* out of memory before anything was known */
		return;
	r = keep(host, decision, question, EVENT_DENY, "refuse",
		 without_subject(why->text, question, decision->identity.name), NULL, FOR_REFUSAL,
		 &failed);
	if (r == 0)
		r = mark_refused(host, decision, question, &failed);
	if (r == 0)
		return;
	len = strlen(why->text);
	(void)snprintf(why->text + len, sizeof(why->text) - len, "; also: %.*s",
		       (int)(sizeof(why->text) / 2), failed.text);
}

/* What cannot be recorded does not start under break-glass. */
static int refuse_unrecorded(const struct host *host, const struct decision *decision,
			     const struct question *question, const struct err *failed,
			     struct err *why)
{
	*why = *failed;
	err_context(why, "container %s refused", Q(decision->identity.name));
	outcome_refuse(host, decision, question, why);
	return -EPERM;
}

int outcome_of_error(const struct host *host, const struct decision *decision,
		     const struct question *question, struct err *why)
{
	struct err failed = { 0 };
	char what[64];

	if (why->class == ERR_NONE)
		return 0;
	if (decision->identity.name)
		err_context(why, "%s %s refused", subject_of(question), Q(decision->identity.name));
	if (!decision_audits(decision, host) || !decision->identity.id) {
		outcome_refuse(host, decision, question, why);
		return -EPERM;
	}
	if (keep(host, decision, question, EVENT_ADMIT, "would-refuse",
		 without_subject(why->text, question, decision->identity.name), NULL,
		 decision->break_glass ? FOR_START : FOR_INFORMATION, &failed) < 0) {
		if (decision->break_glass)
			return refuse_unrecorded(host, decision, question, &failed, why);
		outcome_warn(decision->identity.name, &failed);
	}
	(void)snprintf(what, sizeof(what), "%s, %s unchanged",
		       decision->break_glass ? "break-glass" : "audit mode",
		       question_is_exec(question) ? "executed" : "started");
	outcome_warn(what, why);
	err_clear(why);
	return 0;
}

/* Can no profile apply to anything on this host, nor to a container of this id that runs? */
static bool nothing_applies(const struct host *host, const char *id)
{
	_cleanup_store_ struct store *store = NULL;
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };
	char **names = NULL;
	size_t n = 0;
	bool none;
	int r;

	if (host->n_floor > 0 || host->default_profile ||
	    (id && live_read(host->state_dir, id, &live, &ignored) != -ENOENT))
		return false;
	r = store_open(host, &store, &ignored);
	if (r == 0)
		r = store_names(store, &names, &n, &ignored);
	none = r == 0 && n == 0;
	strv_free(&names, &n);
	return none;
}

int outcome_of_call(const struct host *host, const struct question *question, struct err *why)
{
	if (!nothing_applies(host, question->id))
		return outcome_of_unread(host, question, why);
	err_clear(why);
	return 0;
}

int outcome_of_unread(const struct host *host, const struct question *question, struct err *why)
{
	_cleanup_decision_ struct decision decision = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &decision.started);
	decision.identity.id = strdup(question->id ? question->id : "");
	decision.identity.name = strdup(question->id ? question->id : "unknown");
	if (!decision.identity.id || !decision.identity.name)
		return -EPERM;
	return outcome_of_error(host, &decision, question, why);
}

int outcome_follow(const struct live *admission, struct question *question, struct err *err)
{
	int64_t age;

	question->break_glass = BREAK_GLASS_ASKED;
	if (!admission)
		return 0;
	question->break_glass = BREAK_GLASS_IGNORED;
	if (!admission->break_glass)
		return 0;
	/* A clock that was set back in between makes it no younger. */
	age = time(NULL) - admission->time;
	if (age < 0 || age > BREAK_GLASS_GRACE_SECONDS)
		return err_refuse(err, ETIMEDOUT,
				  "it was admitted under break-glass (%.400s), and not made within "
				  "%d seconds: start it again",
				  admission->break_glass, BREAK_GLASS_GRACE_SECONDS);
	question->break_glass = BREAK_GLASS_HELD;
	question->break_glass_held = admission->break_glass;
	return 0;
}

int outcome_check(const struct decision *decision, const struct question *question, struct err *err)
{
	_cleanup_buf_ struct buf reason = { 0 };

	if (decision->verdict.outcome == OUTCOME_ACCEPT)
		return 0;
	if (decision_refusal(decision, false, &reason) < 0)
		return err_oom(err);
	return err_refuse(err, EPERM, "%s %s refused: %s", subject_of(question),
			  Q(decision->identity.name), reason.data);
}
