/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision, the same for both doors.
 */
#include "hooks/decision.h"

#include <errno.h>

#include "audit/actor.h"
#include "hooks/apart.h"
#include "hooks/break_glass.h"
#include "hooks/facts.h"
#include "hooks/labels.h"
#include "hooks/outcome.h"

/* Docker's and podman's short form of an id, which `podman ps` shows. */
#define SHORT_ID_LEN 12
/* Labels beyond these are counted, not recorded: Kubernetes objects carry their own history. */
#define LABELS_RECORDED_MAX      64
#define LABEL_VALUE_RECORDED_MAX 256
/* Changes beyond these are counted. */
#define CHANGES_RECORDED_MAX 500
/* Of a program that is executed: a path, and not a text that somebody has put there. */
#define PROGRAM_RECORDED_MAX 256
#define PROGRAM_SAID_MAX     64

int record_identity(struct record *record, const struct identity *identity, struct err *err)
{
	const struct {
		const char *field, *text;
	} members[] = {
		{ "IMAGE_NAME", identity->image },
		{ "COAMING_IMAGE_ID", identity->image_id },
		{ "COAMING_IMAGE_DIGEST", identity->image_digest },
		{ "COAMING_ENGINE", identity->engine },
		{ "COAMING_POD", identity->pod },
		{ "COAMING_POD_NAMESPACE", identity->pod_namespace },
		{ "COAMING_POD_UID", identity->pod_uid },
		{ "COAMING_POD_CONTAINER", identity->pod_container },
	};
	int r;

	r = record_addn(record, "CONTAINER_ID", identity->id, strnlen(identity->id, SHORT_ID_LEN),
			err);
	if (r == 0)
		r = record_add(record, "CONTAINER_ID_FULL", identity->id, err);
	if (r == 0)
		r = record_add(record, "CONTAINER_NAME", identity->name, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		if (members[i].text)
			r = record_add(record, members[i].field, members[i].text, err);
	}
	return r;
}

int record_labels(struct record *record, const struct labels *labels, struct err *err)
{
	int r;

	for (size_t i = 0; i < labels->n && i < LABELS_RECORDED_MAX; i++) {
		const struct label *label = &labels->v[i];

		r = record_addf(record, err, "COAMING_LABEL", "%s=%.*s", label->key,
				LABEL_VALUE_RECORDED_MAX, label->value);
		if (r == 0)
			r = record_addf(record, err, "COAMING_LABEL_SOURCE", "%s=%s", label->key,
					label_source_name(label->source));
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < labels->n_dropped && i < LABELS_RECORDED_MAX; i++) {
		r = record_addf(record, err, "COAMING_LABEL_DROPPED", "%s=%.*s",
				labels->dropped[i].key, LABEL_VALUE_RECORDED_MAX,
				labels->dropped[i].value);
		if (r < 0)
			return r;
	}
	if (labels->n <= LABELS_RECORDED_MAX)
		return 0;
	return record_addf(record, err, "COAMING_LABELS_OMITTED", "%zu",
			   labels->n - LABELS_RECORDED_MAX);
}

/*
 * "configured": it is "evidenced" only by an attestation that read it back from the kernel. Under
 * break-glass no control is met, whatever the floor still takes.
 */
static int record_controls(struct record *record, const struct selection *selection,
			   bool break_glass, struct err *err)
{
	int r;

	for (size_t i = 0; i < selection->n; i++) {
		const struct profile *profile = selection->v[i].profile;
		const char *state = break_glass || selection->v[i].mode == MODE_AUDIT ? "audited"
				    : profile_has_mode(profile, MODE_AUDIT) ? "configured in part"
									    : "configured";

		for (size_t c = 0; c < profile->n_controls; c++) {
			r = record_addf(record, err, "COAMING_CONTROL", "%s %s",
					profile->controls[c], state);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int record_profiles(struct record *record, const struct decision *decision, struct err *err)
{
	const struct selection *selection = &decision->selection;
	int r;

	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *selected = &selection->v[i];

		r = record_add(record, "COAMING_PROFILE", selected->profile->name, err);
		if (r == 0)
			r = record_addf(record, err, "COAMING_PROFILE_WHY", "%s=%s %s %s",
					selected->profile->name, why_name(selected->why),
					mode_name(selected->mode), selected->profile->digest);
		if (r < 0)
			return r;
	}
	return record_controls(record, selection, decision->break_glass != NULL, err);
}

static int record_changes(struct record *record, const struct changes *changes, struct err *err)
{
	int r;

	for (size_t i = 0; i < changes->n && i < CHANGES_RECORDED_MAX; i++) {
		const struct change *change = &changes->v[i];

		r = record_addf(record, err, "COAMING_CHANGE", "%s%s%s: %s (%s)",
				change->audit ? "would: " : "", change->refusal ? "refusal: " : "",
				section_name(change->section), change->what, change->by);
		if (r < 0)
			return r;
	}
	if (changes->n <= CHANGES_RECORDED_MAX)
		return 0;
	return record_addf(record, err, "COAMING_CHANGES_OMITTED", "%zu",
			   changes->n - CHANGES_RECORDED_MAX);
}

static int64_t elapsed_usec(const struct timespec *since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)(now.tv_sec - since->tv_sec) * 1000000 +
	       (now.tv_nsec - since->tv_nsec) / 1000;
}

static size_t count_changes(const struct changes *changes, bool audit)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++) {
		if (changes->v[i].audit == audit && !changes->v[i].refusal)
			n++;
	}
	return n;
}

static int write_profiles(const struct selection *selection, struct buf *out)
{
	for (size_t i = 0; i < selection->n; i++)
		buf_addf(out, "%s%s", i ? ", " : "", selection->v[i].profile->name);
	if (selection->n == 0)
		buf_adds(out, "no profile");
	return buf_status(out);
}

bool question_is_exec(const struct question *question)
{
	return streq(question->stage, "exec");
}

/* "exec of sh", with what else of it matters. */
static void write_executed(const struct executed *x, struct buf *out)
{
	if (!x) {
		buf_adds(out, "exec ");
		return;
	}
	buf_addf(out, "%sexec of %s ", x->privileged ? "privileged " : "",
		 QN(x->program, strnlen(x->program, PROGRAM_SAID_MAX)));
}

/* The one plain sentence that `journalctl` shows. */
static int record_message(struct record *record, const struct decision *decision,
			  const struct question *question, const char *outcome, const char *reason,
			  struct err *err)
{
	const struct verdict *verdict = &decision->verdict;
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text,
		 "container %s: ", QN(decision->identity.name, strlen(decision->identity.name)));
	if (question_is_exec(question))
		write_executed(question->executed, &text);
	if (streq(outcome, "accept") || streq(outcome, "would-refuse")) {
		buf_adds(&text, "accepted under ");
		(void)write_profiles(&decision->selection, &text);
		buf_addf(&text, ", %zu restrictions", count_changes(&verdict->changes, false));
		if (count_changes(&verdict->changes, true) > 0)
			buf_addf(&text, ", %zu more would have been (audit)",
				 count_changes(&verdict->changes, true));
		if (reason)
			buf_addf(&text, "; would have been refused (audit): %s", reason);
	} else {
		buf_addf(&text, "%s: %s", streq(outcome, "exempt") ? "exempt" : "refused",
			 reason ? reason : "");
	}
	if (decision->break_glass)
		buf_addf(&text, "; under break-glass %s", decision->break_glass);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return record_addn(record, "MESSAGE", text.data, text.len, err);
}

static enum mode mode_of(const struct decision *decision)
{
	for (size_t i = 0; i < decision->selection.n; i++) {
		if (decision->selection.v[i].mode == MODE_ENFORCE)
			return MODE_ENFORCE;
	}
	return decision->selection.n > 0 ? MODE_AUDIT : MODE_ENFORCE;
}

static int record_circumstances(struct record *record, const struct decision *decision,
				const struct question *question, const char *digest,
				struct err *err)
{
	int r = 0;

	if (question->runtime)
		r = record_add(record, "COAMING_RUNTIME", question->runtime, err);
	if (r == 0 && question->bundle)
		r = record_add(record, "COAMING_BUNDLE", question->bundle, err);
	if (r == 0 && decision->verdict.policy_digest[0])
		r = record_add(record, "COAMING_POLICY_DIGEST", decision->verdict.policy_digest,
			       err);
	if (r == 0 && digest)
		r = record_add(record, "COAMING_CONFIG_DIGEST", digest, err);
	if (r == 0)
		r = actor_add(record, err);
	if (r == 0)
		r = record_addf(record, err, "COAMING_DURATION_USEC", "%lld",
				(long long)elapsed_usec(&decision->started));
	return r;
}

static const char *privileges_of(const struct executed *x)
{
	return !x->privileged ? "none" : x->given ? "given" : "taken";
}

/* Text that nobody can tell to be the program's name is cut: a shell may be given as one word. */
static int record_executed(struct record *record, const struct executed *x, bool refused,
			   struct err *err)
{
	int r;

	if (!x)
		return 0;
	r = record_addn(record, "COAMING_EXEC_PROGRAM", x->program,
			strnlen(x->program, PROGRAM_RECORDED_MAX), err);
	if (r == 0)
		r = record_addf(record, err, "COAMING_EXEC_ARGUMENTS", "%zu", x->n_args);
	if (r == 0)
		r = record_add(record, "COAMING_EXEC_DIGEST", x->digest, err);
	if (r == 0)
		r = record_addf(record, err, "COAMING_EXEC_UID", "%llu",
				(unsigned long long)x->uid);
	if (r == 0)
		r = record_add(record, "COAMING_EXEC_TTY", x->terminal ? "yes" : "no", err);
	if (r == 0)
		r = record_add(record, "COAMING_EXEC_PRIVILEGED", x->privileged ? "yes" : "no",
			       err);
	if (r == 0 && !refused)
		r = record_add(record, "COAMING_EXEC_PRIVILEGES", privileges_of(x), err);
	return r;
}

int decision_refusal(const struct decision *decision, bool audit, struct buf *out)
{
	const struct changes *changes = &decision->verdict.changes;
	bool any = false;

	for (size_t i = 0; i < changes->n; i++) {
		const struct change *change = &changes->v[i];

		if (!change->refusal || change->audit != audit)
			continue;
		buf_addf(out, "%s%s%s: %s", any ? "; " : "",
			 streq(change->by, "host") ? "" : "profile ", change->by, change->what);
		if (change->remedy)
			buf_addf(out, " (%s)", change->remedy);
		any = true;
	}
	buf_adds(out, "");
	return buf_status(out);
}

int decision_record(const struct decision *decision, const struct question *question,
		    enum event event, const char *outcome, const char *reason, const char *digest,
		    struct record *ret, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	int r;

	r = record_start(&record, event, err);
	if (r == 0)
		r = record_break_glass(&record, decision->break_glass, err);
	if (r == 0)
		r = record_message(&record, decision, question, outcome, reason, err);
	if (r == 0)
		r = record_identity(&record, &decision->identity, err);
	if (r == 0)
		r = record_add(&record, "COAMING_OUTCOME", outcome, err);
	if (r == 0)
		r = record_add(&record, "COAMING_MODE", mode_name(mode_of(decision)), err);
	if (r == 0)
		r = record_add(&record, "COAMING_STAGE", question->stage, err);
	if (r == 0 && reason)
		r = record_add(&record, "COAMING_REASON", reason, err);
	if (r == 0)
		r = record_executed(&record, question->executed, streq(outcome, "refuse"), err);
	if (r == 0)
		r = record_profiles(&record, decision, err);
	if (r == 0)
		r = record_changes(&record, &decision->verdict.changes, err);
	if (r == 0)
		r = record_labels(&record, &decision->labels, err);
	if (r == 0)
		r = record_circumstances(&record, decision, question, digest, err);
	if (r < 0)
		return r;
	*ret = record;
	record = (struct record){ 0 };
	return 0;
}

void decision_done(struct decision *decision)
{
	verdict_done(&decision->verdict);
	facts_done(&decision->facts);
	selection_done(&decision->selection);
	store_free(&decision->store);
	labels_done(&decision->labels);
	identity_done(&decision->identity);
	free(decision->break_glass);
	*decision = (struct decision){ 0 };
}

/* ---- break-glass ---- */

bool decision_audits(const struct decision *decision, const struct host *host)
{
	return host->mode == MODE_AUDIT ||
	       (decision->break_glass && !host->break_glass.floor_is_spared);
}

/* What is open, if it may count here. What cannot be read opens nothing, and is told. */
static bool find_break_glass(const struct host *host, const struct question *question,
			     struct break_glass *ret)
{
	enum break_glass_state state = BREAK_GLASS_NONE;
	struct err why = { 0 };

	if (question->break_glass != BREAK_GLASS_ASKED)
		return false;
	if (break_glass_read(host, ret, &state, &why) < 0)
		outcome_warn("break-glass counts for nothing", &why);
	else if (state == BREAK_GLASS_OVER)
		break_glass_expire(host);
	return state == BREAK_GLASS_OPEN;
}

static int take_break_glass(const struct break_glass *glass, struct decision *decision,
			    struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	break_glass_describe(glass, &text);
	decision->break_glass = buf_take(&text);
	return decision->break_glass ? 0 : err_oom(err);
}

/* The host's configuration as it counts for this container. */
struct host decision_host(const struct host *host, const struct decision *decision)
{
	struct host effective = *host; /* all that it points to is the host's */

	if (decision->break_glass && host->mode != MODE_AUDIT) {
		effective.mode = MODE_AUDIT;
		effective.audit_spares_floor = host->break_glass.floor_is_spared;
	}
	return effective;
}

/*
 * Labels, and break-glass, whose selector may need them: one for every container counts also where
 * they cannot be read.
 */
static int read_labels(const struct host *host, const struct question *question,
		       struct decision *ret, struct err *err)
{
	const struct labels_request request = { host, question->config, question->bundle };
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	bool open = find_break_glass(host, question, &glass);
	int r = 0;

	if (question->break_glass == BREAK_GLASS_HELD) {
		ret->break_glass = strdup(question->break_glass_held);
		r = ret->break_glass ? 0 : err_oom(err);
	} else if (open && glass.selector.n == 0) {
		r = take_break_glass(&glass, ret, err);
	}
	/* Before any label is read: "Annotations" beside "annotations" would hide them. */
	if (r == 0)
		r = config_check_keys(question->config, err);
	if (r == 0)
		r = labels_find(&request, &ret->identity, &ret->labels, err);
	if (r == 0 && open && !ret->break_glass && break_glass_covers(&glass, &ret->labels))
		r = take_break_glass(&glass, ret, err);
	return r;
}

/* An exemption is the host's own word, and asks for no other. */
static void drop_where_exempt(struct decision *decision)
{
	if (!decision->selection.exempt)
		return;
	free(decision->break_glass);
	decision->break_glass = NULL;
}

int decide_profiles(const struct host *host, const struct question *question, struct decision *ret,
		    struct err *err)
{
	const struct doc *config = question->config;
	struct metadata metadata;
	struct host effective;
	int r;

	*ret = (struct decision){ 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &ret->started);
	r = identity_find(config, question->id, question->bundle, &ret->identity, err);
	if (r < 0)
		return r;
	r = read_labels(host, question, ret, err);
	effective = decision_host(host, ret);
	if (r == 0)
		r = store_open(host, &ret->store, err);
	metadata = (struct metadata){ &ret->labels, ret->identity.image };
	if (r == 0)
		r = select_profiles(&effective, ret->store, &metadata, &ret->selection, err);
	drop_where_exempt(ret);
	return r;
}

int decide(const struct host *host, const struct question *question, struct decision *ret,
	   struct err *err)
{
	const struct doc *config = question->config;
	struct host effective;
	int r;

	r = decide_profiles(host, question, ret, err);
	effective = decision_host(host, ret);
	if (r == 0)
		r = facts_from_host(config, question->bundle, question->inherits_from, &ret->facts,
				    err);
	ret->facts.restored = streq(question->stage, "restore");
	if (r == 0)
		r = policy_decide(&effective, &ret->selection, config, &ret->facts, &ret->verdict,
				  err);
	if (r == 0)
		r = apart_judge(host, question, ret, err);
	return r;
}
