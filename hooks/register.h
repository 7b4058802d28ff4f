/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry has of a container: from its decision, its process and the host.
 */
#ifndef COAMING_HOOKS_REGISTER_H
#define COAMING_HOOKS_REGISTER_H

#include "hooks/decision.h"
#include "hooks/peers.h"
#include "hooks/process.h"
#include "profiles/ruleset.h"

/*
 * Is the container one that others may select, or must keep from? One to which a profile applies;
 * and each, where the host keeps data classes apart, if only on record. Never one that is exempt:
 * nobody lets it in, and it is of no class.
 */
bool register_is_needed(const struct host *host, const struct decision *decision);

/*
 * Put it together.
 *
 * process  the container's; NULL: it is not made yet, and of its namespaces only those are known
 *          that the config joins
 * netns    open and checked; -1: not known. Of the host's the addresses are nobody's
 * ret      registered_done(); its sets' selectors are the decision's profiles'
 * Errors   -ESRCH the process is gone; -E2BIG; those of addresses_read()
 */
int register_make(const struct host *host, const struct decision *decision,
		  const struct doc *config, const struct process *process, int netns,
		  struct registered *ret, struct err *err);

/* What its table's sets hold at first: of `peers`. register_elements_done() */
struct register_elements {
	struct elements elements; /* for ruleset_write() */
	struct set_elements *sets;
	struct addresses *addresses;
	size_t n;
};
int register_elements(const struct peers *peers, const struct registered *registered,
		      struct register_elements *ret, struct err *err);
void register_elements_done(struct register_elements *elements);

/*
 * Read the addresses of a registered container again, for engines that give it some after
 * createRuntime, and let the others know.
 *
 * only_first  only where it had none: its program may run by now, and could give itself any
 * Errors      those of peers_enter(); one that is not registered is none
 */
int register_refresh(const char *state_dir, const char *id, bool only_first, struct err *told,
		     struct err *err);

#endif
