/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision, the same for both doors.
 */
#include "hooks/decision.h"

#include <errno.h>

#include "audit/actor.h"
#include "hooks/facts.h"
#include "hooks/labels.h"

/* Docker's and podman's short form of an id, which `podman ps` shows. */
#define SHORT_ID_LEN 12
/* Labels beyond these are counted, not recorded: Kubernetes objects carry their own history. */
#define LABELS_RECORDED_MAX      64
#define LABEL_VALUE_RECORDED_MAX 256
/* Changes beyond these are counted. */
#define CHANGES_RECORDED_MAX 500

int record_identity(struct record *record, const struct identity *identity, struct err *err)
{
	int r;

	r = record_addn(record, "CONTAINER_ID", identity->id, strnlen(identity->id, SHORT_ID_LEN),
			err);
	if (r == 0)
		r = record_add(record, "CONTAINER_ID_FULL", identity->id, err);
	if (r == 0)
		r = record_add(record, "CONTAINER_NAME", identity->name, err);
	if (r == 0 && identity->image)
		r = record_add(record, "IMAGE_NAME", identity->image, err);
	if (r == 0 && identity->engine)
		r = record_add(record, "COAMING_ENGINE", identity->engine, err);
	return r;
}

static int record_labels(struct record *record, const struct labels *labels, struct err *err)
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
	if (labels->n <= LABELS_RECORDED_MAX)
		return 0;
	return record_addf(record, err, "COAMING_LABELS_OMITTED", "%zu",
			   labels->n - LABELS_RECORDED_MAX);
}

/* "configured": it is "evidenced" only by an attestation that read it back from the kernel. */
static int record_controls(struct record *record, const struct selection *selection,
			   struct err *err)
{
	int r;

	for (size_t i = 0; i < selection->n; i++) {
		const struct profile *profile = selection->v[i].profile;
		const char *state = selection->v[i].mode == MODE_AUDIT      ? "audited"
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

static int record_profiles(struct record *record, const struct selection *selection,
			   struct err *err)
{
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
	return record_controls(record, selection, err);
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

/* The one plain sentence that `journalctl` shows. */
static int record_message(struct record *record, const struct decision *decision,
			  const char *outcome, const char *reason, struct err *err)
{
	const struct verdict *verdict = &decision->verdict;
	_cleanup_buf_ struct buf text = { 0 };

	buf_addf(&text,
		 "container %s: ", QN(decision->identity.name, strlen(decision->identity.name)));
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
		r = record_message(&record, decision, outcome, reason, err);
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
		r = record_profiles(&record, &decision->selection, err);
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
	*decision = (struct decision){ 0 };
}

int decide(const struct host *host, const struct question *question, struct decision *ret,
	   struct err *err)
{
	const struct doc *config = question->config;
	struct metadata metadata;
	int r;

	*ret = (struct decision){ 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &ret->started);
	r = identity_find(config, question->id, question->bundle, &ret->identity, err);
	if (r < 0)
		return r;
	/* Before any label is read: "Annotations" beside "annotations" would hide them. */
	r = config_check_keys(config, err);
	if (r == 0)
		r = labels_from_config(config, &ret->labels, err);
	if (r == 0)
		r = store_open(host, &ret->store, err);
	metadata = (struct metadata){ &ret->labels, ret->identity.image };
	if (r == 0)
		r = select_profiles(host, ret->store, &metadata, &ret->selection, err);
	if (r == 0)
		r = facts_from_host(config, question->bundle, question->inherits_from, &ret->facts,
				    err);
	ret->facts.restored = streq(question->stage, "restore");
	if (r == 0)
		r = policy_decide(host, &ret->selection, config, &ret->facts, &ret->verdict, err);
	return r;
}
