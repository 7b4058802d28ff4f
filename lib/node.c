/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a document that was read: members by their keys, values by their types, keys that are
 * not known, and what may have been meant. The texts of errors are an interface: people read them.
 */
#include "lib/doc.h"

#include <errno.h>
#include <stdarg.h>
#include <strings.h>

/* The longest word that suggestions are made for. */
#define WORD_MAX 64

/* ---- reading values ---- */

const struct node *node_get(const struct node *object, const char *key)
{
	if (!object || object->type != NODE_OBJECT)
		return NULL;
	node_foreach (member, object) {
		if (streq(member->key, key))
			return member;
	}
	return NULL;
}

const struct node *node_path(const struct node *object, ...)
{
	const char *key;
	va_list ap;

	va_start(ap, object);
	while ((key = va_arg(ap, const char *)) && object)
		object = node_get(object, key);
	va_end(ap);
	return object;
}

bool node_is(const struct node *node, enum node_type type)
{
	return node && node->type == type;
}

static const char *const type_names[] = {
	[NODE_NULL] = "null",        [NODE_FALSE] = "a boolean", [NODE_TRUE] = "a boolean",
	[NODE_NUMBER] = "a number",  [NODE_STRING] = "a string", [NODE_ARRAY] = "an array",
	[NODE_OBJECT] = "an object",
};

static int mistyped(const struct doc *doc, const struct node *node, const char *expected,
		    struct err *err)
{
	char place[WHERE_MAX];

	if (!node) {
		return err_input(err, EBADMSG, "%s: a member is missing: expected %s",
				 doc_shown_name(place, doc), expected);
	}
	if (!node->key && node->parent && node->parent->key)
		return err_input(err, EBADMSG, "%s: an element of %s: expected %s, not %s",
				 doc_where(place, doc, node), Q(node->parent->key), expected,
				 type_names[node->type]);
	return err_input(err, EBADMSG, "%s: %s%sexpected %s, not %s", doc_where(place, doc, node),
			 node->key ? Q(node->key) : "", node->key ? ": " : "", expected,
			 type_names[node->type]);
}

int node_expect(const struct doc *doc, const struct node *node, enum node_type type,
		struct err *err)
{
	if (node_is(node, type))
		return 0;
	return mistyped(doc, node, type_names[type], err);
}

int node_expect_list(const struct doc *doc, const struct node *node, size_t most, struct err *err)
{
	char place[WHERE_MAX];
	int r = node_expect(doc, node, NODE_ARRAY, err);

	if (r == 0 && node->count > most)
		r = err_input(err, E2BIG, "%s: more than %zu entries",
			      doc_where_key(place, doc, node), most);
	return r;
}

int node_read_string(const struct doc *doc, const struct node *node, const char **ret,
		     struct err *err)
{
	int r = node_expect(doc, node, NODE_STRING, err);

	if (r == 0)
		*ret = node->string;
	return r;
}

int node_read_bool(const struct doc *doc, const struct node *node, bool *ret, struct err *err)
{
	if (!node_is(node, NODE_TRUE) && !node_is(node, NODE_FALSE))
		return mistyped(doc, node, "true or false", err);
	*ret = node->type == NODE_TRUE;
	return 0;
}

static int out_of_range(const struct doc *doc, const struct node *node, const char *expected,
			struct err *err)
{
	char place[WHERE_MAX];

	return err_input(err, ERANGE, "%s: %s%sexpected %s, not %s", doc_where(place, doc, node),
			 node->key ? Q(node->key) : "", node->key ? ": " : "", expected,
			 QN(node->string, node->string_len));
}

static bool is_integer(const char *text)
{
	text += *text == '-';
	return text[strspn(text, "0123456789")] == '\0';
}

int node_read_u64(const struct doc *doc, const struct node *node, uint64_t *ret, struct err *err)
{
	static const char expected[] = "a whole number from 0 to 2^64-1";
	unsigned long long v;
	int r;

	r = node_expect(doc, node, NODE_NUMBER, err);
	if (r < 0)
		return r;
	if (!is_integer(node->string) || (node->string[0] == '-' && !streq(node->string, "-0")))
		return out_of_range(doc, node, expected, err);
	errno = 0;
	v = strtoull(node->string, NULL, 10);
	if (errno == ERANGE)
		return out_of_range(doc, node, expected, err);
	*ret = v;
	return 0;
}

int node_read_i64(const struct doc *doc, const struct node *node, int64_t *ret, struct err *err)
{
	static const char expected[] = "a whole number from -2^63 to 2^63-1";
	long long v;
	int r;

	r = node_expect(doc, node, NODE_NUMBER, err);
	if (r < 0)
		return r;
	if (!is_integer(node->string))
		return out_of_range(doc, node, expected, err);
	errno = 0;
	v = strtoll(node->string, NULL, 10);
	if (errno == ERANGE)
		return out_of_range(doc, node, expected, err);
	*ret = v;
	return 0;
}

/* ---- keys that another parser would take for a known one ---- */

/* As Go's encoding/json folds: ASCII case, and the two letters beyond it that fold into ASCII. */
static bool folds_to(const char *key, const char *known)
{
	while (*key && *known) {
		char c = *key, k = *known++;

		if (strncmp(key, "\xc5\xbf", 2) == 0) { /* U+017F, long s */
			c = 's';
			key += 2;
		} else if (strncmp(key, "\xe2\x84\xaa", 3) == 0) { /* U+212A, Kelvin */
			c = 'k';
			key += 3;
		} else {
			key++;
		}
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (k >= 'A' && k <= 'Z')
			k = (char)(k - 'A' + 'a');
		if (c != k)
			return false;
	}
	return *key == *known;
}

static int by_text(const void *key, const void *element)
{
	const char *const *name = element;

	return strcmp(key, *name);
}

static const char *folded_twin(const char *key, const char *const known[], size_t n)
{
	if (bsearch(key, known, n, sizeof(*known), by_text))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (folds_to(key, known[i]))
			return known[i];
	}
	return NULL;
}

static bool is_one_of(const char *key, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(key, words[i]))
			return true;
	}
	return false;
}

/* The next node in document order, with or without the children of this one. */
static const struct node *next_node(const struct node *node, bool children)
{
	if (children && node->first)
		return node->first;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

int doc_check_folding(const struct doc *doc, const char *const known[], size_t n,
		      const char *const free_form[], size_t n_free, struct err *err)
{
	const struct node *node = doc_root(doc);

	while (node) {
		bool is_free = node->key && is_one_of(node->key, free_form, n_free);
		const char *twin = node->key ? folded_twin(node->key, known, n) : NULL;
		char place[WHERE_MAX];

		if (twin)
			return err_input(err, EBADMSG,
					 "%s: key %s differs from \"%s\" only in the case of its "
					 "letters: parsers disagree on what it means",
					 doc_where_key(place, doc, node), Q(node->key), twin);
		node = next_node(node, !is_free);
	}
	return 0;
}

/* ---- suggestions ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions, swapped neighbours. */
static size_t distance(const char *a, const char *b)
{
	size_t before[WORD_MAX + 1], last[WORD_MAX + 1], now[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]),
				       least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		memcpy(before, last, sizeof(last));
		memcpy(last, now, sizeof(now));
	}
	return last[lb];
}

const char *nearest_word(const char *word, const char *const known[], size_t n)
{
	size_t limit = strlen(word) / 3 + 1, best = SIZE_MAX;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, known[i]);

		if (strcasecmp(word, known[i]) == 0)
			return known[i];
		/* Replacing every letter is no typing error. */
		if (d < best && d <= limit && d < strlen(known[i])) {
			best = d;
			nearest = known[i];
		}
	}
	return nearest;
}

const char *suggestion(char out[SUGGESTION_MAX], const char *word, const char *const known[],
		       size_t n)
{
	const char *near = nearest_word(word, known, n);

	out[0] = '\0';
	if (near)
		(void)snprintf(out, SUGGESTION_MAX, " (did you mean %s?)", near);
	return out;
}

int node_check_keys(const struct doc *doc, const struct node *object, const char *const known[],
		    size_t n, struct err *err)
{
	node_foreach (member, object) {
		char place[WHERE_MAX];
		const char *near;

		if (is_one_of(member->key, known, n))
			continue;
		near = nearest_word(member->key, known, n);
		return err_input(err, EBADMSG, "%s: unknown key %s%s%s%s",
				 doc_where_key(place, doc, member), Q(member->key),
				 near ? " (did you mean \"" : "", near ? near : "",
				 near ? "\"?)" : "");
	}
	return 0;
}
