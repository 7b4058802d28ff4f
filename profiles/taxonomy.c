/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is, by labels under several names.
 *
 * Source: Kubernetes, "Recommended Labels" and "Well-Known Labels"; image-spec 1.1, annotations.md;
 * the labels that docker compose and podman-compose set.
 */
#include "profiles/taxonomy.h"

#include <errno.h>

#include "lib/strv.h"
#include "profiles/profile.h"

#define WORDS_MAX 64
#define KEYS_MAX  64

static const struct {
	const char *word, *keys[4]; /* behind io.coaming.WORD and WORD */
} built_in[] = {
	{ "function", { "app.kubernetes.io/component" } },
	{ "app",
	  { "app.kubernetes.io/name", "com.docker.compose.service",
	    "org.opencontainers.image.title" } },
	{ "realm",
	  { "app.kubernetes.io/part-of", "com.docker.compose.project",
	    "io.podman.compose.project" } },
	{ "region", { "topology.kubernetes.io/region" } },
	{ "data-class", { NULL } },
};

static struct taxonomy_word *find(const struct taxonomy *taxonomy, const char *word)
{
	for (size_t i = 0; i < taxonomy->n; i++) {
		if (streq(taxonomy->v[i].word, word))
			return &taxonomy->v[i];
	}
	return NULL;
}

static int add_word(struct taxonomy *taxonomy, const char *word, struct taxonomy_word **ret,
		    struct err *err)
{
	struct taxonomy_word *grown = reallocarray(taxonomy->v, taxonomy->n + 1, sizeof(*grown));
	char ours[128];
	int r;

	if (!grown)
		return err_oom(err);
	taxonomy->v = grown;
	grown[taxonomy->n] = (struct taxonomy_word){ .word = strdup(word) };
	*ret = &grown[taxonomy->n++];
	if (!(*ret)->word)
		return err_oom(err);
	(void)snprintf(ours, sizeof(ours), LABEL_RESERVED_PREFIX "%s", word);
	r = strv_add(&(*ret)->keys, &(*ret)->n_keys, ours, err);
	return r < 0 ? r : strv_add(&(*ret)->keys, &(*ret)->n_keys, word, err);
}

int taxonomy_init(struct taxonomy *taxonomy, struct err *err)
{
	int r = 0;

	*taxonomy = (struct taxonomy){ 0 };
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(built_in); i++) {
		struct taxonomy_word *word;

		r = add_word(taxonomy, built_in[i].word, &word, err);
		for (size_t k = 0; r == 0 && k < ARRAY_SIZE(built_in[i].keys); k++) {
			if (built_in[i].keys[k])
				r = strv_add(&word->keys, &word->n_keys, built_in[i].keys[k], err);
		}
	}
	if (r < 0)
		taxonomy_done(taxonomy);
	return r;
}

static int parse_keys(const struct doc *doc, const struct node *list, struct taxonomy_word *word,
		      struct err *err)
{
	int r = node_expect_list(doc, list, KEYS_MAX, err);

	if (r < 0)
		return r;
	node_foreach (item, list) {
		const char *key;

		r = node_read_string(doc, item, &key, err);
		if (r == 0 && (key[0] == '\0' || strlen(key) > LABEL_KEY_MAX))
			r = err_input(
				err, EBADMSG,
				"%s: %s is no key of a label: from 1 to %d bytes are expected",
				WHERE(doc, item), Q(key), LABEL_KEY_MAX);
		if (r == 0 && !strv_contains(word->keys, word->n_keys, key))
			r = strv_add(&word->keys, &word->n_keys, key, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int taxonomy_parse(const struct doc *doc, const struct node *node, struct taxonomy *taxonomy,
		   struct err *err)
{
	int r = node_expect(doc, node, NODE_OBJECT, err);

	if (r == 0 && node->count > WORDS_MAX)
		r = err_input(err, E2BIG, "%s: more than %d entries", WHERE_KEY(doc, node),
			      WORDS_MAX);
	node_foreach (item, node) {
		struct taxonomy_word *word;

		if (r < 0)
			return r;
		if (!profile_name_is_valid(item->key))
			return err_input(err, EBADMSG, "%s: %s is no word: such as data-class",
					 WHERE_KEY(doc, item), Q(item->key));
		word = find(taxonomy, item->key);
		if (!word)
			r = add_word(taxonomy, item->key, &word, err);
		if (r == 0)
			r = parse_keys(doc, item, word, err);
	}
	return r;
}

void taxonomy_done(struct taxonomy *taxonomy)
{
	for (size_t i = 0; i < taxonomy->n; i++) {
		free(taxonomy->v[i].word);
		strv_free(&taxonomy->v[i].keys, &taxonomy->v[i].n_keys);
	}
	free(taxonomy->v);
	*taxonomy = (struct taxonomy){ 0 };
}

const struct label *taxonomy_label(const struct taxonomy *taxonomy, const struct labels *labels,
				   const char *word)
{
	const struct taxonomy_word *found = find(taxonomy, word);

	for (size_t i = 0; found && i < found->n_keys; i++) {
		const struct label *label = labels_get(labels, found->keys[i]);

		if (label)
			return label;
	}
	return NULL;
}
