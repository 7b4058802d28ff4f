/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor kept: first keys and heads.
 */
#ifndef COAMING_CLI_VERIFY_INPUT_H
#define COAMING_CLI_VERIFY_INPUT_H

#include "audit/chain.h"
#include "cli/options.h"

struct verify_input {
	struct key *keys;
	size_t n_keys;
	struct chain_head *heads;
	size_t n_heads;
	char *own; /* the path of the host's own head */
};

void verify_input_done(struct verify_input *in); /* the keys are overwritten */
#define _cleanup_verify_input_ _cleanup_(verify_input_done)

/* A key a line, 64 hexadecimal digits; empty lines and those with # are passed over; - is standard
 * input. Errors: -EBADMSG with file and line; errno of reading. */
int verify_input_keys(const struct words *files, struct verify_input *in, struct err *err);
/* A head a line, as `coaming audit head` prints it. Errors likewise. */
int verify_input_heads(const struct words *files, struct verify_input *in, struct err *err);
/* Where auditDir/head says that this host's ledger ends; nothing where it cannot be read. */
int verify_input_own_head(const char *audit_dir, struct verify_input *in, struct err *err);

#endif
