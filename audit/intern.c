/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts kept once.
 */
#include "audit/intern.h"

#include <errno.h>

#include "lib/siphash.h"

#define PLACES ((size_t)2 * INTERN_MAX)

static const uint8_t no_key[16];

int intern_new(struct intern *ret, struct err *err)
{
	*ret = (struct intern){ 0 };
	ret->index = calloc(PLACES, sizeof(*ret->index));
	return ret->index ? 0 : err_oom(err);
}

void intern_done(struct intern *intern)
{
	for (size_t i = 1; i <= intern->n; i++)
		free(intern->v[i]);
	free(intern->v);
	free(intern->index);
	*intern = (struct intern){ 0 };
}

const char *intern_text(const struct intern *intern, uint32_t number)
{
	return number > 0 && number <= intern->n ? intern->v[number] : "";
}

static bool make_room(struct intern *in)
{
	char **grown;
	size_t size;

	if (in->n >= INTERN_MAX)
		return false;
	if (in->n + 1 < in->size)
		return true;
	size = in->size ? 2 * in->size : 64;
	grown = reallocarray(in->v, size, sizeof(*grown));
	if (!grown)
		return false;
	grown[0] = NULL;
	in->v = grown;
	in->size = size;
	return true;
}

uint32_t intern_add(struct intern *intern, const char *text, size_t len)
{
	size_t at;
	char *copy;

	if (len > INTERN_TEXT_MAX)
		len = INTERN_TEXT_MAX;
	for (at = siphash24(no_key, text, len) % PLACES; intern->index[at] != 0;
	     at = (at + 1) % PLACES) {
		const char *there = intern->v[intern->index[at]];

		if (strlen(there) == len && memcmp(there, text, len) == 0)
			return intern->index[at];
	}
	copy = make_room(intern) && !memchr(text, '\0', len) ? strndup(text, len) : NULL;
	if (!copy) {
		intern->omitted++;
		return 0;
	}
	intern->v[++intern->n] = copy;
	intern->index[at] = (uint32_t)intern->n;
	return (uint32_t)intern->n;
}
