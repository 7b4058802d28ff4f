/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explanation as text for people and as JSON for programs. Both are walked through in the same
 * order: labels, profiles, changes, firewall, verdict.
 */
#include "cli/explain.h"

#include "lib/emit.h"

static const char *const reasons[] = {
	[WHY_FLOOR] = "in the host's floor",
	[WHY_MATCH] = "its selector matches the labels",
	[WHY_NAMED] = "named by its label io.coaming.profile",
	[WHY_DEFAULT] = "the host's default, since nothing else applies",
	[WHY_EXTENDED] = "a profile that applies extends it",
};
static_assert(ARRAY_SIZE(reasons) == WHYS_, "a reason a why");

bool explanation_refuses(const struct explanation *x)
{
	return x->refusal.class != ERR_NONE || x->verdict.outcome == OUTCOME_REFUSE;
}

static const char *outcome_word(const struct explanation *x)
{
	if (explanation_refuses(x))
		return "refuse";
	if (x->selection.exempt)
		return "exempt";
	return x->verdict.would_refuse ? "would-refuse" : "accept";
}

static void text_labels(const struct labels *labels)
{
	puts("Labels");
	if (labels->n == 0)
		puts("  none");
	for (size_t i = 0; i < labels->n; i++)
		printf("  %s = %s (%s)\n", Q(labels->v[i].key), Q(labels->v[i].value),
		       label_source_name(labels->v[i].source));
}

static const char *mode_word(const struct selected *s)
{
	if (s->mode == MODE_AUDIT)
		return "audit";
	return profile_has_mode(s->profile, MODE_AUDIT) ? "enforce, in part audit" : "enforce";
}

static void text_profiles(const struct selection *selection)
{
	puts("Profiles");
	if (selection->exempt)
		printf("  none: the host exempts this container: %s\n",
		       Q(selection->exempt->reason));
	else if (selection->n == 0)
		puts("  none applies");
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		printf("  %s (%s): %s%s\n", s->profile->name, mode_word(s),
		       s->by ? s->by : reasons[s->why], s->by ? " extends it" : "");
		printf("    %s\n", s->profile->file);
	}
}

static void text_changes(const struct changes *changes)
{
	puts("Changes");
	if (changes->n == 0)
		puts("  none: the container already asks for no more than it may have");
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->v[i];

		printf("  %s%s%s: %s [%s]\n", c->audit ? "(only recorded) " : "",
		       c->refusal ? "refused, " : "", section_name(c->section), c->what, c->by);
		if (c->remedy)
			printf("    to make it pass: %s\n", c->remedy);
	}
}

static void text_ruleset(const struct buf *ruleset)
{
	const char *line = ruleset->data;

	puts("Firewall");
	if (ruleset->len == 0)
		puts("  none");
	while (line && *line) {
		const char *end = strchrnul(line, '\n');

		printf("  %.*s\n", (int)(end - line), line);
		line = *end ? end + 1 : end;
	}
}

void explain_text(const struct explanation *x)
{
	text_labels(&x->labels);
	text_profiles(&x->selection);
	if (x->refusal.class != ERR_NONE) {
		printf("Verdict: refuse\n  %s\n", x->refusal.text);
		return;
	}
	text_changes(&x->verdict.changes);
	text_ruleset(&x->ruleset);
	printf("Verdict: %s\n", outcome_word(x));
	if (x->verdict.would_refuse)
		puts("  it would be refused if the profiles in audit mode were enforced");
}

static void json_text(struct emit *e, const char *key, const char *text)
{
	emit_key(e, key);
	if (text)
		emit_string(e, text);
	else
		emit_null(e);
}

static void json_labels(struct emit *e, const struct labels *labels)
{
	emit_key(e, "labels");
	emit_array(e);
	for (size_t i = 0; i < labels->n; i++) {
		emit_object(e);
		json_text(e, "key", labels->v[i].key);
		json_text(e, "value", labels->v[i].value);
		json_text(e, "source", label_source_name(labels->v[i].source));
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void json_profiles(struct emit *e, const struct selection *selection)
{
	json_text(e, "exempt", selection->exempt ? selection->exempt->reason : NULL);
	emit_key(e, "profiles");
	emit_array(e);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		emit_object(e);
		json_text(e, "name", s->profile->name);
		json_text(e, "why", why_name(s->why));
		json_text(e, "by", s->by);
		json_text(e, "mode", mode_name(s->mode));
		emit_key(e, "partlyAudit"); /* some of its sections only audit */
		emit_bool(e, s->mode == MODE_ENFORCE && profile_has_mode(s->profile, MODE_AUDIT));
		json_text(e, "file", s->profile->file);
		json_text(e, "digest", s->profile->digest);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void json_changes(struct emit *e, const struct changes *changes)
{
	emit_key(e, "changes");
	emit_array(e);
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->v[i];

		emit_object(e);
		json_text(e, "section", section_name(c->section));
		emit_key(e, "refusal");
		emit_bool(e, c->refusal);
		emit_key(e, "audit");
		emit_bool(e, c->audit);
		json_text(e, "what", c->what);
		json_text(e, "by", c->by);
		json_text(e, "remedy", c->remedy);
		emit_object_end(e);
	}
	emit_array_end(e);
}

int explain_json(const struct explanation *x, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	bool refused_early = x->refusal.class != ERR_NONE;

	e.indent = 2;
	emit_object(&e);
	json_text(&e, "outcome", outcome_word(x));
	json_text(&e, "reason", refused_early ? x->refusal.text : NULL);
	json_text(&e, "mode", refused_early ? NULL : mode_name(x->verdict.mode));
	json_text(&e, "policyDigest", refused_early ? NULL : x->verdict.policy_digest);
	json_labels(&e, &x->labels);
	json_profiles(&e, &x->selection);
	json_changes(&e, &x->verdict.changes);
	json_text(&e, "ruleset", x->ruleset.len > 0 ? x->ruleset.data : NULL);
	emit_key(&e, "config"); /* the confined one; null: as it was asked for */
	if (x->verdict.changed)
		emit_raw(&e, x->verdict.config.data);
	else
		emit_null(&e);
	emit_object_end(&e);
	if (buf_status(&out) < 0)
		return err_oom(err);
	puts(out.data);
	return 0;
}
