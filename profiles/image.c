/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images, and patterns for them.
 */
#include "profiles/image.h"

#define FULL_MAX ((size_t)IMAGE_NAME_MAX * 2)

/* Where the parts of "registry/path:tag@digest" end. */
struct parts {
	size_t repository; /* length of what comes before the tag */
	const char *tag;   /* behind its colon; NULL: none */
	size_t tag_len;
	const char *digest; /* behind its "@"; NULL: none */
};

static struct parts split(const char *name)
{
	const char *at = strchr(name, '@');
	size_t len = at ? (size_t)(at - name) : strlen(name);
	struct parts parts = { .repository = len, .digest = at ? at + 1 : NULL };

	/* A colon before the last slash is a registry's port. */
	for (size_t i = len; i-- > 0 && name[i] != '/';) {
		if (name[i] != ':')
			continue;
		parts.repository = i;
		parts.tag = name + i + 1;
		parts.tag_len = len - i - 1;
		break;
	}
	return parts;
}

static bool begins_with_registry(const char *name)
{
	size_t len = strcspn(name, "/");

	if (name[len] == '\0')
		return strspn(name, "*") > 0;
	return strcspn(name, ".:*?") < len || (len == 9 && memcmp(name, "localhost", 9) == 0);
}

const char *image_repository(char out[IMAGE_NAME_MAX * 2], const char *name)
{
	struct parts parts = split(name);
	const char *registry = "", *library = "";
	size_t len;

	if (!begins_with_registry(name)) {
		registry = "docker.io/";
		library = memchr(name, '/', parts.repository) ? "" : "library/";
	}
	len = strlen(registry) + strlen(library) + parts.repository;
	if (len >= FULL_MAX)
		parts.repository = len = 0;
	if (len == 0)
		out[0] = '\0';
	else
		(void)snprintf(out, FULL_MAX, "%s%s%.*s", registry, library, (int)parts.repository,
			       name);
	return out;
}

/* Without recursion: only the last "*" is ever tried anew. */
bool pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *tried = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			tried = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++tried;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool image_pattern_is_valid(const char *pattern)
{
	size_t len = strlen(pattern);

	return len > 0 && len <= IMAGE_NAME_MAX && pattern[0] != '/' && pattern[0] != ':' &&
	       pattern[0] != '@' &&
	       strspn(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			       "._/:@-*?") == len;
}

bool image_matches(const char *pattern, const char *name)
{
	struct parts wanted = split(pattern), given = split(name);
	char left[FULL_MAX], right[FULL_MAX];
	static const char latest[] = "latest";

	if (strlen(pattern) > IMAGE_NAME_MAX || strlen(name) > IMAGE_NAME_MAX ||
	    !pattern_matches(image_repository(left, pattern), image_repository(right, name)))
		return false;
	if (!given.tag && !given.digest) {
		given.tag = latest;
		given.tag_len = strlen(latest);
	}
	if (wanted.tag) {
		(void)snprintf(left, FULL_MAX, "%.*s", (int)wanted.tag_len, wanted.tag);
		(void)snprintf(right, FULL_MAX, "%.*s", (int)given.tag_len,
			       given.tag ? given.tag : "");
		if (!given.tag || !pattern_matches(left, right))
			return false;
	}
	return !wanted.digest || (given.digest && pattern_matches(wanted.digest, given.digest));
}
