/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explanation as text for people and as JSON for programs. Both are walked through in the same
 * order: labels, profiles, changes, network, firewall, seccomp, verdict.
 */
#include "cli/explain.h"

#include "cli/out.h"
#include "cli/term.h"
#include "lib/emit.h"
#include "profiles/exec.h"

static const char *const reasons[] = {
	[WHY_FLOOR] = "in the host's floor",
	[WHY_MATCH] = "its match fits",
	[WHY_NAMED] = "named by its label io.coaming.profile",
	[WHY_DEFAULT] = "the host's default, since nothing else applies",
	[WHY_EXTENDED] = "a profile that applies extends it",
	[WHY_ADMITTED] = "the container was started under it",
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

/* ---- text ---- */

static void text_heading(const struct term *term, const char *text)
{
	term_put(term, STYLE_BOLD, text);
	(void)fputc('\n', term->out);
}

static void text_container(const struct term *term, const struct identity *identity)
{
	if (!identity->engine && !identity->image && !identity->name[0])
		return;
	text_heading(term, "Container");
	(void)fprintf(term->out, "  %s%s%s%s%s\n",
		      identity->name[0] ? Q(identity->name) : "without a name",
		      identity->engine ? " of " : "", identity->engine ? identity->engine : "",
		      identity->image ? ", image " : "", identity->image ? Q(identity->image) : "");
}

static void text_labels(const struct term *term, const struct labels *labels)
{
	text_heading(term, "Labels");
	if (labels->n == 0)
		(void)fputs("  none\n", term->out);
	for (size_t i = 0; i < labels->n; i++) {
		(void)fprintf(term->out, "  %s = %s ", Q(labels->v[i].key), Q(labels->v[i].value));
		term_putf(term, STYLE_DIM, "(%s)", label_source_name(labels->v[i].source));
		(void)fputc('\n', term->out);
	}
	for (size_t i = 0; i < labels->n_dropped; i++) {
		(void)fprintf(term->out, "  %s = %s ", Q(labels->dropped[i].key),
			      Q(labels->dropped[i].value));
		term_putf(term, STYLE_DIM, "(of the image: dropped)");
		(void)fputc('\n', term->out);
	}
}

static const char *mode_word(const struct selected *s)
{
	if (s->mode == MODE_AUDIT)
		return "audit";
	return profile_has_mode(s->profile, MODE_AUDIT) ? "enforce, in part audit" : "enforce";
}

static void write_reason(const struct selected *s, struct buf *out)
{
	if (s->by)
		buf_addf(out, "%s extends it", s->by);
	else
		buf_adds(out, reasons[s->why]);
	if (s->why == WHY_MATCH) {
		buf_adds(out, ": ");
		match_describe(&s->profile->match, out);
	}
}

static void text_profiles(const struct term *term, const struct selection *selection)
{
	text_heading(term, "Profiles");
	if (selection->exempt)
		(void)fprintf(term->out, "  none: the host exempts this container: %s\n",
			      Q(selection->exempt->reason));
	else if (selection->n == 0)
		(void)fputs("  none applies\n", term->out);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];
		_cleanup_buf_ struct buf text = { 0 };

		buf_addf(&text, "(%s): ", mode_word(s));
		write_reason(s, &text);
		(void)fputs("  ", term->out);
		term_put(term, s->mode == MODE_AUDIT ? STYLE_WARN : STYLE_BOLD, s->profile->name);
		(void)fputs(" ", term->out);
		term_wrap(term, 3 + strlen(s->profile->name), 4,
			  buf_status(&text) < 0 ? "" : text.data);
		(void)fputs("    ", term->out);
		term_put(term, STYLE_DIM, s->profile->file);
		(void)fputc('\n', term->out);
	}
}

static void text_change(const struct term *term, const struct change *c)
{
	static const char recorded[] = "(only recorded) ", refused[] = "refused, ";
	static const char remedy[] = "    to make it pass: ";
	_cleanup_buf_ struct buf text = { 0 };
	size_t used = 2;

	(void)fputs("  ", term->out);
	if (c->audit) {
		term_put(term, STYLE_WARN, recorded);
		used += strlen(recorded);
	}
	if (c->refusal) {
		term_put(term, STYLE_BAD, refused);
		used += strlen(refused);
	}
	buf_addf(&text, "%s: %s [%s]", section_name(c->section), c->what, c->by);
	term_wrap(term, used, 6, buf_status(&text) < 0 ? c->what : text.data);
	if (c->remedy) {
		(void)fputs(remedy, term->out);
		term_wrap(term, strlen(remedy), 6, c->remedy);
	}
}

static void text_exec(const struct term *term, const struct explained_exec *exec)
{
	text_heading(term, "Process");
	(void)fprintf(term->out, "  %s with %zu argument%s, as user %llu%s%s\n",
		      exec->program ? Q(exec->program) : "no program", exec->n_args,
		      exec->n_args == 1 ? "" : "s", (unsigned long long)exec->uid,
		      exec->privileged ? ", privileged" : "",
		      exec->terminal ? ", at a terminal" : "");
	(void)fputs("  ", term->out);
	term_wrap(term, 2, 2,
		  exec->admitted ? "what was written of the container's admission counts"
				 : "no admission of the container is known here: as if it had been "
				   "started under the profiles above");
}

static void text_changes(const struct term *term, const struct changes *changes, const char *who)
{
	text_heading(term, "Changes");
	if (changes->n == 0)
		(void)fprintf(term->out,
			      "  none: the %s already asks for no more than it may have\n", who);
	for (size_t i = 0; i < changes->n; i++)
		text_change(term, &changes->v[i]);
}

static void text_ruleset(const struct term *term, const struct buf *ruleset)
{
	const char *line = ruleset->data;

	text_heading(term, "Firewall");
	if (ruleset->len == 0)
		(void)fputs("  none\n", term->out);
	while (line && *line) {
		const char *end = strchrnul(line, '\n');

		(void)fprintf(term->out, "  %.*s\n", (int)(end - line), line);
		line = *end ? end + 1 : end;
	}
}

static void text_filter(const struct term *term, const struct explanation *x)
{
	text_heading(term, "Seccomp");
	if (x->not_compiled.class != ERR_NONE) {
		(void)fputs("  ", term->out);
		term_put(term, STYLE_BAD, "it cannot be loaded: ");
		term_wrap(term, 23, 2, x->not_compiled.text);
	} else if (x->instructions > 0) {
		(void)fprintf(term->out, "  %zu instructions\n", x->instructions);
	} else {
		(void)fputs("  none: every system call is allowed\n", term->out);
	}
}

static void text_verdict(const struct term *term, const struct explanation *x)
{
	bool bad = explanation_refuses(x);
	const char *why = NULL;

	term_put(term, STYLE_BOLD, "Verdict: ");
	term_put(term,
		 bad                       ? STYLE_BAD
		 : x->verdict.would_refuse ? STYLE_WARN
					   : STYLE_GOOD,
		 outcome_word(x));
	(void)fputc('\n', term->out);
	if (x->refusal.class != ERR_NONE)
		why = x->refusal.text;
	else if (x->verdict.would_refuse)
		why = "it would be refused if the profiles in audit mode were enforced";
	if (why) {
		(void)fputs("  ", term->out);
		term_wrap(term, 2, 2, why);
	}
}

int explain_text(const struct explanation *x, struct err *err)
{
	const struct term term = term_of(stdout);
	int r = 0;

	text_container(&term, &x->identity);
	text_labels(&term, &x->labels);
	text_profiles(&term, &x->selection);
	if (x->exec.process && x->exec.request)
		text_exec(&term, &x->exec);
	if (x->refusal.class == ERR_NONE)
		text_changes(&term, &x->verdict.changes, x->exec.process ? "process" : "container");
	if (x->refusal.class == ERR_NONE && !x->exec.process) {
		r = explain_network_text(x, &term, err);
		text_ruleset(&term, &x->ruleset);
		text_filter(&term, x);
	}
	text_verdict(&term, x);
	return r;
}

/* ---- JSON ---- */

static void json_label_list(struct emit *e, const char *key, const struct label *v, size_t n)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n; i++) {
		emit_object(e);
		emit_text(e, "key", v[i].key);
		emit_text(e, "value", v[i].value);
		emit_text(e, "source", label_source_name(v[i].source));
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void json_profiles(struct emit *e, const struct selection *selection)
{
	emit_text(e, "exempt", selection->exempt ? selection->exempt->reason : NULL);
	emit_key(e, "profiles");
	emit_array(e);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		emit_object(e);
		emit_text(e, "name", s->profile->name);
		emit_text(e, "why", why_name(s->why));
		emit_text(e, "by", s->by);
		emit_text(e, "mode", mode_name(s->mode));
		emit_key(e, "partlyAudit"); /* some of its sections only audit */
		emit_bool(e, s->mode == MODE_ENFORCE && profile_has_mode(s->profile, MODE_AUDIT));
		emit_text(e, "file", s->profile->file);
		emit_text(e, "digest", s->profile->digest);
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
		emit_text(e, "section", section_name(c->section));
		emit_key(e, "refusal");
		emit_bool(e, c->refusal);
		emit_key(e, "audit");
		emit_bool(e, c->audit);
		emit_text(e, "what", c->what);
		emit_text(e, "by", c->by);
		emit_text(e, "remedy", c->remedy);
		emit_object_end(e);
	}
	emit_array_end(e);
}

/* The verdict's config is the request, of which the process is a member. */
static int json_exec(struct emit *e, const struct explanation *x, struct err *err)
{
	const struct explained_exec *exec = &x->exec;
	_cleanup_buf_ struct buf process = { 0 };
	int r = 0;

	emit_key(e, "exec");
	if (!exec->request) {
		emit_null(e);
		return 0;
	}
	if (x->verdict.changed)
		r = exec_process_text(x->verdict.config.data, x->verdict.config.len, &process, err);
	emit_object(e);
	emit_text(e, "program", exec->program);
	emit_key(e, "arguments");
	emit_u64(e, exec->n_args);
	emit_key(e, "uid");
	emit_u64(e, exec->uid);
	emit_key(e, "privileged");
	emit_bool(e, exec->privileged);
	emit_key(e, "terminal");
	emit_bool(e, exec->terminal);
	emit_text(e, "admission", exec->admitted ? "recorded" : "assumed");
	emit_key(e, "process"); /* the confined one; null: as it was asked for */
	if (process.len > 0)
		emit_raw(e, process.data);
	else
		emit_null(e);
	emit_object_end(e);
	return r;
}

int explain_json(const struct explanation *x, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	bool refused_early = x->refusal.class != ERR_NONE;
	int r;

	e.indent = 2;
	emit_object(&e);
	emit_text(&e, "outcome", outcome_word(x));
	emit_text(&e, "reason", refused_early ? x->refusal.text : NULL);
	emit_text(&e, "mode", refused_early ? NULL : mode_name(x->verdict.mode));
	emit_text(&e, "policyDigest", refused_early ? NULL : x->verdict.policy_digest);
	emit_text(&e, "engine", x->identity.engine);
	emit_text(&e, "name", x->identity.name[0] ? x->identity.name : NULL);
	emit_text(&e, "image", x->identity.image);
	json_label_list(&e, "labels", x->labels.v, x->labels.n);
	json_label_list(&e, "droppedLabels", x->labels.dropped, x->labels.n_dropped);
	json_profiles(&e, &x->selection);
	json_changes(&e, &x->verdict.changes);
	r = refused_early || x->exec.process ? 0 : explain_network_json(x, &e, err);
	if (r < 0)
		return r;
	emit_text(&e, "ruleset", x->ruleset.len > 0 ? x->ruleset.data : NULL);
	emit_key(&e, "seccompInstructions"); /* null: no filter, or none that can be compiled */
	if (x->instructions > 0)
		emit_u64(&e, x->instructions);
	else
		emit_null(&e);
	emit_text(&e, "seccompFault",
		  x->not_compiled.class != ERR_NONE ? x->not_compiled.text : NULL);
	r = json_exec(&e, x, err);
	emit_key(&e, "config"); /* the confined one; null: as it was asked for */
	if (x->verdict.changed && !x->exec.process)
		emit_raw(&e, x->verdict.config.data);
	else
		emit_null(&e);
	emit_object_end(&e);
	return r < 0 ? r : out_print_line(&out, err);
}
