/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a container may talk to, as a set of boxes: a range of addresses and a range of ports of one
 * protocol each.
 */
#include "profiles/reach.h"

#include <errno.h>

typedef unsigned __int128 address_t;

static const enum protocol protocols[] = { PROTOCOL_ANY, PROTOCOL_TCP, PROTOCOL_UDP,
					   PROTOCOL_SCTP };
static const char *const protocol_names[] = { "other protocols", "TCP", "UDP", "SCTP" };
static_assert(ARRAY_SIZE(protocol_names) == ARRAY_SIZE(protocols), "a name a protocol");

static address_t last_of(bool v6)
{
	return v6 ? ~(address_t)0 : (address_t)UINT32_MAX;
}

void reach_done(struct reach *reach)
{
	free(reach->v);
	*reach = (struct reach){ 0 };
}

static int add(struct reach *reach, const struct box *box, struct err *err)
{
	struct box *grown;

	if (reach->n >= REACH_BOXES_MAX)
		return err_input(err, E2BIG,
				 "a network section of more than %d parts is not compared",
				 REACH_BOXES_MAX);
	if ((reach->n & (reach->n - 1)) == 0) {
		grown = reallocarray(reach->v, reach->n ? reach->n * 2 : 1, sizeof(*grown));
		if (!grown)
			return err_oom(err);
		reach->v = grown;
	}
	reach->v[reach->n++] = *box;
	return 0;
}

static bool overlap(const struct box *a, const struct box *b)
{
	return a->v6 == b->v6 && a->protocol == b->protocol && a->first <= b->last &&
	       b->first <= a->last && a->port_first <= b->port_last &&
	       b->port_first <= a->port_last;
}

static int add_both(struct reach *out, const struct box *a, const struct box *b,
		    const struct who_table *table, struct err *err)
{
	struct box box = *a;

	if (!overlap(a, b) || !who_both(table, &a->who, &b->who, &box.who))
		return 0;
	box.first = a->first > b->first ? a->first : b->first;
	box.last = a->last < b->last ? a->last : b->last;
	box.port_first = a->port_first > b->port_first ? a->port_first : b->port_first;
	box.port_last = a->port_last < b->port_last ? a->port_last : b->port_last;
	return add(out, &box, err);
}

/* Below, above, and of the middle the ports before and behind. */
static int add_rest(struct reach *out, const struct box *a, const struct box *hole,
		    const struct who_table *table, struct err *err)
{
	struct box box = *a;
	int r = 0;

	if (!overlap(a, hole) || !who_implies(table, &a->who, &hole->who))
		return add(out, a, err);
	if (a->first < hole->first) {
		box.last = hole->first - 1;
		r = add(out, &box, err);
	}
	box = *a;
	if (r == 0 && a->last > hole->last) {
		box.first = hole->last + 1;
		r = add(out, &box, err);
	}
	box = *a;
	box.first = a->first > hole->first ? a->first : hole->first;
	box.last = a->last < hole->last ? a->last : hole->last;
	if (r == 0 && a->port_first < hole->port_first) {
		box.port_last = (uint16_t)(hole->port_first - 1);
		r = add(out, &box, err);
	}
	if (r == 0 && a->port_last > hole->port_last) {
		box.port_first = (uint16_t)(hole->port_last + 1);
		box.port_last = a->port_last;
		r = add(out, &box, err);
	}
	return r;
}

static int take_out(struct reach *from, const struct box *hole, const struct who_table *table,
		    struct err *err)
{
	struct reach out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = add_rest(&out, &from->v[i], hole, table, err);
	if (r < 0) {
		reach_done(&out);
		return r;
	}
	reach_done(from);
	*from = out;
	return 0;
}

int reach_without(const struct reach *a, const struct reach *b, const struct who_table *table,
		  struct reach *ret, struct err *err)
{
	struct reach out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++)
		r = add(&out, &a->v[i], err);
	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = take_out(&out, &b->v[i], table, err);
	if (r < 0) {
		reach_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

int reach_both(const struct reach *a, const struct reach *b, const struct who_table *table,
	       struct reach *ret, struct err *err)
{
	struct reach out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		for (size_t k = 0; r == 0 && k < b->n; k++)
			r = add_both(&out, &a->v[i], &b->v[k], table, err);
	}
	if (r < 0) {
		reach_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

/* ---- from rules ---- */

static void range_of(const struct cidr *cidr, struct box *box)
{
	size_t len = cidr->v6 ? 16 : 4, bits = len * 8 - cidr->prefix_len;
	address_t first = 0;

	for (size_t i = 0; i < len; i++)
		first = first << 8 | cidr->address[i];
	box->v6 = cidr->v6;
	box->first = first;
	box->last = bits == 128 ? ~(address_t)0 : first | (((address_t)1 << bits) - 1);
}

/* A set may be added to that has some of it already. */
static int add_new(struct reach *out, const struct box *box, const struct who_table *table,
		   struct err *err)
{
	struct reach one = { 0 };
	int r = add(&one, box, err);

	for (size_t i = 0; r == 0 && i < out->n; i++)
		r = take_out(&one, &out->v[i], table, err);
	for (size_t i = 0; r == 0 && i < one.n; i++)
		r = add(out, &one.v[i], err);
	reach_done(&one);
	return r;
}

/* Every port that a rule names, for one range of addresses. */
static int add_ports(struct reach *out, const struct network_rule *rule, struct box box,
		     const struct who_table *table, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rule->n_ports; i++) {
		const struct port *port = &rule->ports[i];

		box.protocol = port->protocol;
		box.port_first = port->any ? 0 : port->first;
		box.port_last = port->any ? UINT16_MAX : port->last;
		r = add_new(out, &box, table, err);
	}
	for (size_t i = 0; r == 0 && rule->n_ports == 0 && i < ARRAY_SIZE(protocols); i++) {
		box.protocol = protocols[i];
		box.port_first = 0;
		box.port_last = UINT16_MAX;
		r = add_new(out, &box, table, err);
	}
	return r;
}

static int add_block(struct reach *out, const struct network_rule *rule, const struct peer *peer,
		     const struct who_table *table, struct err *err)
{
	struct box box = { 0 };
	struct reach addresses = { 0 };
	int r;

	range_of(&peer->cidr, &box);
	box.port_last = UINT16_MAX;
	r = add(&addresses, &box, err);
	for (size_t i = 0; r == 0 && i < peer->n_except; i++) {
		struct box hole = { .port_last = UINT16_MAX };

		range_of(&peer->except[i], &hole);
		r = take_out(&addresses, &hole, table, err);
	}
	for (size_t i = 0; r == 0 && i < addresses.n; i++)
		r = add_ports(out, rule, addresses.v[i], table, err);
	reach_done(&addresses);
	return r;
}

/* Whoever they are, at any address. */
static int add_who(struct reach *out, const struct network_rule *rule, const struct who *who,
		   const struct who_table *table, struct err *err)
{
	int r = 0;

	for (int v6 = 0; r == 0 && v6 < 2; v6++)
		r = add_ports(out, rule, (struct box){ .v6 = v6, .last = last_of(v6), .who = *who },
			      table, err);
	return r;
}

static int add_peer(struct reach *out, const struct network_rule *rule, const struct peer *peer,
		    struct who_table *table, struct err *err)
{
	_cleanup_free_ struct who *who = NULL;
	size_t n = 0;
	int r;

	if (peer->kind == PEER_IP_BLOCK)
		return add_block(out, rule, peer, table, err);
	r = who_of_peer(table, peer, &who, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_who(out, rule, &who[i], table, err);
	return r;
}

static int add_rule(struct reach *out, const struct network_rule *rule, struct who_table *table,
		    struct err *err)
{
	static const struct who anybody = { 0 };
	int r = 0;

	if (rule->n_peers == 0)
		return add_who(out, rule, &anybody, table, err);
	for (size_t i = 0; r == 0 && i < rule->n_peers; i++)
		r = add_peer(out, rule, &rule->peers[i], table, err);
	return r;
}

int reach_all(struct reach *ret, struct err *err)
{
	static const struct network_rule everything = { 0 };
	struct who_table nobody = { 0 }; /* there is no peer that could enter it */
	struct reach out = { 0 };
	int r = add_rule(&out, &everything, &nobody, err);

	if (r < 0) {
		reach_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

int reach_of(const struct direction *direction, struct who_table *table, struct reach *ret,
	     struct err *err)
{
	struct reach out = { 0 };
	int r = 0;

	if (!direction->present)
		return reach_all(ret, err);
	for (size_t i = 0; r == 0 && i < direction->n_rules; i++)
		r = add_rule(&out, &direction->rules[i], table, err);
	if (r < 0) {
		reach_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

/* ---- to words ---- */

static int compare_boxes(const void *left, const void *right)
{
	const struct box *a = left, *b = right;
	int order = memcmp(&a->who, &b->who, sizeof(a->who));

	if (order)
		return order;
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return (a->port_first > b->port_first) - (a->port_first < b->port_first);
}

static bool same_addresses(const struct box *a, const struct box *b)
{
	return a->v6 == b->v6 && a->first == b->first && a->last == b->last &&
	       who_equal(&a->who, &b->who);
}

static bool is_every_address(const struct box *box)
{
	return box->first == 0 && box->last == last_of(box->v6);
}

static bool has_all_ports(const struct box *box)
{
	return box->port_first == 0 && box->port_last == UINT16_MAX;
}

static void write_ports(const struct box *box, struct buf *out)
{
	buf_adds(out, protocol_names[box->protocol]);
	if (box->protocol == PROTOCOL_ANY || has_all_ports(box))
		return;
	buf_addf(out, " %u", box->port_first);
	if (box->port_last != box->port_first)
		buf_addf(out, "-%u", box->port_last);
}

/* The largest block that begins there and does not go beyond the end. */
static unsigned block_bits(address_t first, address_t last, unsigned most)
{
	unsigned bits = 0;

	while (bits < most && !(first >> bits & 1) &&
	       (bits + 1 == 128 ? last == ~(address_t)0 && first == 0
				: (first | (((address_t)1 << (bits + 1)) - 1)) <= last))
		bits++;
	return bits;
}

static void write_addresses(const struct box *box, struct buf *out)
{
	unsigned width = box->v6 ? 128 : 32;
	address_t at = box->first;

	if (is_every_address(box)) {
		buf_addf(out, "every IPv%d address", box->v6 ? 6 : 4);
		return;
	}
	for (const char *comma = "";; comma = ", ") {
		unsigned bits = block_bits(at, box->last, width);
		struct cidr cidr = { .v6 = box->v6, .prefix_len = (uint8_t)(width - bits) };
		char text[CIDR_TEXT_MAX];

		for (unsigned i = 0; i < width / 8; i++)
			cidr.address[i] = (uint8_t)(at >> (width - 8 - i * 8));
		buf_addf(out, "%s%s", comma, cidr_format(text, &cidr));
		at += (address_t)1 << bits;
		if (at > box->last || at == 0)
			return;
	}
}

/* Boxes with the same addresses are one line: the first that is not in it. */
static size_t line_end(const struct reach *reach, size_t at)
{
	size_t end = at;

	while (end < reach->n && same_addresses(&reach->v[at], &reach->v[end]))
		end++;
	return end;
}

static bool same_ports(const struct box *a, const struct box *b)
{
	return a->protocol == b->protocol && a->port_first == b->port_first &&
	       a->port_last == b->port_last;
}

/* Does another line say the same of the other family? Both are then one. */
static bool has_twin(const struct reach *reach, size_t at)
{
	const struct box *first = &reach->v[at];
	size_t len = line_end(reach, at) - at, same = 0, begin = at;

	if (who_is_anybody(&first->who) || !is_every_address(first))
		return false;
	while (begin > 0 && who_equal(&reach->v[begin - 1].who, &first->who))
		begin--;
	for (size_t end; begin < reach->n && who_equal(&reach->v[begin].who, &first->who);
	     begin = end) {
		end = line_end(reach, begin);
		if (reach->v[begin].v6 == first->v6 || !is_every_address(&reach->v[begin]) ||
		    end - begin != len)
			continue;
		while (same < len && same_ports(&reach->v[at + same], &reach->v[begin + same]))
			same++;
		return same == len;
	}
	return false;
}

static void write_ends(const struct box *box, const struct who_table *table, bool both_families,
		       struct buf *out)
{
	if (who_is_anybody(&box->who)) {
		write_addresses(box, out);
		return;
	}
	who_describe(table, &box->who, out);
	if (both_families)
		return;
	buf_adds(out, ", at ");
	write_addresses(box, out);
}

static void write_line(const struct reach *reach, size_t at, const struct who_table *table,
		       bool both_families, struct buf *out)
{
	size_t end = line_end(reach, at), whole = 0;

	for (size_t i = at; i < end; i++)
		whole += has_all_ports(&reach->v[i]);
	if (end - at == ARRAY_SIZE(protocols) && whole == ARRAY_SIZE(protocols)) {
		buf_adds(out, "everything");
	} else {
		for (size_t i = at; i < end; i++) {
			buf_adds(out, i > at ? ", " : "");
			write_ports(&reach->v[i], out);
		}
	}
	buf_adds(out, " with ");
	write_ends(&reach->v[at], table, both_families, out);
	buf_addc(out, '\n');
}

void reach_describe(struct reach *reach, const struct who_table *table, size_t most,
		    struct buf *out)
{
	size_t lines = 0;

	if (reach->n > 1)
		qsort(reach->v, reach->n, sizeof(*reach->v), compare_boxes);
	for (size_t i = 0; i < reach->n; i = line_end(reach, i)) {
		bool twin = has_twin(reach, i);

		if (twin && reach->v[i].v6)
			continue; /* told with IPv4's */
		if (lines++ < most)
			write_line(reach, i, table, twin, out);
	}
	if (lines > most)
		buf_addf(out, "and %zu more\n", lines - most);
	buf_adds(out, "");
}
