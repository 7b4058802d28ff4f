/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text with a few spans of it exchanged, written in one pass from its beginning.
 */
#include "cli/splice.h"

#include <errno.h>

void splice_done(struct splice *splice)
{
	for (size_t i = 0; i < splice->n; i++)
		free(splice->v[i].text);
	splice->n = 0;
}

/* Kept sorted: few are ever asked for. */
int splice_add(struct splice *splice, size_t start, size_t end, const char *text, struct err *err)
{
	size_t at = splice->n;
	char *copy;

	if (splice->n == SPLICES_MAX)
		return err_input(err, E2BIG, "more than %d places to change", SPLICES_MAX);
	copy = strdup(text);
	if (!copy)
		return err_oom(err);
	for (; at > 0 && splice->v[at - 1].start > start; at--)
		splice->v[at] = splice->v[at - 1];
	splice->v[at].start = start;
	splice->v[at].end = end;
	splice->v[at].text = copy;
	splice->n++;
	return 0;
}

int splice_apply(const struct splice *splice, const char *text, size_t len, struct buf *out,
		 struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < splice->n; i++) {
		if (splice->v[i].start < at)
			return err_system(err, EEXIST, "two changes of one place");
		buf_add(out, text + at, splice->v[i].start - at);
		buf_adds(out, splice->v[i].text);
		at = splice->v[i].end;
	}
	buf_add(out, text + at, len - at);
	return buf_status(out) < 0 ? err_oom(err) : 0;
}
