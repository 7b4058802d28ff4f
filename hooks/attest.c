/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation, and the record of it.
 */
#include "hooks/attest.h"

#include <errno.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>

#include "hooks/break_glass.h"
#include "hooks/decision.h"

static const char *const result_names[] = {
	[ATTEST_MISMATCH] = "mismatch",
	[ATTEST_UNPROVEN] = "unproven",
	[ATTEST_MATCH] = "match",
};
static_assert(ARRAY_SIZE(result_names) == ATTEST_RESULTS_, "a name a result");

const char *attest_result_name(enum attest_result result)
{
	return result_names[result];
}

/* ---- taking it ---- */

static int64_t now_usec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void set_digest(struct attestation *a)
{
	struct iovec pieces[PROOF_POINTS_];

	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		pieces[i] = (struct iovec){
			.iov_base = a->proof.at[i].digest,
			.iov_len = strlen(a->proof.at[i].digest),
		};
	}
	sha256_hex(a->digest, pieces, PROOF_POINTS_);
}

int attest_take(const struct process *process, const struct proof_wanted *wanted,
		struct attestation *ret)
{
	int64_t begin = now_usec();
	int r;

	*ret = (struct attestation){ .result = ATTEST_UNPROVEN };
	r = proof_take(process, wanted, &ret->proof, &ret->why);
	ret->usec = now_usec() - begin;
	if (r == -ESRCH) {
		err_clear(&ret->why);
		return r;
	}
	if (r < 0)
		return 0;
	set_digest(ret);
	if (proof_count(&ret->proof, PROOF_MISMATCH) > 0)
		ret->result = ATTEST_MISMATCH;
	else if (proof_holds(&ret->proof))
		ret->result = ATTEST_MATCH;
	return 0;
}

void attestation_done(struct attestation *attestation)
{
	proof_done(&attestation->proof);
	*attestation = (struct attestation){ 0 };
}

/* ---- what is not as it should be ---- */

static bool is_finding(const struct proof_finding *finding)
{
	/* Without text: of a proof that was not taken. */
	return finding->is &&
	       (finding->state == PROOF_MISMATCH || finding->state == PROOF_NOT_POSSIBLE);
}

static void write_finding(const struct proof *proof, enum proof_point point, struct buf *out)
{
	const struct proof_finding *finding = &proof->at[point];

	buf_addf(out, "%s: ", proof_point_name(point));
	if (finding->state == PROOF_MISMATCH)
		buf_addf(out, "wanted %s, is %s", finding->wanted, finding->is);
	else
		buf_addf(out, "cannot be proved: %s", finding->is);
}

/* A mismatch says more than what could not be looked at. */
static bool find_first(const struct proof *proof, enum proof_point *ret)
{
	static const enum proof_state order[] = { PROOF_MISMATCH, PROOF_NOT_POSSIBLE };

	for (size_t s = 0; s < ARRAY_SIZE(order); s++) {
		for (size_t i = 0; i < PROOF_POINTS_; i++) {
			if (is_finding(&proof->at[i]) && proof->at[i].state == order[s]) {
				*ret = (enum proof_point)i;
				return true;
			}
		}
	}
	return false;
}

int attest_reason(const struct attestation *a, struct buf *out)
{
	enum proof_point first;

	if (a->why.class != ERR_NONE)
		buf_adds(out, a->why.text);
	else if (find_first(&a->proof, &first))
		write_finding(&a->proof, first, out);
	else
		buf_adds(out, "");
	return buf_status(out);
}

void attest_findings_digest(const struct attestation *a, char out[SHA256_HEX])
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_adds(&text, a->why.text);
	for (size_t i = 0; i < PROOF_POINTS_; i++) {
		if (is_finding(&a->proof.at[i]))
			write_finding(&a->proof, (enum proof_point)i, &text);
	}
	/* Cut short for want of memory it is another one: then it is recorded once more. */
	sha256_hex1(out, text.data ? text.data : "", text.data ? text.len : 0);
}

/* ---- the record ---- */

static int add_points(struct record *record, const struct attestation *a, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PROOF_POINTS_; i++) {
		const struct proof_finding *finding = &a->proof.at[i];
		_cleanup_buf_ struct buf text = { 0 };

		if (finding->state == PROOF_MATCH)
			r = record_add(record, "COAMING_PROVED",
				       proof_point_name((enum proof_point)i), err);
		if (r < 0 || !is_finding(finding))
			continue;
		write_finding(&a->proof, (enum proof_point)i, &text);
		r = buf_status(&text) < 0 ? err_oom(err)
					  : record_add(record, "COAMING_FINDING", text.data, err);
	}
	return r;
}

static int add_message(struct record *record, const struct attest_subject *subject,
		       const struct attestation *a, enum event event, struct err *err)
{
	static const char *const what[] = {
		[ATTEST_MISMATCH] = "not confined as admitted",
		[ATTEST_UNPROVEN] = "its confinement is not proved",
	};
	_cleanup_buf_ struct buf reason = { 0 };
	size_t findings;
	int r;

	if (a->result == ATTEST_MATCH)
		return record_addf(record, err, "MESSAGE",
				   "container %s: confined as admitted, read back from the kernel: "
				   "%zu points",
				   Q(subject->live->identity.name),
				   proof_count(&a->proof, PROOF_MATCH));
	if (attest_reason(a, &reason) < 0)
		return err_oom(err);
	findings =
		proof_count(&a->proof, PROOF_MISMATCH) + proof_count(&a->proof, PROOF_NOT_POSSIBLE);
	r = record_addf(record, err, "MESSAGE", "container %s: %s%s%s: %s%s",
			Q(subject->live->identity.name), subject->killed ? "killed, " : "",
			event == EVENT_DRIFT ? "no longer " : "",
			event == EVENT_DRIFT && a->result == ATTEST_MISMATCH
				? "confined as admitted"
				: what[a->result],
			reason.data, a->why.class == ERR_NONE && findings > 1 ? ", and more" : "");
	return r < 0 ? r : record_add(record, "COAMING_REASON", reason.data, err);
}

static int add_subject(struct record *record, const struct attest_subject *subject, struct err *err)
{
	const struct live *live = subject->live;
	int r;

	r = record_identity(record, &live->identity, err);
	if (r == 0)
		r = record_add(record, "COAMING_MODE", mode_name(live->mode), err);
	if (r == 0)
		r = record_add(record, "COAMING_STAGE", subject->stage, err);
	for (size_t i = 0; r == 0 && i < live->n_profiles; i++)
		r = record_add(record, "COAMING_PROFILE", live->profiles[i], err);
	if (r == 0)
		r = record_break_glass(record, live->break_glass, err);
	if (r == 0 && live->config_digest[0])
		r = record_add(record, "COAMING_CONFIG_DIGEST", live->config_digest, err);
	if (r == 0 && live->netns)
		r = record_addf(record, err, "COAMING_NETNS", "%llu",
				(unsigned long long)live->netns);
	if (r == 0 && subject->table)
		r = record_add(record, "COAMING_NFT_TABLE", subject->table, err);
	if (r == 0 && subject->killed)
		r = record_add(record, "COAMING_KILLED", "yes", err);
	return r;
}

/* Of an attestation that failed where it counts, the journal is told at once. */
static int urgency_of(const struct attest_subject *subject)
{
	return subject->live->mode == MODE_ENFORCE ? LOG_CRIT : LOG_WARNING;
}

int attest_record(const struct attest_subject *subject, const struct attestation *a,
		  enum event event, struct record *ret, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	int r;

	r = record_start(&record, event, err);
	if (r == 0 && a->result != ATTEST_MATCH)
		record_raise(&record, urgency_of(subject));
	if (r == 0)
		r = add_message(&record, subject, a, event, err);
	if (r == 0)
		r = record_add(&record, "COAMING_OUTCOME", attest_result_name(a->result), err);
	if (r == 0)
		r = add_subject(&record, subject, err);
	if (r == 0)
		r = add_points(&record, a, err);
	if (r == 0 && a->digest[0])
		r = record_add(&record, "COAMING_PROOF_DIGEST", a->digest, err);
	if (r == 0)
		r = record_addf(&record, err, "COAMING_DURATION_USEC", "%lld", (long long)a->usec);
	if (r < 0)
		return r;
	*ret = record;
	record = (struct record){ 0 };
	return 0;
}
