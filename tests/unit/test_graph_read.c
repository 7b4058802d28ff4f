/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/graph_read.c, cli/graph_records.c: what a graph is made of, out of a real ledger and a real
 * registry; and with no memory.
 */
#include "cli/graph_read.h"
#include "lib/hash.h"
#include "tests/unit/alloc.h"
#include "tests/unit/shop.h"

/* What is read, and where. */
struct scene {
	struct host *host;
	struct store *store;
	struct graph_sources sources;
};

static void scene_done(struct scene *s)
{
	store_free(&s->store);
	host_free(&s->host);
}

static void keep(const struct place *p, const char *const fields[], size_t n)
{
	_cleanup_record_ struct record record = { 0 };
	struct err err = { 0 };
	enum kept kept;

	assert_int_equal(record_start(&record, EVENT_FLOW, &err), 0);
	assert_int_equal(record_add(&record, "MESSAGE", "m", &err), 0);
	for (size_t i = 0; i + 1 < n; i += 2)
		assert_int_equal(record_add(&record, fields[i], fields[i + 1], &err), 0);
	assert_int_equal(place_keep(p, &record, false, &kept, &err), 0);
}

#define KEEP(p, ...)                                                                               \
	do {                                                                                       \
		const char *const fields[] = { __VA_ARGS__ };                                      \
                                                                                                   \
		keep(p, fields, ARRAY_SIZE(fields));                                               \
	} while (0)

#define SEEN " first=2026-11-23T10:00:00Z last=2026-11-23T11:00:00Z"

static void put_records(const struct place *p)
{
	KEEP(p, "CONTAINER_ID_FULL", "web", "CONTAINER_NAME", "web-1", "COAMING_LABEL", "tier=web",
	     "COAMING_LABEL_SOURCE", "tier=engine", "COAMING_LABEL", "evil=1", "IMAGE_NAME",
	     "nginx:1", "COAMING_ADMITTED", "2026-11-22T08:00:00.000000Z", "COAMING_FLOW",
	     "egress accepted tcp 10.0.0.2 5432 packets=3" SEEN, "COAMING_FLOW",
	     "egress refused icmp 192.0.2.1 0 packets=4" SEEN, "COAMING_FLOW_PEER",
	     "{\"address\": \"10.0.0.2\", \"id\": \"old\", \"name\": \"old-db\", \"labels\": "
	     "{\"tier\": \"db\"}}");
	KEEP(p, "CONTAINER_ID_FULL", "web", "CONTAINER_NAME", "web-1", "COAMING_ADMITTED",
	     "2026-11-22T08:00:00.000000Z", "COAMING_FLOW",
	     "egress accepted tcp 10.0.0.2 5432 packets=8" SEEN, "COAMING_FLOW",
	     "egress accepted udp 10.0.0.9 53 packets=1" SEEN, "COAMING_FLOW_OVERFLOW",
	     "ingress refused packets=7");
}

static void put_registry(const struct place *p)
{
	static const char text[] =
		"{\"id\": \"db\", \"name\": \"db-1\", \"infra\": false, \"pid\": 2, "
		"\"startTime\": 1, \"netns\": 7, \"ipc\": 0, \"pidns\": 0, \"firewall\": true, "
		"\"profiles\": [], \"labels\": {\"tier\": {\"value\": \"db\", \"source\": "
		"\"engine\"}}, \"addresses\": [\"10.0.0.9\"], \"sets\": {}, \"places\": []}";
	char file[160], digest[SHA256_HEX];

	assert_int_equal(mkdir(shop_path(p, "state"), 0700), 0);
	assert_int_equal(mkdir(shop_path(p, "state/peers"), 0700), 0);
	sha256_hex1(digest, "db", 2);
	(void)snprintf(file, sizeof(file), "state/peers/%s.json", digest);
	shop_put(p, file, text);
	assert_int_equal(chmod(shop_path(p, file), 0600), 0);
}

static void open_scene(struct scene *s, const struct place *p)
{
	struct err err = { 0 };
	char more[256];

	put_records(p);
	put_registry(p);
	shop_profile(p, "lo", "db", MATCH("tier", "db") ", \"network\": {\"ingress\": []}");
	(void)snprintf(more, sizeof(more), ", \"auditDir\": \"%s\", \"defaultProfile\": null",
		       p->audit);
	s->host = shop_host(p, more);
	if (store_open(s->host, &s->store, &err) < 0)
		fail_msg("%s", err.text);
	s->sources = (struct graph_sources){
		.host = s->host,
		.store = s->store,
		.query = { .audit_dir = s->host->audit_dir, .without_journal = true },
		.state_dir = s->host->state_dir,
	};
}

static const struct graph_container *named(const struct graph_input *input, const char *name)
{
	for (size_t i = 0; i < input->n_containers; i++) {
		if (streq(input->containers[i].name, name))
			return &input->containers[i];
	}
	fail_msg("there is no %s", name);
	return NULL;
}

static void test_read(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };
	_cleanup_graph_input_ struct graph_input input = { 0 };
	struct graph_notes notes = { 0 };
	const struct graph_container *web, *old, *db;
	struct err err = { 0 };

	open_scene(&s, *state);
	if (graph_read(&s.sources, &input, &notes, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(input.n_containers, 3);
	web = named(&input, "web-1");
	old = named(&input, "old-db");
	db = named(&input, "db-1");
	assert_true(!web->subject && !old->subject && db->subject && db->running);
	assert_string_equal(web->image, "nginx:1");
	assert_int_equal(labels_get(&web->labels, "tier")->source, LABEL_FROM_ENGINE);
	assert_int_equal(labels_get(&web->labels, "evil")->source, LABEL_FROM_IMAGE);
	assert_string_equal(labels_get(&old->labels, "tier")->value, "db");
	assert_int_equal(db->selection.n, 1);
	assert_string_equal(db->selection.v[0].profile->name, "db");
	assert_int_equal(notes.overflowed, 7);
	assert_int_equal(notes.strange, 0);
	assert_int_equal(input.n_flows, 3);
	for (size_t i = 0; i < input.n_flows; i++) {
		const struct graph_flow *flow = &input.flows[i];
		const struct graph_container *other =
			flow->other == GRAPH_NONE ? NULL : &input.containers[flow->other];

		assert_ptr_equal(&input.containers[flow->container], web);
		assert_true(!flow->ingress && flow->last == flow->first + UINT64_C(3600000000));
		if (flow->protocol == PROTOCOL_TCP)
			assert_true(other == old && flow->count == 8 && !flow->refused);
		else if (flow->protocol == PROTOCOL_UDP)
			assert_true(other == db && flow->count == 1 && flow->port == 53);
		else
			assert_true(!other && flow->count == 4 && flow->refused);
	}
}

static int run(void *arg, struct err *err)
{
	const struct scene *s = arg;
	_cleanup_graph_input_ struct graph_input input = { 0 };
	struct graph_notes notes = { 0 };

	return graph_read(&s->sources, &input, &notes, err);
}

/* The index of profiles alone is done without where it cannot be read, and made anew, or not, as
 * time goes. */
#define TOLERATED_MAX 12

static void test_memory(void **state)
{
	_cleanup_(scene_done) struct scene s = { 0 };
	size_t told = 0, tolerated = 0;

	open_scene(&s, *state);
	for (unsigned long n = 1;; n++) {
		struct err err = { 0 };
		int r;

		alloc_fail_at(n);
		r = run(&s, &err);
		alloc_fail_at(0);
		if (!alloc_has_failed()) {
			assert_int_equal(r, 0);
			break;
		}
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_int_equal(err.class, ERR_SYSTEM);
		}
		told += r < 0;
		tolerated += r == 0;
	}
	assert_true(told > 60);
	assert_in_range(tolerated, 0, TOLERATED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_shop(test_read),
		in_shop(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
