/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an explanation says of networks: which rule of which profile lets whom in and out, and from
 * whom the host or a profile keeps the container apart.
 */
#include "cli/explain.h"

#include "profiles/ruleset.h"
#include "profiles/separate.h"

static const char shared_elsewhere[] =
	"containers that share a network share its addresses: such an address is let in only where "
	"each of them fits";
static const char shared_here[] =
	"it enters a network that was there before it: with whoever else is in that it shares its "
	"addresses, and is let in elsewhere only where they fit, too";

/* One rule of an enforced section; false stops, for want of memory. */
typedef bool rule_fn(void *arg, const struct profile *profile, bool ingress, const char *text);

static bool walk_direction(const struct profile *profile, bool ingress, rule_fn *each, void *arg)
{
	const struct direction *direction =
		ingress ? &profile->network.ingress : &profile->network.egress;

	if (!direction->present)
		return true;
	if (direction->n_rules == 0)
		return each(arg, profile, ingress, "nothing");
	for (size_t i = 0; i < direction->n_rules; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		network_rule_describe(&direction->rules[i], &text);
		if (buf_status(&text) < 0 || !each(arg, profile, ingress, text.data))
			return false;
	}
	return true;
}

static bool walk(const struct selection *selection, rule_fn *each, void *arg)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		if (!s->profile->network.present || !selected_enforces(s, s->profile->network.mode))
			continue;
		if (!walk_direction(s->profile, true, each, arg) ||
		    !walk_direction(s->profile, false, each, arg))
			return false;
	}
	return true;
}

/* ---- text ---- */

static bool print_rule(void *arg, const struct profile *profile, bool ingress, const char *text)
{
	const struct term *term = arg;
	_cleanup_buf_ struct buf line = { 0 };

	buf_addf(&line, "%s: %s [%s]", ingress ? "ingress" : "egress", text, profile->name);
	if (buf_status(&line) < 0)
		return false;
	(void)fputs("  ", term->out);
	term_wrap(term, 2, 6, line.data);
	return true;
}

static void print_note(const struct term *term, const char *text)
{
	(void)fputs("  ", term->out);
	term_wrap(term, 2, 6, text);
}

/* Q() bounds what a label holds. */
static void print_class(const struct explanation *x, const struct term *term,
			const struct separation *at)
{
	char text[3 * QUOTE_MAX];

	(void)snprintf(text, sizeof(text),
		       "nothing to or from containers whose %s is not %s [%s: separate]",
		       Q(at->key), Q(separate_class(&x->labels, at->key)), separation_by(at));
	print_note(term, text);
}

int explain_network_text(const struct explanation *x, const struct term *term, struct err *err)
{
	_cleanup_free_ const struct peer_selector **peers = NULL;
	struct separation at = { 0 };
	size_t n_peers = 0;
	int r;

	if (!ruleset_is_needed(&x->selection, x->host))
		return 0;
	r = ruleset_peers(&x->selection, &peers, &n_peers, err);
	if (r < 0)
		return r;
	term_put(term, STYLE_BOLD, "Network");
	(void)fputc('\n', term->out);
	if (!walk(&x->selection, print_rule, (void *)(uintptr_t)term))
		return err_oom(err);
	while (separation_next(x->host, &x->selection, MODE_ENFORCE, &at))
		print_class(x, term, &at);
	for (size_t i = 0; r == 0 && x->knows_peers && i < n_peers; i++)
		r = explain_peer_text(x, peers[i], term, err);
	if (r < 0)
		return r;
	if (n_peers > 0)
		print_note(term, shared_elsewhere);
	if (x->facts.ns[NS_NETWORK] == NS_JOINED)
		print_note(term, shared_here);
	return 0;
}

/* ---- JSON ---- */

static bool emit_rule(void *arg, const struct profile *profile, bool ingress, const char *text)
{
	struct emit *e = arg;

	emit_object(e);
	emit_text(e, "direction", ingress ? "ingress" : "egress");
	emit_text(e, "profile", profile->name);
	emit_text(e, "rule", text);
	emit_object_end(e);
	return true;
}

static int emit_peers(const struct explanation *x, struct emit *e, struct err *err)
{
	_cleanup_free_ const struct peer_selector **peers = NULL;
	size_t n = 0;
	int r;

	r = ruleset_peers(&x->selection, &peers, &n, err);
	emit_key(e, "peers");
	emit_array(e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_buf_ struct buf text = { 0 };

		peer_selector_describe(peers[i], &text);
		if (buf_status(&text) < 0)
			return err_oom(err);
		emit_object(e);
		emit_text(e, "set", peers[i]->set);
		emit_key(e, "selector");
		emit_raw(e, peers[i]->text);
		emit_text(e, "what", text.data);
		explain_peer_json(x, peers[i], e);
		emit_object_end(e);
	}
	emit_array_end(e);
	return r;
}

static void emit_classes(const struct explanation *x, struct emit *e)
{
	struct separation at = { 0 };

	emit_key(e, "classes");
	emit_array(e);
	while (separation_next(x->host, &x->selection, MODE_ENFORCE, &at)) {
		emit_object(e);
		emit_text(e, "key", at.key);
		emit_text(e, "value", separate_class(&x->labels, at.key));
		emit_text(e, "by", separation_by(&at));
		emit_object_end(e);
	}
	emit_array_end(e);
}

int explain_network_json(const struct explanation *x, struct emit *e, struct err *err)
{
	int r;

	emit_key(e, "network");
	emit_array(e);
	if (!walk(&x->selection, emit_rule, e))
		return err_oom(err);
	emit_array_end(e);
	r = emit_peers(x, e, err);
	if (r == 0)
		emit_classes(x, e);
	return r;
}
