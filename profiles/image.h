/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images, and patterns for them.
 *
 * Source: the distribution project's reference grammar: [registry/]path[:tag][@digest], where
 * "nginx" stands for docker.io/library/nginx:latest.
 */
#ifndef COAMING_PROFILES_IMAGE_H
#define COAMING_PROFILES_IMAGE_H

#include "lib/err.h"

#define IMAGE_NAME_MAX 512

/* The whole text against a pattern: "*" is any run of characters, "?" any one. */
bool pattern_matches(const char *pattern, const char *text);

/*
 * A pattern: "*" is any run of characters, "?" any one. A first part without wildcard, dot, colon,
 * and that is not "localhost", is no registry: docker.io is put before it, as for names.
 */
bool image_pattern_is_valid(const char *pattern);
/*
 * Does a name fit a pattern that is valid? A pattern without tag fits every tag, one without digest
 * every digest; a name with neither has the tag "latest". What is longer than IMAGE_NAME_MAX fits
 * no pattern.
 */
bool image_matches(const char *pattern, const char *name);
/* Registry and path of a name or a pattern, in full; "" where it is too long. out: see above. */
const char *image_repository(char out[IMAGE_NAME_MAX * 2], const char *name);

#endif
