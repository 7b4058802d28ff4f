/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of where profiles come from: two directories of profiles, a directory of state, and a
 * host configuration that names them, all below a private directory.
 */
#ifndef COAMING_TESTS_SHOP_H
#define COAMING_TESTS_SHOP_H

#include "lib/file.h"
#include "lib/strv.h"
#include "profiles/select.h"
#include "tests/unit/place.h"

#include <dirent.h>

/* A file of the place; `name` as "hi/web.json". Static: good until the next call. */
static inline const char *shop_path(const struct place *p, const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return path;
}

static inline int shop_setup(void **state)
{
	place_setup(state);
	assert_int_equal(mkdir(shop_path(*state, "hi"), 0755), 0);
	return mkdir(shop_path(*state, "lo"), 0755);
}

/* Written in place, as an editor may: the inode stays. */
static inline void shop_put(const struct place *p, const char *name, const char *text)
{
	int fd = open(shop_path(p, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
}

/* A profile whose name is the file's; `rest` as ", \"mode\": \"audit\"". */
static inline void shop_profile(const struct place *p, const char *dir, const char *name,
				const char *rest)
{
	char text[1024], file[256];

	(void)snprintf(text, sizeof(text), "{\"name\": \"%s\"%s}", name, rest);
	(void)snprintf(file, sizeof(file), "%s/%s.json", dir, name);
	shop_put(p, file, text);
}

#define MATCH(key, value)                                                                          \
	", \"match\": {\"labelSelector\": {\"matchLabels\": {\"" key "\": \"" value "\"}}}"
#define MATCH_UNLESS(key)                                                                          \
	", \"match\": {\"labelSelector\": {\"matchExpressions\": [{\"key\": \"" key                \
	"\", \"operator\": \"DoesNotExist\"}]}}"

/* The host: hi before lo, and one directory that does not exist. `rest` as ", \"floor\": []". */
static inline struct host *shop_host(const struct place *p, const char *rest)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct host *host = NULL;
	struct err err = { 0 };
	char text[2048];

	(void)snprintf(text, sizeof(text),
		       "{\"profileDirs\": [\"%s/hi\", \"%s/none\", \"%s/lo\"], "
		       "\"stateDir\": \"%s/state\"%s}",
		       p->dir, p->dir, p->dir, p->dir, rest);
	if (doc_parse(&doc, "coaming.json", text, strlen(text), &err) < 0 ||
	    host_parse(doc, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

/* "a=1 b=2", from the annotations. */
static inline void shop_labels(struct labels *labels, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	struct err err = { 0 };
	char *rest = copy;

	assert_non_null(copy);
	for (char *item = strsep(&rest, " "); item && *item; item = strsep(&rest, " ")) {
		char *value = item + strcspn(item, "=");

		*value++ = '\0';
		assert_int_equal(labels_set(labels, item, value, LABEL_FROM_ANNOTATION, NULL, &err),
				 0);
	}
}

static inline void shop_join(char out[1024], char *const *names, size_t n)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(out + strlen(out), 1024 - strlen(out), "%s%s", i ? " " : "",
			       names[i]);
	}
}

#define in_shop(test) cmocka_unit_test_setup_teardown(test, shop_setup, place_teardown)

#endif
