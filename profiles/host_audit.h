/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "audit" in the host's configuration, coaming.json(5).
 */
#ifndef COAMING_PROFILES_HOST_AUDIT_H
#define COAMING_PROFILES_HOST_AUDIT_H

#include "lib/doc.h"
#include "lib/keeping.h"

/* What holds where nothing is said. */
void host_audit_defaults(struct keeping *ret);
/* Read the object over what is there; keeping->journal_namespace is free()d by the owner. */
int host_audit_parse(const struct doc *doc, const struct node *node, struct keeping *keeping,
		     struct err *err);

#endif
