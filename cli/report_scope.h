/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers a report is of (--match), and which waivers hold for them.
 */
#ifndef COAMING_CLI_REPORT_SCOPE_H
#define COAMING_CLI_REPORT_SCOPE_H

#include "audit/report.h"
#include "profiles/selector.h"

#define WAIVERS_FILE SYSCONFDIR "/coaming/waivers.json"

struct scope {
	bool has_match;
	struct selector match;
	struct doc *doc; /* of the waivers */
	struct report_waiver waivers[TALLY_WAIVERS_MAX];
	struct scope_waiver {
		struct selector match;
		const char *container; /* pattern of its name; NULL */
	} who[TALLY_WAIVERS_MAX];
	size_t n_waivers;
	/* Keys of labels that matter, each once. */
	char **labels;
	size_t n_labels;
};

/* A selector as kubectl takes it, see profiles/selector_text.h. */
int scope_match(struct scope *scope, const char *text, struct err *err);
/* What --by asks for: "host", "profile", "image", or a label with or without "io.coaming.". */
int scope_by(struct scope *scope, const char *key, struct err *err);
/* Read a file of waivers; now_usec decides which have expired: at the end of their day, UTC. */
int scope_waivers(struct scope *scope, const char *path, uint64_t now_usec, struct err *err);
/* The two questions of struct tally_options; arg is the scope. */
bool scope_wants(void *arg, const char *const labels[], size_t n);
void scope_waive(void *arg, const char *name, const char *const labels[], size_t n,
		 uint64_t mask[TALLY_WAIVERS_MAX / 64]);
void scope_done(struct scope *scope);

#endif
