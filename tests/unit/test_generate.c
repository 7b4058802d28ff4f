/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming generate: forms of texts in compose files, names, and memory that runs out anywhere on
 * the way from a compose file to profiles. What is made of what is tests/integration/generate.sh's.
 */
#include "cli/generate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "cli/generate_compose.h"
#include "lib/yaml.h"
#include "tests/unit/alloc.h"

static void test_interpolate(void **state)
{
	static const struct {
		const char *text, *result; /* NULL: refused */
	} cases[] = {
		{ "", "" },         { "plain", "plain" },       { "${A:-b}", "b" },
		{ "${A-b}", "b" },  { "${A:-}", "" },           { "x${A:-1}y${B-2}z", "x1y2z" },
		{ "${A}", "${A}" }, { "${A:?no}", "${A:?no}" }, { "$A", "$A" },
		{ "$$A", "$A" },    { "$$$$", "$$" },           { "$", "$" },
		{ "${", NULL },     { "${A:-b", NULL },         { "a}b", "a}b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *out = NULL;
		struct err err = { 0 };
		int r = compose_interpolate(cases[i].text, &out, &err);

		assert_int_equal(r, cases[i].result ? 0 : -EBADMSG);
		if (cases[i].result)
			assert_string_equal(out, cases[i].result);
	}
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: none */
	} cases[] = {
		{ "1", 1 },
		{ "64m", 64 << 20 },
		{ "64M", 64 << 20 },
		{ "64mb", 64 << 20 },
		{ "64MB,mode=1777", 64 << 20 },
		{ "1.5k", 1536 },
		{ "2g", UINT64_C(2) << 30 },
		{ "1t", UINT64_C(1) << 40 },
		{ "100b", 100 },
		{ "", 0 },
		{ "m", 0 },
		{ "0", 0 },
		{ "64x", 0 },
		{ "64mm", 0 },
		{ "64m x", 0 },
		{ "-1", 0 },
		{ "99999999t", 0 },
		{ "1bb", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 0;
		int r = compose_size_parse(cases[i].text, &bytes);

		if ((r == 0) != (cases[i].bytes > 0) || bytes != cases[i].bytes)
			fail_msg("%s: %d, %llu", cases[i].text, r, (unsigned long long)bytes);
	}
}

static void test_port(void **state)
{
	static const struct {
		const char *text;
		enum protocol protocol;
		uint16_t first, last; /* 0: none */
	} cases[] = {
		{ "80", PROTOCOL_TCP, 80, 80 },
		{ "80/tcp", PROTOCOL_TCP, 80, 80 },
		{ "53/udp", PROTOCOL_UDP, 53, 53 },
		{ "5-7/sctp", PROTOCOL_SCTP, 5, 7 },
		{ "65535", PROTOCOL_TCP, 65535, 65535 },
		{ "65536", 0, 0, 0 },
		{ "0", 0, 0, 0 },
		{ "7-5", 0, 0, 0 },
		{ "80/", 0, 0, 0 },
		{ "80/icmp", 0, 0, 0 },
		{ " 80", 0, 0, 0 },
		{ "80 ", 0, 0, 0 },
		{ "", 0, 0, 0 },
		{ "99999999999999999999", 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct port port = { 0 };
		int r = subject_port_parse(cases[i].text, &port);

		assert_int_equal(r, cases[i].first ? 0 : -EINVAL);
		assert_int_equal(port.first, cases[i].first);
		assert_int_equal(port.last, cases[i].last);
		if (r == 0)
			assert_int_equal(port.protocol, cases[i].protocol);
	}
}

static void test_name(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "web", "web" },
		{ "My_App", "my-app" },
		{ "--a..b--", "a-b" },
		{ "", "" },
		{ "___", "" },
		{ "a/b:c", "a-b-c" },
		{ "\xc3\xa9t\xc3\xa9", "t" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
		  "012345678901234567890123456789012345678901234567890123456789012" },
		{ "01234567890123456789012345678901234567890123456789012345678901-x",
		  "01234567890123456789012345678901234567890123456789012345678901" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[PROFILE_NAME_MAX + 1];

		subject_name(name, cases[i].text);
		assert_string_equal(name, cases[i].name);
		assert_true(name[0] == '\0' || profile_name_is_valid(name));
	}
}

/* ---- who talks to whom ---- */

/* "a>b:5 a>c" of all needs; "?" behind those that are guesses. */
static void write_needs(const struct subjects *subjects, struct buf *out)
{
	for (size_t i = 0; i < subjects->n; i++) {
		const struct subject *s = &subjects->v[i];

		for (size_t k = 0; k < s->n_needs; k++) {
			const struct need *need = &s->needs[k];

			buf_addf(out, "%s%s>%s", out->len ? " " : "", s->called,
				 subjects->v[need->to].called);
			if (need->port)
				buf_addf(out, ":%u", need->port->first);
			buf_adds(out, need->guessed ? "?" : "");
		}
		for (size_t k = 0; k < s->n_outside; k++)
			buf_addf(out, "%s%s>:%u", out->len ? " " : "", s->called,
				 s->outside[k].port.first);
	}
}

#define AB(a)         "services: {a: {" a "}, b: {container_name: bee, expose: [1]}, c: {}}"
#define ENV(variable) AB("environment: ['" variable "']")
#define RUN(words)    AB("command: '" words "'")

static const struct {
	const char *yaml, *needs;
} needs[] = {
	/* Where an address stands, whatever the variable is called. */
	{ ENV("X=http://b"), "a>b" },
	{ ENV("X=http://b/"), "a>b" },
	{ ENV("X=http://b:5/x"), "a>b:5" },
	{ ENV("X=postgres://u:p@b/n"), "a>b" },
	{ ENV("X=tcp(b:5)/n"), "a>b:5" },
	{ ENV("X=b:5"), "a>b:5" },
	{ ENV("X=bee:5"), "a>b:5" },
	{ ENV("X=b:5,c:6"), "a>b:5 a>c:6" },
	{ ENV("X=b:70000"), "" },
	{ ENV("X=b:"), "" },
	{ ENV("X=user@b"), "a>b" },
	/* A name alone, where the variable is for an address. */
	{ ENV("B_HOST=b"), "a>b" },
	{ ENV("B_HOSTS=b, c"), "a>b a>c" },
	{ ENV("servers=b;c"), "a>b a>c" },
	{ ENV("X=b"), "" },
	{ ENV("POSTGRES_DB=b"), "" },
	{ ENV("B_HOST=b.example.com"), "" },
	{ ENV("B_HOST=bb"), "" },
	{ ENV("B_HOST=xb"), "" },
	{ ENV("B_HOST=b-1"), "" },
	{ ENV("B_HOST=/srv/b"), "" },
	{ ENV("X=/srv/b:5"), "" },
	{ ENV("B_HOST=a"), "" },
	{ ENV("B_HOST"), "" },
	/* The same once, and a certainty before a guess. */
	{ AB("environment: {B_HOST: b, B_URL: 'http://b'}"), "a>b" },
	{ AB("environment: {B_HOST: b, B_URL: 'http://b:5'}"), "a>b a>b:5" },
	{ AB("environment: {B_HOST: b}, depends_on: [b, c]"), "a>c? a>b" },
	{ AB("depends_on: {b: {condition: service_completed_successfully}}"), "" },
	{ AB("links: ['b:store'], environment: {X_HOST: store}"), "a>b" },
	/* Words of a command. */
	{ RUN("x --db-host b"), "a>b" },
	{ RUN("x --db-host=b"), "a>b" },
	{ RUN("x --name b"), "" },
	{ RUN("x b"), "" },
	{ RUN("x b:5"), "a>b:5" },
	{ RUN("x http://b"), "a>b" },
	/* Hosts elsewhere: URLs alone, and no addresses. */
	{ ENV("X=https://api.example.com/x"), "a>:443" },
	{ ENV("X=http://api.example.com"), "a>:80" },
	{ ENV("X=https://api.example.com:8443"), "a>:8443" },
	{ ENV("X=https://10.0.0.1"), "" },
	{ ENV("X=https://localhost"), "" },
	{ ENV("X=api.example.com"), "" },
	/* Networks and classes. */
	{ "services: {a: {networks: [x], environment: {B_HOST: b}}, b: {networks: [y]}}", "" },
	{ "services: {a: {networks: [x, y], environment: {B_HOST: b}}, b: {networks: [y]}}",
	  "a>b" },
	{ "services: {a: {networks: [x], depends_on: [b]}, b: {networks: [y]}}", "" },
	{ "services: {a: {network_mode: host, environment: {B_HOST: b}}, b: {}}", "" },
	{ "services: {a: {labels: [data-class=x], environment: {B_HOST: b}}, b: {}}", "" },
	{ "services: {a: {network_mode: 'service:c', environment: {B_HOST: b}}, b: {}, c: {}}",
	  "a>b c>b" },
	{ "services: {a: {environment: {C_HOST: c}}, b: {}, c: {network_mode: 'service:b'}}",
	  "a>b" },
};

static void test_needs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_subjects_ struct subjects subjects = { 0 };
		_cleanup_(taxonomy_done) struct taxonomy taxonomy = { 0 };
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };
		int r = doc_parse_yaml(&doc, "c", needs[i].yaml, strlen(needs[i].yaml), &err);

		if (r == 0)
			r = generate_read_compose(doc, "t", &subjects, &err);
		if (r == 0)
			r = taxonomy_init(&taxonomy, &err);
		if (r == 0)
			r = generate_find_needs(&(struct host){ .taxonomy = taxonomy }, &subjects,
						&err);
		if (r < 0)
			fail_msg("%s: %s", needs[i].yaml, err.text);
		write_needs(&subjects, &out);
		if (!streq(out.len ? out.data : "", needs[i].needs))
			fail_msg("%s: \"%s\", expected \"%s\"", needs[i].yaml,
				 out.len ? out.data : "", needs[i].needs);
	}
}

/* ---- no memory ---- */

static int do_all(void *arg, struct err *err)
{
	static const char yaml[] =
		"name: t\nservices:\n"
		"  a: {image: nginx, ports: ['8080:80', {target: 443}], environment: {B_URL: "
		"'http://b:5', X_URL: 'https://x.example.com'}, tmpfs: ['/t:size=1m'], "
		"command: x --port 5, links: ['b:c'], volumes: ['v:/v'], user: '5', "
		"labels: {x: y}, env_file: z}\n"
		"  b: {image: postgres, network_mode: 'service:s', depends_on: [a]}\n"
		"  s: {expose: [7]}\n";
	const struct models *models = arg;
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_subjects_ struct subjects subjects = { 0 };
	_cleanup_(taxonomy_done) struct taxonomy taxonomy = { 0 };
	int r = doc_parse_yaml(&doc, "compose.yaml", yaml, strlen(yaml), err);

	if (r == 0)
		r = taxonomy_init(&taxonomy, err);
	if (r == 0)
		r = generate_read_compose(doc, NULL, &subjects, err);
	if (r == 0)
		r = generate_find_ports(&subjects, err);
	if (r == 0)
		r = generate_recognise(models, NULL, &subjects, err);
	if (r == 0)
		r = generate_find_needs(&(struct host){ .taxonomy = taxonomy }, &subjects, err);
	for (size_t i = 0; r == 0 && i < subjects.n; i++) {
		_cleanup_draft_ struct draft draft = { 0 };

		r = generate_draft(&subjects, i, models, &taxonomy, &draft, err);
	}
	return r;
}

static void test_no_memory(void **state)
{
	static const char *const dirs[] = { "profiles/models" };
	_cleanup_models_ struct models all = { 0 };
	struct models few = { 0 };
	unsigned long n;
	struct err err = { 0 };

	assert_int_equal(models_load(dirs, 1, &all, &err), 0);
	for (size_t i = 0; i < all.n; i++) { /* two are enough, and quicker */
		if (streq(all.v[i]->name, "nginx"))
			few = (struct models){ &all.v[i], 1 };
	}
	assert_int_equal(few.n, 1);
	n = alloc_fail_each(do_all, &few);
	assert_true(n > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpolate), cmocka_unit_test(test_size),
		cmocka_unit_test(test_port),        cmocka_unit_test(test_name),
		cmocka_unit_test(test_needs),       cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
