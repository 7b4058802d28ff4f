/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is now one of a rule's peers, by the registry of the host.
 */
#include "cli/explain.h"

#include <errno.h>

#include "profiles/ruleset.h"

/* More are counted. */
#define NAMES_MAX 20

int explain_peers(struct explanation *x, struct err *err)
{
	_cleanup_free_ const struct peer_selector **selectors = NULL;
	struct err damaged = { 0 }, unread = { 0 };
	size_t n = 0;
	int r;

	r = ruleset_peers(&x->selection, &selectors, &n, err);
	if (r < 0 || n == 0)
		return r;
	r = peers_read(x->host->state_dir, &x->peers, &damaged, &unread);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0) /* root's alone: without it there is still all that does not depend on it */
		return 0;
	r = members_index(&x->peers, &x->members, err);
	x->knows_peers = r == 0;
	return r;
}

/* Is the address of this one, which fits, in the set? Others that have it may not fit. */
static bool is_let_in(const struct explanation *x, const struct peer_set *set,
		      const struct registered *one, size_t address)
{
	bool may;

	return members_has(&x->members, one, set, &one->addresses.v[address], &may);
}

static void write_one(const struct explanation *x, const struct peer_set *set,
		      const struct registered *one, struct buf *out)
{
	const char *between = "";
	char text[CIDR_TEXT_MAX];
	bool shared = false;

	buf_addf(out, "%s (", Q(one->name));
	for (size_t i = 0; i < one->addresses.n; i++) {
		buf_addf(out, "%s%s", between, address_format(text, &one->addresses.v[i]));
		shared = shared || !is_let_in(x, set, one, i);
		between = ", ";
	}
	buf_adds(out, one->addresses.n == 0 ? "no address)" : ")");
	if (shared)
		buf_adds(out, ", not let in for who shares its address");
}

int explain_peer_text(const struct explanation *x, const struct peer_selector *peer,
		      const struct term *term, struct err *err)
{
	/* Its name is not looked at. */
	const struct peer_set set = { .selector = peer };
	_cleanup_buf_ struct buf out = { 0 };
	size_t n = 0;

	peer_selector_describe(peer, &out);
	buf_adds(&out, ": now ");
	for (size_t i = 0; i < x->peers.n; i++) {
		if (!member_fits(&set, &x->peers.v[i]))
			continue;
		if (n < NAMES_MAX) {
			buf_adds(&out, n > 0 ? "; " : "");
			write_one(x, &set, &x->peers.v[i], &out);
		}
		n++;
	}
	if (n > NAMES_MAX)
		buf_addf(&out, "; and %zu more", n - NAMES_MAX);
	buf_adds(&out, n == 0 ? "none" : "");
	if (buf_status(&out) < 0)
		return err_oom(err);
	(void)fputs("  ", term->out);
	term_wrap(term, 2, 6, out.data);
	return 0;
}

static void emit_addresses(const struct explanation *x, const struct peer_set *set,
			   const struct registered *one, bool let_in, struct emit *e)
{
	char text[CIDR_TEXT_MAX];

	emit_key(e, let_in ? "addresses" : "sharedAddresses");
	emit_array(e);
	for (size_t i = 0; i < one->addresses.n; i++) {
		if (is_let_in(x, set, one, i) == let_in)
			emit_string(e, address_format(text, &one->addresses.v[i]));
	}
	emit_array_end(e);
}

void explain_peer_json(const struct explanation *x, const struct peer_selector *peer,
		       struct emit *e)
{
	const struct peer_set set = { .selector = peer };

	emit_key(e, "members");
	if (!x->knows_peers) {
		emit_null(e);
		return;
	}
	emit_array(e);
	for (size_t i = 0; i < x->peers.n; i++) {
		const struct registered *one = &x->peers.v[i];

		if (!member_fits(&set, one))
			continue;
		emit_object(e);
		emit_text(e, "id", one->id);
		emit_text(e, "name", one->name);
		emit_addresses(x, &set, one, true, e);
		emit_addresses(x, &set, one, false, e);
		emit_object_end(e);
	}
	emit_array_end(e);
}
