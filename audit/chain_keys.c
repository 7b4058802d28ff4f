/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a chain.
 *
 * A key leads only forward. So that a record that comes late costs no way from the very first one,
 * every so many a key is remembered.
 */
#include "audit/chain_keys.h"

#include <errno.h>

#define STEP ((uint64_t)1024)
/* An epoch that no host has reached: to go there would take minutes. */
#define EPOCH_MAX ((uint64_t)1 << 28)

struct chain_keys {
	size_t n, last; /* the one that fitted last is tried first */
	struct line {
		char id[KEY_ID_HEX];
		struct key now;
		struct key *marks; /* of the epochs 0, STEP, 2 STEP... */
		size_t n_marks;
	} v[];
};

int chain_keys_new(const struct key *first, size_t n, struct chain_keys **ret, struct err *err)
{
	struct chain_keys *keys = calloc(1, sizeof(*keys) + n * sizeof(keys->v[0]));

	if (!keys)
		return err_oom(err);
	keys->n = n;
	*ret = keys;
	for (size_t i = 0; i < n; i++) {
		struct line *line = &keys->v[i];

		key_id(line->id, &first[i]);
		line->now = first[i];
		line->marks = malloc(sizeof(*line->marks));
		if (!line->marks)
			return err_oom(err);
		line->marks[0] = first[i];
		line->n_marks = 1;
	}
	return 0;
}

void chain_keys_free(struct chain_keys **keys)
{
	struct chain_keys *k = *keys;

	for (size_t i = 0; k && i < k->n; i++) {
		if (k->v[i].marks)
			explicit_bzero(k->v[i].marks, k->v[i].n_marks * sizeof(struct key));
		free(k->v[i].marks);
		explicit_bzero(&k->v[i].now, sizeof(k->v[i].now));
	}
	free(k);
	*keys = NULL;
}

static int add_mark(struct line *line, struct err *err)
{
	struct key *grown = reallocarray(line->marks, line->n_marks + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	line->marks = grown;
	grown[line->n_marks++] = line->now;
	return 0;
}

static int go_to(struct line *line, uint64_t epoch, struct err *err)
{
	if (epoch < line->now.epoch)
		line->now = line->marks[epoch / STEP];
	while (line->now.epoch < epoch) {
		key_next(&line->now);
		if (line->now.epoch / STEP < line->n_marks || line->now.epoch % STEP != 0)
			continue;
		if (add_mark(line, err) < 0)
			return -ENOMEM;
	}
	return 0;
}

int chain_keys_check(struct chain_keys *keys, uint64_t epoch, const void *data, size_t len,
		     const char mac[SHA256_HEX], struct err *err)
{
	char is[SHA256_HEX];

	if (epoch == 0 || epoch > EPOCH_MAX)
		return 0;
	for (size_t i = 0; i < keys->n; i++) {
		size_t at = (keys->last + i) % keys->n;
		int r = go_to(&keys->v[at], epoch, err);

		if (r < 0)
			return r;
		hmac_sha256_hex(is, keys->v[at].now.bytes, data, len);
		if (!streq(is, mac))
			continue;
		keys->last = at;
		return 1;
	}
	return 0;
}

bool chain_keys_has(const struct chain_keys *keys, const char *id, size_t len)
{
	for (size_t i = 0; i < keys->n; i++)
		if (len == KEY_ID_HEX - 1 && memcmp(keys->v[i].id, id, len) == 0)
			return true;
	return false;
}
