/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing of a profile's seccomp section, for profile.c.
 */
#ifndef COAMING_PROFILES_SECCOMP_PARSE_H
#define COAMING_PROFILES_SECCOMP_PARSE_H

#include "profiles/profile.h"

/* Fill *section, also in part where it fails; seccomp_section_done() in either case. */
int seccomp_section_parse(const struct doc *doc, const struct node *node, profile_fetch_fn *fetch,
			  void *arg, struct seccomp_section *section, struct err *err);
void seccomp_section_done(struct seccomp_section *section);

#endif
