/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/graph_model.c: who may talk to whom and who did, of a small host whose whole graph is written
 * here; of generated policies, where each edge is held against the verdict on each connection; and
 * with no memory.
 */
#include "cli/graph_model.h"
#include "cli/graph_ports.h"
#include "cli/graph_space.h"
#include "tests/unit/alloc.h"
#include "tests/unit/random.h"
#include "tests/unit/shop.h"

#define CONTAINERS_MAX 8

/* A host, its profiles and what is asked of them. */
struct scene {
	struct host *host;
	struct store *store;
	struct graph_input input;
};

static void scene_done(struct scene *s)
{
	graph_input_done(&s->input);
	store_free(&s->store);
	host_free(&s->host);
}

static void open_scene(struct scene *s, const struct place *p, const char *config)
{
	struct err err = { 0 };

	s->host = shop_host(p, config);
	if (store_open(s->host, &s->store, &err) < 0)
		fail_msg("%s", err.text);
	s->input.host = s->host;
	s->input.containers = calloc(CONTAINERS_MAX, sizeof(*s->input.containers));
	s->input.flows = calloc(64, sizeof(*s->input.flows));
	assert_non_null(s->input.containers);
	assert_non_null(s->input.flows);
}

/* addresses: "10.0.0.1 fd00::1"; NULL: it is over, and what it had nobody knows. */
static struct graph_container *add(struct scene *s, const char *name, const char *labels,
				   const char *addresses)
{
	struct graph_container *c = &s->input.containers[s->input.n_containers++];
	_cleanup_free_ char *copy = strdup(addresses ? addresses : "");
	struct metadata metadata = { .labels = &c->labels };
	struct err err = { 0 };
	char *rest = copy;

	assert_true(s->input.n_containers <= CONTAINERS_MAX);
	c->machine = strdup("");
	c->id = strdup(name);
	c->name = strdup(name);
	c->running = c->subject = addresses != NULL;
	c->addresses = calloc(4, sizeof(*c->addresses));
	shop_labels(&c->labels, labels);
	for (char *item = strsep(&rest, " "); item && *item; item = strsep(&rest, " "))
		assert_int_equal(cidr_parse(item, &c->addresses[c->n_addresses++]), 0);
	if (select_profiles(s->host, s->store, &metadata, &c->selection, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

/* other: a number of a container, or an address. */
static void saw(struct scene *s, size_t container, const char *what, const char *other,
		uint16_t port, uint64_t count)
{
	struct graph_flow *flow = &s->input.flows[s->input.n_flows++];

	*flow = (struct graph_flow){ .container = container,
				     .other = GRAPH_NONE,
				     .ingress = strchr(what, 'i') != NULL,
				     .refused = strchr(what, 'r') != NULL,
				     .protocol = strchr(what, 'u') ? PROTOCOL_UDP : PROTOCOL_TCP,
				     .port = port,
				     .count = count,
				     .first = 1000 * count,
				     .last = 2000 * count };
	if (strchr(other, '.') || strchr(other, ':')) {
		flow->has_address = true;
		assert_int_equal(cidr_parse(other, &flow->address), 0);
		return;
	}
	flow->other = (size_t)(other[0] - '0');
	flow->has_address = s->input.containers[flow->other].n_addresses > 0;
	if (flow->has_address)
		flow->address = s->input.containers[flow->other].addresses[0];
}

/* A line each: "web > db TCP 5432 used 3/0". */
static void tell(const struct graph *graph, struct buf *out)
{
	for (size_t i = 0; i < graph->n_edges; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		for (size_t k = 0; k < edge->n_lines; k++) {
			const struct graph_line *line = &edge->lines[k];

			buf_addf(out, "%s > %s ", graph->nodes[edge->from].name,
				 graph->nodes[edge->to].name);
			graph_line_describe(line, out);
			buf_addf(out, " %s%s", line->open ? "open " : "",
				 graph_state_name(line->state));
			if (line->accepted || line->refused)
				buf_addf(out, " %llu/%llu", (unsigned long long)line->accepted,
					 (unsigned long long)line->refused);
			buf_addf(out, "%s%s\n", line->by ? " by " : "", line->by ? line->by : "");
		}
	}
}

static void assert_graph(const struct scene *s, const char *wanted)
{
	_cleanup_graph_ struct graph graph = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct err err = { 0 };

	if (graph_build(&s->input, &graph, &err) < 0)
		fail_msg("%s", err.text);
	tell(&graph, &text);
	assert_string_equal(text.data ? text.data : "", wanted);
}

#define PEERS(labels) "[{\"labelSelector\": {\"matchLabels\": {" labels "}}}]"

/* web may to db, and db lets web in; a block with a hole; a zone. */
static void put_profiles(const struct place *p)
{
	shop_profile(p, "lo", "web",
		     MATCH("tier", "web") ", \"network\": {\"ingress\": [{\"ports\": "
					  "[{\"port\": 80}, {\"port\": 443}]}], "
					  "\"egress\": [{\"to\": " PEERS(
						  "\"tier\": \"db\"") ", \"ports\": [{\"port\": "
								      "5000, \"endPort\": 6000}]}, "
								      "{\"to\": [{\"ipBlock\": "
								      "{\"cidr\": \"10.0.0.0/8\", "
								      "\"except\": "
								      "[\"10.1.0.0/16\"]}}]}]}");
	shop_profile(p, "lo", "db",
		     MATCH("tier", "db") ", \"network\": {\"ingress\": [{\"from\": " PEERS(
			     "\"tier\": \"web\"") ", \"ports\": [{\"port\": 5432}, {\"protocol\": "
						  "\"UDP\", \"port\": 5432}]}, {\"from\": "
						  "[{\"zone\": \"office\"}], \"ports\": "
						  "[{\"port\": 22}]}], \"egress\": []}");
	shop_profile(p, "lo", "tried",
		     MATCH("tier", "tried") ", \"mode\": \"audit\", \"network\": "
					    "{\"ingress\": [], \"egress\": []}");
}

#define CONFIG                                                                                     \
	", \"defaultProfile\": null, \"zones\": {\"office\": [\"192.0.2.0/25\", "                  \
	"\"198.51.100.0/24\"]}"

static void test_small(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG);
	add(&s, "web", "tier=web", "172.16.0.1");
	add(&s, "db", "tier=db", "172.16.0.2 fd00::2");
	assert_graph(&s, "web > db TCP 5432 unused\n"
			 "web > 10.0.0.0/8 anything unused\n"
			 "office > db TCP 22 unused\n"
			 "anywhere > web TCP 80 unused\n"
			 "anywhere > web TCP 443 unused\n");
	saw(&s, 0, "ea", "1", 5432, 3); /* both ends tell of the same three */
	saw(&s, 1, "ia", "0", 5432, 3);
	saw(&s, 0, "ea", "10.2.3.4", 7, 1);
	saw(&s, 0, "er", "10.1.3.4", 7, 2); /* in the hole */
	saw(&s, 0, "er", "192.0.2.9", 53, 4);
	saw(&s, 1, "ia", "192.0.2.9", 22, 5);
	saw(&s, 1, "ia", "192.0.2.200", 22, 6); /* not in the zone, and it was let in once */
	saw(&s, 0, "ia", "203.0.113.1", 443, 7);
	saw(&s, 1, "iru", "2001:db8::1", 9, 8);
	assert_graph(&s, "web > db TCP 5432 used 3/0\n"
			 "web > 10.0.0.0/8 anything used 1/0\n"
			 "web > 10.1.0.0/16 TCP 7 refused 0/2 by profile web\n"
			 "web > anywhere TCP 53 refused 0/4 by profile web\n"
			 "office > db TCP 22 used 5/0\n"
			 "anywhere > db TCP 22 withdrawn 6/0 by profile db\n"
			 "anywhere > db UDP 9 refused 0/8 by profile db\n"
			 "anywhere > web TCP 80 unused\n"
			 "anywhere > web TCP 443 used 7/0\n");
}

/* What the receiver says of a connection counts, where it says anything. */
static void test_both_ends(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG);
	add(&s, "web", "tier=web", "172.16.0.1");
	add(&s, "db", "tier=db", "172.16.0.2");
	saw(&s, 0, "ea", "1", 5500, 2);
	saw(&s, 1, "ir", "0", 5500, 6);
	saw(&s, 0, "ea", "1", 5432, 9);
	saw(&s, 1, "ia", "0", 5432, 4);
	saw(&s, 1, "ir", "0", 5432, 5);
	assert_graph(&s, "web > db TCP 5432 used 4/5\n"
			 "web > db TCP 5500 refused 0/6 by profile db\n"
			 "web > 10.0.0.0/8 anything unused\n"
			 "office > db TCP 22 unused\n"
			 "anywhere > web TCP 80 unused\n"
			 "anywhere > web TCP 443 unused\n");
}

/* What is only recorded, or not confined at all, is open; classes are kept apart whatever is open.
 */
static void test_open(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG ", \"separate\": [\"class\"]");
	add(&s, "tried", "tier=tried io.coaming.class=a", "172.16.0.1");
	add(&s, "free", "io.coaming.class=a", "172.16.0.2");
	add(&s, "other", "io.coaming.class=b", "172.16.0.3");
	saw(&s, 0, "ea", "1", 99, 2);
	saw(&s, 0, "er", "2", 99, 2);
	assert_graph(&s, "free > tried anything open unused\n"
			 "free > anywhere anything open unused\n"
			 "other > anywhere anything open unused\n"
			 "tried > free anything open used 2/0\n"
			 "tried > other TCP 99 refused 0/2 by data class io.coaming.class\n"
			 "tried > anywhere anything open unused\n"
			 "anywhere > free anything open unused\n"
			 "anywhere > other anything open unused\n"
			 "anywhere > tried anything open unused\n");
}

/* What a profile keeps apart is so in both directions, whoever is under it. */
static void test_apart_by_profile(void **state)
{
	static const char vault[] = MATCH("tier", "vault") ", \"separate\": [\"class\"]";
	_cleanup_(scene_done) struct scene s = { 0 };

	shop_profile(*state, "lo", "vault", vault);
	open_scene(&s, *state, CONFIG);
	add(&s, "vault", "tier=vault io.coaming.class=a", "172.16.0.1");
	add(&s, "mate", "io.coaming.class=a", "172.16.0.2");
	add(&s, "other", "io.coaming.class=b", "172.16.0.3");
	saw(&s, 0, "er", "2", 99, 2);
	assert_graph(&s, "mate > other anything open unused\n"
			 "mate > vault anything open unused\n"
			 "mate > anywhere anything open unused\n"
			 "other > mate anything open unused\n"
			 "other > anywhere anything open unused\n"
			 "vault > mate anything open unused\n"
			 "vault > other TCP 99 refused 0/2 by data class io.coaming.class\n"
			 "vault > anywhere anything open unused\n"
			 "anywhere > mate anything open unused\n"
			 "anywhere > other anything open unused\n"
			 "anywhere > vault anything open unused\n");
}

/* By a label; one that is over is of its group, and is judged by the policy as it is now. */
static void test_groups(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG);
	add(&s, "w1", "tier=web app=shop", "172.16.0.1");
	add(&s, "w2", "tier=web", "172.16.0.2");
	add(&s, "d1", "tier=db app=shop", "172.16.0.3");
	add(&s, "gone", "tier=web app=shop", NULL);
	add(&s, "report", "tier=report app=report", NULL);
	saw(&s, 3, "ea", "2", 5432, 2);
	saw(&s, 4, "ea", "2", 5432, 5);
	assert_graph(&s, "report > shop TCP 5432 withdrawn 5/0 by profile db\n"
			 "shop > shop TCP 5432 used 2/0\n"
			 "shop > 10.0.0.0/8 anything unused\n"
			 "w2 > shop TCP 5432 unused\n"
			 "w2 > 10.0.0.0/8 anything unused\n"
			 "office > shop TCP 22 unused\n"
			 "anywhere > shop TCP 80 unused\n"
			 "anywhere > shop TCP 443 unused\n"
			 "anywhere > w2 TCP 80 unused\n"
			 "anywhere > w2 TCP 443 unused\n");
	s.input.by = "tier";
	assert_graph(&s, "report > db TCP 5432 withdrawn 5/0 by profile db\n"
			 "web > db TCP 5432 used 2/0\n"
			 "web > 10.0.0.0/8 anything unused\n"
			 "office > db TCP 22 unused\n"
			 "anywhere > web TCP 80 unused\n"
			 "anywhere > web TCP 443 unused\n");
	s.input.by = "absent";
	assert_graph(&s, "no absent > no absent TCP 5432 withdrawn 5/0 by profile db\n"
			 "no absent > no absent TCP 5432 used 2/0\n"
			 "no absent > 10.0.0.0/8 anything unused\n"
			 "office > no absent TCP 22 unused\n"
			 "anywhere > no absent TCP 80 unused\n"
			 "anywhere > no absent TCP 443 unused\n");
}

/* Of those that share a namespace all must let a packet pass. */
static void test_shared(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG);
	add(&s, "side", "tier=none", "172.16.0.1")->netns = 7;
	add(&s, "web", "tier=web", "172.16.0.1")->netns = 7;
	add(&s, "db", "tier=db", "172.16.0.2")->netns = 8;
	assert_graph(&s, "side > 10.0.0.0/8 anything unused\n"
			 "web > 10.0.0.0/8 anything unused\n"
			 "office > db TCP 22 unused\n"
			 "anywhere > side TCP 80 unused\n"
			 "anywhere > side TCP 443 unused\n"
			 "anywhere > web TCP 80 unused\n"
			 "anywhere > web TCP 443 unused\n");
}

#define FROM(key, value, port)                                                                     \
	"{\"from\": " PEERS("\"" key "\": \"" value "\"") ", \"ports\": [{\"port\": " port "}]}"

/* An address is a peer's only where one rule lets in all that have it: two that each let in one of
 * them let in none. And it is of another class where one of them is. */
static void test_shared_peers(void **state)
{
	static const char two[] =
		MATCH("tier", "two") ", \"network\": {\"egress\": [], "
				     "\"ingress\": [" FROM("app", "a", "1") ", " FROM(
					     "app", "b", "1") ", " FROM("both", "yes", "2") "]}";
	static const char quiet[] = MATCH("both", "yes") ", \"network\": {\"ingress\": [], "
							 "\"egress\": [{}]}";
	_cleanup_(scene_done) struct scene s = { 0 };

	shop_profile(*state, "lo", "two", two);
	shop_profile(*state, "lo", "quiet", quiet);
	open_scene(&s, *state, CONFIG ", \"separate\": [\"class\"]");
	add(&s, "a", "app=a both=yes io.coaming.class=x", "172.16.0.1")->netns = 7;
	add(&s, "b", "app=b both=yes", "172.16.0.1")->netns = 7;
	add(&s, "two", "tier=two", "172.16.0.2");
	assert_graph(&s, "a > anywhere anything unused\n"
			 "b > anywhere anything unused\n");
	labels_done(&s.input.containers[0].labels);
	shop_labels(&s.input.containers[0].labels, "app=a both=yes");
	assert_graph(&s, "a > two TCP 2 unused\n"
			 "a > anywhere anything unused\n"
			 "b > two TCP 2 unused\n"
			 "b > anywhere anything unused\n");
}

/* ---- generated ---- */

static const char *const blocks[] = { "10.0.0.0/8", "10.0.0.0/9",    "10.128.0.0/9", "10.64.0.0/16",
				      "0.0.0.0/0",  "172.16.0.0/29", "172.16.0.3/32" };

static void random_peer(uint64_t *seed, struct buf *out)
{
	size_t b = random_below(seed, ARRAY_SIZE(blocks));

	switch (random_below(seed, 4)) {
	case 0:
		buf_adds(out, "{\"zone\": \"office\"}");
		break;
	case 1:
		buf_addf(out, "{\"ipBlock\": {\"cidr\": \"%s\"%s}}", blocks[b],
			 b == 0 ? ", \"except\": [\"10.64.0.0/16\"]" : "");
		break;
	default:
		buf_addf(out, "{\"labelSelector\": {\"matchLabels\": {\"t\": \"%zu\"}}}",
			 random_below(seed, 3));
	}
}

static void random_direction(uint64_t *seed, const char *key, const char *peers, struct buf *out)
{
	buf_addf(out, "\"%s\": [", key);
	for (size_t n = random_below(seed, 3), i = 0; i < n; i++) {
		buf_adds(out, i ? ", {" : "{");
		if (random_below(seed, 4)) {
			buf_addf(out, "\"%s\": [", peers);
			random_peer(seed, out);
			buf_adds(out, ", ");
			random_peer(seed, out);
			buf_adds(out, random_below(seed, 3) ? "], " : "]");
		}
		if (out->data[out->len - 1] != ']')
			buf_addf(out,
				 "\"ports\": [{\"protocol\": \"%s\"}, {\"port\": %zu, "
				 "\"endPort\": %zu}]",
				 random_below(seed, 2) ? "UDP" : "SCTP", random_below(seed, 50) + 1,
				 random_below(seed, 50) + 51);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static void random_profiles(uint64_t *seed, const struct place *p)
{
	for (size_t i = 0; i < 4; i++) {
		_cleanup_buf_ struct buf text = { 0 };
		size_t which = random_below(seed, 5) % 3; /* both, egress, ingress */
		char name[8];

		(void)snprintf(name, sizeof(name), "p%zu", i);
		buf_addf(&text,
			 ", \"match\": {\"labelSelector\": {\"matchLabels\": {\"%s\": "
			 "\"%zu\"}}}, \"network\": {",
			 i < 3 ? "t" : "u", i < 3 ? i : 1);
		if (which != 1)
			random_direction(seed, "ingress", "from", &text);
		buf_adds(&text, which == 0 ? ", " : "");
		if (which != 2)
			random_direction(seed, "egress", "to", &text);
		buf_adds(&text, "}");
		assert_int_equal(buf_status(&text), 0);
		assert_true(text.len < 900);
		shop_profile(p, "lo", name, text.data);
	}
}

static const struct graph_edge *find_edge(const struct graph *graph, const char *from,
					  const char *to)
{
	for (size_t i = 0; i < graph->n_edges; i++) {
		if (streq(graph->nodes[graph->edges[i].from].id, from) &&
		    streq(graph->nodes[graph->edges[i].to].id, to))
			return &graph->edges[i];
	}
	return NULL;
}

static bool edge_has(const struct graph_edge *edge, enum protocol protocol, uint16_t port)
{
	for (size_t i = 0; edge && i < edge->n_lines; i++) {
		const struct graph_line *line = &edge->lines[i];

		if (line->allowed &&
		    (line->all || (line->protocol == protocol && line->first_port <= port &&
				   port <= line->last_port)))
			return true;
	}
	return false;
}

/* The plain question to the model, each container by itself. */
static bool passes(const struct scene *s, const struct graph_container *own, bool ingress,
		   const struct cidr *address, const struct graph_container *other,
		   enum protocol protocol, uint16_t port)
{
	struct connection c = { .ingress = ingress,
				.peer = *address,
				.own = { &own->labels, NULL },
				.other = { other ? &other->labels : NULL, NULL },
				.protocol = protocol,
				.port = port };
	struct connection_refusal refusal = { 0 };
	struct err err = { 0 };

	assert_int_equal(connection_refused_by(&own->selection, s->host, &c, &refusal, &err), 0);
	return !refusal.profile && !refusal.class_key;
}

static const uint16_t some_ports[] = { 0, 1, 7, 49, 50, 51, 99, 100, 101, 65535 };

static void check_pair(const struct scene *s, const struct graph *graph, size_t from, size_t to,
		       size_t *allowed)
{
	const struct graph_container *a = &s->input.containers[from];
	const struct graph_container *b = &s->input.containers[to];
	char from_id[32], to_id[32];

	(void)snprintf(from_id, sizeof(from_id), "containers:%s", a->name);
	(void)snprintf(to_id, sizeof(to_id), "containers:%s", b->name);
	for (unsigned p = 0; p < GRAPH_PROTOCOLS; p++) {
		for (size_t i = 0; i < ARRAY_SIZE(some_ports); i++) {
			uint16_t port = some_ports[i];
			bool wanted = passes(s, a, false, &b->addresses[0], b, p, port) &&
				      passes(s, b, true, &a->addresses[0], a, p, port);

			*allowed += wanted;
			if (edge_has(find_edge(graph, from_id, to_id), p, port) != wanted)
				fail_msg("%s to %s, protocol %u, port %u: it %s", from_id, to_id, p,
					 port, wanted ? "passes" : "does not pass");
		}
	}
}

/* The node that an address belongs to, told by what was seen of it. */
static void check_outside(struct scene *s, size_t at, const char *text, size_t *allowed)
{
	_cleanup_graph_ struct graph graph = { 0 };
	const struct graph_container *c = &s->input.containers[at];
	bool ingress = text[0] == 'i';
	struct cidr address = { 0 };
	struct err err = { 0 };
	bool wanted;

	assert_int_equal(cidr_parse(text + 1, &address), 0);
	s->input.n_flows = 0;
	saw(s, at, ingress ? "ir" : "er", text + 1, 7, 1);
	if (graph_build(&s->input, &graph, &err) < 0)
		fail_msg("%s", err.text);
	wanted = passes(s, c, ingress, &address, NULL, PROTOCOL_TCP, 7);
	*allowed += wanted;
	for (size_t i = 0; i < graph.n_edges; i++) {
		for (size_t k = 0; k < graph.edges[i].n_lines; k++) {
			const struct graph_line *line = &graph.edges[i].lines[k];

			if (line->n_seen == 0)
				continue;
			if (line->allowed != wanted)
				fail_msg("%s with %s: it %s", c->name, text,
					 wanted ? "passes" : "does not pass");
			/* What was seen is within what may be, not beside it. */
			if (wanted && line->first_port == line->last_port && !line->all)
				fail_msg("%s with %s: a line of its own", c->name, text);
			return;
		}
	}
	fail_msg("%s with %s: it is not there", c->name, text);
}

static const char *const outsides[] = { "e10.1.1.1",   "i10.1.1.1",    "e10.64.9.9",  "i10.64.9.9",
					"e10.200.0.1", "i10.200.0.1",  "e172.16.0.6", "i172.16.0.6",
					"e192.0.2.1",  "i192.0.2.130", "e8.8.8.8",    "i8.8.8.8" };

static void test_generated(void **state)
{
	uint64_t seed = random_seed();
	size_t pairs = 0, outside = 0;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 60; round++) {
		_cleanup_(scene_done) struct scene s = { 0 };
		_cleanup_graph_ struct graph graph = { 0 };
		struct err err = { 0 };

		random_profiles(&seed, *state);
		open_scene(&s, *state, CONFIG);
		add(&s, "a", "t=0", "172.16.0.1");
		add(&s, "b", "t=1 u=1", "172.16.0.2");
		add(&s, "c", "t=2", "172.16.0.3");
		add(&s, "d", "u=1", "10.64.0.4");
		add(&s, "e", "t=0", "172.16.0.9"); /* as a, but for its address */
		if (graph_build(&s.input, &graph, &err) < 0)
			fail_msg("%s", err.text);
		for (size_t i = 0; i < s.input.n_containers; i++) {
			for (size_t k = 0; k < s.input.n_containers; k++) {
				if (i != k)
					check_pair(&s, &graph, i, k, &pairs);
			}
			for (size_t k = 0; k < ARRAY_SIZE(outsides); k++)
				check_outside(&s, i, outsides[k], &outside);
		}
	}
	/* Both answers came often, or nothing was tested. */
	assert_in_range(pairs, 1000, 60 * 20 * 40 - 1000);
	assert_in_range(outside, 100, 60 * 5 * 12 - 100);
}

/* ---- parts of the address space ---- */

static void test_space(void **state)
{
	struct space space = { 0 };
	_cleanup_(scene_done) struct scene s = { 0 };
	struct err err = { 0 };
	size_t empty = 0;

	shop_profile(*state, "lo", "p",
		     ", \"network\": {\"egress\": [{\"to\": [{\"ipBlock\": {\"cidr\": "
		     "\"10.0.0.0/8\"}}, {\"ipBlock\": {\"cidr\": \"10.0.0.0/9\"}}, {\"ipBlock\": "
		     "{\"cidr\": \"10.128.0.0/9\"}}, {\"ipBlock\": {\"cidr\": "
		     "\"10.0.0.0/32\"}}, {\"ipBlock\": {\"cidr\": \"fd00::/8\"}}]}]}");
	open_scene(&s, *state, ", \"floor\": [\"p\"], \"defaultProfile\": null");
	add(&s, "a", "", "172.16.0.1");
	assert_int_equal(
		space_add(&space, s.input.containers[0].selection.v[0].profile, s.host, &err), 0);
	assert_int_equal(space_cut(&space, &err), 0);
	assert_int_equal(space.n, 7);
	for (size_t i = 0; i < space.n; i++) {
		empty += space.v[i].empty;
		if (!space.v[i].empty)
			assert_int_equal(space_find(&space, &space.v[i].sample), i);
	}
	assert_int_equal(empty, 1); /* 10.0.0.0/8, by its halves */
	space_done(&space);
}

/* ---- without memory ---- */

static int build(void *arg, struct err *err)
{
	const struct scene *s = arg;
	_cleanup_graph_ struct graph graph = { 0 };

	return graph_build(&s->input, &graph, err);
}

static void test_memory(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };

	put_profiles(*state);
	open_scene(&s, *state, CONFIG);
	add(&s, "web", "tier=web", "172.16.0.1");
	add(&s, "db", "tier=db", "172.16.0.2");
	saw(&s, 0, "ea", "1", 5432, 3);
	saw(&s, 0, "er", "203.0.113.1", 5, 3);
	assert_true(alloc_fail_each(build, &s) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_shop(test_small),        in_shop(test_both_ends),
		in_shop(test_open),         in_shop(test_apart_by_profile),
		in_shop(test_groups),       in_shop(test_shared),
		in_shop(test_shared_peers), in_shop(test_generated),
		in_shop(test_space),        in_shop(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
