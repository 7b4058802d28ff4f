/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of profiles as rules of one NetworkPolicy. All profiles must allow a packet, and of a
 * policy's rules one is enough: so each rule of the one profile is met with each of the other.
 */
#include "profiles/kube_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "lib/strv.h"

/* What is being met, for those who tell of it. */
struct meeting {
	const struct profile *profile;
	bool ingress;
	const struct zones *zones;
	struct kube_told *told;
	struct err *err;
};

int kube_tell(struct kube_told *told, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (strv_contains(told->gaps, told->n_gaps, text))
		return 0;
	return strv_add(&told->gaps, &told->n_gaps, text, err);
}

void kube_told_done(struct kube_told *told)
{
	strv_free(&told->gaps, &told->n_gaps);
}

/* ---- labels ---- */

/* A name of at most 63 characters, which begins and ends with a letter or a digit. */
static bool is_label_name(const char *text, size_t len)
{
	if (len == 0 || len > 63 || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
			return false;
	}
	return true;
}

static bool is_domain(const char *text, size_t len)
{
	if (len == 0 || len > 253 || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
		    text[i] != '-' && text[i] != '.')
			return false;
	}
	return true;
}

bool kube_key_is_legal(const char *key)
{
	const char *slash = strchr(key, '/'), *name = slash ? slash + 1 : key;

	return (!slash || is_domain(key, (size_t)(slash - key))) &&
	       is_label_name(name, strlen(name));
}

bool kube_value_is_legal(const char *value)
{
	return !value[0] || is_label_name(value, strlen(value));
}

/* The first label that no pod can have, or that a cluster does not know; NULL: there is none. */
static const char *strange_label(const struct region *region)
{
	for (size_t i = 0; i < region->n; i++) {
		const struct key_rule *rule = &region->v[i];

		if (!kube_key_is_legal(rule->key) || kube_is_kubelets(rule->key))
			return rule->key;
		for (size_t k = 0; k < rule->n_values; k++) {
			if (!kube_value_is_legal(rule->values[k]))
				return rule->values[k];
		}
	}
	return NULL;
}

/* ---- memory ---- */

static void peer_done(struct kube_peer *peer)
{
	free(peer->except);
	region_done(&peer->pods);
	region_done(&peer->namespaces);
}

static void rule_done(struct kube_rule *rule)
{
	for (size_t i = 0; i < rule->n_peers; i++)
		peer_done(&rule->peers[i]);
	free(rule->peers);
	free(rule->ports);
}

void kube_direction_done(struct kube_direction *direction)
{
	for (size_t i = 0; i < direction->n; i++)
		rule_done(&direction->v[i]);
	free(direction->v);
	*direction = (struct kube_direction){ 0 };
}

/* An empty element at the end of an array, or NULL. */
static void *extend(void *array, size_t *n, size_t size, struct err *err)
{
	void *start;
	char *grown;

	memcpy(&start, array, sizeof(start));
	grown = reallocarray(start, *n + 1, size);
	if (!grown) {
		(void)err_oom(err);
		return NULL;
	}
	memcpy(array, &grown, sizeof(grown));
	memset(grown + *n * size, 0, size);
	return grown + size * (*n)++;
}

#define EXTEND(v, n, err) ((__typeof__(v))extend(&(v), &(n), sizeof(*(v)), (err)))

/* ---- from a profile ---- */

static int tell_peer(const struct meeting *m, size_t rule, size_t peer, const char *what,
		     const char *why)
{
	char quoted[QUOTE_MAX];

	return kube_tell(m->told, m->err, "%s: network.%s[%zu].%s[%zu]: %s%s%s", m->profile->name,
			 m->ingress ? "ingress" : "egress", rule, m->ingress ? "from" : "to", peer,
			 what ? quote(quoted, what, strlen(what)) : "", what ? " " : "", why);
}

static int take_block(struct kube_rule *rule, const struct cidr *cidr, const struct cidr *except,
		      size_t n_except, struct err *err)
{
	struct kube_peer *peer = EXTEND(rule->peers, rule->n_peers, err);

	if (!peer)
		return -ENOMEM;
	peer->cidr = *cidr;
	peer->except = calloc(n_except + 1, sizeof(*peer->except));
	if (!peer->except)
		return err_oom(err);
	if (n_except > 0)
		memcpy(peer->except, except, n_except * sizeof(*except));
	peer->n_except = n_except;
	return 0;
}

/* All of a block taken from it: nobody is left. */
static bool is_emptied(const struct cidr *cidr, const struct cidr *except, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (cidr_contains(&except[i], cidr))
			return true;
	}
	return false;
}

static int take_zone(const struct meeting *m, struct kube_rule *rule, const char *name)
{
	const struct zone *zone;
	int r = zones_get(m->zones, name, &zone, m->err);

	for (size_t i = 0; r == 0 && i < zone->n_cidrs; i++)
		r = take_block(rule, &zone->cidrs[i], NULL, 0, m->err);
	return r;
}

/* A pod's namespace is no label of it in a cluster: it is asked for another way. */
static int take_labels(const struct meeting *m, struct kube_rule *rule,
		       const struct peer_selector *selector, size_t at, size_t peer_at)
{
	_cleanup_region_ struct region pods = { 0 }, namespaces = { 0 }, own = { 0 };
	const struct key_rule *by_label;
	struct kube_peer *peer;
	const char *strange;
	int r;

	r = region_of(&selector->labels, &pods, m->err);
	if (r == 0)
		r = region_of(&selector->namespaces, &namespaces, m->err);
	by_label = r == 0 ? region_get(&pods, KUBE_POD_NAMESPACE) : NULL;
	if (by_label) {
		struct key_rule same = *by_label; /* borrows */

		r = region_copy(&(struct region){ .v = &same, .n = 1 }, &own, m->err);
		if (r == 0)
			r = region_rename(&own, KUBE_POD_NAMESPACE, LABEL_NAMESPACE, m->err);
		if (r == 0)
			r = region_meet(&namespaces, &own, m->err);
		region_forget(&pods, KUBE_POD_NAMESPACE);
	}
	strange = r == 0 ? strange_label(&pods) : NULL;
	if (strange)
		return tell_peer(m, at, peer_at, strange,
				 "is no label that a pod can be asked for");
	if (r < 0 || region_is_nothing(&pods) || region_is_nothing(&namespaces))
		return r;
	peer = EXTEND(rule->peers, rule->n_peers, m->err);
	if (!peer)
		return -ENOMEM;
	peer->by_label = true;
	peer->pods = pods;
	peer->namespaces = namespaces;
	pods = namespaces = (struct region){ 0 };
	return 0;
}

static int take_peer(const struct meeting *m, struct kube_rule *rule, const struct peer *peer,
		     size_t at, size_t peer_at)
{
	switch (peer->kind) {
	case PEER_IP_BLOCK:
		if (is_emptied(&peer->cidr, peer->except, peer->n_except))
			return 0;
		return take_block(rule, &peer->cidr, peer->except, peer->n_except, m->err);
	case PEER_ZONE:
		return take_zone(m, rule, peer->zone);
	case PEER_LABELS:
		return take_labels(m, rule, &peer->selector, at, peer_at);
	}
	return 0;
}

/* A rule from which every peer is gone allows nobody. */
static int take_rule(const struct meeting *m, const struct network_rule *from, size_t at,
		     struct kube_direction *out)
{
	struct kube_rule rule = { 0 }, *kept = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_peers; i++)
		r = take_peer(m, &rule, &from->peers[i], at, i);
	if (r == 0 && from->n_ports > 0) {
		rule.ports = calloc(from->n_ports, sizeof(*rule.ports));
		if (!rule.ports)
			r = err_oom(m->err);
		else
			memcpy(rule.ports, from->ports, from->n_ports * sizeof(*rule.ports));
		rule.n_ports = rule.ports ? from->n_ports : 0;
	}
	if (r == 0 && (rule.n_peers > 0 || from->n_peers == 0)) {
		kept = EXTEND(out->v, out->n, m->err);
		r = kept ? 0 : -ENOMEM;
	}
	if (kept)
		*kept = rule;
	else
		rule_done(&rule);
	return r;
}

/* ---- meeting ---- */

static int meet_blocks(const struct meeting *m, const struct kube_peer *a,
		       const struct kube_peer *b, struct kube_rule *out)
{
	const struct kube_peer *inner = cidr_contains(&a->cidr, &b->cidr) ? b : a;
	const struct kube_peer *outer = inner == b ? a : b;
	struct kube_peer *met;
	int r;

	if (!cidr_contains(&outer->cidr, &inner->cidr) ||
	    is_emptied(&inner->cidr, outer->except, outer->n_except))
		return 0;
	r = take_block(out, &inner->cidr, inner->except, inner->n_except, m->err);
	if (r < 0)
		return r;
	met = &out->peers[out->n_peers - 1];
	for (size_t i = 0; r == 0 && i < outer->n_except; i++) {
		struct cidr *except;

		if (!cidr_contains(&inner->cidr, &outer->except[i]))
			continue;
		except = EXTEND(met->except, met->n_except, m->err);
		r = except ? 0 : -ENOMEM;
		if (except)
			*except = outer->except[i];
	}
	return r;
}

static int meet_labels(const struct meeting *m, const struct kube_peer *a,
		       const struct kube_peer *b, struct kube_rule *out)
{
	struct kube_peer *met = EXTEND(out->peers, out->n_peers, m->err);
	int r;

	if (!met)
		return -ENOMEM;
	met->by_label = true;
	r = region_copy(&a->pods, &met->pods, m->err);
	if (r == 0)
		r = region_meet(&met->pods, &b->pods, m->err);
	if (r == 0)
		r = region_copy(&a->namespaces, &met->namespaces, m->err);
	if (r == 0)
		r = region_meet(&met->namespaces, &b->namespaces, m->err);
	if (region_is_nothing(&met->pods) || region_is_nothing(&met->namespaces))
		peer_done(&out->peers[--out->n_peers]);
	return r;
}

static int meet_peers(const struct meeting *m, const struct kube_peer *a, const struct kube_peer *b,
		      struct kube_rule *out)
{
	if (a->by_label && b->by_label)
		return meet_labels(m, a, b, out);
	if (!a->by_label && !b->by_label)
		return meet_blocks(m, a, b, out);
	return kube_tell(m->told, m->err,
			 "%s: network.%s: another profile of the same pods allows addresses where "
			 "this one allows labels: both at once is no peer",
			 m->profile->name, m->ingress ? "ingress" : "egress");
}

static int copy_peers(const struct meeting *m, const struct kube_rule *from, struct kube_rule *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_peers; i++) {
		const struct kube_peer *peer = &from->peers[i];

		r = peer->by_label
			    ? meet_labels(m, peer, peer, to)
			    : take_block(to, &peer->cidr, peer->except, peer->n_except, m->err);
	}
	return r;
}

static int meet_all_peers(const struct meeting *m, const struct kube_rule *a,
			  const struct kube_rule *b, struct kube_rule *out)
{
	int r = 0;

	if (a->n_peers == 0 || b->n_peers == 0)
		return copy_peers(m, a->n_peers == 0 ? b : a, out);
	for (size_t i = 0; r == 0 && i < a->n_peers; i++) {
		for (size_t k = 0; r == 0 && k < b->n_peers; k++)
			r = meet_peers(m, &a->peers[i], &b->peers[k], out);
	}
	return r;
}

static int add_port(const struct meeting *m, const struct port *port, struct kube_rule *out)
{
	struct port *new = EXTEND(out->ports, out->n_ports, m->err);

	if (!new)
		return -ENOMEM;
	*new = *port;
	return 0;
}

static int meet_ports(const struct meeting *m, const struct port *a, const struct port *b,
		      struct kube_rule *out)
{
	struct port met = a->any ? *b : *a;

	if (a->protocol != b->protocol)
		return 0;
	if (!a->any && !b->any) {
		met.first = a->first > b->first ? a->first : b->first;
		met.last = a->last < b->last ? a->last : b->last;
		if (met.first > met.last)
			return 0;
	}
	return add_port(m, &met, out);
}

static int meet_all_ports(const struct meeting *m, const struct kube_rule *a,
			  const struct kube_rule *b, struct kube_rule *out)
{
	int r = 0;

	if (a->n_ports == 0 || b->n_ports == 0) {
		const struct kube_rule *from = a->n_ports == 0 ? b : a;

		for (size_t i = 0; r == 0 && i < from->n_ports; i++)
			r = add_port(m, &from->ports[i], out);
		return r;
	}
	for (size_t i = 0; r == 0 && i < a->n_ports; i++) {
		for (size_t k = 0; r == 0 && k < b->n_ports; k++)
			r = meet_ports(m, &a->ports[i], &b->ports[k], out);
	}
	return r;
}

static int meet_rules(const struct meeting *m, const struct kube_rule *a, const struct kube_rule *b,
		      struct kube_direction *out)
{
	struct kube_rule rule = { 0 }, *kept = NULL;
	bool allows;
	int r;

	r = meet_all_peers(m, a, b, &rule);
	if (r == 0)
		r = meet_all_ports(m, a, b, &rule);
	allows = (rule.n_peers > 0 || (a->n_peers == 0 && b->n_peers == 0)) &&
		 (rule.n_ports > 0 || (a->n_ports == 0 && b->n_ports == 0));
	if (r == 0 && allows && out->n >= KUBE_RULES_MAX)
		r = err_input(m->err, E2BIG,
			      "the profiles of the same pods come to more than %d rules of one "
			      "policy",
			      KUBE_RULES_MAX);
	if (r == 0 && allows) {
		kept = EXTEND(out->v, out->n, m->err);
		r = kept ? 0 : -ENOMEM;
	}
	if (kept)
		*kept = rule;
	else
		rule_done(&rule);
	return r;
}

int kube_direction_meet(struct kube_direction *direction, const struct profile *profile,
			bool ingress, const struct zones *zones, struct kube_told *told,
			struct err *err)
{
	const struct direction *from =
		ingress ? &profile->network.ingress : &profile->network.egress;
	const struct meeting m = { profile, ingress, zones, told, err };
	struct kube_direction one = { .present = true }, met = { .present = true };
	int r = 0;

	if (!from->present)
		return 0;
	for (size_t i = 0; r == 0 && i < from->n_rules; i++)
		r = take_rule(&m, &from->rules[i], i, &one);
	for (size_t i = 0; r == 0 && direction->present && i < direction->n; i++) {
		for (size_t k = 0; r == 0 && k < one.n; k++)
			r = meet_rules(&m, &direction->v[i], &one.v[k], &met);
	}
	if (r < 0 || direction->present)
		kube_direction_done(&one);
	if (r < 0) {
		kube_direction_done(&met);
		return r;
	}
	if (direction->present) {
		kube_direction_done(direction);
		*direction = met;
	} else {
		*direction = one;
	}
	return 0;
}

/* ---- to text ---- */

static void write_block(const struct kube_peer *peer, struct emit *e)
{
	char text[CIDR_TEXT_MAX];

	emit_key(e, "ipBlock");
	emit_object(e);
	emit_key(e, "cidr");
	emit_string(e, cidr_format(text, &peer->cidr));
	if (peer->n_except > 0) {
		emit_key(e, "except");
		emit_array(e);
		for (size_t i = 0; i < peer->n_except; i++)
			emit_string(e, cidr_format(text, &peer->except[i]));
		emit_array_end(e);
	}
	emit_object_end(e);
}

/* Without a selector of namespaces a policy would mean its own alone. */
static void write_peer(const struct kube_peer *peer, struct emit *e)
{
	emit_object(e);
	if (!peer->by_label) {
		write_block(peer, e);
	} else {
		emit_key(e, "namespaceSelector");
		region_write(&peer->namespaces, e);
		if (peer->pods.n > 0) {
			emit_key(e, "podSelector");
			region_write(&peer->pods, e);
		}
	}
	emit_object_end(e);
}

static void write_port(const struct port *port, struct emit *e)
{
	static const char *const names[] = {
		[PROTOCOL_TCP] = "TCP", [PROTOCOL_UDP] = "UDP", [PROTOCOL_SCTP] = "SCTP"
	};

	emit_object(e);
	emit_key(e, "protocol");
	emit_string(e, names[port->protocol]);
	if (!port->any) {
		emit_key(e, "port");
		emit_u64(e, port->first);
	}
	if (!port->any && port->last != port->first) {
		emit_key(e, "endPort");
		emit_u64(e, port->last);
	}
	emit_object_end(e);
}

static void write_rule(const struct kube_rule *rule, bool ingress, struct emit *e)
{
	emit_object(e);
	if (rule->n_peers > 0) {
		emit_key(e, ingress ? "from" : "to");
		emit_array(e);
		for (size_t i = 0; i < rule->n_peers; i++)
			write_peer(&rule->peers[i], e);
		emit_array_end(e);
	}
	if (rule->n_ports > 0) {
		emit_key(e, "ports");
		emit_array(e);
		for (size_t i = 0; i < rule->n_ports; i++)
			write_port(&rule->ports[i], e);
		emit_array_end(e);
	}
	emit_object_end(e);
}

void kube_direction_write(const struct kube_direction *direction, bool ingress, struct emit *e)
{
	if (!direction->present)
		return;
	emit_key(e, ingress ? "ingress" : "egress");
	emit_array(e);
	for (size_t i = 0; i < direction->n; i++)
		write_rule(&direction->v[i], ingress, e);
	emit_array_end(e);
}
