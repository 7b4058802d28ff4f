/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/labels.c: whose label counts, what an image may not say, bounds, hostile texts.
 */
#include "profiles/labels.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void set(struct labels *labels, const char *key, const char *value, enum label_source source)
{
	struct err err = { 0 };
	bool dropped = true;

	if (labels_set(labels, key, value, source, &dropped, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(dropped);
}

static void assert_label(const struct labels *labels, const char *key, const char *value,
			 enum label_source source)
{
	const struct label *label = labels_get(labels, key);

	assert_non_null(label);
	assert_string_equal(label->key, key);
	assert_string_equal(label->value, value);
	assert_int_equal(label->source, source);
}

static void test_names(void **state)
{
	assert_string_equal(label_source_name(LABEL_FROM_IMAGE), "image");
	assert_string_equal(label_source_name(LABEL_FROM_ENGINE), "engine");
	assert_string_equal(label_source_name(LABEL_FROM_ANNOTATION), "annotation");
	assert_string_equal(label_source_name(LABEL_FROM_COMMAND), "command");
}

/* Every pair of sources in both orders: the more trusted one stays, of equals the later. */
static void test_precedence(void **state)
{
	static const enum label_source rising[] = { LABEL_FROM_IMAGE, LABEL_FROM_ENGINE,
						    LABEL_FROM_ANNOTATION, LABEL_FROM_COMMAND };

	static_assert(ARRAY_SIZE(rising) == LABEL_SOURCES_, "all of them");
	for (size_t a = 0; a < ARRAY_SIZE(rising); a++) {
		for (size_t b = 0; b < ARRAY_SIZE(rising); b++) {
			struct labels labels = { 0 };

			set(&labels, "tier", "first", rising[a]);
			set(&labels, "tier", "second", rising[b]);
			assert_int_equal(labels.n, 1);
			assert_label(&labels, "tier", b >= a ? "second" : "first",
				     rising[b >= a ? b : a]);
			labels_done(&labels);
		}
	}
}

static void test_sorted(void **state)
{
	static const char *const keys[] = { "m", "z", "a", "", "mm", "\xc3\xa9", "A", "l", "m" };
	struct labels labels = { 0 };

	assert_null(labels_get(&labels, "m"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		set(&labels, keys[i], keys[i], LABEL_FROM_ENGINE);
	assert_int_equal(labels.n, 8);
	for (size_t i = 1; i < labels.n; i++)
		assert_true(strcmp(labels.v[i - 1].key, labels.v[i].key) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_label(&labels, keys[i], keys[i], LABEL_FROM_ENGINE);
	assert_null(labels_get(&labels, "M"));
	assert_null(labels_get(&labels, "mmm"));
	labels_done(&labels);
	assert_int_equal(labels.n, 0);
	assert_null(labels_get(&labels, "m"));
}

static void test_image(void **state)
{
	static const struct {
		const char *key;
		bool dropped;
	} rows[] = {
		{ "io.coaming.profile", true },
		{ "io.coaming.", true },
		{ "io.coaming.x.y", true },
		{ "io.coaming", false },
		{ "io.coamingx.profile", false },
		{ "IO.COAMING.PROFILE", false },
		{ " io.coaming.profile", false },
		{ "xio.coaming.profile", false },
		{ "tier", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct labels labels = { 0 };
		struct err err = { 0 };
		bool dropped = !rows[i].dropped;

		assert_int_equal(
			labels_set(&labels, rows[i].key, "v", LABEL_FROM_IMAGE, &dropped, &err), 0);
		assert_int_equal(dropped, rows[i].dropped);
		assert_int_equal(labels.n, rows[i].dropped ? 0 : 1);
		assert_int_equal(labels.n_dropped, rows[i].dropped ? 1 : 0);
		if (rows[i].dropped)
			assert_string_equal(labels.dropped[0].key, rows[i].key);
		labels_done(&labels);
		assert_int_equal(labels.n_dropped, 0);
		/* From everywhere else such a label counts. */
		for (int s = LABEL_FROM_ENGINE; s < LABEL_SOURCES_; s++)
			set(&labels, rows[i].key, "v", (enum label_source)s);
		assert_label(&labels, rows[i].key, "v", LABEL_FROM_COMMAND);
		labels_done(&labels);
	}
}

/* What an image says neither replaces nor removes what somebody else said before. */
static void test_image_beside_others(void **state)
{
	struct labels labels = { 0 };
	struct err err = { 0 };

	set(&labels, LABEL_PROFILE, "web", LABEL_FROM_ENGINE);
	assert_int_equal(labels_set(&labels, LABEL_PROFILE, "lax", LABEL_FROM_IMAGE, NULL, &err),
			 0);
	assert_label(&labels, LABEL_PROFILE, "web", LABEL_FROM_ENGINE);
	labels_done(&labels);
}

static void mark(struct labels *labels, const char *key, const char *value)
{
	struct err err = { 0 };

	if (labels_mark_image(labels, key, value, &err) < 0)
		fail_msg("%s", err.text);
}

/* Only what an engine may have copied from the image becomes the image's: key and value. */
static void test_mark_image(void **state)
{
	struct labels labels = { 0 };

	set(&labels, "same", "v", LABEL_FROM_ENGINE);
	set(&labels, "other", "mine", LABEL_FROM_ENGINE);
	set(&labels, "note", "v", LABEL_FROM_ANNOTATION);
	set(&labels, "io.coaming.profile", "evil", LABEL_FROM_ENGINE);
	set(&labels, "io.coaming.class", "mine", LABEL_FROM_ENGINE);
	mark(&labels, "same", "v");
	mark(&labels, "other", "v");
	mark(&labels, "note", "v");
	mark(&labels, "nobody's", "v");
	mark(&labels, "io.coaming.profile", "evil");
	mark(&labels, "io.coaming.class", "theirs");
	assert_int_equal(labels.n, 4);
	assert_label(&labels, "same", "v", LABEL_FROM_IMAGE);
	assert_label(&labels, "other", "mine", LABEL_FROM_ENGINE);
	assert_label(&labels, "note", "v", LABEL_FROM_ANNOTATION);
	assert_label(&labels, "io.coaming.class", "mine", LABEL_FROM_ENGINE);
	assert_int_equal(labels.n_dropped, 1);
	assert_string_equal(labels.dropped[0].key, "io.coaming.profile");
	assert_string_equal(labels.dropped[0].value, "evil");
	assert_int_equal(labels.dropped[0].source, LABEL_FROM_IMAGE);
	labels_done(&labels);
}

/* A text is kept byte for byte and is a copy. */
static void test_hostile(void **state)
{
	static const char *const values[] = {
		"",       "a\nPRIORITY=0\n", "\x1b[2J", "../../etc/shadow",
		"%s%n%n", "web,db",          "\"",      "\xff\xfe",
		"$(id)",  "a=b=c",
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct labels labels = { 0 };
		char key[32], value[32];

		(void)snprintf(key, sizeof(key), "%s", values[i]);
		(void)snprintf(value, sizeof(value), "%s", values[i]);
		set(&labels, key, value, LABEL_FROM_ANNOTATION);
		memset(key, 'x', sizeof(key));
		memset(value, 'x', sizeof(value));
		assert_label(&labels, values[i], values[i], LABEL_FROM_ANNOTATION);
		labels_done(&labels);
	}
}

static void test_text_bounds(void **state)
{
	_cleanup_free_ char *value = calloc(LABEL_VALUE_MAX + 2, 1);
	struct labels labels = { 0 };
	struct err err = { 0 };
	char key[LABEL_KEY_MAX + 2];

	assert_non_null(value);
	memset(value, 'v', LABEL_VALUE_MAX);
	memset(key, 'k', LABEL_KEY_MAX);
	key[LABEL_KEY_MAX] = '\0';
	set(&labels, key, value, LABEL_FROM_ENGINE);
	value[LABEL_VALUE_MAX] = 'v';
	assert_int_equal(labels_set(&labels, "a", value, LABEL_FROM_ENGINE, NULL, &err), -E2BIG);
	assert_string_equal(err.text, "label \"a\": a value of more than 262144 bytes");
	err_clear(&err);
	/* Too much is refused, not passed over, also where the one that stands would stay. */
	assert_int_equal(labels_set(&labels, key, value, LABEL_FROM_IMAGE, NULL, &err), -E2BIG);
	err_clear(&err);
	memcpy(key + LABEL_KEY_MAX, "k", 2);
	assert_int_equal(labels_set(&labels, key, "v", LABEL_FROM_ENGINE, NULL, &err), -E2BIG);
	assert_int_equal(strncmp(err.text, "label \"kkkk", 11), 0);
	assert_int_equal(err.class, ERR_INPUT);
	assert_int_equal(labels.n, 1);
	labels_done(&labels);
}

/* A full set takes no further key, but what it has may still be corrected. */
static void test_count(void **state)
{
	struct labels labels = { 0 };
	struct err err = { 0 };
	char key[16];

	for (int i = 0; i < LABELS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "k%05d", i);
		set(&labels, key, "v", LABEL_FROM_ENGINE);
	}
	assert_int_equal(labels_set(&labels, "one-more", "v", LABEL_FROM_ENGINE, NULL, &err),
			 -E2BIG);
	assert_string_equal(err.text, "more than 10000 labels");
	assert_int_equal(labels.n, LABELS_MAX);
	set(&labels, "k00000", "other", LABEL_FROM_ANNOTATION);
	set(&labels, "k09999", "other", LABEL_FROM_IMAGE);
	assert_label(&labels, "k00000", "other", LABEL_FROM_ANNOTATION);
	assert_label(&labels, "k09999", "v", LABEL_FROM_ENGINE);
	labels_done(&labels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_image_beside_others),
		cmocka_unit_test(test_mark_image),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_text_bounds),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
