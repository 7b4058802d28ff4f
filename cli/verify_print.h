/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coaming verify says.
 */
#ifndef COAMING_CLI_VERIFY_PRINT_H
#define COAMING_CLI_VERIFY_PRINT_H

#include "audit/chain.h"

struct verify_print {
	bool json, quiet, has_key;
	bool partial; /* not all of the time was read */
	bool fleet;   /* of many hosts: who went silent? */
	size_t n_wrong, n_notes;
	uint64_t sealed, unsealed; /* journal files */
	/* Private. */
	struct chain_summary *hosts;
	size_t n_hosts, n_findings;
};

/* findings come first, as they are made; verify_print_end() says all of the hosts. */
void verify_print_begin(struct verify_print *print);
int verify_print_finding(void *print, const struct finding *finding, struct err *err);
int verify_print_host(void *print, const struct chain_summary *summary, struct err *err);
int verify_print_end(struct verify_print *print, struct err *err);

#endif
