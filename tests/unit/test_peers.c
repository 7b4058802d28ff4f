/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/peers.c, members.c and addresses.c: the registry's files, and who belongs into a set.
 */
#include "hooks/members.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/separate.h"
#include "tests/unit/alloc.h"

/* ---- a registry of the test's own ---- */

struct registry {
	char dir[64];
};

static int setup(void **state)
{
	struct registry *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memcpy(p->dir, "/var/tmp/coaming-peers.XXXXXX", sizeof("/var/tmp/coaming-peers.XXXXXX"));
	assert_non_null(mkdtemp(p->dir));
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct registry *p = *state;
	struct err err = { 0 };
	char path[128];
	char **files = NULL;
	size_t n = 0;

	assert_int_equal(peers_files(p->dir, &files, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(peers_remove_file(p->dir, files[i], &err), 0);
	strv_free(&files, &n);
	(void)snprintf(path, sizeof(path), "%s/peers", p->dir);
	(void)rmdir(path);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

/* A container in a few words. */
struct one {
	const char *id, *labels[3]; /* "tier=web" */
	enum label_source source;
	const char *addresses[2];
	uint64_t netns;
	bool infra;
	const char *namespace;
	const char *selects; /* the JSON of a peer */
};

static void make_selector(const char *text, struct peer_selector *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "peer", text, strlen(text), &err), 0);
	assert_int_equal(peer_selector_parse(doc, doc_root(doc), ret, &err), 0);
}

static void add_label(struct registered *to, const char *text, enum label_source source)
{
	_cleanup_free_ char *key = strndup(text, strcspn(text, "="));
	struct err err = { 0 };

	assert_int_equal(labels_set(&to->labels, key, strchr(text, '=') + 1, source, NULL, &err),
			 0);
}

/* selector: has the memory of what it selects */
static void fill(const struct one *one, struct peer_selector *selector, struct registered *to)
{
	struct err err = { 0 };

	*to = (struct registered){
		.id = strdup(one->id),
		.name = strdup(one->id),
		.pod_namespace = one->namespace ? strdup(one->namespace) : NULL,
		.infra = one->infra,
		.pid = 4711,
		.start_time = 1,
		.netns = one->netns,
		.firewall = true,
	};
	for (size_t i = 0; i < ARRAY_SIZE(one->labels) && one->labels[i]; i++)
		add_label(to, one->labels[i], one->source);
	for (size_t i = 0; i < ARRAY_SIZE(one->addresses) && one->addresses[i]; i++) {
		struct cidr address;

		assert_int_equal(cidr_parse(one->addresses[i], &address), 0);
		assert_int_equal(addresses_add(&to->addresses, &address, &err), 0);
	}
	if (!one->selects)
		return;
	make_selector(one->selects, selector);
	to->sets = calloc(1, sizeof(*to->sets));
	assert_non_null(to->sets);
	to->sets[to->n_sets++] =
		(struct peer_set){ .name = strdup(selector->set), .selector = selector };
}

static void enter(const struct registry *p, const struct one *one)
{
	struct peer_selector selector = { 0 };
	struct registered registered;
	struct err err = { 0 };

	fill(one, &selector, &registered);
	assert_int_equal(peers_write(p->dir, &registered, &err), 0);
	registered_done(&registered);
	peer_selector_done(&selector);
}

static void read_all(const struct registry *p, struct peers *peers)
{
	struct err damaged = { 0 }, err = { 0 };

	assert_int_equal(peers_read(p->dir, peers, &damaged, &err), 0);
	assert_string_equal(damaged.text, "");
}

/* ---- files ---- */

#define WEB "{\"labelSelector\":{\"matchLabels\":{\"tier\":\"web\"}}}"

static void what_was_written_is_read(void **state)
{
	const struct one one = {
		.id = "db",
		.labels = { "tier=db", "note=a \"b\"\n" },
		.source = LABEL_FROM_ENGINE,
		.addresses = { "fd00::2", "10.88.0.2" },
		.netns = 4026532755,
		.namespace = "shop",
		.selects = WEB,
	};
	_cleanup_peers_ struct peers peers = { 0 };
	const struct registered *db;

	enter(*state, &one);
	read_all(*state, &peers);
	assert_int_equal(peers.n, 1);
	db = peers_find(&peers, "db");
	assert_non_null(db);
	assert_null(peers_find(&peers, "web"));
	assert_string_equal(db->name, "db");
	assert_string_equal(db->pod_namespace, "shop");
	assert_null(db->pod_uid);
	assert_int_equal(db->netns, 4026532755);
	assert_int_equal(db->pid, 4711);
	assert_true(db->firewall);
	assert_int_equal(db->labels.n, 2);
	assert_string_equal(labels_get(&db->labels, "note")->value, "a \"b\"\n");
	assert_int_equal(labels_get(&db->labels, "tier")->source, LABEL_FROM_ENGINE);
	/* IPv4 first. */
	assert_int_equal(db->addresses.n, 2);
	assert_false(db->addresses.v[0].v6);
	assert_true(db->addresses.v[1].v6);
	assert_int_equal(db->n_sets, 1);
	assert_ptr_equal(db->sets[0].selector, peers.selectors[0]);
	assert_string_equal(db->sets[0].name, peers.selectors[0]->set);
	assert_true(registered_is_gone(db));
}

/* What keeps a container apart, with who demands it: a profile, or the host. */
static void what_keeps_apart_is_read(void **state)
{
	const struct registry *p = *state;
	struct peer_set sets[] = {
		{ .name = (char[]){ "apart-1" }, .key = (char[]){ "k" }, .class = (char[]){ "" } },
		{ .name = (char[]){ "apart-2" },
		  .key = (char[]){ "l" },
		  .class = (char[]){ "pci" },
		  .by = (char[]){ "vault" } },
	};
	const struct registered one = { .id = (char[]){ "db" },
					.name = (char[]){ "db" },
					.pid = 4711,
					.sets = sets,
					.n_sets = ARRAY_SIZE(sets) };
	_cleanup_peers_ struct peers peers = { 0 };
	const struct registered *db;
	struct err err = { 0 };

	assert_int_equal(peers_write(p->dir, &one, &err), 0);
	read_all(p, &peers);
	db = peers_find(&peers, "db");
	assert_non_null(db);
	assert_int_equal(db->n_sets, ARRAY_SIZE(sets));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		assert_string_equal(db->sets[i].key, sets[i].key);
		assert_string_equal(db->sets[i].class, sets[i].class);
		assert_int_equal(!db->sets[i].by, !sets[i].by);
	}
	assert_string_equal(db->sets[1].by, "vault");
}

/* What has not been written since stays what it was; one selector of many is parsed once. */
static void reading_again(void **state)
{
	struct one web = { .id = "web", .labels = { "tier=web" }, .selects = WEB, .netns = 1 };
	struct one web2 = { .id = "web2", .labels = { "tier=web" }, .selects = WEB, .netns = 2 };
	_cleanup_peers_ struct peers peers = { 0 };
	struct err err = { 0 };
	const char *name;
	uint64_t revision;

	enter(*state, &web);
	enter(*state, &web2);
	read_all(*state, &peers);
	assert_int_equal(peers.n, 2);
	assert_int_equal(peers.n_selectors, 1);
	revision = peers.revision;
	name = peers_find(&peers, "web")->name;
	read_all(*state, &peers);
	assert_int_equal(peers.revision, revision);
	assert_ptr_equal(peers_find(&peers, "web")->name, name);
	web2.netns = 33333;
	enter(*state, &web2);
	read_all(*state, &peers);
	assert_int_not_equal(peers.revision, revision);
	assert_ptr_equal(peers_find(&peers, "web")->name, name);
	assert_int_equal(peers_find(&peers, "web2")->netns, 33333);
	revision = peers.revision;
	assert_int_equal(peers_remove(((struct registry *)*state)->dir, "web", &err), 0);
	assert_int_equal(peers_remove(((struct registry *)*state)->dir, "web", &err), 0);
	read_all(*state, &peers);
	assert_int_not_equal(peers.revision, revision);
	assert_int_equal(peers.n, 1);
}

#define BEGIN                                                                                      \
	"{\"id\":\"c\",\"name\":\"c\",\"infra\":false,\"pid\":42,\"startTime\":1,\"netns\":1,"     \
	"\"ipc\":1,\"pidns\":1,\"firewall\":true,\"profiles\":[],\"labels\":{"
#define LABELLED BEGIN "},\"addresses\":["
#define SETS     LABELLED "],\"sets\":{"
#define PLACES   SETS "},\"places\":["

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "the text ends" },
	{ "[]", "expected an object" },
	{ "{\"id\":\"c\"}", "\"name\" is missing" },
	{ "{\"id\":\"c\",\"nam\":\"c\"}", "did you mean \"name\"?" },
	{ "{\"id\":\"other\"" BEGIN, "" },
	{ BEGIN "}}", "missing" },
	{ BEGIN "\"a\":\"b\"},\"addresses\":[],\"sets\":{},\"places\":[]}", "" },
	{ BEGIN "\"a\":{\"value\":\"b\",\"source\":\"root\"}},\"addresses\":[],\"sets\":{},"
		"\"places\":[]}",
	  "unknown source \"root\"" },
	{ LABELLED "\"10.0.0.0/8\"],\"sets\":{},\"places\":[]}", "\"10.0.0.0/8\" is no address" },
	{ LABELLED "\"x\"],\"sets\":{},\"places\":[]}", "\"x\" is no address" },
	{ LABELLED "\"::ffff:10.0.0.1\"],\"sets\":{},\"places\":[]}", "is no address" },
	{ SETS "\"peer-0000000000000000\":" WEB "},\"places\":[]}",
	  "its selector is not this one" },
	{ SETS "\"peer-0000000000000000\":{}},\"places\":[]}", "is expected" },
	{ SETS "\"apart-0000000000000000\":{\"apart\":\"k\"}},\"places\":[]}",
	  "\"class\" is missing" },
	{ SETS "\"apart-0000000000000000\":{\"apart\":\"k\",\"class\":\"c\",\"by\":1}},"
	       "\"places\":[]}",
	  "expected a string" },
	{ PLACES "{\"path\":\"/a\",\"files\":[1]}]}", "pairs are expected" },
	{ PLACES "{\"path\":\"/a\",\"files\":[1,-1]}]}", "" },
	{ PLACES "]} ,", "something follows" },
};

static void write_raw(const struct registry *p, const char *id, const char *text, mode_t mode)
{
	_cleanup_close_ int dirfd = -1;
	char path[128], name[SHA256_HEX + 8];
	struct err err = { 0 };

	(void)snprintf(path, sizeof(path), "%s/peers", p->dir);
	peers_file_name(id, name);
	assert_int_equal(dir_make_open(path, 0700, &dirfd, &err), 0);
	assert_int_equal(file_write_atomic(dirfd, name, text, strlen(text), mode, (uid_t)-1,
					   (gid_t)-1, false, &err),
			 0);
}

/* Left out and told; the others are read all the same. */
static void damaged_files(void **state)
{
	const struct one web = { .id = "web", .labels = { "tier=web" }, .netns = 1 };

	enter(*state, &web);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_peers_ struct peers peers = { 0 }, alone = { 0 };
		struct err damaged = { 0 }, err = { 0 };

		write_raw(*state, "c", bad[i].text, 0600);
		assert_int_equal(
			peers_read(((struct registry *)*state)->dir, &peers, &damaged, &err), 0);
		assert_int_equal(peers.n, 1);
		if (!strstr(damaged.text, bad[i].error) || damaged.class == ERR_NONE)
			fail_msg("%zu: %s", i, damaged.text);
		assert_true(peers_read_one(((struct registry *)*state)->dir, "c", &alone, &err) <
			    0);
	}
}

static void the_smallest(void **state)
{
	_cleanup_peers_ struct peers peers = { 0 };

	write_raw(*state, "c", PLACES "]}", 0600);
	read_all(*state, &peers);
	assert_int_equal(peers.n, 1);
}

/* Who may read it may learn where everybody is; and what speaks of another would be its word. */
static void not_trusted(void **state)
{
	_cleanup_peers_ struct peers peers = { 0 };
	struct err damaged = { 0 }, err = { 0 };

	write_raw(*state, "c", PLACES "]}", 0644);
	assert_int_equal(peers_read(((struct registry *)*state)->dir, &peers, &damaged, &err), 0);
	assert_int_equal(peers.n, 0);
	assert_non_null(strstr(damaged.text, "root's alone"));
	write_raw(*state, "d", PLACES "]}", 0600);
	write_raw(*state, "c", PLACES "]}", 0600);
	err_clear(&damaged);
	assert_int_equal(peers_read(((struct registry *)*state)->dir, &peers, &damaged, &err), 0);
	assert_int_equal(peers.n, 1);
	assert_non_null(strstr(damaged.text, "it speaks of container \"c\""));
}

static int read_and_index(void *arg, struct err *err)
{
	_cleanup_peers_ struct peers peers = { 0 };
	_cleanup_members_ struct members members = { 0 };
	_cleanup_addresses_ struct addresses all = { 0 };
	const struct registered *db;
	struct err damaged = { 0 };
	int r;

	r = peers_read(arg, &peers, &damaged, err);
	if (r == 0)
		r = members_index(&peers, &members, err);
	db = r == 0 ? peers_find(&peers, "db") : NULL;
	return db ? members_all(&members, db, &db->sets[0], &all, err) : r;
}

static void out_of_memory(void **state)
{
	const struct one ones[] = {
		{ .id = "db", .labels = { "tier=db" }, .netns = 1, .selects = WEB },
		{ .id = "web", .labels = { "tier=web" }, .addresses = { "10.0.0.3" }, .netns = 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ones); i++)
		enter(*state, &ones[i]);
	assert_true(alloc_fail_each(read_and_index, ((struct registry *)*state)->dir) > 20);
}

/* ---- members ---- */

#define KEY "io.coaming.data-class"

static const struct {
	const char *what;
	const char *selects; /* NULL: is apart from class "pci" */
	const char *address; /* of whom it is asked */
	struct one others[4];
	bool has, may;
} cases[] = {
	{ "fits",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ANNOTATION, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "another address",
	  WEB,
	  "10.0.0.4",
	  { { "w", { "tier=web" }, LABEL_FROM_ANNOTATION, { "10.0.0.3" }, 2 } },
	  false,
	  false },
	{ "IPv6",
	  WEB,
	  "fd00::3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3", "fd00::3" }, 2 } },
	  true,
	  true },
	{ "does not fit",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=db" }, LABEL_FROM_ANNOTATION, { "10.0.0.3" }, 2 } },
	  false,
	  false },
	{ "an image's label",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_IMAGE, { "10.0.0.3" }, 2 } },
	  false,
	  false },
	{ "shared, both fit",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 },
	    { "x", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "shared, one does not fit",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 },
	    { "x", { "tier=odd" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  false,
	  true },
	{ "shared, one without the address",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 },
	    { "x", { "tier=odd" }, LABEL_FROM_ENGINE, { NULL }, 2 } },
	  false,
	  true },
	{ "shared with a pause container",
	  WEB,
	  "10.0.0.3",
	  { { "p", { "a=b" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2, true },
	    { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "a pause container alone",
	  WEB,
	  "10.0.0.3",
	  { { "p", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2, true } },
	  false,
	  false },
	{ "namespaces that are not known are not one",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 0 },
	    { "x", { "tier=odd" }, LABEL_FROM_ENGINE, { "10.0.0.4" }, 0 } },
	  true,
	  true },
	{ "one address in two namespaces",
	  WEB,
	  "10.0.0.3",
	  { { "w", { "tier=web" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 },
	    { "x", { "tier=odd" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 3 } },
	  false,
	  true },
	{ "of a namespace",
	  "{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"shop\"}}}",
	  "10.0.0.3",
	  { { "w", { "a=b" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2, false, "shop" } },
	  true,
	  true },
	{ "of another namespace",
	  "{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"shop\"}}}",
	  "10.0.0.3",
	  { { "w", { "a=b" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2, false, "bank" } },
	  false,
	  false },
	{ "everybody",
	  "{\"labelSelector\":{}}",
	  "10.0.0.3",
	  { { "w", { "a=b" }, LABEL_FROM_IMAGE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "of the same class",
	  NULL,
	  "10.0.0.3",
	  { { "w", { KEY "=pci" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  false,
	  false },
	{ "of another class",
	  NULL,
	  "10.0.0.3",
	  { { "w", { KEY "=ehr" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "of none",
	  NULL,
	  "10.0.0.3",
	  { { "w", { "a=b" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "one of two is of another class",
	  NULL,
	  "10.0.0.3",
	  { { "w", { KEY "=pci" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 },
	    { "x", { KEY "=ehr" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2 } },
	  true,
	  true },
	{ "a pause container is of none",
	  NULL,
	  "10.0.0.3",
	  { { "p", { "a=b" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 2, true } },
	  false,
	  false },
	{ "its own namespace",
	  NULL,
	  "10.0.0.3",
	  { { "x", { KEY "=ehr" }, LABEL_FROM_ENGINE, { "10.0.0.3" }, 1 } },
	  false,
	  false },
};

static void check_case(size_t i)
{
	struct registered v[ARRAY_SIZE(cases[i].others)] = { 0 };
	struct peers peers = { .v = v };
	_cleanup_members_ struct members members = { 0 };
	_cleanup_addresses_ struct addresses all = { 0 };
	const struct registered owner = { .id = (char[]){ "owner" }, .netns = 1 };
	struct peer_selector selector = { 0 }, unused = { 0 };
	struct peer_set set = { .name = (char[]){ "set" } };
	struct err err = { 0 };
	struct cidr address;
	bool may;

	if (cases[i].selects)
		make_selector(cases[i].selects, &selector);
	set.selector = cases[i].selects ? &selector : NULL;
	set.key = cases[i].selects ? NULL : (char[]){ KEY };
	set.class = cases[i].selects ? NULL : (char[]){ "pci" };
	for (size_t o = 0; o < ARRAY_SIZE(v) && cases[i].others[o].id; o++)
		fill(&cases[i].others[o], &unused, &v[peers.n++]);
	assert_int_equal(cidr_parse(cases[i].address, &address), 0);
	assert_int_equal(members_index(&peers, &members, &err), 0);
	if (members_has(&members, &owner, &set, &address, &may) != cases[i].has ||
	    may != cases[i].may)
		fail_msg("%s: has %d, may %d", cases[i].what, !cases[i].has, may);
	/* The list of all says the same. */
	assert_int_equal(members_all(&members, &owner, &set, &all, &err), 0);
	if (addresses_have(&all, &address) != cases[i].has)
		fail_msg("%s: all of them say otherwise", cases[i].what);
	for (size_t o = 0; o < peers.n; o++)
		registered_done(&v[o]);
	peer_selector_done(&selector);
}

static void who_belongs_into_a_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(i);
}

/* ---- addresses ---- */

static void addresses_are_sorted_and_unique(void **state)
{
	static const char *const texts[] = { "fd00::2", "10.0.0.9", "10.0.0.10", "fd00::1",
					     "10.0.0.9" };
	_cleanup_addresses_ struct addresses one = { 0 }, many = { 0 };
	struct err err = { 0 };
	struct cidr address;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(cidr_parse(texts[i], &address), 0);
		assert_int_equal(addresses_add(&one, &address, &err), 0);
		assert_int_equal(addresses_append(&many, &address, &err), 0);
	}
	addresses_sort(&many);
	assert_int_equal(one.n, 4);
	assert_true(addresses_equal(&one, &many));
	assert_int_equal(one.v[0].address[3], 9);
	assert_int_equal(one.v[1].address[3], 10);
	assert_true(one.v[2].v6 && one.v[3].v6);
	many.n--;
	assert_false(addresses_equal(&one, &many));
	/* A namespace with more is refused. */
	assert_int_equal(cidr_parse("10.1.0.0", &address), 0);
	for (unsigned i = 0; one.n < ADDRESSES_MAX; i++) {
		address.address[3] = (uint8_t)i;
		address.address[2] = (uint8_t)(i >> 8);
		assert_int_equal(addresses_add(&one, &address, &err), 0);
	}
	address.address[1] = 2;
	assert_int_equal(addresses_add(&one, &address, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_keeps_apart_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_again, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
		cmocka_unit_test_setup_teardown(the_smallest, setup, teardown),
		cmocka_unit_test_setup_teardown(not_trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
		cmocka_unit_test(who_belongs_into_a_set),
		cmocka_unit_test(addresses_are_sorted_and_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
