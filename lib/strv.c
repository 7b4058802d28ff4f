/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of strings with their length beside them.
 */
#include "lib/strv.h"

int strv_add(char ***v, size_t *n, const char *text, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	char **grown;

	if (!copy)
		return err_oom(err);
	grown = reallocarray(*v, *n + 1, sizeof(**v));
	if (!grown)
		return err_oom(err);
	*v = grown;
	grown[(*n)++] = take_ptr(copy);
	return 0;
}

void strv_free(char ***v, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free((*v)[i]);
	free(*v);
	*v = NULL;
	*n = 0;
}

bool strv_contains(char *const *v, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(v[i], text))
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

void strv_sort_unique(char **v, size_t *n)
{
	size_t kept = 0;

	if (*n < 2)
		return;
	qsort(v, *n, sizeof(*v), compare);
	for (size_t i = 0; i < *n; i++) {
		if (kept > 0 && streq(v[kept - 1], v[i]))
			free(v[i]);
		else
			v[kept++] = v[i];
	}
	*n = kept;
}
