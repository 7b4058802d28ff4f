/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that coaming-explain(1) has to say about one container, and its two ways to say it.
 */
#ifndef COAMING_CLI_EXPLAIN_H
#define COAMING_CLI_EXPLAIN_H

#include "hooks/identity.h"
#include "lib/buf.h"
#include "profiles/policy.h"

struct explanation {
	struct host *host;
	struct store *store;
	struct labels labels;
	struct identity identity;
	struct selection selection;
	struct facts facts;
	struct verdict verdict;
	struct err refusal; /* set where no verdict was reached: the selection itself refuses */
	struct buf ruleset; /* nft text; empty: no firewall */
	/* What libseccomp makes of the filter that it would have; 0: it has none. */
	size_t instructions;
	struct err not_compiled;
};

/* Refused by a profile, or because none could be selected. */
bool explanation_refuses(const struct explanation *x);

/* To standard output. What comes from outside is quoted. */
void explain_text(const struct explanation *x);
int explain_json(const struct explanation *x, struct err *err);

#endif
