/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/edit.c and lib/emit.c: what is written is what was asked for, and nothing else changes.
 */
#include "lib/edit.h"
#include "lib/emit.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/alloc.h"
#include "tests/unit/random.h"

enum op { REPLACE, REMOVE, ADD_MEMBER, ADD_ALIKE, ADD_ELEMENT };

struct step {
	enum op op;
	const char *path; /* dots between keys; numbers are array places; "" is the root */
	const char *key;
	const char *json;
};

static const struct {
	const char *in;
	struct step steps[5];
	const char *out;
} cases[] = {
	{ "{}", { { ADD_MEMBER, "", "a", "1" } }, "{\"a\":1}" },
	{ "{ }",
	  { { ADD_MEMBER, "", "a", "1" }, { ADD_MEMBER, "", "b", "2" } },
	  "{ \"a\":1,\"b\":2}" },
	{ "[1, 2 ]", { { ADD_ELEMENT, "", NULL, "3" } }, "[1, 2,3 ]" },
	{ "{\"a\": 18446744073709551615, \"b\": 1e3}",
	  { { REPLACE, "b", NULL, "2" } },
	  "{\"a\": 18446744073709551615, \"b\": 2}" },
	{ "[1, 2, 3]", { { REMOVE, "0", NULL, NULL } }, "[2, 3]" },
	{ "[1, 2, 3]", { { REMOVE, "1", NULL, NULL } }, "[1, 3]" },
	{ "[1, 2, 3]", { { REMOVE, "2", NULL, NULL } }, "[1, 2]" },
	{ "[1, 2, 3]", { { REMOVE, "0", NULL, NULL }, { REMOVE, "1", NULL, NULL } }, "[3]" },
	{ "[1, 2, 3]", { { REMOVE, "2", NULL, NULL }, { REMOVE, "1", NULL, NULL } }, "[1]" },
	{ "[1, 2, 3]",
	  { { REMOVE, "0", NULL, NULL }, { REMOVE, "1", NULL, NULL }, { REMOVE, "2", NULL, NULL } },
	  "[]" },
	{ "{\"a\":1,\n \"b\":2}",
	  { { REMOVE, "b", NULL, NULL }, { ADD_MEMBER, "", "c", "3" } },
	  "{\"a\":1,\"c\":3}" },
	{ "{\"a\":1}", { { REMOVE, "a", NULL, NULL }, { ADD_MEMBER, "", "c", "3" } }, "{\"c\":3}" },
	{ "{\"a\":{\"b\":[1]}}",
	  { { ADD_ELEMENT, "a.b", NULL, "2" },
	    { ADD_MEMBER, "a", "c", "3" },
	    { ADD_MEMBER, "", "d", "4" } },
	  "{\"a\":{\"b\":[1,2],\"c\":3},\"d\":4}" },
	{ "{\"\\u0061\":\"\\/\"}",
	  { { ADD_MEMBER, "", "x", "null" } },
	  "{\"\\u0061\":\"\\/\",\"x\":null}" },
	{ "[ ]", { { ADD_ELEMENT, "", NULL, "1" }, { ADD_ELEMENT, "", NULL, "2" } }, "[ 1,2]" },
	{ "[[], [ ]]",
	  { { ADD_ELEMENT, "1", NULL, "1" },
	    { ADD_ELEMENT, "", NULL, "2" },
	    { ADD_ELEMENT, "0", NULL, "3" } },
	  "[[3], [ 1],2]" },
	{ "[1 ,\n2 ,\n3 ]",
	  { { REMOVE, "1", NULL, NULL },
	    { REMOVE, "2", NULL, NULL },
	    { ADD_ELEMENT, "", NULL, "4" } },
	  "[1,4 ]" },
	{ "[1 ,\n2 ,\n3 ]",
	  { { REMOVE, "0", NULL, NULL },
	    { REMOVE, "1", NULL, NULL },
	    { REMOVE, "2", NULL, NULL },
	    { ADD_ELEMENT, "", NULL, "4" },
	    { ADD_ELEMENT, "", NULL, "5" } },
	  "[4,5 ]" },
	{ "[1, 2, 3, 4]",
	  { { REMOVE, "3", NULL, NULL },
	    { REPLACE, "2", NULL, "\"}\"" },
	    { REMOVE, "0", NULL, NULL },
	    { REPLACE, "1", NULL, "{}" } },
	  "[{}, \"}\"]" },
	{ "[\"[\"]",
	  { { ADD_ELEMENT, "", NULL, "\"{\"" }, { ADD_ELEMENT, "", NULL, "1" } },
	  "[\"[\",\"{\",1]" },
	{ "{\"a\":[1],\"b\":{\"c\":2,\"d\":3},\"e\":4}",
	  { { REMOVE, "e", NULL, NULL },
	    { REMOVE, "b.c", NULL, NULL },
	    { REMOVE, "a", NULL, NULL } },
	  "{\"b\":{\"d\":3}}" },
	{ "1", { { REPLACE, "", NULL, "[]" } }, "[]" },
	{ "{\r\n\t\"a\" : {\r\n\t\t\"b\" : 1\r\n\t}\r\n}\r\n",
	  { { ADD_ALIKE, "a", "c", "2" }, { ADD_ALIKE, "", "d", "{\"e\": 3}" } },
	  "{\r\n\t\"a\" : {\r\n\t\t\"b\" : 1,\r\n\t\t\"c\": 2\r\n\t},"
	  "\r\n\t\"d\": {\"e\": 3}\r\n}\r\n" },
	{ "{\"a\":1}", { { ADD_ALIKE, "", "b", "2" } }, "{\"a\":1,\"b\":2}" },
	{ "{ \"a\": 1 }", { { ADD_ALIKE, "", "b", "2" } }, "{ \"a\": 1, \"b\": 2 }" },
	{ "{ }", { { ADD_ALIKE, "", "b", "2" } }, "{ \"b\":2}" },
	{ " { \"a\" : 1 } ", { { 0 } }, " { \"a\" : 1 } " },
};

static const struct node *find(const struct node *node, const char *path)
{
	char part[32];

	while (*path && node) {
		size_t n = strcspn(path, ".");
		const struct node *child = node->first;

		memcpy(part, path, n);
		part[n] = '\0';
		if (node->type == NODE_ARRAY) {
			for (long i = strtol(part, NULL, 10); i > 0 && child; i--)
				child = child->next;
		} else {
			child = node_get(node, part);
		}
		node = child;
		path += n + (path[n] == '.');
	}
	assert_non_null(node);
	return node;
}

static int apply_step(struct edit *edit, const struct doc *doc, const struct step *step,
		      struct err *err)
{
	const struct node *node = find(doc_root(doc), step->path);

	switch (step->op) {
	case REPLACE:
		return edit_replace(edit, node, step->json, err);
	case REMOVE:
		return edit_remove(edit, node, err);
	case ADD_MEMBER:
		return edit_add_member(edit, node, step->key, step->json, err);
	case ADD_ALIKE:
		return edit_add_member_alike(edit, node, step->key, step->json, err);
	case ADD_ELEMENT:
		return edit_add_element(edit, node, step->json, err);
	}
	return -EINVAL;
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_edit_ struct edit *edit = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "t", cases[i].in, strlen(cases[i].in), &err), 0);
		assert_int_equal(edit_new(&edit, doc, &err), 0);
		for (size_t s = 0; s < ARRAY_SIZE(cases[i].steps) && cases[i].steps[s].path; s++)
			assert_int_equal(apply_step(edit, doc, &cases[i].steps[s], &err), 0);
		assert_int_equal(edit_apply(edit, &out, &err), 0);
		assert_string_equal(out.data, cases[i].out);
	}
}

static const struct {
	struct step steps[3];
} overlaps[] = {
	{ { { REMOVE, "a", NULL, NULL }, { REPLACE, "a.b", NULL, "2" } } },
	{ { { REPLACE, "a.b", NULL, "2" }, { REMOVE, "a", NULL, NULL } } },
	{ { { REMOVE, "a", NULL, NULL }, { REMOVE, "a.b", NULL, NULL } } },
	{ { { REMOVE, "a", NULL, NULL }, { REMOVE, "a", NULL, NULL } } },
	{ { { REMOVE, "a.b", NULL, NULL }, { REMOVE, "a.b", NULL, NULL } } },
	{ { { REPLACE, "a", NULL, "1" }, { REPLACE, "a", NULL, "1" } } },
	{ { { REPLACE, "a", NULL, "1" }, { REMOVE, "a", NULL, NULL } } },
	/* These would land beside what is gone, in the container around it. */
	{ { { REMOVE, "a", NULL, NULL }, { ADD_MEMBER, "a", "x", "1" } } },
	{ { { REPLACE, "a", NULL, "{}" }, { ADD_MEMBER, "a", "x", "1" } } },
	{ { { ADD_MEMBER, "a", "x", "1" }, { REPLACE, "", NULL, "{}" } } },
	{ { { ADD_ELEMENT, "z", NULL, "1" }, { REMOVE, "z", NULL, NULL } } },
};

static void test_overlap_is_refused(void **state)
{
	static const char text[] = "{\"a\":{\"b\":1},\"c\":2,\"z\":[]}";

	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_edit_ struct edit *edit = NULL;
		_cleanup_buf_ struct buf out = { 0 };
		struct err err = { 0 };

		assert_int_equal(doc_parse(&doc, "t", text, strlen(text), &err), 0);
		assert_int_equal(edit_new(&edit, doc, &err), 0);
		for (size_t s = 0; s < 2; s++)
			assert_int_equal(apply_step(edit, doc, &overlaps[i].steps[s], &err), 0);
		assert_int_equal(edit_apply(edit, &out, &err), -EEXIST);
		assert_string_equal(err.text, "t: two edits of one place");
		assert_int_equal(err.class, ERR_SYSTEM);
	}
}

static void test_root_stays(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", "{}", 2, &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	assert_int_equal(edit_remove(edit, doc_root(doc), &err), -EINVAL);
	assert_true(edit_is_empty(edit));
}

/* Behind the last digit of a number a member would make a text of another meaning. */
static void test_only_containers_grow(void **state)
{
	static const char text[] = "{\"n\":12,\"o\":{},\"a\":[],\"s\":\"x\"}";
	static const char *const no_object[] = { "n", "a", "s", "gone" };
	static const char *const no_array[] = { "n", "o", "s", "gone" };
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", text, strlen(text), &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(no_object); i++) {
		const struct node *o = node_get(doc_root(doc), no_object[i]);
		const struct node *a = node_get(doc_root(doc), no_array[i]);

		assert_int_equal(edit_add_member(edit, o, "k", "1", &err), -EBADMSG);
		assert_int_equal(edit_add_element(edit, a, "1", &err), -EBADMSG);
	}
	assert_string_equal(err.text, "t:1:6: \"n\": expected an object, not a number");
	assert_int_equal(err.class, ERR_INPUT);
	assert_true(edit_is_empty(edit));
}

static void test_bad_json_is_refused(void **state)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	struct err err = { 0 };

	assert_int_equal(doc_parse(&doc, "t", "{}", 2, &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	assert_int_equal(edit_add_member(edit, doc_root(doc), "a", "}", &err), 0);
	assert_int_equal(edit_apply(edit, &out, &err), -EBADMSG);
}

static void test_emit(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);

	emit_object(&e);
	emit_key(&e, "a\"\n\x01");
	emit_u64(&e, UINT64_MAX);
	emit_key(&e, "b");
	emit_array(&e);
	emit_stringn(&e, "\xc3\xa4\xff\0x", 5);
	emit_array(&e);
	emit_array_end(&e);
	emit_i64(&e, INT64_MIN);
	emit_array_end(&e);
	emit_key(&e, "c");
	emit_raw(&e, "[1]");
	emit_key(&e, "d");
	emit_object(&e);
	emit_object_end(&e);
	emit_object_end(&e);
	assert_string_equal(out.data,
			    "{\"a\\\"\\n\\u0001\":18446744073709551615,"
			    "\"b\":[\"\xc3\xa4\xef\xbf\xbd\\u0000x\",[],-9223372036854775808],"
			    "\"c\":[1],\"d\":{}}");
}

static void test_emit_indented(void **state)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = { .out = &out, .indent = 2 };

	emit_object(&e);
	emit_key(&e, "a");
	emit_array(&e);
	emit_bool(&e, true);
	emit_null(&e);
	emit_array_end(&e);
	emit_object_end(&e);
	assert_string_equal(out.data, "{\n  \"a\": [\n    true,\n    null\n  ]\n}");
}

/* ---- many random edits, held to a model: the same edits of jansson's tree ---- */

#define JANSSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL)

static json_t *loaded(const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, JANSSON_FLAGS, NULL);

	assert_non_null(json);
	return json;
}

struct model {
	uint64_t *seed;
	struct edit *edit;
	struct err err;
	size_t n;
};

/* One container: members go, are replaced, are descended into or stay; then some are added. */
static void edit_randomly(struct model *m, const struct node *node, json_t *json)
{
	bool object = node->type == NODE_OBJECT;
	size_t at = 0;

	node_foreach (child, node) {
		json_t *value =
			object ? json_object_get(json, child->key) : json_array_get(json, at);
		size_t choice = random_below(m->seed, 8);
		int r = 0;

		if (choice < 2) {
			r = edit_remove(m->edit, child, &m->err);
			if (object)
				json_object_del(json, child->key);
			else
				json_array_remove(json, at--);
		} else if (choice == 2) {
			r = edit_replace(m->edit, child, "[{}]", &m->err);
			value = json_pack("[{}]");
			if (object)
				json_object_set_new(json, child->key, value);
			else
				json_array_set_new(json, at, value);
		} else if (choice < 6 && child->type >= NODE_ARRAY) {
			edit_randomly(m, child, value);
		}
		assert_int_equal(r, 0);
		m->n += choice <= 2;
		at++;
	}
	for (size_t i = random_below(m->seed, 5); i > 2; i--, m->n++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "new\n%zu", i);
		assert_int_equal(object ? edit_add_member(m->edit, node, key, "true", &m->err)
					: edit_add_element(m->edit, node, "true", &m->err),
				 0);
		if (object)
			json_object_set_new(json, key, json_true());
		else
			json_array_append_new(json, json_true());
	}
}

static void test_random_edits(void **state)
{
	uint64_t seed = random_seed();
	size_t n = 0;

	print_message("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < 5000; i++) {
		_cleanup_buf_ struct buf text = { 0 }, out = { 0 };
		_cleanup_doc_ struct doc *doc = NULL;
		_cleanup_edit_ struct edit *edit = NULL;
		struct model m = { .seed = &seed };
		json_t *want, *got;

		buf_addc(&text, '[');
		random_json(&seed, &text, 5);
		buf_addc(&text, ']');
		assert_int_equal(doc_parse(&doc, "t", text.data, text.len, &m.err), 0);
		assert_int_equal(edit_new(&edit, doc, &m.err), 0);
		m.edit = edit;
		want = loaded(text.data, text.len);
		edit_randomly(&m, doc_root(doc), want);
		assert_int_equal(edit_apply(edit, &out, &m.err), 0);
		got = loaded(out.data, out.len);
		if (!json_equal(want, got))
			fail_msg("%s became %s", text.data, out.data);
		if (m.n == 0)
			assert_string_equal(out.data, text.data);
		json_decref(want);
		json_decref(got);
		n += m.n;
	}
	assert_true(n > 5000);
}

/* What is not edited keeps its very bytes, in a document of the awkward kind. */
static void test_untouched_bytes(void **state)
{
	static const char left[] =
		"{\r\n\t\"\\u0070rocess\" : {\"n\":-0.00E+05,\"\\/\":\"\\u00e4\xc3\xa4\"},",
			  middle[] = "\"x\" : 18446744073709551615",
			  right[] = " ,\n\n\"y\":[ ]\n}\n \n";
	_cleanup_buf_ struct buf text = { 0 }, out = { 0 }, want = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	struct err err = { 0 };

	buf_addf(&text, "%s%s%s", left, middle, right);
	buf_addf(&want, "%s\"x\" : 1%s", left, right);
	assert_int_equal(doc_parse(&doc, "t", text.data, text.len, &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	assert_int_equal(edit_replace(edit, node_get(doc_root(doc), "x"), "1", &err), 0);
	assert_int_equal(edit_apply(edit, &out, &err), 0);
	assert_string_equal(out.data, want.data);
}

/* Every one of 20,000 annotations goes: taking each comma out must not cost a walk each. */
static void test_many_removals(void **state)
{
	_cleanup_buf_ struct buf text = { 0 }, out = { 0 };
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	struct err err = { 0 };

	buf_adds(&text, "{\"annotations\":{");
	for (size_t i = 0; i < 20000; i++)
		buf_addf(&text, "%s\"k%zu\":\"v\"", i ? "," : "", i);
	buf_adds(&text, "}}");
	assert_int_equal(doc_parse(&doc, "t", text.data, text.len, &err), 0);
	assert_int_equal(edit_new(&edit, doc, &err), 0);
	node_foreach (child, node_get(doc_root(doc), "annotations"))
		assert_int_equal(edit_remove(edit, child, &err), 0);
	assert_int_equal(edit_apply(edit, &out, &err), 0);
	assert_string_equal(out.data, "{\"annotations\":{}}");
}

static int edit_once(void *arg, struct err *err)
{
	static const char text[] = "{\"a\":[1,2],\"b\":{\"c\":3}}";
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_edit_ struct edit *edit = NULL;
	_cleanup_buf_ struct buf out = { 0 };
	const struct node *a, *b;
	int r = doc_parse(&doc, "t", text, strlen(text), err);

	if (r == 0)
		r = edit_new(&edit, doc, err);
	if (r < 0)
		return r;
	a = node_get(doc_root(doc), "a");
	b = node_get(doc_root(doc), "b");
	r = edit_remove(edit, a->first, err);
	r = r < 0 ? r : edit_add_element(edit, a, "\"x\"", err);
	r = r < 0 ? r : edit_replace(edit, b->first, "4", err);
	r = r < 0 ? r : edit_add_member(edit, b, "d", "5", err);
	return r < 0 ? r : edit_apply(edit, &out, err);
}

static void test_out_of_memory(void **state)
{
	assert_true(alloc_fail_each(edit_once, NULL) > 15);
}

static void test_emit_out_of_memory(void **state)
{
	for (unsigned long n = 1;; n++) {
		_cleanup_buf_ struct buf out = { 0 };
		struct emit e = EMIT(&out);

		alloc_fail_at(n);
		emit_array(&e);
		for (size_t i = 0; i < 1000; i++)
			emit_string(&e, "some text");
		emit_array_end(&e);
		alloc_fail_at(0);
		if (!alloc_has_failed()) {
			assert_int_equal(buf_status(&out), 0);
			assert_int_equal(out.len, 1000 * sizeof("\"some text\"") + 1);
			return;
		}
		assert_int_equal(buf_status(&out), -ENOMEM);
		assert_null(buf_take(&out));
	}
}

/* Whatever is in a string, the writer's text is JSON and reads back as the same. */
static void test_emit_reads_back(void **state)
{
	uint64_t seed = random_seed();

	for (size_t i = 0; i < 5000; i++) {
		_cleanup_buf_ struct buf text = { 0 }, out = { 0 };
		_cleanup_doc_ struct doc *doc = NULL;
		struct emit e = { .out = &out, .indent = (int)random_below(&seed, 3) };
		char bytes[24];
		struct err err = { 0 };

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)(random_next(&seed) % 255 + 1);
		bytes[random_below(&seed, sizeof(bytes))] = '\0';
		bytes[sizeof(bytes) - 1] = '\0';
		emit_object(&e);
		emit_key(&e, bytes);
		emit_string(&e, bytes);
		emit_object_end(&e);
		assert_int_equal(doc_parse(&doc, "t", out.data, out.len, &err), 0);
		assert_int_equal(doc_root(doc)->count, 1);
		assert_string_equal(doc_root(doc)->first->key, doc_root(doc)->first->string);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_overlap_is_refused),
		cmocka_unit_test(test_root_stays),
		cmocka_unit_test(test_only_containers_grow),
		cmocka_unit_test(test_bad_json_is_refused),
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_untouched_bytes),
		cmocka_unit_test(test_many_removals),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_emit_indented),
		cmocka_unit_test(test_emit_reads_back),
		cmocka_unit_test(test_emit_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
