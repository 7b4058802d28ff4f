/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/compare.c and reach.c: what they say of two profiles, held to what containers would get.
 *
 * Where nothing is said to be wider, no container may have anything under the new profile that it
 * has not under the old one; and where a container has, it must be said.
 */
#include "profiles/compare.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "profiles/connection.h"
#include "profiles/policy.h"
#include "profiles/reach.h"
#include "profiles/request.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/says.h"

#define ROUNDS   1500
#define REQUESTS 4

struct one {
	struct buf text, file;
	struct profile *profile;
	struct selected selected;
	struct selection selection;
};

static int fetch(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	const struct buf *file = arg;

	return doc_parse(ret, relative_path, file->data, file->len, err);
}

static void one_done(struct one *one)
{
	buf_done(&one->text);
	buf_done(&one->file);
	profile_free(&one->profile);
}

/* Rules with several peers, ports and exceptions. */
static void random_network(uint64_t *seed, bool names, struct buf *out)
{
#define BLOCK(text)  "{\"ipBlock\":{\"cidr\":" text "}}"
#define LABELS(text) "{\"labelSelector\":{\"matchExpressions\":[{\"key\":" text "}]}}"
#define NAMES(text)                                                                                \
	"{\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"" LABEL_NAMESPACE                \
	"\",\"operator\":" text "}]}}"
	static const char *const peers[] = {
		BLOCK("\"10.0.0.0/8\""),
		BLOCK("\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\",\"10.2.3.0/24\"]"),
		BLOCK("\"10.1.2.0/24\""),
		BLOCK("\"0.0.0.0/0\",\"except\":[\"10.0.0.0/9\"]"),
		BLOCK("\"fd00::/8\""),
		BLOCK("\"fd00::1/128\""),
		BLOCK("\"::/0\",\"except\":[\"fd00::/9\"]"),
		/* the rest only where names are wanted */
		"{\"labelSelector\":{\"matchLabels\":{\"a\":\"1\",\"b\":\"1\"}}}",
		"{\"labelSelector\":{\"matchLabels\":{\"a\":\"1\"}}}",
		"{\"labelSelector\":{}}",
		LABELS("\"a\",\"operator\":\"In\",\"values\":[\"1\",\"2\"]"),
		LABELS("\"a\",\"operator\":\"NotIn\",\"values\":[\"2\",\"3\"]"),
		LABELS("\"a\",\"operator\":\"Exists\""),
		LABELS("\"a\",\"operator\":\"DoesNotExist\""),
		LABELS("\"a\",\"operator\":\"In\",\"values\":[\"2\"]},"
		       "{\"key\":\"b\",\"operator\":\"Exists\""),
		NAMES("\"In\",\"values\":[\"x\",\"y\"]"),
		NAMES("\"NotIn\",\"values\":[\"x\"]"),
		NAMES("\"Exists\""),
		"{\"zone\":\"office\"}",
		"{\"zone\":\"lan\"}",
	};
	size_t n_kinds = names ? ARRAY_SIZE(peers) : 7;
	static const char *const ports[] = {
		"{\"port\":80}",
		"{\"port\":80,\"endPort\":90}",
		"{\"protocol\":\"UDP\",\"port\":53}",
		"{\"protocol\":\"UDP\"}",
		"{\"port\":1,\"endPort\":65535}",
		"{\"protocol\":\"SCTP\"}",
	};
	size_t rules = random_below(seed, 4);

	buf_adds(out, ",\"network\":{\"egress\":[");
	for (size_t i = 0; i < rules; i++) {
		size_t n_peers = random_below(seed, 3), n_ports = random_below(seed, 3);

		buf_adds(out, i ? ",{" : "{");
		for (size_t k = 0; k < n_peers; k++)
			buf_addf(out, "%s%s%s", k ? "," : "\"to\":[",
				 peers[random_below(seed, n_kinds)], k + 1 == n_peers ? "]" : "");
		for (size_t k = 0; k < n_ports; k++)
			buf_addf(out, "%s%s%s",
				 k         ? ","
				 : n_peers ? ",\"ports\":["
					   : "\"ports\":[",
				 ports[random_below(seed, ARRAY_SIZE(ports))],
				 k + 1 == n_ports ? "]" : "");
		buf_addc(out, '}');
	}
	buf_adds(out, "]}");
}

static void parse_one(struct one *one)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "p.json", one->text.data, one->text.len, &err) < 0 ||
	    profile_parse(doc, fetch, &one->file, &one->profile, &err) < 0)
		fail_msg("%s: %s", err.text, one->text.data);
	one->selected = (struct selected){ .profile = one->profile, .why = WHY_NAMED };
	one->selection = (struct selection){ .v = &one->selected, .n = 1 };
}

static void random_one(uint64_t *seed, struct one *one)
{
	memset(one, 0, sizeof(*one));
	random_fitting_filter(seed, &one->file, 4);
	random_profile(seed, &one->text, "p", one_in(seed, 4));
	parse_one(one);
}

/* The old one with one section of another, or with one taken out. */
static void random_near(uint64_t *seed, const struct one *old, struct one *one)
{
	static const char *const sections[] = { "capabilities", "seccomp",   "rootfs",
						"network",      "admission", "limits" };
	const char *section = sections[random_below(seed, ARRAY_SIZE(sections))];
	json_t *json, *other;
	char *text;

	random_one(seed, one);
	json = json_loads(old->text.data, 0, NULL);
	other = json_loads(one->text.data, 0, NULL);
	assert_true(json && other);
	if (json_object_get(other, section))
		json_object_set(json, section, json_object_get(other, section));
	else if (one_in(seed, 2))
		json_object_del(json, section);
	text = json_dumps(json, JSON_COMPACT);
	assert_non_null(text);
	profile_free(&one->profile);
	buf_done(&one->text);
	buf_adds(&one->text, text);
	if (!streq(section, "seccomp")) {
		buf_done(&one->file);
		buf_adds(&one->file, old->file.data);
	}
	free(text);
	json_decref(json);
	json_decref(other);
	parse_one(one);
}

static void compare(struct one *old, struct one *now, struct differences *ret)
{
	struct err err = { 0 };

	if (compare_profiles(&old->selection, &now->selection, ret, &err) < 0)
		fail_msg("%s: %s, %s", err.text, old->text.data, now->text.data);
}

/* ---- what a container gets ---- */

struct got {
	bool refused, unclear; /* unclear: filters without an architecture in common */
	struct doc *doc;
	struct request request;
};

static void got_done(struct got *got)
{
	request_done(&got->request);
	doc_free(&got->doc);
}

static void decide(const struct one *one, const char *config, struct got *ret)
{
	_cleanup_verdict_ struct verdict verdict = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	const struct host host = { 0 };
	struct facts facts = { 0 };
	struct err err = { 0 };

	*ret = (struct got){ 0 };
	assert_int_equal(doc_parse(&doc, "config.json", config, strlen(config), &err), 0);
	assert_int_equal(facts_from_config(doc, &facts, &err), 0);
	if (policy_decide(&host, &one->selection, doc, &facts, &verdict, &err) < 0)
		fail_msg("%s: %s", err.text, config);
	facts_done(&facts);
	ret->refused = verdict.outcome == OUTCOME_REFUSE;
	for (size_t i = 0; i < verdict.changes.n; i++)
		ret->unclear |= strstr(verdict.changes.v[i].what, "in common") != NULL ||
				strstr(verdict.changes.v[i].what, "as a whole") != NULL;
	if (verdict.changed)
		assert_int_equal(doc_parse(&ret->doc, "result", verdict.config.data,
					   verdict.config.len, &err),
				 0);
	else
		assert_int_equal(doc_parse(&ret->doc, "result", config, strlen(config), &err), 0);
	assert_int_equal(request_parse(ret->doc, &ret->request, &err), 0);
}

static bool call_is_wider(uint64_t *seed, const struct got *old, const struct got *now)
{
	static const struct action allow = { .kind = ACT_ALLOW };

	for (size_t i = 0; i < ARRAY_SIZE(random_calls) * 6; i++) {
		const char *name = random_calls[i % ARRAY_SIZE(random_calls)];
		const uint64_t args[6] = { random_value(seed), random_value(seed),
					   random_value(seed) };
		struct action a = old->request.has_seccomp
					  ? filter_eval(&old->request.seccomp, name, args)
					  : allow;
		struct action b = now->request.has_seccomp
					  ? filter_eval(&now->request.seccomp, name, args)
					  : allow;

		if (b.kind > a.kind)
			return true;
	}
	return false;
}

static const char *wider(uint64_t *seed, const struct got *old, const struct got *now)
{
	if (old->refused)
		return now->refused ? NULL : "it is refused no longer";
	if (now->refused)
		return NULL;
	for (size_t i = 0; i < CAP_SETS_; i++) {
		if (now->request.caps[i] & ~old->request.caps[i])
			return "a capability";
	}
	if (old->request.read_only && !now->request.read_only)
		return "the root";
	if (old->request.no_new_privileges && !now->request.no_new_privileges)
		return "noNewPrivileges";
	return call_is_wider(seed, old, now) ? "a system call" : NULL;
}

/* ---- the tests ---- */

static void test_sound(void **state)
{
	uint64_t seed = random_seed();
	size_t nothing_wider = 0, found = 0;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct differences there = { 0 }, back = { 0 };
		struct one old, now;

		random_one(&seed, &old);
		if (one_in(&seed, 4))
			random_one(&seed, &now);
		else
			random_near(&seed, &old, &now);
		compare(&old, &now, &there);
		compare(&now, &old, &back);
		/* What is wider the one way is narrower the other. */
		if (there.wider == 0 && back.narrower > 0)
			fail_msg("narrower the other way, and nothing wider this way: %s\n%s\n%s",
				 back.v[0].what, old.text.data, now.text.data);
		nothing_wider += there.wider == 0;
		for (size_t i = 0; i < REQUESTS; i++) {
			_cleanup_buf_ struct buf config = { 0 };
			struct got a, b;
			const char *what;

			random_config(&seed, &config);
			decide(&old, config.data, &a);
			decide(&now, config.data, &b);
			what = a.unclear || b.unclear ? NULL : wider(&seed, &a, &b);
			found += what != NULL;
			if (what && there.wider == 0)
				fail_msg("%s, and nothing is said to be wider:\n%s\n%s\n%s\n%s\n%s",
					 what, old.text.data, old.file.data, now.text.data,
					 now.file.data, config.data);
			got_done(&a);
			got_done(&b);
		}
		differences_done(&there);
		differences_done(&back);
		one_done(&old);
		one_done(&now);
	}
	print_message("%zu pairs with nothing wider; %zu containers got more\n", nothing_wider,
		      found);
	assert_true(nothing_wider > 300 && found > 500);
}

static void test_itself(void **state)
{
	uint64_t seed = random_seed();

	for (size_t round = 0; round < 500; round++) {
		struct differences differences = { 0 };
		struct one one;

		random_one(&seed, &one);
		compare(&one, &one, &differences);
		for (size_t i = 0; i < differences.n; i++) {
			/* What cannot be compared at all is the one exception. */
			if (!strstr(differences.v[i].what, "cannot be compared"))
				fail_msg("%s: %s: %s", differences.v[i].section,
					 differences.v[i].what, one.text.data);
		}
		differences_done(&differences);
		one_done(&one);
	}
}

/* An address and a port near the edges of what random_network() names. */
static struct connection random_connection(uint64_t *seed)
{
	static const char *const addresses[] = {
		"10.0.0.0",      "10.0.255.255",    "10.1.0.0",   "10.1.2.3",        "10.2.2.255",
		"10.2.3.0",      "10.127.255.255",  "10.128.0.0", "10.255.255.255",  "11.0.0.0",
		"9.255.255.255", "255.255.255.255", "0.0.0.0",    "fd00::",          "fd00::1",
		"fd7f:ffff::",   "fd80::",          "fe00::",     "fcff:ffff::ffff", "ffff::",
		"::2",
	};
	static const uint16_t ports[] = { 0, 1, 52, 53, 54, 79, 80, 81, 90, 91, 65535 };
	struct connection c = { .protocol = (enum protocol)(PROTOCOL_TCP + random_below(seed, 3)) };

	assert_int_equal(cidr_parse(addresses[random_below(seed, ARRAY_SIZE(addresses))], &c.peer),
			 0);
	c.port = ports[random_below(seed, ARRAY_SIZE(ports))];
	return c;
}

/* By the address, where the set says nothing but a name. */
static bool in_zone(const struct host *host, const char *name, const struct connection *c)
{
	const struct zone *zone = NULL;
	struct err err = { 0 };

	assert_int_equal(zones_get(&host->zones, name, &zone, &err), 0);
	for (size_t i = 0; i < zone->n_cidrs; i++) {
		if (cidr_contains(&zone->cidrs[i], &c->peer))
			return true;
	}
	return false;
}

/* Is the other end all of them? */
static bool is_who(const struct who_table *table, const struct who *who, const struct host *host,
		   const struct connection *c)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct who_row *row = &table->v[i];
		const struct peer_selector selector = { .of_namespace = row->of_namespace,
							.namespaces = row->namespaces,
							.labels = row->labels };

		if (!(who->bits[i / 64] >> (i % 64) & 1))
			continue;
		if (row->zone ? !in_zone(host, row->zone, c)
			      : !peer_selector_fits(&selector, c->other.labels, c->other.namespace))
			return false;
	}
	return true;
}

static bool reach_has(const struct reach *reach, const struct who_table *table,
		      const struct host *host, const struct connection *c)
{
	unsigned __int128 address = 0;
	size_t n = 0, anybody = 0;

	for (size_t i = 0; i < (c->peer.v6 ? 16 : 4); i++)
		address = address << 8 | c->peer.address[i];
	for (size_t i = 0; i < reach->n; i++) {
		const struct box *box = &reach->v[i];
		bool inside = box->v6 == c->peer.v6 && box->protocol == c->protocol &&
			      box->first <= address && address <= box->last &&
			      box->port_first <= c->port && c->port <= box->port_last;

		anybody += inside && who_is_anybody(&box->who);
		n += inside && is_who(table, &box->who, host, c);
	}
	assert_true(anybody <= 1); /* boxes do not overlap */
	return n > 0;
}

static bool passes(const struct selection *selection, const struct host *host,
		   const struct connection *c)
{
	struct connection_refusal by = { 0 };
	struct err err = { 0 };

	assert_int_equal(connection_refused_by(selection, host, c, &by, &err), 0);
	return !by.profile && !by.class_key;
}

/* Labels of which some selectors hold and some do not; an image's are seen by some. */
static void random_labels(uint64_t *seed, struct labels *labels)
{
	static const char *const keys[] = { "a", "b" };
	static const char *const values[] = { "1", "2", "3", "4" };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		enum label_source source = one_in(seed, 4) ? LABEL_FROM_IMAGE : LABEL_FROM_ENGINE;

		if (one_in(seed, 3))
			continue;
		assert_int_equal(labels_set(labels, keys[i],
					    values[random_below(seed, ARRAY_SIZE(values))], source,
					    NULL, &err),
				 0);
	}
}

struct counts {
	size_t in_both, only_one, kept;
};

/* Where names are at stake more may remain of a than what is not in b, and never less. */
static void check_point(const struct one one[2], const struct reach *a, const struct reach *b,
			const struct reach *both, const struct reach *without,
			const struct who_table *table, const struct host *host, uint64_t *seed,
			struct counts *counts)
{
	static const char *const namespaces[] = { NULL, "x", "y", "z" };
	struct connection c = random_connection(seed);
	struct labels labels = { 0 };
	bool in_a, in_b, left;

	random_labels(seed, &labels);
	c.other.labels = &labels;
	c.other.namespace = namespaces[random_below(seed, ARRAY_SIZE(namespaces))];
	in_a = passes(&one[0].selection, host, &c);
	in_b = passes(&one[1].selection, host, &c);
	left = reach_has(without, table, host, &c);
	assert_int_equal(reach_has(a, table, host, &c), in_a);
	assert_int_equal(reach_has(b, table, host, &c), in_b);
	assert_int_equal(reach_has(both, table, host, &c), in_a && in_b);
	assert_true(!left || in_a);
	assert_true(left || !in_a || in_b);
	if (table->n == 0)
		assert_int_equal(left, in_a && !in_b);
	counts->in_both += in_a && in_b;
	counts->only_one += in_a && !in_b;
	counts->kept += left && in_b;
	labels_done(&labels);
}

static struct host *host_with_zones(void)
{
	static const char text[] = "{\"zones\": {\"office\": [\"10.0.0.0/9\", \"fd00::/9\"], "
				   "\"lan\": [\"10.1.0.0/16\"]}}";
	_cleanup_doc_ struct doc *doc = NULL;
	struct host *host = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "coaming.json", text, strlen(text), &err) < 0 ||
	    host_parse(doc, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static void check_reach(uint64_t *seed, bool names, const struct host *host, struct counts *counts)
{
	_cleanup_(who_table_done) struct who_table table = { 0 };
	struct reach a = { 0 }, b = { 0 }, both = { 0 }, without = { 0 };
	struct one one[2];
	struct err err = { 0 };

	for (size_t i = 0; i < 2; i++) {
		one[i] = (struct one){ 0 };
		buf_adds(&one[i].text, "{\"name\":\"p\"");
		random_network(seed, names, &one[i].text);
		buf_addc(&one[i].text, '}');
		parse_one(&one[i]);
	}
	assert_int_equal(reach_of(&one[0].profile->network.egress, &table, &a, &err), 0);
	assert_int_equal(reach_of(&one[1].profile->network.egress, &table, &b, &err), 0);
	assert_int_equal(reach_both(&a, &b, &table, &both, &err), 0);
	assert_int_equal(reach_without(&a, &b, &table, &without, &err), 0);
	for (size_t i = 0; i < 300; i++)
		check_point(one, &a, &b, &both, &without, &table, host, seed, counts);
	reach_done(&a);
	reach_done(&b);
	reach_done(&both);
	reach_done(&without);
	one_done(&one[0]);
	one_done(&one[1]);
}

/* The sets, point by point, against the model that nft is held to. */
static void test_reach(void **state)
{
	_cleanup_host_ struct host *host = host_with_zones();
	uint64_t seed = random_seed();

	for (size_t names = 0; names < 2; names++) {
		struct counts counts = { 0 };

		for (size_t round = 0; round < 400; round++)
			check_reach(&seed, names == 1, host, &counts);
		printf("%zu points in both, %zu in the first only, %zu kept for a name's sake\n",
		       counts.in_both, counts.only_one, counts.kept);
		assert_true(counts.in_both > 1000 && counts.only_one > 1000);
		assert_true((counts.kept > 0) == (names == 1));
	}
}

/* What is said covers the whole of a range in blocks, at its ends too. */
static void test_words(void **state)
{
	static const struct {
		unsigned __int128 first, last;
		bool v6;
		const char *text;
	} rows[] = {
		{ 0, UINT32_MAX, false, "TCP 80 with every IPv4 address\n" },
		{ 0, ~(unsigned __int128)0, true, "TCP 80 with every IPv6 address\n" },
		{ 1, 1, false, "TCP 80 with 0.0.0.1/32\n" },
		{ 1, 4, false, "TCP 80 with 0.0.0.1/32, 0.0.0.2/31, 0.0.0.4/32\n" },
		{ 0x0a000000, 0x0affffff, false, "TCP 80 with 10.0.0.0/8\n" },
		{ 0xfffffffe, 0xffffffff, false, "TCP 80 with 255.255.255.254/31\n" },
		{ ~(unsigned __int128)0, ~(unsigned __int128)0, true,
		  "TCP 80 with ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128\n" },
		{ (unsigned __int128)1 << 127, ~(unsigned __int128)0, true,
		  "TCP 80 with 8000::/1\n" },
	};

	static const struct who_table nobody = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct box box = { .v6 = rows[i].v6,
				   .protocol = PROTOCOL_TCP,
				   .first = rows[i].first,
				   .last = rows[i].last,
				   .port_first = 80,
				   .port_last = 80 };
		struct reach reach = { &box, 1 };
		_cleanup_buf_ struct buf out = { 0 };

		reach_describe(&reach, &nobody, 10, &out);
		assert_string_equal(out.data, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_itself),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
