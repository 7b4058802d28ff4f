/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data classes that are kept apart.
 */
#include "profiles/separate.h"

#include <errno.h>

#include "lib/hash.h"
#include "lib/strv.h"

#define SEPARATE_MAX      8 /* in one list */
#define SEPARATE_WORD_MAX (LABEL_KEY_MAX - (int)sizeof(LABEL_RESERVED_PREFIX))

#define SET_DIGITS 16
static_assert(sizeof("apart-") + SET_DIGITS <= APART_SET_MAX, "its name and NUL");

char *separate_key(const char *word)
{
	char *key;

	if (strpbrk(word, "./"))
		return strdup(word);
	return asprintf(&key, LABEL_RESERVED_PREFIX "%s", word) < 0 ? NULL : key;
}

static int add_key(const struct doc *doc, const struct node *node, char ***keys, size_t *n,
		   struct err *err)
{
	_cleanup_free_ char *key = NULL;
	const char *word;
	int r;

	r = node_read_string(doc, node, &word, err);
	if (r < 0)
		return r;
	if (word[0] == '\0' || strlen(word) > SEPARATE_WORD_MAX)
		return err_input(err, EBADMSG,
				 "%s: %s is no key of a label: from 1 to %d bytes are expected",
				 WHERE(doc, node), Q(word), SEPARATE_WORD_MAX);
	key = separate_key(word);
	return key ? strv_add(keys, n, key, err) : err_oom(err);
}

int separate_parse(const struct doc *doc, const struct node *list, char ***keys, size_t *n,
		   struct err *err)
{
	int r = node_expect_list(doc, list, SEPARATE_MAX, err);

	node_foreach (node, list) {
		if (r == 0)
			r = add_key(doc, node, keys, n, err);
	}
	strv_sort_unique(*keys, n);
	return r;
}

const char *separate_class(const struct labels *labels, const char *key)
{
	const struct label *label = labels_get(labels, key);

	/* Whoever builds an image does not choose whose data it may see. */
	return label && (LABEL_SOURCES_TRUSTED & LABEL_SOURCE_BIT(label->source)) ? label->value
										  : "";
}

const char *separate_set(char out[APART_SET_MAX], const char *key)
{
	char digest[SHA256_HEX];

	sha256_hex1(digest, key, strlen(key));
	(void)snprintf(out, APART_SET_MAX, "apart-%.*s", SET_DIGITS, digest);
	return out;
}

/* ---- of one container ---- */

/* The first of the keys behind `after`, where it comes before what was found so far. */
static void find_next(char *const *keys, size_t n, const char *profile, const char *after,
		      struct separation *found)
{
	for (size_t i = 0; i < n; i++) {
		if ((!after || strcmp(keys[i], after) > 0) &&
		    (!found->key || strcmp(keys[i], found->key) < 0))
			*found = (struct separation){ keys[i], profile };
	}
}

bool separation_next(const struct host *host, const struct selection *selection, enum mode mode,
		     struct separation *at)
{
	struct separation found = { 0 };

	if (selection->exempt)
		return false;
	if (host && host_enforces(host) == (mode == MODE_ENFORCE))
		find_next(host->separate, host->n_separate, NULL, at->key, &found);
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];
		const struct separate_section *separate = &s->profile->separate;

		if (separate->present &&
		    selected_enforces(s, separate->mode) == (mode == MODE_ENFORCE))
			find_next(separate->keys, separate->n_keys, s->profile->name, at->key,
				  &found);
	}
	*at = found;
	return found.key;
}

bool separation_any(const struct host *host, const struct selection *selection, enum mode mode)
{
	return separation_next(host, selection, mode, &(struct separation){ 0 });
}

size_t separation_count(const struct host *host, const struct selection *selection, enum mode mode)
{
	struct separation at = { 0 };
	size_t n = 0;

	while (separation_next(host, selection, mode, &at))
		n++;
	return n;
}

const char *separation_by(const struct separation *separation)
{
	return separation->profile ? separation->profile : "host";
}
