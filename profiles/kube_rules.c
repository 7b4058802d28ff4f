/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a NetworkPolicy in coaming's words.
 *
 * A rule allows. So what a host cannot know (a port by its name, the labels of a namespace) is left
 * out of it and noted: less is allowed. A list from which everything was left out must not become
 * an empty one, which would allow everybody: the rule goes with it.
 */
#include "profiles/kube_internal.h"

#include <arpa/inet.h>
#include <errno.h>

#include "lib/strv.h"
#include "profiles/match.h"

static bool is_given(const struct node *node)
{
	return node && node->type != NODE_NULL;
}

/* ---- blocks ---- */

/* Kubernetes takes an address with bits behind its prefix for the block that it lies in. */
static int read_block(const struct doc *doc, const struct node *node, struct cidr *ret,
		      struct err *err)
{
	char text[CIDR_TEXT_MAX];
	struct cidr cidr = { 0 };
	const char *string, *slash;
	int r;

	r = node_read_string(doc, node, &string, err);
	if (r < 0)
		return r;
	slash = strchr(string, '/');
	if (!slash || strlen(string) >= sizeof(text))
		goto bad;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(slash - string), string);
	cidr.v6 = strchr(text, ':') != NULL;
	/* The length of the prefix as cidr_parse() has it: of an address without bits. */
	(void)snprintf(text, sizeof(text), "%s%s", cidr.v6 ? "::" : "0.0.0.0", slash);
	if (cidr_parse(text, &cidr) < 0)
		goto bad;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(slash - string), string);
	if (inet_pton(cidr.v6 ? AF_INET6 : AF_INET, text, cidr.address) != 1)
		goto bad;
	for (size_t bit = cidr.prefix_len; bit < (cidr.v6 ? 128U : 32U); bit++)
		cidr.address[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	*ret = cidr;
	return 0;
bad:
	return err_input(err, EBADMSG, "%s: %s is no block of addresses, such as 10.0.0.0/8",
			 WHERE(doc, node), Q(string));
}

static int write_excepts(const struct doc *doc, const struct node *list, const struct cidr *cidr,
			 struct emit *e, struct err *err)
{
	int r = node_expect(doc, list, NODE_ARRAY, err);

	if (r < 0)
		return r;
	emit_key(e, "except");
	emit_array(e);
	node_foreach (node, list) {
		char text[CIDR_TEXT_MAX];
		struct cidr block;

		r = read_block(doc, node, &block, err);
		if (r < 0)
			return r;
		if (!cidr_contains(cidr, &block) || block.prefix_len == cidr->prefix_len)
			return err_input(err, EBADMSG,
					 "%s: %s does not lie within the block that it is taken "
					 "from, or is all of it",
					 WHERE(doc, node), Q(node->string));
		emit_string(e, cidr_format(text, &block));
	}
	emit_array_end(e);
	return 0;
}

/* Nothing on a wire has such an address; Kubernetes' own parsers differ in what one means. */
static bool is_v4_mapped(const struct cidr *cidr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return cidr->v6 && memcmp(cidr->address, prefix, sizeof(prefix)) == 0;
}

static int write_ip_block(const struct kube_place *place, const struct node *node, struct emit *e,
			  bool *ret_left, struct err *err)
{
	static const char *const keys[] = { "cidr", "except" };
	char text[CIDR_TEXT_MAX];
	struct cidr cidr;
	int r;

	r = node_expect(place->doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(place->doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0 && !node_get(node, "cidr"))
		r = err_input(err, EBADMSG, "%s: an ipBlock needs \"cidr\"",
			      WHERE(place->doc, node));
	if (r == 0)
		r = read_block(place->doc, node_get(node, "cidr"), &cidr, err);
	if (r < 0)
		return r;
	if (is_v4_mapped(&cidr)) {
		*ret_left = false;
		return kube_gap(place, node_get(node, "cidr"),
				"an IPv4 address in the form of an IPv6 one is on no packet", err);
	}
	emit_object(e);
	emit_key(e, "ipBlock");
	emit_object(e);
	emit_key(e, "cidr");
	emit_string(e, cidr_format(text, &cidr));
	if (is_given(node_get(node, "except")) && node_get(node, "except")->count > 0)
		r = write_excepts(place->doc, node_get(node, "except"), &cidr, e, err);
	emit_object_end(e);
	emit_object_end(e);
	return r;
}

/* ---- namespaces ---- */

/* Which of the namespaces that came with the policies fit: their names are all a node knows. */
static int name_namespaces(const struct kube *kube, const struct selector *selector,
			   struct region *ret, struct err *err)
{
	struct key_rule *rule = calloc(1, sizeof(*rule));
	int r = 0;

	if (!rule)
		return err_oom(err);
	*ret = (struct region){ .v = rule, .n = 1 };
	rule->listed = true;
	rule->key = strdup(LABEL_NAMESPACE);
	if (!rule->key)
		return err_oom(err);
	for (size_t i = 0; r == 0 && i < kube->n_namespaces; i++) {
		const struct metadata metadata = { .labels = &kube->namespaces[i].labels };

		if (selector_holds_trusted(selector, &metadata))
			r = strv_add(&rule->values, &rule->n_values, kube->namespaces[i].name, err);
	}
	strv_sort_unique(rule->values, &rule->n_values);
	return r;
}

static int read_namespaces(const struct kube_place *place, const struct node *node,
			   struct region *ret, bool *ret_left, struct err *err)
{
	struct selector selector = { 0 };
	bool by_name = true;
	int r;

	r = selector_parse(place->doc, node, &selector, err);
	for (size_t i = 0; r == 0 && i < selector.n; i++)
		by_name = by_name && streq(selector.v[i].key, LABEL_NAMESPACE);
	if (r == 0 && by_name)
		r = region_of(&selector, ret, err);
	else if (r == 0 && place->kube->n_namespaces > 0)
		r = name_namespaces(place->kube, &selector, ret, err);
	else if (r == 0) {
		*ret_left = false;
		r = kube_gap(place, node,
			     "a node knows of a namespace no label but " LABEL_NAMESPACE
			     ", its name (give the Namespace objects too)",
			     err);
	}
	selector_done(&selector);
	return r;
}

/* Without a selector of namespaces, the policy's own. */
static int own_namespace(const struct kube_place *place, struct region *ret, struct err *err)
{
	char *value = place->policy->namespace;
	struct key_rule own = {
		.key = (char[]){ LABEL_NAMESPACE }, .listed = true, .values = &value, .n_values = 1
	};
	const struct region region = { .v = &own, .n = 1 };

	return region_meet(ret, &region, err);
}

/* ---- peers ---- */

static int write_pods(const struct kube_place *place, const struct node *node, struct emit *e,
		      bool *ret_left, struct err *err)
{
	const struct node *pods = node_get(node, "podSelector");
	const struct node *namespaces = node_get(node, "namespaceSelector");
	_cleanup_region_ struct region pod = { 0 }, namespace = { 0 };
	bool known;
	int r;

	r = kube_read_pods(place->doc, pods, &pod, &known, err);
	if (r == 0)
		r = is_given(namespaces)
			    ? read_namespaces(place, namespaces, &namespace, ret_left, err)
			    : own_namespace(place, &namespace, err);
	if (r == 0 && !known) {
		*ret_left = false;
		r = kube_gap(place, pods,
			     "it asks for a label under io.kubernetes.: on a node the kubelet "
			     "sets those",
			     err);
	}
	if (r < 0 || !*ret_left)
		return r;
	if (region_is_nothing(&pod) || region_is_nothing(&namespace)) {
		*ret_left = false; /* that is what it says: nobody */
		return 0;
	}
	place->kube->n_label_peers++;
	emit_object(e);
	if (pod.n > 0) {
		emit_key(e, "labelSelector");
		region_write(&pod, e);
	}
	emit_key(e, "namespaceSelector");
	region_write(&namespace, e);
	emit_object_end(e);
	return 0;
}

static int write_peer(const struct kube_place *place, const struct node *node, struct emit *e,
		      bool *ret_left, struct err *err)
{
	static const char *const keys[] = { "podSelector", "namespaceSelector", "ipBlock" };
	bool by_label, by_block;
	int r;

	r = node_expect(place->doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(place->doc, node, keys, ARRAY_SIZE(keys), err);
	if (r < 0)
		return r;
	by_block = is_given(node_get(node, "ipBlock"));
	by_label = is_given(node_get(node, "podSelector")) ||
		   is_given(node_get(node, "namespaceSelector"));
	if (by_block == by_label)
		return err_input(err, EBADMSG,
				 "%s: a peer is either an \"ipBlock\", or a \"podSelector\", a "
				 "\"namespaceSelector\" or both of these",
				 WHERE(place->doc, node));
	return by_block ? write_ip_block(place, node_get(node, "ipBlock"), e, ret_left, err)
			: write_pods(place, node, e, ret_left, err);
}

/* ---- ports ---- */

static int read_port_number(const struct doc *doc, const struct node *node, uint64_t *ret,
			    struct err *err)
{
	int r = node_read_u64(doc, node, ret, err);

	if (r == 0 && (*ret < 1 || *ret > UINT16_MAX))
		r = err_input(err, ERANGE, "%s: port %llu is not from 1 to 65535", WHERE(doc, node),
			      (unsigned long long)*ret);
	return r;
}

static int write_protocol(const struct doc *doc, const struct node *node, struct emit *e,
			  struct err *err)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP" };
	const char *text = names[0];
	int r = 0;

	if (is_given(node))
		r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!streq(text, names[i]))
			continue;
		emit_key(e, "protocol");
		emit_string(e, text);
		return 0;
	}
	return err_input(err, EBADMSG, "%s: unknown protocol %s: expected TCP, UDP or SCTP%s",
			 WHERE(doc, node), Q(text), SUGGESTION(text, names, ARRAY_SIZE(names)));
}

static int write_range(const struct doc *doc, const struct node *port, const struct node *end,
		       struct emit *e, struct err *err)
{
	uint64_t first, last;
	int r;

	r = read_port_number(doc, port, &first, err);
	last = first;
	if (r == 0 && is_given(end))
		r = read_port_number(doc, end, &last, err);
	if (r == 0 && last < first)
		r = err_input(err, EBADMSG, "%s: endPort %llu is less than port %llu",
			      WHERE(doc, end), (unsigned long long)last, (unsigned long long)first);
	if (r < 0)
		return r;
	emit_key(e, "port");
	emit_u64(e, first);
	if (is_given(end)) {
		emit_key(e, "endPort");
		emit_u64(e, last);
	}
	return 0;
}

static int write_port(const struct kube_place *place, const struct node *node, struct emit *e,
		      bool *ret_left, struct err *err)
{
	static const char *const keys[] = { "protocol", "port", "endPort" };
	const struct node *port = node_get(node, "port"), *end = node_get(node, "endPort");
	int r;

	r = node_expect(place->doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(place->doc, node, keys, ARRAY_SIZE(keys), err);
	if (r == 0 && is_given(end) && !node_is(port, NODE_NUMBER))
		r = err_input(err, EBADMSG, "%s: \"endPort\" needs \"port\", a number",
			      WHERE_KEY(place->doc, end));
	if (r < 0)
		return r;
	if (node_is(port, NODE_STRING)) {
		*ret_left = false;
		return kube_gap(place, port,
				"a port by its name: which number it has, each pod says for "
				"itself (give the number)",
				err);
	}
	emit_object(e);
	r = write_protocol(place->doc, node_get(node, "protocol"), e, err);
	if (r == 0 && is_given(port))
		r = write_range(place->doc, port, end, e, err);
	emit_object_end(e);
	return r;
}

/* ---- rules ---- */

typedef int write_fn(const struct kube_place *place, const struct node *node, struct emit *e,
		     bool *ret_left, struct err *err);

/*
 * A list of a rule: absent or empty it demands nothing, and stays away. *ret_left: false where all
 * that it had was left out, so that the rule allows nothing any more.
 */
static int write_list(const struct kube_place *place, const struct node *rule, const char *key,
		      write_fn *write, struct emit *e, bool *ret_left, struct err *err)
{
	const struct node *list = node_get(rule, key);
	size_t left = 0;
	int r = 0;

	if (!is_given(list))
		return 0;
	r = node_expect(place->doc, list, NODE_ARRAY, err);
	if (r < 0 || list->count == 0)
		return r;
	emit_key(e, key);
	emit_array(e);
	node_foreach (node, list) {
		bool stays = true;

		r = write(place, node, e, &stays, err);
		if (r < 0)
			return r;
		left += stays;
	}
	emit_array_end(e);
	*ret_left = *ret_left && left > 0;
	return 0;
}

static int read_rule(const struct kube_place *place, const struct node *node, bool ingress,
		     struct kube_rules *ret, struct err *err)
{
	const char *const keys[] = { ingress ? "from" : "to", "ports" };
	_cleanup_buf_ struct buf text = { 0 };
	struct emit e = EMIT(&text);
	bool left = true;
	int r;

	r = node_expect(place->doc, node, NODE_OBJECT, err);
	if (r == 0)
		r = node_check_keys(place->doc, node, keys, ARRAY_SIZE(keys), err);
	emit_object(&e);
	if (r == 0)
		r = write_list(place, node, keys[0], write_peer, &e, &left, err);
	if (r == 0)
		r = write_list(place, node, keys[1], write_port, &e, &left, err);
	emit_object_end(&e);
	if (r == 0 && buf_status(&text) < 0)
		r = err_oom(err);
	return r < 0 || !left ? r : strv_add(&ret->v, &ret->n, text.data, err);
}

int kube_read_rules(const struct kube_place *place, const struct node *list, bool ingress,
		    struct kube_rules *ret, struct err *err)
{
	int r;

	if (!is_given(list))
		return 0;
	r = node_expect(place->doc, list, NODE_ARRAY, err);
	if (r < 0)
		return r;
	node_foreach (node, list) {
		r = read_rule(place, node, ingress, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}
