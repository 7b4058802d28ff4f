/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing of a profile's network section, for profile.c.
 */
#ifndef COAMING_PROFILES_NETWORK_PARSE_H
#define COAMING_PROFILES_NETWORK_PARSE_H

#include "profiles/profile.h"

/* Fill *section, also in part where it fails; network_section_done() in either case. */
int network_section_parse(const struct doc *doc, const struct node *node,
			  struct network_section *section, struct err *err);
void network_section_done(struct network_section *section);
/* One of a rule's `ports`: also models have ports in this form. */
int network_parse_port(const struct doc *doc, const struct node *node, struct port *port,
		       struct err *err);

#endif
