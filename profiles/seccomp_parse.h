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

/*
 * Is it a system call's name? A near miss of a known one is taken for a typing error; a name far
 * from all may be newer than libseccomp. -EBADMSG with the place
 */
int seccomp_check_name(const struct doc *doc, const struct node *node, struct err *err);

#endif
