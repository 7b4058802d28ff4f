/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that coaming-explain(1) has to say about one container, and its two ways to say it.
 */
#ifndef COAMING_CLI_EXPLAIN_H
#define COAMING_CLI_EXPLAIN_H

#include "cli/term.h"
#include "hooks/identity.h"
#include "hooks/live.h"
#include "hooks/members.h"
#include "lib/emit.h"
#include "profiles/policy.h"

/* A process that is to be executed in the container, once that runs. */
struct explained_exec {
	struct doc *process; /* as it is asked for; NULL: the container itself is asked about */
	struct doc *request; /* exec_request() */
	struct exec_facts facts;
	bool admitted;    /* what is written of the container's admission counts */
	struct live live; /* that; else as if it had been started under what applies now: */
	char **assumed;
	const char *program; /* borrowed */
	size_t n_args;       /* behind it */
	uint64_t uid;
	bool terminal, privileged;
};

struct explanation {
	struct host *host;
	struct store *store;
	struct labels labels;
	struct identity identity;
	struct selection selection;
	struct explained_exec exec;
	struct facts facts;
	struct verdict verdict;
	struct err refusal; /* set where no verdict was reached: the selection itself refuses */
	struct buf ruleset; /* nft text; empty: no firewall */
	/* What libseccomp makes of the filter that it would have; 0: it has none. */
	size_t instructions;
	struct err not_compiled;
	/* The containers that are registered on this host; where it cannot be asked, or is not the
	 * one that would run the container, nothing is known of them. */
	bool knows_peers;
	struct peers peers;
	struct members members;
};

/*
 * Decide about x->exec.process, where the profiles are selected that apply to its container.
 *
 * config  the container's
 * bundle  the container's, an absolute path, where it is one of this host; or NULL
 * Errors  as of policy_decide(); what refuses before that is in x->refusal
 */
int explain_exec(const struct doc *config, const char *bundle, struct explanation *x,
		 struct err *err);
void explained_exec_done(struct explained_exec *exec);

/* Refused by a profile, or because none could be selected. */
bool explanation_refuses(const struct explanation *x);

/* To standard output. What comes from outside is quoted. */
int explain_text(const struct explanation *x, struct err *err);
int explain_json(const struct explanation *x, struct err *err);

/*
 * Whom its enforced network sections let in and out, and from whom the host keeps it apart: parts
 * of the two above. -ENOMEM
 */
int explain_network_text(const struct explanation *x, const struct term *term, struct err *err);
int explain_network_json(const struct explanation *x, struct emit *e, struct err *err);

/* Read what is registered, where one of its rules asks for labels. -ENOMEM */
int explain_peers(struct explanation *x, struct err *err);
/* "containers with tier=web: now "web" (10.88.0.2)". -ENOMEM */
int explain_peer_text(const struct explanation *x, const struct peer_selector *peer,
		      const struct term *term, struct err *err);
/* The list "members", or null where nothing is known. */
void explain_peer_json(const struct explanation *x, const struct peer_selector *peer,
		       struct emit *e);

#endif
